"""What an RTP payload holds: key frames, parameter sets, prints of the picture.

RFC 6184 (H.264), RFC 7798 (H.265), RFC 2435 (JPEG), RFC 6416 (MPEG-4 Visual).


`scan` is called for every packet of a stream: it walks by index and makes no object for an ordinary
one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

from healthmon.protocols.flood import Allowance
from healthmon.protocols.media.h264_slice import slice_layout
from healthmon.protocols.media.jpeg_headers import known_size
from healthmon.protocols.media.keyframe_hash import KeyframeHashes

Buffer = bytes | bytearray | memoryview
MOST_SET_BYTES = 512
ONVIF_JPEG = 0xFFD8
RECOVERY_POINT = 6  # SEI payload type (ITU-T H.264 D.1.8, H.265 D.2.8)
MOST_MESSAGES = 16
MOST_UNITS = 32  # of one packet that are looked into
UNITS, UNITS_A_SECOND = 6_000, 3_000  # of a stream, besides slices in packets of their own
MOST_SETS = 32  # parameter sets that differ from those before
NO_BYTES = 1 << 62
MOST_HEADS = 1024  # bytes of a packet that are looked through for start codes
START_CODE = re.compile(b"\0\0\1")
H264_HEADS, H265_HEADS = (
    {0, 6, 7, 8, 9},
    {0, 32, 33, 34, 35, 39},
)  # what may stand before the slices
VOP = b"\0\0\1\xb6"  # ISO/IEC 14496-2 6.2.5; its coding type is in the next two bits, 0 for intra
HEVC_HEADER = 16  # bytes of a slice that may be header: flags and counters there change from key frame to key frame


@dataclass(slots=True)
class Other:
    """A codec that is not looked into: no key frames are known, which `keyed` says."""

    keyed: ClassVar[bool] = False
    parameter_sets: list[bytes] = field(default_factory=list)
    prints: KeyframeHashes = field(default_factory=KeyframeHashes)
    picture: tuple[int, int] | None = None
    units: Allowance = field(default_factory=lambda: Allowance(NO_BYTES, UNITS, 0, UNITS_A_SECOND))
    changes: int = 0

    def scan(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """Whether ``b[at:end]``, a payload of RTP time `stamp` come at `now`, is of a key frame; at
        least 3 bytes. Raises TooLargeError for more units than any encoder makes.
        """
        del b, at, end, stamp, now
        return False

    def extension(self, b: Buffer, at: int, end: int) -> None:
        """A header extension (RFC 3550 5.3.1), from its profile number on."""


class _Units(Other):
    """A codec of NAL units, of which one packet may hold several, each behind its length."""

    __slots__ = ()
    keyed = True

    def _unit(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """Whether one whole unit begins a key frame."""
        raise NotImplementedError

    def _aggregate(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """Whether one of several does (RFC 6184 5.7, RFC 7798 4.4.2)."""
        key, units = False, 0
        while at + 3 <= end and units < MOST_UNITS:
            size = (b[at] << 8) | b[at + 1]
            key |= self._unit(b, at + 2, min(end, at + 2 + size), stamp, now) if size else False
            at += 2 + size
            units += 1
        self._looked_into(units, whole=at + 3 > end)
        return key

    def _looked_into(self, units: int, *, whole: bool = True) -> None:
        """Count units; the print of a picture of which not all were seen would not be whole."""
        self.units.spend(units)
        if not whole:
            self.prints.spoil()

    def _stream(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """Whether one of the units behind start codes does (Annex B of both): some devices leave
        those in.
        """
        codes = START_CODE.finditer(memoryview(b)[at : min(end, at + MOST_HEADS)])
        starts = [at + code.end() for code in islice(codes, MOST_UNITS)]
        key = False
        for start, stop in zip(starts, [*(later - 3 for later in starts[1:]), end], strict=False):
            key |= stop - start > 2 and self._unit(b, start, stop, stamp, now)
        self._looked_into(len(starts), whole=len(starts) < MOST_UNITS)
        return key

    def _cut_stream(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """The same of the first fragment: the print of such a picture would not be whole."""
        key = self._stream(b, at, end, stamp, now)
        if key:
            self.prints.spoil()
        return key


class H264(_Units):
    """H.264: IDR slices and recovery points (SEI, ITU-T H.264 D.2.8) begin a key frame."""

    __slots__ = ()

    def scan(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """As said there. Single NAL units, STAP and FU (RFC 6184 5.6 to 5.8)."""
        kind = b[at] & 0x1F
        if kind == 1:
            return False
        if kind in (28, 29):
            if b[at + 1] & 0x9F == 1:  # goes on with a slice that is none of a key frame
                return False
            return self._fragment(b, at, end, stamp, now)
        if kind in (24, 25):
            return self._aggregate(b, at + 1 if kind == 24 else at + 3, end, stamp, now)
        self._looked_into(1)
        key = self._unit(b, at, end, stamp, now)
        return key or (kind in H264_HEADS and self._stream(b, at, end, stamp, now))

    def _fragment(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """A piece of a NAL unit (FU-A, FU-B)."""
        head = b[at + 1]
        if head & 0x1F != 5:
            begins = head & 0x80 > 0 and head & 0x1F in H264_HEADS
            return begins and self._cut_stream(b, at + 2, end, stamp, now)
        self._looked_into(head >> 7)
        start = at + 2 if b[at] & 0x1F == 28 else at + 4
        self._slice(b, (start, end), stamp, now, (bool(head & 0x80), bool(head & 0x40)))
        return True

    def _unit(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        kind = b[at] & 0x1F
        if kind == 5:
            self._slice(b, (at + 1, end), stamp, now, (True, True))
            return True
        if kind in (7, 8):
            self._keep(b, at, end)
        return kind == 6 and _recovers(b, at + 1, end)

    def _slice(
        self, b: Buffer, span: tuple[int, int], stamp: int, now: float, edges: tuple[bool, bool]
    ) -> None:
        if self.prints.wanted(stamp, now):
            self.prints.part(bytes(memoryview(b)[slice(*span)]), first=edges[0], last=edges[1])

    def _keep(self, b: Buffer, at: int, end: int) -> None:
        """The last sequence parameter set, and the first picture parameter set that goes with
        it.
        """
        found = bytes(memoryview(b)[at : min(end, at + MOST_SET_BYTES)])
        kind = found[0] & 0x1F
        if any(
            kept[0] & 0x1F == kind and (kind == 8 or kept == found) for kept in self.parameter_sets
        ):
            return
        if self.changes >= MOST_SETS:
            return
        self.changes += 1
        self.parameter_sets = [found] if kind == 7 else [*self.parameter_sets, found]
        self.prints.layout = slice_layout(tuple(self.parameter_sets)) or self.prints.layout


class H265(_Units):
    """H.265: IRAP slices (types 16 to 21) and recovery points begin a key frame."""

    __slots__ = ()

    def scan(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """As said there. Single NAL units, aggregation packets and fragments (RFC 7798 4.4)."""
        kind = (b[at] >> 1) & 0x3F
        if kind == 49:
            head = b[at + 2]
            if not 16 <= head & 0x3F <= 21:
                return (
                    head & 0x80 > 0
                    and head & 0x3F in H265_HEADS
                    and self._cut_stream(b, at + 3, end, stamp, now)
                )
            self._slice(b, at + 3 + HEVC_HEADER * (head >> 7), end, stamp, now)
            return True
        if kind == 48:
            return self._aggregate(b, at + 2, end, stamp, now)
        self._looked_into(1)
        key = self._unit(b, at, end, stamp, now)
        return key or (kind in H265_HEADS and self._stream(b, at, end, stamp, now))

    def _unit(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        kind = (b[at] >> 1) & 0x3F
        if 16 <= kind <= 21:
            self._slice(b, at + 2 + HEVC_HEADER, end, stamp, now)
            return True
        if kind == 33:
            self.parameter_sets = [bytes(memoryview(b)[at : min(end, at + MOST_SET_BYTES)])]
        return kind == 39 and _recovers(b, at + 2, end)

    def _slice(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> None:
        if self.prints.wanted(stamp, now):
            self.prints.whole(bytes(memoryview(b)[min(at, end) : end]))


def _recovers(b: Buffer, at: int, end: int) -> bool:
    """Whether one of the SEI messages is a recovery point: pictures without IDR begin there."""
    for _ in range(MOST_MESSAGES):
        kind, at = _in_bytes(b, at, end)
        size, at = _in_bytes(b, at, end)
        if kind == RECOVERY_POINT or at + size >= end:
            return kind == RECOVERY_POINT and at < end
        at += size
    return False


def _in_bytes(b: Buffer, at: int, end: int) -> tuple[int, int]:
    """A number of bytes 255 and one below, and where it ends (ITU-T H.264 7.3.2.3.1); one that
    leads beyond `end` is not read on.
    """
    value = 0
    while at + value < end:
        value += b[at]
        at += 1
        if b[at - 1] != 0xFF:
            break
    return value, at


class Mpeg4(Other):
    """MPEG-4 Visual, which older encoders speak: intra coded pictures (VOP) are key frames."""

    __slots__ = ()
    keyed = True

    def scan(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """By the picture's header, which may stand behind headers of the sequence."""
        del stamp, now
        if b[at] or b[at + 1]:
            return False
        head = bytes(memoryview(b)[at : min(end, at + MOST_SET_BYTES)])
        found = head.find(VOP)
        return 0 <= found < len(head) - 4 and head[found + 4] < 0x40


