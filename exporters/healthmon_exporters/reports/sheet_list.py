"""The list of the sheets that are kept, the newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from healthmon.checks.function_check.totals import Total
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.store import Store
from healthmon.store.rows import Signature
from healthmon_exporters.reports import handed_over, kept_sheet

NEWEST = 2**62
PAGE = 100


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One sheet of the list: its number, when it was made (Unix seconds), its totals, how many faults
    stand on it, who has signed it in words.
    """

    number: int
    at: float
    totals: tuple[str, ...]
    faults: int
    signed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One sheet as the record has it: number, when (Unix seconds), what is kept of it, who has signed
    it, the faults that were raised for it.
    """

    number: int
    at: float
    body: str
    signatures: Sequence[Signature]
    raised: Sequence[LifeCycle]

    def row(self, zone: ZoneInfo) -> SheetRow:
        """In the words of the list."""
        kept = json.loads(self.body)
        return SheetRow(
            self.number,
            self.at,
            tuple(Total.of_json(total).line() for total in kept.get("totals", ())),
            kept_sheet.faults(kept, self.raised),
            tuple(handed_over.signature(one, zone)["words"] for one in self.signatures),
        )


def newest(store: Store, below: int, until: float, most: int) -> list[Listed]:
    """The newest `most` sheets with a number under `below`, made before `until`. Raises StoreError."""
    return [_listed(store, *sweep) for sweep in store.sweeps(below, until, most)]


def between(store: Store, since: float, until: float) -> Iterator[Listed]:
    """Every sheet made from `since` to before `until` (Unix seconds), the newest first; no more than a
    page of them is in memory. Raises StoreError.
    """
    below = NEWEST
    while found := newest(store, below, until, PAGE):
        yield from (one for one in found if one.at >= since)
        below = found[-1].number
        if found[-1].at < since:
            return


def _listed(store: Store, number: int, at: float, body: str) -> Listed:
    signatures = store.signatures(number)
    return Listed(number, at, body, signatures, kept_sheet.raised_on(store, number, at, signatures))
