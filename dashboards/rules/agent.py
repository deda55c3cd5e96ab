"""The monitor itself: what healthmon cannot tell by its own ways out, because they or it may be
what has failed.
"""

from __future__ import annotations

from dashboards.rules.alert import Alert
from dashboards.rules.summaries import DURATION, figure, how_long

UP = 'up{job="healthmon"}'
OF_DEVICE = "on (job, instance, device)"
# The agents of one estate of which another one has it: their last lease is an older one.
SEEN_TO = """(
  last_over_time(healthmon_agent_epoch[1d])
    < on (job, estate) group_left () max by (job, estate) (healthmon_agent_epoch)
)"""
CONFIG_AGE = figure(
    "time() - max(healthmon_config_reload_success_timestamp_seconds{})",
    f": {DURATION} old",
    ("job", "instance"),
)


ALERTS = [
    Alert(
        name="Watchdog",
        expr="vector(1)",
        kind="watchdog",
        severity="none",
        priority="P4",
        summary="Alerts come through",
        description="This alert always fires. Its receiver raises the alarm when it stops.",
    ),
    Alert(
        "HealthmonAgentDown",
        f"{UP} == 0\nunless on (job, instance) {SEEN_TO}\n",
        "healthmon does not answer: nobody watches the cameras" + how_long("up{} == 1"),
        "Prometheus gets no answer from {{ $labels.instance }}. Until it does, no fault is seen.",
        wait="1m",
        dashboard="/d/healthmon-wall",
    ),
    Alert(
        "HealthmonSecondAgentDown",
        f"{UP} == 0\nand on (job, instance) {SEEN_TO}\n",
        "One of the agents of healthmon does not answer; the other one watches the cameras"
        + how_long("up{} == 1"),
        "Prometheus gets no answer from {{ $labels.instance }}. Another agent has the estate. If that fails"
        " too, no fault is seen.",
        wait="5m",
        severity="warning",
        priority="P2",
    ),
    Alert(
        "HealthmonAgentAbsent",
        f"absent({UP})",
        "healthmon is not in Prometheus' configuration: nobody watches the cameras"
        + how_long("up{} == 1", ("job",)),
        "Prometheus has no target of the job healthmon, so it cannot even see that the agent is down.",
        wait="5m",
        dashboard="/d/healthmon-wall",
    ),
    Alert(
        "HealthmonAgentRestarting",
        'changes(process_start_time_seconds{job="healthmon"}[1h]) > 2',
        "healthmon was restarted {{ $value }} times in an hour",
        "The agent ends and is started again. Its own log says why.",
        severity="warning",
        priority="P2",
        keep="15m",
    ),
    Alert(
        "HealthmonOwnNetworkDown",
        "healthmon_own_network_ok == 0",
        "healthmon's own network is down: cameras cannot be checked"
        + how_long("healthmon_own_network_ok{} == 1"),
        "The machine {{ $labels.instance }} has lost its network. Cameras are shown as not checked, not as faulty.",
        wait="1m",
        keep="1m",
        labels={"code": "own_network"},
    ),
    Alert(
        "HealthmonNoTimeReference",
        "healthmon_reference_clock_ok == 0",
        "No trustworthy time: no clock can be checked"
        + how_long("healthmon_reference_clock_ok{} == 1"),
        "No majority of the configured time servers agrees. Pictures may bear a wrong time without anybody seeing it.",
        wait="10m",
        priority="P2",
        labels={"code": "no_reference"},
    ),
    Alert(
        "HealthmonCheckStale",
        # Longer than a busy device is left alone (15 minutes), and only where healthmon itself
        # takes it as too old.
        """count by (job, instance, site, check) (
  (time() - healthmon_check_last_run_timestamp_seconds > 1200)
  unless on (job, instance, device, check, part) healthmon_check_success
) > 0
""",
        "Checks that have stopped ({{ $labels.check }}){{ with $labels.site }} at {{ . }}{{ end }}: {{ $value }}",
        "Their last results are older than three intervals and twenty minutes. Their findings are missing.",
        wait="5m",
        priority="P2",
        dashboard="/d/healthmon-operations?var-site={{ $labels.site }}",
    ),
    Alert(
        "HealthmonNotChecked",
        f"""count by (job, instance, site) (
  healthmon_check_runs_total{{check="reach"}}
  unless {OF_DEVICE} healthmon_device_up
  unless {OF_DEVICE} healthmon_device_maintenance == 1
) > 0
""",
        "Devices not checked for 30 minutes{{ with $labels.site }} at {{ . }}{{ end }}: {{ $value }}",
        "healthmon tries, but cannot check them. They belong on the operator's own list.",
        wait="30m",
        severity="warning",
        priority="P3",
        dashboard="/d/healthmon-operations?var-site={{ $labels.site }}",
    ),
    Alert(
        "HealthmonFallingBehind",
        """increase(healthmon_looks_skipped_total[30m])
  > 0.05 * sum by (job, instance) (increase(healthmon_check_runs_total[30m]))
or healthmon_interval_factor_ratio > 1.1
""",
        "healthmon is falling behind: devices are checked less often than configured",
        "More than one check in twenty has not ended before the next one was due, or every interval is longer.",
        wait="15m",
        severity="warning",
        priority="P3",
        labels={"code": "falling_behind"},
    ),
    Alert(
        "HealthmonLoopLag",
        "quantile_over_time(0.5, healthmon_loop_lag_seconds[10m]) > 0.5",
        "healthmon is held up by {{ $value | humanizeDuration }}",
        "The machine is too busy. Results from that time are discarded, so checks are late.",
        wait="5m",
        severity="warning",
        priority="P2",
    ),
    Alert(
        "HealthmonBug",
        "increase(healthmon_bugs_total[1h]) > 0",
        "Checks that failed with an error inside healthmon in the last hour: {{ $value | humanize }}",
        "The check counts as not checked. The log of healthmon names the place.",
        severity="warning",
        priority="P3",
        keep="1h",
    ),
    Alert(
        "HealthmonConfigReloadFailed",
        "healthmon_config_reload_success == 0",
        "The changed configuration was refused; the one in force stays" + CONFIG_AGE,
        "config.yaml has a mistake. healthmon goes on with the configuration it had, without the change.",
        wait="5m",
        severity="warning",
        priority="P3",
    ),
    Alert(
        "HealthmonStoreFailed",
        "healthmon_store_ok == 0",
        "healthmon cannot write its history" + how_long("healthmon_store_ok{} == 1"),
        "Faults are still found and notified, but held in memory only: a power failure now would lose them.",
        wait="2m",
        priority="P2",
        labels={"code": "store"},
    ),
    Alert(
        "HealthmonHistoryLost",
        "increase(healthmon_store_dropped_total[1h]) > 0",
        "Lost entries of healthmon's history: {{ $value | humanize }}",
        "It could not be written for so long that the oldest entries were dropped. The monthly figures have a gap.",
        priority="P2",
        keep="1h",
    ),
    Alert(
        "HealthmonBackupOld",
        "time() - healthmon_backup_last_timestamp_seconds > 36 * 3600",
        "The last backup of healthmon's record was {{ $value | humanizeDuration }} ago",
        "If this machine is lost, so is everything that was recorded since then.",
        wait="30m",
        severity="warning",
        priority="P3",
    ),
    Alert(
        "HealthmonNotifyFailing",
        "healthmon_notify_problem == 1",
        "Notifications to {{ $labels.target }} do not arrive"
        + how_long("healthmon_notify_problem{} == 0", ("job", "instance", "target")),
        "The last attempt failed; it is tried again. Until it succeeds, only the other targets get notifications.",
        wait="10m",
        priority="P2",
        labels={"code": "notify_failing"},
    ),
    Alert(
        "HealthmonOutboxStuck",
        "min_over_time(healthmon_outbox_pending[30m]) > 0",
        "Notifications that wait for {{ $labels.target }}: {{ $value }}",
        "For half an hour the queue to {{ $labels.target }} has not been empty. Phone what is urgent.",
        wait="5m",
        priority="P2",
    ),
    Alert(
        "HealthmonNotificationsLost",
        'increase(healthmon_notifications_total{result=~"failed|dropped"}[1h]) > 0',
        "Notifications to {{ $labels.target }} given up in the last hour: {{ $value | humanize }}",
        "They were refused, or could not be delivered within a day. Their receivers have not been notified.",
        keep="1h",
    ),
]
