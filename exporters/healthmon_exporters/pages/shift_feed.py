"""What the pages of a handover are made of. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from healthmon.store.handovers import NewNote, Signing
from healthmon.store.rows import ShiftNote, Signature


@dataclass(frozen=True, slots=True)
class LastSheet:
    """The newest sheet: its number in the record, when it was made, whom it is `due` for in words, its
    totals, who has signed it as plain values. `stale` says why it cannot be signed now, "" where it can;
    `late` whether a signature is late by now.
    """

    sweep: int
    at: float
    due: str
    totals: tuple[str, ...]
    signatures: tuple[Signature, ...]
    words: tuple[str, ...]
    stale: str
    late: bool

    def of(self, party: str) -> str:
        """Who has signed as `party`; "" for nobody yet."""
        return next((one.name for one in self.signatures if one.party == party), "")


@dataclass(frozen=True, slots=True)
class Signed:
    """What was sent to sign the sheet `sweep`, by people whose passwords were right."""

    sweep: int
    signings: Sequence[Signing]
    reason: str
    note: NewNote | None


@dataclass(frozen=True, slots=True)
class ShiftFeed:
    """Functions of the agent. All raise NoRecordError; those that write raise NotDoneError.

    `last_sheet` is None where none was made. `shift_since` is when this shift began.
    """

    last_sheet: Callable[[], Awaitable[LastSheet | None]]
    notes: Callable[[], Awaitable[list[ShiftNote]]]
    shift_since: Callable[[], Awaitable[float]]
    hand_over: Callable[[Signed], Awaitable[list[Signature]]]
    write_note: Callable[[NewNote], Awaitable[int]]
    end_note: Callable[[int, str], Awaitable[ShiftNote]]
    keep_note: Callable[[int, str], Awaitable[ShiftNote]]
