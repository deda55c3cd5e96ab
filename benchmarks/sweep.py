"""A full sweep of 150 cameras at default settings, and a clean reach and stream sweep of a large estate."""

from __future__ import annotations

from pathlib import Path

from benchmarks._measure import Row, build, estate, run
from healthmon import app as composition
from healthmon import shift
from healthmon.model import Ask, Kind, Observation, Question, State


async def full(path: Path) -> tuple[float, int]:
    """Wall seconds, and how many rows the sheet of a well estate has (none is right)."""
    application = build(path)
    sheet = await shift.run(application, shift.Selection(), lambda _done, _total: None)
    await application.close()
    return sheet.took, len([row for row in sheet.rows if row.state is not State.OK])


async def clean(path: Path) -> tuple[int, int]:
    """How many cameras that are well were called down or without pictures, and how many could not be looked at."""
    application = build(path)
    wrong: set[str] = set()
    unseen: set[str] = set()

    def take(ask: Ask, observation: Observation) -> None:
        if any(v.state is State.FAULT for v in application.judge(observation)):
            wrong.add(ask.device)
        if observation.value is None:
            unseen.add(ask.device)

    wanted = (Question.REACH, Question.STREAM)
    asks = [
        a
        for a in application.asks
        if a.question in wanted and application.devices[a.device].kind is Kind.CAMERA
    ]
    await composition.sweep(application, asks, take)
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
