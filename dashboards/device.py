"""One device: what it is, how it is, its history, its clock with the band of error, streams, UPS,
recording, faults.
"""

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
from dashboards.panels import (
    WEB_PAGE,
    Column,
    Looks,
    Query,
    Rows,
    override,
    row,
    stat,
    table,
    timeline,
)
from dashboards.promql import CASE, DEVICE
from dashboards.runbooks import ALERTS, LINK
from dashboards.runbooks import VARIABLE as RUNBOOKS
from healthmon.checks.evaluation.codes import CODES


def page() -> Json:
    """The dashboard healthmon-device."""
    about = "Everything that is known of one device, now and over time."
    panels = [
        *_who(),
        *_states(),
        row("Clock of a camera or recorder", history.clock()),
        row("Camera: pictures and network", history.stream()),
        row("Camera: its picture", history.picture()),
        row("Camera: its recording", history.recording()),
        row("Recorder: disks, temperature, load", history.recorder()),
        row("UPS", history.ups()),
        row("Switch, link, 4G: ports, relay, data", history.links()),
    ]
    return dashboard("healthmon-device", about, panels, [SITE, CHOSEN, RUNBOOKS], since="now-24h")


def _who() -> list[Json]:
    labels = (
        "device, name, kind, variant, site, location, contractor, priority, vendor, model, "
        "firmware, deployment, web"
    )
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
            "Name, place and identity, from config.yaml and from the device. The web page is the device's own.",
            (20, 4),
            [f"max by ({labels}) ({mine('device_info')})"],
            columns,
        ),
    ]


# What a check is called in the rows of the state over time.
TITLES = {
    "reach": "answers",
    "stream": "pictures {{part}}",
    "picture": "picture content {{part}}",
    "pan_tilt": "pan and tilt",
    "clock": "clock",
    "recording": "recorded by {{part}}",
    "playback": "played by {{part}}",
    "recorder": "recorder",
    "host": "computer",
    "ups": "power",
    "identity": "identity",
    "certificate": "certificate {{part}}",
    "port": "port of {{part}}",
    "link": "link",
    "relay": "hands over {{part}}",
}


def _states() -> list[Json]:
    queries = [
        Query(promql.state_number(DEVICE), "the device"),
        *(
            Query(mine("check_verdict", check=check_type), title)
            for check_type, title in TITLES.items()
        ),
        # Checks that were added by another package.
        Query(mine("check_verdict", check=f"!~{'|'.join(TITLES)}"), "{{check}} {{part}}"),
        Query(f"2 * ({mine('device_maintenance')} == 1)", "in maintenance"),
    ]
    return [
        timeline(
            "State over time",
            "The verdict on the device and of each of its checks. A gap: nothing was known. In maintenance stands as "
            "NO DATA.",
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
        "The open faults. The runbook gives the meaning of a fault, the first checks and the people to call.",
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
        rows=Rows(
            key="code",
            nothing="No fault is known. If the state says NO DATA, nothing is known at all.",
        ),
    )


def _checks() -> Json:
    def by_check(expression: str) -> str:
        return f'max by (what) (label_join({expression}, "what", " ", "check", "part"))'

    return table(
        "Checks",
        "Every check of the device: the verdict on its last result, when that came, how long it took, and how many "
        "runs gave no value in the chosen time.",
        (12, 6),
        [
            by_check(mine("check_verdict")),
            by_check(mine("check_last_run_timestamp_seconds")) + " * 1000",
            by_check(mine("check_duration_seconds")),
            by_check(promql.alive(f"increase({mine('check_runs_total')}[$__range])")),
            by_check(promql.alive(f"increase({mine('check_failures_total')}[$__range])")),
        ],
        [
            Column("what", "Check"),
            Column("Value #A", "Verdict", {"mappings": [words(STATES)]}, 110, paint=True),
            Column("Value #B", "When", {"unit": "dateTimeFromNow"}, 140),
            Column("Value #C", "Took", {"unit": "s", "decimals": 2}, 90),
            Column("Value #D", "Runs", {"decimals": 0}, 80),
            Column("Value #E", "Without value", {"decimals": 0}, 120),
        ],
        rows=Rows(key="what"),
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
