"""Availability of the cameras against an objective, by multi-window burn rates.

The method is that of the Site Reliability Workbook, chapter 5: a fast burn is told at once, a slow
one as a ticket. A camera is working when it is reached and has no fault. Planned maintenance, and
time in which healthmon itself could not look, are neither up nor down.
"""

from __future__ import annotations

from typing import Any

from dashboards.rules.agent import SEEN_TO
from dashboards.rules.alert import Alert
from dashboards.rules.faults import OF_DEVICE

OBJECTIVE = 0.99
WORKING = "healthmon:camera:working"
FAILED = "healthmon:cameras_failed:ratio"
WINDOWS = {"5m": "5 minutes", "30m": "30 minutes", "1h": "hour", "6h": "6 hours", "3d": "3 days"}
# (long window, short window, burn rate, for, severity, priority)
BURNS = (
    ("1h", "5m", 14.4, "2m", "critical", "P1"),
    ("6h", "30m", 6.0, "5m", "critical", "P2"),
    ("3d", "6h", 1.0, "1h", "warning", "P3"),
)
# The first quarter of each window. "The last 3 days" is said where there are figures of it only.
BEGINNING = {"1h": "[15m] offset 45m", "6h": "[90m] offset 270m", "3d": "[18h] offset 54h"}

RECORDING: list[dict[str, Any]] = [
    {
        "record": WORKING,
        "expr": f"""max by (job, instance, device, site) (
  (
    healthmon_device_up{{kind="camera"}} == 1
    and {OF_DEVICE} healthmon_device_state{{kind="camera",state="fault"}} == 0
  ) * 0 + 1
  or {OF_DEVICE}
  healthmon_check_success{{kind="camera",check="reach"}} * 0
)
unless {OF_DEVICE} healthmon_device_maintenance == 1
unless on (job, instance) healthmon_own_network_ok == 0
unless on (job, instance) {SEEN_TO}
""",
    },
    {"record": FAILED, "expr": f"1 - avg by (job, instance) ({WORKING})"},
    *(
        {"record": f"{FAILED}_avg{window}", "expr": f"avg_over_time({FAILED}[{window}])"}
        for window in WINDOWS
    ),
]


def _burn(long: str, short: str, rate: float, wait: str, severity: str, priority: str) -> Alert:
    limit = f"{rate} * {1 - OBJECTIVE:.2f}"
    return Alert(
        name="HealthmonAvailabilityBurn",
        kind="service",
        expr=(
            f"{FAILED}_avg{long} > {limit}\nand {FAILED}_avg{short} > {limit}\n"
            f"and on (job, instance) count_over_time({FAILED}{BEGINNING[long]}) > 0\n"
        ),
        wait=wait,
        keep="5m",
        severity=severity,
        priority=priority,
        labels={"window": long},
        summary="{{ $value | humanizePercentage }} of the cameras were not working over the last "
        + WINDOWS[long],
        description=(
            f"Over the last {WINDOWS[long]} {{{{ $value | humanizePercentage }}}} of the cameras' time was lost. "
            f"At this rate the month's allowance of {1 - OBJECTIVE:.0%} is used up in {30 / rate:.0f} days."
        ),
        dashboard="/d/healthmon-service",
    )


DUTIES = [
    Alert(
        name="HealthmonDutyOverdue",
        kind="service",
        expr="healthmon_duty_overdue > 0",
        wait="5m",
        severity="warning",
        priority="P3",
        summary="Duty overdue: {{ $labels.name }}{{ if gt $value 1.0 }}, {{ $value }} times{{ end }}",
        description="Nobody has declared with evidence that it was done within its interval.",
        dashboard="/d/healthmon-service",
    ),
    Alert(
        name="HealthmonDutySoon",
        kind="service",
        expr=(
            "healthmon_duty_due_timestamp_seconds - time() "
            "and healthmon_duty_due_soon > 0 unless healthmon_duty_overdue > 0"
        ),
        wait="5m",
        severity="warning",
        priority="P4",
        summary="Duty due in {{ $value | humanizeDuration }}: {{ $labels.name }}",
        description="Its lead time has begun, so that it can be arranged before it is overdue.",
        dashboard="/d/healthmon-service",
    ),
]
ALERTS = [*(_burn(*burn) for burn in BURNS), *DUTIES]
