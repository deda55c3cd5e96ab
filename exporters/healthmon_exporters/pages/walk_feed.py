"""What the pages of the shift check and of the walk are made of. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from healthmon.checks.function_check.walk import Outcome, Tick
from healthmon_exporters.reports.sheet_list import SheetRow
from healthmon_exporters.reports.shift_document import Document


@dataclass(frozen=True, slots=True)
class Progress:
    """A shift check that the agent makes, asked for `by` a person `since` then: `done` of `total`
    checks are made. `problem` says why one that is over has no sheet.
    """

    by: str
    since: float
    done: int = 0
    total: int = 0
    running: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MadeSheet:
    """The last sheet: its totals in words, how far its walk has come, who has signed it. `current`
    says whether it is that of the shift check that is due now.
    """

    number: int
    at: float
    totals: tuple[str, ...]
    walk_words: str
    remaining: int
    signed_by: tuple[str, ...]
    current: bool


@dataclass(frozen=True, slots=True)
class ShiftState:
    """How the shift check stands: `words`, `missed` and `cut_off` are sentences, "" where nothing is to
    be said. `late` is for the frame around them; `cut_off` tells of a check that has no sheet.
    """

    words: str
    late: bool
    missed: str
    progress: Progress | None
    sheet: MadeSheet | None
    cut_off: str = ""


@dataclass(frozen=True, slots=True)
class Called:
    """The camera that a person looks at now: what to call up in the VMS, where it is, and its open
    `faults` in words.
    """

    id: str
    name: str
    site: str
    location: str
    recorder: str
    ticked: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WalkPage:
    """The walk of the sheet `sweep`. `camera` is the one to look at, None where none is left; `place`
    is its number among the `due`. `known` is the id of the last tick, `last` the last one of the
    person who asks. `rows` are the rota in words, `left_out` sentences.
    """

    sweep: int
    camera: Called | None
    place: int
    due: int
    words: str
    known: int
    last: Tick | None
    rows: tuple[tuple[str, str, str, str, str, str], ...]
    left_out: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TickForm:
    """What a form of the walk says: by whom, on which sheet, which camera, and how it looks."""

    by: str
    sweep: int
    camera: str
    outcome: Outcome
    comment: str
    form: str
    known: int


@dataclass(frozen=True, slots=True)
class WalkFeed:
    """Functions of the agent. All raise NoRecordError where the record cannot be used. `start` begins
    a shift check in a person's name. `walk` is the walk as a person sees it, at the camera that they
    name or at the next one; None without a sheet of this shift check. `tick` and `undo` (the id of a
    tick, by whom, the form) raise NotDoneError. `sheet` is one sheet, None for what is not kept;
    `sheets` are the newest ones with a number under the first value, made before the second, at most as
    many as the third.
    """

    state: Callable[[], Awaitable[ShiftState]]
    start: Callable[[str], str]
    walk: Callable[[str, str], Awaitable[WalkPage | None]]
    tick: Callable[[TickForm], Awaitable[Tick]]
    undo: Callable[[int, str, str], Awaitable[Tick]]
    sheet: Callable[[int], Awaitable[Document | None]]
    sheets: Callable[[int, float, int], Awaitable[list[SheetRow]]]
