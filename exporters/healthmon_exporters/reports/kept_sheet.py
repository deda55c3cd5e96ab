"""A shift check as the record keeps it, whole, so that what was signed can be printed again. Pure."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from healthmon.store.rows import ShiftNote, Signature
from healthmon_exporters.reports import handed_over, shift_document, shift_sheet
from healthmon_exporters.reports.shift_document import Document
from healthmon_exporters.reports.shift_sheet import Sheet

MOST_BYTES = 100_000_000
_KEY = "shift_check"


def body(sheet: Sheet) -> str:
    """What is kept of a sheet: JSON, with the document of the whole check compressed in it."""
    text = json.dumps(shift_document.document(sheet), ensure_ascii=False)
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return json.dumps(shift_sheet.as_json(sheet) | {_KEY: packed})


def document(
    kept: str, signatures: Sequence[Signature], notes: Sequence[ShiftNote], zone: str
) -> Document:
    """The document of a `kept` body with who has signed it, and the notes that were shown until then.
    Raises ValueError where the body holds none, as those of older versions.
    """
    found = json.loads(kept).get(_KEY)
    if not found:
        raise ValueError("only its faults were kept, by an older version")
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(base64.b64decode(found, validate=True), MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"it is damaged: {error}") from None
    made: Document = json.loads(text)
    found_notes = handed_over.notes(notes, ZoneInfo(zone))
    signed = [handed_over.signature(one, ZoneInfo(zone)) for one in signatures]
    return made | {"signatures": signed, "notes": found_notes}
