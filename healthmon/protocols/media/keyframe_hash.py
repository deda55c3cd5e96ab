"""One number for each key frame: equal numbers mean that the same picture was coded the same way.

An H.264 slice header counts its key frames in ``idr_pic_id`` (ITU-T H.264 7.3.3), so that a frozen
picture never gives the same bytes twice, and without arithmetic coding the bits behind that number
shift with its length. The print is taken over the slice data only, without emulation prevention
bytes and trailing bits. The data of an H.265 slice begins at a whole byte, so that leaving out its
header is enough; JPEG holds no counter.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from healthmon.protocols.media.h264_slice import SliceLayout

MOST_PRINTS = 120
APART_SECONDS = 0.2
_HELD_BACK = 8
_ENDING = 16  # bits before the stop bit that are left out: x264 ends arithmetic coding with a bit that changes by lot


class _Rbsp:
    """The bytes of NAL unit payloads in pieces, without emulation prevention bytes (7.4.1)."""

    def __init__(self) -> None:
        self._zeros = 0

    def read(self, piece: bytes) -> bytes:
        """The next piece without them."""
        if self._zeros:
            piece = bytes(self._zeros) + piece
        plain = piece.replace(b"\x00\x00\x03", b"\x00\x00")[self._zeros :]
        self._zeros = 2 if piece.endswith(b"\x00\x00") else int(piece.endswith(b"\x00"))
        return plain


class _Bits:
    """A checksum over a bit string that comes in pieces, from bit `skip` on, up to the stop bit at
    its end.
    """

    def __init__(self, start: int, skip: int) -> None:
        self.sum = start
        self._skip = skip
        self._rest = 0  # how many bits of `_carry` wait for a whole byte
        self._carry = 0
        self._held = b""

    def read(self, piece: bytes) -> None:
        """The next piece."""
        size = self._rest + 8 * len(piece)
        bits = self._carry << (8 * len(piece)) | int.from_bytes(piece, "big")
        gone = min(self._skip, size)
        self._skip -= gone
        size -= gone
        bits &= (1 << size) - 1
        self._rest = size % 8
        self._carry = bits & ((1 << self._rest) - 1)
        whole = self._held + (bits >> self._rest).to_bytes(size // 8, "big")
        self.sum = zlib.crc32(whole[:-_HELD_BACK], self.sum)
        self._held = whole[-_HELD_BACK:]

    def end(self) -> int:
        """The checksum of all; the stop bit and the zeros behind it are left out, because they only
        align.
        """
        size = 8 * len(self._held) + self._rest
        bits = int.from_bytes(self._held, "big") << self._rest | self._carry
        gone = min(size, (bits & -bits).bit_length() + _ENDING)
        size, bits = size - gone, bits >> gone
        return zlib.crc32((bits << (-size % 8)).to_bytes((size + 7) // 8, "big"), self.sum)


@dataclass(slots=True)
class KeyframeHashes:
    """The prints of whole key frames that are `APART_SECONDS` apart, at most `MOST_PRINTS`; `times`
    are their first packets'.

    `layout` is known once the parameter sets of the stream are (H.264 only). Without it the bytes
    count as they are.
    """

    layout: SliceLayout | None = None
    found: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    _stamp: int = -1
    _began: float | None = None
    _open: bool = False
    _sum: int = 0
    _rbsp: _Rbsp | None = None
    _bits: _Bits | None = None

    def wanted(self, stamp: int, now: float) -> bool:
        """Whether the key frame of RTP time `stamp` is printed; the first call for it decides."""
        if stamp != self._stamp:
            self._stamp = stamp
            self._open = self._far(now)
            if self._open:
                self._began, self._sum, self._bits = now, 0, None
        return self._open

    def _far(self, now: float) -> bool:
        return len(self.found) < MOST_PRINTS and (
            self._began is None or now - self._began >= APART_SECONDS
        )

    def whole(self, piece: bytes) -> None:
        """A piece of the picture that holds no counter."""
        self._sum = zlib.crc32(piece, self._sum)

    def part(self, piece: bytes, *, first: bool, last: bool) -> None:
        """A piece of an H.264 IDR slice behind its NAL unit header."""
        if self.layout is None:
            self.whole(piece)
            return
        if first or self._rbsp is None:
            self._rbsp, self._bits = _Rbsp(), None
        plain = self._rbsp.read(piece)
        if self._bits is None:
            self._bits = _Bits(self._sum, self.layout.data_at(plain[:32]))
        self._bits.read(plain)
        if last:
            self._sum, self._bits = self._bits.end(), None

    def spoil(self) -> None:
        """A packet was lost: the key frame under way is not whole."""
        self._open = False

    def frame_over(self) -> None:
        """The next picture begins: the print of the last one is whole, unless one of its slices has
        no end.
        """
        if self._open and self._bits is None:
            self.found.append(self._sum)
            self.times.append(self._began or 0.0)
        self._open = False
