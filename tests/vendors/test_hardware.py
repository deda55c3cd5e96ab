"""What switches and computers say by SNMP of the thing that they are."""

from __future__ import annotations

import pytest

from healthmon.vendors import hardware


def row(index: str, **values: int | bytes) -> dict[str, int | bytes]:
    return {f"{getattr(hardware, name)}.{index}": value for name, value in values.items()}


@pytest.mark.parametrize(
    ("classes", "index"),
    [
        ({}, ""),
        ({"1": 9, "2": 10}, ""),
        ({"1": 3}, "1"),
        ({"1": 11, "2001": 3, "1001": 3, "1002": 6}, "1001"),  # a stack of two
        ({"1.2": 3}, ""),
    ],
)
def test_the_chassis_is_the_first_one(classes: dict[str, int], index: str) -> None:
    assert hardware.chassis_of(classes) == index


def test_the_firmware_is_what_a_switch_is_updated_by() -> None:
    values = row(
        "7", CLASS=3, SOFTWARE=b"15.2(7)E4", FIRMWARE=b"boot 1.1", SERIAL=b" FOC1 ", MODEL=b""
    )
    assert hardware.is_chassis("7", values)
    assert hardware.said_of("7", values) == {"firmware": "15.2(7)E4", "serial": "FOC1"}
    del values[f"{hardware.SOFTWARE}.7"]
    assert hardware.said_of("7", values)["firmware"] == "boot 1.1"
    assert not hardware.is_chassis("7", row("7", CLASS=6))


@pytest.mark.parametrize(
    ("description", "model"),
    [
        ("JetStream 24-Port Gigabit L2 Managed Switch", "JetStream 24-Port Gigabit L2 Managed Switch"),
        (" GS108Tv3 ", "GS108Tv3"),
        ("EdgeSwitch 24-Port 250W, 1.8.2.5191, Linux 3.6.5", ""),
        ("Linux switch-7 5.10.0-8-amd64 #1 SMP", ""),
        ("x" * 65, ""),
    ],
)  # fmt: skip
def test_a_description_without_a_version_is_a_model(description: str, model: str) -> None:
    assert hardware.model_in(description) == model


ADDRESS, OTHER = bytes.fromhex("020000000a01"), bytes.fromhex("020000000aff")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({hardware.BRIDGE_ADDRESS: ADDRESS}, ["02:00:00:00:0A:01"]),
        ({hardware.BRIDGE_ADDRESS: bytes(6)}, []),
        ({hardware.BRIDGE_ADDRESS: b"\x01" + ADDRESS[1:]}, []),
        ({hardware.LLDP_SUBTYPE: 4, hardware.LLDP_CHASSIS: OTHER}, ["02:00:00:00:0A:FF"]),
        ({hardware.LLDP_SUBTYPE: 7, hardware.LLDP_CHASSIS: b"switch"}, []),  # a name of six letters
        (
            {hardware.BRIDGE_ADDRESS: ADDRESS, hardware.LLDP_SUBTYPE: 4, hardware.LLDP_CHASSIS: ADDRESS},
            ["02:00:00:00:0A:01"],
        ),
    ],
)  # fmt: skip
def test_the_addresses_of_a_switch_as_a_whole(
    values: dict[str, int | bytes], found: list[str]
) -> None:
    assert hardware.own_addresses(values) == found


def test_the_addresses_of_interfaces_are_in_their_order() -> None:
    column = {"10": OTHER, "2": ADDRESS, "1": b"", "3": ADDRESS}
    assert hardware.interface_addresses(column) == ["02:00:00:00:0A:01", "02:00:00:00:0A:FF"]
