"""Five clocks of one camera beside each other: true time by NTP, its own clock, that of its stream, the
one in its picture and the one that stamps its footage. Pure.

Nothing is judged anew here: the clock, picture and recording checks have their own verdicts. This is
the one view of what they have read, and which two disagree. A clock that is not known says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from healthmon.checks.evaluation.clock import apart, offsets, seen_offset
from healthmon.checks.evaluation.clock_zone import STEP
from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.recording import stamping
from healthmon.checks.evaluation.screen_clock import offset_of
from healthmon.checks.evaluation.wording import REASON_WORDS, plain, reason_words
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Reason, Span
from healthmon.model.footage import Footage
from healthmon.model.measurements import Clock
from healthmon.model.picture import PictureReading
from healthmon.model.results import Observation

TRUE, OWN, STREAM, PICTURE, FOOTAGE = "true time", "device", "stream", "picture", "recording"
READ_BY: Final = (CheckName.CLOCK, CheckName.PICTURE, CheckName.RECORDING)
_NOT_READ: Final = "the clock in the picture is not read"
NO_REFERENCE = REASON_WORDS[Reason.NO_REFERENCE]
# How finely two clocks are compared: as in the verdicts of their checks.
_COARSE: Final = frozenset({PICTURE, FOOTAGE})


@dataclass(frozen=True, slots=True)
class OneClock:
    """One of the five: its `offset` from true time in seconds, or `why` that is not known."""

    name: str
    offset: Span | None = None
    why: str = ""

    @property
    def words(self) -> str:
        """As a person reads it: "0.4 s ahead, +-0.1 s"."""
        if self.offset is None:
            return f"not known: {self.why}"
        error = f"+-{self.offset.error:.{2 if self.offset.error < 1 else 1}f} s"
        if self.name == TRUE:
            return f"known to {error}"
        seconds = _shown(self.offset)
        return f"{duration(seconds)} {'ahead' if seconds > 0 else 'behind'}, {error}"

    def as_json(self) -> dict[str, Any]:
        """With stable keys; seconds."""
        span = self.offset
        return {
            "clock": self.name,
            "offset_seconds": round(span.middle, 3) if span is not None else None,
            "error_seconds": round(span.error, 3) if span is not None else None,
            "not_known": self.why or None,
        }


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two clocks that cannot both be right: `one` minus `other` in seconds."""

    one: str
    other: str
    offset: Span

    @property
    def words(self) -> str:
        """As in "picture 1 h 0 min ahead of device"."""
        seconds = _shown(self.offset)
        of = "ahead of" if seconds > 0 else "behind"
        return f"{self.one} {duration(seconds)} {of} {self.other}"


@dataclass(frozen=True, slots=True)
class FiveClocks:
    """The five in one order, true time first, and those that `disagree`, the worst first."""

    clocks: tuple[OneClock, ...]
    disagree: tuple[Disagreement, ...] = ()

    @property
    def words(self) -> str:
        """All five in one line."""
        if self.disagree:
            return "; ".join(one.words for one in self.disagree)
        known = [one for one in self.clocks if one.offset is not None]
        if len(known) == len(self.clocks):
            return "clocks agree"
        lacking = [f"{one.name} ({one.why})" for one in self.clocks if one.offset is None]
        missing = f"not known: {', '.join(lacking)}"
        if len(known) < 2:
            return missing
        return f"{len(known)} of {len(self.clocks)} clocks agree; {missing}"

    def as_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "summary": self.words,
            "disagree": [[one.one, one.other] for one in self.disagree],
            "clocks": [one.as_json() for one in self.clocks],
        }


def five_clocks(device: Device, seen: Mapping[str, Observation]) -> FiveClocks:
    """The clocks of a camera by its last observations that still count, by check type."""
    clock, picture, footage = (seen.get(name) for name in READ_BY)
    clocks = (
        _true(seen),
        _own(clock),
        _stream(clock),
        _picture(device, picture),
        _footage(device, footage),
    )
    return FiveClocks(clocks, tuple(_disagreements(device, clocks)))


def by_checks(
    device: Device, checks: Iterable[Check], seen: Callable[[Check], Observation | None]
) -> FiveClocks | None:
    """The clocks of a camera by what each of its `checks` has `seen`; None where none of them reads a
    clock.
    """
    reading = [one for one in checks if one.check_type in READ_BY]
    found = {one.check_type: told for one in reading if (told := seen(one)) is not None}
    return five_clocks(device, found) if reading else None


def _true(seen: Mapping[str, Observation]) -> OneClock:
    errors = [span.error for one in seen.values() if (span := _reference(one)) is not None]
    if not errors:
        return OneClock(TRUE, None, NO_REFERENCE)
    return OneClock(TRUE, Span(-max(errors), max(errors)))


def _reference(observation: Observation) -> Span | None:
    value = observation.value
    if isinstance(value, Clock):
        return value.reference.offset if value.reference is not None else None
    return value.true if isinstance(value, PictureReading | Footage) else None


