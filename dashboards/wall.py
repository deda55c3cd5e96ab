"""The wall: one screen of 1920x1080 without scrolling, read from five metres; the same for 10, 150
and 600 cameras.

Grafana's grid gives 27 rows of 38 px and 24 columns at that size. Numbers and names have letters of
50 px and more, captions of 28 px (43 inches, 5 m); their sizes are fixed, and names are cut, so that
no long one makes the others small. Tiles of more than `CAMERA_TILES` cameras would be too small:
then there is one for each site.

A page in a browser cannot know that Grafana behind it has died. So the first line ends with the time
of the newest result, which must move.
"""

from __future__ import annotations

from dashboards import promql
from dashboards.frame import SITE, dashboard
from dashboards.looks import (
    CLOCK_TIME,
    FAULT_MARK,
    HOURS,
    MARKS,
    MINUTES,
    NO_DATA_MARK,
    NONE_IS_BEST,
    NONE_IS_WELL,
    TILES,
    WARNING_MARK,
    Json,
    pattern,
    steps,
    words,
)
from dashboards.panels import Looks, big, names, override, tiles
from dashboards.promql import CAMERAS, CASE, ESTATE, of, own
from healthmon.model.device import Limits
from healthmon_exporters.web.palette import FAULT, NO_DATA, OK, WARNING

