"""The desk's page: what is wrong now, every device in one row, what was held back, and the
hand-over of the shift.
"""

from __future__ import annotations

from dashboards import promql
from dashboards.frame import KIND, SITE, dashboard, listed
from dashboards.looks import (
    DAY_TIME,
    DAYS,
    FAULT_WORDS,
    GOOD_BAD,
    MINUTES,
    NONE_IS_BEST,
    NONE_IS_WELL,
    SEVERITY_WORDS,
    STATE_STEPS,
    STATES,
    Json,
    steps,
    strings,
    words,
)
from dashboards.panels import (
    WEB_PAGE,
    Column,
    Looks,
    Query,
    Rows,
    row,
    stat,
    table,
    timeline,
    to_device,
)
from dashboards.promql import CASE, KINDS, SAME, of, own
from dashboards.runbooks import ALERTS, LINK
from dashboards.runbooks import VARIABLE as RUNBOOKS
from healthmon_exporters.web.palette import FAULT, NO_DATA, OK, WARNING

SHIFT = listed("shift", "Shift", {"12 hours": "43200", "8 hours": "28800", "24 hours": "86400"})
HELD = strings(
    {
        "maintenance": "planned maintenance",
        "parent": "explained by a switch, link or recorder that is lost",
        "site": "part of a lost site",
        "own network": "our own network is down",
        "absent": "in store or in transit",
        "new": "just seen; its cause may show yet",
    }
)
STATE_WORDS = {"mappings": [words(STATES)], "thresholds": STATE_STEPS}
NUMBER = {"unit": "prefix:F"}
WHEN = {"unit": DAY_TIME}
AGO = {"unit": "dateTimeFromNow"}
DEVICE = Column("device", "Device", {"links": [to_device("${__value.text}")]}, 110)
WHAT = Column("code", "What is wrong", {"mappings": [FAULT_WORDS]}, 200)


def page() -> Json:
    """The dashboard healthmon-operations."""
    about = (
        "The operator's page: every device with every check, its faults, and the shift handover."
    )
    panels = [
        *_now(),
        _faults(),
        _devices(),
        row("Shift hand-over: what changed since the shift began"),
        *_shift(),
        row("Held back, and why"),
        _held(),
        _timeline(),
    ]
    return dashboard(
        "healthmon-operations", about, panels, [SITE, KIND, SHIFT, RUNBOOKS], since="now-12h"
    )


def _now() -> list[Json]:
    size = (4, 4)
    unknown = promql.watched(promql.known_maintenance("unknown", KINDS), KINDS)
    return [
        stat(
            "Devices at fault",
            "Devices with an open fault.",
            size,
            promql.fault_count("fault"),
            Looks(thresholds=NONE_IS_WELL),
        ),
        stat(
            "Devices with a warning",
            "Devices with an open warning.",
            size,
            promql.fault_count(severity="warning"),
            Looks(thresholds=NONE_IS_BEST),
        ),
        stat(
            "Not checked",
            "Devices of which nothing is known at present.",
            size,
            f"sum({unknown})",
            Looks(thresholds=NONE_IS_BEST),
        ),
        stat(
            "In maintenance",
            "Devices in a maintenance window now.",
            size,
            f"sum({of('device_maintenance', where=KINDS)})",
            Looks(thresholds=steps((0, OK), (1, NO_DATA))),
        ),
        stat(
            "Blind zones",
            "Zones without a single working camera.",
            size,
            promql.blind_zones(),
            Looks(thresholds=NONE_IS_WELL),
        ),
        stat(
            "Own network",
            "Whether the machine that runs the checks has its network. FAULT: the cameras are not judged.",
            size,
            f"min({own('own_network_ok')})",
            Looks(thresholds=steps((0, FAULT), (1, OK)), mappings=[words(GOOD_BAD)]),
        ),
    ]


