"""A clock statement: what the clocks of a camera and its recorder were against UTC at a moment, for a
recording that is handed out.

The facts are texts and whole numbers only, so that their canonical JSON (RFC 8785) and its SHA-256 can
be made again by anybody. Names of people are no part of them: to erase one changes no hash.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from healthmon import __version__
from healthmon.evidence import clock_words
from healthmon.evidence.clock_offsets import WITHIN, Basis, OffsetAt, offset_at, shown_at
from healthmon.incidents.local_time import moments
from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.model.enums import AGENT, Kind
from healthmon.store.clock_history import ClockKind
from healthmon.store.rows import ClockRow

if TYPE_CHECKING:
    from healthmon.model.device import Device
    from healthmon.store import Store

Facts = dict[str, Any]
FORM: Final = "healthmon clock statement 1"
# How far around a moment it is told when healthmon ran.
_WATCHED: Final = 400 * 86400.0
_ALWAYS: Final = {
    Kind.CAMERA: (ClockKind.DEVICE, ClockKind.STREAM, ClockKind.PICTURE),
    Kind.RECORDER: (ClockKind.RECORDER,),
}
_WHERE_READ: Final = {
    Kind.CAMERA: (ClockKind.LOCAL,),
    Kind.RECORDER: (ClockKind.DEVICE, ClockKind.LOCAL),
}


@dataclass(frozen=True)
class Subject:
    """Of what a statement is made: a camera, with its recorder where it has one, in an estate whose
    configuration has this digest.
    """

    camera: Device
    recorder: Device | None
    estate: str
    config_digest: str

    @property
    def zone(self) -> ZoneInfo:
        """Where the camera stands."""
        return ZoneInfo(self.camera.time_zone)

    @property
    def devices(self) -> tuple[Device, ...]:
        """Whose clocks are told."""
        return (self.camera, self.recorder) if self.recorder is not None else (self.camera,)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the time `typed`, for which `reason`, by whom (`by`), at `now` (Unix seconds);
    `once` is the mark of the form.
    """

    typed: str
    reason: str
    by: str
    now: float
    once: str


def subject_of(devices: Mapping[str, Device], name: str, estate: str, digest: str) -> Subject:
    """The camera `name` with its recorder. Raises OperationError."""
    camera = devices.get(name)
    if camera is None:
        words = f"{name}: no such device in the configuration"
        raise OperationError(
            f"{words}; one that was taken out goes in again, with its `retired` date"
        )
    if camera.kind is not Kind.CAMERA:
        raise OperationError(f"{name} is no camera; name the camera of the recording")
    return Subject(camera, devices.get(camera.recorder or ""), estate, digest)


def statement(store: Store, subject: Subject, wish: Wish) -> Operation:
    """The statement as it is to be recorded. Raises OperationError for what cannot be stated, StoreError
    where the record cannot be read.
    """
    if not wish.reason:
        raise OperationError("say for what the statement is: a reference of the police, an export")
    try:
        today = datetime.fromtimestamp(wish.now, subject.zone).date()
        asked = moments(wish.typed, subject.zone, today)
    except ValueError as error:
        raise OperationError(f"{error}{_remedy(error)}") from None
    if asked[0] < 0:
        raise OperationError(f"{wish.typed} is before 1970: check the year")
    past = [at for at in asked if at <= wish.now]
    if not past:
        raise OperationError(f"{wish.typed} is in the future")
    facts = _facts(store, subject, wish, past)
    details = {"facts": facts, "sha256": digest(facts), "reason": wish.reason}
    return Operation(
        OperationKind.STATEMENT, subject.camera.id, wish.by, wish.now, wish.now, details, wish.once
    )


def _remedy(error: ValueError) -> str:
    left_out = "leaves this time out" in str(error)
    return "; no right clock showed it: write a time with its offset, such as Z" if left_out else ""


def canonical(facts: Facts) -> str:
    """The canonical JSON of facts (RFC 8785): texts, whole numbers, null, lists and objects with ASCII
    names, which `json` writes alike.
    """
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def digest(facts: Facts) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(facts).encode()).hexdigest()


def _facts(store: Store, subject: Subject, wish: Wish, asked: Sequence[float]) -> Facts:
    camera = subject.camera
    return {
        "form": FORM,
        "version": __version__,
        "config": subject.config_digest,
        "estate": subject.estate,
        "camera": camera.id,
        "camera_name": camera.name,
        "recorder": subject.recorder.id if subject.recorder is not None else None,
        "time_zone": camera.time_zone,
        "asked": wish.typed.strip(),
        "made": clock_words.utc(wish.now),
        "moments": [_moment(store, subject, at) for at in asked],
    }


