"""Intra refresh: streams without key frames, in which a stripe of intra blocks wanders over the picture.

A recovery point (SEI, ITU-T H.264 D.2.8, H.265 D.3.8) says after how many pictures a decoder that
joined there shows a whole one. These pictures are kept together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from healthmon.protocols.media.parameter_sets import Bits

SECONDS = 6.0  # a period of 120 pictures (1080p by x264) at 25 a second is 4.8 s
MOST_PICTURES = 150
MOST_BYTES = 6_000_000
MOST_MESSAGES = 16
RECOVERY_POINT = 6
H264_SEI, H265_SEI = 6, 39
H264_IDR, H265_INTRA = 5, range(16, 24)


@dataclass(slots=True)
class Refresh:
    """The coded `pictures` since a recovery point that came at `began` (monotonic seconds); the `left`
    ones still to come count as those that others refer to.
    """

    left: int
    began: float
    pictures: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, data: bytes, *, counts: bool) -> None:
        """The next picture; `counts`: others refer to it."""
        self.pictures.append(data)
        self.size += len(data)
        self.left -= counts

    def too_long(self, now: float) -> bool:
        """Whether it is not waited for any longer."""
        full = len(self.pictures) >= MOST_PICTURES or self.size > MOST_BYTES
        return full or now - self.began > SECONDS


def recovery_count(codec: str, units: Sequence[bytes]) -> int:
    """After how many pictures the picture of these `units` is whole: 0 for a key frame, also for one
    that a recovery point calls so.
    """
    if any(_is_intra(codec, unit) for unit in units):
        return 0
    counts = (_count_in(codec, unit) for unit in units)
    return next((count for count in counts if count is not None), 0)


def is_counted(codec: str, units: Sequence[bytes]) -> bool:
    """Whether the picture counts for a recovery point: in H.264 where others refer to it
    (`nal_ref_idc`), in H.265 always.
    """
    if codec != "h264":
        return True
    return any(unit[0] >> 5 & 3 and unit[0] & 0x1F in (1, H264_IDR) for unit in units)


def _is_intra(codec: str, unit: bytes) -> bool:
    if codec == "h264":
        return unit[0] & 0x1F == H264_IDR
    return unit[0] >> 1 & 0x3F in H265_INTRA


def _count_in(codec: str, unit: bytes) -> int | None:
    """The count of the recovery point in `unit`, None where it holds none."""
    kind, head = (unit[0] & 0x1F, 1) if codec == "h264" else (unit[0] >> 1 & 0x3F, 2)
    if kind != (H264_SEI if codec == "h264" else H265_SEI):
        return None
    bits = Bits(unit[head:])
    try:
        for _ in range(MOST_MESSAGES):
            message, size = _in_bytes(bits), _in_bytes(bits)
            if message == RECOVERY_POINT:
                return bits.golomb() if codec == "h264" else max(0, bits.signed())
            bits.read_bits(8 * size)
    except ValueError:
        return None
    return None


def _in_bytes(bits: Bits) -> int:
    """A number of bytes 255 and one below (ITU-T H.264 7.3.2.3.1)."""
    value = 0
    while (one := bits.read_bits(8)) == 0xFF:
        value += one
    return value + one
