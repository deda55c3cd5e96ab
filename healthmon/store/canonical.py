"""The one text of a value, as the audit chain hashes it: RFC 8785 for what the chain holds, which is
objects with ASCII names of strings, small integers and null. Pure.

`json` writes exactly that: sorted ASCII names, the short escapes, no spaces. Fractions are not
written at all: RFC 8785 gives them the text of ECMAScript, and times are RFC 3339 strings here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Final

Plain = str | int | None
# Integers above are altered by readers that hold numbers as IEEE 754 doubles.
LARGEST: Final = 2**53 - 1
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999, the last of RFC 3339


def text(value: Mapping[str, Plain]) -> str:
    """The canonical JSON of `value`. Raises ValueError for an integer that is too large and TypeError
    for a fraction.
    """
    for found in value.values():
        if isinstance(found, float):
            raise TypeError(f"{found!r}: a fraction has no place in the audit chain")
        if isinstance(found, int) and abs(found) > LARGEST:
            raise ValueError(f"{found}: too large for the audit chain")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def quoted(value: str | None) -> str:
    """`value` as a JSON string, or null."""
    return json.dumps(value, ensure_ascii=False)


def when(at: float | None) -> str | None:
    """`at` (Unix seconds) as RFC 3339 in UTC, with nanoseconds: two times that differ have different
    texts. One that RFC 3339 cannot write is its number.
    """
    if at is None:
        return None
    # Somebody may have put anything into a column of SQLite.
    if not isinstance(at, int | float) or not 0 <= at <= _LAST_SECOND:
        return repr(at)
    seconds, _, fraction = f"{at:.9f}".partition(".")
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(int(seconds)))}.{fraction}Z"
