"""The manager's page: how well the service ran in the last 30 days, sampled; the monthly report
counts every check.
"""

from __future__ import annotations

from dashboards import promql
from dashboards.frame import KIND, SITE, dashboard
from dashboards.looks import BLUE, FAULT_WORDS, HOURS, MINUTES, Json, steps
from dashboards.panels import (
    Column,
    Looks,
    Query,
    Rows,
    bars,
    note,
    row,
    stat,
    table,
    timeseries,
    to_device,
)
from dashboards.promql import CAMERAS, ESTATE, KINDS, SAME, of
from healthmon_exporters.web.palette import FAULT, OK, WARNING

SAMPLED = "[$__range:10m]"
# Faults are few, so their time is counted by the minute.
EACH_MINUTE = "[$__range:1m]"
GOOD = steps((0, FAULT), (0.95, WARNING), (0.99, OK))
MONTH = 31 * 86400
RATIO = Looks(unit="percentunit", thresholds=GOOD, decimals=2, low=0, high=1)
# The figures of `healthmon_month_ratio` with their headings.
MONTH_FIGURES = {
    "availability": "Fully operational",
    "recording": "Recorded",
    "coverage": "Monitoring worked",
}
NOTE = """
Every figure is of the chosen time (30 days unless changed above). Shares are sampled every ten minutes, the time of
faults every minute. Every camera counts by the time in which it was measured, as in the monthly report. Time in
which nothing was known (the monitor was down, or a device could not be asked) counts **neither as good nor as bad**;
how long that was stands under *Monitoring worked*. Planned maintenance is left out.
"""


def page() -> Json:
    """The dashboard healthmon-service. Its queries look back over a month, so it asks less often
    than the others.
    """
    about = (
        "Availability, faults, repair, recording and clocks over the last 30 days, for the manager."
    )
    panels = [
        *_figures(),
        *_availability(),
        _months(),
        row("Faults and repair"),
        *_faults(),
        row("Contracts"),
        _contracts(),
        row("Evidence"),
        *_evidence(),
    ]
    return dashboard(
        "healthmon-service", about, panels, [SITE, KIND], since="now-30d", refresh="5m"
    )


def outside_maintenance(series: str, where: str) -> str:
    """`series` without what happened in maintenance windows."""
    return f"({series} unless {SAME} {of('device_maintenance', where=where)} == 1)"


def average(series: str, where: str) -> str:
    """The mean over the chosen time of a 0/1 series, for each series."""
    return f"avg_over_time({outside_maintenance(series, where)}{SAMPLED})"


def together(series: str, where: str) -> str:
    """The share of a 0/1 series over the chosen time and all devices: each counts by the time in which
    it was measured, as in the reports.
    """
    sampled = outside_maintenance(series, where)
    good, known = (f"sum_over_time({how}({sampled}){SAMPLED})" for how in ("sum", "count"))
    return f"{good} / {known}"


def pictures(where: str) -> str:
    """1 for each camera while pictures come from it, 0 while none do, for whatever reason: of a
    camera that is lost no stream tells anything; what its stream said last does not count any more.
    """
    streams = f"max by (job, instance, device) ({of('stream_up', where=where)})"
    lost = f"max by (job, instance, device) (0 * ({of('device_up', where=where)} == 0))"
    return f"({lost} or {streams})"


