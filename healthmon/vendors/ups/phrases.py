"""Alarms in words, as NUT's drivers and some cards write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from healthmon.model import ups as says
from healthmon.vendors.ups.tables import SelfTest, Source, Statement

_BETWEEN = re.compile(r"[!\[\];,\n]+")
_SOURCE = re.compile(r"^[a-z0-9 ._-]+:\s+")  # "battery: Replace battery!" of newer drivers
_NOTHING = re.compile(r"[0\s.-]*|none|ok|normal|no (alarms?|faults?|warnings?)")
_MODE = re.compile(
    r"\b(eco(-?mode)?|ess|econom\w+|e-?conversion|high[- ]efficiency|(energy|power)[- ]sav\w+)\b"
    r"|\b(he|green|converter|hot ?standby) mode\b"
)
_NOT_WELL = re.compile(r"fail|fault|error|\b(not|no|un)\s?(available|possible|ready)|lost")
PATTERNS: tuple[tuple[str, Statement], ...] = (
    (r"charg(er|ing) .*(fail|fault)|charge fault", says.CHARGER_FAILED),
    (r"no batter|batter\w+ (is |are )?(missing|absent)", says.BATTERY_MISSING),
    (r"batter\w+ (is |are )?not (installed|present|detected)", says.BATTERY_MISSING),
    (r"batter\w+ (is |are )?(not connected|disconnected)", says.BATTERY_DISCONNECTED),
    (r"batter\w+ communicat", says.BATTERY_COMMUNICATION),
    (r"batter\w+ .*(hot|over ?heat|temperature.* high)", says.BATTERY_HOT),
    (r"replace batter|batter\w+ .*replac|batter\w+ bad|bad batter", says.BATTERY_REPLACE),
    (r"batter\w+ .*(fault|fail)", says.BATTERY_FAULT),
    (r"batter\w+ voltage.* high", says.BATTERY_VOLTAGE_HIGH),
    (r"batter\w+ (discharged|depleted|empty)", says.BATTERY_DEPLETED),
    (r"low batter|batter\w+ .*low", says.BATTERY_LOW),
    (r"communicat\w+ .*(lost|fault|fail)|(lost|loss of|no) communicat", says.LINK_LOST),
    (r"inverter .*(fail|fault)", says.INVERTER_FAILED),
    (r"rectifier .*(fail|fault)", says.RECTIFIER_FAILED),
    (r"fan .*(fail|fault|alarm)", says.FAN_FAILED),
    (r"fuse .*(fail|fault)", says.FUSE_FAILED),
    (r"over ?load", says.OVERLOAD),
    (r"short[- ]?circuit", says.OUTPUT_SHORT),
    (r"bypass .*(not available|unavailable|bad|fault|fail)", says.BYPASS_BAD),
    (r"\b[oi]n (maintenance |manual |automatic |static )?bypass|bypass mode", Source.BYPASS),
    (
        r"(output|load) (is )?(off|not powered)|(output|load) (is )?(switched|turned) off",
        Source.OFF,
    ),
    (r"emergency power off|\bepo\b", says.EMERGENCY_OFF),
    (r"\b(not|un) ?protected", says.OUTPUT_UNPROTECTED),
    (r"\bon battery\b", Source.BATTERY),
    (r"output .*bad|bad output", says.OUTPUT_BAD),
    (r"input .*(fail|bad)|bad input", says.INPUT_BAD),
    (r"shutdown imminent", says.SHUTDOWN_IMMINENT),
    (r"shutdown pending", says.SHUTDOWN_PENDING),
    (r"awaiting power", says.AWAITING_POWER),
    (r"redundancy lost|loss of redundancy", says.REDUNDANCY_LOST),
    (r"temperature too high|over[- ]?(temperature|heat)", says.OVERHEATED),
    (r"bad .*temperature|temperature bad", says.TEMPERATURE_BAD),
    (r"test fail|diagnostic test fail", SelfTest.FAILED),
    (r"internal .*(fault|fail)", says.UNIT_FAULT),
)
_COMPILED = tuple((re.compile(pattern), said) for pattern, said in PATTERNS)


def printable(words: str) -> str:
    """`words` of a device as one line of at most 128 printable characters."""
    line = "".join(c if c.isprintable() else " " for c in words)
    return " ".join(line.split())[:128].rstrip()


def alarms_in(text: str) -> Iterator[Statement]:
    """What an alarm text says, part by part.

    A mode of operation ("in ECO mode") is no alarm, unless it fails.
    """
    for piece in _BETWEEN.split(text):
        words = printable(piece)
        low = _SOURCE.sub("", words.lower())
        if _NOTHING.fullmatch(low) or (_MODE.search(low) and not _NOT_WELL.search(low)):
            continue
        known = (said for pattern, said in _COMPILED if pattern.search(low))
        yield next(known, says.alarm(words))
