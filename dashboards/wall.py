"""The wall: one screen of 1920x1080 without scrolling, read from five metres; the same for 10, 150 and 600 cameras.

Grafana's grid gives 27 rows of 38 px and 24 columns at that size. The names of the eight most urgent faults stand in
two stacks of four, because four tiles of that height get letters of more than 50 px.
"""

from __future__ import annotations

from dashboards import promql
from dashboards.frame import SITE, dashboard
from dashboards.looks import (
    MARKS,
    NONE_IS_BEST,
    NONE_IS_WELL,
    TILES,
    Json,
    pattern,
    steps,
    words,
)
from dashboards.panels import Looks, stat, tiles
from dashboards.promql import CAMERAS, ESTATE, of, own
from healthmon.model import Limits
from healthmon_exporters.palette import FAULT, NO_DATA, OK, WARNING

SHOWN = 8
HALF = SHOWN // 2
FAULT_TILES = [
    pattern("^(NO FAULTS|no further faults)$", OK),
    pattern(" NOT CHECKED$", NO_DATA),
    pattern(".+", FAULT),
]
UPS_TILES = [
    pattern(" (normal|eco|boost|trim)$", OK),
    pattern(" (battery|off)$", FAULT),
    pattern(" (bypass|test|other)$", WARNING),
    pattern(" unknown$", NO_DATA),
]


def page() -> Json:
    """The dashboard healthmon-wall."""
    about = "The whole estate at a glance. Grey NO DATA means that nothing is known: then look at the cameras by hand."
    return dashboard(
        "healthmon-wall",
        about,
        [*_numbers(), *_faults(), _cameras(), *_strip()],
        [SITE],
        since="now-15m",
    )


def _numbers() -> list[Json]:
    size = (5, 4)
    bad_clocks = of("clock_state", state="~drift|timezone|utc_field|reset")
    clocks = promql.mostly(
        f"{of('clock_state', state='unknown')} == 0",
        of("check_last_run_timestamp_seconds", check="clock"),
    )
    power = promql.mostly(
        f"{of('ups_status', status='unknown')} == 0",
        of("check_last_run_timestamp_seconds", check="ups"),
    )
    footage = promql.mostly(
        of("recording_active"),
        of("check_last_run_timestamp_seconds", check="recording", kind="camera"),
    )
    faults = f"sum({promql.known_maintenance('fault', CAMERAS)})"
    unknown = promql.watched(promql.known_maintenance("unknown", CAMERAS), CAMERAS)
    return [
        stat(
            "Cameras at fault",
            "Cameras that are at fault now. Cameras in maintenance are not counted.",
            size,
            promql.seen(faults, promql.mostly_checked(CAMERAS)),
            Looks(thresholds=NONE_IS_WELL),
        ),
        stat(
            "Not recorded",
            "Cameras that are not recorded as planned. NO DATA: no recorder tells, or less than half of them.",
            size,
            promql.seen(f"sum({of('recording_active')} == bool 0)", footage),
            Looks(thresholds=NONE_IS_WELL),
        ),
        stat(
            "Clock wrong",
            "Cameras and recorders whose clock is outside its limit. Clocks that cannot be read are not counted.",
            size,
            promql.seen(f"sum({bad_clocks})", clocks),
            Looks(thresholds=NONE_IS_BEST),
        ),
        stat(
            "On battery",
            "UPSes that run on battery now.",
            size,
            promql.seen(f"sum({of('ups_status', status='battery')})", power),
            Looks(thresholds=NONE_IS_WELL),
        ),
        stat(
            "Not checked",
            "Cameras of which nothing is known at present. They are neither well nor at fault: look at them by hand.",
            (4, 4),
            f"sum({unknown})",
            Looks(thresholds=NONE_IS_BEST),
        ),
    ]


def _faults() -> list[Json]:
    first = promql.urgent_faults(HALF)
    second = f"({promql.urgent_faults(SHOWN)} unless on (job, instance, device) {first})"
    upper = promql.or_none(f"sort_desc({promql.named(first)})", "NO FAULTS")
    lower = promql.or_none(f"sort_desc({promql.named(second)})", "no further faults")
    more = f"clamp_min({promql.fault_count('fault')} - {SHOWN}, 0)"
    return [
        tiles(
            "Faults",
            "The most urgent faults: by priority, then the newest first. Grey: nothing is known.",
            (10, 10),
            upper,
            FAULT_TILES,
            stacked=True,
            most=HALF,
        ),
        tiles(
            f"Faults {HALF + 1} to {SHOWN}",
            "The next most urgent faults.",
            (10, 10),
            lower,
            FAULT_TILES,
            stacked=True,
            most=HALF,
        ),
        stat(
            "More faults",
            "Devices at fault for which there is no room here. They stand on the operations page.",
            (4, 10),
            more,
            Looks(unit="prefix:+", thresholds=NONE_IS_WELL, mappings=[words({0: ("0", OK)})]),
        ),
    ]


def _cameras() -> Json:
    return tiles(
        f"Every camera     {MARKS}",
        "One tile for each camera, the worst first. The mark before the number says the state without its colour. "
        "Cameras in store or in transit are left out.",
        (24, 9),
        promql.tiles(CAMERAS),
        TILES,
    )


def _strip() -> list[Json]:
    low, critical = Limits().ups_runtime
    runtime = steps((0, FAULT), (critical, WARNING), (low, OK))
    return [
        tiles(
            "UPS",
            "Where each UPS takes its power from: normal is the mains, battery means that the mains is lost.",
            (5, 4),
            f'label_join({of("ups_status")} == 1, "tile", " ", "device", "status")',
            UPS_TILES,
        ),
        stat(
            "Battery time",
            "The shortest time that any UPS would last on battery, by its own estimate.",
            (4, 4),
            f"min({of('ups_runtime_seconds')})",
            Looks(unit="s", thresholds=runtime, decimals=0),
        ),
        tiles(
            "Recorders and links",
            "One tile for each recorder and each link to a site, the worst first, with the same marks.",
            (5, 4),
            promql.tiles(f'{ESTATE},kind=~"recorder|link"'),
            TILES,
        ),
        stat(
            "Last function check",
            "How long ago the last whole sweep (the function check of a shift) ended.",
            (4, 4),
            f"time() - max({own('sweep_last_timestamp_seconds')})",
            Looks(unit="s", thresholds=steps((0, OK), (13 * 3600, WARNING)), decimals=0),
        ),
        stat(
            "Signed by",
            "How many have signed the sheet of that check.",
            (3, 4),
            f"max({own('sweep_signatures')})",
            Looks(
                thresholds=steps((0, WARNING), (1, OK)), mappings=[words({0: ("NOBODY", WARNING)})]
            ),
        ),
        stat(
            "Age of this data",
            "How old the newest result is. It stays below a minute or two while monitoring works.",
            (3, 4),
            f"time() - max({of('check_last_run_timestamp_seconds')})",
            Looks(unit="s", thresholds=steps((0, OK), (120, WARNING), (300, FAULT)), decimals=0),
        ),
    ]
