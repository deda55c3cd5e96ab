"""RFC 1628 (UPS-MIB) and the makers' blocks of the same layout: Riello, Sinetica, USHA."""

from __future__ import annotations

from dataclasses import replace

from healthmon.model import ups as says
from healthmon.vendors.ups.tables import (
    Alarms,
    Family,
    Flow,
    SelfTest,
    Source,
    Statements,
    Status,
    figure,
)

RFC1628 = "1.3.6.1.2.1.33.1"
SOURCES: dict[int, Statements] = {
    1: Source.OTHER,
    2: Source.OFF,
    3: Source.NORMAL,
    4: Source.BYPASS,
    5: Source.BATTERY,
    6: Source.BOOST,
    7: Source.TRIM,
}
BATTERY: dict[int, Statements] = {
    1: None,
    2: says.BATTERY_WELL,
    3: says.BATTERY_LOW,
    4: says.BATTERY_DEPLETED,
}
# batteryDischarging and batteryFailure, which the cards of some makers add
BATTERY_SIX: dict[int, Statements] = BATTERY | {5: Flow.DISCHARGING, 6: says.BATTERY_FAULT}
TESTS: dict[int, Statements] = {
    1: SelfTest.PASSED,
    2: SelfTest.WARNING,
    3: SelfTest.FAILED,
    4: SelfTest.ABORTED,
    5: SelfTest.RUNNING,
    6: None,
}
ALARMS: dict[int, Statements] = {
    1: says.BATTERY_REPLACE,
    2: Source.BATTERY,
    3: says.BATTERY_LOW,
    4: says.BATTERY_DEPLETED,
    5: says.TEMPERATURE_BAD,
    6: says.INPUT_BAD,
    7: says.OUTPUT_BAD,
    8: says.OVERLOAD,
    9: Source.BYPASS,
    10: says.BYPASS_BAD,
    11: Source.OFF,
    12: Source.OFF,
    13: says.CHARGER_FAILED,
    14: Source.OFF,
    15: Source.OFF,
    16: says.FAN_FAILED,
    17: says.FUSE_FAILED,
    18: says.UNIT_FAULT,
    19: SelfTest.FAILED,
    20: says.LINK_LOST,
    21: says.AWAITING_POWER,
    22: says.SHUTDOWN_PENDING,
    23: says.SHUTDOWN_IMMINENT,
    24: SelfTest.RUNNING,
}


def lines(column: str) -> str:
    """The objects of a column by line; some cards index the first line by 0 (iStars), or write a
    further .0 behind it (MGE Galaxy).
    """
    return f"{column}.1 {column}.2 {column}.3 {column}.0 {column}.1.0"


_SOURCE = Status("4.1.0", "upsOutputSource", SOURCES)
_BATTERY = Status("2.1.0", "upsBatteryStatus", BATTERY)
STANDARD = Family(
    "rfc1628",
    "RFC 1628",
    RFC1628,
    "RFC 1628 (UPS-MIB)",
    ("4.1.0", "2.1.0", "2.4.0", "1.1.0", "1.2.0", "4.4.1.2.1.0"),
    (_SOURCE, _BATTERY, Status("7.3.0", "upsTestResultsSummary", TESTS)),
    (
        figure("on_battery_seconds", "2.2.0"),
        figure("runtime_seconds", "2.3.0", 60),
        figure("charge_ratio", "2.4.0", 0.01),
        figure("battery_volts", "2.5.0", 0.1),
        figure("temperature_celsius", "2.7.0"),
        figure("input_volts", lines("3.3.1.3")),
        figure("output_volts", lines("4.4.1.2")),
        figure("load_ratio", lines("4.4.1.5"), 0.01),
    ),
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0"},
    Alarms("6.1.0", "6.2.1.2", "6.3", ALARMS),
)
RIELLO = replace(
    STANDARD,
    name="riello",
    title="Riello NetMan",
    root="1.3.6.1.4.1.5491.10.1",
    document="RIELLOUPS-MIB",
    figures=(*STANDARD.figures, figure("internal_celsius", "10.1.0")),
    # The numbers are RIELLOUPS-MIB's own.
    alarms=Alarms(
        "6.1.0",
        "6.2.1.2",
        "6.3",
        {
            1: says.BATTERY_REPLACE,
            2: Source.BATTERY,
            3: says.BATTERY_LOW,
            4: says.SHUTDOWN_IMMINENT,
            5: says.TEMPERATURE_BAD,
            6: says.UNIT_FAULT,
            7: says.UNIT_FAULT,
            8: says.OVERLOAD,
            9: Source.BYPASS,
            10: says.BYPASS_BAD,
            11: says.SHUTDOWN_IMMINENT,
        },
    ),
)
SINETICA = replace(
    STANDARD,
    name="sinetica",
    title="Sinetica Hawk-i",
    root="1.3.6.1.4.1.13891.101",
    document="HAWK-I2-MIB",
    figures=(
        figure("on_battery_seconds", "2.2.0"),
        figure("runtime_seconds", "2.3.0", 60, absent=(0,)),
        figure("charge_ratio", "2.4.0", 0.01),
        figure("battery_volts", "2.5.0", 0.1),
        figure("temperature_celsius", "2.7.0", absent=(0,)),
        *STANDARD.figures[5:],
    ),
)
USHA = Family(
    "usha",
    "USHA (Ingrasys, Santak, Webpower)",
    "1.3.6.1.4.1.2468.1.2.1.1",
    "USHA-MIB",
    ("4.1.0", "2.1.0", "2.4.0", "1.2.0"),
    (
        Status("4.1.0", "upsOutputGroupSource", SOURCES),
        Status("2.1.0", "upsBatteryGroupStatus", BATTERY_SIX),
        Status("6.3.0", "upsTestBatteryTestResult", TESTS),
    ),
    (
        figure("on_battery_seconds", "2.2.0"),
        figure("runtime_seconds", "2.3.0", 60),
        figure("charge_ratio", "2.4.0", 0.01),
        figure("battery_volts", "2.5.0", 0.1),
        figure("temperature_celsius", "2.7.0", 0.1),
        figure("input_volts", lines("3.3.1.3"), 0.1),
        figure("output_volts", lines("4.4.1.2"), 0.1),
        figure("load_ratio", lines("4.4.1.5"), 0.01),
    ),
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0", "serial": "1.7.0"},
)