def _figures() -> list[Json]:
    size = (4, 5)
    up = of("device_up", where=CAMERAS)
    kept = of("recording_active", where=CAMERAS)
    clock = f"1 - max by (job, instance, device) ({of('clock_state', state='~drift|timezone|utc_field|reset')})"
    monitored = f'avg_over_time(up{{job=~"$job"}}{SAMPLED})'
    clock = f"({clock} unless {SAME} {of('clock_state', state='unknown')} == 1)"
    return [
        stat(
            "Cameras online",
            "Share of the time in which cameras answered, of all camera-hours.",
            size,
            together(up, CAMERAS),
            RATIO,
        ),
        stat(
            "Pictures",
            "Share of the time in which cameras delivered pictures, of all camera-hours.",
            size,
            together(pictures(CAMERAS), CAMERAS),
            RATIO,
        ),
        stat(
            "Recorded",
            "Share of the time in which cameras were being recorded, of all camera-hours.",
            size,
            together(kept, CAMERAS),
            RATIO,
        ),
        stat(
            "Clocks right",
            "Share of the time in which clocks were within their limit, of the hours in which they could be read.",
            size,
            together(clock, ESTATE),
            RATIO,
        ),
        stat(
            "Monitoring worked",
            "Share of the time in which the monitor itself answered. Other times are not in the other figures.",
            size,
            f"avg({promql.of_agents(monitored)})",
            RATIO,
        ),
        note("How to read this page", "How the figures are counted.", size, NOTE),
    ]


def _months() -> Json:
    """The same numbers as in the monthly report, which counts every second."""
    figures = [f"max by (month) ({of('month_ratio', figure=one)})" for one in MONTH_FIGURES]
    columns = [
        Column(
            f"Value #{chr(ord('A') + number)}", heading, {"unit": "percentunit", "decimals": 2}, 150
        )
        for number, heading in enumerate(MONTH_FIGURES.values())
    ]
    return table(
        "Months that are over, as in the monthly report",
        "Counted by healthmon from its record, as `healthmon report monthly` prints them.",
        (24, 7),
        figures,
        [Column("month", "Month"), *columns],
        rows=Rows(
            key="month",
            sort=("Month", True),
            nothing="No month is over, or the agent has just begun.",
        ),
    )


def _availability() -> list[Json]:
    up = average(of("device_up", where=KINDS), KINDS)
    return [
        bars(
            "The ten worst devices",
            "Share of the time in which each answered.",
            (8, 9),
            f"bottomk(10, {up})",
            RATIO,
        ),
        bars(
            "By site",
            "Mean share of the time in which the devices of each site answered.",
            (8, 9),
            f"avg by (site) ({up})",
            RATIO,
            legend="{{site}}",
        ),
        timeseries(
            "Cameras that answer",
            "Share of the cameras that answer, over time.",
            (8, 9),
            [
                Query(f"avg({of('device_up', where=CAMERAS)})", "answer"),
                Query(f"avg({pictures(CAMERAS)})", "give pictures"),
            ],
            Looks(unit="percentunit", low=0, high=1),
        ),
    ]


def _faults() -> list[Json]:
    active = of("fault_active", severity="fault", where=KINDS)
    number = of("fault_number", where=KINDS)
    opened = (
        f"(changes({number}[$__range]) + 1) "
        f"and on (job, instance, device, code) last_over_time({active}[$__range])"
    )
    hours = f"count_over_time({active}{EACH_MINUTE}) / 60"
    return [
        stat(
            "Faults",
            "Faults that were open at some time of the chosen range.",
            (4, 9),
            f"sum({opened})",
            Looks(thresholds=BLUE, decimals=0),
        ),
        stat(
            "Mean time to repair",
            "How long a fault was open, mean over all faults, within the chosen time.",
            (4, 9),
            f"sum({hours}) / sum({opened})",
            Looks(unit=HOURS, thresholds=BLUE, decimals=1),
        ),
        table(
            "By cause",
            "Causes: how often, and for how long.",
            (8, 9),
            [f"sum by (code) ({opened})", f"sum by (code) ({hours})"],
            [
                Column("code", "What was wrong", {"mappings": [FAULT_WORDS]}),
                Column("Value #A", "Faults", {"decimals": 0}, 90),
                Column("Value #B", "Hours together", {"decimals": 1}, 140),
            ],
            rows=Rows(key="code", sort=("Faults", True), nothing="No fault, or nothing is known."),
        ),
        table(
            "Again and again",
            "Devices that were at fault more than once.",
            (8, 9),
            [f"sum by (device, site) ({opened}) > 1"],
            [
                Column("device", "Device", {"links": [to_device("${__value.text}")]}),
                Column("site", "Site"),
                Column("Value", "Faults", {"decimals": 0}, 90),
            ],
            rows=Rows(sort=("Faults", True), nothing="None, or nothing is known."),
        ),
    ]


