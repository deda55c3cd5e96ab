"""The monitor itself: does it answer, keep its times, tell people, and stay within its budgets?"""

from __future__ import annotations

from dashboards import promql
from dashboards.frame import SITE, dashboard
from dashboards.looks import (
    BLUE,
    DAY_TIME,
    DAYS,
    GOOD_BAD,
    HOURS,
    NONE_IS_BEST,
    NONE_IS_WELL,
    Json,
    steps,
    strings,
    words,
)
from dashboards.panels import Column, Looks, Query, Rows, bars, row, stat, table, timeseries
from dashboards.promql import of, own
from healthmon.store.retained import GROUPS
from healthmon_exporters.web.palette import FAULT, OK, WARNING

RATE = "[$__rate_interval]"
# How a duty stands, as a number: the worst is the highest.
STANDINGS = {0: ("done", OK), 1: ("DUE SOON", WARNING), 2: ("OVERDUE", WARNING)}
PLAIN = 'job=~"$job"'


def page() -> Json:
    """The dashboard healthmon-agent."""
    about = "State of healthmon itself. For council IT."
    panels = [
        *_now(),
        row("Checks"),
        *_checks(),
        row("Telling people"),
        *_telling(),
        row("The record and what people answer for"),
        *_record(),
        row("Time reference"),
        *_time(),
        row("Budgets"),
        *_budgets(),
        row("Process and scrape"),
        *_process(),
    ]
    return dashboard("healthmon-agent", about, panels, [SITE], since="now-6h")


def _good(title: str, about: str, expression: str) -> Json:
    looks = Looks(thresholds=steps((0, FAULT), (1, OK)), mappings=[words(GOOD_BAD)])
    return stat(title, about, (3, 4), f"min({expression})", looks)


def _now() -> list[Json]:
    newest = f"time() - max({of('check_last_run_timestamp_seconds')})"
    return [
        _good(
            "Answers Prometheus",
            "Whether the last scrape of the agent worked.",
            promql.of_agents(f"up{{{PLAIN}}}"),
        ),
        _good(
            "Configuration",
            "Whether the last reload of config.yaml was accepted. FAULT: the one before is in force.",
            own("config_reload_success"),
        ),
        _good(
            "Own network",
            "Whether the agent's own network is there. FAULT: cameras are not judged.",
            own("own_network_ok"),
        ),
        _good(
            "True time",
            "Whether enough time servers agree. FAULT: no clock can be checked.",
            own("reference_clock_ok"),
        ),
        _good(
            "History",
            "Whether the store takes what happens. FAULT: it is kept in memory until it does.",
            own("store_ok"),
        ),
        stat(
            "Failing notification targets",
            "Notification targets to which nothing can be sent.",
            (3, 4),
            f"sum({own('notify_problem')})",
            Looks(thresholds=NONE_IS_WELL),
        ),
        stat(
            "Bugs",
            "Checks that failed with an error inside healthmon in the chosen time. Please report them.",
            (3, 4),
            promql.alive(f"sum by (job, instance) (increase({own('bugs_total')}[$__range]))"),
            Looks(thresholds=NONE_IS_BEST),
        ),
        stat(
            "Newest result",
            "How old the newest result is.",
            (3, 4),
            newest,
            Looks(unit="s", thresholds=steps((0, OK), (120, WARNING), (300, FAULT)), decimals=0),
        ),
    ]


def _checks() -> list[Json]:
    durations = of("check_duration_seconds")
    runs, failed = of("check_runs_total"), of("check_failures_total")
    size = (8, 8)
    return [
        timeseries(
            "Checks each second",
            "Number of checks that end each second, by check.",
            size,
            [Query(f"sum by (check) (rate({runs}{RATE}))", "{{check}}")],
            Looks(unit="ops"),
        ),
        timeseries(
            "Checks without a value",
            "Share of runs that gave no value, by check.",
            size,
            [
                Query(
                    f"sum by (check) (rate({failed}{RATE})) / sum by (check) (rate({runs}{RATE}))",
                    "{{check}}",
                )
            ],
            Looks(unit="percentunit", low=0, high=1),
        ),
        timeseries(
            "Duration of a check, slowest 5 %",
            "95 of 100 last runs took no longer, by check.",
            size,
            [Query(f"quantile by (check) (0.95, {durations})", "{{check}}")],
            Looks(unit="s", low=0),
        ),
        timeseries(
            "Missed and running checks",
            "Checks missed each second (no run ended in a whole interval), and running checks.",
            size,
            [
                Query(f"sum(rate({own('looks_skipped_total')}{RATE}))", "missed each second"),
                Query(f"sum({own('looks_running')})", "under way"),
            ],
            Looks(low=0),
        ),
        timeseries(
            "Lateness of the event loop",
            "The worst lateness in each five seconds. Over a second the agent is overloaded.",
            size,
            [Query(own("loop_lag_seconds"), "{{instance}}")],
            Looks(unit="s", low=0),
        ),
        timeseries(
            "Devices by state",
            "How many devices are in each state.",
            size,
            [Query(f"sum by (state) ({of('device_state')})", "{{state}}")],
            Looks(low=0),
        ),
    ]