def _moment(store: Store, subject: Subject, at: float) -> Facts:
    own = offset_at(_rows(store, AGENT, at).get(ClockKind.REFERENCE, ()), at)
    clocks = [one for device in subject.devices for one in _clocks(store, subject, device, at)]
    return {
        "utc": clock_words.utc(at),
        "local": clock_words.time_of(at, subject.zone),
        "running": _running(store, at, subject.zone),
        "reference": clock_words.reference(own),
        "reference_low_ms": _down(own.low),
        "reference_high_ms": _up(own.high),
        "clocks": clocks,
    }


def _rows(store: Store, device: str, at: float) -> dict[ClockKind, list[ClockRow]]:
    """The readings around `at`, by the clock; far enough for a stamp of a clock that is a day off."""
    found: dict[ClockKind, list[ClockRow]] = {}
    for row in store.clocks(device, at - 2 * WITHIN, at + 2 * WITHIN):
        found.setdefault(ClockKind(row.clock), []).append(row)
    return found


def _clocks(store: Store, subject: Subject, device: Device, at: float) -> Iterator[Facts]:
    rows, last = _rows(store, device.id, at), store.last_clocks(device.id, at)
    beside = [one for one in _WHERE_READ[device.kind] if one in rows]
    for clock in (*_ALWAYS[device.kind], *beside):
        found = rows.get(clock, [])
        yield _clock(device, clock, found, (at, last.get(clock.value), subject.zone))


def _clock(
    device: Device,
    clock: ClockKind,
    rows: Sequence[ClockRow],
    when: tuple[float, float | None, ZoneInfo],
) -> Facts:
    """One clock; `when` is the moment, when it was last read before, and the zone of the camera."""
    at, last, zone = when
    found = offset_at(rows, at)
    row = found.before or found.after
    unread = clock is ClockKind.PICTURE and not rows
    return {
        "device": device.id,
        "clock": clock.value,
        "title": clock_words.title(device.id, clock),
        "offset": clock_words.offset(found),
        "low_ms": _down(found.low),
        "high_ms": _up(found.high),
        "best_ms": None if found.best is None else round(found.best * 1000),
        "basis": found.basis.value,
        "how": clock_words.NOT_READ if unread else clock_words.basis(found, last, zone),
        "verdict": clock_words.verdict(row),
        "steps": list(clock_words.steps(found, zone)),
        "showed": _showed(found, zone),
        "stamp_means": _stamp_means(rows, found, zone),
    }


def _showed(found: OffsetAt, zone: ZoneInfo) -> str:
    """What the clock showed at the moment, as local time."""
    if found.low is None or found.high is None:
        return "not known"
    return clock_words.span_of_times(found.at + found.low, found.at + found.high, zone)


def _stamp_means(rows: Sequence[ClockRow], found: OffsetAt, zone: ZoneInfo) -> str:
    """When it truly was when the clock showed the moment as local time."""
    if found.basis is Basis.NONE:
        return "not known"
    times = shown_at(rows, found.at)
    if not times:
        return "at no time at which it was read"
    return "; or ".join(clock_words.span_of_times(low, high, zone) for low, high in times)


def _running(store: Store, at: float, zone: ZoneInfo) -> str:
    """Whether healthmon ran then."""
    found = [
        (since, math.inf if until is None else until)
        for _check, _state, since, until in store.stretches(AGENT, at - _WATCHED, at + _WATCHED)
    ]
    if any(since <= at <= until for since, until in found):
        return "healthmon ran then."
    before = [until for _since, until in found if until < at]
    after = [since for since, _until in found if since > at]
    return _not_running(max(before, default=None), min(after, default=None), zone)


def _not_running(before: float | None, after: float | None, zone: ZoneInfo) -> str:
    words = "healthmon did NOT run then"
    if before is not None:
        words += f"; it had stopped at {clock_words.time_of(before, zone)}"
    if after is not None:
        again = "" if before is None else "again "
        words += f"; it ran {again}from {clock_words.time_of(after, zone)}"
    return f"{words}."


def _down(seconds: float | None) -> int | None:
    return None if seconds is None else math.floor(seconds * 1000)


def _up(seconds: float | None) -> int | None:
    return None if seconds is None else math.ceil(seconds * 1000)
