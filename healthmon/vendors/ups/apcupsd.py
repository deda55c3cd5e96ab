"""apcupsd's status report (apcupsd manual, "Status report fields") -> `Ups`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from healthmon.model import ups as says
from healthmon.model.ups import Ups
from healthmon.vendors.ups.figures import real, value
from healthmon.vendors.ups.nut import LETTERS, celsius, number_of
from healthmon.vendors.ups.phrases import printable
from healthmon.vendors.ups.sources import (
    ON_BATTERY,
    Evidence,
    conditions_of,
    result_of,
    source_of,
)
from healthmon.vendors.ups.tables import SelfTest, Source, Statement

Fields = Mapping[str, str]
# Bits of STATFLAG (apcupsd, include/defines.h), by the word of STATUS that each stands for.
_BITS = {
    "CAL": 0x1,
    "TRIM": 0x2,
    "BOOST": 0x4,
    "ONLINE": 0x8,
    "ONBATT": 0x10,
    "OVERLOAD": 0x20,
    "LOWBATT": 0x40,
    "REPLACEBATT": 0x80,
    "COMMLOST": 0x100,
    "SHUTDOWN": 0x200,
}
_PLUGGED, _BATTERY_PRESENT = 0x1000000, 0x4000000
WORDS: dict[str, Statement] = {
    "ONBATT": Source.BATTERY,
    "ONLINE": Source.NORMAL,
    "BOOST": Source.BOOST,
    "TRIM": Source.TRIM,
    "CAL": SelfTest.CALIBRATING,
    "SELFTEST": SelfTest.RUNNING,
    "OVERLOAD": says.OVERLOAD,
    "LOWBATT": says.BATTERY_LOW,
    "REPLACEBATT": says.BATTERY_REPLACE,
    "NOBATT": says.BATTERY_MISSING,
    "SHUTDOWN": says.SHUTTING_DOWN,
    "COMMLOST": says.LINK_LOST,
    "NETWORK": says.LINK_LOST,  # "NETWORK ERROR"
}
_BATTERY = {"LOWBATT", "REPLACEBATT", "NOBATT"}


def from_apcupsd(fields: Fields) -> Ups:
    """What apcupsd told. Values that it serves on under COMMLOST are old ones, and left out."""
    words = _words(fields)
    said = list(_said(fields, words))
    model = printable(fields.get("MODEL", "")) or None
    if says.LINK_LOST in said:
        return Ups("apcupsd", model=model, conditions=(says.LINK_LOST,))
    measured = _measured(fields)
    source, conflicts = source_of(Evidence.of(said, measured.input_volts))
    return replace(
        measured,
        model=model,
        source=source,
        input_volts=real(measured.input_volts),
        on_battery_seconds=measured.on_battery_seconds if source in ON_BATTERY else None,
        test_result=result_of(said),
        conditions=conditions_of(said),
        conflicts=conflicts,
    )


def _measured(fields: Fields) -> Ups:
    """What needs no weighing: the unit's names and its plain figures."""
    volts = _number(fields, "input_volts", "LINEV")
    transfers = number_of(fields.get("NUMXFERS"))
    return Ups(
        backend="apcupsd",
        firmware=printable(fields.get("FIRMWARE", "")) or None,
        serial=printable(fields.get("SERIALNO", "")) or None,
        on_battery_seconds=_number(fields, "on_battery_seconds", "TONBATT"),
        runtime_seconds=_number(fields, "runtime_seconds", "TIMELEFT", 60),
        charge_ratio=_number(fields, "charge_ratio", "BCHARGE", 0.01),
        load_ratio=_number(fields, "load_ratio", "LOADPCT", 0.01),
        input_volts=() if volts is None else (volts,),
        battery_volts=_number(fields, "battery_volts", "BATTV"),
        internal_celsius=celsius("internal_celsius", fields.get("ITEMP")),
        test_at=_moment(fields.get("LASTSTEST")),
        transfers=int(transfers) if transfers is not None and 0 <= transfers <= 1e6 else None,
    )


def _words(fields: Fields) -> set[str]:
    """The words of STATUS and those that STATFLAG stands for: SHUTTING DOWN hides all others."""
    words = set(fields.get("STATUS", "").replace("SHUTTING DOWN", "SHUTDOWN").split())
    bits = _bits(fields.get("STATFLAG"))
    words |= {word for word, bit in _BITS.items() if bits & bit}
    met = words & {"ONLINE", "ONBATT"}
    if met and bits & _PLUGGED and not bits & _BATTERY_PRESENT:
        words.add("NOBATT")
    if fields.get("SELFTEST") == "IP":
        words.add("SELFTEST")
    if "ONBATT" in words and "self test" in fields.get("LASTXFER", "").lower():
        words.add("SELFTEST")
    return words


def _said(fields: Fields, words: set[str]) -> Iterator[Statement]:
    for word, statement in WORDS.items():
        if word in words and not (word == "ONLINE" and "ONBATT" in words):
            yield statement
    if "CAL" in words:
        yield Source.TEST
    if words & {"ONLINE", "ONBATT"} and not words & _BATTERY:
        yield says.BATTERY_WELL
    if number_of(fields.get("BADBATTS")):
        yield says.BATTERY_PACK_BAD
    if test := LETTERS.get(fields.get("SELFTEST", "")):
        yield test


def _number(fields: Fields, field: str, name: str, factor: float = 1.0) -> float | None:
    found = number_of(fields.get(name))
    return None if found is None else value(field, found, factor)


def _bits(words: str | None) -> int:
    """STATFLAG as a number, 0 where it is none."""
    try:
        return int((words or "0").split()[0], 16)
    except (ValueError, IndexError):
        return 0


def _moment(words: str | None) -> float | None:
    """Unix seconds of ``2026-11-24 23:07:49 +0000``, as apcupsd writes a moment; None for N/A."""
    try:
        return datetime.strptime((words or "").strip(), "%Y-%m-%d %H:%M:%S %z").timestamp()
    except ValueError:
        return None
