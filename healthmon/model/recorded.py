"""What a recorder says of itself and of what it has recorded. Every field may be None: "not reported"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from healthmon.model.words import Span

Schedule = Literal["always", "motion", "none"]
DiskState = Literal["ok", "degraded", "failed", "absent", "full"]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recorder says of one channel. Times are Unix seconds by the RECORDER'S clock.

    `channel` is the name under which config.yaml's cameras refer to it. `state` is the make's own word.
    `gaps` are (from, to) stretches without footage since `gaps_since`; None when the make cannot tell.
    `retention_seconds` is what the recorder is set to keep. `locked_until`: protected footage up to this time is
    kept on purpose (evidence). `error` is the recorder's own text where it says why a channel is not recorded.
    """

    channel: str
    name: str | None = None
    recording: bool | None = None
    state: str | None = None
    oldest: float | None = None
    newest: float | None = None
    signal: bool | None = None
    gaps: tuple[tuple[float, float], ...] | None = None
    gaps_since: float | None = None
    schedule: Schedule | None = None
    retention_seconds: float | None = None
    locked_until: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk, RAID or volume."""

    name: str
    state: DiskState | None = None
    capacity_bytes: float | None = None
    free_bytes: float | None = None
    temperature_celsius: float | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Fan:
    """One fan; `well` None when only its speed is known."""

    name: str
    well: bool | None = None
    rpm: float | None = None


@dataclass(frozen=True, slots=True)
class RecorderHealth:
    """The recorder itself. `clock` is the recorder's wall clock minus ours. `time_source` is ntp, manual or None.

    `overwriting` False means that it stops when it is full. `problems` are the recorder's own alarms in words.
    """

    make: str
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    uptime_seconds: float | None = None
    cpu_ratio: float | None = None
    temperature_celsius: float | None = None
    disks: tuple[Disk, ...] = ()
    fans: tuple[Fan, ...] = ()
    overwriting: bool | None = None
    time_source: str | None = None
    time_server: str | None = None
    clock: Span | None = None
    channels_lost: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecorderAnswer:
    """Everything one session with a recorder gave. `notes` say in words what could not be read and why."""

    health: RecorderHealth
    recordings: tuple[Recording, ...] = ()
    notes: tuple[str, ...] = ()
