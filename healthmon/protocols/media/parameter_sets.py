"""H.264 and H.265 sequence parameter sets: profile and picture size (ITU-T H.264 7.3.2.1.1, H.265
7.3.2.2.1).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

_H264_PROFILES = {
    66: "Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    122: "High 4:2:2",
}
_H265_PROFILES = {1: "Main", 2: "Main 10", 3: "Main Still Picture"}
# Of a parameter set no more is read.
MOST_BYTES = 512
_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


@dataclass(frozen=True, slots=True)
class SliceFields:
    """What an H.264 sequence parameter set says about slice headers: lengths in bits, and the kind
    of picture order.
    """

    separate_planes: bool
    frame_num_bits: int
    order: int
    order_bits: int
    order_given: bool
    frames_only: bool


@dataclass(frozen=True, slots=True)
class Sps:
    """Profile name and picture size in pixels; `slices` for H.264 only."""

    profile: str
    width: int
    height: int
    slices: SliceFields | None = None


class Bits:
    """A bit reader over a NAL unit without its emulation prevention bytes. Raises ValueError at the
    end.
    """

    def __init__(self, nal: bytes, *, escaped: bool = True) -> None:
        raw = nal[:MOST_BYTES].replace(b"\x00\x00\x03", b"\x00\x00") if escaped else nal
        self._value = int.from_bytes(raw, "big")
        self._size = self._left = len(raw) * 8

    @property
    def read(self) -> int:
        """How many bits have been taken."""
        return self._size - self._left

    def read_bits(self, count: int) -> int:
        """The next `count` bits as a number."""
        self._left -= count
        if self._left < 0:
            raise ValueError("parameter set is cut short")
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number, ue(v)."""
        rest = self._value & ((1 << self._left) - 1)
        zeros = self._left - rest.bit_length()
        if zeros > 32:
            raise ValueError("not an Exp-Golomb number")
        return self.read_bits(2 * zeros + 1) - 1

    def signed(self) -> int:
        """A signed Exp-Golomb number, se(v)."""
        value = self.golomb()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def is_sps(codec: str, nal: bytes) -> bool:
    """Whether `nal` is a sequence parameter set."""
    if not nal:
        return False
    return nal[0] & 0x1F == 7 if codec == "h264" else codec == "h265" and (nal[0] >> 1) & 0x3F == 33


def sps_of(codec: str, parameter_sets: tuple[bytes, ...]) -> Sps | None:
    """What the first readable sequence parameter set says, or None where there is none, or where it
    says what cannot be.
    """
    for nal in parameter_sets:
        if is_sps(codec, nal) and (found := _parsed(codec, nal[:MOST_BYTES])) is not None:
            possible = 16 <= found.width <= 16384 and 16 <= found.height <= 16384
            return found if possible else None
    return None


# A camera sends the same one each time, and cameras of a model the same ones.
@functools.lru_cache(256)
def _parsed(codec: str, nal: bytes) -> Sps | None:
    try:
        return _h264(Bits(nal[1:])) if codec == "h264" else _h265(Bits(nal[2:]))
    except (ValueError, IndexError):
        return None


def _h264(bits: Bits) -> Sps:
    profile, constraints, _level = bits.read_bits(8), bits.read_bits(8), bits.read_bits(8)
    bits.golomb()
    chroma, separate = 1, False
    if profile in _WITH_CHROMA:
        chroma = bits.golomb()
        separate = _skip_h264_chroma(bits, chroma)
    frame_num_bits = bits.golomb() + 4
    order, order_bits, order_given = bits.golomb(), 0, False
    if order == 0:
        order_bits = bits.golomb() + 4
    elif order == 1:
        order_given = not bits.read_bits(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed()
    bits.golomb()
    bits.read_bits(1)
    width, height = (bits.golomb() + 1) * 16, (bits.golomb() + 1) * 16
    frames_only = bits.read_bits(1)
    height *= 2 - frames_only
    if not frames_only:
        bits.read_bits(1)
    bits.read_bits(1)
    across, down = (1 if chroma in (0, 3) else 2), (2 if chroma == 1 else 1) * (2 - frames_only)
    width, height = _cropped(bits, width, height, across, down)
    name = _H264_PROFILES.get(profile, f"profile {profile}")
    slices = SliceFields(
        separate, frame_num_bits, order, order_bits, order_given, bool(frames_only)
    )
    return Sps(
        "Constrained Baseline" if profile == 66 and constraints & 0x40 else name,
        width,
        height,
        slices,
    )


def _skip_h264_chroma(bits: Bits, chroma: int) -> bool:
    """Read over the chroma format and scaling lists; whether the colour planes are coded apart."""
    separate = bool(bits.read_bits(1)) if chroma == 3 else False
    bits.golomb()
    bits.golomb()
    bits.read_bits(1)
    if not bits.read_bits(1):
        return separate
    for index in range(12 if chroma == 3 else 8):
        if not bits.read_bits(1):
            continue
        last, following = 8, 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last
    return separate


def _cropped(bits: Bits, width: int, height: int, across: int, down: int) -> tuple[int, int]:
    if not bits.read_bits(1):
        return width, height
    left, right, top, bottom = (bits.golomb() for _ in range(4))
    return width - (left + right) * across, height - (top + bottom) * down


def _h265(bits: Bits) -> Sps:
    bits.read_bits(4)
    layers = bits.read_bits(3)
    bits.read_bits(1)
    bits.read_bits(3)
    profile = bits.read_bits(5)
    bits.read_bits(32 + 48)
    bits.read_bits(8)
    present = [(bits.read_bits(1), bits.read_bits(1)) for _ in range(layers)]
    if layers:
        bits.read_bits(2 * (8 - layers))
    for has_profile, has_level in present:
        bits.read_bits(88 * has_profile + 8 * has_level)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.read_bits(1)
    width, height = bits.golomb(), bits.golomb()
    width, height = _cropped(
        bits, width, height, 2 if chroma in (1, 2) else 1, 2 if chroma == 1 else 1
    )
    return Sps(_H265_PROFILES.get(profile, f"profile {profile}"), width, height)
