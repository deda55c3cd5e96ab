"""Is the clock in the picture right? It shows local civil time to the second; intervals are compared,
as for the other clocks of a device. Pure.

The picture was taken some time before it came, by up to `CLOCK_LATENCY`. What is not read surely, and
what is no time at all, gives no verdict. A clock that is off as that of the device is is reported
with it, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation import clock as device_clock
from healthmon.checks.evaluation.clock_zone import step_of, why
from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import verdict
from healthmon.model.clock_hours import counted
from healthmon.model.device import Device
from healthmon.model.enums import Span, State
from healthmon.model.picture import (
    CLOCK_LATENCY,
    CLOCK_STEP,
    LEAST_MARGIN,
    PictureReading,
    ScreenClock,
)
from healthmon.model.results import Observation, Verdict

STILL = 2.5  # seconds from which on a clock that shows the same stands still,
STILL_WRONG = 1.6  # and from which on one that is wrong too: some draw a second late now and then
DAY = 86400.0
ORDERS = {"dmy": "day month year", "mdy": "month day year", "ymd": "year month day"}
_NAMED = ("first", "middle", "last")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a clock shows: `offset` is that minus true local time, `dated` whether its date was read;
    `order` is how day, month and year stand, "" where that is not known. `twelve`: it is right but for 12
    hours, and it is open whether it counts to 12.
    """

    text: str
    offset: Span
    dated: bool
    order: str = ""
    twelve: bool = False


def verdicts(
    observation: Observation, device: Device, picture: PictureReading
) -> Iterator[Verdict]:
    """Aspect "screen_clock": one verdict, that of the worst clock in the picture. Where there is none,
    aspect "clock_reading" says why: that is no judgement, always OK.
    """
    found, whys = [], [picture.clock_problem]
    for clock in picture.clocks:
        told = _judged(observation, device, picture, clock)
        if isinstance(told, str):
            whys.append(told)
        else:
            found.append(told)
    worst = max(found, key=_rank, default=None)
    if worst is not None and (worst.code != "ok" or len(found) == len(picture.clocks)):
        yield worst
    elif why := "; ".join(filter(None, whys)):
        yield verdict(observation, "clock_reading", State.OK, "ok", why)


def offset_of(device: Device, picture: PictureReading) -> Span | None:
    """The worst of the clocks that were read surely, minus true local time; None where one was not."""
    found = [shown_by(one, device, picture) if one.sure else None for one in picture.clocks]
    known = [one.offset for one in found if one is not None and not one.twelve]
    if len(known) < len(found):
        return None
    return max(known, key=lambda one: abs(one.middle), default=None)


def _rank(found: Verdict) -> int:
    return int(found.state)


def _judged(
    observation: Observation, device: Device, picture: PictureReading, clock: ScreenClock
) -> Verdict | str:
    """The verdict on one clock, or why there is none."""
    where = f"the clock at the {clock.place} of the picture"
    if not clock.sure:
        if clock.margin >= LEAST_MARGIN:
            return f"{where} was not read surely: something is behind or over its digits"
        return f"{where} was not read surely (margin {clock.margin:.2f}, limit {LEAST_MARGIN})"
    if picture.true is None:
        return f"{where} was read, but true time is not known"
    shown = shown_by(clock, device, picture)
    if shown is None:
        return f"{where} shows no time or date: {_digits(clock)}"
    if shown.twelve:
        return (
            f"{where} is 12 h behind, or counts to 12: it shows {shown.text}. That is settled when it "
            "was read before and after noon, or by `hours: 12` or `24` in config.yaml"
        )
    seen = _ReadClock(observation, device, picture, clock, shown, clock.at + picture.true.middle)
    wrong = _wrong(seen)
    return _stands(seen, STILL if wrong.code == "ok" else STILL_WRONG) or _once(seen, wrong)


def _digits(clock: ScreenClock) -> str:
    return " ".join(f"{name} {number}" for name, number in clock.numbers)


