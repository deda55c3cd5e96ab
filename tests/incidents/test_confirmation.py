"""The fault book: confirmation, clearing, since when, removal; tables and properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.incidents.confirmation import ONE_OFF, WINDOW, FaultBook, Line, Policy, step
from healthmon.model.enums import CheckName, State
from healthmon.model.results import Verdict

OK, BAD, WARN, UNKNOWN = State.OK, State.FAULT, State.DEGRADED, State.UNKNOWN


def said(state: State, at: float, code: str = "unreachable", began: float | None = None) -> Verdict:
    return Verdict(
        "C001",
        CheckName.REACH,
        "",
        "reach",
        state,
        code if state else "ok",
        "words",
        at,
        began=began,
    )


def run(states: list[State], policy: Policy) -> list[tuple[str, float, float]]:
    book = FaultBook(policy)
    changes = [c for n, state in enumerate(states) for c in book.apply([said(state, float(n))])]
    return [(c.what, c.at, c.fault.since) for c in changes]


@pytest.mark.parametrize(
    ("states", "changes"),
    [
        ([BAD], []),
        ([BAD, BAD], [("opened", 1, 0)]),
        ([BAD, OK, BAD], [("opened", 2, 0)]),
        ([BAD, OK, OK, OK, BAD], []),
        ([BAD, BAD, OK], [("opened", 1, 0)]),
        ([BAD, BAD, OK, OK], [("opened", 1, 0), ("closed", 3, 0)]),
        ([BAD, BAD, OK, BAD, BAD, OK, OK], [("opened", 1, 0), ("changed", 5, 0)]),
        ([BAD, UNKNOWN, UNKNOWN, BAD], [("opened", 3, 0)]),
        ([BAD, BAD, UNKNOWN, OK, UNKNOWN, OK], [("opened", 1, 0), ("closed", 5, 0)]),
        ([BAD, BAD, WARN], [("opened", 1, 0), ("changed", 2, 0)]),
        ([UNKNOWN] * 5, []),
    ],
)
def test_confirmation_and_clearing(states, changes):
    assert run(states, Policy(failures=2, of=3, clear=2)) == changes


def test_a_sweep_confirms_at_once():
    assert run([BAD], ONE_OFF) == [("opened", 0, 0)]


def test_a_device_that_knows_when_it_began_is_believed():
    line, changes = step(Line(), said(BAD, 100.0, "on_battery", began=-90.0), ONE_OFF)
    assert changes[0].fault.since == -90.0
    assert line.fault is not None


def test_c26_a_reboot_shorter_than_confirmation_is_no_fault():
    assert run([OK, BAD, OK, OK, OK], Policy()) == []
    assert run([OK, BAD, BAD, OK, OK], Policy())[0][0] == "opened"


@pytest.mark.parametrize("loss", [0.01, 0.05])
def test_n1_single_lost_looks_are_confirmed_by_a_retry_first(loss):
    import random

    dice = random.Random(1)
    found = run(
        [BAD if dice.random() < loss else OK for _ in range(2000)],
        Policy(failures=3, of=3, clear=2),
    )
    assert len(found) <= 2, "lost packets on a healthy camera must not open faults"


def test_o7_a_removed_device_closes_its_fault_as_removed():
    book = FaultBook(ONE_OFF)
    book.apply([said(BAD, 1.0)])
    changes = book.remove({("C002", CheckName.REACH, "")}, 5.0)
    assert [(c.what, c.at) for c in changes] == [("removed", 5.0)]
    assert book.open() == ()


def test_restart_keeps_open_faults_without_repeating_them():
    book = FaultBook()
    book.apply([said(BAD, 1.0)])
    book.apply([said(BAD, 2.0)])
    again = FaultBook()
    again.restore(book.open())
    assert again.open() == book.open()
    assert again.apply([said(BAD, 3.0)]) == ()


@given(
    st.lists(st.sampled_from([OK, BAD, WARN, UNKNOWN]), max_size=60),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_changes_always_alternate_and_health_always_closes(states, failures, clear):
    policy = Policy(failures, 3, clear)
    words = [
        what for what, _, _ in run([*states, *[OK] * (WINDOW + clear)], policy) if what != "changed"
    ]
    assert words == ["opened", "closed"] * (len(words) // 2)


def test_n4_flaps_below_the_confirm_time_are_told_to_nobody_and_seen_in_the_history():
    book = FaultBook(Policy(2, 3, 2))
    states = [BAD, OK, OK] * 20
    assert [c for n, state in enumerate(states) for c in book.apply([said(state, float(n))])] == []
    assert book.lines[said(BAD, 0.0).key].changes >= 10


def test_g11_a_camera_that_flaps_each_minute_for_an_hour_is_told_at_most_four_times():
    states = [BAD, BAD, OK, OK] * 30
    found = run(states, Policy(2, 3, 2))
    assert [what for what, _, _ in found] == ["opened", "closed", "opened", "changed"]
    rest = run([*states, *[OK] * WINDOW], Policy(2, 3, 2))
    assert [what for what, _, _ in rest][4:] == ["closed"]


def test_flapping_is_told_in_words_and_counted():
    book = FaultBook(Policy(2, 3, 2))
    made = [
        c for n, s in enumerate([BAD, BAD, OK, OK] * 5) for c in book.apply([said(s, float(n))])
    ]
    assert made[-1].fault.flapping
    assert made[-1].fault.sentence == "comes and goes; last: words"
    assert book.suppressed["flapping"] == 4


def test_of_what_is_well_nothing_is_kept():
    book = FaultBook()
    for at in range(30):
        book.apply([said(OK, float(at))])
    assert book.lines == {}
    opened = [change.what for at in (30.0, 31.0) for change in book.apply([said(BAD, at)])]
    closed = [change.what for at in range(32, 60) for change in book.apply([said(OK, float(at))])]
    assert (opened, closed, book.lines) == (["opened"], ["closed"], {})
