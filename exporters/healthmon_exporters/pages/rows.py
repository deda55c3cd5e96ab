"""What the pages show, as plain values that no template has to judge. Times are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from healthmon.model.enums import State
from healthmon.store.rows import ShiftNote
from healthmon_exporters.pages.act_forms import ActForm
from healthmon_exporters.pages.footage_bar import FootageBar
from healthmon_exporters.pages.strips import Strip


class Shown(StrEnum):
    """How something is, by the word that stands beside each symbol; worst first."""

    FAULT = "fault"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    DOUBT = "being checked again"
    OK = "well"
    OFF = "not watched"

    @property
    def symbol(self) -> str:
        """What stands before the word; a colour never speaks alone."""
        return _SYMBOLS[self]

    @property
    def style(self) -> str:
        """The end of its style class."""
        return _STYLES[self]


_SYMBOLS = {
    Shown.FAULT: "\u2716",
    Shown.NOT_CHECKED: "?",
    Shown.WARNING: "\u25b2",
    Shown.DOUBT: "\u21bb",
    Shown.OK: "\u2713",
    Shown.OFF: "\u2013",
}
SHOWN_OF = {
    State.FAULT: Shown.FAULT,
    State.UNKNOWN: Shown.NOT_CHECKED,
    State.DEGRADED: Shown.WARNING,
    State.OK: Shown.OK,
}
_STYLES = {
    Shown.FAULT: "fault",
    Shown.NOT_CHECKED: "unknown",
    Shown.WARNING: "warning",
    Shown.DOUBT: "warning",
    Shown.OK: "ok",
    Shown.OFF: "off",
}


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault of the log: its number, what is wrong in words, how far it has come. `known` says
    whether the device has a page; `lasted` are seconds until its end or now.
    """

    number: int
    device: str
    name: str
    site: str
    sentence: str
    shown: Shown
    priority: int
    since: float
    lasted: float
    stage: str
    over: bool = False
    known: bool = True
    contractor: str = ""
    acknowledged_by: str = ""
    cause: str = ""
    cause_number: int | None = None
    affected: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """``F000123``, as it is told on the telephone."""
        return f"F{self.number:06d}"

    @property
    def cause_title(self) -> str:
        """The same of the fault that explains this one; "" without one."""
        return f"F{self.cause_number:06d}" if self.cause_number else ""

    @property
    def cause_words(self) -> str:
        """`cause` without the number that follows as a link."""
        number = self.cause_title
        return self.cause.replace(f" (fault {number})", "").removesuffix(number).rstrip()

    @property
    def urgent(self) -> bool:
        """Whether a desk rings for it: open, priority 1 or 2, and nobody has taken it on."""
        return not self.over and self.priority <= 2 and not self.acknowledged_by


@dataclass(frozen=True, slots=True)
class ActRow:
    """One thing that a person did about a fault; `late` when it was entered later."""

    words: str
    by: str
    at: float
    happened: float
    details: str
    late: bool
    undone: bool


@dataclass(frozen=True, slots=True)
class SentRow:
    """One message: its id, to whom, by which channel, how it fared in words."""

    id: str
    target: str
    channel: str
    words: str


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One fault that the machine has confirmed: by which check, what it said with value and limits,
    from when (`since`) and when it was `confirmed`; whether it is `over`.
    """

    check: str
    shown: Shown
    sentence: str
    since: float
    confirmed: float
    over: bool


@dataclass(frozen=True, slots=True)
class EvidenceRows:
    """What there is of a fault beside what people did: what the machine saw, what it said then
    (`told`: when and what), whom it told, the sheets (number, when) on which the fault stands, the
    states of the device from `since` to `until`, the last failed runs. `last_well` is None where that
    is not on record.
    """

    seen: tuple[FoundRow, ...]
    told: tuple[tuple[float, str, str], ...]
    sent: tuple[SentRow, ...]
    sheets: tuple[tuple[int, float], ...]
    strips: tuple[Strip, ...]
    since: float
    until: float
    last_well: float | None
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class FaultPage:
    """The whole record of one fault. `words` say how far it has come; `contract` are names and words
    of its promises; `undo` is the id of the act that can be undone, 0 for none.
    """

    row: FaultRow
    words: str
    restored: float | None
    contract: tuple[tuple[str, str], ...]
    forms: tuple[ActForm, ...]
    acts: tuple[ActRow, ...]
    undo: int
    evidence: EvidenceRows

    @property
    def last_done(self) -> str:
        """What the last act has done, in one sentence; "" where there is none."""
        if not self.acts:
            return ""
        last = self.acts[-1]
        return f"{last.words.capitalize()} by {last.by}: {self.words}."


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One verdict of a check of a device; `age` is that of the result in seconds, None without
    one.
    """

    check: str
    shown: Shown
    sentence: str
    age: float | None


