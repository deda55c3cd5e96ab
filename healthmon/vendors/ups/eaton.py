"""Eaton and the makers it builds for: XUPS (Powerware), MGE, HP and HPE, Dell."""

from __future__ import annotations

from healthmon.model import ups as says
from healthmon.vendors.ups.standard import TESTS
from healthmon.vendors.ups.tables import (
    Alarms,
    Family,
    Feed,
    Flow,
    Numbers,
    SelfTest,
    Source,
    Statements,
    Status,
    figure,
)

_XUPS_SOURCES: dict[int, Statements] = {
    1: Source.OTHER,
    2: Source.OFF,
    3: Source.NORMAL,
    4: Source.BYPASS,
    5: Source.BATTERY,
    6: Source.BOOST,
    7: Source.TRIM,
    8: Source.NORMAL,
    9: Source.NORMAL,
    10: Source.ECO,
    11: Source.BYPASS,
    12: Source.ECO,
}
_XUPS_BATTERY: dict[int, Statements] = {
    1: Flow.HOLDING,
    2: Flow.DISCHARGING,
    3: Flow.HOLDING,
    4: Flow.HOLDING,
    5: None,
    6: says.BATTERY_DISCONNECTED,
    7: SelfTest.RUNNING,
    8: says.BATTERY_UNCERTAIN,
}
_XUPS_TESTS: dict[int, Statements] = {
    1: None,
    2: SelfTest.PASSED,
    3: SelfTest.FAILED,
    4: SelfTest.RUNNING,
    5: None,
    6: None,
    7: None,
}
_XUPS_ALARMS: dict[int, Statements] = {
    3: Source.BATTERY,
    4: says.BATTERY_LOW,
    5: None,
    6: None,
    7: says.OVERLOAD,
    8: says.UNIT_FAULT,
    9: says.BATTERY_DEPLETED,
    10: says.INVERTER_FAILED,
    11: Source.BYPASS,
    12: says.BYPASS_MISSING,
    13: Source.OFF,
    14: says.INPUT_BAD,
    15: says.alarm("building alarm"),
    16: says.SHUTDOWN_IMMINENT,
    17: None,
    20: says.BREAKER_OPEN,
    21: None,
    22: None,
    23: says.BATTERY_REPLACE,
    24: Source.OFF,
    25: SelfTest.FAILED,
    26: says.LINK_LOST,
    27: says.SHUTDOWN_PENDING,
    28: SelfTest.RUNNING,
    29: says.alarm("ambient temperature bad"),
    30: says.REDUNDANCY_LOST,
    31: says.TEMPERATURE_BAD,
    32: says.CHARGER_FAILED,
    33: says.FAN_FAILED,
    34: says.FUSE_FAILED,
    35: says.RELAY_FAILED,
    36: says.MODULE_FAILED,
    37: says.alarm("on the alternate power source"),
    38: says.alarm("alternate power source not available"),
    39: says.UNIT_ALARM,
    40: says.alarm("remote temperature bad"),
    41: says.alarm("remote humidity bad"),
    42: says.OUTPUT_BAD,
    43: says.AWAITING_POWER,
    44: Source.BYPASS,
    51: says.OUTPUT_UNPROTECTED,
}


def galaxy(column: str) -> str:
    """The objects of a column by line; the Galaxy's card writes a further .0 behind them."""
    return " ".join(f"{column}.{line}{end}" for end in ("", ".0") for line in (1, 2, 3))


def _yes(oid: str, name: str, yes: Statements, no: Statements = None) -> Status:
    return Status(oid, name, {1: yes, 2: no})