@dataclass(frozen=True, slots=True)
class _ReadClock:
    """One clock of a picture and what it shows; `now` is true time, Unix seconds."""

    observation: Observation
    device: Device
    picture: PictureReading
    clock: ScreenClock
    shown: Shown
    now: float


def _verdict_on(seen: _ReadClock, code: str, words: str) -> Verdict:
    """The verdict on one clock."""
    state = State.DEGRADED if code != "ok" else State.OK
    sentence = f"clock at the {seen.clock.place} of the picture {words}"
    value = seen.shown.offset.middle
    return verdict(seen.observation, "screen_clock", state, code, sentence, value=value)


def shown_by(clock: ScreenClock, device: Device, picture: PictureReading) -> Shown | None:
    """What `clock` shows; None where it is no time of day, or no date in any order."""
    numbers = dict(clock.numbers)
    of_day = _time_of(numbers)
    if of_day is None or picture.true is None:
        return None
    local = _local(clock, device, picture.true)
    dated = dates_of(numbers, local.date())
    if len(numbers) > 3 and not dated:
        return None
    order, day = _nearest(dated, local.date(), picture.clock_order)
    seconds = (datetime.combine(day, of_day) - local).total_seconds()
    hours = _hours_of(clock, picture)
    seconds = _within(seconds, (hours or 24) * 3600.0, dated=bool(dated))
    error = picture.true.error
    span = Span(seconds - error, seconds + CLOCK_STEP + CLOCK_LATENCY + error)
    words = f"{day:%d %b %Y} {of_day}" if dated else f"{of_day}"
    is_open = not hours and 1 <= of_day.hour <= 12
    right_but = abs(abs(seconds) - DAY / 2) <= device.limits.clock[1] + CLOCK_STEP + CLOCK_LATENCY
    return Shown(words, span, bool(dated), order, is_open and right_but)


def _local(clock: ScreenClock, device: Device, true: Span) -> datetime:
    """True local time when `clock` was seen."""
    ours = clock.at + true.middle
    return datetime.fromtimestamp(ours, ZoneInfo(device.time_zone)).replace(tzinfo=None)


def _within(seconds: float, cycle: float, *, dated: bool) -> float:
    """How far a clock is ahead that shows the same after each `cycle` seconds; what its date tells
    stays.
    """
    if dated and (cycle >= DAY or abs(seconds) >= DAY):
        return seconds
    return (seconds + cycle / 2) % cycle - cycle / 2


def _hours_of(clock: ScreenClock, picture: PictureReading) -> int:
    """How many hours the clock counts: 24 where it has shown it, else as configured, else as it has
    shown; 0 where that is open.
    """
    shows = counted(clock.hours)
    return shows if shows == 24 else picture.clock_hours or shows


def _time_of(numbers: Mapping[str, int]) -> time | None:
    """The time of day; None where it is none."""
    try:
        return time(numbers["hour"], numbers["minute"], numbers["second"])
    except ValueError:
        return None


def dates_of(numbers: Mapping[str, int], today: date) -> dict[str, date]:
    """The dates that the numbers can mean, by their order. Of a date whose month is written in letters
    the month is taken to be the one that is nearest to `today`.
    """
    if "month" in numbers:
        return _valid({"ymd": (numbers["year"], numbers["month"], numbers["day"])})
    if "day" in numbers:
        return _without_month(numbers, today)
    if "first" not in numbers:
        return {}
    first, middle = numbers["first"], numbers["middle"]
    if "year" in numbers:
        year = numbers["year"]
        return _valid({"dmy": (year, middle, first), "mdy": (year, first, middle)})
    last = 2000 + numbers["last"]
    parts = {"dmy": (last, middle, first), "mdy": (last, first, middle)}
    return _valid({**parts, "ymd": (2000 + first, middle, numbers["last"])})


def _without_month(numbers: Mapping[str, int], today: date) -> dict[str, date]:
    near = [today + timedelta(days=31 * step) for step in (-1, 0, 1)]
    dates = [
        day
        for one in near
        for day in _valid({"": (numbers["year"], one.month, numbers["day"])}).values()
    ]
    return {"": min(dates, key=lambda day: abs((day - today).days))} if dates else {}