def _faults() -> Json:
    active = of("fault_active", where=KINDS)
    info = of("device_info", where=KINDS)
    began = f"{of('fault_since_timestamp_seconds', where=KINDS)} and {CASE} {active}"
    labels = "name, location, contractor, web"
    told = f"{active} * {SAME} group_left ({labels}) {info} or {active} unless {SAME} {info}"
    return table(
        "Faults now",
        "Every open fault and warning: by priority, then the newest first. Device, web page and "
        "runbook are links.",
        (24, 9),
        [
            f'label_replace({promql.keyed(told)}, "alert", "$1", "code", "(.+)")',
            _by_case(f"{of('fault_number', where=KINDS)} and {CASE} {active}"),
            f"{_by_case(began)} * 1000",
            _by_case(of("fault_acknowledged", where=KINDS)),
            _by_case(_urgency(began)),
        ],
        [
            Column("priority", "Priority", {}, 80),
            Column("severity", "State", {"mappings": SEVERITY_WORDS}, 100, paint=True),
            Column("Value #B", "Fault", NUMBER, 90),
            DEVICE,
            Column("name", "Name", {}, 230),
            WHAT,
            Column("Value #C", "Since", WHEN, 160),
            Column(
                "Value #D",
                "Taken on",
                {"mappings": [words({0: ("no", WARNING), 1: ("yes", OK)})]},
                90,
            ),
            Column("site", "Site", {}, 110),
            Column("location", "Where", {}),
            Column("contractor", "Contractor", {}, 110),
            Column("web", "Web page", WEB_PAGE, 180),
            Column("alert", "Runbook", {"links": [LINK], "mappings": [ALERTS]}, 220),
        ],
        rows=Rows(
            key="case",
            sort=("Value #E", True),
            nothing="No fault is known. If the numbers above say NO DATA, nothing is known at all.",
        ),
    )


def _by_case(expression: str) -> str:
    return f"max by (case) ({promql.keyed(expression)})"


def _urgency(began: str) -> str:
    """What orders the faults: the priority, then the time of the beginning."""
    arms = (
        f"{5 - priority}e10 * {of('fault_active', where=KINDS, priority=f'P{priority}')}"
        for priority in (1, 2, 3, 4)
    )
    weighed = " or ".join(arms)
    return f"({weighed}) + {CASE} group_left () ({began})"


# Heading -> the checks whose worst verdict stands under it.
CHECKED = {
    "Answers": "reach",
    "Pictures": "stream",
    "Picture content": "picture",
    "Pan, tilt": "pan_tilt",
    "Clock": "clock",
    "Recorded": "recording|playback",
    "Recorder": "recorder",
    "Computer": "host",
    "Power": "ups",
    "Identity": "identity",
    "Certificate": "certificate",
    "Port": "port",
    "Link, relay": "link|relay",
}
# Checks that were added by another package.
CHECKED["Others"] = f"!~{'|'.join(CHECKED.values())}"
FIRST_CHECK = ord("G")


