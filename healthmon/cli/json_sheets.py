"""What `sweep`, `sheet` and `sheets` print with ``--json``, for docs/json.md.

Times are ISO 8601 with the offset of the estate's zone. Fields in `..._words` are the sentences of the
other forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

ExitCode = Literal[0, 1, 2]


@dataclass(frozen=True)
class TotalRow:
    """How many cameras have what a total counts (`words`, `total` is its key), `of` how many."""

    total: str
    words: str
    of: int
    well: int
    failed: int
    not_checked: int


@dataclass(frozen=True)
class FootageTotal:
    """Counts of cameras: `asked` about their footage, `recorded`; without a gap of those whose recorder
    tells gaps; that play of those that were played. `kept_seconds` are the least and the most.
    """

    asked: int
    recorded: int
    not_checked: int
    gaps_told: int
    without_gap_24h: int
    kept_seconds: tuple[float, float] | None
    played: int
    plays: int


@dataclass(frozen=True)
class ClockRow:
    """One clock of a camera against true time; `not_known` says why it has no offset."""

    clock: str
    offset_seconds: float | None
    error_seconds: float | None
    not_known: str | None


@dataclass(frozen=True)
class CameraClocks:
    """The clocks of one camera beside each other; `disagree` are pairs of their names."""

    summary: str
    disagree: tuple[tuple[str, str], ...]
    clocks: tuple[ClockRow, ...]


@dataclass(frozen=True)
class SheetNote:
    """A note for the next shift."""

    text: str
    by: str
    at: str
    words: str


@dataclass(frozen=True)
class SweepLine:
    """One line of the short sheet: a fault, a warning or what could not be checked."""

    devices: tuple[str, ...]
    name: str
    check_type: Annotated[str, Field(alias="question")]
    part: str
    code: str
    sentence: str
    since: str | None
    priority: str | None
    maintenance: str | None
    fault: str | None
    acknowledged_by: str | None
    acknowledged_reason: str | None
    contractor: str | None


@dataclass(frozen=True)
class Sweep:
    """The short sheet. `reference_...` is how well true time is known; `ticks` counts the checks."""

    estate: str
    at: str
    took_seconds: float
    simulated: bool
    reference_offset_seconds: float | None
    reference_error_seconds: float | None
    devices: int
    ticks: int
    faults: tuple[SweepLine, ...]
    warnings: tuple[SweepLine, ...]
    not_checked: tuple[SweepLine, ...]
    blind_zones: tuple[str, ...]
    totals: tuple[TotalRow, ...]
    footage: FootageTotal | None
    notes: tuple[SheetNote, ...]
    exit_code: ExitCode
    clocks: Mapping[str, CameraClocks]


@dataclass(frozen=True)
class TotalLine(TotalRow):
    """A total with its sentence."""

    line: str


@dataclass(frozen=True)
class Cell:
    """A camera on a line of the function check, or the agent itself."""

    mark: str
    symbol: str
    why: str


@dataclass(frozen=True)
class PowerEvent:
    """A mains failure or a trouble of a UPS since the last shift check."""

    device: str
    words: str
    over: bool


@dataclass(frozen=True)
class PowerPart:
    """Power since the last shift check; `unknown` says what is not known of it."""

    since: str
    since_words: str
    events: tuple[PowerEvent, ...]
    unknown: str


@dataclass(frozen=True)
class ClockGroup:
    """Cameras whose clocks stand alike."""

    devices: str
    words: str
    disagree: bool


@dataclass(frozen=True)
class CheckLine:
    """A line C1 to C26 with how many cameras have each mark."""

    line: str
    title: str
    well: int
    warning: int
    fail: int
    not_checked: int
    not_applicable: int


@dataclass(frozen=True)
class CameraRow:
    """A camera with its cells, in the order of the lines."""

    id: str
    name: str
    site: str
    cells: tuple[Cell, ...]
    clocks: CameraClocks | None = None


@dataclass(frozen=True)
class ReasonRow:
    """Why cells of a line are not simply well, with how many cameras (`count`)."""

    line: str
    title: str
    mark: str
    why: str
    devices: str
    count: int


@dataclass(frozen=True)
class WalkRow:
    """A camera that a person was to look at; `at` is null where nobody has."""

    camera: str
    name: str
    camera_words: str
    mark: str
    by: str
    at: str | None
    at_words: str
    comment: str
    fault: str
    comment_words: str


@dataclass(frozen=True)
class LeftOut:
    """A camera that is not in this walk."""

    camera: str
    name: str
    why: str


@dataclass(frozen=True)
class Walk:
    """What people have seen of the cameras."""

    words: str
    late_words: str
    rows: tuple[WalkRow, ...]
    people: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class SignatureRow:
    """A signature; `party` is "" for one that handed nothing over; `apart` and `reason` say why it was
    late or alone.
    """

    name: str
    at: str
    addition: bool
    party: Literal["outgoing", "incoming", ""]
    note: str
    apart: str
    reason: str
    words: str


@dataclass(frozen=True)
class EntryRow:
    """A fault, a warning or what could not be checked; `devices` are their ids in words."""

    fault: str
    devices: str
    name: str
    sentence: str
    code: str
    since: str | None
    age_seconds: int | None
    age_words: str
    priority: str
    contractor: str
    acknowledged: str
    maintenance: str


@dataclass(frozen=True)
class ShiftCheck:
    """The whole function check; `walk` is null where no walk is asked for."""

    title: str
    estate: str
    at: str
    at_words: str
    due_words: str
    took_seconds: float
    simulated: str
    version: str
    config_digest: str
    audit_head: str
    clock: str
    totals: tuple[TotalLine, ...]
    totals_line: str
    footage: str
    blind_zones: tuple[str, ...]
    monitor: Cell
    power: PowerPart
    clocks: tuple[ClockGroup, ...]
    legend: str
    lines: tuple[CheckLine, ...]
    cameras: tuple[CameraRow, ...]
    reasons: tuple[ReasonRow, ...]
    walk: Walk | None
    signatures: tuple[SignatureRow, ...]
    notes: tuple[SheetNote, ...]
    exit_code: ExitCode
    faults: tuple[EntryRow, ...]
    warnings: tuple[EntryRow, ...]
    not_checked: tuple[EntryRow, ...]


@dataclass(frozen=True)
class SheetRow:
    """A shift check that is kept, with how many faults stand on it."""

    sheet: int
    at: str
    totals: tuple[str, ...]
    faults: int
    signatures: tuple[SignatureRow, ...]
