"""CyberPower, Delta, Huawei, PPC (Phoenixtec) and its newer cards, Tripp Lite."""

from __future__ import annotations

from healthmon.model import ups as says
from healthmon.vendors.ups.standard import BATTERY, BATTERY_SIX
from healthmon.vendors.ups.tables import (
    Alarms,
    Family,
    Flow,
    SelfTest,
    Source,
    Statements,
    Status,
    Words,
    figure,
)

_APC_TESTS: dict[int, Statements] = {
    1: SelfTest.PASSED,
    2: SelfTest.FAILED,
    3: None,
    4: SelfTest.RUNNING,
}
_REPLACE: dict[int, Statements] = {1: says.BATTERY_KEEPS, 2: says.BATTERY_REPLACE}
CYBERPOWER = Family(
    "cyberpower",
    "CyberPower",
    "1.3.6.1.4.1.3808.1.1.1",
    "CPS-MIB",
    ("4.1.1.0", "2.1.1.0", "2.2.1.0", "1.1.1.0"),
    (
        Status(
            "4.1.1.0",
            "upsBaseOutputStatus",
            {
                1: None,
                2: Source.NORMAL,
                3: Source.BATTERY,
                4: Source.BOOST,
                5: Source.OFF,
                6: Source.OFF,
                7: Source.OTHER,
                8: Source.ECO,
                9: Source.BYPASS,
                10: Source.TRIM,
                11: (Source.NORMAL, says.OVERLOAD),
            },
        ),
        Status(
            "2.1.1.0",
            "upsBaseBatteryStatus",
            {1: None, 2: says.BATTERY_WELL, 3: says.BATTERY_LOW, 4: says.BATTERY_MISSING},
        ),
        Status("2.2.5.0", "upsAdvanceBatteryReplaceIndicator", _REPLACE),
        Status(
            "3.2.6.0",
            "upsAdvanceInputStatus",
            {1: says.INPUT_WELL, **dict.fromkeys(range(2, 7), says.INPUT_BAD)},
        ),
        Status("7.2.3.0", "upsAdvanceTestDiagnosticsResults", _APC_TESTS),
        Status(
            "7.2.7.0",
            "upsAdvanceTestEstimationResults",
            {1: None, 2: None, 3: SelfTest.CALIBRATING},
        ),
    ),
    (
        figure("on_battery_seconds", "2.1.2.0", 0.01),
        figure("charge_ratio", "2.2.1.0", 0.01),
        figure("battery_volts", "2.2.2.0", 0.1),
        figure("temperature_celsius", "2.2.3.0"),
        figure("runtime_seconds", "2.2.4.0", 0.01),
        figure("input_volts", "3.2.1.0", 0.1),
        figure("output_volts", "4.2.1.0", 0.1),
        figure("load_ratio", "4.2.3.0", 0.01),
    ),
    {"model": "1.1.1.0", "firmware": "1.2.1.0", "serial": "1.2.3.0", "test_date": "7.2.4.0"},
)


def _alarm(number: int, name: str, on: Statements, off: Statements = None) -> Status:
    return Status(f"9.{number}.0", f"dupsAlarm{name}", {0: off, 1: on})


