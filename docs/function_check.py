"""docs/function-check.md: each line of the function check with its check and its tests, from the
table of the code.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.function_check.lines import LINES, Line

HEAD = """\
# Function check

The manual function check of a control room at shift change has the lines C1 to C26. `healthmon sweep --shift` prints
every camera on every line:

| Mark | Meaning |
|---|---|
| pass | checked, and within its limits; `!` is a pass with a warning |
| FAIL | checked, and not within its limits, or an open fault of the agent |
| NOT CHECKED | no result, with the reason; it is neither a pass nor a failure |
| n/a | the line does not apply to the camera, such as pan and tilt of a fixed one |

A line fails if one of its verdicts is a fault. It is not checked if one of them is unknown, or if a needed one is
missing. A line marked *strict* fails by a warning too. An open fault of the agent counts as a fault, whatever the one
check of the sweep has seen. A person checks what is not checked.

Written by `python -m docs` from `healthmon/checks/function_check/lines.py`.
"""
_OWN_ALARMS = """C10 is read where a maker documents a plain request that tells an alarm as it is now. Dahua does
(`eventManager.cgi`, getEventIndexes). What public pages tell of others, searched in November 2026: Axis tells alarms by
its event stream and by event subscription (VAPIX, "Event data streaming", "Open Casing and Faulty Front Window");
Hikvision by `alertStream`, while `/ISAPI/Event/triggers` is configuration; no page was found that documents a read of
alarm states in Bosch's RCP+, and the alarm value of its SNMP tree (1.3.6.1.4.1.3967.1.3.1.1, which Checkmk reads) does
not say which alarm it is, so that it may be motion as well as a covered view. These cameras stay NOT CHECKED on C10.
"""
_SPECIAL = {
    "C20": "the agent's record: power failures of its UPSes and restarts of its recorder since the last shift change",
    "C24": "the agent's record: whether it has worked within 5 minutes, and its own open faults",
}


def page() -> str:
    """The whole page."""
    rows = "\n".join(_row(line) for line in LINES)
    columns = "| Line | Title | Verdicts | Not checked, because | Tests |\n|---|---|---|---|---|"
    return f"{HEAD}\n{_OWN_ALARMS}\n{columns}\n{rows}\n"


def _row(line: Line) -> str:
    tests = ", ".join(_link(name) for name in line.tests)
    return (
        f"| {line.number} | {line.title} | {'; '.join(_verdicts(line))} | {line.later} | {tests} |"
    )


def _verdicts(line: Line) -> Iterator[str]:
    if line.number in _SPECIAL:
        yield _SPECIAL[line.number]
    for source in line.sources:
        yield source.words()
    if line.only:
        yield f"only {line.only} cameras"
    if line.strict:
        yield "*strict*"


def _link(name: str) -> str:
    return f"[{name.rpartition('/')[2]}](../tests/{name})"
