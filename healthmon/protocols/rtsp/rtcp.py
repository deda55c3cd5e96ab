"""RTCP (RFC 3550 section 6): the sender report in a compound packet, read for the sender's wall
clock.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

NTP_TO_UNIX = 2208988800
OLDEST_WALL = (
    946684800.0  # 2000-01-01: before it a sender report counts from boot and is no wall clock
)
SENDER_REPORT = 200
MOST_PACKETS = 32
_REPORT = struct.Struct(">III")
Buffer = bytes | bytearray | memoryview

# An empty receiver report with a CNAME (6.4.2, 6.5.1): it opens a firewall that lets answers
# through.
_OURS = random.getrandbits(32)
RECEIVER_REPORT = struct.pack(">BBHIBBHIBBH", 0x80, 201, 1, _OURS, 0x81, 202, 2, _OURS, 1, 0, 0)


def is_control(b: Buffer, i: int, n: int) -> bool:
    """Whether the packet of `n` bytes at `i` is one of RTCP and none of RTP (RFC 5761 section 4)."""
    return n > 1 and 192 <= b[i + 1] <= 223


def sender_clock(b: Buffer, i: int, n: int) -> tuple[float, int] | None:
    """(Unix seconds, RTP time) of the sender report in the compound packet of `n` bytes at `i`.

    None where there is none, or where its clock counts from boot. The source is not compared with
    that of the pictures: some devices number their reports otherwise, and all sources of a device
    have one clock.
    """
    for kind, at, end in _packets(b, i, i + n):
        if kind != SENDER_REPORT or end - at < 20:
            continue
        seconds, fraction, stamp = _REPORT.unpack_from(b, at + 8)
        if seconds == 0:
            continue
        era = 0 if seconds >= 1 << 31 else 1 << 32  # RFC 4330 section 3: an era that began in 2036
        unix = seconds + era - NTP_TO_UNIX + fraction / 2**32
        if unix >= OLDEST_WALL:
            return unix, stamp
    return None


def _packets(b: Buffer, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(type, begin, end) of each packet of a compound packet; what does not fit ends it."""
    for _ in range(MOST_PACKETS):
        if at + 4 > end or b[at] >> 6 != 2:
            return
        stop = at + 4 * (((b[at + 2] << 8) | b[at + 3]) + 1)
        if stop > end:
            return
        yield b[at + 1], at, stop
        at = stop
