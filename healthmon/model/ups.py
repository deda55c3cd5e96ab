"""What a UPS says of itself. None, or a condition that is not there, means "not told"; it is never
a zero and never "well".
"""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.model.enums import State


@dataclass(frozen=True, slots=True)
class UpsCondition:
    """One statement of a UPS about a part of itself: how well the part is, and in which words.

    `part` is battery, charger, input, load, output, inverter, bypass, unit, shutdown, alarms or
    link (between the UPS and what answers for it). A statement that all is well is a condition of
    the state OK, so that a part of which nothing was said has none at all.
    """

    part: str
    state: State
    words: str


def _fault(part: str, words: str) -> UpsCondition:
    return UpsCondition(part, State.FAULT, words)


def _warning(part: str, words: str) -> UpsCondition:
    return UpsCondition(part, State.DEGRADED, words)


def _well(part: str, words: str) -> UpsCondition:
    return UpsCondition(part, State.OK, words)


def alarm(words: str) -> UpsCondition:
    """An alarm that says of no part how well it is, in the words of the UPS."""
    return _warning("alarms", words)


BATTERY_WELL = _well("battery", "battery is well")
BATTERY_NOT_LOW = _well("battery", "battery is not low")
BATTERY_KEEPS = _well("battery", "battery needs no replacing")
BATTERY_THERE = _well("battery", "battery is there")
BATTERY_LOW = _fault("battery", "battery is low")
BATTERY_DEPLETED = _fault("battery", "battery is empty")
BATTERY_REPLACE = _fault("battery", "battery must be replaced")
BATTERY_MISSING = _fault("battery", "no battery")
BATTERY_DISCONNECTED = _fault("battery", "battery is disconnected")
BATTERY_FAULT = _fault("battery", "battery fault")
BATTERY_UNCERTAIN = _fault("battery", "battery must be checked: poor result of its test")
BATTERY_COMMUNICATION = _fault("battery", "communication with the battery is lost")
BATTERY_PACK_BAD = _warning("battery", "a battery pack is bad")
BATTERY_WEAK = _warning("battery", "battery is weak")
BATTERY_VOLTAGE_HIGH = _warning("battery", "battery voltage is too high")
BATTERY_HOT = _warning("battery", "battery is too warm")
BATTERY_OVERHEATED = _fault("battery", "battery is overheated")
BATTERY_SENSOR = _warning("battery", "battery temperature sensor has failed")

CHARGER_WELL = _well("charger", "charger is well")
CHARGER_FAILED = _fault("charger", "charger failed")
CHARGER_ALARM = _warning("charger", "charger warns")

INPUT_WELL = _well("input", "input is well")
INPUT_BAD = _warning("input", "input is out of tolerance")

OVERLOAD = _fault("load", "overload")
NO_OVERLOAD = _well("load", "no overload")
LOAD_HIGH = _warning("load", "load is above the limit set in the UPS")

OUTPUT_PROTECTED = _well("output", "output is protected")
OUTPUT_WELL = _well("output", "output is well")
OUTPUT_UNPROTECTED = _fault("output", "output is not protected")
OUTPUT_BAD = _fault("output", "output voltage is bad")
OUTPUT_SHORT = _fault("output", "short circuit at the output")
EMERGENCY_OFF = _fault("output", "emergency power off")

INVERTER_WELL = _well("inverter", "inverter is well")
INVERTER_FAILED = _fault("inverter", "inverter failed")
INVERTER_ALARM = _warning("inverter", "inverter warns")

BYPASS_WELL = _well("bypass", "bypass is well")
BYPASS_NOT_FITTED = _well("bypass", "it has no bypass")
BYPASS_BAD = _warning("bypass", "bypass is bad")
BYPASS_MISSING = _warning("bypass", "bypass is not available")

UNIT_WELL = _well("unit", "unit is well")
UNIT_FAULT = _fault("unit", "fault inside the UPS")
UNIT_ALARM = _warning("unit", "warning inside the UPS")
RECTIFIER_WELL = _well("unit", "input stage is well")
RECTIFIER_FAILED = _fault("unit", "rectifier failed")
RECTIFIER_ALARM = _warning("unit", "rectifier warns")
FAN_FAILED = _warning("unit", "fan failure")
FUSE_FAILED = _fault("unit", "fuse failure")
RELAY_FAILED = _fault("unit", "relay or contactor failed")
DC_BUS_BAD = _fault("unit", "internal DC voltage is wrong")
BREAKER_OPEN = _warning("unit", "breaker is open")
MODULE_FAILED = _warning("unit", "a power module failed")
REDUNDANCY_LOST = _warning("unit", "redundancy is lost")
TEMPERATURE_BAD = _warning("unit", "temperature out of tolerance")
OVERHEATED = _fault("unit", "UPS is overheated")
INTERNAL_COMMUNICATION = _fault("unit", "communication inside the UPS is lost")

SHUTDOWN_PENDING = _fault("shutdown", "shutdown is pending")
SHUTDOWN_IMMINENT = _fault("shutdown", "shutdown is imminent")
SHUTTING_DOWN = _fault("shutdown", "shutting down")
AWAITING_POWER = _warning("shutdown", "off, awaiting power")
FORCED_SHUTDOWN = _fault(
    "shutdown",
    "forced shutdown ordered; every machine that starts will shut down; restart upsd",
)

NO_ALARMS = _well("alarms", "no alarms")
LINK_WELL = _well("link", "card and UPS hear each other")
LINK_LOST = UpsCondition("link", State.UNKNOWN, "communication between it and the UPS is lost")


@dataclass(frozen=True, slots=True)
class Ups:
    """One UPS. `source` is normal, battery, bypass, boost, trim, eco, test, off, other or None (not
    reported).

    Every field may be None: zeros at a disconnect, sentinels and vanished rows are not values.
    `mac` is that of its network card, as it was told.
    `conditions` are all that its blocks said of its parts. `internal_celsius` is the temperature of
    its electronics, `temperature_celsius` that of its battery. `test_seconds` is how long a
    self-test or calibration has been under way at least. `stand_in` says whose values these are
    where it is not the UPS itself that is asked.
    """

    backend: str
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    mac: str | None = None
    source: str | None = None
    on_battery_seconds: float | None = None
    runtime_seconds: float | None = None
    charge_ratio: float | None = None
    load_ratio: float | None = None
    input_volts: tuple[float, ...] = ()
    output_volts: tuple[float, ...] = ()
    battery_volts: float | None = None
    temperature_celsius: float | None = None
    internal_celsius: float | None = None
    input_source: str | None = None
    test_result: str | None = None
    test_at: float | None = None
    test_seconds: float | None = None
    transfers: int | None = None
    conditions: tuple[UpsCondition, ...] = ()
    stand_in: str = ""
    conflicts: tuple[str, ...] = ()

    def says(self, yes: UpsCondition, *no: UpsCondition) -> bool | None:
        """True where it said `yes`, False where it said one of `no`, None where it said neither."""
        if yes in self.conditions:
            return True
        return False if any(condition in self.conditions for condition in no) else None
