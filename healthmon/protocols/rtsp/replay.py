"""The times of replayed footage: RTP header extension 0xABAC (ONVIF Streaming Specification, "RTP
header extension").

    | 0xABAC           | length = 3 (more with JPEG)     |
    | NTP seconds                                        |
    | NTP fraction                                       |
    | C E D T 0 0 0 0  | CSeq   | padding               |

C: clean point, E: end of a contiguous section, D: discontinuity in transmission, T: last frame of
the track.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime

from healthmon.protocols.media.payloads import Buffer
from healthmon.protocols.rtsp.rtcp import NTP_TO_UNIX, OLDEST_WALL

PROFILE = 0xABAC
CLEAN, END, DISCONTINUITY, TERMINAL = 0x80, 0x40, 0x20, 0x10
REQUIRE = (("Require", "onvif-replay"),)
SEAM = 1.0
LONGEST_STEP = 120.0
MOST_JUMPS = 64
_HEAD = struct.Struct(">HH")
_STAMP = struct.Struct(">IIBB")


@dataclass(slots=True)
class ReplayTimes:
    """The dated access units of one PLAY, Unix seconds by the recorder's clock.

    `jumps` are (from, to) where the footage leaps: behind a frame that ends a section, or by more
    than two minutes. `play` is the low byte of the CSeq of the PLAY that the last frame belongs to.
    """

    frames: int = 0
    clean: int = 0
    first: float | None = None
    last: float = 0.0
    terminal: bool = False
    backward: int = 0
    play: int = 0
    jumps: list[tuple[float, float]] = field(default_factory=list)
    _ended: bool = False

    @property
    def length(self) -> float:
        """Seconds of footage that were dated so far."""
        return max(0.0, self.last - self.first) if self.first is not None else 0.0

    def packet(self, b: Buffer, i: int, n: int) -> None:
        """Read the extension of the RTP packet of `n` bytes at index `i` of `b`, if it has this
        one.
        """
        if n < 12:
            return
        at, end = i + 12 + 4 * (b[i] & 0x0F), i + n
        if at + 16 > end:
            return
        profile, words = _HEAD.unpack_from(b, at)
        if profile != PROFILE or words < 3 or at + 4 + 4 * words > end:
            return
        seconds, fraction, flags, self.play = _STAMP.unpack_from(b, at + 4)
        era = 0 if seconds >= 1 << 31 else 1 << 32
        unix = seconds + era - NTP_TO_UNIX + fraction / 2**32
        if seconds and unix >= OLDEST_WALL:
            self._frame(unix, flags)

    def _frame(self, at: float, flags: int) -> None:
        if self.first is None:
            self.first = self.last = at
        elif at == self.last:
            return  # a further packet of the same access unit
        self.frames += 1
        self.clean += bool(flags & CLEAN)
        step = at - self.last
        if step < 0:
            self.backward += 1
        elif step > LONGEST_STEP or (self._ended and step > SEAM):
            self.jumps = [*self.jumps, (self.last, at)][:MOST_JUMPS]
        self.last = max(self.last, at)
        self._ended = bool(flags & END)
        self.terminal = self.terminal or bool(flags & TERMINAL)


def from_clock(at: float) -> str:
    """The Range value that starts at `at`, whole Unix seconds: ``clock=20261123T210000Z-`` (RFC
    2326 3.7).
    """
    return f"clock={datetime.fromtimestamp(int(at), UTC):%Y%m%dT%H%M%SZ}-"
