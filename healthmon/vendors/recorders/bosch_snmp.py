"""Bosch video devices by SNMP, enterprise 3967: heat, fans, load, power over Ethernet, network
links.

Source: Checkmk's bvip checks (objects, scaling, states) and a field decode of two camera families;
the MIB itself is not public. Texts carry bytes behind their end. A video alarm is video analytics
at work, not a fault: it is a note. Devices without fans tell of fans that stand still: a fan counts
once it has been seen turning.
"""

from __future__ import annotations

from typing import Any

from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.values.scalars import words
from healthmon.vendors.partial_read import PartialRead
from healthmon.vendors.readings import Fields, Gathered, text_of
from healthmon.vendors.registry import Call

BASE = "1.3.6.1.4.1.3967"
VENDOR, FIRMWARE, MODEL = f"{BASE}.1.1.1.7.0", f"{BASE}.1.1.1.5.0", f"{BASE}.1.1.5.1.0"
HEAT, FAN, IDLE = f"{BASE}.1.1.7.1.1", f"{BASE}.1.1.8.1.1", f"{BASE}.1.1.9.1.1.1"
POWER, LINK = f"{BASE}.1.1.10.0", f"{BASE}.1.5.1.8.1"
ALARM_NAME, ALARM = f"{BASE}.1.1.1.3.1.1", f"{BASE}.1.3.1.1.1"
TURNED = "bosch_fans"
UPTIME = "1.3.6.1.2.1.25.1.1.0"
NUMBERS = range(1, 5)
SINGLE = (VENDOR, FIRMWARE, MODEL, IDLE, POWER, UPTIME)
TABLES = (HEAT, FAN, LINK, ALARM_NAME, ALARM)
SLOW_LINKS = {1: "10 Mbit/s half duplex", 2: "10 Mbit/s full duplex", 3: "100 Mbit/s half duplex"}
RIGHT = "an SNMPv3 user (SHA, AES), or a read-only community where SNMPv1/v2c is switched on"
CALLS = (
    Call(f"GET {HEAT}.N, {FAN}.N", "temperature, fans", RIGHT),
    Call(f"GET {IDLE}, {POWER}, hrSystemUptime", "CPU load, power over Ethernet, uptime", RIGHT),
    Call(f"GET {LINK}.N", "network links that are slow or half duplex", RIGHT),
    Call(f"GET {VENDOR}, {MODEL}, {FIRMWARE}", "manufacturer, model, firmware", RIGHT),
)


async def read_into(parts: PartialRead, got: Gathered) -> None:
    """Add what the device tells to `got`; objects that it does not have are left out."""
    asked = [*SINGLE, *(f"{table}.{number}" for table in TABLES for number in NUMBERS)]
    values = await parts.snmp("Bosch objects", asked)
    if values is None:
        return
    own: Fields = got.fields.setdefault(("recorder", ""), {})
    for field, value in _single(values).items():
        if value is not None:
            own.setdefault(field, value)
            got.taken += 1
    turned: set[int] = parts.contact.memory.setdefault(TURNED, set())
    for number in NUMBERS:
        if fan := _fan(values.get(f"{FAN}.{number}"), number, turned):
            got.fields.setdefault(("fan", f"fan {number}"), {}).update(fan)
        if link := _slow_link(values.get(f"{LINK}.{number}")):
            got.problems.append(f"network link {number}: {link}")
        if alarm := _alarm(values, number):
            parts.note(f"video analytics alarm: {alarm}")


def _slow_link(state: SnmpValue) -> str | None:
    return SLOW_LINKS.get(state) if isinstance(state, int) else None


def _fan(value: SnmpValue, number: int, turned: set[int]) -> Fields:
    """The fields of a fan; none of one that has never been seen turning (`turned`)."""
    rpm = _number(value, 1e5)
    if rpm:
        turned.add(number)
    if rpm is None or number not in turned:
        return {}
    return {"rpm": rpm, "well": rpm > 0}


def _alarm(values: dict[str, SnmpValue], number: int) -> str | None:
    """The name of a video alarm, where it is on."""
    alarm = values.get(f"{ALARM}.{number}")
    if not isinstance(alarm, int) or alarm <= 0:
        return None
    return words(text_of(values.get(f"{ALARM_NAME}.{number}"))) or f"input {number}"


def _single(values: dict[str, SnmpValue]) -> dict[str, Any]:
    heats = [
        heat
        for number in NUMBERS
        if (heat := _number(values.get(f"{HEAT}.{number}"), 2000, -1000)) is not None
    ]
    idle, power = _number(values.get(IDLE), 100), _number(values.get(POWER), 2000)
    ticks = _number(values.get(UPTIME), 2**32)
    return {
        "manufacturer": words(text_of(values.get(VENDOR))),
        "model": words(text_of(values.get(MODEL))),
        "firmware": words(text_of(values.get(FIRMWARE))),
        "temperature_celsius": max(heats) / 10 if heats else None,
        "cpu_ratio": (100 - idle) / 100 if idle is not None else None,
        "power_watts": power / 10 if power else None,
        "uptime_seconds": ticks / 100 if ticks is not None else None,
    }


def _number(value: SnmpValue, most: float, least: float = 0) -> float | None:
    """A number within [least, most]; devices give it as INTEGER or as text."""
    if not isinstance(value, int):
        text = text_of(value) or ""
        value = int(text) if text.lstrip("-").isdecimal() and len(text) < 12 else None
    return float(value) if value is not None and least <= value <= most else None
