"""What the desk shows of pictures that a person is asked to look at, as plain values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from healthmon_exporters.pages.field_feed import Marked


@dataclass(frozen=True, slots=True)
class InspectionAnswer:
    """What was answered last, in words. `acts` names what can be undone of it: "fault:act" for each,
    "" where others have acted since.
    """

    words: str
    acts: str


@dataclass(frozen=True, slots=True)
class InspectionFeed:
    """Functions of the agent: `answer` faults with yes or no, `undo` answers ("fault:act" pairs), and
    what was `answered` to faults. All raise NoRecordError and NotDoneError.
    """

    answer: Callable[[Sequence[int], bool, Marked], Awaitable[None]]
    undo: Callable[[Sequence[tuple[int, int]], Marked], Awaitable[None]]
    answered: Callable[[Sequence[int]], Awaitable[InspectionAnswer | None]]
