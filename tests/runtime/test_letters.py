"""Letters between agents: every measurement comes back as it was, and what is no letter is refused."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from helpers.results import result_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthmon.model.device import Check
from healthmon.model.enums import Reason, State
from healthmon.model.measurements import Stream
from healthmon.model.picture import Answer
from healthmon.model.results import Measurement, Observation, Verdict
from healthmon.protocols.trace import Trace
from healthmon.runtime.letters import (
    Order,
    Outcome,
    Report,
    UnreadableError,
    Work,
    packed,
    report_of,
    work_of,
)

KINDS = get_args(Measurement)
CHECK = Check("C1", "stream", "main")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_measurement_travels_as_it_is(kind: type, data: st.DataObject) -> None:
    value = data.draw(_of(kind))
    seen = Observation("C1", "stream", "main", 5.0, 1.5, value, Reason.TIMEOUT, "late", 3.0)
    letter = Outcome.of(7, result_of(seen), Trace())
    report = report_of(packed(Report("a", "b", "north", "d", 0.1, True, "", (letter,))))
    assert report.seen[0].number == 7
    found = report.seen[0].observation(CHECK, 5.0)
    assert found == seen
    assert type(found.value) is kind


def _of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type: st.from_type does not look into fields with defaults."""
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(
            hint, **{one.name: _of(hints[one.name]) for one in fields(hint) if one.init}
        )
    args = get_args(hint)
    if NoneType in args:
        return st.none() | st.one_of(*(_of(one) for one in args if one is not NoneType))
    if args and getattr(hint, "__origin__", None) is tuple:
        if args[-1] is ...:
            return st.lists(_of(args[0]), max_size=3).map(tuple)
        return st.tuples(*map(_of, args))
    if hint is int:
        return st.integers(-(2**63), 2**64 - 1)
    if hint is float:
        return st.floats(allow_nan=False)
    if hint is str:
        return st.text(max_size=5)
    return st.from_type(hint)


def test_what_cannot_be_told_in_json_is_told() -> None:
    value = Stream("/", "tcp", math.inf, jitter=math.nan)
    seen = result_of(Observation("C1", "stream", "main", 5.0, 1.5, value))
    back = Outcome.of(1, seen, Trace()).observation(CHECK, 5.0).value
    assert isinstance(back, Stream)
    assert back.watched == math.inf
    assert math.isnan(back.jitter or 0.0)


def test_a_number_that_no_letter_can_hold_is_checked_by_who_asked() -> None:
    seen = result_of(
        Observation("C1", "stream", "main", 5.0, 1.5, Stream("/", "tcp", 2.0, bytes=2**70))
    )
    with pytest.raises(UnreadableError):
        Outcome.of(1, seen, Trace()).observation(CHECK, 5.0)


def test_notes_travel_where_a_run_did_not_end_well() -> None:
    trace = Trace(keep_notes=True)
    trace.kept.append((0.5, ">", "DESCRIBE rtsp://192.0.2.1/"))
    bad = Verdict("C1", "stream", "main", "pictures", State.FAULT, "no_pictures", "none", 5.0)
    seen = Observation("C1", "stream", "main", 5.0, 1.5, None, Reason.TIMEOUT)
    assert Outcome.of(1, result_of(seen, (bad,)), trace).notes == (
        (0.5, ">", "DESCRIBE rtsp://192.0.2.1/"),
    )
    assert Outcome.of(1, result_of(seen), trace).notes == ()


def test_work_travels() -> None:
    order = Order(3, ("C1", "stream", "main"), (Answer("moved", 0.25, 1.0),))
    work = Work(2, "digest", "{}", (("C1", "main"),), (order,))
    assert work_of(packed(work)) == work


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", msgspec.msgpack.encode([1]), msgspec.msgpack.encode(["x", "y"])],
)
def test_what_is_no_letter_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        work_of(body)
    with pytest.raises(UnreadableError):
        report_of(body)


@pytest.mark.parametrize(
    ("kind", "value"), [("Stream", 1), ("Camera", {}), ("Span", {"low": 0.0, "high": 1.0})]
)
def test_a_measurement_of_another_kind_is_refused(kind: str, value: object) -> None:
    seen = Outcome(1, kind, msgspec.Raw(msgspec.msgpack.encode(value)), None, "", 0.1, None)
    with pytest.raises(UnreadableError):
        seen.observation(CHECK, 5.0)
