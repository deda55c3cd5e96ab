"""UPS makers' own MIBs, further ones: CyberPower, Socomec, Vertiv, Delta, Huawei, PPC (Phoenixtec) and Tripp Lite.

Socomec: Net Vision 6 and 7, and the MIB of older cards (netvision). Delta: DeltaUPS-MIB. Huawei: HUAWEI-UPS-MIB, of
which the first UPS of a card is read. PPC: XPPC-MIB, and EPPC-MIB of newer cards (PowerWalker and others). Tripp Lite:
TRIPPLITE-PRODUCTS, of which the first device is read.
"""

from __future__ import annotations

from dataclasses import replace

from healthmon.makes.ups_tables import APC, MGE, RFC_SOURCE, RIELLO, STANDARD, XUPS, Table

CYBERPOWER = Table(
    "cyberpower",
    "1.3.6.1.4.1.3808.1.1.1",
    "4.1.1.0",
    {
        2: "normal",
        3: "battery",
        4: "boost",
        5: "off",
        6: "off",
        7: "other",
        8: "eco",
        9: "bypass",
        10: "trim",
        11: "normal",
    },
    {
        "on_battery_seconds": ("2.1.2.0", 0.01),
        "charge_ratio": ("2.2.1.0", 0.01),
        "battery_volts": ("2.2.2.0", 0.1),
        "temperature_celsius": ("2.2.3.0", 1.0),
        "runtime_seconds": ("2.2.4.0", 0.01),
        "input_volts": ("3.2.1.0", 0.1),
        "output_volts": ("4.2.1.0", 0.1),
        "load_ratio": ("4.2.3.0", 0.01),
    },
    {"model": "1.1.1.0", "firmware": "1.2.1.0", "serial": "1.2.3.0", "test_date": "7.2.4.0"},
    {
        "battery_replace": ("2.2.5.0", {1: False, 2: True}),
        "battery_low": ("2.1.1.0", {2: False, 3: True}),
        "input_bad": ("3.2.6.0", {1: False, 2: True, 3: True, 4: True, 5: True, 6: True}),
    },
    ("7.2.3.0", {1: "passed", 2: "failed", 4: "in progress"}),
)
SOCOMEC = Table(
    "socomec",
    "1.3.6.1.4.1.4555.1.1.7.1",
    "4.1.0",
    {
        2: "bypass",
        3: "normal",
        4: "normal",
        5: "eco",
        6: "bypass",
        7: "off",
        8: "off",
        9: "normal",
        10: "normal",
    },
    {
        "on_battery_seconds": ("2.2.0", 1.0),
        "runtime_seconds": ("2.3.0", 60.0),
        "charge_ratio": ("2.4.0", 0.01),
        "battery_volts": ("2.5.0", 0.1),
        "input_volts": ("3.3.1.2.1", 0.1),
        "output_volts": ("4.4.1.2.1", 0.1),
        "load_ratio": ("4.4.1.4.1", 0.01),
    },
    {"model": "1.1.0", "serial": "1.2.0"},
    {
        "on_battery": ("2.1.0", {2: False, 3: False, 4: False, 5: True}),
        "battery_low": ("2.1.0", {2: False, 3: False, 6: True, 7: True}),
    },
    lines={
        "input_volts": ("3.3.1.2.2", "3.3.1.2.3"),
        "output_volts": ("4.4.1.2.2", "4.4.1.2.3"),
        "load_ratio": ("4.4.1.4.2", "4.4.1.4.3"),
    },
)
NETVISION = replace(
    SOCOMEC,
    name="netvision",
    root="1.3.6.1.4.1.4555.1.1.1.1",
    texts={"model": "1.1.0", "firmware": "1.2.0", "serial": "1.4.0"},
    sources={
        2: "normal",
        3: "normal",
        4: "eco",
        5: "bypass",
        6: "off",
        7: "bypass",
        8: "off",
        9: "normal",
    },
)
VERTIV = Table(
    "vertiv",
    "1.3.6.1.4.1.476.1.42.3.5",
    "3.55.0",
    RFC_SOURCE,
    {"runtime_seconds": ("1.18.0", 60.0), "charge_ratio": ("1.19.0", 0.01)},
    {},
    {
        "battery_low": ("1.26.0", {2: False, 3: True, 4: True}),
        "input_bad": ("3.33.0", {1: True, 3: False}),
    },
    ("1.8.0", {2: "passed", 3: "failed", 4: "in progress"}),
    ("3.32.0", {1: "none", 2: "utility", 3: "generator"}),
)
ITA2 = Table(
    "ita2",
    "1.3.6.1.4.1.13400.2.54",
    "2.1.2.0",
    {0: "off", 1: "normal", 2: "battery", 3: "bypass", 4: "battery"},  # 4: mains and battery
    {
        "battery_volts": ("2.5.1.0", 0.1),
        "runtime_seconds": ("2.5.7.0", 6.0),
        "temperature_celsius": ("2.5.8.0", 0.1),
        "charge_ratio": ("2.5.10.0", 0.01),
        "input_volts": ("2.2.1.0", 0.1),
        "output_volts": ("2.3.1.0", 0.1),
        "load_ratio": ("2.3.14.0", 0.001),
    },
    {"manufacturer": "1.1.0", "model": "1.2.0", "serial": "1.3.0"},
    lines={
        "input_volts": ("2.2.2.0", "2.2.3.0"),
        "output_volts": ("2.3.2.0", "2.3.3.0"),
        "load_ratio": ("2.3.15.0", "2.3.16.0"),
    },
)
DELTA = Table(
    "delta",
    "1.3.6.1.4.1.2254.2.4",
    "5.1.0",
    {
        0: "normal",
        1: "battery",
        2: "bypass",
        3: "trim",
        4: "boost",
        5: "bypass",
        6: "other",
        7: "off",
    },
    {
        "on_battery_seconds": ("7.4.0", 1.0),
        "runtime_seconds": ("7.5.0", 60.0),
        "battery_volts": ("7.6.0", 0.1),
        "charge_ratio": ("7.8.0", 0.01),
        "temperature_celsius": ("7.9.0", 1.0),
        "input_volts": ("4.3.0", 0.1),
        "output_volts": ("5.4.0", 0.1),
        "load_ratio": ("5.7.0", 0.01),
    },
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0"},
    {
        "communication": ("9.1.0", {0: True, 1: False}),
        "battery_low": ("7.2.0", {0: False, 1: True, 2: True}),
        "battery_replace": ("7.1.0", {0: False, 2: True}),
        "input_bad": ("9.2.0", {0: False, 1: True}),
        "overload": ("9.12.0", {0: False, 1: True}),
    },
    lines={
        "input_volts": ("4.6.0", "4.9.0"),
        "output_volts": ("5.8.0", "5.12.0"),
        "load_ratio": ("5.11.0", "5.15.0"),
    },
)
HUAWEI = Table(
    "huawei",
    "1.3.6.1.4.1.2011.6.174.1",
    "2.101.1.1.1",
    {
        1: "off",
        2: "bypass",
        3: "normal",
        4: "battery",
        5: "battery",
        6: "eco",
        7: "battery",
    },  # 5: mains and battery
    {
        "battery_volts": ("6.100.1.1.1", 0.1),
        "charge_ratio": ("6.100.1.3.1", 0.01),
        "runtime_seconds": ("6.100.1.4.1", 1.0),
        "input_volts": ("3.100.1.1.1", 0.1),
        "output_volts": ("4.100.1.1.1", 0.1),
        "load_ratio": ("4.100.1.14.1", 0.001),
    },
    {"model": "2.100.1.2.1", "firmware": "2.100.1.3.1", "serial": "2.100.1.5.1"},
    lines={
        "input_volts": ("3.100.1.2.1", "3.100.1.3.1"),
        "output_volts": ("4.100.1.2.1", "4.100.1.3.1"),
        "load_ratio": ("4.100.1.15.1", "4.100.1.16.1"),
    },
)
PPC = Table(
    "ppc",
    "1.3.6.1.4.1.935.1.1.1",
    "4.1.1.0",
    {2: "normal", 3: "battery", 4: "boost", 5: "off", 6: "bypass", 7: "other", 8: "off", 9: "trim"},
    {
        "on_battery_seconds": ("2.1.2.0", 1.0),
        "charge_ratio": ("2.2.1.0", 0.01),
        "temperature_celsius": ("2.2.3.0", 0.1),
        "runtime_seconds": ("2.2.4.0", 1.0),
        "input_volts": ("3.2.1.0", 0.1),
        "output_volts": ("4.2.1.0", 0.1),
        "load_ratio": ("4.2.3.0", 0.01),
    },
    {"model": "1.1.1.0", "firmware": "1.2.1.0", "serial": "1.2.3.0"},
    {
        "battery_low": ("2.1.1.0", {2: False, 3: True}),
        "battery_replace": ("2.2.5.0", {1: False, 2: True}),
    },
)
EPPC = Table(
    "eppc",
    "1.3.6.1.4.1.935.10.1.1",
    "2.1.0",
    {
        1: "other",
        2: "off",
        3: "bypass",
        4: "normal",
        5: "battery",
        6: "test",
        7: "other",
        8: "normal",
        9: "eco",
        10: "off",
        11: "boost",
        12: "trim",
        13: "other",
    },
    {
        "on_battery_seconds": ("3.2.0", 1.0),
        "runtime_seconds": ("3.3.0", 60.0),
        "charge_ratio": ("3.4.0", 0.01),
        "battery_volts": ("3.5.0", 0.1),
        "temperature_celsius": ("3.8.0", 0.1),
        "input_volts": ("2.16.1.3.1", 0.1),
        "output_volts": ("2.18.1.3.1", 0.1),
        "load_ratio": ("2.18.1.7.1", 0.01),
    },
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0", "serial": "1.4.0"},
    {
        "battery_low": ("3.1.0", {2: False, 3: True, 4: True}),
        "battery_replace": ("3.1.0", {2: False, 6: True}),
    },
    lines={
        "input_volts": ("2.16.1.3.2", "2.16.1.3.3"),
        "output_volts": ("2.18.1.3.2", "2.18.1.3.3"),
        "load_ratio": ("2.18.1.7.2", "2.18.1.7.3"),
    },
)
TRIPPLITE = Table(
    "tripplite",
    "1.3.6.1.4.1.850.1.1",
    "3.1.3.3.1.1.1.1",
    {
        1: "other",
        2: "off",
        3: "normal",
        4: "bypass",
        5: "battery",
        6: "boost",
        7: "trim",
        8: "normal",
        9: "eco",
        10: "test",
    },
    # tlpUpsEstimatedMinutesRemaining is left out: some cards fill it with seconds.
    {
        "on_battery_seconds": ("3.1.3.1.1.1.2.1", 1.0),
        "charge_ratio": ("3.1.3.1.1.1.4.1", 0.01),
        "input_volts": ("3.1.3.2.2.1.3.1.1", 0.1),
        "output_volts": ("3.1.3.3.2.1.2.1.1", 0.1),
        "load_ratio": ("3.1.3.3.2.1.5.1.1", 0.01),
    },
    {"model": "1.2.1.5.1"},
    {"battery_low": ("3.1.3.1.1.1.1.1", {2: False, 3: True, 4: True})},
    lines={
        "input_volts": ("3.1.3.2.2.1.3.1.2", "3.1.3.2.2.1.3.1.3"),
        "output_volts": ("3.1.3.3.2.1.2.1.2", "3.1.3.3.2.1.2.1.3"),
        "load_ratio": ("3.1.3.3.2.1.5.1.2", "3.1.3.3.2.1.5.1.3"),
    },
)
VENDORS = (
    APC,
    XUPS,
    MGE,
    CYBERPOWER,
    SOCOMEC,
    NETVISION,
    RIELLO,
    VERTIV,
    ITA2,
    DELTA,
    HUAWEI,
    PPC,
    EPPC,
    TRIPPLITE,
)
TABLES = {table.name: table for table in (STANDARD, *VENDORS)}