def _telling() -> list[Json]:
    size = (8, 8)
    return [
        timeseries(
            "Waiting to be sent",
            "Notices in the outbox, by target.",
            size,
            [Query(own("outbox_pending"), "{{target}}")],
            Looks(low=0),
        ),
        timeseries(
            "Notices",
            "Notices in each hour, by target and result.",
            size,
            [
                Query(
                    f"sum by (target, result) ({promql.hourly(own('notifications_total'))})",
                    "{{target}} {{result}}",
                )
            ],
            Looks(low=0),
        ),
        timeseries(
            "Held back and dropped",
            "Faults that were held back, by reason; records that the store had to drop.",
            size,
            [
                Query(
                    f"sum by (reason) ({promql.hourly(own('faults_suppressed_total'))})",
                    "{{reason}}",
                ),
                Query(f"sum({promql.hourly(own('store_dropped_total'))})", "dropped by the store"),
            ],
            Looks(low=0),
        ),
    ]


def _record() -> list[Json]:
    """The audit chain, the backup, what is deleted by age, and the duties."""
    overdue, soon = own("duty_overdue"), own("duty_due_soon")
    due = f"max by (duty, name) ({own('duty_due_timestamp_seconds')}) * 1000"
    standing = f"max by (duty, name) (clamp_max({overdue}, 1) * 2 > 0 or clamp_max({soon}, 1))"
    kept = f"max by (records) ({own('store_keep_seconds')})"
    deleted = f"increase({own('store_deleted_total')}[$__range])"
    return [
        _good(
            "Record as written",
            "Whether the last verification of the audit chain found the record as it was written. "
            "FAULT: something was changed or deleted by hand.",
            own("audit_ok"),
        ),
        stat(
            "Last verified",
            "How long ago the audit chain was verified; it is done once a day.",
            (3, 4),
            f"(time() - min({own('audit_verified_timestamp_seconds')})) / 3600",
            Looks(unit=HOURS, thresholds=steps((0, OK), (36, WARNING)), decimals=0),
        ),
        stat(
            "Entries of the audit chain",
            "Number of the last entry. It never gets smaller, but where a backup was restored.",
            (3, 4),
            f"min({own('audit_entries')})",
            Looks(thresholds=BLUE, decimals=0),
        ),
        stat(
            "Age of the backup",
            "How long ago the record was last backed up. NO DATA: no backup was ever made.",
            (3, 4),
            f"(time() - min({own('backup_last_timestamp_seconds')})) / 3600",
            Looks(unit=HOURS, thresholds=steps((0, OK), (36, WARNING)), decimals=0),
        ),
        stat(
            "Duties overdue",
            "Duties that nobody has declared in time, as healthmon duties list shows them.",
            (3, 4),
            f"sum(clamp_max({overdue}, 1))",
            Looks(thresholds=NONE_IS_BEST, decimals=0),
        ),
        stat(
            "Duties due soon",
            "Duties that are due within their lead time.",
            (3, 4),
            f"sum(clamp_max({soon}, 1))",
            Looks(thresholds=NONE_IS_BEST, decimals=0),
        ),
        stat(
            "Old records searched for",
            "How long ago the record was searched for what is older than its period; every six hours. "
            "NO DATA: not since the agent's start.",
            (6, 4),
            f"(time() - min({own('store_trimmed_timestamp_seconds')})) / 3600",
            Looks(unit=HOURS, thresholds=steps((0, OK), (13, WARNING)), decimals=0),
        ),
        table(
            "Duties",
            "Each duty: how it stands and when it is due next, where it is due first.",
            (12, 9),
            [standing, due],
            [
                Column("name", "Duty"),
                Column("Value #A", "Stands", {"mappings": [words(STANDINGS)]}, 120, paint=True),
                Column("Value #B", "Due", {"unit": DAY_TIME}, 170),
            ],
            rows=Rows(key="name", sort=("Stands", True), nothing="No duty, or nothing is known."),
        ),
        table(
            "How long the record is kept",
            "The period of each group of records (history in config.yaml), and how many were deleted "
            "by age in the chosen time.",
            (12, 9),
            [f"{kept} / 86400", f"sum by (records) ({promql.alive(deleted)})"],
            [
                Column("records", "Records", {"mappings": [strings(dict(GROUPS))]}),
                Column("Value #A", "Kept for", {"unit": DAYS, "decimals": 0}, 110),
                Column("Value #B", "Deleted", {"decimals": 0}, 110),
            ],
            rows=Rows(key="records"),
        ),
    ]


