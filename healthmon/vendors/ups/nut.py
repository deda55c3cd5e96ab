"""The variables of NUT (names of NUT's developer guide, chapter "Variables") -> `Ups`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from healthmon.model import ups as says
from healthmon.model.ups import Ups
from healthmon.vendors.ups.figures import live, real, value
from healthmon.vendors.ups.phrases import alarms_in, printable
from healthmon.vendors.ups.sources import Evidence, conditions_of, result_of, source_of
from healthmon.vendors.ups.tables import Flow, SelfTest, Source, Statement

Variables = Mapping[str, str]
FLAGS: dict[str, Statement] = {
    "OB": Source.BATTERY,
    "OL": Source.NORMAL,
    "BYPASS": Source.BYPASS,
    "BOOST": Source.BOOST,
    "TRIM": Source.TRIM,
    "ECO": Source.ECO,
    "DISCHRG": Flow.DISCHARGING,
    "CAL": SelfTest.CALIBRATING,
    "TEST": SelfTest.RUNNING,
    "LB": says.BATTERY_LOW,
    "HB": says.BATTERY_VOLTAGE_HIGH,
    "RB": says.BATTERY_REPLACE,
    "OVER": says.OVERLOAD,
    "COMM": says.LINK_LOST,
    "NOCOMM": says.LINK_LOST,
    "FSD": says.FORCED_SHUTDOWN,
    "NOBATT": says.BATTERY_MISSING,
    "OVERHEAT": says.OVERHEATED,
    "SD": says.SHUTTING_DOWN,
}
# What a word of one driver means. The bridge to apcupsd writes BYPASS for NOBATT, and apcupsd has
# no word for a bypass (drivers/apcupsd-ups.c, NUT 2.8.0).
_OF_DRIVER: dict[str, dict[str, Statement]] = {"apcupsd-ups": {"BYPASS": says.BATTERY_MISSING}}
# battery.charger.status (NUT's developer guide) stands in place of CHRG and DISCHRG.
_CHARGER: dict[str, Statement] = {
    "charging": Flow.HOLDING,
    "floating": Flow.HOLDING,
    "resting": Flow.HOLDING,
    "discharging": Flow.DISCHARGING,
}
# How drivers word the result of a self-test; apcsmart does it in letters.
_TESTS: tuple[tuple[re.Pattern[str], SelfTest], ...] = tuple(
    (re.compile(pattern), test)
    for pattern, test in (
        (r"\bno (failure|fault|error)", SelfTest.PASSED),
        (r"progress", SelfTest.RUNNING),
        (r"fail|error|bad|not (pass|good|ok)|fault|weak|too low", SelfTest.FAILED),
        (r"warning", SelfTest.WARNING),
        (r"abort|cancel|interrupt", SelfTest.ABORTED),
        (r"pass|good", SelfTest.PASSED),
    )
)
_DEGREES = re.compile(
    r"\s*([-+]?[0-9.]+)\s*(?:deg\w*\.?|°)?\s*([a-z])?[a-z]*\b.*", re.IGNORECASE | re.DOTALL
)
LETTERS = {
    "OK": SelfTest.PASSED,
    "BT": SelfTest.FAILED,
    "NG": SelfTest.FAILED,
    "WN": SelfTest.WARNING,
    "IP": SelfTest.RUNNING,
}


def from_nut(variables: Variables) -> Ups:
    """What upsd told of one UPS."""
    flags = set(variables.get("ups.status", "").split())
    volts_in = _lines(variables, "input_volts", "input.voltage", "input.L{}-N.voltage")
    volts_out = _lines(variables, "output_volts", "output.voltage", "output.L{}-N.voltage")
    said = list(_said(flags, variables))
    measured = _measured(variables)
    if "OFF" in flags and not ("OL" in flags and live(volts_out) is None and measured.load_ratio):
        said.append(
            Source.OFF
        )  # some say OFF beside OL for a while, and tell the load that they feed
    source, conflicts = source_of(Evidence.of(said, volts_in, volts_out))
    if {"OL", "OB"} <= flags and live(volts_in) is not False:
        source, conflicts = None, ("says that it is on mains and on battery at once",)
    return replace(
        measured,
        source=source,
        input_volts=real(volts_in),
        output_volts=real(volts_out),
        test_result=result_of(said),
        conditions=conditions_of(said),
        stand_in=_stand_in(variables),
        conflicts=conflicts,
    )


def _feeds(measured: Ups, volts_out: tuple[float, ...]) -> bool:
    """Whether a unit that says OFF beside OL, as some do for a while, has an output all the same: by
    its volts, else by its load.
    """
    alive = live(volts_out)
    return bool(measured.load_ratio) if alive is None else alive


def _measured(variables: Variables) -> Ups:
    """What needs no weighing: the unit's names and its plain figures."""
    load = _lines(variables, "load_ratio", "ups.load", "output.L{}.power.percent", 0.01)
    return Ups(
        backend="nut",
        manufacturer=_first(variables, "ups.mfr", "device.mfr"),
        model=_first(variables, "ups.model", "device.model"),
        firmware=_first(variables, "ups.firmware"),
        serial=_first(variables, "ups.serial"),
        mac=_first(variables, "device.macaddr"),
        runtime_seconds=_number(variables, "runtime_seconds", "battery.runtime") or None,
        charge_ratio=_number(variables, "charge_ratio", "battery.charge", 0.01),
        load_ratio=max(load, default=None),
        battery_volts=_number(variables, "battery_volts", "battery.voltage"),
        temperature_celsius=celsius("temperature_celsius", variables.get("battery.temperature")),
        internal_celsius=celsius("internal_celsius", variables.get("ups.temperature")),
    )


