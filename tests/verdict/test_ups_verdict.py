"""The verdicts of a UPS: the operator's sentences, and that silence, conflict and loss are never "OK"."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.model import Device, Kind, Observation, Question, Reason, State, Ups, Verdict
from healthmon.verdict.ups import judge

DEVICE = Device("U1", "Cabinet 4", Kind.UPS, "s", "192.0.2.9")
MAINS = Ups(
    backend="rfc1628", communication=True, source="normal", runtime_seconds=2460.0, charge_ratio=1.0, load_ratio=0.38,
    temperature_celsius=24.0, battery_low=False, battery_replace=False, test_result="passed",
)  # fmt: skip
BATTERY = dataclasses.replace(MAINS, source="battery", on_battery_seconds=190.0)


def judged(ups: Ups) -> dict[str, Verdict]:
    return {
        found.aspect: found
        for found in judge(Observation("U1", Question.UPS, "", 1000.0, 0.1, ups), DEVICE)
    }


def test_a_ups_on_mains_is_well_in_every_aspect() -> None:
    found = judged(MAINS)
    assert {verdict.state for verdict in found.values()} == {State.OK}
    assert {verdict.code for verdict in found.values()} == {"ok"}
    assert found["power"].sentence == "on mains, charge 100 %"
    assert set(found) == {"power", "battery", "charge", "load", "temperature", "test", "alarms"}


def test_on_battery_is_a_fault_from_the_start_in_the_operators_words() -> None:
    found = judged(BATTERY)
    assert next(iter(found)) == "power"
    power = found["power"]
    assert (power.state, power.code, power.began, power.value) == (
        State.FAULT,
        "on_battery",
        810.0,
        190.0,
    )
    assert power.sentence == "on battery 3 min 10 s, 41 min left at 38 % load"
    assert "charge" not in found
    bare = judged(Ups(backend="nut", communication=True, source="battery"))["power"]
    assert (bare.state, bare.sentence, bare.began) == (State.FAULT, "on battery", None)


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(1201.0, State.OK), (1200.0, State.OK), (1199.0, State.DEGRADED), (600.0, State.DEGRADED), (599.0, State.FAULT), (0.0, State.FAULT)],
)  # fmt: skip
def test_runtime_left_on_battery(seconds: float, state: State) -> None:
    found = judged(dataclasses.replace(BATTERY, runtime_seconds=seconds))["runtime"]
    assert (found.state, found.value) == (state, seconds)
    assert found.sentence.endswith("of battery left (limits 20 min / 10 min)")
    assert "runtime" not in judged(dataclasses.replace(MAINS, runtime_seconds=seconds))


@pytest.mark.parametrize(
    ("source", "state", "code"),
    [
        ("boost", State.OK, "ok"), ("trim", State.OK, "ok"), ("eco", State.OK, "ok"), ("test", State.OK, "ok"),
        ("bypass", State.FAULT, "not_protecting"), ("off", State.FAULT, "not_protecting"),
        ("other", State.UNKNOWN, "not_reported"), (None, State.UNKNOWN, "not_reported"),
    ],
)  # fmt: skip
def test_every_source(source: str | None, state: State, code: str) -> None:
    power = judged(dataclasses.replace(MAINS, source=source))["power"]
    assert (power.state, power.code) == (state, code)
    assert (power.reason is Reason.NOT_REPORTED) == (state is State.UNKNOWN)
    assert ("self-test" in power.sentence) == (source == "test")


def test_c31_lost_behind_its_card_is_unknown_whatever_else_it_says() -> None:
    found = judged(dataclasses.replace(MAINS, communication=False))
    assert {verdict.state for verdict in found.values()} == {State.UNKNOWN}
    assert found["power"].code == "ups_comms_lost"


def test_c31_a_conflict_is_unknown_and_told() -> None:
    found = judged(dataclasses.replace(MAINS, source=None, conflicts=("says two things at once",)))[
        "power"
    ]
    assert found.state is State.UNKNOWN
    assert "says two things at once" in found.sentence


def test_nothing_seen_is_unknown() -> None:
    (found,) = judge(Observation("U1", Question.UPS, "", 1000.0, 4.0, None, Reason.TIMEOUT), DEVICE)
    assert (found.aspect, found.state, found.reason) == ("power", State.UNKNOWN, Reason.TIMEOUT)


def test_aspects_that_are_not_reported_are_left_out() -> None:
    assert set(judged(Ups(backend="nut", communication=True, source="normal"))) <= {
        "power",
        "alarms",
    }


@pytest.mark.parametrize(
    ("change", "aspect", "state", "code"),
    [
        ({"battery_replace": True}, "battery", State.FAULT, "battery_replace"),
        ({"battery_low": True}, "battery", State.FAULT, "battery_low"),
        ({"charge_ratio": 0.49}, "charge", State.DEGRADED, "charge_low"),
        ({"load_ratio": 0.81}, "load", State.DEGRADED, "overload"),
        ({"load_ratio": 1.01}, "load", State.FAULT, "overload"),
        ({"overload": True}, "load", State.FAULT, "overload"),
        ({"overload": True, "load_ratio": None}, "load", State.FAULT, "overload"),
        ({"temperature_celsius": 41.0}, "temperature", State.DEGRADED, "battery_hot"),
        ({"test_result": "failed"}, "test", State.FAULT, "self_test_failed"),
        ({"test_result": "warning"}, "test", State.DEGRADED, "self_test_failed"),
        ({"alarms": ("fan failure",)}, "alarms", State.DEGRADED, "ups_alarm"),
    ],
)
def test_other_troubles(change: dict[str, object], aspect: str, state: State, code: str) -> None:
    found = judged(dataclasses.replace(MAINS, **change))  # type: ignore[arg-type]
    assert (found[aspect].state, found[aspect].code) == (state, code)
    assert found["power"].state is State.OK


@pytest.mark.parametrize(
    ("days", "state"), [(91.0, State.DEGRADED), (89.0, State.OK), (-3.0, State.OK)]
)
def test_a_self_test_of_long_ago_says_little(days: float, state: State) -> None:
    ups = dataclasses.replace(MAINS, test_at=1_700_000_000.0 - days * 86400)
    (found,) = (
        v
        for v in judge(Observation("U1", Question.UPS, "", 1_700_000_000.0, 0.1, ups), DEVICE)
        if v.aspect == "test"
    )
    assert found.state is state
    assert (found.sentence == "last self-test: passed, 91 d ago (limit 90 d)") == (days > 90)


RATIOS = st.one_of(st.none(), st.floats(0, 2))
RECORDS = st.builds(
    Ups,
    backend=st.just("nut"),
    communication=st.sampled_from([None, True, False]),
    source=st.sampled_from(
        [None, "normal", "battery", "bypass", "boost", "trim", "eco", "test", "off", "other"]
    ),
    on_battery_seconds=st.one_of(st.none(), st.floats(0, 1e6)),
    runtime_seconds=st.one_of(st.none(), st.floats(0, 6e5)),
    charge_ratio=RATIOS,
    load_ratio=RATIOS,
    temperature_celsius=st.one_of(st.none(), st.floats(-40, 120)),
    battery_low=st.sampled_from([None, True, False]),
    battery_replace=st.sampled_from([None, True, False]),
    test_result=st.sampled_from(
        [None, "passed", "failed", "warning", "aborted", "in progress", "none"]
    ),
)


@settings(max_examples=300)
@given(RECORDS)
def test_power_is_ok_only_when_the_unit_says_that_it_protects(ups: Ups) -> None:
    found = judged(ups)
    assert all(
        v.sentence and "\n" not in v.sentence and "None" not in v.sentence for v in found.values()
    )
    assert len(found) == len(judge(Observation("U1", Question.UPS, "", 1000.0, 0.1, ups), DEVICE))
    if found["power"].state is State.OK:
        assert ups.source in ("normal", "boost", "trim", "eco", "test")
        assert ups.communication is not False
