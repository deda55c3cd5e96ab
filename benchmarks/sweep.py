"""A full sweep of 150 cameras at default settings, and a clean reach and stream sweep of a large
estate.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks._application import build
from benchmarks._measure import Row, estate, run
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import CheckResult
from healthmon.runtime import engine, sweep


async def full(path: Path) -> tuple[float, int]:
    """Wall seconds, and how many rows the sheet of a well estate has (none is right)."""
    application = build(path)
    sheet = await sweep.run(application, sweep.Selection(), lambda _done, _total: None)
    await application.close()
    return sheet.took, len([row for row in sheet.rows if row.state is not State.OK])


async def clean(path: Path) -> tuple[int, int]:
    """How many cameras that are well were called down or without pictures, and how many could not
    be looked at.
    """
    application = build(path)
    wrong: set[str] = set()
    unseen: set[str] = set()

    def collect(result: CheckResult) -> None:
        if any(verdict.state is State.FAULT for verdict in result.verdicts):
            wrong.add(result.check.device)
        if result.observation.value is None:
            unseen.add(result.check.device)

    wanted = (CheckName.REACH, CheckName.STREAM)
    checks = [
        a
        for a in application.estate.checks
        if a.check_type in wanted and application.estate.devices[a.device].kind is Kind.CAMERA
    ]
    await engine.sweep(application, checks, collect)
    await application.close()
    return len(wrong), len(unseen)


def rows(cameras: int = 10_000) -> list[Row]:
    with estate(150) as path:
        took, invented = run(full(path))
    found = [
        Row("full sweep of 150 cameras, wall", took, unit="s", gate=15),
        Row("  rows invented on an estate that is well", invented, unit="rows", gate=0),
    ]
    with estate(cameras) as path:
        wrong, unseen = run(clean(path))
    return [
        *found,
        Row(f"false down in a clean sweep of {cameras} cameras", wrong, unit="cameras", gate=0),
        Row("  cameras that could not be looked at", unseen, unit="cameras", gate=0),
    ]
