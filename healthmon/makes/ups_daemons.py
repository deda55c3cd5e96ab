"""The words of NUT and apcupsd -> `Ups`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from healthmon.model import Ups

LONGEST_RUNTIME = 7 * 86400.0
_NO_RUNTIME = (65534, 65535)  # what drivers say on mains
COMM_LOST = 0x100  # STATFLAG bit of apcupsd: the UPS is not heard
_SELF_TESTS = {"OK": "passed", "BT": "failed", "NG": "failed", "WN": "warning", "IP": "in progress"}


def _number(text: str | None, factor: float, low: float, high: float) -> float | None:
    try:
        value = float((text or "").split()[0]) * factor
    except (ValueError, IndexError):
        return None
    return value if low <= value <= high else None


def from_nut(variables: Mapping[str, str]) -> Ups:
    """NUT variables (names of NUT's developer guide, chapter "Variables")."""
    flags = set(variables.get("ups.status", "").split())
    source, conflicts = _nut_source(flags, _number(variables.get("output.voltage"), 1, 0, 700))
    charge = _number(variables.get("battery.charge"), 0.01, 0, 1.3)
    runtime = _number(variables.get("battery.runtime"), 1, 1, LONGEST_RUNTIME)
    loads = _of_lines(variables, "ups.load", "output.L{}.power.percent", 0.01, (0, 2))
    return Ups(
        backend="nut",
        manufacturer=variables.get("ups.mfr") or variables.get("device.mfr"),
        model=variables.get("ups.model") or variables.get("device.model"),
        firmware=variables.get("ups.firmware"),
        serial=variables.get("ups.serial"),
        communication="COMM" not in flags,
        source=source,
        runtime_seconds=None if runtime in _NO_RUNTIME else runtime,
        charge_ratio=min(charge, 1.0) if charge is not None else None,
        load_ratio=max(loads, default=None),
        input_volts=_of_lines(variables, "input.voltage", "input.L{}-N.voltage", 1, (1, 700)),
        battery_volts=_number(variables.get("battery.voltage"), 1, 1, 1200),
        temperature_celsius=_number(
            variables.get("battery.temperature") or variables.get("ups.temperature"), 1, -40, 120
        ),
        battery_low="LB" in flags if flags else None,
        battery_replace="RB" in flags if flags else None,
        overload="OVER" in flags if flags else None,
        test_result=_nut_test(variables.get("ups.test.result", "").lower()),
        alarms=(variables.get("ups.alarm", "alarm")[:128],) if "ALARM" in flags else (),
        conflicts=conflicts,
    )


def _of_lines(
    variables: Mapping[str, str], whole: str, one: str, factor: float, limits: tuple[float, float]
) -> tuple[float, ...]:
    """The variable `whole`, or where a unit has three phases what `one` is of each."""
    names = (whole,) if whole in variables else tuple(one.format(line) for line in (1, 2, 3))
    found = (_number(variables.get(name), factor, *limits) for name in names)
    return tuple(value for value in found if value is not None)


def _nut_test(said: str) -> str | None:
    """The result of a self-test, which every driver says in words of its own; apcsmart in letters."""
    words = (
        ("progress", "in progress"), ("fail", "failed"), ("error", "failed"), ("bad", "failed"), ("warning", "warning"),
        ("abort", "aborted"), ("pass", "passed"), ("good", "passed"),
    )  # fmt: skip
    return next((result for word, result in words if word in said), _SELF_TESTS.get(said.upper()))


def _nut_source(flags: set[str], output_volts: float | None) -> tuple[str | None, tuple[str, ...]]:
    if {"OL", "OB"} <= flags:
        return None, ("says that it is on mains and on battery at once",)
    if flags & {"CAL", "TEST"} and flags & {"OB", "OL"}:
        return "test", ()
    if "OB" in flags:
        return "battery", ()
    if "BYPASS" in flags:
        return "bypass", ()
    if "OFF" in flags and ("OL" not in flags or (output_volts is not None and output_volts < 50)):
        return "off", ()
    for flag, source in (("BOOST", "boost"), ("TRIM", "trim"), ("ECO", "eco"), ("OL", "normal")):
        if flag in flags:
            return source, ()
    return None, ()


def from_apcupsd(fields: Mapping[str, str]) -> Ups:
    """Apcupsd's status report (apcupsd manual, "Status report fields")."""
    words = set(fields.get("STATUS", "").replace("SHUTTING DOWN", "SHUTDOWN").split())
    lost = bool(words & {"COMMLOST", "NETWORK"}) or bool(_flags(fields.get("STATFLAG")) & COMM_LOST)
    names = (
        ("CAL", "test"), ("SELFTEST", "test"), ("ONBATT", "battery"), ("BOOST", "boost"), ("TRIM", "trim"),
        ("ONLINE", "normal"),
    )  # fmt: skip
    if fields.get("SELFTEST") == "IP" and "ONBATT" in words:
        words.add("SELFTEST")
    source = None if lost else next((found for word, found in names if word in words), None)
    on_battery = _number(fields.get("TONBATT"), 1, 0, 30 * 86400)
    volts = _number(fields.get("LINEV"), 1, 1, 700)
    transfers = _number(fields.get("NUMXFERS"), 1, 0, 1e6)
    test = _SELF_TESTS.get(fields.get("SELFTEST", ""))
    if lost:
        return Ups(backend="apcupsd", model=fields.get("MODEL"), communication=False)
    return Ups(
        backend="apcupsd",
        model=fields.get("MODEL"),
        firmware=fields.get("FIRMWARE"),
        serial=fields.get("SERIALNO"),
        communication=True,
        source=source,
        on_battery_seconds=on_battery if source == "battery" else None,
        runtime_seconds=_number(fields.get("TIMELEFT"), 60, 0, LONGEST_RUNTIME),
        charge_ratio=_number(fields.get("BCHARGE"), 0.01, 0, 1),
        load_ratio=_number(fields.get("LOADPCT"), 0.01, 0, 2),
        input_volts=(volts,) if volts is not None else (),
        battery_volts=_number(fields.get("BATTV"), 1, 1, 1200),
        temperature_celsius=_number(fields.get("ITEMP"), 1, -40, 120),
        battery_low="LOWBATT" in words,
        battery_replace="REPLACEBATT" in words,
        overload="OVERLOAD" in words,
        test_result=test,
        test_at=_moment(fields.get("LASTSTEST")),
        transfers=int(transfers) if transfers is not None else None,
    )


def _flags(text: str | None) -> int:
    """STATFLAG as a number, 0 where it is none."""
    try:
        return int((text or "0").split()[0], 16)
    except (ValueError, IndexError):
        return 0


def _moment(text: str | None) -> float | None:
    """Unix seconds of ``2026-11-24 23:07:49 +0000``, as apcupsd writes a moment; None for N/A."""
    try:
        return datetime.strptime((text or "").strip(), "%Y-%m-%d %H:%M:%S %z").timestamp()
    except ValueError:
        return None
