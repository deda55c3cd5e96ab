"""UPS MIBs as tables: which object means what. RFC 1628 and the blocks of APC (PowerNet), Eaton (XUPS) and MGE.

Each field maps to (object, scale); a `source` map turns the vendor's enumeration into ours. `ups_makers` has more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

RFC1628 = "1.3.6.1.2.1.33.1"
RFC_SOURCE = {1: "other", 2: "off", 3: "normal", 4: "bypass", 5: "battery", 6: "boost", 7: "trim"}
YES = {1: True, 2: False}


@dataclass(frozen=True, slots=True)
class Table:
    """One MIB. `numbers`: field -> (object, factor to base units); `flags`: field -> (object, {raw: bool})."""

    name: str
    root: str
    source_object: str | None = None
    sources: dict[int, str] = field(default_factory=dict)
    numbers: dict[str, tuple[str, float]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    flags: dict[str, tuple[str, dict[int, bool]]] = field(default_factory=dict)
    tests: tuple[str, dict[int, str]] | None = None
    input_sources: tuple[str, dict[int, str]] | None = None
    # object -> the same object under another index, as some cards write it
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # field of `numbers` -> (object, factor) that tells it finer, where a card has that
    finer: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    # field of `numbers` -> the same of the other lines of a three-phase unit
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def oids(self) -> tuple[str, ...]:
        """Every object of the table, dotted."""
        found = [self.source_object] if self.source_object else []
        found += [oid for oid, _ in (*self.numbers.values(), *self.finer.values())] + list(
            self.texts.values()
        )
        found += [oid for oid, _ in self.flags.values()]
        found += [pair[0] for pair in (self.tests, self.input_sources) if pair]
        found += [oid for more in (*self.aliases.values(), *self.lines.values()) for oid in more]
        return tuple(f"{self.root}.{oid}" for oid in dict.fromkeys(found))


_TEST = {1: "passed", 2: "warning", 3: "failed", 4: "aborted", 5: "in progress", 6: "none"}
_RFC_NUMBERS = {
    "on_battery_seconds": ("2.2.0", 1.0),
    "runtime_seconds": ("2.3.0", 60.0),
    "charge_ratio": ("2.4.0", 0.01),
    "battery_volts": ("2.5.0", 0.1),
    "temperature_celsius": ("2.7.0", 1.0),
    "input_volts": ("3.3.1.3.1", 1.0),
    "output_volts": ("4.4.1.2.1", 1.0),
    "load_ratio": ("4.4.1.5.1", 0.01),
    "alarm_count": ("6.1.0", 1.0),
}
_RFC_PHASES = {"input_volts": "3.3.1.3", "output_volts": "4.4.1.2", "load_ratio": "4.4.1.5"}
# Cards that index the first line by 0, or write a further .0 behind it (iStars, MGE Galaxy).
_RFC_ALIASES = {f"{oid}.1": (f"{oid}.0", f"{oid}.1.0") for oid in _RFC_PHASES.values()}
_RFC_LINES = {name: (f"{oid}.2", f"{oid}.3") for name, oid in _RFC_PHASES.items()}
_RFC_TEXTS = {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0"}

STANDARD = Table(
    "rfc1628",
    RFC1628,
    "4.1.0",
    RFC_SOURCE,
    _RFC_NUMBERS,
    _RFC_TEXTS,
    {"battery_low": ("2.1.0", {2: False, 3: True, 4: True})},
    ("7.3.0", _TEST),
    aliases=_RFC_ALIASES,
    lines=_RFC_LINES,
)
RIELLO = replace(STANDARD, name="riello", root="1.3.6.1.4.1.5491.10.1")
APC = Table(
    "apc",
    "1.3.6.1.4.1.318.1.1.1",
    "4.1.1.0",
    {
        2: "normal",
        3: "battery",
        4: "boost",
        5: "off",
        6: "bypass",
        7: "off",
        8: "other",
        9: "bypass",
        10: "bypass",
        11: "off",
        12: "trim",
        13: "eco",
        14: "normal",
        15: "test",
        16: "bypass",
        17: "bypass",
        18: "eco",
        19: "normal",
        20: "eco",
        28: "test",
    },
    {
        "on_battery_seconds": ("2.1.2.0", 0.01),
        "charge_ratio": ("2.2.1.0", 0.01),
        "temperature_celsius": ("2.2.2.0", 1.0),
        "runtime_seconds": ("2.2.3.0", 0.01),
        "battery_volts": ("2.2.8.0", 1.0),
        "input_volts": ("3.2.1.0", 1.0),
        "output_volts": ("4.2.1.0", 1.0),
        "load_ratio": ("4.2.3.0", 0.01),
    },
    {"model": "1.1.1.0", "firmware": "1.2.1.0", "serial": "1.2.3.0", "test_date": "7.2.4.0"},
    {
        "battery_replace": ("2.2.4.0", {1: False, 2: True}),
        "battery_low": ("2.1.1.0", {2: False, 3: True}),
        "communication": ("8.1.0", YES),
    },
    ("7.2.3.0", {1: "passed", 2: "failed", 4: "in progress"}),
    finer={  # upsHighPrec...
        "charge_ratio": ("2.3.1.0", 0.001),
        "temperature_celsius": ("2.3.2.0", 0.1),
        "battery_volts": ("2.3.4.0", 0.1),
        "input_volts": ("3.3.1.0", 0.1),
        "output_volts": ("4.3.1.0", 0.1),
        "load_ratio": ("4.3.3.0", 0.001),
    },
    lines={
        "load_ratio": tuple(f"9.3.3.1.10.1.1.{line}" for line in (1, 2, 3))
    },  # upsPhaseOutputPercentLoad
)
XUPS = Table(
    "xups",
    "1.3.6.1.4.1.534.1",
    "4.5.0",
    {
        1: "other",
        2: "off",
        3: "normal",
        4: "bypass",
        5: "battery",
        6: "boost",
        7: "trim",
        8: "normal",
        9: "normal",
        10: "eco",
        11: "bypass",
        12: "eco",
    },
    {
        "runtime_seconds": ("2.1.0", 1.0),
        "battery_volts": ("2.2.0", 1.0),
        "charge_ratio": ("2.4.0", 0.01),
        "load_ratio": ("4.1.0", 0.01),
        "input_volts": ("3.4.1.2.1", 1.0),
        "output_volts": ("4.4.1.2.1", 1.0),
    },
    {"manufacturer": "1.1.0", "model": "1.2.0", "firmware": "1.3.0", "serial": "1.6.0"},
    {
        "battery_replace": ("2.9.0", YES),
        "battery_low": ("2.10.0", YES),
        "input_bad": ("3.9.0", {1: True, 2: False}),
    },
    ("8.2.0", {2: "passed", 3: "failed", 4: "in progress"}),
    ("3.5.0", {2: "none", 3: "utility", 5: "utility", 6: "generator"}),
    aliases={"8.2.0": ("8.2.0.0",)},  # ConnectUPS
    lines={"input_volts": ("3.4.1.2.2", "3.4.1.2.3"), "output_volts": ("4.4.1.2.2", "4.4.1.2.3")},
)
MGE = Table(
    "mge",
    "1.3.6.1.4.1.705.1",
    None,
    {},
    {
        "runtime_seconds": ("5.1.0", 1.0),
        "charge_ratio": ("5.2.0", 0.01),
        "battery_volts": ("5.5.0", 0.1),
        "temperature_celsius": ("5.7.0", 1.0),
        "input_volts": ("6.2.1.2.1", 0.1),
        "load_ratio": ("7.2.1.4.1", 0.01),
    },
    {"model": "1.1.0", "firmware": "1.4.0", "serial": "1.7.0"},
    {
        "on_battery": ("7.3.0", YES),
        "on_bypass": ("7.4.0", YES),
        "overload": ("7.10.0", YES),
        "battery_replace": ("5.11.0", YES),
        "battery_low": ("5.14.0", YES),
        "input_bad": ("6.3.0", YES),
    },
    ("10.3.0", {1: "passed", 2: "failed", 3: "none"}),
    aliases={
        f"{oid}.{line}": (f"{oid}.{line}.0",)
        for oid in ("6.2.1.2", "7.2.1.4")
        for line in (1, 2, 3)
    },  # Galaxy
    lines={"input_volts": ("6.2.1.2.2", "6.2.1.2.3"), "load_ratio": ("7.2.1.4.2", "7.2.1.4.3")},
)
