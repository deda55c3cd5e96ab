"""The verdicts of a switch port: what failed, what was switched off on purpose, and the cause that
it gives.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from healthmon.checks.evaluation.port import cause, evaluate
from healthmon.model.device import Device, Limits, PortAccess, SnmpAccess
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.links import Poe, SwitchPort
from healthmon.model.results import Observation, Verdict

WHERE = PortAccess("S01", "Market switch", "192.0.2.9", SnmpAccess("c"), "Gi1/0/7")
DEVICE = Device("C1", "North", Kind.CAMERA, "s", "192.0.2.1", port=WHERE)
NAME = "port Gi1/0/7 of Market switch S01"
WELL = SwitchPort(
    "S01", "Gi1/0/7", 10107, "up", "up", speed=1e8, best_speed=1e8, half_duplex=False, changed=400.0,
    bytes_in=10**9, errors=4, new_errors=0, new_packets=30000, poe=Poe("1.7", True, "delivering", 0),
)  # fmt: skip


def judged(device: Device = DEVICE, **changes: Any) -> dict[str, Verdict]:
    port = dataclasses.replace(WELL, **changes)
    return {
        one.aspect: one
        for one in evaluate(Observation("C1", CheckName.PORT, "S01", 1000.0, 0.1, port), device)
    }


def down(**poe: Any) -> SwitchPort:
    return dataclasses.replace(
        WELL, oper="down", speed=None, half_duplex=None, poe=Poe("1.7", **poe) if poe else None
    )


def test_a_port_that_is_well_is_well_in_every_aspect() -> None:
    found = judged()
    assert {one.state for one in found.values()} == {State.OK}
    assert set(found) == {"port", "poe", "speed", "errors"}
    assert found["port"].sentence == f"{NAME} is up at 100 Mbit/s"


def test_down_is_a_fault_since_the_switch_saw_it_and_off_on_purpose_is_not() -> None:
    port = judged(oper="down", poe=None)["port"]
    assert (port.state, port.code, port.began) == (State.FAULT, "port_down", 400.0)
    assert port.sentence == f"{NAME} is down (for 10 min)"
    port = judged(admin="down", oper="down")["port"]
    assert (port.state, port.code, port.sentence) == (State.DEGRADED, "port_off", f"{NAME} is switched off on purpose for 10 min")  # fmt: skip


@pytest.mark.parametrize(
    ("oper", "state", "code"),
    [
        ("not_present", State.FAULT, "port_down"),
        ("lower_layer_down", State.FAULT, "port_down"),
        ("dormant", State.DEGRADED, "port_blocked"),
        ("testing", State.DEGRADED, "port_blocked"),
        ("unknown", State.UNKNOWN, "not_reported"),
        (None, State.UNKNOWN, "not_reported"),
    ],
)
def test_every_state_of_if_mib_has_its_verdict(oper, state, code) -> None:
    found = judged(oper=oper)["port"]
    assert (found.state, found.code) == (state, code)


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (WELL, ""),
        (down(), f"{NAME} is down"),
        (
            down(enabled=True, status="searching"),
            f"{NAME} is down and finds no device to power: cable or device",
        ),
        (
            down(enabled=True, status="delivering"),
            f"{NAME} is down although the device draws power",
        ),
        (
            down(enabled=False, status="disabled"),
            f"{NAME} is down and its power (PoE) is switched off on purpose",
        ),
        (
            down(enabled=True, status="searching", denied=2),
            f"{NAME} is down: the switch has refused it power",
        ),
        (down(enabled=True, status="fault"), f"PoE fault: {NAME} gives the device no power"),
        (down(enabled=True, status="other_fault"), f"PoE fault: {NAME} gives the device no power"),
        (
            dataclasses.replace(WELL, admin="down", oper="down"),
            f"{NAME} is switched off on purpose",
        ),
    ],
)
def test_the_cause_in_words(port, words) -> None:
    assert cause(port, DEVICE) == words


def test_power_faults_are_faults_unless_the_device_is_up_all_the_same() -> None:
    assert judged(oper="down", poe=Poe("1.7", True, "fault"))["poe"].state is State.FAULT
    assert judged(poe=Poe("1.7", True, "other_fault"))["poe"].state is State.DEGRADED
    denied = judged(oper="down", poe=Poe("1.7", True, "searching", 3))["poe"]
    assert (denied.state, denied.code, denied.value) == (State.FAULT, "poe_denied", 3.0)
    assert "poe" not in judged(poe=None, poe_unknown=True)


@pytest.mark.parametrize(
    ("speed", "best", "limit", "state"),
    [
        (1e8, 1e8, None, State.OK),
        (1e9, 1e9, None, State.OK),
        (1e7, 1e8, None, State.DEGRADED),
        (1e7, 1e7, None, State.DEGRADED),
        (1e8, 1e9, None, State.DEGRADED),
        (1e8, 1e9, 1e8, State.OK),
        (1e7, 1e7, 1e7, State.OK),
        (1e8, 1e8, 1e9, State.DEGRADED),
    ],
)
def test_a_link_that_fell_back_is_warned_of(speed, best, limit, state) -> None:
    device = dataclasses.replace(DEVICE, limits=Limits(port_speed=limit))
    found = judged(device, speed=speed, best_speed=best)["speed"]
    assert found.state is state
    assert found.code == ("ok" if state is State.OK else "port_slow")


def test_the_sentence_of_a_slow_link_holds_value_and_limit() -> None:
    assert judged(speed=1e7)["speed"].sentence == f"{NAME} runs at 10 Mbit/s only (it was 100 Mbit/s): cable or connector"  # fmt: skip
    assert "(limit 100 Mbit/s)" in judged(speed=1e7, best_speed=1e7)["speed"].sentence
    half = judged(half_duplex=True)["speed"]
    assert (half.state, half.code) == (State.DEGRADED, "port_half_duplex")


@pytest.mark.parametrize(
    ("errors", "packets", "state"),
    [
        (0, 30000, State.OK),
        (2, 10, State.OK),
        (3, 30000, State.OK),
        (40, 30000, State.DEGRADED),
        (3, 0, State.DEGRADED),
    ],
)
def test_errors_are_judged_by_their_share_of_what_came(errors, packets, state) -> None:
    found = judged(new_errors=errors, new_packets=packets)["errors"]
    assert found.state is state


def test_what_the_switch_does_not_tell_is_not_judged() -> None:
    bare = evaluate(
        Observation(
            "C1", CheckName.PORT, "S01", 1000.0, 0.1, SwitchPort("S01", "7", 7, "up", "up")
        ),
        DEVICE,
    )
    assert [(one.aspect, one.state) for one in bare] == [("port", State.OK)]
    silent = evaluate(
        Observation("C1", CheckName.PORT, "S01", 1000.0, 0.1, None, Reason.TIMEOUT), DEVICE
    )
    assert [(one.aspect, one.state, one.reason) for one in silent] == [
        ("port", State.UNKNOWN, Reason.TIMEOUT)
    ]