def _said(flags: set[str], variables: Variables) -> Iterator[Statement]:
    """What the status, the alarms and the last test say."""
    meanings = FLAGS | _OF_DRIVER.get(variables.get("driver.name", ""), {})
    told = [statement for flag, statement in meanings.items() if flag in flags]
    yield from told
    yield from _of_figures(variables)
    if flags & {"OL", "OB"}:
        if flags & {"CAL", "TEST"}:
            yield Source.TEST
        if not {says.BATTERY_LOW, says.BATTERY_REPLACE, says.BATTERY_MISSING} & set(told):
            yield says.BATTERY_NOT_LOW  # a driver sets LB where it is
    alarms = variables.get("ups.alarm", "")
    yield from alarms_in(alarms)
    if "ALARM" in flags and not alarms:
        yield says.alarm("one that it does not name")
    if test := _test_in(variables.get("ups.test.result", "")):
        yield test


def _of_figures(variables: Variables) -> Iterator[Statement]:
    """What variables beside the status say of the battery."""
    if flow := _CHARGER.get(variables.get("battery.charger.status", "").strip().lower()):
        yield flow
    if number_of(variables.get("battery.packs.bad")):
        yield says.BATTERY_PACK_BAD


def _test_in(result: str) -> SelfTest | None:
    """What the words or the letter of the last self-test mean."""
    for pattern, test in _TESTS:
        if pattern.search(result.lower()):
            return test
    return LETTERS.get(result.upper())


def _stand_in(variables: Variables) -> str:
    """Whose values these are, where NUT's dummy-ups plays or mirrors a UPS."""
    if variables.get("driver.name") != "dummy-ups":
        return ""
    port = variables.get("driver.parameter.port", "")
    if "@" in port or variables.get("driver.parameter.mode") == "repeater":
        return f"a mirror of {port or 'another upsd'}: ask that upsd"
    return "a simulated UPS (NUT's dummy-ups)"


def _first(variables: Variables, *names: str) -> str | None:
    return next((printable(variables[name]) for name in names if variables.get(name)), None)


def number_of(words: str | None) -> float | None:
    """The number that a text begins with."""
    try:
        found = float((words or "").split()[0])
    except (ValueError, IndexError):
        return None
    return found if math.isfinite(found) else None


def _number(variables: Variables, field: str, name: str, factor: float = 1.0) -> float | None:
    found = number_of(variables.get(name))
    return None if found is None else value(field, found, factor)


def _lines(
    variables: Variables, field: str, whole: str, line: str, factor: float = 1.0
) -> tuple[float, ...]:
    """What is told of the whole unit and of each of its lines."""
    names = (whole, *(line.format(number) for number in (1, 2, 3)))
    found = (_number(variables, field, name, factor) for name in names)
    return tuple(each for each in found if each is not None)


def celsius(field: str, words: str | None) -> float | None:
    """A temperature, also where it is reported in Fahrenheit (``86.0 F``, ``86 deg F``)."""
    match = _DEGREES.fullmatch(words or "")
    found = number_of(match[1]) if match else None
    if match is None or found is None:
        return None
    if (match[2] or "").upper() == "F":
        found = (found - 32) / 1.8
    return value(field, found)
