"""The queries that several pages share, as text. $job, $site and $kind are dashboard variables.

Nothing here may be calm when monitoring is dead: a count is a sum of 0/1 over series that exist (`sum(x == bool 1)`),
never `count(...) or vector(0)`, and what says "none" is tied to series that exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import starmap

from dashboards.looks import FAULT_MARK, NO_DATA_MARK, WARNING_MARK, WORKS_MARK

JOB = 'job=~"$job"'
ESTATE = f'{JOB},site=~"$site"'
KINDS = f'{ESTATE},kind=~"$kind"'
DEVICE = f'{JOB},device="$device"'
CAMERAS = f'{ESTATE},kind="camera"'
SAME = "on (job, instance, device)"
CASE = "on (job, instance, device, code)"


def of(name: str, *, where: str = ESTATE, **labels: str) -> str:
    """The series healthmon_`name` of the chosen sites; a value that begins with ~ is a regular expression."""
    return f"healthmon_{name}{{{','.join((where, *starmap(_matcher, labels.items())))}}}"


def _matcher(label: str, value: str) -> str:
    return f'{label}=~"{value[1:]}"' if value.startswith("~") else f'{label}="{value}"'


def own(name: str, **labels: str) -> str:
    """The agent's own series healthmon_`name`."""
    return of(name, where=JOB, **labels)


def alive(expression: str) -> str:
    """`expression` only while the agent answers; for queries that look back in time."""
    return f"{expression} and on (job, instance) {own('build_info')}"


def hourly(counter: str) -> str:
    """How much `counter` has grown within an hour, while the agent answers."""
    return alive(f"increase({counter}[1h])")


def state_number(where: str) -> str:
    """0 OK, 1 warning, 2 no data, 3 fault, for each device."""
    fault, unknown, degraded = (
        of("device_state", state=word, where=where) for word in ("fault", "unknown", "degraded")
    )
    return f"3 * {fault} + ignoring (state) 2 * {unknown} + ignoring (state) {degraded}"


def watched(expression: str, where: str = ESTATE) -> str:
    """`expression` without devices that are switched off, in store or in transit."""
    deployed = of("device_info", deployment="deployed", where=where)
    return f"{expression} and {SAME} {deployed}"


def known_maintenance(state: str, where: str) -> str:
    """1 for each device in `state` outside maintenance, 0 for the others."""
    now = of("device_state", state=state, where=where)
    return f"{now} > bool ignoring (state) {of('device_maintenance', where=where)}"


def tiles(where: str) -> str:
    """One row for each device, worst first, its label `tile` being mark and id; OK has no mark."""
    arms = [
        _tile(3, FAULT_MARK, of("device_state", state="fault", where=where)),
        _tile(2, NO_DATA_MARK, of("device_state", state="unknown", where=where)),
        _tile(1, WARNING_MARK, of("device_state", state="degraded", where=where)),
        _tile(0, "", of("device_state", state="ok", where=where)),
    ]
    works = _tile(0.5, WORKS_MARK, of("device_maintenance", where=where))
    states = " or ".join(arms)
    shown = watched(f"({works} or {SAME} ({states}))", where)
    return f"sort_desc({shown})"


def _tile(value: float, mark: str, series: str) -> str:
    text = f"{mark} $1" if mark else "$1"
    return f'label_replace({value} * ({series} == 1), "tile", "{text}", "device", "(.+)")'


def urgent_faults(most: int) -> str:
    """The `most` devices with the most urgent faults: by priority, then the newest first."""
    weighed = " or ".join(
        f"{weight}e10 * " + of("fault_active", severity="fault", priority=f"P{priority}")
        for priority, weight in ((1, 4), (2, 3), (3, 2), (4, 1))
    )
    newest = f"({weighed}) + {CASE} group_left () {of('fault_since_timestamp_seconds')}"
    return f"topk({most}, max by (job, instance, device) ({newest} or {CASE} ({weighed})))"


def named(expression: str) -> str:
    """`expression` with a label `tile` that says which device: id and name, or what else it is."""
    info = of("device_info")
    known = (
        f'label_join({expression} * {SAME} group_left (name) {info}, "tile", " ", "device", "name")'
    )
    others = f"({expression} unless {SAME} {info})"
    agent = f'label_replace({others}, "tile", "THE MONITOR ITSELF", "device", "healthmon")'
    site = f'label_replace({agent}, "tile", "WHOLE SITE $1", "device", "site:(.+)")'
    return f"{known} or {site}"


def or_none(expression: str, text: str) -> str:
    """`expression`; where it gives nothing, one row that says so, and how many devices are not checked."""
    unchecked = f"sum({watched(known_maintenance('unknown', ESTATE))})"
    well = f'label_replace({unchecked} == 0, "tile", "{text}", "", "")'
    blind = f'label_replace(count_values("n", {unchecked} > 0), "tile", "{text}, $1 NOT CHECKED", "n", "(.+)")'
    return f"{expression} or on () {well} or on () {blind}"


def mostly(known: str, every: str) -> str:
    """True while at least half of `every` has a series in `known`: only then a zero means that all is well."""
    return f"2 * count({known}) >= count({every})"


def mostly_checked(where: str = ESTATE) -> str:
    """True while at least half of the watched devices are known."""
    unknown = watched(of("device_state", state="unknown", where=where), where)
    return mostly(f"({unknown}) == 0", unknown)


def seen(number: str, condition: str) -> str:
    """`number`; its zero only under `condition` (of `mostly`), else no data: nobody may be calm who sees little."""
    return f"({number} > 0) or ({number} and on () ({condition}))"


def numbered(name: str, label: str, values: Iterable[str], by: str, where: str) -> str:
    """For each `by` which of `values` its state set healthmon_`name` is in: 0, 1, 2 ... in the order of `values`."""
    arms = (f"{n} * {of(name, where=where, **{label: value})}" for n, value in enumerate(values))
    return f"sum by ({by}) ({' or '.join(arms)})"


def asked(value: str, question: str, where: str) -> str:
    """`value` by device; -1 where the question is asked but there is no fresh result."""
    put = of("check_last_run_timestamp_seconds", check=question, where=where)
    return f"({value}) or on (device) -1 * max by (device) ({put} >= bool 0)"


def blind_zones() -> str:
    """How many zones no working camera looks at."""
    return f"(count({own('blind_zone')} == 1) or on () 0 * ({mostly_checked()}))"


def fault_count(severity: str) -> str:
    """How many devices have a fault that people are told of."""
    devices = f"count by (job, instance, device) ({of('fault_active', severity=severity)})"
    return f"(count({devices}) or on () 0 * ({mostly_checked()}))"
