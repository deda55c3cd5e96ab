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
    """An agent of the store; `seen_seconds_ago` is null for one that has ended. `share` is that of the checks of
    the last minute or two which it has made, and `way_seconds` how long a check takes there and back, besides its
    own time; null where devices are not shared out. Where the database does not answer, what the agents say on
    their pages: `name` is then the address, `role` "no_answer" for one that says nothing, `epoch` null.
    """

    name: str
    role: Literal["has_estate", "stands_by", "no_answer"]
    seen_seconds_ago: float | None
    epoch: int | None
    share: float | None = None
    way_seconds: float | None = None


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


@dataclass(frozen=True)
class DeclarationRow:
    """A declaration that a duty was done."""

    duty: str
    done: str
    declared: str
    by: str
    evidence: str
    note: str


@dataclass(frozen=True)
class OverrideRow:
    """What people have changed on the pages, in words too: `subject` is a window, a site or a device;
    `until` is null for what has no end.
    """

    what: Literal["window", "visit", "device"]
    subject: str
    words: str
    by: str
    since: str
    until: str | None


@dataclass(frozen=True)
class ConfigCheck:
    """The check of a configuration; `counts` are the devices and servers by the section of the file."""

    file: str
    well_formed: bool
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    overrides: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class SettingRow:
    """A setting of a device: its value as it is written, and where that stands."""

    device: str
    key: str
    value: str
    source: str


@dataclass(frozen=True)
class FindingRow:
    """Something that is not as it was written, by an entry of the chain."""

    entry: int
    words: str


@dataclass(frozen=True)
class AuditCheck:
    """The check of the audit chain from its entry `first` on; `head` is null for an empty one."""

    as_written: bool
    entries: int
    first: int
    rows: int
    erased: int
    head: str | None
    anchor: str | None
    findings: tuple[FindingRow, ...]


@dataclass(frozen=True)
class InspectionCamera:
    """A camera with the fault that a person is asked about."""

    device: str
    name: str
    fault: str


@dataclass(frozen=True)
class InspectionRow:
    """A question about a picture, or about many of a site together."""

    cameras: tuple[InspectionCamera, ...]
    sentence: str
    since: str


@dataclass(frozen=True)
class LightRow:
    """A light that was learned from `pictures` of `needed`; `grey_level` is 0 to 255."""

    colour: bool
    grey_level: float
    learned: bool
    pictures: int
    needed: int
    since: str
    last: str


@dataclass(frozen=True)
class ViewRow:
    """A view of a PTZ camera."""

    view: str
    lights: tuple[LightRow, ...]


@dataclass(frozen=True)
class ClocksRow:
    """How many clocks were found in the picture, and when they were looked for."""

    count: int
    looked_for: str


@dataclass(frozen=True)
class LearnedView:
    """What a camera has learned of its own pictures; `clocks` is null before they were looked for."""

    camera: str
    lights: tuple[LightRow, ...]
    views: tuple[ViewRow, ...]
    last_judged: str | None
    last_view: str | None
    clocks: ClocksRow | None


def print_rows(rows: Sequence[Any]) -> None:
    """Print a JSON list of rows."""
    _print([asdict(row) for row in rows])


def print_row(row: Any) -> None:
    """Print one row as a JSON object."""
    _print(asdict(row))


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def moment(at: float, zone: ZoneInfo | None = None) -> str:
    """A time for JSON: in `zone`, else in that of this machine."""
    local = datetime.fromtimestamp(at, zone) if zone else datetime.fromtimestamp(at).astimezone()
    return local.isoformat(timespec="milliseconds")
