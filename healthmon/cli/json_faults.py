"""What `faults log`, `faults show` and `history` print with ``--json``, for docs/json.md.

Times are ISO 8601 with the offset of the estate's zone; a text that there is none of is "", a time null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from healthmon.incidents.contract_clock import Standing
from healthmon.incidents.life_cycle import Stage

Severity = Literal["fault", "warning"]


@dataclass(frozen=True)
class FaultLine:
    """A fault: `seconds` until its end or now; `told` is when it was first notified; `cause_fault` the
    fault that explains it; `held` why it is not notified; `affected` are devices without their own.
    """

    fault: str
    device: str
    name: str
    site: str
    code: str
    severity: Severity
    priority: str
    since: str
    told: str | None
    closed: str | None
    seconds: int
    cause: str
    cause_fault: str
    held: str
    acknowledged_by: str
    acknowledged_reason: str
    affected: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class FaultLife(FaultLine):
    """A fault with what people have done; `response` and `fix` are the promises of the contract."""

    stage: Stage
    raised_by: str
    noticed_by: str
    reported: str | None
    reported_to: str
    reference: str
    attended: str | None
    engineer: str
    restored: str | None
    verified_by: str
    accepted_by: str
    finished: str | None
    finished_by: str
    cause_code: str
    cause_group: str
    action: str
    parts: str
    paused_by: str
    pause_reason: str
    response_due: str | None
    response: Standing | Literal[""]
    fix_due: str | None
    fix: Standing | Literal[""]


@dataclass(frozen=True)
class ActRow:
    """What a person did: `at` when it was entered, `happened` when it was done."""

    id: int
    act: str
    by: str
    at: str
    happened: str
    undone: bool
    details: Mapping[str, str]


@dataclass(frozen=True)
class PauseRow:
    """Time in which the work could not go on; `until` is null while it lasts."""

    since: str
    until: str | None
    owner: str
    reason: str


@dataclass(frozen=True)
class PromiseRow:
    """A promise of the contract; `due` is null while the clock stands."""

    standing: Standing
    allowed_seconds: float
    used_seconds: int
    due: str | None
    done: str | None


@dataclass(frozen=True)
class ContractRow:
    """The contract clock; `started` is null until the first report."""

    started: str | None
    response: PromiseRow | None = None
    fix: PromiseRow | None = None


@dataclass(frozen=True)
class SeenRow:
    """A bad result that was confirmed, by which check."""

    check: str
    instance: str
    code: str
    severity: Severity
    sentence: str
    since: str
    confirmed: str
    over: bool


@dataclass(frozen=True)
class ChangeRow:
    """A change of the fault that was notified."""

    id: str
    at: str
    what: str
    sentence: str


@dataclass(frozen=True)
class NoticeRow:
    """A message about the fault to one target; `ended` is null while it waits."""

    id: str
    target: str
    state: str
    queued: str
    ended: str | None
    attempts: int
    error: str


@dataclass(frozen=True)
class OnSheetRow:
    """A shift sheet that has the fault."""

    sheet: int
    at: str


@dataclass(frozen=True)
class FaultRecord(FaultLife):
    """The whole record of one fault; `clock` is null where no contract covers it."""

    acts: tuple[ActRow, ...]
    pauses: tuple[PauseRow, ...]
    clock: ContractRow | None
    seen: tuple[SeenRow, ...]
    last_well: str | None
    changes: tuple[ChangeRow, ...]
    notified: tuple[NoticeRow, ...]
    sheets: tuple[OnSheetRow, ...]


@dataclass(frozen=True)
class StateRow:
    """A stretch in which a check had one state; `until` is null for the present one."""

    check_type: Annotated[str, Field(alias="question")]
    state: Literal["ok", "degraded", "unknown", "fault"]
    since: str
    until: str | None


@dataclass(frozen=True)
class PlaceRow:
    """Where a deployable camera was from `since` on."""

    state: str
    location: str
    since: str


@dataclass(frozen=True)
class History:
    """The record of one device; `deleted` says what is deleted of all devices, by kind."""

    device: str
    states: tuple[StateRow, ...]
    places: tuple[PlaceRow, ...]
    faults: tuple[FaultLine, ...]
    deleted: Mapping[str, str | int] | None = None
