"""RTP and RTCP measured without decoding: RFC 3550, RFC 6184 (H.264), RFC 7798 (H.265), RFC 2435 (JPEG).

`Meter.packet` is the hot path: a walk by index, no slice and no object for an ordinary packet.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

NTP_TO_UNIX = 2208988800
RELOCK_AFTER = 20
OLDEST_WALL = 946684800.0  # 2000-01-01: before it a sender report counts from boot and is no wall clock
_HEAD = struct.Struct(">HII")
_REPORT = struct.Struct(">III")
Buffer = bytes | bytearray | memoryview


@dataclass(slots=True)
class Meter:
    """Counts one video stream: `payload_type` and `codec` of the session description, `clock_rate` in Hz.

    Times are the caller's (monotonic seconds). Frames are distinct RTP timestamps; jitter is taken at the first packet
    of each frame, because the packets of one frame share a timestamp.
    """

    payload_type: int
    codec: str
    clock_rate: int
    packets: int = 0
    size: int = 0
    frames: int = 0
    keyframes: int = 0
    lost: int = 0
    reordered: int = 0
    foreign: int = 0
    jitter: float = 0.0
    ticks: int = 0
    sequence_moved: bool = False
    first_at: float | None = None
    first_key_at: float | None = None
    last_at: float = 0.0
    last_key_at: float = 0.0
    key_gaps: list[float] = field(default_factory=list)
    key_hashes: list[int] = field(default_factory=list)
    parameter_sets: list[bytes] = field(default_factory=list)
    report: tuple[float, int] | None = None
    _ssrc: int | None = None
    _stranger: tuple[int, int] = (0, 0)
    _sequence: int = 0
    _stamp: int = -1
    _key_stamp: int = -1
    _frame_at: float = 0.0
    _hash: int = 0

    def packet(self, b: Buffer, i: int, n: int, now: float) -> None:
        """Count the RTP packet of `n` bytes at index `i` of `b`."""
        if n < 12 or b[i] >> 6 != 2 or b[i + 1] & 0x7F != self.payload_type:
            self.foreign += 1
            return
        sequence, stamp, ssrc = _HEAD.unpack_from(b, i + 2)
        if ssrc != self._ssrc and not self._lock(ssrc, sequence):
            return
        step = (sequence - self._sequence) & 0xFFFF
        if step < 0x8000:
            if step > 1 and self.packets:
                self.lost += step - 1
            if step:
                self.sequence_moved = True
            self._sequence = sequence
        else:
            self.reordered += 1
            self.lost -= self.lost > 0
        self.packets += 1
        self.size += n
        self.last_at = now
        if stamp != self._stamp and step < 0x8000:
            self._new_frame(stamp, now)
        self._look_inside(b, i, n, stamp, now)

    def _lock(self, ssrc: int, sequence: int) -> bool:
        """Whether packets of `ssrc` count: the first one seen, or another that has taken over for good."""
        if self._ssrc is not None:
            other, run = self._stranger
            self._stranger = (ssrc, run + 1 if other == ssrc else 1)
            self.foreign += 1
            if self._stranger[1] < RELOCK_AFTER or self.packets >= RELOCK_AFTER:
                return False
        self._ssrc, self._sequence, self._stamp = ssrc, sequence, -1
        return True

    def _new_frame(self, stamp: int, now: float) -> None:
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

    def _look_inside(self, b: Buffer, i: int, n: int, stamp: int, now: float) -> None:
        """Key frames by the type of the NAL unit (or any JPEG frame); one hash over the payload of each."""
        first = b[i]
        at = i + 12 + 4 * (first & 0x0F)
        end = i + n
        if first & 0x10 and at + 4 <= end:
            at += 4 + 4 * ((b[at + 2] << 8) | b[at + 3])
        if first & 0x20 and n > 12:
            end -= b[i + n - 1]
        if at + 2 >= end:
            return
        key = self._is_key(b, at, end)
        if key and stamp != self._key_stamp:
            self._new_key(stamp, now)
        if key and len(self.key_hashes) < 16:
            self.key_hashes[-1] = zlib.crc32(memoryview(b)[at:end], self.key_hashes[-1])

    def _is_key(self, b: Buffer, at: int, end: int) -> bool:
        if self.codec == "h264":
            kind = b[at] & 0x1F
            if kind == 28:
                return b[at + 1] & 0x1F == 5
            if kind == 24:
                return self._stap(b, at + 1, end)
            if kind == 7:
                self._keep_set(b, at, end)
            return kind == 5
        if self.codec == "h265":
            kind = (b[at] >> 1) & 0x3F
            if kind == 49:
                return 16 <= b[at + 2] & 0x3F <= 21
            if kind == 33:
                self._keep_set(b, at, end)
            return 16 <= kind <= 21 or (kind == 48 and self._aggregate(b, at + 2, end))
        return self.codec == "mjpeg"

    def _stap(self, b: Buffer, at: int, end: int) -> bool:
        """Whether a STAP-A (RFC 6184 5.7.1) holds an IDR slice."""
        while at + 3 <= end:
            size = (b[at] << 8) | b[at + 1]
            kind = b[at + 2] & 0x1F
            if kind == 5:
                return True
            if kind == 7:
                self._keep_set(b, at + 2, min(end, at + 2 + size))
            at += 2 + size
        return False

    def _aggregate(self, b: Buffer, at: int, end: int) -> bool:
        """Whether an aggregation packet (RFC 7798 4.4.2) holds an IRAP slice."""
        while at + 4 <= end:
            size = (b[at] << 8) | b[at + 1]
            kind = (b[at + 2] >> 1) & 0x3F
            if 16 <= kind <= 21:
                return True
            if kind == 33:
                self._keep_set(b, at + 2, min(end, at + 2 + size))
            at += 2 + size
        return False

    def _keep_set(self, b: Buffer, at: int, end: int) -> None:
        if not self.parameter_sets:
            self.parameter_sets.append(bytes(memoryview(b)[at : min(end, at + 512)]))

    def _new_key(self, stamp: int, now: float) -> None:
        if self.first_key_at is None:
            self.first_key_at = now
        elif len(self.key_gaps) < 64:
            self.key_gaps.append(now - self.last_key_at)
        self.keyframes += 1
        self.last_key_at = now
        self._key_stamp = stamp
        if len(self.key_hashes) < 16:
            self.key_hashes.append(0)

    def control(self, b: Buffer, i: int, n: int, wall: float) -> None:
        """Read an RTCP packet; a sender report (RFC 3550 6.4.1) gives (device minus our wall clock, RTP time)."""
        if n < 20 or b[i] >> 6 != 2 or b[i + 1] != 200:
            return
        seconds, fraction, stamp = _REPORT.unpack_from(b, i + 8)
        if seconds == 0:
            return
        era = 0 if seconds >= 1 << 31 else 1 << 32  # RFC 4330 section 3: an era that began in 2036
        unix = seconds + era - NTP_TO_UNIX + fraction / 2**32
        if unix >= OLDEST_WALL and self.report is None:
            self.report = (unix - wall, stamp)