DELTA = Family(
    "delta",
    "Delta",
    "1.3.6.1.4.1.2254.2.4",
    "DeltaUPS-MIB",
    ("5.1.0", "7.2.0", "7.8.0", "1.2.0"),
    (
        Status(
            "5.1.0",
            "dupsOutputSource",
            {
                0: Source.NORMAL,
                1: Source.BATTERY,
                2: Source.BYPASS,
                3: Source.TRIM,
                4: Source.BOOST,
                5: Source.BYPASS,
                6: Source.OTHER,
                7: Source.OFF,
            },
        ),
        Status(
            "7.1.0",
            "dupsBatteryCondiction",
            {0: says.BATTERY_WELL, 1: says.BATTERY_WEAK, 2: says.BATTERY_REPLACE},
        ),
        Status(
            "7.2.0",
            "dupsBatteryStatus",
            {0: says.BATTERY_NOT_LOW, 1: says.BATTERY_LOW, 2: says.BATTERY_DEPLETED},
        ),
        Status(
            "7.3.0",
            "dupsBatteryCharge",
            {0: Flow.HOLDING, 1: Flow.HOLDING, 2: Flow.HOLDING, 3: Flow.DISCHARGING},
        ),
        Status(
            "8.2.0",
            "dupsTestResultsSummary",
            {
                0: None,
                1: SelfTest.PASSED,
                2: SelfTest.RUNNING,
                3: SelfTest.FAILED,
                4: SelfTest.FAILED,
                5: SelfTest.FAILED,
            },
        ),
        _alarm(1, "Disconnect", says.LINK_LOST, says.LINK_WELL),
        _alarm(2, "PowerFail", says.INPUT_BAD, says.INPUT_WELL),
        _alarm(3, "BatteryLow", says.BATTERY_LOW, says.BATTERY_NOT_LOW),
        _alarm(4, "LoadWarning", says.LOAD_HIGH),
        _alarm(5, "LoadSeverity", says.LOAD_HIGH),
        _alarm(6, "LoadOnBypass", Source.BYPASS),
        _alarm(7, "UPSFault", says.UNIT_FAULT, says.UNIT_WELL),
        _alarm(8, "BatteryGroundFault", says.BATTERY_FAULT),
        _alarm(9, "TestInProgress", SelfTest.RUNNING),
        _alarm(10, "BatteryTestFail", SelfTest.FAILED),
        _alarm(11, "FuseFailure", says.FUSE_FAILED),
        _alarm(12, "OutputOverload", says.OVERLOAD, says.NO_OVERLOAD),
        _alarm(13, "OutputOverCurrent", says.OVERLOAD),
        _alarm(14, "InverterAbnormal", says.INVERTER_FAILED, says.INVERTER_WELL),
        _alarm(15, "RectifierAbnormal", says.RECTIFIER_FAILED),
        _alarm(16, "ReserveAbnormal", says.BYPASS_BAD),
        _alarm(17, "LoadOnReserve", Source.BYPASS),
        _alarm(18, "OverTemperature", says.OVERHEATED),
        _alarm(19, "OutputBad", says.OUTPUT_BAD, says.OUTPUT_WELL),
        _alarm(20, "BypassBad", says.BYPASS_BAD, says.BYPASS_WELL),
        _alarm(21, "UPSOff", Source.OFF),
        _alarm(22, "ChargerFail", says.CHARGER_FAILED, says.CHARGER_WELL),
        _alarm(23, "FanFail", says.FAN_FAILED),
        _alarm(24, "EconomicMode", Source.ECO),
        _alarm(25, "OutputOff", Source.OFF),
        _alarm(26, "SmartShutdown", says.SHUTTING_DOWN),
        _alarm(27, "EmergencyPowerOff", says.EMERGENCY_OFF),
        _alarm(28, "UPSShutdown", says.SHUTTING_DOWN),
    ),
    (
        figure("on_battery_seconds", "7.4.0"),
        figure("runtime_seconds", "7.5.0", 60),
        figure("battery_volts", "7.6.0", 0.1),
        figure("charge_ratio", "7.8.0", 0.01),
        figure("temperature_celsius", "7.9.0"),
        figure("input_volts", "4.3.0 4.6.0 4.9.0", 0.1),
        figure("output_volts", "5.4.0 5.8.0 5.12.0", 0.1),
        figure("load_ratio", "5.7.0 5.11.0 5.15.0", 0.01),
    ),
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0"},
)
HUAWEI = Family(
    "huawei",
    "Huawei (the first UPS of a card)",
    "1.3.6.1.4.1.2011.6.174.1",
    "HUAWEI-UPS-MIB",
    ("2.101.1.1.1", "2.101.1.3.1", "6.100.1.3.1", "2.100.1.2.1"),
    (
        Status(
            "2.101.1.1.1",
            "hwUpsCtrlPowerSupplyMethod",
            {
                1: Source.OFF,
                2: Source.BYPASS,
                3: Source.NORMAL,
                4: Source.BATTERY,
                5: Source.BATTERY,  # mains and battery
                6: Source.ECO,
                7: Source.BATTERY,
            },
        ),
        Status(
            "2.101.1.3.1",
            "hwUpsCtrlBatteryState",
            {
                1: says.BATTERY_MISSING,
                2: (says.BATTERY_THERE, Flow.HOLDING),
                3: (says.BATTERY_THERE, Flow.HOLDING),
                4: (says.BATTERY_THERE, Flow.HOLDING),
                5: (says.BATTERY_THERE, Flow.HOLDING),
                6: (says.BATTERY_THERE, Flow.DISCHARGING),
            },
        ),
    ),
    (
        figure("battery_volts", "6.100.1.1.1", 0.1),
        figure("charge_ratio", "6.100.1.3.1", 0.01),
        figure("runtime_seconds", "6.100.1.4.1"),
        figure("input_volts", "3.100.1.1.1 3.100.1.2.1 3.100.1.3.1", 0.1),
        figure("output_volts", "4.100.1.1.1 4.100.1.2.1 4.100.1.3.1", 0.1),
        figure("load_ratio", "4.100.1.14.1 4.100.1.15.1 4.100.1.16.1", 0.001),
    ),
    {"model": "2.100.1.2.1", "firmware": "2.100.1.3.1", "serial": "2.100.1.5.1"},
)


