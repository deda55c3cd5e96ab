"""Months and years of planted outages for the figures of a report."""

from __future__ import annotations

from datetime import datetime

from helpers.naive_evidence import DAY, HOUR, LONDON, Camera, Fault, Month, Span, due_times


def month(
    year: int, number: int, cameras: int = 5, interval: int = 600, months: int = 1, first: int = 0
) -> Month:
    """Planted outages of every kind over `months` from the first of a local month."""
    since = int(datetime(year, number, 1, tzinfo=LONDON).timestamp())
    after = number - 1 + months
    until = int(datetime(year + after // 12, after % 12 + 1, 1, tzinfo=LONDON).timestamp())

    def at(hours: float, length: float) -> Span:
        return since + int(hours * HOUR), since + int((hours + length) * HOUR)

    down = at(500.5, 6)
    made = Month(
        since,
        until,
        [_camera(one, at) for one in range(first, first + cameras)],
        # The agent ran before the month, was down for 6 hours in it, and runs on.
        [(since - 2 * DAY, down[0]), (down[1], until + HOUR)],
        interval,
        weekly=[("b", 1, 8, 10), ("a", 6, 0, 4)],
        works=[("C001", at(200, 3)), ("C003", at(640, 5))],
        mains=[at(333.2, 0.02), at(410, 0.25)],
        short=[("C002", at(-10, 40))],
        long=[("C004", at(300, 48))],
        faults=_faults(at),
    )
    _spread(made)
    made.sheets = [
        (int(due) + (-600 if index % 3 else 7200), index % 4 != 1)
        for index, due in enumerate(due_times(made))
        if index % 7 != 5
    ]
    return made


def _spread(made: Month) -> None:
    """What happened to the first five cameras happens to those that are there."""

    def there(name: str) -> str:
        return made.cameras[(int(name[1:]) - 1) % len(made.cameras)].id

    for fault in made.faults:
        fault.camera = there(fault.camera)
    made.works = [(there(name), span) for name, span in made.works]
    made.short = [(there(name), span) for name, span in made.short]
    made.long = [(there(name), span) for name, span in made.long]


def _camera(number: int, at) -> Camera:  # type: ignore[no-untyped-def]
    """Every fifth camera has the same kind of trouble, at another time."""
    kind, late = number % 5, number // 5 * 1.5
    made = Camera(f"C{number + 1:03d}", "ab"[number % 2], zone="market" if number < 2 else "")
    if kind == 0:
        made.dead = [at(100 + late, 71.37), at(-5, 8)]
        made.drifting = [at(20, 30)]
    elif kind == 1:
        made.dark = [at(120 + late, 30), at(300, 3.3)]
        made.wrong = [at(560 + late, 100)]
    elif kind == 2:
        # Flapping for a day, and replaced afterwards.
        made.dead = [at(400 + late + n * 0.2, 0.1) for n in range(100)]
        made.untold = [at(50, 200)]
    elif kind == 3:
        made.unrecorded = [at(50 + late, 48), at(655, 40)]
        made.dead = [at(505, 5)]
        made.served = (at(72, 0)[0], at(480, 0)[0])
    else:
        made.variant = "deployable"
        made.deployed = [at(-30, 130), at(250 + late, 240.5)]
        made.dead = [at(60, 7), at(470 + late, 12)]
    return made


def _faults(at) -> list[Fault]:  # type: ignore[no-untyped-def]
    """What people were told of, as it may be told of the first cameras."""
    began = at(-5, 8)
    return [
        Fault(1, "C001", "unreachable", began[0], began[0] + 60, began[1], began[0] + 700),
        Fault(
            2, "C001", "unreachable", at(100, 0)[0], at(100.02, 0)[0], at(171, 0)[0], at(101, 0)[0],
            at(130, 0)[0], at(172, 0)[0], "vandalism", [(*at(105, 20), "utility")],
        ),
        Fault(
            3, "C002", "no_pictures", at(120, 0)[0], at(120.1, 0)[0], at(150, 0)[0], at(124, 0)[0],
            at(140, 0)[0], at(160, 0)[0], "device",
        ),
        Fault(4, "C002", "no_pictures", at(300, 0)[0], at(300.1, 0)[0], at(303.3, 0)[0]),
        Fault(
            5, "C004", "not_recording", at(50, 0)[0], at(50.5, 0)[0], at(98, 0)[0], at(52, 0)[0],
            at(60, 0)[0], at(99, 0)[0], "obsolete",
        ),
        Fault(
            6, "C003", "unreachable", at(400, 0)[0], at(400.1, 0)[0], at(421, 0)[0],
            closed=at(430, 0)[0], cause="no_fault",
        ),
        Fault(7, "C004", "not_recording", at(655, 0)[0], at(655.5, 0)[0]),
        Fault(8, "C003", "unreachable", at(660, 0)[0], at(660.1, 0)[0], at(661, 0)[0]),
    ]  # fmt: skip
