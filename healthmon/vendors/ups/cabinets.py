"""UPSes of outdoor and street cabinets: Alpha FXM, BKE, IMCO."""

from __future__ import annotations

from healthmon.model import ups as says
from healthmon.vendors.ups.standard import BATTERY
from healthmon.vendors.ups.tables import Alarms, Family, Source, Statements, Status, Words, figure

ALPHA = Family(
    "alpha",
    "Alpha FXM",
    "1.3.6.1.4.1.7309.6.1",
    "Argus-MIB of the Alpha FXM",
    ("4.1.0", "2.1.0", "2.5.0"),
    (
        Status(
            "4.1.0",
            "upsOutputSource",
            {
                1: Source.OFF,
                2: Source.NORMAL,
                3: Source.BOOST,
                4: Source.BOOST,
                5: Source.TRIM,
                6: Source.TRIM,
                7: Source.BATTERY,
                8: Source.NORMAL,
                9: Source.BATTERY,
                10: Source.OFF,
                11: Source.BYPASS,
            },
        ),
        Status("2.1.0", "upsBatteryStatus", BATTERY),
    ),
    (
        figure("on_battery_seconds", "2.2.0", 60),  # upsMinutesOnBattery: no runtime is reported
        figure("battery_volts", "2.3.0", 0.1),
        figure("charge_ratio", "2.5.0", 0.01),
        figure("temperature_celsius", "2.6.0"),
        figure("load_ratio", "4.4.1.7.1 4.4.1.7.2 4.4.1.7.3", 0.01),
    ),
    {},
    Alarms("5.1.0", "5.2.1.2", state="5.2.1.3"),
)


def _fuse(oid: str, name: str, failed: Statements) -> Status:
    return Status(oid, name, {0: None, 1: failed})


BKE = Family(
    "bke",
    "BKE (street cabinets)",
    "1.3.6.1.4.1.27533.5",
    "PNETMOD-MIB",
    ("1.1.0", "2.1.0"),
    (
        Status("1.1.0", "gridState", {0: Source.NORMAL, 1: Source.BATTERY}),
        _fuse("1.2.0", "gridFuse", says.FUSE_FAILED),
        Status("2.1.0", "powerSourceState", {0: says.CHARGER_WELL, 1: says.CHARGER_FAILED}),
        _fuse("3.4.0", "accuFuse", says.BATTERY_DISCONNECTED),
        _fuse("4.1.0", "outFuse", says.FUSE_FAILED),
        Status("4.2.0", "outState", {0: Source.OFF, 1: None}),
    ),
    (
        figure("battery_volts", "3.1.0", 0.1),
        figure("temperature_celsius", "3.3.0", 0.1),
    ),
)
IMCO = Family(
    "imco",
    "IMCO LS (street cabinets)",
    "1.3.6.1.4.1.33283.1.30",
    "IMCO-LSPS-MIB",
    ("2.3.0", "7.7.0"),
    (
        Status("2.3.0", "opto3", {0: Source.NORMAL, 2: Source.BATTERY}),
        Words("7.3.0", "sdsAlarmText"),
    ),
    (figure("charge_ratio", "7.7.0", 0.001),),
    {"manufacturer": "8.80.0", "model": "8.81.0", "serial": "8.83.0", "firmware": "8.84.0"},
)
