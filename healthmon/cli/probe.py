"""``healthmon probe DEVICE --explain``: requests, answers, measurements, verdicts and metrics."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import typer

from healthmon.checks import registry
from healthmon.cli import overrides
from healthmon.cli.console import fail, read_watched
from healthmon.cli.json_rows import ProbeRow, StateName, VerdictRow, moment, print_rows
from healthmon.cli.loop import run_loop
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import suggest
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, State
from healthmon.model.results import CheckResult
from healthmon.protocols.trace import Trace
from healthmon.runtime import engine as composition
from healthmon.runtime.engine import CheckEngine
from healthmon_exporters.reports.run_text import run_text

STATES: Final[dict[State, StateName]] = {
    State.OK: "ok",
    State.DEGRADED: "degraded",
    State.UNKNOWN: "unknown",
    State.FAULT: "fault",
}
_CODES = {State.OK: 0, State.DEGRADED: 1, State.FAULT: 1, State.UNKNOWN: 2}
_CODES_BY_NAME = {STATES[state]: code for state, code in _CODES.items()}


def probe(
    device: str,
    config: Path | None,
    check_type: str | None,
    *,
    explain: bool = False,
    as_json: bool = False,
) -> None:
    """The checks of one device."""
    _, loaded = read_watched(config)
    engine = composition.build(loaded, overrides.known(loaded))
    if device not in engine.estate.devices:
        raise fail(
            f"{device}: no such device in the configuration{suggest(device, engine.estate.devices)}"
        )
    known = registry.installed().check_types
    if check_type is not None and check_type not in set(known):
        words = f"{suggest(check_type, known)}; choose one of {', '.join(known)}"
        raise fail(f"--check {check_type}: no such check{words}")
    if as_json:
        rows = run_loop(rows_of(engine, device, check_type))
        print_rows(rows)
        states = (verdict.state for row in rows for verdict in row.verdicts)
        raise typer.Exit(_exit_code(_CODES_BY_NAME[state] for state in states) if rows else 2)
    text, code = run_loop(explanation(engine, device, check_type, notes=explain))
    sys.stdout.write(text)
    raise typer.Exit(code)


async def explanation(
    engine: CheckEngine, device: str, check_type: str | None, *, notes: bool
) -> tuple[str, int]:
    """The text for the terminal and the exit code (0 OK, 1 fault or warning, 2 not checked)."""
    checks = _checks(engine, device, check_type)
    if not checks:
        where = "(see its ports and `disabled` in the configuration)"
        return f"{device} has no check {check_type or 'at all'} {where}\n", 2
    lines: list[str] = []
    worst: set[int] = set()
    async for result, trace in _runs(engine, checks, notes=notes):
        worst |= {_CODES[v.state] for v in result.verdicts}
        lines += run_text(engine.estate.devices[device], result, trace)
    return "\n".join(lines) + "\n", _exit_code(worst)


async def rows_of(engine: CheckEngine, device: str, check_type: str | None) -> list[ProbeRow]:
    """The same for a program."""
    checks = _checks(engine, device, check_type)
    zone = ZoneInfo(engine.estate.config.estate.time_zone)
    return [_row(result, zone) async for result, _ in _runs(engine, checks, notes=False)]


def _row(result: CheckResult, zone: ZoneInfo) -> ProbeRow:
    check, seen = result.check, result.observation
    verdicts = tuple(
        VerdictRow(
            one.aspect,
            STATES[one.state],
            one.code,
            one.sentence,
            one.value,
            str(one.reason) if one.reason else None,
        )
        for one in result.verdicts
    )
    at = moment(seen.at, zone)
    return ProbeRow(str(check.check_type), check.instance, at, round(seen.duration, 3), verdicts)


def _checks(engine: CheckEngine, device: str, check_type: str | None) -> list[Check]:
    known = engine.estate.checks_of.get(device, ())
    return [check for check in known if check_type in (None, check.check_type)]


def _exit_code(codes: Iterable[int]) -> int:
    found = set(codes)
    return 1 if 1 in found else max(found, default=0)


async def _runs(
    engine: CheckEngine, checks: Sequence[Check], *, notes: bool
) -> AsyncIterator[tuple[CheckResult, Trace]]:
    """Each check once, one after the other; the engine is closed at the end."""
    schedule = engine.schedule(engine.apply)
    try:
        if any(check.check_type == CheckName.CLOCK for check in checks):
            engine.apply(await engine.run_check(engine.estate.agent_check()))
        with shown_progress("checking") as progress:
            for number, check in enumerate(checks, 1):
                trace = Trace(keep_notes=notes)
                run_check = functools.partial(engine.run_check, trace=trace)
                result = await schedule.run_now(check, run_check)
                engine.apply(result)
                progress(number, len(checks))
                yield result, trace
    finally:
        schedule.address_locks.close()
        await engine.close()
