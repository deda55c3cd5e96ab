"""Faults of devices: one rule for each code of the register, and what only Prometheus can see over
time.

healthmon has confirmed, explained and numbered them already, so these rules wait for nothing and
judge nothing.
"""

from __future__ import annotations

from dashboards.rules.agent import SEEN_TO
from dashboards.rules.alert import Alert
from dashboards.rules.summaries import figure, of_fault
from healthmon.checks.evaluation.codes import CODES

NAMED = "healthmon:fault_active:named"
OF_DEVICE = "on (job, instance, device)"

RECORDING = [
    {
        # With the device's name and contractor, without devices in maintenance. While the agent
        # does not answer, what was open stays open: a fault is over when somebody has seen that it
        # is, not when nobody looks. Where another agent has the estate, that one says what is open, also
        # while the one before still answers.
        "record": NAMED,
        "expr": f"""(
  (
    healthmon_fault_active * {OF_DEVICE} group_left (name, contractor) healthmon_device_info
    or on (job, instance, device, code)
    healthmon_fault_active
  )
  unless {OF_DEVICE} healthmon_device_maintenance == 1
  or
  {NAMED} and on (job, instance) up == 0
)
unless on (job, instance) {SEEN_TO}
""",
    },
]

# healthmon tells these of itself. Prometheus sees them by the agent's own figures (agent.py), so
# that they are told even where healthmon cannot.
BY_FIGURE = {
    "own_network": "HealthmonOwnNetworkDown",
    "no_reference": "HealthmonNoTimeReference",
    "store": "HealthmonStoreFailed",
    "notify_failing": "HealthmonNotifyFailing",
    "falling_behind": "HealthmonFallingBehind",
}
# Codes with an alert of their own, because other people are called or another page is read.
OWN_ALERT = {
    "on_battery": "HealthmonUpsOnBattery",
    "runtime_low": "HealthmonUpsRuntimeLow",
    "retention_short": "HealthmonRetentionShort",
    "retention_long": "HealthmonRetentionLong",
    "sweep_missed": "HealthmonSweepMissing",
    "history_damaged": "HealthmonHistoryDamaged",
    "record_changed": "HealthmonRecordChanged",
    "name_server": "HealthmonNameServerDown",
    "devices_held": "HealthmonDevicesHeld",
    "site_agent_lost": "HealthmonSiteAgentLost",
    "agent_left_out": "HealthmonAgentLeftOut",
    **BY_FIGURE,
}

# A fault that these faults of the same device explain is no alert of its own.
_POWER_OVER_CABLE = ("poe_fault", "poe_denied")
_PORT = (*_POWER_OVER_CABLE, "port_down", "port_off", "port_blocked")
EXPLAINED_BY: dict[str, tuple[str, ...]] = {
    "unreachable": _PORT,
    "port_down": _POWER_OVER_CABLE,
    "part_unreachable": ("unreachable", "no_pictures", "no_answer", "no_video", "tls"),
    "slow": ("unreachable",),
    "frozen_picture": ("frozen_clock",),
    "login_refused": ("locked_out",),
    "clocks_disagree": ("clock_drift", "clock_zone", "clock_wrong_date", "clock_reset"),
    "firmware_changed": ("wrong_device",),
    "stream_changed": ("wrong_device",),
    "tls_failed": ("tls",),
    "certificate_expired": ("tls",),
    "certificate_not_yet_valid": ("tls",),
    "certificate_untrusted": ("certificate_expired", "tls"),
    "certificate_changed": ("wrong_device", "tls"),
    "battery_low": ("runtime_low",),
    "charge_low": ("battery_low", "battery_fault", "battery_replace"),
    "self_test_failed": ("battery_fault", "battery_replace"),
    "disk_degraded": ("disk_failed",),
    "recording_gap": ("not_recording",),
    "playback_gap": ("recording_gap", "not_recording"),
    "retention_setting": ("retention_short", "retention_long"),
}
# A lost device is told first where its port is found out later. So "no answer" waits, and while it
# is told the port is named in its summary.
WAITS = {"unreachable": "1m"}
PORT_WORDS = figure(
    f'{NAMED}{{,code=~"{"|".join(_POWER_OVER_CABLE)}"}} or on (device) '
    f'{NAMED}{{,code=~"{"|".join(_PORT)}"}}',
    '{{ with . | first | label "code" }} ({{ reReplaceAll "_" " " . }}){{ end }}',
)

