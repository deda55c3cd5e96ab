"""The verdicts of a UPS: the operator's sentences, and that silence, conflict and loss are never
"OK".
"""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.checks.evaluation.ups import evaluate
from healthmon.model import ups as says
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.results import Observation, Verdict
from healthmon.model.ups import Ups, UpsCondition

DEVICE = Device("U1", "Cabinet 4", Kind.UPS, "s", "192.0.2.9")
MAINS = Ups(
    backend="rfc1628", source="normal", runtime_seconds=2460.0, charge_ratio=1.0, load_ratio=0.38,
    temperature_celsius=24.0, test_result="passed", conditions=(says.BATTERY_WELL, says.NO_ALARMS),
)  # fmt: skip
BATTERY = dataclasses.replace(MAINS, source="battery", on_battery_seconds=190.0)


def judged(ups: Ups) -> dict[str, Verdict]:
    return {
        found.aspect: found
        for found in evaluate(Observation("U1", CheckName.UPS, "", 1000.0, 0.1, ups), DEVICE)
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
    bare = judged(Ups(backend="nut", source="battery"))["power"]
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
    found = judged(dataclasses.replace(MAINS, conditions=(*MAINS.conditions, says.LINK_LOST)))
    assert {verdict.state for verdict in found.values()} == {State.UNKNOWN}
    assert found["power"].code == "ups_comms_lost"


def test_c31_a_conflict_is_unknown_and_told() -> None:
    found = judged(dataclasses.replace(MAINS, source=None, conflicts=("says two things at once",)))[
        "power"
    ]
    assert found.state is State.UNKNOWN
    assert "says two things at once" in found.sentence


def test_nothing_seen_is_unknown() -> None:
    (found,) = evaluate(
        Observation("U1", CheckName.UPS, "", 1000.0, 4.0, None, Reason.TIMEOUT), DEVICE
    )
    assert (found.aspect, found.state, found.reason) == ("power", State.UNKNOWN, Reason.TIMEOUT)


def test_aspects_that_are_not_reported_are_left_out() -> None:
    assert set(judged(Ups(backend="nut", source="normal"))) == {"power"}


@pytest.mark.parametrize(
    ("change", "aspect", "state", "code"),
    [
        (says.BATTERY_REPLACE, "battery", State.FAULT, "battery_replace"),
        (says.BATTERY_LOW, "battery", State.FAULT, "battery_low"),
        (says.BATTERY_DEPLETED, "battery", State.FAULT, "battery_low"),
        (says.BATTERY_MISSING, "battery", State.FAULT, "battery_fault"),
        (says.BATTERY_PACK_BAD, "battery", State.DEGRADED, "battery_fault"),
        (says.BATTERY_HOT, "battery", State.DEGRADED, "battery_hot"),
        (says.CHARGER_FAILED, "charger", State.FAULT, "ups_fault"),
        (says.INVERTER_FAILED, "inverter", State.FAULT, "ups_fault"),
        (says.OUTPUT_UNPROTECTED, "output", State.FAULT, "ups_fault"),
        (says.BYPASS_BAD, "bypass", State.DEGRADED, "ups_fault"),
        (says.FAN_FAILED, "unit", State.DEGRADED, "ups_fault"),
        (says.INPUT_BAD, "input", State.DEGRADED, "ups_alarm"),
        (says.SHUTDOWN_IMMINENT, "shutdown", State.FAULT, "ups_shutdown"),
        (says.alarm("door open"), "alarms", State.DEGRADED, "ups_alarm"),
        (says.OVERLOAD, "load", State.FAULT, "overload"),
        (says.LOAD_HIGH, "load", State.DEGRADED, "overload"),
        ({"charge_ratio": 0.49}, "charge", State.DEGRADED, "charge_low"),
        ({"load_ratio": 0.81}, "load", State.DEGRADED, "overload"),
        ({"load_ratio": 1.01}, "load", State.FAULT, "overload"),
        ({"temperature_celsius": 41.0}, "temperature", State.DEGRADED, "battery_hot"),
        ({"internal_celsius": 61.0}, "electronics", State.DEGRADED, "ups_hot"),
        ({"test_result": "failed"}, "test", State.FAULT, "self_test_failed"),
        ({"test_result": "warning"}, "test", State.DEGRADED, "self_test_failed"),
        ({"test_result": "aborted"}, "test", State.DEGRADED, "self_test_failed"),
    ],
)
def test_other_troubles(
    change: UpsCondition | dict[str, object], aspect: str, state: State, code: str
) -> None:
    if isinstance(change, UpsCondition):
        change = {"conditions": (*MAINS.conditions, change)}
    found = judged(dataclasses.replace(MAINS, **change))  # type: ignore[arg-type]
    assert (found[aspect].state, found[aspect].code) == (state, code)
    assert found["power"].state is State.OK


def test_of_a_part_the_worst_counts_and_all_that_is_wrong_is_told() -> None:
    found = judged(
        dataclasses.replace(
            MAINS,
            conditions=(
                says.BATTERY_WELL, says.BATTERY_PACK_BAD, says.BATTERY_REPLACE, says.CHARGER_WELL,
                says.alarm("door open"), says.alarm("fire"),
            ),
        )
    )  # fmt: skip
    assert found["battery"].sentence == "battery must be replaced, a battery pack is bad"
    assert found["battery"].code == "battery_replace"
    assert found["charger"].sentence == "charger is well"
    assert found["alarms"].sentence == "alarms: door open, fire"


def test_an_overload_is_told_without_a_figure_too() -> None:
    over = dataclasses.replace(MAINS, conditions=(says.OVERLOAD,), load_ratio=None)
    assert judged(over)["load"].sentence == "overload"
    assert judged(dataclasses.replace(over, load_ratio=0.5))["load"].sentence == "overload: 50 %"


def test_no_charge_is_told_of_a_battery_that_is_not_there() -> None:
    found = judged(dataclasses.replace(MAINS, conditions=(says.BATTERY_MISSING,), charge_ratio=0.0))
    assert "charge" not in found
    assert found["battery"].sentence == "no battery"


def test_a_test_that_does_not_end_is_a_ups_on_battery() -> None:
    testing = dataclasses.replace(MAINS, source="test", test_seconds=4 * 3600.0)
    assert judged(testing)["power"].state is State.OK
    found = judged(dataclasses.replace(testing, test_seconds=4 * 3600.0 + 1))["power"]
    assert (found.state, found.code) == (State.FAULT, "on_battery")
    assert found.sentence == (
        "self-test or calibration under way for 4 h 0 min (limit 4 h): on battery"
    )


def test_a_stand_in_is_believed_in_trouble_alone() -> None:
    mirror = dataclasses.replace(MAINS, stand_in="a mirror of a@b: ask that upsd")
    assert list(judged(mirror)) == ["power"]
    assert judged(mirror)["power"].sentence == "UPS not checked: a mirror of a@b: ask that upsd"
    worn = judged(dataclasses.replace(mirror, conditions=(says.BATTERY_REPLACE,)))
    assert {aspect: found.state for aspect, found in worn.items()} == {
        "power": State.UNKNOWN,
        "battery": State.FAULT,
    }
    assert judged(dataclasses.replace(mirror, source="battery"))["power"].state is State.FAULT


@pytest.mark.parametrize(
    ("days", "state"), [(91.0, State.DEGRADED), (89.0, State.OK), (-3.0, State.OK)]
)
def test_a_self_test_of_long_ago_says_little(days: float, state: State) -> None:
    ups = dataclasses.replace(MAINS, test_at=1_700_000_000.0 - days * 86400)
    (found,) = (
        v
        for v in evaluate(Observation("U1", CheckName.UPS, "", 1_700_000_000.0, 0.1, ups), DEVICE)
        if v.aspect == "test"
    )
    assert found.state is state
    assert (found.sentence == "last self-test: passed, 91 d ago (limit 90 d)") == (days > 90)


RATIOS = st.one_of(st.none(), st.floats(0, 2))
CONDITIONS = st.sampled_from(
    [each for each in vars(says).values() if isinstance(each, UpsCondition)]
)
RECORDS = st.builds(
    Ups,
    backend=st.just("nut"),
    conditions=st.lists(CONDITIONS, max_size=6).map(tuple),
    source=st.sampled_from(
        [None, "normal", "battery", "bypass", "boost", "trim", "eco", "test", "off", "other"]
    ),
    on_battery_seconds=st.one_of(st.none(), st.floats(0, 1e6)),
    runtime_seconds=st.one_of(st.none(), st.floats(0, 6e5)),
    charge_ratio=RATIOS,
    load_ratio=RATIOS,
    temperature_celsius=st.one_of(st.none(), st.floats(-40, 120)),
    internal_celsius=st.one_of(st.none(), st.floats(-40, 120)),
    stand_in=st.sampled_from(["", "a mirror"]),
    test_result=st.sampled_from(
        [None, "passed", "failed", "warning", "aborted", "in progress", "none"]
    ),
)


@pytest.mark.slow
@settings(max_examples=300)
@given(RECORDS)
def test_power_is_ok_only_when_the_unit_says_that_it_protects(ups: Ups) -> None:
    found = judged(ups)
    assert all(
        v.sentence and "\n" not in v.sentence and "None" not in v.sentence for v in found.values()
    )
    assert len(found) == len(
        evaluate(Observation("U1", CheckName.UPS, "", 1000.0, 0.1, ups), DEVICE)
    )
    if found["power"].state is State.OK:
        assert ups.source in ("normal", "boost", "trim", "eco", "test")
        assert says.LINK_LOST not in ups.conditions
        assert not ups.stand_in
