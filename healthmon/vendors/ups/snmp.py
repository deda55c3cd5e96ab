"""What an agent answered, by the tables of its families -> `Ups`. All blocks that answer count, the
worst first; what was not answered is not in the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from healthmon.model import ups as says
from healthmon.model.ups import Ups
from healthmon.vendors.ups.families import FAMILIES
from healthmon.vendors.ups.figures import plain, real, value, written
from healthmon.vendors.ups.phrases import alarms_in, printable
from healthmon.vendors.ups.sources import (
    ON_BATTERY,
    Evidence,
    conditions_of,
    result_of,
    source_of,
)
from healthmon.vendors.ups.tables import (
    Alarms,
    Family,
    Feed,
    Figure,
    Flags,
    Numbers,
    Source,
    State,
    Statement,
    Statements,
    Status,
    Words,
    statements,
)

SnmpValue = int | float | bytes | str | None
Rows = Mapping[str, SnmpValue]
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_MOST = 1000  # of what is counted; more is a sentinel
_PLAIN = ("charge_ratio", "battery_volts", "temperature_celsius", "internal_celsius")


@dataclass(slots=True)
class Block:
    """What one family's objects said."""

    family: Family
    said: list[Statement] = field(default_factory=list)
    figures: dict[str, tuple[float, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def read(family: Family, values: Rows, present: Rows | None = None) -> Block:
    """The block of `family` in `values`; `present` are the rows of its alarm table (row -> value),
    those that are present.
    """
    block = Block(family)
    for state in family.states:
        block.said += _of_state(state, values.get(family.full(state.oid)))
    for each in family.figures:
        _read_figure(block, each, values)
    for name, oid in family.texts.items():
        if said := text(values.get(family.full(oid))):
            block.texts[name] = said
    if family.alarms:
        block.said += _of_alarms(family, family.alarms, values, present or {})
    return block


def _of_state(state: State, raw: SnmpValue) -> Iterable[Statement]:
    match state:
        case Status():
            return statements(_of_status(state, raw))
        case Flags():
            return _of_flags(state, raw)
        case Numbers():
            return _of_numbers(state, raw)
        case Words():
            return alarms_in(text(raw) or "")


def _of_flags(state: Flags, raw: SnmpValue) -> Iterator[Statement]:
    """A text of 0 and 1, one place for each state."""
    for place, mark in enumerate(text(raw) or "", 1):
        if mark == "1":
            yield from statements(state.values.get(place))


def _of_status(state: Status, raw: SnmpValue) -> Statements:
    number = whole(raw)
    if number is None:
        return state.words.get((text(raw) or "").lower())
    if state.digits and number >= 0:
        number %= 10**state.digits
    if state.more is not None and number not in state.values and 0 < number < _MOST:
        return state.more
    return state.values.get(number)


def _of_numbers(state: Numbers, raw: SnmpValue) -> Iterator[Statement]:
    if not isinstance(raw, bytes):
        return
    found = re.findall(r"[0-9]{1,6}", raw.decode("ascii", "replace"))
    for number in map(int, found):
        yield from statements(state.values.get(number, says.alarm(f"number {number}")))
    if not found:
        yield from statements(state.none)


def _read_figure(block: Block, each: Figure, values: Rows) -> None:
    answers = (values.get(block.family.full(oid)) for oid in each.oids)
    told = tuple(found for raw in answers if (found := _figure(each, raw)) is not None)
    if not told:
        return
    if each.field == "load_ratio":  # the most loaded line counts, and the whole beside it
        told += block.figures.get(each.field, ())
    block.figures[each.field] = told


def _figure(each: Figure, raw: SnmpValue) -> float | None:
    """A measurement in base units: an integer by the factor of the table, else a number with its
    own unit.
    """
    if isinstance(raw, float):
        return None if raw in each.absent else plain(each.field, raw, each.factor)
    if (number := whole(raw)) is not None:
        return None if number in each.absent else value(each.field, number, each.factor)
    return written(each.field, text(raw) or "", each.factor)


def _of_alarms(family: Family, table: Alarms, values: Rows, present: Rows) -> Iterator[Statement]:
    count = whole(values.get(family.full(table.count)))
    if count is None or not 0 <= count < _MOST:
        return
    if count == 0:
        yield says.NO_ALARMS
    named = 0
    for row in present.values():
        found = tuple(_of_row(family, row))
        named += bool(found) or isinstance(row, str)
        yield from found
    if named < count:
        yield says.alarm(f"{count - named} that the UPS does not name")


def _of_row(family: Family, row: SnmpValue) -> Iterator[Statement]:
    """What a row of an alarm table says: an OID of the family or of another one, or a text."""
    if not isinstance(row, str):
        yield from alarms_in(text(row) or "")
        return
    for other in (family, *FAMILIES):
        if other.alarms is None or not other.alarms.known:
            continue
        start = f"{other.full(other.alarms.known)}."
        number = row.removeprefix(start).split(".")[0]
        if row.startswith(start) and number.isdigit():
            unknown = says.alarm(f"number {number}")
            yield from statements(other.alarms.values.get(int(number), unknown))
            return
    yield says.alarm(f"of the maker's own kind {row}")


def whole(raw: SnmpValue) -> int | None:
    """An integer, also where a card writes it as text or as a real number; None for anything
    else.
    """
    if isinstance(raw, bytes):
        found = raw.decode("ascii", "replace").strip("\0 \r\n\t")
        return int(found) if _WHOLE.fullmatch(found) else None
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    return raw if isinstance(raw, int) else None


def text(raw: SnmpValue) -> str | None:
    """A string without what cannot be printed; None where it is empty or no string."""
    if not isinstance(raw, bytes):
        return None
    return printable(raw.split(b"\0")[0].decode("utf-8", "replace")) or None


def ups_of(blocks: list[Block]) -> Ups:
    """One record of all blocks, in the order in which their figures are preferred."""
    said = [each for block in blocks for each in block.said]
    figures, texts = _preferred(blocks)
    test_at = _date(texts.pop("test_date", None))
    since = _seconds_on_battery(blocks)
    if since:
        said.append(Source.BATTERY)
    volts_in, volts_out = figures.get("input_volts", ()), figures.get("output_volts", ())
    source, conflicts = source_of(Evidence.of(said, volts_in, volts_out))
    return replace(
        _measured(figures, texts),
        backend=" + ".join(sorted((b.family.name for b in blocks), key=_standard_first)),
        source=source,
        on_battery_seconds=(since or None) if source in ON_BATTERY else None,
        runtime_seconds=_runtime(blocks, figures, source),
        input_source=next((each for each in said if isinstance(each, Feed)), None),
        test_result=result_of(said),
        test_at=test_at,
        conditions=conditions_of(said),
        conflicts=conflicts,
    )


def _preferred(blocks: list[Block]) -> tuple[dict[str, tuple[float, ...]], dict[str, str]]:
    """Every figure and every text, each of the first block that has it."""
    figures: dict[str, tuple[float, ...]] = {}
    texts: dict[str, str] = {}
    for block in blocks:
        figures = block.figures | figures
        texts = block.texts | texts
    return figures, texts


def _seconds_on_battery(blocks: list[Block]) -> float:
    """The longest time on battery that a block tells; 0.0 where none does."""
    told = (max(block.figures.get("on_battery_seconds", (0.0,))) for block in blocks)
    return max(told, default=0.0)


def _measured(figures: Mapping[str, tuple[float, ...]], texts: Mapping[str, Any]) -> Ups:
    """What needs no weighing: the unit's names and its plain figures."""
    plain: dict[str, Any] = {name: figures[name][0] for name in _PLAIN if name in figures}
    return Ups(
        "",
        load_ratio=max(figures.get("load_ratio", ()), default=None),
        input_volts=real(figures.get("input_volts", ())),
        output_volts=real(figures.get("output_volts", ())),
        **plain,
        **texts,
    )


def _standard_first(name: str) -> tuple[bool, str]:
    return name != "rfc1628", name


def _runtime(
    blocks: list[Block], figures: Mapping[str, tuple[float, ...]], source: Source | None
) -> float | None:
    """The runtime left; zero at a charged battery is no value, another block may have one."""
    runtime = next(iter(figures.get("runtime_seconds", ())), None)
    charge = max(figures.get("charge_ratio", ()), default=0.0)
    if runtime or source is Source.BATTERY or charge <= 0.5:
        return runtime
    told = (block.figures.get("runtime_seconds", (0.0,))[0] for block in blocks)
    return next(filter(None, told), None)


def _date(words: str | None) -> float | None:
    """Noon UTC of an American date, as APC and CyberPower write it (04/30/25 or 04/30/2025)."""
    for form in ("%m/%d/%Y", "%m/%d/%y"):
        try:
            return datetime.strptime(words or "", form).replace(hour=12, tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None
