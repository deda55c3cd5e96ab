"""SNMP values of a UPS -> `Ups`: sentinels and impossible values are "not reported", never numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from healthmon.makes.ups_tables import RFC1628, Table
from healthmon.model import Ups

SnmpValue = int | bytes | str | None
_SENTINELS = {65535, 65534, 655350, 0xFFFFFFFF, 0x7FFFFFFF, -1, -273}
_RANGES = {
    "on_battery_seconds": (0.0, 30 * 86400.0),
    "runtime_seconds": (0.0, 7 * 86400.0),
    "charge_ratio": (0.0, 1.2),
    "load_ratio": (0.0, 2.0),
    "battery_volts": (1.0, 1200.0),
    "temperature_celsius": (-40.0, 120.0),
    "input_volts": (1.0, 700.0),
    "output_volts": (1.0, 700.0),
    "alarm_count": (0.0, 1000.0),
}
BY_LINE: tuple[str, ...] = ("input_volts", "output_volts", "load_ratio")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
ALARMS = {
    1: "battery bad", 2: "on battery", 3: "low battery", 4: "battery depleted", 5: "temperature bad", 6: "input bad",
    7: "output bad", 8: "overload", 9: "on bypass", 10: "bypass bad", 11: "output off as requested",
    12: "UPS off as requested", 13: "charger failed", 14: "output off", 15: "UPS off", 16: "fan failure",
    17: "fuse failure", 18: "general fault", 19: "self-test failed", 20: "communication lost", 21: "awaiting power",
    22: "shutdown pending", 23: "shutdown imminent", 24: "self-test under way",
}  # fmt: skip
ALARM_COLUMN = f"{RFC1628}.6.2.1.2"
ALARM_OBJECTS = tuple(f"{ALARM_COLUMN}.{number}" for number in range(1, 7))


@dataclass(frozen=True, slots=True)
class Raw:
    """What one table gave, in base units; None where not reported. `lines`: load and voltages of every line."""

    numbers: dict[str, float]
    lines: dict[str, tuple[float, ...]]
    texts: dict[str, str]
    flags: dict[str, bool]
    source: str | None
    test: str | None
    input_source: str | None


def read(table: Table, values: Mapping[str, SnmpValue]) -> Raw:
    """The reported fields of one table."""

    def raw(oid: str | None) -> SnmpValue:
        names = (oid, *table.aliases.get(oid, ())) if oid else ()
        return next(
            (values[full] for name in names if (full := f"{table.root}.{name}") in values), None
        )

    def enum(pair: tuple[str, dict[int, str]] | None) -> str | None:
        found = whole(raw(pair[0])) if pair else None
        return pair[1].get(found) if pair and found is not None else None

    numbers = {
        n: v
        for n, (oid, factor) in table.numbers.items()
        if (v := _number(n, raw(oid), factor)) is not None
    }
    lines = {name: _lines(name, table, raw) for name in BY_LINE if name in table.numbers}
    for name, (oid, factor) in table.finer.items():
        if (fine := _number(name, raw(oid), factor)) is not None:
            numbers[name] = fine
            if name in BY_LINE and len(lines[name]) < 2:
                lines[name] = (fine,)
    texts = {n: said for n, oid in table.texts.items() if (said := text(raw(oid)))}
    flags = {}
    for name, (oid, meanings) in table.flags.items():
        value = whole(raw(oid))
        if value is not None and value in meanings:
            flags[name] = meanings[value]
    source = enum((table.source_object, table.sources)) if table.source_object else None
    return Raw(numbers, lines, texts, flags, source, enum(table.tests), enum(table.input_sources))


def _lines(name: str, table: Table, raw: Callable[[str | None], SnmpValue]) -> tuple[float, ...]:
    """What is reported of the first line and of the others."""
    oid, factor = table.numbers[name]
    found = (_number(name, raw(one), factor) for one in (oid, *table.lines.get(name, ())))
    return tuple(value for value in found if value is not None)


def whole(value: SnmpValue) -> int | None:
    """An integer, also where a card writes it as text; None for anything else."""
    if isinstance(value, bytes):
        text = value.decode("ascii", "replace").strip("\0 ")
        return int(text) if _WHOLE.fullmatch(text) else None
    return value if isinstance(value, int) else None


def _number(name: str, value: SnmpValue, factor: float) -> float | None:
    number = whole(value)
    if number is None or number in _SENTINELS:
        return None
    found = number * factor
    if name in ("input_volts", "output_volts") and found > 700:
        found /= 10
    low, high = _RANGES[name]
    return found if low <= found <= high else None


def text(value: SnmpValue) -> str | None:
    """A string without what cannot be printed; None where it is empty or no string."""
    if not isinstance(value, bytes):
        return None
    said = value.split(b"\0")[0].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in said).split())[:128] or None


def ups_of(standard: Raw, vendor: Raw | None, alarms: tuple[int, ...], backend: str) -> Ups:
    """One record from RFC 1628 and one vendor block; the vendor's word goes first where both speak."""
    parts = [raw for raw in (vendor, standard) if raw is not None]

    def number(name: str) -> float | None:
        return next((raw.numbers[name] for raw in parts if name in raw.numbers), None)

    def flag(name: str) -> bool | None:
        return next((raw.flags[name] for raw in parts if name in raw.flags), None)

    def told(name: str) -> str | None:
        return next((raw.texts[name] for raw in parts if name in raw.texts), None)

    def lines(name: str) -> tuple[float, ...]:
        return next((raw.lines[name] for raw in parts if raw.lines.get(name)), ())

    charge, runtime, on_battery = (
        number("charge_ratio"),
        number("runtime_seconds"),
        number("on_battery_seconds"),
    )
    source, conflicts = _source(parts, alarms, on_battery, flag("on_battery"), flag("on_bypass"))
    if runtime == 0 and charge is not None and charge > 0.5 and source != "battery":
        runtime = next(
            (found for raw in parts if (found := raw.numbers.get("runtime_seconds"))), None
        )
    test = next((raw.test for raw in parts if raw.test is not None and raw.test != "none"), None)
    if source == "battery" and (test == "in progress" or 24 in alarms):
        source = "test"
    return Ups(
        backend=backend,
        manufacturer=told("manufacturer"),
        model=told("model"),
        firmware=told("firmware"),
        serial=told("serial"),
        communication=20 not in alarms and flag("communication") is not False,
        source=source,
        on_battery_seconds=on_battery if source in ("battery", "test") and on_battery else None,
        runtime_seconds=runtime,
        charge_ratio=min(charge, 1.0) if charge is not None else None,
        load_ratio=max(lines("load_ratio"), default=None),
        input_volts=lines("input_volts"),
        output_volts=lines("output_volts"),
        battery_volts=number("battery_volts"),
        temperature_celsius=number("temperature_celsius"),
        input_source=next((raw.input_source for raw in parts if raw.input_source), None),
        input_bad=True if 6 in alarms else flag("input_bad"),
        battery_low=True if 3 in alarms or 4 in alarms else flag("battery_low"),
        battery_replace=True if 1 in alarms else flag("battery_replace"),
        overload=True if 8 in alarms else flag("overload"),
        test_result="failed" if 19 in alarms else test,
        test_at=_date(told("test_date")),
        alarms=_alarm_words(alarms, standard.numbers.get("alarm_count", 0)),
        conflicts=conflicts,
    )


