"""Figures that are values: sentinels, saturated counters and impossible numbers are "not
reported".
"""

from __future__ import annotations

import re

from healthmon.protocols import quirks

LONGEST_RUNTIME = 7 * 86400.0
_SENTINELS = {65535, 65534, 655350, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFF, -1, -273}
# 9999 s, 999 min, 9999 min, 99999 s, and 99 h 59 min: a counter at its end, not a forecast.
_SATURATED = {9999.0, 59_940.0, 599_940.0, 99_999.0, 359_940.0}
RANGES = {
    "on_battery_seconds": (0.0, 30 * 86400.0),
    "runtime_seconds": (0.0, LONGEST_RUNTIME),
    "charge_ratio": (0.0, 1.3),
    "load_ratio": (0.0, 2.0),
    "battery_volts": (1.0, 1200.0),
    "temperature_celsius": (-40.0, 120.0),
    "internal_celsius": (-40.0, 120.0),
    "input_volts": (0.0, 700.0),
    "output_volts": (0.0, 700.0),
}
LIVE_VOLTS = 50.0  # below this there is no mains, and no output


def value(field: str, number: float, factor: float = 1.0) -> float | None:
    """`number` of a device in base units, None where it is none.

    A temperature of exactly 0 is what cards tell without a sensor. Some cards tell volts in tenths
    against their MIB.
    """
    if number in _SENTINELS:
        return None
    found = _in_base_units(field, number, factor)
    low, high = RANGES[field]
    if not low <= found <= high:
        return None
    if field.endswith("celsius") and not found:
        return None
    if field == "runtime_seconds" and round(found) in _SATURATED:
        return None
    return min(found, 1.0) if field == "charge_ratio" else found


def _in_base_units(field: str, number: float, factor: float) -> float:
    if field.endswith("celsius"):
        return quirks.signed(number) * factor
    found = number * factor
    return found / 10 if field in ("input_volts", "output_volts") and found > 700 else found


_WRITTEN = re.compile(r"([-+]?[0-9]{1,9}(?:[.,][0-9]{1,6})?)\s*([^0-9\s].{0,15})?")
# Units by their small letters, and the factor from each to base units.
_UNITS: dict[str, dict[str, float]] = {
    "seconds": {"s": 1.0, "sec": 1.0, "seconds": 1.0, "min": 60.0, "mins": 60.0, "minutes": 60.0},
    "ratio": {"%": 0.01, "percent": 0.01},
    "volts": {"v": 1.0, "vac": 1.0, "vdc": 1.0, "volts": 1.0, "volt": 1.0},
    "celsius": {"c": 1.0, "degc": 1.0, "degreesc": 1.0, "celsius": 1.0},
}


def written(field: str, text: str, factor: float) -> float | None:
    """A measurement that is written as text, with decimals or its unit (``27.4``, ``230 V``), in
    base units; None where that is none, or the unit is not one of the field.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        return None
    number = float(match[1].replace(",", "."))
    if match[2] is None:
        return plain(field, number, factor)
    name = re.sub(r"[^a-z%]", "", match[2].lower())  # a degree sign has come in any encoding
    unit = _UNITS[field.rpartition("_")[2]].get(name)
    return None if unit is None else value(field, number, unit)


def plain(field: str, number: float, factor: float) -> float | None:
    """A number with decimals in base units: it counts whole units (percent, minutes where the table
    has minutes), never tenths of them.
    """
    if field.endswith("ratio"):
        return value(field, number, 0.01)
    return value(field, number, 60.0 if factor >= 6 else 1.0)


def live(volts: tuple[float, ...]) -> bool | None:
    """Whether there is a voltage on any line; None where no line is reported."""
    return any(one >= LIVE_VOLTS for one in volts) if volts else None


def real(volts: tuple[float, ...]) -> tuple[float, ...]:
    """The lines that have a voltage; a line that is not there, or a disconnect, reads as zero."""
    return tuple(one for one in volts if one >= 1)
