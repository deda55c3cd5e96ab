"""Bands of faults and planned works over the charts of a dashboard: Grafana's annotations.

Grafana asks every STEP, and joins what is above 0 without a gap into one band. Where the monitor is
dead there are no samples, and so no band: the chart itself has a gap there.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards import promql
from dashboards.looks import Json
from healthmon_exporters.web.palette import FAULT, QUIET_TEXT

# Prometheus gives at most 11,000 points of a series: beyond that Grafana asks at longer distances,
# and would not join them. Five minutes suffice for 38 days.
STEP = "5m"


def bands(variables: Sequence[Json], source: Json) -> list[Json]:
    """The bands of a dashboard with `variables`: of its device, else of each of the chosen sites."""
    of_device = any(one["name"] == "device" for one in variables)
    where, label = (promql.DEVICE, "device") if of_device else (promql.ESTATE, "site")
    faults = promql.of("fault_active", where=where, severity="fault")
    works = promql.of("device_maintenance", where=where)
    return [
        _band(name, f"max by ({label}) (max_over_time({series}[{STEP}]))", label, colour, source)
        for name, series, colour in (
            ("Faults", faults, FAULT),
            ("Planned works", works, QUIET_TEXT),
        )
    ]


def _band(name: str, query: str, label: str, colour: str, source: Json) -> Json:
    return {
        "datasource": source,
        "enable": True,
        "expr": query,
        "hide": False,
        "iconColor": colour,
        "name": name,
        "step": STEP,
        "titleFormat": f"{name}: {{{{{label}}}}}",
        "useValueForTime": False,
    }