def _three_phase(oid: str, name: str, yes: Statements, no: Statements = None) -> Status:
    return Status(oid, f"upsThreePhase{name}", {14: yes, 16: no})


PPC = Family(
    "ppc",
    "PPC and NetAgent (Phoenixtec, Megatec)",
    "1.3.6.1.4.1.935.1.1.1",
    "XPPC-MIB",
    ("4.1.1.0", "2.1.1.0", "2.2.1.0", "1.1.1.0"),
    (
        Status(
            "4.1.1.0",
            "upsBaseOutputStatus",
            {
                1: None,
                2: Source.NORMAL,
                3: Source.BATTERY,
                4: Source.BOOST,
                5: Source.OFF,
                6: Source.BYPASS,
                7: Source.OTHER,
                8: Source.OFF,
                9: Source.TRIM,
            },
        ),
        Status(
            "2.1.1.0",
            "upsBaseBatteryStatus",
            {1: None, 2: says.BATTERY_WELL, 3: says.BATTERY_LOW},
        ),
        Status("2.2.5.0", "upsSmartBatteryReplaceIndicator", _REPLACE),
        Status("7.2.3.0", "upsSmartTestDiagnosticsResults", _APC_TESTS),
        _three_phase("8.5.1.0", "DCandRectifierStatusRecRotError", says.INPUT_BAD),
        _three_phase("8.7.1.0", "FaultStatusEmergencyStop", says.EMERGENCY_OFF),
        _three_phase("8.7.2.0", "FaultStatusHighDCShutdown", says.DC_BUS_BAD),
        _three_phase("8.7.3.0", "FaultStatusBypassBreaker", Source.BYPASS),
        _three_phase("8.7.4.0", "FaultStatusOverLoad", says.OVERLOAD, says.NO_OVERLOAD),
        _three_phase(
            "8.7.5.0", "FaultStatusInverterOutputFail", says.INVERTER_FAILED, says.INVERTER_WELL
        ),
        _three_phase("8.7.6.0", "FaultStatusOverTemperature", says.OVERHEATED),
        _three_phase("8.7.7.0", "FaultStatusShortCircuit", says.OUTPUT_SHORT),
    ),
    (
        figure("on_battery_seconds", "2.1.2.0"),
        figure("charge_ratio", "2.2.1.0", 0.01),
        figure("temperature_celsius", "2.2.3.0", 0.1),
        figure("runtime_seconds", "2.2.4.0"),
        figure("input_volts", "3.2.1.0", 0.1),
        figure("output_volts", "4.2.1.0", 0.1),
        figure("load_ratio", "4.2.3.0", 0.01),
    ),
    {"model": "1.1.1.0", "firmware": "1.2.1.0", "serial": "1.2.3.0"},
)
EPPC = Family(
    "eppc",
    "PPC, newer cards (PowerWalker and others)",
    "1.3.6.1.4.1.935.10.1.1",
    "EPPC-MIB",
    ("2.1.0", "3.1.0", "3.4.0", "1.2.0"),
    (
        Status(
            "2.1.0",
            "upsESystemStatus",
            {
                1: Source.OTHER,
                2: Source.OFF,
                3: Source.BYPASS,
                4: Source.NORMAL,
                5: Source.BATTERY,
                6: Source.TEST,
                7: (Source.OTHER, says.UNIT_FAULT),
                8: Source.NORMAL,
                9: Source.ECO,
                10: Source.OFF,
                11: Source.BOOST,
                12: Source.TRIM,
                13: Source.OTHER,
            },
        ),
        Status("3.1.0", "upsEBatteryStatus", BATTERY_SIX),
        Status(
            "7.3.0",
            "upsEBatteryTestResult",
            {
                1: None,
                2: SelfTest.RUNNING,
                3: SelfTest.PASSED,
                4: SelfTest.FAILED,
                5: None,
                6: SelfTest.ABORTED,
            },
        ),
        Words("2.3.0", "upsESystemWarningCode"),
        Words("2.4.0", "upsESystemFaultCode"),
    ),
    (
        figure("on_battery_seconds", "3.2.0"),
        figure("runtime_seconds", "3.3.0", 60),
        figure("charge_ratio", "3.4.0", 0.01),
        figure("battery_volts", "3.5.0", 0.1),
        figure("temperature_celsius", "3.8.0", 0.1),
        figure("internal_celsius", "2.2.0", 0.1),
        figure("input_volts", "2.16.1.3.1 2.16.1.3.2 2.16.1.3.3", 0.1),
        figure("output_volts", "2.18.1.3.1 2.18.1.3.2 2.18.1.3.3", 0.1),
        figure("load_ratio", "2.18.1.7.1 2.18.1.7.2 2.18.1.7.3", 0.01),
    ),
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0", "serial": "1.4.0"},
)
TRIPPLITE = Family(
    "tripplite",
    "Tripp Lite (the first device of a card)",
    "1.3.6.1.4.1.850.1.1",
    "TRIPPLITE-PRODUCTS",
    ("3.1.3.3.1.1.1.1", "3.1.3.1.1.1.1.1", "3.1.3.1.1.1.4.1", "1.2.1.5.1"),
    (
        Status(
            "3.1.3.3.1.1.1.1",
            "tlpUpsOutputSource",
            {
                0: None,
                1: Source.OTHER,
                2: Source.OFF,
                3: Source.NORMAL,
                4: Source.BYPASS,
                5: Source.BATTERY,
                6: Source.BOOST,
                7: Source.TRIM,
                8: Source.NORMAL,
                9: Source.ECO,
                10: Source.TEST,
            },
        ),
        Status("3.1.3.1.1.1.1.1", "tlpUpsBatteryStatus", BATTERY),
        Status(
            "3.1.3.1.2.1.4.1",
            "tlpUpsBatteryDetailCharge",
            {
                0: Flow.HOLDING,
                1: Flow.HOLDING,
                2: Flow.HOLDING,
                3: Flow.DISCHARGING,
                4: Flow.HOLDING,
                5: Flow.HOLDING,
            },
        ),
        Status(
            "3.1.3.1.2.1.5.1",
            "tlpUpsBatteryDetailChargerStatus",
            {0: says.CHARGER_WELL, 1: says.CHARGER_FAILED},
        ),
    ),
    # tlpUpsEstimatedMinutesRemaining is left out: some cards fill it with seconds.
    (
        figure("on_battery_seconds", "3.1.3.1.1.1.2.1"),
        figure("charge_ratio", "3.1.3.1.1.1.4.1", 0.01),
        figure("battery_volts", "3.1.3.1.2.1.1.1", 0.1),
        figure("input_volts", "3.1.3.2.2.1.3.1.1 3.1.3.2.2.1.3.1.2 3.1.3.2.2.1.3.1.3", 0.1),
        figure("output_volts", "3.1.3.3.2.1.2.1.1 3.1.3.3.2.1.2.1.2 3.1.3.3.2.1.2.1.3", 0.1),
        figure("load_ratio", "3.1.3.3.2.1.5.1.1 3.1.3.3.2.1.5.1.2 3.1.3.3.2.1.5.1.3", 0.01),
    ),
    {"model": "1.2.1.5.1"},
    Alarms("1.3.6.1.4.1.850.1.3.1.0", "1.3.6.1.4.1.850.1.3.2.1.6"),
)