def _valid(parts: Mapping[str, tuple[int, int, int]]) -> dict[str, date]:
    found = {}
    for order, (year, month, day) in parts.items():
        try:
            found[order] = date(year, month, day)
        except ValueError:
            continue
    return found


def _nearest(dated: Mapping[str, date], today: date, order: str) -> tuple[str, date]:
    """The likeliest order and its date: the one that is nearest to `today`, of equal ones the one
    that was configured (`order`, or "").
    """
    if not dated:
        return "", today
    found = min(dated, key=lambda one: (abs((dated[one] - today).days) > 1, one != order, one))
    if abs((dated[found] - today).days) > 1:
        found = order if order in dated else min(dated, key=lambda one: abs(dated[one] - today))
    return found, dated[found]


def _stands(seen: _ReadClock, limit: float) -> Verdict | None:
    still = seen.clock.still
    if still < limit:
        return None
    words = f"stands still: {seen.shown.text} for {duration(still)} (limit {limit:g} s)"
    return _verdict_on(seen, "screen_clock_stopped", words)


_OFF = frozenset({"screen_clock_date", "screen_clock_zone", "screen_clock_offset"})


def _once(seen: _ReadClock, found: Verdict) -> Verdict:
    """What was `found`, well where it is what the clock check reports: the same time, shown twice."""
    if found.code not in _OFF or not _as_the_device(seen):
        return found
    sentence = f"{found.sentence}; as the device clock, which has its own fault"
    return replace(found, state=State.OK, code="ok", sentence=sentence)


def _as_the_device(seen: _ReadClock) -> bool:
    """Whether the camera's own clock is at fault and off by as much."""
    clock = seen.picture.device_clock
    offset = device_clock.seen_offset(clock) if clock is not None else None
    if offset is None or device_clock.apart(offset, seen.shown.offset) > 0:
        return False
    told = device_clock.evaluate(replace(seen.observation, value=clock), seen.device)[0]
    at_fault = told.state in (State.DEGRADED, State.FAULT)
    return at_fault and told.code != "clock_utc_label"  # then the time that people see is right


def _wrong(seen: _ReadClock) -> Verdict:
    """The verdict on a clock that goes."""
    shown, order = seen.shown, seen.picture.clock_order
    if abs(shown.offset.middle) > DAY - 60 and shown.dated:
        true = datetime.fromtimestamp(seen.now, UTC).astimezone(ZoneInfo(seen.device.time_zone))
        words = f"shows a wrong date: {shown.text} ({true:%d %b %Y} is right)"
        return _verdict_on(seen, "screen_clock_date", words)
    if order and shown.order and shown.order != order:
        words = f"writes {ORDERS[shown.order]}, configured is {ORDERS[order]}: {shown.text}"
        return _verdict_on(seen, "screen_clock_format", words)
    step = step_of(shown.offset)
    if step:
        reason = why(step, seen.now, seen.device, None, None)
        words = f"is {_signed(step)}: {reason}; it shows {shown.text}"
        return _verdict_on(seen, "screen_clock_zone", words)
    return _drift(seen)


def _drift(seen: _ReadClock) -> Verdict:
    span, limit = seen.shown.offset, seen.device.limits.clock[1]
    least = 0.0 if span.low <= 0 <= span.high else min(abs(span.low), abs(span.high))
    if least > limit:
        words = f"is {_signed(span.middle)} (limit {duration(limit)}): it shows {seen.shown.text}"
        return _verdict_on(seen, "screen_clock_offset", words)
    return _verdict_on(
        seen, "ok", f"is right within {duration(max(abs(span.low), abs(span.high)))}"
    )


def _signed(seconds: float) -> str:
    return (
        f"{duration(abs(seconds), fine=abs(seconds) < 60)} {'ahead' if seconds > 0 else 'behind'}"
    )