XUPS = Family(
    "xups",
    "Eaton and Powerware (XUPS)",
    "1.3.6.1.4.1.534.1",
    "XUPS-MIB",
    ("4.5.0", "2.5.0", "2.7.0", "2.4.0", "1.2.0"),
    (
        Status("4.5.0", "xupsOutputSource", _XUPS_SOURCES),
        Status(
            "4.10.0",
            "xupsOutputStatus",
            {1: Source.OFF, 2: says.OUTPUT_UNPROTECTED, 3: says.OUTPUT_PROTECTED},
        ),
        Status("2.5.0", "xupsBatteryAbmStatus", _XUPS_BATTERY),
        _yes("2.7.0", "xupsBatteryFailure", says.BATTERY_FAULT, says.BATTERY_WELL),
        _yes("2.8.0", "xupsBatteryNotPresent", says.BATTERY_MISSING, says.BATTERY_THERE),
        _yes("2.9.0", "xupsBatteryAged", says.BATTERY_REPLACE, says.BATTERY_KEEPS),
        _yes("2.10.0", "xupsBatteryLowCapacity", says.BATTERY_LOW, says.BATTERY_NOT_LOW),
        Status(
            "3.5.0",
            "xupsInputSource",
            {
                1: None,
                2: Feed.NONE,
                3: Feed.UTILITY,
                4: Feed.UTILITY,
                5: Feed.UTILITY,
                6: Feed.GENERATOR,
                7: None,
                8: None,
            },
        ),
        Status("3.9.0", "xupsInputStatus", {1: says.INPUT_BAD, 2: says.INPUT_WELL}),
        Status("8.2.0", "xupsTestBatteryStatus", _XUPS_TESTS),
        Status("8.2.0.0", "xupsTestBatteryStatus (ConnectUPS)", _XUPS_TESTS),
    ),
    (
        figure("runtime_seconds", "2.1.0"),
        figure("battery_volts", "2.2.0"),
        figure("charge_ratio", "2.4.0", 0.01),
        figure("load_ratio", "4.1.0 4.4.1.8.1 4.4.1.8.2 4.4.1.8.3", 0.01),
        figure("input_volts", "3.4.1.2.1 3.4.1.2.2 3.4.1.2.3"),
        figure("output_volts", "4.4.1.2.1 4.4.1.2.2 4.4.1.2.3"),
    ),
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0", "serial": "1.6.0"},
    Alarms("7.1.0", "7.2.1.2", "7", _XUPS_ALARMS),
)
HP = Family(
    "hp",
    "HP and HPE (CPQPOWER)",
    "1.3.6.1.4.1.232.165.3",
    "CPQPOWER-MIB",
    ("4.5.0", "2.5.0", "2.4.0", "1.2.0"),
    (
        Status(
            "4.5.0",
            "upsOutputSource",
            {value: said for value, said in _XUPS_SOURCES.items() if value <= 10},
        ),
        Status(
            "2.5.0",
            "upsBatteryAbmStatus",
            {value: said for value, said in _XUPS_BATTERY.items() if value <= 5},
        ),
        Status(
            "7.2.0",
            "upsTestBatteryStatus",
            {value: said for value, said in _XUPS_TESTS.items() if value <= 6},
        ),
    ),
    (
        figure("runtime_seconds", "2.1.0"),
        figure("battery_volts", "2.2.0"),
        figure("charge_ratio", "2.4.0", 0.01),
        figure("load_ratio", "4.1.0", 0.01),
        figure("input_volts", "3.4.1.2.1 3.4.1.2.2 3.4.1.2.3"),
        figure("output_volts", "4.4.1.2.1 4.4.1.2.2 4.4.1.2.3"),
    ),
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0"},
)
MGE = Family(
    "mge",
    "MGE and Eaton (MG-SNMP-UPS)",
    "1.3.6.1.4.1.705.1",
    "MG-SNMP-UPS-MIB",
    ("7.3.0", "5.14.0", "5.2.0", "1.1.0"),
    (
        _yes("7.3.0", "upsmgOutputOnBattery", Source.BATTERY, Source.NORMAL),
        _yes("7.4.0", "upsmgOutputOnByPass", Source.BYPASS),
        _yes("7.7.0", "upsmgOutputUtilityOff", Source.OFF),
        _yes("7.8.0", "upsmgOutputOnBoost", Source.BOOST),
        _yes("7.12.0", "upsmgOutputOnBuck", Source.TRIM),
        _yes("7.5.0", "upsmgOutputUnavailableByPass", says.BYPASS_MISSING, says.BYPASS_WELL),
        _yes("7.6.0", "upsmgOutputNoByPass", says.BYPASS_NOT_FITTED),
        _yes("7.9.0", "upsmgOutputInverterOff", None),  # off on mains by design, line-interactive
        _yes("7.10.0", "upsmgOutputOverLoad", says.OVERLOAD, says.NO_OVERLOAD),
        _yes("7.11.0", "upsmgOutputOverTemp", says.OVERHEATED),
        _yes("5.9.0", "upsmgBatteryFaultBattery", says.BATTERY_FAULT, says.BATTERY_WELL),
        _yes("5.10.0", "upsmgBatteryNoBattery", says.BATTERY_MISSING, says.BATTERY_THERE),
        _yes("5.11.0", "upsmgBatteryReplacement", says.BATTERY_REPLACE, says.BATTERY_KEEPS),
        _yes("5.12.0", "upsmgBatteryUnavailableBattery", says.BATTERY_DISCONNECTED),
        _yes("5.13.0", "upsmgBatteryNotHighCharge", None),  # charging after an outage
        _yes("5.14.0", "upsmgBatteryLowBattery", says.BATTERY_LOW, says.BATTERY_NOT_LOW),
        _yes("5.15.0", "upsmgBatteryChargerFault", says.CHARGER_FAILED, says.CHARGER_WELL),
        _yes("5.16.0", "upsmgBatteryLowCondition", says.BATTERY_LOW, says.BATTERY_NOT_LOW),
        _yes("5.17.0", "upsmgBatteryLowRecharge", None),  # charging after an outage
        _yes("6.3.0", "upsmgInputBadStatus", says.INPUT_BAD, says.INPUT_WELL),
        Status(
            "6.4.0",
            "upsmgInputLineFailCause",
            {1: says.INPUT_WELL, 2: says.INPUT_BAD, 3: says.INPUT_BAD, 4: says.INPUT_BAD},
        ),
        Status("10.3.0", "upsmgTestDiagResult", {1: SelfTest.PASSED, 2: SelfTest.FAILED, 3: None}),
        Status(
            "10.11.0",
            "upsmgTestBatteryResult",
            {
                1: SelfTest.PASSED,
                2: SelfTest.FAILED,
                3: SelfTest.PASSED,
                4: SelfTest.FAILED,
                5: None,
            },
        ),
        # 1000 sensors + 100 switches + 10 plugs + kind of UPS; "even means no communication"
        Status(
            "12.13.0",
            "upsmgAgentCommUPS",
            {
                **dict.fromkeys((0, 2, 4, 5, 6, 8), says.LINK_LOST),
                **dict.fromkeys((1, 3, 7, 9), says.LINK_WELL),
            },
            digits=1,
        ),
    ),
    (
        figure("runtime_seconds", "5.1.0"),
        figure("charge_ratio", "5.2.0", 0.01),
        figure("battery_volts", "5.5.0", 0.1),
        figure("temperature_celsius", "5.7.0"),
        figure("input_volts", galaxy("6.2.1.2"), 0.1),
        # The Galaxy's own rows tell volts between lines; its RFC 1628 block tells those to neutral.
        figure("output_volts", "7.2.1.2.1 7.2.1.2.2 7.2.1.2.3", 0.1),
        figure("load_ratio", galaxy("7.2.1.4"), 0.01),
    ),
    {"model": "1.1.0", "firmware": "1.4.0", "serial": "1.7.0"},
)
# The numbers of the traps of DELL-SNMP-UPS-MIB whose condition is present; "only odd ones".
_DELL_PRESENT: dict[int, Statements] = {
    1: says.INVERTER_FAILED,
    3: says.INVERTER_FAILED,
    5: says.BYPASS_BAD,
    7: Source.TRIM,
    9: Source.BOOST,
    11: says.INPUT_BAD,
    13: says.INPUT_BAD,
    15: says.INPUT_BAD,
    17: says.EMERGENCY_OFF,
    19: says.OVERLOAD,
    21: says.OVERLOAD,
    23: says.OVERLOAD,
    25: says.DC_BUS_BAD,
    27: says.DC_BUS_BAD,
    29: says.DC_BUS_BAD,
    31: says.DC_BUS_BAD,
    33: says.RECTIFIER_FAILED,
    35: says.INVERTER_FAILED,
    37: says.CHARGER_FAILED,
    39: says.UNIT_FAULT,
    41: says.SHUTDOWN_IMMINENT,
    43: says.BATTERY_LOW,
    45: says.OUTPUT_SHORT,
    47: says.INPUT_BAD,
    49: says.BATTERY_VOLTAGE_HIGH,
    51: says.OVERHEATED,
    53: says.BYPASS_MISSING,
    55: Source.BYPASS,
    57: Source.BATTERY,
    59: Source.BYPASS,
    61: SelfTest.RUNNING,
    63: says.BATTERY_REPLACE,
}
DELL = Family(
    "dell",
    "Dell",
    "1.3.6.1.4.1.674.10902.2",
    "DELL-SNMP-UPS-MIB",
    ("110.1.0", "120.5.1.0", "120.5.3.0"),
    (
        Status(
            "110.1.0",
            "productStatusGlobalStatus",
            {
                1: None,
                2: None,
                3: says.UNIT_WELL,
                4: says.UNIT_ALARM,
                5: says.UNIT_FAULT,
                6: says.UNIT_FAULT,
            },
        ),
        Status(
            "120.5.1.0",
            "physicalBatteryABMStatus",
            {
                1: Flow.HOLDING,
                2: Flow.DISCHARGING,
                3: Flow.HOLDING,
                4: Flow.HOLDING,
                5: None,
            },
        ),
        Status("120.5.2.0", "physicalBatteryTestStatus", TESTS | {7: None}),
        Numbers("120.4.2.0", "physicalUPSAlarmsStatus", _DELL_PRESENT, none=says.NO_ALARMS),
    ),
    (figure("runtime_seconds", "120.5.3.0"),),
    {"model": "100.1.0", "manufacturer": "100.3.0", "serial": "120.1.2.0"},
)