def _devices() -> Json:
    info = promql.of("device_info", where=KINDS)
    ends = f"min by (device) ({of('certificate_expiry_timestamp_seconds', where=KINDS)})"
    queries = [
        f"max by (device, name, kind, variant, site, web) ({info})",
        f"max by (device) ({promql.state_number(KINDS)})",
        f"max by (device) ({of('check_last_success_timestamp_seconds', where=KINDS)}) * 1000",
        f"min by (device) ({of('fault_since_timestamp_seconds', where=KINDS)}) * 1000",
        f"max by (device) ({of('fault_number', where=KINDS)})",
        f"max by (device) ({of('device_maintenance', where=KINDS)})",
        *(promql.verdict(check_types, KINDS) for check_types in CHECKED.values()),
        f"({ends} - time()) / 86400",
    ]
    columns = [
        Column("Value #B", "State", STATE_WORDS, 100, paint=True),
        DEVICE,
        Column("name", "Name", {}, 230),
        *(
            Column(f"Value #{chr(FIRST_CHECK + n)}", heading, STATE_WORDS, 95, paint=True)
            for n, heading in enumerate(CHECKED)
        ),
        Column("Value #C", "Last answer", AGO, 130),
        Column("Value #D", "At fault since", WHEN, 160),
        Column("Value #E", "Fault", NUMBER, 90),
        Column(
            "Value #F",
            "Works",
            {"mappings": [words({0: ("", OK), 1: ("maintenance", NO_DATA)})]},
            110,
        ),
        Column(
            f"Value #{chr(FIRST_CHECK + len(CHECKED))}",
            "Certificate ends in",
            {"unit": DAYS, "decimals": 0},
            140,
        ),
        Column("site", "Site", {}, 100),
        Column("kind", "Kind", {}, 90),
        Column("variant", "Type", {}, 90),
        Column("web", "Web page", WEB_PAGE),
    ]
    about = (
        "One row for each device, the worst first. A column shows the verdict of its checks, not whether they were "
        "answered. NO DATA: there is no fresh result. -: the device has no such check."
    )
    return table("Every device", about, (24, 16), queries, columns, rows=Rows(sort=("State", True)))


def _shift() -> list[Json]:
    active, began = (
        of("fault_active", where=KINDS),
        of("fault_since_timestamp_seconds", where=KINDS),
    )
    before = f"last_over_time({active}[${{shift}}s])"
    what = [DEVICE, Column("site", "Site", {}, 120), WHAT]
    down = promql.alive(f"((1 - avg_over_time({of('device_up', where=KINDS)}[${{shift}}s])) > 0)")
    battery = promql.alive(
        f"(max_over_time({of('ups_on_battery_seconds', where=KINDS)}[${{shift}}s]) > 0)"
    )
    return [
        table(
            "New in this shift",
            "Faults that began since the shift began and are still open.",
            (8, 9),
            [f"({began} > time() - $shift) * 1000 and {CASE} {active}"],
            [*what, Column("Value", "Since", WHEN, 160)],
            rows=Rows(sort=("Since", True), nothing="Nothing new is known."),
        ),
        table(
            "Over in this shift",
            "Faults that ended since the shift began.",
            (8, 9),
            [promql.alive(f"({before} unless {CASE} {active})")],
            what,
            rows=Rows(nothing="Nothing has ended, or nothing is known."),
        ),
        table(
            "Out of reach in this shift",
            "The share of the shift in which a device did not answer. Time in which nothing was known is left out.",
            (4, 9),
            [down],
            [DEVICE, Column("Value", "Share", {"unit": "percentunit", "decimals": 1, "max": 1})],
            rows=Rows(sort=("Share", True), nothing="None, or nothing is known."),
        ),
        table(
            "On battery in this shift",
            "The longest time that each UPS ran on battery since the shift began.",
            (4, 9),
            [f"({battery}) / 60"],
            [DEVICE, Column("Value", "Longest", {"unit": MINUTES, "decimals": 0})],
            rows=Rows(nothing="None, or nothing is known."),
        ),
    ]


def _held() -> Json:
    return table(
        "Held back",
        "Faults that are known but held back, because something else explains them.",
        (10, 10),
        [of("fault_held", where=KINDS)],
        [
            DEVICE,
            Column("site", "Site", {}, 120),
            WHAT,
            Column("reason", "Why", {"mappings": [HELD]}),
        ],
        rows=Rows(nothing="Nothing is held back, or nothing is known."),
    )


def _timeline() -> Json:
    number = promql.state_number(KINDS)
    faulty = (
        f"max_over_time({of('device_state', state='fault', where=KINDS)}[$__range] @ end()) == 1"
    )
    return timeline(
        "Devices that were at fault",
        "The states of every device that was at fault at some time of the chosen range. Gaps: nothing was known.",
        (14, 10),
        [Query(f"({number}) and {SAME} ({faulty})")],
        Looks(thresholds=STATE_STEPS, mappings=[words(STATES)]),
    )