SHOWN = 6
HALF = SHOWN // 2
CAMERA_TILES, SITE_TILES = 30, 12
STALE_SECONDS = 120
SMALL = (4, 4)
STOPPED = "STANDS STILL"
FAULT_TILES = [
    pattern("^(NO FAULTS|no more faults)$", OK),
    pattern(" (NOT CHECKED|CHECKED|CHECKED AGAIN)$", NO_DATA),
    pattern(".+", FAULT),
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
    bad_clocks = of("clock_state", state="~drift|timezone|utc_field|reset")
    clocks = promql.mostly(
        f"{of('clock_state', state='unknown')} == 0",
        of("check_verdict", check="clock"),
    )
    power = promql.mostly(
        f"{of('ups_status', status='unknown')} == 0",
        of("check_verdict", check="ups"),
    )
    footage = promql.mostly(
        of("recording_active"),
        of("check_verdict", check="recording", kind="camera"),
    )
    faults = f"sum({promql.known_maintenance('fault', CAMERAS)})"
    unknown = promql.watched(promql.known_maintenance("unknown", CAMERAS), CAMERAS)
    rows = (
        (
            "Cameras at fault",
            "Cameras that are at fault now. Cameras in maintenance are not counted.",
            promql.seen(faults, promql.mostly_checked(CAMERAS)),
            NONE_IS_WELL,
        ),
        (
            "Not recorded",
            "Cameras that are not recorded as planned. NO DATA: no recorder tells, or less than half of them.",
            promql.seen(f"sum({of('recording_active')} == bool 0)", footage),
            NONE_IS_WELL,
        ),
        (
            "Clock wrong",
            "Cameras and recorders whose clock is outside its limit. Clocks that cannot be read are not counted.",
            promql.seen(f"sum({bad_clocks})", clocks),
            NONE_IS_BEST,
        ),
        (
            "On battery",
            "UPSes that run on battery now.",
            promql.seen(f"sum({of('ups_status', status='battery')})", power),
            NONE_IS_WELL,
        ),
        (
            "Not checked",
            "Cameras of which nothing is known at present. They are neither well nor at fault: look at them by hand.",
            f"sum({unknown})",
            NONE_IS_BEST,
        ),
    )
    numbers = [
        big(caption, about, SMALL, [query], Looks(thresholds=thresholds))
        for caption, about, query, thresholds in rows
    ]
    return [*numbers, _as_of()]


def _as_of() -> Json:
    """The time of the newest result: a screen that stands still shows it."""
    newest = f"max({of('check_last_run_timestamp_seconds')})"
    fresh = f"time() - {newest} < {STALE_SECONDS}"
    stale = f"time() - {newest} >= {STALE_SECONDS}"
    made = big(
        "As of (must move)",
        "When the newest result came. Compare it with a clock: where it stands still for two minutes, Grafana, "
        "Prometheus or the agent is dead, and nothing on this screen is true. The agent's own /wall turns grey by "
        "itself.",
        SMALL,
        [f"{newest} * 1000 and on () ({fresh})", f"{newest} * 1000 and on () ({stale})"],
        Looks(unit=CLOCK_TIME, thresholds=steps((0, OK))),
    )
    made["targets"][1]["legendFormat"] = STOPPED
    stopped = override(STOPPED, color={"mode": "fixed", "fixedColor": FAULT})
    made["fieldConfig"]["overrides"] = [stopped]
    return made


def _faults() -> list[Json]:
    first = promql.urgent_faults(HALF)
    second = f"({promql.urgent_faults(SHOWN)} unless on (job, instance, device) {first})"
    return [
        _stack(
            "Faults",
            "The most urgent faults: by priority, then the newest first. Grey: nothing is known.",
            first,
            promql.or_none(_rows(first), "NO FAULTS"),
        ),
        _stack(
            f"Faults {HALF + 1} to {SHOWN}",
            "The next most urgent faults.",
            second,
            promql.or_no_more(_rows(second), "no more faults"),
        ),
    ]


def _rows(expression: str) -> str:
    return f"sort_desc({promql.keyed(promql.named(expression))})"


def _stack(title: str, about: str, expression: str, shown: str) -> Json:
    began = f"{of('fault_since_timestamp_seconds')} * 1000 and {CASE} ({expression})"
    none = promql.no_case(f"0 * count({of('device_state')})")
    since = f"max by (case) ({promql.keyed(began)} or on () {none})"
    return names(title, about, (12, 11), [shown, since], FAULT_TILES, most=HALF)


def _cameras() -> Json:
    return tiles(
        f"Every camera, or every site with how many of its cameras     {MARKS}",
        f"Up to {CAMERA_TILES} cameras one tile for each, beyond that one for each of the {SITE_TILES} worst sites; "
        "the worst first. The mark says the state without its colour. Cameras in store or in transit are left out.",
        (24, 8),
        promql.tiles_by_site(CAMERAS, CAMERA_TILES, SITE_TILES),
        TILES,
        above="place",
    )


def _power() -> str:
    """One tile for each UPS, those that do not run on the mains first."""
    groups = (
        (3, FAULT_MARK, "battery|off"),
        (2, NO_DATA_MARK, "unknown"),
        (1, WARNING_MARK, "bypass|test|other"),
        (0, "", "normal|eco|boost|trim"),
    )
    arms = (
        promql.tile(rank, mark, of("ups_status", status=f"~{status}"))
        for rank, mark, status in groups
    )
    joined = " or ".join(arms)
    return f'sort_desc(label_join({joined}, "tile", " ", "tile", "status"))'


def _strip() -> list[Json]:
    low, critical = (limit / 60 for limit in Limits().ups_runtime)
    more = f"clamp_min({promql.fault_count('fault')} - {SHOWN}, 0)"
    runtime = steps((0, FAULT), (critical, WARNING), (low, OK))
    return [
        tiles(
            "UPS",
            "Where each UPS takes its power from: normal is the mains, battery means that the mains is lost.",
            SMALL,
            _power(),
            TILES,
        ),
        big(
            "Battery time",
            "The shortest time that any UPS would last on battery, by its own estimate.",
            SMALL,
            [f"min({of('ups_runtime_seconds')}) / 60"],
            Looks(unit=MINUTES, thresholds=runtime, decimals=0),
        ),
        tiles(
            "Recorders and links",
            "One tile for each recorder and each link to a site, the worst first, with the same marks.",
            SMALL,
            promql.tiles(f'{ESTATE},kind=~"recorder|link"'),
            TILES,
        ),
        big(
            "Last check",
            "How long ago the last whole sweep (the function check of a shift) ended.",
            SMALL,
            [f"(time() - max({own('sweep_last_timestamp_seconds')})) / 3600"],
            Looks(unit=f"{HOURS} ago", thresholds=steps((0, OK), (13, WARNING)), decimals=0),
        ),
        big(
            "Signed by",
            "How many have signed the sheet of that check.",
            SMALL,
            [f"max({own('sweep_signatures')})"],
            Looks(
                thresholds=steps((0, WARNING), (1, OK)), mappings=[words({0: ("NOBODY", WARNING)})]
            ),
        ),
        big(
            "More faults",
            "Devices at fault for which there is no room above. They stand on the operations page.",
            SMALL,
            [more],
            Looks(thresholds=NONE_IS_WELL),
        ),
    ]