WHO = "{{ with $labels.name }}{{ . }} ({{ $labels.device }}){{ else }}{{ $labels.device }}{{ end }}"
SITE = "{{ with $labels.site }} at {{ . }}{{ end }}"
SEVERITY = '{{ if eq $labels.severity "fault" }}critical{{ else }}warning{{ end }}'
DEVICE_PAGE = (
    '/d/{{ if eq $labels.kind "site" }}healthmon-operations?var-site={{ $labels.site }}'
    "{{ else }}healthmon-device?var-device={{ $labels.device }}{{ end }}"
)


def alert_of(code: str) -> str:
    """The alert that tells of a code: its own, or that of its group."""
    return OWN_ALERT.get(code) or f"Healthmon{CODES[code].group.capitalize()}Fault"


def alerts() -> list[Alert]:
    """Every rule about devices."""
    return [
        *(_of_code(code) for code in CODES if code not in BY_FIGURE),
        FLAPPING,
        BLIND_ZONE,
        CONTRACT_OVERDUE,
    ]


def _of_code(code: str) -> Alert:
    entry = CODES[code]
    who, where = ("{{ $labels.site }}", "") if entry.group == "site" else (WHO, SITE)
    cause = PORT_WORDS if code == "unreachable" else ""
    return Alert(
        name=alert_of(code),
        kind="fault",
        expr=_unexplained(code),
        wait=WAITS.get(code, "0s"),
        keep="2m",
        severity=SEVERITY,
        priority="{{ $labels.priority }}",
        labels={"code": code},
        summary=f"{who}: {entry.title}{cause}{of_fault(code)}",
        description=f"{entry.meaning} {who}{where}.",
        dashboard=DEVICE_PAGE,
        section=code,
    )


def _unexplained(code: str) -> str:
    """The fault, unless another fault of its device explains it.

    Once an alert fires it stays until its own fault ends: "over" would not be true. So a cause that
    is found later does not end it, and a port waits while the device behind it is told as lost.
    """
    fault = f'{NAMED}{{code="{code}"}}'
    causes = EXPLAINED_BY.get(code, ())
    fires = f'ALERTS{{alertstate="firing",code="{code}"}}'
    if causes:
        named = f'{NAMED}{{code=~"{"|".join(causes)}"}}'
        fault = f"{fault}\nunless {OF_DEVICE} (\n  {named}\n  unless {OF_DEVICE} {fires}\n)\n"
    if code in _PORT:
        lost = 'ALERTS{alertstate="firing",code="unreachable"}'
        fault = (
            f"{fault.rstrip()}\nunless {OF_DEVICE} (\n  {lost}\n  unless {OF_DEVICE} {fires}\n)\n"
        )
    return fault


FLAPPING = Alert(
    name="HealthmonFlapping",
    kind="fault",
    expr=(
        "count by (job, instance, site) "
        f"((changes(healthmon_device_up[1h]) > 6) unless {OF_DEVICE} healthmon_device_maintenance == 1)"
    ),
    keep="30m",
    severity="warning",
    priority="P3",
    summary="Devices that come and go{{ with $labels.site }} at {{ . }}{{ end }}: {{ $value }}",
    description=(
        "They were lost and came back more than three times in the last hour. Likely a loose connector, a weak radio "
        "link, a failing switch port or power supply."
    ),
    dashboard="/d/healthmon-operations?var-site={{ $labels.site }}",
)

_COVER = figure(
    "healthmon_blind_zone{}",
    ': working cameras that can look there: {{ . | first | label "cover" }}',
    ("job", "instance", "coverage_zone"),
)
BLIND_ZONE = Alert(
    name="HealthmonBlindZone",
    kind="fault",
    expr="max by (job, instance, coverage_zone) (healthmon_blind_zone) == 1",
    wait="1m",
    keep="2m",
    summary="No camera covers {{ $labels.coverage_zone }}" + _COVER,
    description="No camera of the zone {{ $labels.coverage_zone }} works: nobody sees what happens there.",
    dashboard="/d/healthmon-operations",
)

CONTRACT_OVERDUE = Alert(
    name="HealthmonContractOverdue",
    kind="fault",
    expr=(
        "sum by (job, instance, contractor, promise) "
        '(healthmon_contract_promises{standing="overdue"}) > 0'
    ),
    wait="5m",
    severity="warning",
    priority="P3",
    summary="{{ $labels.contractor }} is late: {{ $value }} overdue ({{ $labels.promise }})",
    description=(
        "The contract time of {{ $labels.contractor }} is over for {{ $value }} open faults: "
        "nobody has come (response), or it does not work again (fix)."
    ),
    dashboard="/d/healthmon-operations",
)
