"""docs/ups.md made from the tables: what is read of each family, and what each value means.

``python -m healthmon.vendors.ups > docs/ups.md`` writes it; a test holds it up to date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from healthmon.model.enums import State
from healthmon.model.ups import NO_ALARMS, UpsCondition
from healthmon.vendors.docs import table
from healthmon.vendors.ups import apcupsd, nut, phrases
from healthmon.vendors.ups.families import FAMILIES
from healthmon.vendors.ups.tables import (
    Alarms,
    Family,
    Feed,
    Flags,
    Flow,
    Numbers,
    SelfTest,
    Source,
    Statement,
    Statements,
    Status,
    statements,
)
from healthmon.vendors.ups.tables import State as ObjectState

HEAD = """# UPS protocols

Written by `python -m healthmon.vendors.ups > docs/ups.md` from the code. The tables list the objects that are read and
the meaning of each value. An object without an answer and a value that is not listed mean nothing: they have no line
and never count as OK.

All families of which an SNMP agent answers an object are read, and all their statements count. Of each part (battery,
charger, output, inverter, bypass, the unit itself) the worst statement decides. Of several output sources the first of
these counts: {order}.
"Off" counts only if the output has less than 50 V or its voltage is not reported. A self-test explains a battery at
work while the mains has a voltage, and for 4 hours at most. If several families have a figure for one field, the first
family on this page counts.
"""
NUT = """## NUT

Source: NUT developer guide, "Status data"; upsd and its drivers. Beside `OL`, `OFF` counts only if the output is known
to be dead. `CAL` or `TEST` beside `OL` or `OB` is a test. `OL` or `OB` without `LB` and `RB` means that the battery is
not low. `FSD` always counts: upsd keeps it until it is restarted. `battery.temperature` is the battery's temperature,
`ups.temperature` that of the electronics. A UPS of the driver dummy-ups is a mirror or a simulation: its faults are
reported, and otherwise its state is unknown. The driver apcupsd-ups writes `BYPASS` where apcupsd says `NOBATT`: with
it, `BYPASS` means no battery. It writes nothing for `COMMLOST` and `SHUTTING DOWN`; ask apcupsd itself where you can.
"""
APCUPSD = """
## apcupsd

Source: apcupsd manual, "Status report fields". The bits of `STATFLAG` count like the words they stand for. If a UPS has
answered and `STATFLAG` has no bit for a battery, there is no battery. With `COMMLOST` nothing else is used.
`ITEMP` is the temperature of the electronics.
"""
PHRASES = """
## Alarms in words

`ups.alarm` of NUT and the alarm texts of some cards. The first matching pattern counts. A text that matches no pattern
is a warning with that text. A mode of operation ("in ECO mode") is no alarm.
"""
SEVERITIES = {
    State.OK: "ok",
    State.DEGRADED: "warning",
    State.FAULT: "FAULT",
    State.UNKNOWN: "unknown",
}
FIELDS = {
    "on_battery_seconds": "time on battery",
    "runtime_seconds": "runtime left",
    "charge_ratio": "charge",
    "load_ratio": "load",
    "battery_volts": "battery voltage",
    "temperature_celsius": "battery temperature",
    "internal_celsius": "temperature of the electronics",
    "input_volts": "input voltage",
    "output_volts": "output voltage",
    "test_date": "date of the last self-test",
}
_IN_WORDS = ("text", "see alarms in words, below")
UNITS = {"seconds": "s", "ratio": "of 1", "volts": "V", "celsius": "C"}


def page() -> str:
    """The whole page."""
    parts = [HEAD.format(order=", ".join(Source))]
    parts += [_family(family) for family in FAMILIES]
    parts += [NUT, *_daemon(nut.FLAGS), APCUPSD, *_daemon(apcupsd.WORDS)]
    rows = ((f"`{pattern}`", meaning(said)) for pattern, said in phrases.PATTERNS)
    parts += [PHRASES, *table(("pattern", "says"), rows)]
    return "\n".join(parts) + "\n"


def meaning(said: Statements) -> str:
    """What a value says, in words."""
    return ", ".join(map(_word, statements(said))) or "nothing"


def _word(said: Statement) -> str:
    match said:
        case UpsCondition():
            return f"{SEVERITIES[said.state]}: {said.words}"
        case Source():
            return f"output: {said}"
        case Flow():
            return f"battery {said}"
        case SelfTest():
            return f"test: {said}"
        case Feed():
            return f"fed by: {said}"


def _family(family: Family) -> str:
    rows = [row for state in family.states for row in _state_rows(state)]
    if family.alarms:
        rows += _alarm_rows(family.alarms)
    figures = [
        (" ".join(f"`{oid}`" for oid in each.oids), _figure_name(each.field), f"{each.factor:g}")
        for each in family.figures
    ]
    texts = [(f"`{oid}`", FIELDS.get(name, name), "") for name, oid in family.texts.items()]
    return "\n".join(
        (
            f"## {family.title}",
            "",
            f"Name in `--explain`: {family.name}. Root: `{family.root}`.",
            f"Source: {family.document}.",
            "",
            *table(("object", "name", "value", "says"), rows),
            "",
            *table(("object", "figure", "factor"), (*figures, *texts)),
            "",
        )
    )


def _alarm_rows(alarms: Alarms) -> Iterator[Sequence[str]]:
    yield f"`{alarms.count}`, `{alarms.column}`", "alarms present", "count 0", meaning(NO_ALARMS)
    for row in _grouped(alarms.values):
        yield "", "", *row
    if not alarms.values:
        yield "", "", *_IN_WORDS


def _figure_name(field: str) -> str:
    return f"{FIELDS[field]}, {UNITS[field.rsplit('_', 1)[1]]}"


def _state_rows(state: ObjectState) -> Iterator[Sequence[str]]:
    """One row for each meaning of an object; the first row names the object."""
    first = (f"`{state.oid}`", state.name)
    for row in _meanings(state):
        yield (*first, *row)
        first = ("", "")


def _meanings(state: ObjectState) -> Iterator[tuple[str, str]]:
    match state:
        case Status():
            if state.digits:
                yield "last digit", "counts"
            yield from _grouped(state.values)
            if state.more is not None:
                yield "more", meaning(state.more)
            yield from _grouped(state.words)
        case Flags():
            for value, says in _grouped(state.values):
                yield f"flag {value}", says
        case Numbers():
            yield "empty", meaning(state.none)
            yield from _grouped(state.values)
        case _:
            yield _IN_WORDS


def _grouped(
    values: Mapping[int, Statements] | Mapping[str, Statements],
) -> Iterator[tuple[str, str]]:
    """Values of one meaning together."""
    found: dict[str, list[str]] = {}
    for value, said in values.items():
        found.setdefault(meaning(said), []).append(str(value))
    for words, numbers in found.items():
        yield ", ".join(numbers), words


def _daemon(words: Mapping[str, Statements]) -> Iterator[str]:
    return table(("word", "says"), ((f"`{word}`", meaning(said)) for word, said in words.items()))