def _date(text: str | None) -> float | None:
    """Noon UTC of an American date, as APC and CyberPower write it (04/30/25 or 04/30/2025)."""
    for form in ("%m/%d/%Y", "%m/%d/%y"):
        try:
            return datetime.strptime(text or "", form).replace(hour=12, tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def _alarm_words(alarms: tuple[int, ...], count: float) -> tuple[str, ...]:
    """Alarms in words; one that is counted but not among the rows read is told all the same."""
    if count and not alarms:
        return (f"{count:.0f} that the UPS does not name",)
    return tuple(
        ALARMS.get(number, f"number {number}") for number in alarms if number not in (2, 24)
    )


def _source(
    parts: list[Raw],
    alarms: tuple[int, ...],
    seconds: float | None,
    on_battery: bool | None,
    on_bypass: bool | None,
) -> tuple[str | None, tuple[str, ...]]:
    """Where the output comes from: the vendor's enumeration, then RFC 1628's, then flags, alarms and the seconds."""
    found = next((raw.source for raw in parts if raw.source is not None), None)
    battery = bool(on_battery) or 2 in alarms or bool(seconds)
    if found in ("battery", "test"):
        return found, ()
    if battery:
        said = (
            (f"says {found}, but also that it is on battery",)
            if found in ("normal", "bypass", "off")
            else ()
        )
        return "battery", said if on_battery is None and 2 not in alarms else ()
    if on_bypass or (found is None and 9 in alarms):
        return "bypass", ()
    if found is None and on_battery is False:
        return "normal", ()
    return found, ()