class Jpeg(Other):
    """JPEG: every picture is a key frame. Its size is in the payload header (RFC 2435 3.1) or in
    ONVIF's extension.
    """

    __slots__ = ()
    keyed = True

    def scan(self, b: Buffer, at: int, end: int, stamp: int, now: float) -> bool:
        """Always a key frame; the last size counts, unless it is that of the extension cut to a byte
        of eights.
        """
        if at + 8 <= end and b[at + 6] and b[at + 7]:
            found = (b[at + 6] * 8, b[at + 7] * 8)
            self.picture = known_size(found, self.picture)
        if self.prints.wanted(stamp, now):
            self.prints.whole(bytes(memoryview(b)[at:end]))
        return True

    def extension(self, b: Buffer, at: int, end: int) -> None:
        """The JPEG headers of a picture larger than 2040 pixels (ONVIF Streaming 5.1.1) tell its
        size.
        """
        if (b[at] << 8 | b[at + 1]) != ONVIF_JPEG:
            return
        head = bytes(memoryview(b)[at:end])
        for mark in (b"\xff\xc0", b"\xff\xc1"):
            found = head.find(mark)
            if found >= 0 and found + 9 <= len(head):
                high, wide = head[found + 5 : found + 7], head[found + 7 : found + 9]
                self.picture = (int.from_bytes(wide, "big"), int.from_bytes(high, "big"))


def payload_of(codec: str, parameter_sets: tuple[bytes, ...] = ()) -> Other:
    """What looks into the payloads of `codec`; `parameter_sets` are those of the session
    description.
    """
    if codec == "h264":
        return H264(prints=KeyframeHashes(slice_layout(parameter_sets)))
    return {"h265": H265, "mjpeg": Jpeg, "mpeg4": Mpeg4}.get(codec, Other)()
