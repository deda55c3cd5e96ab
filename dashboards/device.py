"""One device: what it is, how it is, its history, its clock with the band of error, streams, UPS, recording, faults."""

from __future__ import annotations

from dashboards import history, promql
from dashboards.frame import DEVICE as CHOSEN
from dashboards.frame import SITE, dashboard
from dashboards.history import mine
from dashboards.looks import (
    FAULT_WORDS,
    SEVERITY_WORDS,
    STATE_STEPS,
    STATES,
    Json,
    words,
)
from dashboards.operations import NUMBER, WHEN
from dashboards.panels import WEB_PAGE, Column, Looks, Query, override, row, stat, table, timeline
from dashboards.promql import CASE, DEVICE
from dashboards.runbooks import ALERTS, LINK
from dashboards.runbooks import VARIABLE as RUNBOOKS
from healthmon.verdict.codes import CODES
from healthmon_exporters.palette import NO_DATA, OK


def page() -> Json:
    """The dashboard healthmon-device."""
    about = "Everything that is known of one device, now and over time."
    panels = [
        *_who(),
        row("Now and before"),
        *_states(),
        row("Clock"),
        *history.clock(),
        row("Pictures and network"),
        *history.stream(),
        row("Recording"),
        *history.recording(),
        row("UPS"),
        *history.ups(),
        row("Links and 4G"),
        *history.links(),
    ]
    return dashboard("healthmon-device", about, panels, [SITE, CHOSEN, RUNBOOKS], since="now-24h")


def _who() -> list[Json]:
    labels = "device, name, kind, variant, site, location, contractor, priority, vendor, model, firmware, deployment, web"
    heads = {
        "device": "Device",
        "name": "Name",
        "web": "Web page",
        "kind": "Kind",
        "variant": "Type",
        "site": "Site",
        "location": "Where",
        "contractor": "Contractor",
        "priority": "Priority",
        "vendor": "Make",
        "model": "Model",
        "firmware": "Firmware",
        "deployment": "State",
    }
    columns = [
        Column(source, heading, WEB_PAGE if source == "web" else {})
        for source, heading in heads.items()
    ]
    return [
        stat(
            "State",
            "How the device is now: the worst of its checks. NO DATA: nothing is known.",
            (4, 4),
            promql.state_number(DEVICE),
            Looks(thresholds=STATE_STEPS, mappings=[words(STATES)]),
        ),
        table(
            "Who it is",
            "What config.yaml says of the device and what it says of itself. The web page is the device's own.",
            (20, 4),
            [f"max by ({labels}) ({mine('device_info')})"],
            columns,
        ),
    ]


def _states() -> list[Json]:
    clock = mine("clock_state", state="ok")
    lost = mine("ups_status", status="~battery|off")
    queries = [
        Query(promql.state_number(DEVICE), "the device"),
        Query(f"3 - 3 * {mine('device_up')}", "answers"),
        Query(f"3 - 3 * {mine('stream_up')}", "pictures {{stream}}"),
        Query(
            f"1 - {clock} unless on (job, instance, device) {mine('clock_state', state='unknown')} == 1",
            "clock",
        ),
        Query(
            f"3 - 3 * max by (recorder, channel) ({mine('recording_active')})",
            "recorded by {{recorder}}",
        ),
        Query(f"3 - 3 * {mine('relay_up')}", "hands over {{camera}}"),
        Query(f"3 * sum by (job, instance, device) ({lost})", "on mains"),
        Query(f"2 * ({mine('device_maintenance')} == 1)", "in maintenance"),
    ]
    return [
        timeline(
            "State over time",
            "The state of the device and of each check. A gap: nothing was known. In maintenance stands as NO DATA.",
            (24, 8),
            queries,
            Looks(thresholds=STATE_STEPS, mappings=[words(STATES)]),
        ),
        _faults(),
        _checks(),
        _events(),
    ]


def _faults() -> Json:
    active = mine("fault_active")
    told = f'label_replace({active}, "alert", "$1", "code", "(.+)")'
    return table(
        "Faults now",
        "The faults that people are told of. The runbook says what it means, what to check and whom to call.",
        (12, 6),
        [
            f"max by (code, severity, priority, alert) ({told})",
            f"max by (code) ({mine('fault_number')} and {CASE} {active})",
            f"max by (code) ({mine('fault_since_timestamp_seconds')} and {CASE} {active}) * 1000",
        ],
        [
            Column("severity", "State", {"mappings": SEVERITY_WORDS}, 100, paint=True),
            Column("code", "What is wrong", {"mappings": [FAULT_WORDS]}),
            Column("priority", "Priority", {}, 80),
            Column("Value #B", "Fault", NUMBER, 90),
            Column("Value #C", "Since", WHEN, 160),
            Column("alert", "Runbook", {"links": [LINK], "mappings": [ALERTS]}, 220),
        ],
        key="code",
        nothing="No fault is known. If the state says NO DATA, nothing is known at all.",
    )


def _checks() -> Json:
    check = 'label_join({}, "look", " ", "check", "part")'

    def by_look(expression: str) -> str:
        return f"max by (look) ({check.format(expression)})"

    success = {"mappings": [words({0: ("no answer", NO_DATA), 1: ("OK", OK)})]}
    return table(
        "Checks",
        "Every question that is put to the device: whether the last look gave an answer, when, and how long it took.",
        (12, 6),
        [
            by_look(mine("check_success")),
            by_look(mine("check_last_run_timestamp_seconds")) + " * 1000",
            by_look(mine("check_duration_seconds")),
            by_look(promql.alive(f"increase({mine('check_runs_total')}[$__range])")),
            by_look(promql.alive(f"increase({mine('check_failures_total')}[$__range])")),
        ],
        [
            Column("look", "Check"),
            Column("Value #A", "Last look", success, 110, paint=True),
            Column("Value #B", "When", {"unit": "dateTimeFromNow"}, 140),
            Column("Value #C", "Took", {"unit": "s", "decimals": 2}, 90),
            Column("Value #D", "Looks", {"decimals": 0}, 80),
            Column("Value #E", "Without answer", {"decimals": 0}, 120),
        ],
        key="look",
    )


def _events() -> Json:
    told = [
        Query(f"3 * {mine('fault_active', severity='fault')}", "{{code}}"),
        Query(mine("fault_active", severity="warning"), "{{code}} (warning)"),
        Query(
            f"2 * max by (code, reason) ({mine('fault_held')})", "{{code}} held back: {{reason}}"
        ),
    ]
    made = timeline(
        "Events: faults over time",
        "When each fault began and ended. Held back: known, but something else explains it.",
        (24, 6),
        told,
        Looks(
            thresholds=STATE_STEPS,
            mappings=[words(STATES)],
            nothing="No fault in this time, or nothing is known.",
        ),
    )
    made["fieldConfig"]["overrides"] = [
        override(code, displayName=known.title) for code, known in CODES.items()
    ]
    return made
