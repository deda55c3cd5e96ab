"""What a simulated recorder has recorded: a file an hour of every channel, less what its faults take away.

Faults: ``recording_stopped``, ``channel_lost`` and ``recording_gap`` (a channel, a list of them, or True for all),
``retention_days``. All times are Unix seconds by the recorder's own clock.
"""

from __future__ import annotations

from healthmon.demo.state import SimDevice

HOUR, DAY = 3600.0, 86400.0
KEPT_DAYS = 31.5
STOPPED_SECONDS = 2400.0
GAP_BEGAN, GAP_ENDED = 5 * HOUR, 5 * HOUR - 600.0
Span = tuple[float, float]


def hit(device: SimDevice, fault: str, channel: str) -> bool:
    """Whether `fault` is on for `channel`."""
    value = device.faults.get(fault)
    return value is True or value == channel or (isinstance(value, list) and channel in value)


def recording(device: SimDevice, channel: str) -> bool:
    """Whether `channel` is being recorded now."""
    return not hit(device, "recording_stopped", channel) and not hit(device, "channel_lost", channel)


def oldest(device: SimDevice) -> float:
    """The first moment of footage."""
    return device.now() - float(device.faults.get("retention_days", KEPT_DAYS)) * DAY


def files(device: SimDevice, channel: str, start: float, end: float) -> list[Span]:
    """The files of `channel` with a part in [start, end], in order."""
    now, first = device.now(), oldest(device)
    last = now if recording(device, channel) else now - STOPPED_SECONDS
    hole = (now - GAP_BEGAN, now - GAP_ENDED) if hit(device, "recording_gap", channel) else (now, now)
    found: list[Span] = []
    at = max(first, start - HOUR) // HOUR * HOUR
    while at < min(last, end):
        whole = max(at, first), min(at + HOUR, last)
        parts = [(whole[0], min(whole[1], hole[0])), (max(whole[0], hole[1]), whole[1])]
        found += [part for part in parts if part[1] > part[0] and part[1] > start and part[0] < end]
        at += HOUR
    return found
