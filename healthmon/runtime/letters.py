"""What agents of one estate write to each other: checks to be made, and what they saw. MessagePack by
msgspec, which gives each measurement back as the type that it was, or raises an error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, TypeVar, get_args

import msgspec

from healthmon.model.device import Check, CheckKey
from healthmon.model.enums import Reason
from healthmon.model.picture import Answer
from healthmon.model.results import CheckResult, Measurement, Observation
from healthmon.protocols.trace import Trace

UNTOLD = "?"
Where = tuple[str, str]
Letter = TypeVar("Letter")
_KINDS: Final = {kind.__name__: kind for kind in get_args(Measurement)}
_ENCODER: Final = msgspec.msgpack.Encoder()


class UnreadableError(Exception):
    """A letter is not one of this version."""


class Order(msgspec.Struct, array_like=True, frozen=True):
    """A check to be made. `answers` are the pictures of its stream that people have called false
    alarms.
    """

    number: int
    key: CheckKey
    answers: tuple[Answer, ...] = ()


class Work(msgspec.Struct, array_like=True, frozen=True):
    """From the agent that has the estate by the lease `epoch`, with the configuration `digest`: what to
    check. `logins` are those that devices have rejected, "" where nothing is new of them; `forgotten`
    are the views, by (device, stream), that cameras learn anew.
    """

    epoch: int
    digest: str
    logins: str = ""
    forgotten: tuple[Where, ...] = ()
    orders: tuple[Order, ...] = ()


class Outcome(msgspec.Struct, array_like=True, frozen=True):
    """What the check of that `number` saw: an observation without its time, and the notes of its trace
    where it did not end well.
    """

    number: int
    kind: str
    value: msgspec.Raw
    reason: Reason | None
    detail: str
    duration: float
    since: float | None
    notes: tuple[tuple[float, str, str], ...] = ()

    @classmethod
    def of(cls, number: int, result: CheckResult, trace: Trace) -> Outcome:
        """The `result` of a check. A value that no letter can hold, such as a number of more than 64 bits
        out of a device's answer, is of no kind that can be read: who asked makes the check himself.
        """
        seen = result.observation
        notes = () if result.well else tuple(trace.shortened().notes)
        kind = type(seen.value).__name__ if seen.value is not None else ""
        try:
            value = _ENCODER.encode(seen.value)
        except (OverflowError, ValueError, TypeError):
            kind, value = UNTOLD, b"\xc0"  # nil
        return cls(
            number,
            kind,
            msgspec.Raw(value),
            seen.reason,
            seen.detail,
            seen.duration,
            seen.since,
            notes,
        )

    def observation(self, check: Check, at: float) -> Observation:
        """The observation of `check`, which came `at` (Unix seconds). Raises UnreadableError."""
        try:
            value = _decoder(self.kind).decode(self.value) if self.kind else None
        except (msgspec.MsgspecError, KeyError) as error:
            raise UnreadableError(str(error)) from None
        return Observation(
            check.device,
            check.check_type,
            check.instance,
            at,
            self.duration,
            value,
            self.reason,
            self.detail,
            self.since,
        )


class Report(msgspec.Struct, array_like=True, frozen=True):
    """From an agent that makes checks: its address for letters (`sender`), the `place` that it keeps over its
    lives, the `name` of its machine, the configuration that it has, its wall clock minus the
    database's, whether it `knows_time` by its time servers, rejected logins where there is news of
    them, and what it has seen.
    """

    sender: str
    place: str
    name: str
    digest: str
    clock: float
    knows_time: bool
    logins: str = ""
    seen: tuple[Outcome, ...] = ()


def packed(letter: Work | Report) -> bytes:
    """`letter` as it is sent."""
    return _ENCODER.encode(letter)


def work_of(body: bytes) -> Work:
    """The letter in `body`. Raises UnreadableError."""
    return _unpacked(_WORK, body)


def report_of(body: bytes) -> Report:
    """The letter in `body`. Raises UnreadableError."""
    return _unpacked(_REPORT, body)


_WORK: Final = msgspec.msgpack.Decoder(Work)
_REPORT: Final = msgspec.msgpack.Decoder(Report)


def _unpacked(decoder: msgspec.msgpack.Decoder[Letter], body: bytes) -> Letter:
    try:
        return decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise UnreadableError(str(error)) from None


@lru_cache(64)
def _decoder(kind: str) -> Any:
    return msgspec.msgpack.Decoder(_KINDS[kind])