def _contracts() -> Json:
    """What the contractors have promised, by how it stands on the faults that are open now."""

    def promises(standing: str) -> str:
        found = promql.own("contract_promises", standing=standing)
        return f"sum by (promise_of) ({promise_of(found)})"

    left = promise_of(promql.own("contract_left_seconds"))
    late = {"thresholds": steps((0, OK), (1, FAULT)), "decimals": 0}
    count = {"decimals": 0}
    return table(
        "Promises on open faults",
        "Response and fix times of each contract, by how they stand on the faults that are open now.",
        (24, 7),
        [
            promises("overdue"),
            promises("late"),
            promises("~running|not_started"),
            promises("paused"),
            promises("met"),
            f"min by (promise_of) ({left}) / 3600",
        ],
        [
            Column("promise_of", "Contractor, priority, promise"),
            Column("Value #A", "Overdue", late, 110, paint=True),
            Column("Value #B", "Kept too late", late, 130, paint=True),
            Column("Value #C", "Running", count, 110),
            Column("Value #D", "Paused", count, 110),
            Column("Value #E", "Kept in time", count, 130),
            Column("Value #F", "Least hours left", {"decimals": 1}, 160),
        ],
        rows=Rows(
            key="promise_of",
            sort=("Overdue", True),
            nothing="No contract has promised times, or nothing is known.",
        ),
    )


def promise_of(series: str) -> str:
    """`series` with contractor, priority and promise in one label."""
    return f'label_join({series}, "promise_of", ", ", "contractor", "priority", "promise")'


def _evidence() -> list[Json]:
    kept = of("recording_retention_seconds")
    too_short, too_long = f"sum({kept} < bool {MONTH})", f"sum({kept} > bool {MONTH + 86400})"
    offsets = f"max by (job, instance, device) (abs({of('clock_offset_seconds')}))"
    bad = steps((0, OK), (1, WARNING))
    return [
        stat(
            "Kept too short",
            "Cameras whose footage goes back less than 31 days: evidence is missing.",
            (4, 7),
            too_short,
            Looks(thresholds=bad),
        ),
        stat(
            "Kept too long",
            "Cameras whose footage goes back more than 32 days: against data protection, unless it is locked evidence.",
            (4, 7),
            too_long,
            Looks(thresholds=bad),
        ),
        stat(
            "Worst clock",
            "The largest distance of any clock from true time now.",
            (4, 7),
            f"max({offsets})",
            Looks(unit="suffix:s", thresholds=BLUE, decimals=1),
        ),
        stat(
            "Shortest battery time",
            "The lowest estimate of any UPS within the chosen time.",
            (4, 7),
            f"min(min_over_time({of('ups_runtime_seconds')}[$__range])) / 60",
            Looks(unit=MINUTES, thresholds=BLUE, decimals=0),
        ),
        timeseries(
            "Clocks outside their limit",
            "How many clocks were wrong, over time.",
            (8, 7),
            [
                Query(
                    f"sum({of('clock_state', state='~drift|timezone|utc_field|reset')})", "wrong"
                ),
                Query(f"sum({of('clock_state', state='unknown')})", "not known"),
            ],
            Looks(low=0),
        ),
        bars(
            "Recording complete, last 7 days",
            "The ten cameras whose recording has the most gaps.",
            (12, 8),
            f"bottomk(10, {of('recording_complete_ratio', window='7d')})",
            RATIO,
        ),
        timeseries(
            "Zones without a working camera",
            "How many zones were blind, over time.",
            (12, 8),
            [Query(promql.blind_zones(), "blind zones")],
            Looks(low=0),
        ),
    ]