@dataclass(frozen=True, slots=True)
class Trace:
    """The last failed run of one check, in words."""

    check: str
    text: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device in the list: its worst state and what is wrong with it first."""

    id: str
    name: str
    kind: str
    site: str
    location: str
    contractor: str
    shown: Shown
    sentence: str = ""
    maintenance: str = ""
    site_id: str = ""


@dataclass(frozen=True, slots=True)
class Checking:
    """Checks that a person asked for: `ended` of `total` have a result. `resting` are devices that
    are left alone, with for how many seconds more.
    """

    by: str
    at: float
    ended: int
    total: int
    running: bool
    resting: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityField:
    """One part of an identity: as it was commissioned and as it answers."""

    name: str
    old: str
    new: str
    differs: bool


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """What was commissioned beside what answered at `at`; `seen` is the mark of what answered,
    `differs` whether it is to be accepted, `accepted` when and by whom that was done last.
    """

    fields: tuple[IdentityField, ...]
    at: float
    seen: str
    differs: bool
    accepted: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """Where a deployable camera is, with the DPIA reference of the place; `since` in words where it
    was said on a page. `states` are those that it can be in: value and words.
    """

    state: str
    location: str
    dpia: str
    since: str
    states: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DoneRow:
    """One operation of the record."""

    at: float
    by: str
    what: str
    about: str
    details: str


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Everything about one device: its row, its checks, what it was in the last day and month.

    `watched` says whether it is checked at all, `checking` what a person asked for last, `done` what
    people did to it. `known` says whether config.yaml has it, `dates` are names and days: joined,
    replaced, retired. `footage` is that of a camera whose recorder is read. `shows_picture`: its picture
    can be asked for. `sketch` are five rows of eight tiles of its view, "#" where one is covered.
    """

    row: DeviceRow
    address: str
    behind: tuple[str, ...]
    checks: tuple[CheckRow, ...]
    day: tuple[Strip, ...]
    month: tuple[Strip, ...]
    faults: tuple[FaultRow, ...]
    traces: tuple[Trace, ...]
    watched: bool = False
    checking: Checking | None = None
    footage: FootageBar | None = None
    identity: IdentityRow | None = None
    deployed: Deployed | None = None
    done: tuple[DoneRow, ...] = ()
    known: bool = True
    in_service: bool = True
    dates: tuple[tuple[str, str], ...] = ()
    shows_picture: bool = False
    sketch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InspectedCamera:
    """One camera of a line: its fault, id and name."""

    number: int
    device: str
    name: str

    @property
    def title(self) -> str:
        """``F000123``."""
        return f"F{self.number:06d}"


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """One line that is answered with one yes or no. `since` is Unix seconds."""

    cameras: tuple[InspectedCamera, ...]
    site: str
    sentence: str
    since: float
    lasted: float

    @property
    def numbers(self) -> str:
        """The faults of the line as a form names them."""
        return " ".join(str(one.number) for one in self.cameras)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a shift begins with: faults that nobody has taken on, the other open ones, what has
    changed since the last shift change (`since`), the notes that were handed over and those that were
    ended since, the pictures that a person is asked to look at (`inspections`).
    The shift lasts since `shift_since`, the last shift change or handover (Unix seconds).
    """

    since: float
    fresh: tuple[FaultRow, ...]
    taken: tuple[FaultRow, ...]
    over: tuple[FaultRow, ...]
    not_checked: tuple[DeviceRow, ...]
    devices: int
    notes: tuple[ShiftNote, ...] = ()
    ended_notes: tuple[ShiftNote, ...] = ()
    shift_since: float = 0.0
    duties: tuple[str, ...] = ()
    inspections: tuple[InspectionRow, ...] = ()

    @property
    def urgent(self) -> int:
        """How many faults a desk rings for."""
        return sum(row.urgent for row in self.fresh)