def _time() -> list[Json]:
    offset, error = own("reference_clock_offset_seconds"), own("reference_clock_error_seconds")
    band = [
        Query(offset, "true time"),
        Query(f"{offset} + {error}", "at most"),
        Query(f"{offset} - {error}", "at least"),
    ]
    return [
        timeseries(
            "True time against our clock",
            "True time minus the clock of this machine, with the bound of its error.",
            (12, 7),
            band,
            Looks(unit="s"),
        ),
        timeseries(
            "Time servers",
            "Each time server minus the clock of this machine.",
            (12, 7),
            [Query(own("ntp_server_offset_seconds"), "{{server}}")],
            Looks(unit="s"),
        ),
    ]


def _budgets() -> list[Json]:
    used = f"{of('metered_bytes')} / {of('metered_budget_bytes')}"
    spent = f"topk(10, sum by (job, instance, device) ({of('check_duration_seconds')}))"
    full = steps((0, OK), (0.8, WARNING), (1, FAULT))
    return [
        bars(
            "Metered lines",
            "The share of its daily budget that each device on a metered line (4G) has used.",
            (8, 8),
            used,
            Looks(unit="percentunit", thresholds=full, decimals=0, low=0, high=1),
        ),
        bars(
            "Slowest devices",
            "The ten devices whose last checks took longest in total.",
            (8, 8),
            spent,
            Looks(unit="s", thresholds=steps((0, OK)), decimals=1, low=0),
        ),
        table(
            "Checks of each device",
            "Number of checks of each device in the last hour, and how many of them gave no value.",
            (8, 8),
            [
                f"sum by (device) ({promql.hourly(of('check_runs_total'))})",
                f"sum by (device) ({promql.hourly(of('check_failures_total'))})",
            ],
            [
                Column("device", "Device"),
                Column("Value #A", "Checks in an hour", {"decimals": 0}),
                Column("Value #B", "Without answer", {"decimals": 0}),
            ],
            rows=Rows(sort=("Checks in an hour", True)),
        ),
    ]


def _process_figure(name: str) -> str:
    """A figure of the agent's own process; Prometheus and Alertmanager tell theirs too."""
    return promql.alive(f"process_{name}{{{PLAIN}}}")


def _process() -> list[Json]:
    size = (6, 7)
    scraped = f"scrape_samples_scraped{{{PLAIN}}}"
    return [
        timeseries(
            "CPU",
            "Share of one core.",
            size,
            [
                Query(
                    promql.alive(f"rate(process_cpu_seconds_total{{{PLAIN}}}{RATE})"),
                    "{{instance}}",
                )
            ],
            Looks(unit="percentunit", low=0),
        ),
        timeseries(
            "Memory",
            "Resident memory of the agent.",
            size,
            [Query(_process_figure("resident_memory_bytes"), "{{instance}}")],
            Looks(unit="bytes", low=0),
        ),
        timeseries(
            "Open files",
            "Open file descriptors and their limit.",
            size,
            [
                Query(_process_figure("open_fds"), "open"),
                Query(_process_figure("max_fds"), "limit"),
            ],
            Looks(low=0),
        ),
        timeseries(
            "Scrape",
            "How long Prometheus waits for /metrics.",
            size,
            [Query(promql.of_agents(f"scrape_duration_seconds{{{PLAIN}}}"), "{{instance}}")],
            Looks(unit="s", low=0),
        ),
        table(
            "Version",
            "The version, and the time since which its configuration is in use.",
            (24, 4),
            [
                f"max by (instance, version, python, config) ({own('build_info')})",
                f"max by (instance) ({own('config_reload_success_timestamp_seconds')}) * 1000",
                f"max by (instance) ({promql.of_agents(scraped)})",
            ],
            [
                Column("instance", "Agent"),
                Column("version", "Version"),
                Column("python", "Python"),
                Column("config", "Configuration (hash)"),
                Column("Value #B", "In force since", {"unit": DAY_TIME}),
                Column("Value #C", "Series"),
            ],
            rows=Rows(key="instance"),
        ),
    ]
