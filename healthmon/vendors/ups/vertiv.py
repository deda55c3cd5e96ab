"""Vertiv, formerly Liebert and Emerson: the numbered objects of GXT cards, the data points of
IS-UNITY and RDU cards, and ITA2.
"""

from __future__ import annotations

from healthmon.model import ups as says
from healthmon.vendors.ups.standard import SOURCES
from healthmon.vendors.ups.tables import (
    Alarms,
    Family,
    Feed,
    Flow,
    SelfTest,
    Source,
    Statements,
    Status,
    figure,
)

VERTIV = Family(
    "vertiv",
    "Vertiv and Liebert (LIEBERT-GP)",
    "1.3.6.1.4.1.476.1.42.3.5",
    "LIEBERT-GP-POWER-MIB, LIEBERT-GP-CONDITIONS-MIB",
    ("3.55.0", "1.26.0", "1.19.0"),
    (
        Status("3.55.0", "lgpPwrStateUpsOutputSource", SOURCES),
        Status(
            "1.26.0",
            "lgpPwrBatteryCapacityStatus",
            {1: None, 2: says.BATTERY_WELL, 3: says.BATTERY_LOW, 4: says.BATTERY_DEPLETED},
        ),
        Status(
            "1.14.0",
            "lgpPwrBatteryChargeStatus",
            {1: Flow.HOLDING, 2: None, 3: Flow.HOLDING, 4: Flow.DISCHARGING},
        ),
        Status(
            "1.8.0",
            "lgpPwrBatteryTestResult",
            {
                1: None,
                2: SelfTest.PASSED,
                3: SelfTest.FAILED,
                4: SelfTest.RUNNING,
                5: SelfTest.FAILED,
                6: None,
            },
        ),
        Status(
            "3.33.0",
            "lgpPwrStateUpsInputQualification",
            {1: says.INPUT_BAD, 2: says.INPUT_BAD, 3: says.INPUT_WELL, 4: says.INPUT_BAD},
        ),
        Status(
            "3.32.0",
            "lgpPwrStateUpsInputSource",
            {1: Feed.NONE, 2: Feed.UTILITY, 3: Feed.GENERATOR},
        ),
    ),
    (figure("runtime_seconds", "1.18.0", 60), figure("charge_ratio", "1.19.0", 0.01)),
    {},
    Alarms(
        "1.3.6.1.4.1.476.1.42.3.2.2.0",
        "1.3.6.1.4.1.476.1.42.3.2.3.1.2",
        "1.3.6.1.4.1.476.1.42.3.2.1",
        {117: says.BATTERY_LOW, 118: says.UNIT_FAULT, 119: SelfTest.FAILED},
    ),
)


def _event(number: int, name: str, active: Statements, inactive: Statements = None) -> Status:
    """A condition of the flexible MIB: 1 (or "Active ...") while it is present, 0 while not."""
    return Status(
        f"20.1.10.1.2.100.{number}",
        name,
        {0: inactive, 1: active},
        words={"active event": active, "active": active}
        | {"inactive event": inactive, "inactive": inactive},
    )


_POINT = "30.1.20.1.2.1"
UNITY = Family(
    "unity",
    "Vertiv IS-UNITY and RDU (flexible data points)",
    "1.3.6.1.4.1.476.1.42.3.9",
    "LIEBERT-GP-FLEXIBLE-MIB, as NUT's vertiv-mib reads it",
    (f"{_POINT}.4872", f"{_POINT}.4153", f"{_POINT}.4150"),
    (
        Status(f"{_POINT}.4872", "UPS Output Source", SOURCES),
        Status(
            "20.1.20.1.2.1.4872",
            "UPS Output Source",
            {},
            words={
                "other": Source.OTHER,
                "off": Source.OFF,
                "none": Source.OFF,
                "normal": Source.NORMAL,
                "bypass": Source.BYPASS,
                "battery": Source.BATTERY,
                "booster": Source.BOOST,
                "reducer": Source.TRIM,
            },
        ),
        _event(4168, "Battery Discharging", Source.BATTERY),
        _event(4162, "Battery Low", says.BATTERY_LOW, says.BATTERY_NOT_LOW),
        _event(6182, "Replace Battery", says.BATTERY_REPLACE, says.BATTERY_KEEPS),
        _event(5806, "Output Overload", says.OVERLOAD, says.NO_OVERLOAD),
        _event(4233, "Inverter Failure", says.INVERTER_FAILED, says.INVERTER_WELL),
        _event(4310, "Over Temperature", says.OVERHEATED),
        _event(4215, "UPS Output Off", Source.OFF),
    ),
    (
        figure("runtime_seconds", f"{_POINT}.4150", 60),
        figure("charge_ratio", f"{_POINT}.4153", 0.01),
        figure("load_ratio", f"{_POINT}.5861", 0.01),
        figure("battery_volts", f"{_POINT}.4148"),
        figure("input_volts", f"{_POINT}.4096", 0.1),
        figure("output_volts", f"{_POINT}.4385", 0.1),
    ),
    {"manufacturer": "20.1.20.1.2.1.4333", "model": "20.1.20.1.2.1.4240"},
)
ITA2 = Family(
    "ita2",
    "Vertiv ITA2",
    "1.3.6.1.4.1.13400.2.54",
    "VERTIV-ITA2-MIB",
    ("2.1.2.0", "2.1.1.0", "2.5.10.0", "1.2.0"),
    (
        Status(
            "2.1.2.0",
            "upsOutputSource",
            {
                0: Source.OFF,
                1: Source.NORMAL,
                2: Source.BATTERY,
                3: Source.BYPASS,
                4: Source.BATTERY,  # mains and battery
            },
        ),
        Status(
            "2.1.1.0",
            "systemStatus",
            {0: says.UNIT_WELL, 1: says.UNIT_ALARM, 2: says.UNIT_FAULT},
        ),
    ),
    (
        figure("battery_volts", "2.5.1.0", 0.1),
        figure("runtime_seconds", "2.5.7.0", 6),
        figure("temperature_celsius", "2.5.8.0", 0.1),
        figure("charge_ratio", "2.5.10.0", 0.01),
        figure("input_volts", "2.2.1.0 2.2.2.0 2.2.3.0", 0.1),
        figure("output_volts", "2.3.1.0 2.3.2.0 2.3.3.0", 0.1),
        figure("load_ratio", "2.3.14.0 2.3.15.0 2.3.16.0", 0.001),
    ),
    {"manufacturer": "1.1.0", "model": "1.2.0", "serial": "1.3.0"},
)