def _unread(observation: Observation | None, nothing: str) -> str:
    """Why an observation tells no clock: what was not checked, or that it has none."""
    if observation is None:
        return nothing
    if observation.value is None:
        return reason_words(observation)
    return NO_REFERENCE if _reference(observation) is None else ""


def _own(observation: Observation | None) -> OneClock:
    why = _unread(observation, "its clock is not checked")
    clock = observation.value if observation is not None else None
    if why or not isinstance(clock, Clock):
        return OneClock(OWN, None, why)
    offset = seen_offset(clock)
    failed = (REASON_WORDS[one.reason] for one in clock.readings if one.reason is not None)
    return OneClock(OWN, offset, "" if offset else next(failed, "the device shows no clock"))


def _stream(observation: Observation | None) -> OneClock:
    """By RTCP sender reports, where they are the camera's own."""
    why = _unread(observation, "its clock is not checked")
    clock = observation.value if observation is not None else None
    if why or not isinstance(clock, Clock):
        return OneClock(STREAM, None, why)
    if (offset := offsets(clock).get("rtcp")) is not None:
        return OneClock(STREAM, offset)
    told = {one.source: plain(one.detail, 80) for one in clock.readings if one.offset is None}
    return OneClock(STREAM, None, told.get("rtcp") or _relay(clock) or "no sender report")


def _relay(clock: Clock) -> str:
    """That the sender reports are those of a relay, "" where it is none."""
    refused = (one for one in clock.readings if one.source == "rtsp_date")
    return next((plain(one.detail, 80) for one in refused if one.reason is Reason.NOT_REPORTED), "")


def _picture(device: Device, observation: Observation | None) -> OneClock:
    unread = _unread(observation, "its picture is not judged")
    picture = observation.value if observation is not None else None
    if not isinstance(picture, PictureReading):
        return OneClock(PICTURE, None, unread)
    if why := picture.problem or picture.clock_problem or ("" if picture.clocks else _NOT_READ):
        return OneClock(PICTURE, None, plain(why))
    offset = offset_of(device, picture)
    return OneClock(PICTURE, offset, "" if offset else unread or "not read surely")


def _footage(device: Device, observation: Observation | None) -> OneClock:
    """By the clock of the recorder, which stamps footage; by its newest stamp where that clock is not
    known, or the stamp lies ahead of it.
    """
    why = _unread(observation, "no recorder is read for it")
    seen = observation.value if observation is not None else None
    if why or not isinstance(seen, Footage) or seen.true is None:
        return OneClock(FOOTAGE, None, why)
    if (offset := stamping(seen)) is not None:
        return OneClock(FOOTAGE, offset)
    newest = seen.recording.newest
    if newest is None:
        return OneClock(FOOTAGE, None, "its recorder tells no time")
    late = newest - seen.read_at - seen.true.middle
    longest = device.recording.newest
    if device.recording.schedule != "always" or late < -longest:
        return OneClock(FOOTAGE, None, f"its newest footage is {duration(late)} old")
    return OneClock(FOOTAGE, Span(late - seen.true.error, late + longest + seen.true.error))


def _disagreements(device: Device, clocks: tuple[OneClock, ...]) -> Iterator[Disagreement]:
    """Who is wrong against true time, else who against whom; the worst first."""
    known = {one.name: one.offset for one in clocks if one.offset is not None}
    found = list(_wrong(device, known)) or list(_apart(device, known))
    yield from sorted(found, key=lambda one: -abs(one.offset.middle))


def _wrong(device: Device, known: Mapping[str, Span]) -> Iterator[Disagreement]:
    """The clocks that are off true time. One that is off as the device clock is goes with it, and one
    that is off by itself is told against the device clock.
    """
    if TRUE not in known:
        return
    own_right = OWN in known and not _disagree(device, known, OWN, TRUE)
    for name in known:
        with_own = name != OWN and OWN in known and not _disagree(device, known, name, OWN)
        if _disagree(device, known, name, TRUE) and not with_own:
            other = OWN if own_right else TRUE
            yield Disagreement(name, other, _less(known[name], known[other]))


def _apart(device: Device, known: Mapping[str, Span]) -> Iterator[Disagreement]:
    """The two that are furthest apart although each alone may be right."""
    pairs = [
        Disagreement(one, other, _less(known[one], known[other]))
        for other, one in combinations(known, 2)
        if _disagree(device, known, one, other)
    ]
    if pairs:
        yield max(pairs, key=lambda one: abs(one.offset.middle))


def _disagree(device: Device, known: Mapping[str, Span], one: str, other: str) -> bool:
    limit = device.limits.clock[1 if {one, other} & _COARSE else 0]
    return apart(known[one], known[other]) > limit


def _less(one: Span, other: Span) -> Span:
    return Span(one.low - other.high, one.high - other.low)


def _shown(span: Span) -> float:
    """The best figure: whole quarter hours where the interval holds them, because the rest would be
    ours.
    """
    step = round(span.middle / STEP) * STEP
    return step if step and span.low <= step <= span.high else span.middle
