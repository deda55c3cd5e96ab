"""What commands print with ``--json``: one class for a row of each, and its schema in docs/json.md.

Times are ISO 8601 with the offset of the estate's zone, durations seconds; what is not known is null.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

StateName = Literal["ok", "degraded", "unknown", "fault"]


@dataclass(frozen=True)
class VerdictRow:
    """One judged aspect: `code` is the fault code, "ok" where the state is ok; `reason` says why it is
    unknown.
    """

    aspect: str
    state: StateName
    code: str
    sentence: str
    value: float | None
    reason: str | None


@dataclass(frozen=True)
class ProbeRow:
    """One check of the device, in the order in which they were made."""

    check: str
    instance: str
    at: str
    seconds: float
    verdicts: tuple[VerdictRow, ...]


@dataclass(frozen=True)
class UserRow:
    """A user; `role` is null for one of the identity provider, whose groups give it at each login."""

    name: str
    role: str | None
    role_given: bool
    unix: str | None
    disabled_on: str | None
    last_use: str | None


@dataclass(frozen=True)
class KioskRow:
    """A wall screen; `code_until` is until when its one-time code may be typed in."""

    name: str
    state: Literal["connected", "waiting", "too_old"]
    code_until: str | None
    last_use: str | None


@dataclass(frozen=True)
class AuditRow:
    """An entry of the audit chain, without what is sealed in it; `table` and `item` name the row that
    it is about.
    """

    number: int
    at: str
    kind: str
    table: str | None
    item: str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class WindowRow:
    """A maintenance window that has not ended; `id` is null for one of config.yaml, whose `start` and
    `end` are local times as they are written there.
    """

    id: str | None
    devices: tuple[str, ...]
    sites: tuple[str, ...]
    contractors: tuple[str, ...]
    start: str
    end: str
    repeat: str | None
    reason: str
    by: str | None


@dataclass(frozen=True)
class AccessRow:
    """A login, a refusal or a change of a user."""

    at: str
    what: str
    text: str


@dataclass(frozen=True)
class AgentRow:
    """An agent of the store; `seen_seconds_ago` is null for one that has ended."""

    name: str
    role: Literal["has_estate", "stands_by"]
    seen_seconds_ago: float | None
    epoch: int


@dataclass(frozen=True)
class DutyRow:
    """A duty of a person; `of` is what it is about (a site, a camera, a UPS), null for the estate;
    `done` was its last declaration.
    """

    duty: str
    name: str
    of: str | None
    standing: str
    done: str | None
    by: str | None
    evidence: str | None
    due: str | None
    interval_days: float


# The command -> the row of the list that it prints.
ROWS: dict[str, type] = {
    "agents": AgentRow,
    "audit show": AuditRow,
    "duties list": DutyRow,
    "maintenance list": WindowRow,
    "probe": ProbeRow,
    "user kiosk list": KioskRow,
    "user list": UserRow,
    "user log": AccessRow,
}


def print_rows(rows: Sequence[Any]) -> None:
    """Print a JSON list of rows."""
    text = json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)
    sys.stdout.write(text + "\n")


def moment(at: float, zone: ZoneInfo | None = None) -> str:
    """A time for JSON: in `zone`, else in that of this machine."""
    local = datetime.fromtimestamp(at, zone) if zone else datetime.fromtimestamp(at).astimezone()
    return local.isoformat(timespec="milliseconds")
