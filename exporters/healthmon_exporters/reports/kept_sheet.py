"""A shift check as the record keeps it, whole, so that what was signed can be printed again. Pure."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.checks.function_check.walk import Tick, Walk
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.store import Store
from healthmon.store.rows import ShiftNote, Signature
from healthmon_exporters.reports import (
    handed_over,
    raised_after,
    seen_by_people,
    shift_document,
    shift_sheet,
)
from healthmon_exporters.reports.shift_document import Document
from healthmon_exporters.reports.shift_sheet import Sheet

MOST_BYTES = 100_000_000
_KEY = "shift_check"
_WALK = "walk"
_TEXT = "text"
_NAMES = "names"
_CLOCKS = "clocks"
_PACKED_CLOCKS = "packed_clocks"
_OWN = (_KEY, _WALK, _TEXT, _NAMES, _PACKED_CLOCKS)
# A fault that was raised while the check was made may have got its number too late for the sheet.
_BEFORE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class PutOn:
    """What people have put on a sheet after it was made: who has signed it, the notes that were shown
    until then, the `ticks` that count for it, and the faults that they have raised until then.
    """

    signatures: Sequence[Signature] = ()
    notes: Sequence[ShiftNote] = ()
    ticks: tuple[Tick, ...] = ()
    raised: Sequence[LifeCycle] = ()


def put_on(store: Store, number: int, at: float, kept: str) -> PutOn:
    """What people have put on the sheet `number`, made at `at` (Unix seconds) and `kept`. Raises
    StoreError.
    """
    signatures, notes = store.on_sheet(number, at)
    raised = raised_on(store, number, at, signatures)
    return PutOn(signatures, notes, ticks_on(store, kept), raised)


def raised_on(
    store: Store, number: int, at: float, signatures: Sequence[Signature]
) -> list[LifeCycle]:
    """The faults that people have raised for a sheet: from a little before it was made until it was
    signed, or until a newer one was made. Raises StoreError.
    """
    return store.raised_between(at - _BEFORE_SECONDS, store.stood_until(number, signatures))


def faults(kept: Mapping[str, Any], raised: Iterable[LifeCycle]) -> int:
    """How many faults stand on a sheet with these `kept` values and those that were `raised` for it."""
    return len(kept.get("faults", ())) + len(_added(kept, raised, ZoneInfo("UTC")))


def _added(
    kept: Mapping[str, Any], raised: Iterable[LifeCycle], zone: ZoneInfo
) -> list[dict[str, Any]]:
    shown = {str(row.get("fault") or "") for row in kept.get("faults", ())}
    return raised_after.entries(raised, shown, kept.get(_NAMES, {}), zone)


def body(sheet: Sheet) -> str:
    """What is kept of a sheet: JSON, with the document of the whole check compressed in it, and the
    short sheet as text.
    """
    text = json.dumps(shift_document.document(sheet), ensure_ascii=False)
    packed, plain = _packed(text), shift_sheet.as_json(sheet)
    walk = {_WALK: sheet.walk.as_json()} if sheet.walk else {}
    more = {_KEY: packed, _TEXT: shift_sheet.text(sheet), _NAMES: raised_after.names(sheet)}
    more[_PACKED_CLOCKS] = _packed(json.dumps(plain.pop(_CLOCKS)))
    return json.dumps(plain | more | walk)


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def short(kept: str, *, as_json: bool) -> tuple[str, int]:
    """The short sheet of a `kept` body, as text or as JSON, and its exit code. Raises ValueError where
    the body holds none, as those of older versions.
    """
    found = json.loads(kept)
    if _TEXT not in found:
        raise ValueError("the agent that keeps it is of an older version")
    text = found[_TEXT]
    if as_json:
        values = {name: found[name] for name in found if name not in _OWN}
        if packed := found.get(_PACKED_CLOCKS):
            values[_CLOCKS] = json.loads(zlib.decompress(base64.b64decode(packed)))
        text = json.dumps(values, indent=2) + "\n"
    return text, int(found["exit_code"])


def rewritten(kept: str, replace: Callable[[str], str]) -> str:
    """A `kept` body with `replace` applied to all of it, also to the document of the whole check."""
    found = json.loads(kept)
    if not isinstance(found, dict):
        return replace(kept)
    if packed := found.pop(_KEY, None):
        text = zlib.decompress(base64.b64decode(packed)).decode()
        if (new := replace(text)) != text:
            packed = _packed(new)
    rest = replace(json.dumps(found))
    changed = json.loads(rest) | ({_KEY: packed} if packed else {})
    return json.dumps(changed) if changed != json.loads(kept) else kept


def walk_of(kept: str) -> Walk | None:
    """The walk of a `kept` body; None where it holds none, as those of older versions."""
    found = json.loads(kept).get(_WALK)
    return Walk.of_json(found) if found else None


def ticks_on(store: Store, kept: str) -> tuple[Tick, ...]:
    """The ticks in `store` that count for a `kept` body. Raises StoreError."""
    walk = walk_of(kept)
    return store.ticks(walk.since, walk.until) if walk else ()


def document(kept: str, added: PutOn, zone: str) -> Document:
    """The document of a `kept` body with what people have `added`. Raises ValueError where the body
    holds none, as those of older versions.
    """
    whole = json.loads(kept)
    found = whole.get(_KEY)
    if not found:
        raise ValueError("only its faults were kept, by an older version")
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(base64.b64decode(found, validate=True), MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"it is damaged: {error}") from None
    made: Document = json.loads(text)
    names = {camera["id"]: camera["name"] for camera in made["cameras"]}
    seen = seen_by_people.part(walk_of(kept), added.ticks, names, zone)
    found_notes = handed_over.notes(added.notes, ZoneInfo(zone))
    signed = [handed_over.signature(one, ZoneInfo(zone)) for one in added.signatures]
    raised = _added(whole, added.raised, ZoneInfo(zone))
    if raised:
        made |= {"faults": [*made["faults"], *raised], "exit_code": 1}
    return made | {"walk": seen, "signatures": signed, "notes": found_notes}


def not_checked(kept: str) -> int | None:
    """How many lines of cameras could not be checked, by a `kept` body; None where it does not tell."""
    totals = json.loads(kept).get("totals")
    if totals is None:
        return None
    return sum(int(one.get("not_checked", 0)) for one in totals)
