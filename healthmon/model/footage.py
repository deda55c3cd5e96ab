"""What a recorder says of itself and of what it has recorded. Every field may be None: "not
reported".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from healthmon.model.enums import Reason, Span
from healthmon.model.picture import PictureReading

Schedule = Literal["always", "motion", "none"]
DiskState = Literal["ok", "degraded", "failed", "absent", "full"]
Age = Literal["5m", "24h", "oldest"]
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What is expected of a camera's footage; seconds and ratios.

    `newest` is how old the newest picture may be under schedule "always", `newest_motion` under
    "motion". `retention` is (least, most) age of the oldest picture. `gap` is the longest gap,
    `complete` the least share of the last 24 h; `gaps` False: neither is checked. `since` (Unix
    seconds): footage cannot be older than this, the camera is new.
    """

    schedule: Schedule = "always"
    newest: float = 300.0
    newest_motion: float = DAY
    gaps: bool = True
    gap: float = 60.0
    complete: float = 0.995
    retention: tuple[float, float] = (31 * DAY, 32 * DAY)
    since: float | None = None


@dataclass(frozen=True, slots=True)
class PlaybackPlan:
    """How a recorder's footage is proven: which ages are played, and after how many bytes a sample
    ends.
    """

    samples: tuple[Age, ...] = ("5m", "24h", "oldest")
    most_bytes: int = 4_000_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recorder says of one channel. Times are Unix seconds by the RECORDER'S clock.

    `channel` is the name under which config.yaml's cameras refer to it. `state` is the make's own
    word. `gaps` are (from, to) stretches without footage since `gaps_since`; None when the make
    cannot tell. `retention_seconds` is what the recorder is set to keep. `locked_until`: protected
    footage up to this time is kept on purpose (evidence). `error` is the recorder's own text where
    it says why a channel is not recorded. `covered`: the camera's own alarm says that its view is
    covered, None where it does not look for that.
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
    covered: bool | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that a recorder was asked and has not told: `what` in an operator's words, `reason`
    and `detail` why.

    `channel` is the one that it is about, `EVERY_CHANNEL`, or None where it is about the recorder
    itself; of channels `what` is "footage" (newest, oldest and gaps), "oldest" or "gaps". `offered`
    False: the recorder says that it has no such service. `vital`: footage depends on it, so that it
    must be known where footage is checked.
    """

    what: str
    reason: Reason
    detail: str = ""
    channel: str | None = None
    offered: bool = True
    vital: bool = False


EVERY_CHANNEL = "*"


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk, RAID or volume. `expected`: footage is on it or the configuration names it, so that
    it counts although nothing is there.
    """

    name: str
    state: DiskState | None = None
    capacity_bytes: float | None = None
    free_bytes: float | None = None
    temperature_celsius: float | None = None
    detail: str | None = None
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Fan:
    """One fan; `well` None when only its speed is known."""

    name: str
    well: bool | None = None
    rpm: float | None = None


@dataclass(frozen=True, slots=True)
class RecorderHealth:
    """The recorder itself. `clock` is the recorder's wall clock minus ours. `time_source` is ntp,
    manual or None.

    `every_disk`: `disks` is the recorder's whole list, so that a disk that is not in it is gone.
    `overwriting` False means that it stops when it is full. `problems` are the recorder's own
    alarms in words.
    """

    make: str
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    uptime_seconds: float | None = None
    cpu_ratio: float | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    disks: tuple[Disk, ...] = ()
    every_disk: bool = False
    fans: tuple[Fan, ...] = ()
    overwriting: bool | None = None
    time_source: str | None = None
    time_server: str | None = None
    clock: Span | None = None
    channels_lost: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecorderAnswer:
    """Everything one session with a recorder gave. `notes` say in words what could not be read and
    why, `unread` what of it an operator must know.

    `recordings` holds the wanted channels that the recorder knows, `channels` every name that it
    knows (for a remedy when a wanted one is missing).
    """

    health: RecorderHealth
    recordings: tuple[Recording, ...] = ()
    notes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    def unread_of(self, channel: str | None) -> tuple[Unread, ...]:
        """What was not told of `channel`, or of the recorder itself (None)."""
        about = (None,) if channel is None else (channel, EVERY_CHANNEL)
        return tuple(one for one in self.unread if one.channel in about)


@dataclass(frozen=True, slots=True)
class Footage:
    """One camera's recording and the clocks that its times are compared with.

    `recorder` is the recorder's id, `read_at` our wall clock when it answered (Unix seconds).
    `clock` is the recorder's clock minus ours, `camera_clock` the camera's minus ours, `true` true
    time minus ours; None where not known. `unread` is what the recorder has not told of it.
    """

    recorder: str
    recording: Recording
    read_at: float
    clock: Span | None = None
    camera_clock: Span | None = None
    true: Span | None = None
    unread: tuple[Unread, ...] = ()

    @property
    def now(self) -> float:
        """When it was read, by the recorder's own clock (ours where the recorder tells no time)."""
        return self.read_at + (self.clock.middle if self.clock is not None else 0.0)


@dataclass(frozen=True, slots=True)
class RecorderMeasurement:
    """A recorder's health as read at `read_at` (Unix seconds), with the id of the camera on each
    wanted channel.

    `true` is true time minus our clock, None where no reference is known. `calls` is what the
    session cost. `away` are cameras that cannot be reached themselves. `clock_checked` is the
    recorder's clock minus ours as the clock check has read it, None where it has not; `elsewhere`
    names what other checks judge already ("source", "firmware"). `unread` is what it has not told.
    """

    health: RecorderHealth
    read_at: float
    notes: tuple[str, ...] = ()
    cameras: tuple[tuple[str, str], ...] = ()
    true: Span | None = None
    calls: int = 0
    away: frozenset[str] = frozenset()
    clock_checked: Span | None = None
    elsewhere: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """Footage of one `age` as played. Times are Unix seconds by the recorder's clock.

    `asked` is the moment asked for, `first` and `last` the times of the first and last picture as
    the footage itself dates them (None: not dated), `jumps` where it leaps. `skipped` says in words
    why it was not played, `reason` and `detail` why nothing came. `picture` is its first whole key
    frame, measured; None where it was not.
    """

    age: Age
    asked: float | None = None
    frames: int = 0
    bytes: int = 0
    watched: float = 0.0
    first: float | None = None
    last: float | None = None
    jumps: tuple[tuple[float, float], ...] = ()
    skipped: str = ""
    reason: Reason | None = None
    detail: str = ""
    picture: PictureReading | None = None


@dataclass(frozen=True, slots=True)
class Playback:
    """The footage of one camera as its recorder (an id) plays it.

    `read_at` is by our wall clock, `clock` the recorder's minus ours.
    """

    recorder: str
    channel: str
    samples: tuple[Sample, ...]
    read_at: float
    clock: Span | None = None
