"""The vote of the time servers and what is kept of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.model import Reference, Span, TimeServer
from healthmon.probes.reference import aged, decided, majority
from healthmon.wire.hostclock import HostClock

SYNCED, LOST = HostClock(True, 0.01), HostClock(False, 16.0)


def server(offset: float, error: float = 0.005, name: str = "a") -> TimeServer:
    return TimeServer(name, "good", Span(offset - error, offset + error), 2)


SILENT = TimeServer("z", "silent", detail="no answer")


def test_three_good_and_one_false() -> None:
    found = decided([server(0), server(0.001), server(-0.001), server(3600, name="liar")], LOST, 1.0)
    assert found.offset is not None
    assert abs(found.offset.middle) < 0.01
    assert (found.servers, found.asked) == (3, 4)
    assert [m.state for m in found.members] == ["good", "good", "good", "false"]
    assert found.members[3].detail == "+3600.0 s off; outvoted"


@pytest.mark.parametrize(
    ("members", "host", "usable", "words"),
    [
        ([server(0), server(3600)], SYNCED, False, "contradict"),
        ([server(0), server(0), server(60), server(60)], SYNCED, False, "contradict"),
        ([server(0), server(0), SILENT, SILENT, SILENT], LOST, True, ""),
        ([server(0), SILENT], SYNCED, True, ""),
        ([server(3600), SILENT], SYNCED, False, "contradicts the synchronised clock"),
        ([server(3600), SILENT], LOST, True, ""),
        ([server(3600)], None, True, ""),
        ([SILENT], SYNCED, True, ""),
        ([SILENT], HostClock(True, 0.6), False, "no time server gives a usable answer"),
        ([SILENT], LOST, False, "not synchronised"),
        ([SILENT], None, False, "not synchronised"),
        ([], LOST, False, "no time server is configured"),
        ([], SYNCED, True, ""),
    ],
)
def test_a1_what_makes_a_reference(members: list[TimeServer], host: HostClock | None, usable: bool, words: str) -> None:
    found = decided(members, host, 1.0)
    assert (found.offset is not None) is usable
    assert words in found.reason_text
    assert found.asked == len(members)


def test_a1_the_last_reference_is_kept_15_minutes_and_grows_wider() -> None:
    good = Reference(Span(-0.01, 0.01), 1000.0, 3, 3)
    at_ten = aged(good, 1600.0)
    assert at_ten.offset is not None
    assert at_ten.offset.high == pytest.approx(0.01 + 600 * 50e-6)
    for now in (1000.0 + 901, 1000.0 - 901, 1000.0 + 3600, 0.0):
        gone = aged(good, now)
        assert gone.offset is None
        assert "min old" in gone.reason_text
    none = Reference(None, 1.0, reason_text="why")
    assert aged(none, 1e9) is none


@pytest.mark.parametrize("step", [60.0, -60.0, 3600.0, 0.1])
def test_a1_a_step_of_our_clock_voids_the_reference(step: float) -> None:
    good = Reference(Span(-0.01, 0.01), 1000.0, 3, 3)
    found = aged(good, 1010.0 + step, step)
    assert found.offset is None
    assert f"stepped by {step:+.1f} s" in found.reason_text
    assert aged(good, 1010.0, 0.001).offset is not None


@given(
    st.floats(-10, 10),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=7),
    st.lists(st.tuples(st.floats(-12, 12), st.floats(0, 3)), max_size=6),
)
def test_the_true_offset_is_inside_whenever_most_servers_are_right(
    true: float, good: list[tuple[float, float]], false: list[tuple[float, float]]
) -> None:
    right = [Span(true - below, true + above) for below, above in good]
    wrong = [Span(low, low + width) for low, width in false][: len(right) - 1]
    found = majority(right + wrong)
    assert found is not None
    assert found[0].low <= true <= found[0].high
    assert found[1] >= len(right)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 2)), max_size=8))
def test_a_majority_never_needs_more_votes_than_there_are(spans: list[tuple[float, float]]) -> None:
    found = majority([Span(low, low + width) for low, width in spans])
    if found is not None:
        assert len(spans) / 2 < found[1] <= len(spans)
        assert found[0].low <= found[0].high
