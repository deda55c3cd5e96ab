"""The latest results that the agent keeps packed: what was put in comes out, whatever it is."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any

import pytest

from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, Span, State
from healthmon.model.measurements import Clock, ClockReading
from healthmon.model.results import CheckResult, Observation, Verdict
from healthmon.runtime.kept_results import KeptResult, KeptResults

READING = ClockReading("onvif", Span(-0.25, 0.5), stated="2026-11-30T09:00:00Z")
SEEN = Observation("C1", CheckName.CLOCK, "", 1.5, 0.25, Clock((READING,), None))
JUDGED = Verdict("C1", CheckName.CLOCK, "", "offset", State.OK, "ok", "0.1 s ahead", 1.5, 0.125)
RESULT = CheckResult(Check("C1", CheckName.CLOCK), SEEN, (JUDGED,))
KEY = RESULT.check.key


@dataclass(frozen=True)
class Held:
    """A measurement of an installed package that cannot be pickled."""

    read: Any = lambda: 1


class Broken:
    """A measurement that cannot be made anew."""

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _broken, ()


def _broken() -> None:
    raise ValueError("made anew")


def kept_of(value: Any) -> KeptResults:
    """`SEEN` with another measurement, kept."""
    kept = KeptResults()
    kept[KEY] = KeptResult.of(replace(RESULT, observation=replace(SEEN, value=value)))
    return kept


@pytest.mark.parametrize(
    "seen",
    [SEEN, replace(SEEN, value=None, reason=Reason.NOT_REACHED, detail="no answer", since=1.0)],
)
def test_a_result_comes_out_as_it_was_put_in(seen: Observation) -> None:
    kept = KeptResults()
    kept[KEY] = KeptResult.of(replace(RESULT, observation=seen))
    found = kept[KEY]
    assert found == (seen, (JUDGED,))
    assert found.observation is not seen, "no record of it is kept"
    assert found.verdicts[0].state is State.OK
    assert found.observation.reason is seen.reason


def test_what_cannot_be_pickled_is_kept_as_it_is() -> None:
    held = Held()
    kept = kept_of(held)
    assert kept[KEY].observation.value is held
    assert kept[KEY].verdicts == (JUDGED,)


def test_to_look_which_checks_there_are_reads_no_result() -> None:
    kept = kept_of(Broken())
    assert KEY in kept
    assert (list(kept), len(kept), kept.keys() - {KEY}) == ([KEY], 1, set())
    with pytest.raises(ValueError, match="made anew"):
        kept.get(KEY)
    del kept[KEY]
    assert kept == {}
    assert kept.get(KEY) is None


def test_of_a_thousand_like_results_little_is_kept_and_each_is_its_own() -> None:
    kept, put = KeptResults(), {}
    for number in range(1000):
        name = f"C{number:04d}"
        missed = number % 100 == 7
        seen = replace(SEEN, device=name, at=1e9 + number / 7, duration=number / 977)
        if missed:
            seen = replace(seen, value=None, reason=Reason.TIMEOUT, detail=f"silent for {number} s")
        judged = replace(JUDGED, device=name, at=seen.at, value=number / 13)
        put[name, CheckName.CLOCK, ""] = KeptResult(seen, (judged,))
    for key, one in put.items():
        kept[key] = one
    assert dict(kept) == put
    plain = sum(len(pickle.dumps(tuple(one))) for one in put.values())
    packed = sum(len(one) for one in kept._packed.values() if isinstance(one, bytes))
    assert packed < 0.4 * plain


def test_many_kinds_of_checks_and_large_results_are_kept_apart() -> None:
    kept = KeptResults()
    put = {}
    for number in range(300):
        seen = replace(SEEN, check_type=f"from outside {number}", detail="long " * 3000)
        put["C1", seen.check_type, ""] = KeptResult(seen, ())
    for key, one in put.items():
        kept[key] = one
    assert dict(kept) == put
