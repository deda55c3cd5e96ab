"""RTP measured without decoding (RFC 3550): packets, pictures, loss, jitter, key frames.

`Meter.packet` is the hot path: a walk by index, no slice and no object for an ordinary packet.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from healthmon.protocols.media.payloads import Buffer, Other, payload_of
from healthmon.protocols.rtsp import rtcp

if TYPE_CHECKING:
    from healthmon.protocols.media.key_frame import KeyFrameCollector

RELOCK_AFTER = 20
MOST_DROPOUT, MOST_MISORDER = 3000, 100  # RFC 3550 A.1: what lies farther away is another count
MOST_GAPS = 64
MOST_STRANGERS = 4
MOST_REPORTS = 200  # RTCP packets that are read for a first sender report
_WINDOW = (1 << 64) - 1
_HEAD = struct.Struct(">HII")
_head = _HEAD.unpack_from
_PLAIN = 0x80  # version 2 without padding, extension and contributing sources
Extension = Callable[[Buffer, int, int], None]


@dataclass(slots=True)
class Meter:
    """Counts one video stream: `payload_type` and `codec` of the session description, `clock_rate`
    in Hz.

    Times are the caller's (monotonic seconds). Frames are distinct RTP timestamps; jitter is taken
    at the first packet of each frame, because the packets of one frame share a timestamp. `report`
    is (sender's wall clock minus ours, RTP time) of the first sender report, heard at `report_at`;
    `inside` knows the codec. `extension` is handed the packets that have a header extension (the
    times of replayed footage). `strangers` counts datagrams by addresses that are not the device's,
    `channels` frames within TCP by channels that were not agreed.
    `collector` keeps whole key frames for the judgement of the picture, where that is wanted.
    Of an `encrypted` stream (SRTP, RFC 3711) only the RTP headers are read.
    """

    payload_type: int
    codec: str
    clock_rate: int
    parameter_sets: tuple[bytes, ...] = ()
    encrypted: bool = False
    packets: int = 0
    size: int = 0
    frames: int = 0
    keyframes: int = 0
    lost: int = 0
    reordered: int = 0
    foreign: int = 0
    strangers: dict[str, int] = field(default_factory=dict)
    channels: dict[int, int] = field(default_factory=dict)
    jitter: float = 0.0
    ticks: int = 0
    first_at: float | None = None
    first_key_at: float | None = None
    last_at: float = 0.0
    last_key_at: float = 0.0
    key_gaps: list[float] = field(default_factory=list)
    report: tuple[float, int] | None = None
    report_at: float = 0.0
    inside: Other = field(default_factory=Other)
    extension: Extension | None = None
    collector: KeyFrameCollector | None = None
    _reports: int = 0
    _ssrc: int | None = None
    _stranger: tuple[int, int] = (0, 0)
    _sequence: int = 0
    _elsewhere: int = -1
    _first_sequence: int = 0
    _seen: int = 0
    _stamp: int = -1
    _key_stamp: int = -1
    _frame_at: float = 0.0

    def __post_init__(self) -> None:
        if not self.encrypted:
            self.inside = payload_of(self.codec, self.parameter_sets)

    def packet(self, b: Buffer, i: int, n: int, now: float) -> None:
        """Count the RTP packet of `n` bytes at index `i` of `b`."""
        if n < 12 or b[i] >> 6 != 2 or b[i + 1] & 0x7F != self.payload_type:
            self.foreign += 1
            return
        sequence, stamp, ssrc = _head(b, i + 2)
        if ssrc != self._ssrc and not self._lock(ssrc, sequence):
            return
        if (sequence - self._sequence) & 0xFFFF == 1:
            self._sequence = sequence
            self._seen = (self._seen << 1 | 1) & _WINDOW
        elif not self._jump((sequence - self._sequence) & 0xFFFF, sequence, stamp):
            return
        self.packets += 1
        self.size += n
        self.last_at = now
        if stamp != self._stamp:
            self._new_frame(sequence, stamp, now)
        if b[i] & 0x10:
            self._extended(b, i, n)
        self._inspect(b, i, n, stamp, now)

    def _extended(self, b: Buffer, i: int, n: int) -> None:
        """A packet with a header extension: whoever reads it is told."""
        if self.extension is not None:
            self.extension(b, i, n)

    def stranger(self, address: str) -> None:
        """Count a datagram that came from `address`, which is not the device's."""
        self.foreign += 1
        if address in self.strangers or len(self.strangers) < MOST_STRANGERS:
            self.strangers[address] = self.strangers.get(address, 0) + 1

    def other_channel(self, channel: int) -> None:
        """Count a frame within TCP on a `channel` that was not agreed."""
        if channel in self.channels or len(self.channels) < MOST_STRANGERS:
            self.channels[channel] = self.channels.get(channel, 0) + 1

    def _jump(self, step: int, sequence: int, stamp: int) -> bool:
        """A packet that is not the next one: after a gap, late, or a copy. Whether it is new."""
        if step == 0:
            return (
                stamp != self._stamp
            )  # a sender that does not count its packets still sends pictures
        if MOST_DROPOUT <= step <= 0x10000 - MOST_MISORDER:
            return self._counted_anew(sequence)
        if step < 0x8000:
            self.lost += step - 1
            self._spoil()
            self._sequence = sequence
            self._seen = (self._seen << min(step, 64) | 1) & _WINDOW
            return True
        behind = 0x10000 - step
        if behind < 64:
            if self._seen >> behind & 1:
                return False
            self._seen |= 1 << behind
        self.reordered += 1
        self.lost -= self.lost > 0
        return True

    def _spoil(self) -> None:
        """The picture under way is not whole."""
        self.inside.prints.spoil()
        if self.collector is not None:
            self.collector.spoil()

    def _counted_anew(self, sequence: int) -> bool:
        """A sender that has started again counts from elsewhere; one packet from there is no proof
        yet.
        """
        if sequence != self._elsewhere:
            self._elsewhere = (sequence + 1) & 0xFFFF
            return False
        self._spoil()
        self._sequence, self._seen, self._stamp, self._elsewhere = sequence, 1, -1, -1
        return True

    def _lock(self, ssrc: int, sequence: int) -> bool:
        """Whether packets of `ssrc` count: the first one seen, or another that has taken over for
        good.
        """
        if self._ssrc is not None:
            other, run = self._stranger
            self._stranger = (ssrc, run + 1 if other == ssrc else 1)
            self.foreign += 1
            if self._stranger[1] < RELOCK_AFTER:
                return False
            self._spoil()
        self._sequence = self._first_sequence = (sequence - 1) & 0xFFFF
        self._ssrc, self._stamp, self._seen = ssrc, -1, 0
        return True

    @property
    def sequence_moved(self) -> bool:
        """Whether the sender counts its packets."""
        return (self._sequence - self._first_sequence) & 0xFFFF > 1

    def _new_frame(self, sequence: int, stamp: int, now: float) -> None:
        if sequence != self._sequence:
            return  # a packet that came late
        self.inside.prints.frame_over()
        if self.collector is not None:
            self.collector.begin(stamp, now)
        self._stranger = (0, 0)
        if self.first_at is None:
            self.first_at = now
        elif self._stamp >= 0:
            step = (stamp - self._stamp) & 0xFFFFFFFF
            step -= (step >> 31) << 32
            self.ticks += step
            late = (now - self._frame_at) - step / self.clock_rate
            self.jitter += (abs(late) - self.jitter) / 16
        self.frames += 1
        self._stamp = stamp
        self._frame_at = now

    def _inspect(self, b: Buffer, i: int, n: int, stamp: int, now: float) -> None:
        """Look into the payload."""
        at, end = (i + 12, i + n) if b[i] == _PLAIN else self._payload(b, i, n)
        if self.collector is not None:
            self.collector.packet(b, at, end, stamp, marked=b[i + 1] & 0x80 > 0)
        if at + 2 < end and self.inside.scan(b, at, end, stamp, now) and stamp != self._key_stamp:
            self._new_key(stamp, now)

    def _payload(self, b: Buffer, i: int, n: int) -> tuple[int, int]:
        """Where the payload is: behind contributing sources and header extension, without padding
        (RFC 3550 5.1).
        """
        first = b[i]
        at = i + 12 + 4 * (first & 0x0F)
        end = i + n
        if first & 0x10 and at + 4 <= end:
            size = 4 + 4 * ((b[at + 2] << 8) | b[at + 3])
            if at + size <= end:
                self.inside.extension(b, at, at + size)
            at += size
        if first & 0x20 and n > 12:
            end -= b[i + n - 1]
        return at, end

    def _new_key(self, stamp: int, now: float) -> None:
        if self.first_key_at is None:
            self.first_key_at = now
        elif len(self.key_gaps) < MOST_GAPS:
            self.key_gaps.append(now - self.last_key_at)
        if self.collector is not None:
            self.collector.key(self.inside.picture)
        self.keyframes += 1
        self.last_key_at = now
        self._key_stamp = stamp

    def control(self, b: Buffer, i: int, n: int, wall: float, now: float = 0.0) -> None:
        """Read an RTCP packet that came at `wall` (Unix seconds of our clock) and `now`."""
        if self.report is not None or self.encrypted or self._reports >= MOST_REPORTS:
            return
        self._reports += 1
        if (found := rtcp.sender_clock(b, i, n)) is not None:
            self.report, self.report_at = (found[0] - wall, found[1]), now

    @property
    def age(self) -> float | None:
        """How long before its arrival the newest frame was sampled by the sender's own time stamps
        (RFC 3550 6.4.1).
        """
        if self.report is None or self.frames < 2:
            return None
        behind = (self.report[1] - self._stamp) & 0xFFFFFFFF
        behind -= (behind >> 31) << 32
        return behind / self.clock_rate + self._frame_at - self.report_at
