"""Months and years of planted outages for the figures of a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from helpers.naive_evidence import DAY, HOUR, LONDON, Camera, Fault, Month, Span, due_times

At = Callable[[float, float], Span]
# The months in which the clocks go forward and back.
CLOCK_CHANGES = (3, 10)


def month(
    year: int, number: int, cameras: int = 5, interval: int = 600, months: int = 1, first: int = 0
) -> Month:
    """Planted outages of every kind in each of `months` from the first of a local month."""
    firsts = [_first(year, number - 1 + one) for one in range(months + 1)]
    since, until = firsts[0], firsts[-1]
    ats = [_after(one) for one in firsts[:-1]]
    made = Month(
        since,
        until,
        [_camera(one, ats) for one in range(first, first + cameras)],
        _watched(since - 2 * DAY, [at(500.5, 6) for at in ats], until + HOUR),
        interval,
        weekly=[("b", 1, 8, 10), ("a", 6, 0, 4)],
        works=[one for at in ats for one in (("C001", at(200, 3)), ("C003", at(640, 5)))],
        mains=[one for at in ats for one in (at(333.2, 0.02), at(410, 0.25))],
        short=[("C002", at(-10, 40)) for at in ats],
        long=[("C004", at(300, 48)) for at in ats],
        faults=[one for index, at in enumerate(ats) for one in _faults(at, 8 * index)],
    )
    _spread(made)
    made.sheets = [
        (int(due) + (-600 if index % 3 else 7200), index % 4 != 1)
        for index, due in enumerate(due_times(made))
        if index % 7 != 5
    ]
    return made


def _first(year: int, months: int) -> int:
    """The first second of the local month so many months after January of `year`."""
    day = datetime(year + months // 12, months % 12 + 1, 1, tzinfo=LONDON)
    return int(day.timestamp())


def _after(begin: int) -> At:
    return lambda hours, length: (
        begin + int(hours * HOUR),
        begin + int((hours + length) * HOUR),
    )


def _watched(begin: int, down: list[Span], end: int) -> list[Span]:
    """The agent ran before the first month, was down once in each, and runs on."""
    begins = [begin, *(over for _lost, over in down)]
    ends = [*(lost for lost, _over in down), end]
    return list(zip(begins, ends, strict=True))


def _spread(made: Month) -> None:
    """What happened to the first five cameras happens to those that are there."""

    def there(name: str) -> str:
        return made.cameras[(int(name[1:]) - 1) % len(made.cameras)].id

    for fault in made.faults:
        fault.camera = there(fault.camera)
    made.works = [(there(name), span) for name, span in made.works]
    made.short = [(there(name), span) for name, span in made.short]
    made.long = [(there(name), span) for name, span in made.long]


def _camera(number: int, ats: Sequence[At]) -> Camera:
    """Every fifth camera has the same kind of trouble, at another time."""
    kind, late = number % 5, number // 5 * 1.5
    made = Camera(f"C{number + 1:03d}", "ab"[number % 2], zone="market" if number < 2 else "")
    for at in ats:
        _TROUBLES[kind](made, at, late)
    if kind == 0:
        made.dead += _clock_changes(ats)
    elif kind == 3:  # it has come new, and is taken down in the end
        made.served = (ats[0](72, 0)[0], ats[-1](480, 0)[0])
    elif kind == 4:
        made.variant = "deployable"
    return made


def _clock_changes(ats: Sequence[At]) -> list[Span]:
    """Two hours and a half around each change of the clocks in these months."""
    begins = [datetime.fromtimestamp(at(0, 0)[0], LONDON) for at in ats]
    found = []
    for at, begin in zip(ats, begins, strict=True):
        for day in range(31) if begin.month in CLOCK_CHANGES else ():
            midnight = at(24 * day, 0)[0]
            evening = datetime.fromtimestamp(midnight + DAY - HOUR, LONDON)
            if evening.utcoffset() != datetime.fromtimestamp(midnight, LONDON).utcoffset():
                found.append((midnight + HOUR // 2, midnight + 3 * HOUR))
    return found


def _lost(made: Camera, at: At, late: float) -> None:
    made.dead += [at(100 + late, 71.37), at(-5, 8)]
    made.drifting.append(at(20, 30))


def _dark(made: Camera, at: At, late: float) -> None:
    made.dark += [at(120 + late, 30), at(300, 3.3)]
    made.wrong.append(at(560 + late, 60))


def _flapping(made: Camera, at: At, late: float) -> None:
    made.dead += [at(400 + late + n * 0.2, 0.1) for n in range(100)]
    made.untold.append(at(50, 200))


def _unrecorded(made: Camera, at: At, late: float) -> None:
    made.unrecorded += [at(50 + late, 48), at(655, 10)]
    made.dead.append(at(505, 5))


def _taken_about(made: Camera, at: At, late: float) -> None:
    made.deployed = [*(made.deployed or ()), at(-30, 130), at(250 + late, 240.5)]
    made.dead += [at(60, 7), at(470 + late, 12)]


_TROUBLES = (_lost, _dark, _flapping, _unrecorded, _taken_about)


def _faults(at: At, before: int) -> list[Fault]:
    """What people were told of, as it may be told of the first cameras; `before` faults have numbers."""
    began = at(-5, 8)
    return [
        Fault(before + 1, "C001", "unreachable", began[0], began[0] + 60, began[1], began[0] + 700),
        Fault(
            before + 2, "C001", "unreachable", at(100, 0)[0], at(100.02, 0)[0], at(171, 0)[0], at(101, 0)[0],
            at(130, 0)[0], at(172, 0)[0], "vandalism", [(*at(105, 20), "utility")],
        ),
        Fault(
            before + 3, "C002", "no_pictures", at(120, 0)[0], at(120.1, 0)[0], at(150, 0)[0], at(124, 0)[0],
            at(140, 0)[0], at(160, 0)[0], "device",
        ),
        Fault(before + 4, "C002", "no_pictures", at(300, 0)[0], at(300.1, 0)[0], at(303.3, 0)[0]),
        Fault(
            before + 5, "C004", "not_recording", at(50, 0)[0], at(50.5, 0)[0], at(98, 0)[0], at(52, 0)[0],
            at(60, 0)[0], at(99, 0)[0], "obsolete",
        ),
        Fault(
            before + 6, "C003", "unreachable", at(400, 0)[0], at(400.1, 0)[0], at(421, 0)[0],
            closed=at(430, 0)[0], cause="no_fault",
        ),
        Fault(before + 7, "C004", "not_recording", at(655, 0)[0], at(655.5, 0)[0]),
        Fault(before + 8, "C003", "unreachable", at(660, 0)[0], at(660.1, 0)[0], at(661, 0)[0]),
    ]  # fmt: skip
