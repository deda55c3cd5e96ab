"""What a simulated recorder has recorded: a file an hour of every channel, less what its faults
take away.

Faults: ``recording_stopped``, ``channel_lost``, ``recording_gap`` (a channel, a list of them, True
for all, or {channel: seconds}), ``retention_days`` (days or {channel: days}). Times are Unix
seconds by the recorder's own clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from healthmon.demo.state import SimDevice

HOUR, DAY = 3600.0, 86400.0
KEPT_DAYS = 31.5
STOPPED_SECONDS = 2400.0
GAP_BEGAN, GAP_ENDED = 5 * HOUR, 5 * HOUR - 600.0
Span = tuple[float, float]


def hit(device: SimDevice, fault: str, channel: str) -> bool:
    """Whether `fault` is on for `channel`."""
    value = device.faults.get(fault)
    return (
        value is True or value == channel or (isinstance(value, list | dict) and channel in value)
    )


def recording(device: SimDevice, channel: str) -> bool:
    """Whether `channel` is being recorded now."""
    return not hit(device, "recording_stopped", channel) and not hit(
        device, "channel_lost", channel
    )


def oldest(device: SimDevice, channel: str = "") -> float:
    """The first moment of footage."""
    days = device.faults.get("retention_days", KEPT_DAYS)
    return (
        device.now()
        - float(days.get(channel, KEPT_DAYS) if isinstance(days, Mapping) else days) * DAY
    )


def newest(device: SimDevice, channel: str) -> float:
    """The last moment of footage."""
    if recording(device, channel):
        return device.now()
    faults = (device.faults.get(name) for name in ("channel_lost", "recording_stopped"))
    told = (value[channel] for value in faults if isinstance(value, Mapping) and channel in value)
    return device.now() - float(next(told, STOPPED_SECONDS))


def gap(device: SimDevice, channel: str) -> Span | None:
    """The stretch without footage, None where there is none."""
    if not hit(device, "recording_gap", channel):
        return None
    now, value = device.now(), device.faults["recording_gap"]
    seconds = float(value[channel]) if isinstance(value, Mapping) else GAP_BEGAN - GAP_ENDED
    return now - GAP_BEGAN, now - GAP_BEGAN + seconds


def files(device: SimDevice, channel: str, start: float, end: float) -> list[Span]:
    """The files of `channel` with a part in [start, end], in order."""
    now, first = device.now(), oldest(device, channel)
    last = newest(device, channel)
    hole = gap(device, channel) or (now, now)
    found: list[Span] = []
    at = max(first, start - HOUR) // HOUR * HOUR
    while at < min(last, end):
        whole = max(at, first), min(at + HOUR, last)
        parts = [(whole[0], min(whole[1], hole[0])), (max(whole[0], hole[1]), whole[1])]
        found += [part for part in parts if part[1] > part[0] and part[1] > start and part[0] < end]
        at += HOUR
    return found


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as of `now`; `name` is what the recorder calls its source."""

    number: int
    name: str
    now: float
    oldest: float
    newest: float
    gap: Span | None = None
    signal: bool = True
    recording: bool = True

    def spans(self) -> Iterator[Span]:
        """The contiguous sections of footage, oldest first."""
        if self.gap is None:
            yield self.oldest, self.newest
        else:
            yield self.oldest, self.gap[0]
            yield self.gap[1], self.newest

    def section_at(self, at: float) -> Span | None:
        """The section that holds `at`, else the first one after it; None where there is none."""
        return next((span for span in self.spans() if at < span[1]), None)


def channels(device: SimDevice) -> tuple[Channel, ...]:
    """Every channel of a recorder now."""
    return tuple(channel_of(device, number) for number in range(1, device.channels + 1))


def channel_of(device: SimDevice, number: int) -> Channel:
    """One channel now."""
    name = str(number)
    return Channel(
        number,
        device.channel_names[number - 1] if device.channel_names else f"Channel {number}",
        device.now(),
        oldest(device, name),
        newest(device, name),
        gap(device, name),
        signal=not hit(device, "channel_lost", name),
        recording=recording(device, name),
    )
