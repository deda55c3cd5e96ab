"""Is healthmon itself well: our own network, the store, the ways out, and a shift check that nobody
made.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.notifications.shifts import ShiftPlan
from healthmon.runtime.self_check import (
    Facts,
    behind,
    left_out,
    missed_shift,
    own_network,
    unreached,
    verdicts,
)
from healthmon.scheduling.pace import Pace

LONDON = "Europe/London"
PLAN = ShiftPlan((time(2, 30), time(7, 0), time(19, 0)), LONDON)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def device(name: str, parents: tuple[str, ...] = (), **more) -> Device:
    return Device(name, name, Kind.CAMERA, "market", "192.0.2.1", parents=parents, **more)


AGENT = Device("healthmon", "healthmon", Kind.AGENT, "", "127.0.0.1")
ESTATE = [
    AGENT,
    device("S1"),
    device("S2"),
    device("S3"),
    *[device(f"C{n}", ("S1",)) for n in range(9)],
]
IN_STORE = device("D1", deployment="in_store")


@pytest.mark.parametrize(
    ("down", "cut", "words", "kept"),
    [
        ((), {}, "", 0),
        (("S1", "S2", *[f"C{n}" for n in range(9)]), {}, "", 0),
        (("S1", "S2", "S3"), {}, "none of 12 devices answers", 12),
        (
            (),
            {"C1": "network interface eth0 is down or unplugged"},
            "eth0 is down or unplugged: 1 device cannot",
            1,
        ),
        (("S2",), {"C1": "no route", "C2": "no route"}, "no route: 2 devices cannot be checked", 2),
    ],
)
def test_n3_our_own_network_is_down_when_the_kernel_says_so_or_nothing_at_all_answers(
    down, cut, words, kept
):
    found, ids = own_network([*ESTATE, IN_STORE], dict.fromkeys(down, 1.0), cut)
    assert words in found
    assert bool(found) == bool(words)
    assert len(ids) == kept


def test_two_devices_that_are_lost_are_no_proof_against_our_network():
    assert own_network([device("C1"), device("C2")], {"C1": 1.0, "C2": 1.0}, {}) == (
        "",
        frozenset(),
    )


def said(facts: Facts) -> dict[str, tuple[State, str]]:
    return {v.aspect: (v.state, v.code) for v in verdicts(facts, PLAN)}


def test_every_aspect_of_our_own_health_is_told_and_only_while_it_is_so():
    now = at("2026-11-24 12:00")
    well = said(Facts(now, last_sweep=now - 3600, watched_since=0.0))
    assert {state for state, _ in well.values()} == {State.OK}
    ill = said(
        Facts(
            now,
            network="no route",
            name_server="the name server does not answer",
            held="process 7 (healthmon, stopped) holds 2 devices",
            behind="not every check can be run at its interval",
            unreached=unreached({"market": ["depot"]}, ESTATE),
            left_out=left_out([("south", "has another config.yaml")]),
            store_problem="the disk is full",
            alarm="put aside",
            alarm_at=now - 60,
            audit="act 3: name was changed",
            failing={"mail": (now - 400, "refused"), "desk": (now - 10, "refused")},
            watched_since=0.0,
        )
    )
    assert ill == {
        "network": (State.FAULT, "own_network"),
        "names": (State.FAULT, "name_server"),
        "locks": (State.FAULT, "devices_held"),
        "pace": (State.DEGRADED, "falling_behind"),
        "sites": (State.FAULT, "site_agent_lost"),
        "agents": (State.DEGRADED, "agent_left_out"),
        "store": (State.FAULT, "store"),
        "history": (State.FAULT, "history_damaged"),
        "audit": (State.FAULT, "record_changed"),
        "notify": (State.DEGRADED, "notify_failing"),
        "shift": (State.DEGRADED, "sweep_missed"),
    }
    notify = next(
        v
        for v in verdicts(Facts(now, failing={"desk": (now - 10, "x")}), ShiftPlan())
        if v.aspect == "notify"
    )
    assert notify.state is State.OK, "a short failure is nobody's business"


@pytest.mark.parametrize(
    ("now", "sweep", "missed"),
    [
        ("2026-11-24 07:59", None, "02:30"),  # the grace of the morning is not over
        ("2026-11-24 08:01", None, "07:00"),
        ("2026-11-24 08:01", "2026-11-24 06:05", ""),
        ("2026-11-24 08:01", "2026-11-24 05:55", "07:00"),
        ("2026-11-24 19:30", "2026-11-24 07:10", ""),
        ("2026-11-24 20:10", "2026-11-24 07:10", "19:00"),
        ("2026-11-24 08:01", "2026-11-24 08:50", ""),  # our clock was set back by an hour
        ("2026-11-24 08:01", "2036-11-24 07:00", "07:00"),  # and by ten years
    ],
)
def test_a16_a_shift_check_that_nobody_made_is_told(now, sweep, missed):
    facts = Facts(at(now), last_sweep=at(sweep) if sweep else None, watched_since=at("2026-11-01"))
    words = missed_shift(facts, PLAN)
    assert bool(words) == bool(missed)
    assert missed in words


def test_a16_what_was_due_before_the_agent_was_there_is_not_missed():
    facts = Facts(at("2026-11-24 12:00"), watched_since=at("2026-11-24 11:00"))
    assert missed_shift(facts, PLAN) == ""
    assert missed_shift(Facts(at("2026-11-24 12:00")), ShiftPlan()) == ""


@pytest.mark.parametrize(("slots", "state"), [(20, State.OK), (4, State.DEGRADED)])
def test_an_agent_that_cannot_keep_up_says_so_as_one_fault_with_the_numbers(slots, state):
    pace = Pace(slots)
    pace.plan(
        [Check(f"C{n}", CheckName.STREAM, "main", cost=4e6, interval=30.0) for n in range(100)],
        slots,
    )
    [found] = [v for v in verdicts(Facts(0.0, behind=behind(pace)), PLAN) if v.aspect == "pace"]
    assert found.state is state
    if state is State.DEGRADED:
        assert found.code == "falling_behind"
        assert "8 would run at the same time, and 4 may" in found.sentence
        assert "2.2 times less often" in found.sentence
