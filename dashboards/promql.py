"""The queries that several pages share, as text. $job, $site and $kind are dashboard variables.

Nothing here may be calm when monitoring is dead: a count is a sum of 0/1 over series that exist
(`sum(x == bool 1)`), never `count(...) or vector(0)`, and what says "none" is tied to series that
exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import starmap

from dashboards.looks import FAULT_MARK, KEPT, NO_DATA_MARK, WARNING_MARK, WORKS_MARK

JOB = 'job=~"$job"'
ESTATE = f'{JOB},site=~"$site"'
KINDS = f'{ESTATE},kind=~"$kind"'
DEVICE = f'{JOB},device="$device"'
CAMERAS = f'{ESTATE},kind="camera"'
SAME = "on (job, instance, device)"
CASE = "on (job, instance, device, code)"


def of(name: str, *, where: str = ESTATE, **labels: str) -> str:
    """The series healthmon_`name` of the chosen sites; a value that begins with ~ is a regular
    expression, with !~ one that must not match.
    """
    return f"healthmon_{name}{{{','.join((where, *starmap(_matcher, labels.items())))}}}"


def _matcher(label: str, value: str) -> str:
    if value.startswith("!~"):
        return f'{label}!~"{value[2:]}"'
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
    return f"sort_desc({_device_tiles(where)})"


def _device_tiles(where: str) -> str:
    arms = [
        tile(3, FAULT_MARK, of("device_state", state="fault", where=where)),
        tile(2, NO_DATA_MARK, of("device_state", state="unknown", where=where)),
        tile(1, WARNING_MARK, of("device_state", state="degraded", where=where)),
        tile(0, "", of("device_state", state="ok", where=where)),
    ]
    works = tile(0.5, WORKS_MARK, of("device_maintenance", where=where))
    states = " or ".join(arms)
    return watched(f"({works} or {SAME} ({states}))", where)


def tile(value: float, mark: str, series: str) -> str:
    """`value` for each device of which `series` is 1, with its mark and id as label `tile`."""
    return f'label_replace({value} * ({series} == 1), "tile", "{marked(mark, "$1")}", "device", "(.+)")'


def marked(mark: str, text: str) -> str:
    """`text` behind the mark of its state, never on two lines."""
    return f"{mark}{KEPT}{text}" if mark else text


def tiles_by_site(where: str, most: int, sites: int) -> str:
    """`tiles` up to `most` devices; beyond that the `sites` worst sites, each with how many of how
    many are in its worst state.
    """
    every = f"count({watched(of('device_info', where=where), where)})"
    each = f'label_replace({_device_tiles(where)}, "place", "{KEPT}", "", "") and on () ({every} <= {most})'
    return f"sort_desc({each} or topk({sites}, {_site_tiles(where)}) and on () ({every} > {most}))"


def _site_tiles(where: str) -> str:
    info = watched(of("device_info", where=where), where)
    total = f'count_values by (site) ("total", count by (site) ({info}))'
    ranks = (
        (3, FAULT_MARK, "fault"),
        (2, NO_DATA_MARK, "unknown"),
        (1, WARNING_MARK, "degraded"),
        (0, "", "ok"),
    )
    arms = (_site_tile(f"{rank}e4", mark, state, where) for rank, mark, state in ranks)
    joined = f"({' or on (site) '.join(arms)}) * on (site) group_left (total) {total}"
    shown = f'label_join({joined}, "tile", "/", "tile", "total")'
    return f'label_replace({shown}, "place", "$1", "site", "(.{{0,{SITE_LETTERS}}}).*")'


def _site_tile(rank: str, mark: str, state: str, where: str) -> str:
    number = f"sum by (site) ({watched(known_maintenance(state, where), where)})"
    worst = (
        f'({rank} + {number}) * on (site) group_left (n) count_values by (site) ("n", {number} > 0)'
    )
    return f'label_replace({worst}, "tile", "{marked(mark, "$1")}", "n", "(.+)")'


def urgent_faults(most: int) -> str:
    """The `most` devices with the most urgent faults: by priority, then the newest first; of each
    device the most urgent one.
    """
    weighed = " or ".join(
        f"{weight}e10 * " + of("fault_active", severity="fault", priority=f"P{priority}")
        for priority, weight in ((1, 4), (2, 3), (3, 2), (4, 1))
    )
    newest = f"({weighed}) + {CASE} group_left () {of('fault_since_timestamp_seconds')}"
    return f"topk({most}, topk by (job, instance, device) (1, {newest} or {CASE} ({weighed})))"


LONGEST = 26
SITE_LETTERS = 8


def named(expression: str) -> str:
    """`expression` with a label `tile` that says which device: id and name, or what else it is; cut
    where it is longer than `LONGEST`, so that no name makes the others small.
    """
    info = of("device_info")
    known = (
        f'label_join({expression} * {SAME} group_left (name) {info}, "tile", " ", "device", "name")'
    )
    others = f"({expression} unless {SAME} {info})"
    agent = f'label_replace({others}, "tile", "THE MONITOR ITSELF", "device", "healthmon")'
    site = f'label_replace({agent}, "tile", "WHOLE SITE $1", "device", "site:(.+)")'
    long = f"(.{{{LONGEST - 1}}}).{{2,}}"
    return f'label_replace({known} or {site}, "tile", "$1…", "tile", "{long}")'


def keyed(expression: str) -> str:
    """`expression` with a label `case`: device and code, by which the queries of a table join."""
    return f'label_join({expression}, "case", "/", "device", "code")'


def or_none(expression: str, text: str) -> str:
    """`expression`; where it gives nothing, one row: while the agent starts how far it is, how much
    was bad once and is checked again, or `text` with how many devices are not checked.
    """
    info = watched(of("device_info"), ESTATE)
    doubtful = f"sum({watched(known_maintenance('fault', ESTATE))})"
    known = f'count_values("n", count({info}) - {_unchecked()})'
    started = f'{known} * on () group_left (total) count_values("total", count({info}))'
    started = f'label_join({started}, "tile", " of ", "n", "total") and on () ({young()})'
    arms = (
        f'label_replace({started}, "tile", "STARTING: $1 CHECKED", "tile", "(.+)")',
        f'label_replace(count_values("n", {doubtful} > 0), "tile", "$1 IN DOUBT, CHECKED AGAIN", "n", "(.+)")',
        _nothing(text),
    )
    return f"{expression} or on () {no_case(' or on () '.join(arms))}"


def or_no_more(expression: str, text: str) -> str:
    """`expression`; where it gives nothing, `text` with how many devices are not checked."""
    return f"{expression} or on () {no_case(_nothing(text))}"


def _unchecked() -> str:
    return f"sum({watched(known_maintenance('unknown', ESTATE))})"


def _nothing(text: str) -> str:
    well = f'label_replace({_unchecked()} == 0, "tile", "{text}", "", "")'
    some = f'count_values("n", {_unchecked()} > 0)'
    return f'{well} or on () label_replace({some}, "tile", "{text}, $1 NOT CHECKED", "n", "(.+)")'


def no_case(expression: str) -> str:
    """`expression` as the row of no fault."""
    return f'label_replace(label_replace({expression}, "code", "none", "", ""), "case", "none", "", "")'


def young() -> str:
    """True while the agent has run for less than a quarter of an hour and not every check has had
    its first result.
    """
    ran = of("check_last_run_timestamp_seconds")
    waiting = f"{of('check_verdict')} unless on (job, instance, device, check, part) {ran}"
    start = f"process_start_time_seconds{{{JOB}}} and on (job, instance) {own('build_info')}"
    return f"count({waiting}) > 0 and on () (time() - max({start}) < 900)"


def of_agents(series: str) -> str:
    """`series` of Prometheus about its targets, of those only that are agents or were within the
    chosen time: Prometheus and Alertmanager are targets too.
    """
    seen_agents = f"group by (job) (last_over_time({own('build_info')}[$__range]))"
    return f"{series} and on (job) {seen_agents}"


def mostly(known: str, every: str) -> str:
    """True while at least half of `every` has a series in `known`: only then a zero means that all
    is well.
    """
    return f"2 * count({known}) >= count({every})"


def mostly_checked(where: str = ESTATE) -> str:
    """True while at least half of the watched devices are known."""
    unknown = watched(of("device_state", state="unknown", where=where), where)
    return mostly(f"({unknown}) == 0", unknown)


def seen(number: str, condition: str) -> str:
    """`number`; its zero only under `condition` (of `mostly`), else no data: nobody may be calm who
    sees little.
    """
    return f"({number} > 0) or ({number} and on () ({condition}))"


def numbered(name: str, label: str, values: Iterable[str], by: str, where: str) -> str:
    """For each `by` which of `values` its state set healthmon_`name` is in: 0, 1, 2 ... in the
    order of `values`.
    """
    arms = (f"{n} * {of(name, where=where, **{label: value})}" for n, value in enumerate(values))
    return f"sum by ({by}) ({' or '.join(arms)})"


def verdict(check_types: str, where: str) -> str:
    """The worst verdict of the checks, by device: 0 OK, 1 warning, 2 no data, 3 fault; none where
    the device has no such check.
    """
    chosen = check_types if check_types.startswith("!~") else f"~{check_types}"
    return f"max by (device) ({of('check_verdict', check=chosen, where=where)})"


def blind_zones() -> str:
    """How many zones no working camera looks at."""
    return f"(count({own('blind_zone')} == 1) or on () 0 * ({mostly_checked()}))"


def fault_count(severity: str) -> str:
    """How many devices have a fault that people are told of."""
    devices = f"count by (job, instance, device) ({of('fault_active', severity=severity)})"
    return f"(count({devices}) or on () 0 * ({mostly_checked()}))"
