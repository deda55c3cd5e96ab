"""Where the data of an H.264 IDR slice begins (ITU-T H.264 7.3.2.2, 7.3.3): behind a header that
counts key frames.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from healthmon.protocols.media.parameter_sets import MOST_BYTES, Bits, SliceFields, sps_of

PICTURE_PARAMETERS = 8


@dataclass(frozen=True, slots=True)
class SliceLayout:
    """What the parameter sets of a stream say about its slice headers."""

    sps: SliceFields
    number: int
    arithmetic: bool
    bottom_order: bool
    deblocking: bool
    redundant: bool

    def data_at(self, head: bytes, *, reference: bool = True) -> int:
        """The bit at which the data of the IDR slice begins whose payload, without emulation
        prevention, is `head`.

        0 where the header is cut short or names other parameters. With arithmetic coding (CABAC) it
        is a whole byte.
        """
        bits = Bits(head, escaped=False)
        try:
            bits.golomb()  # first_mb_in_slice
            bits.golomb()  # slice_type: an IDR picture has intra slices only
            if bits.golomb() != self.number:
                return 0
            self._counters(bits)
            bits.read_bits(2 * reference)  # dec_ref_pic_marking
            bits.signed()  # slice_qp_delta
            if self.deblocking and bits.golomb() != 1:
                bits.signed()
                bits.signed()
        except ValueError:
            return 0
        return bits.read + (-bits.read % 8 if self.arithmetic else 0)

    def _counters(self, bits: Bits) -> None:
        """From the colour plane to ``redundant_pic_cnt``: what numbers the picture."""
        sps = self.sps
        bits.read_bits(2 * sps.separate_planes + sps.frame_num_bits)
        field = not sps.frames_only and bool(bits.read_bits(1))
        if field:
            bits.read_bits(1)
        bits.golomb()  # idr_pic_id
        bits.read_bits(sps.order_bits)
        for _ in range(self._order_deltas(field=field)):
            bits.signed()
        if self.redundant:
            bits.golomb()

    def _order_deltas(self, *, field: bool) -> int:
        """How many ``delta_pic_order_cnt`` stand here (7.3.3)."""
        bottom = self.bottom_order and not field
        if self.sps.order_given:
            return 2 if bottom else 1
        return 1 if bottom and self.sps.order == 0 else 0


def slice_layout(parameter_sets: tuple[bytes, ...]) -> SliceLayout | None:
    """The layout by the first readable sequence and picture parameter set, None where one is
    missing or unusual.
    """
    sps = sps_of("h264", parameter_sets)
    for nal in parameter_sets:
        if sps is None or sps.slices is None or not nal or nal[0] & 0x1F != PICTURE_PARAMETERS:
            continue
        try:
            return _layout(sps.slices, nal[:MOST_BYTES])
        except ValueError:
            continue
    return None


@functools.lru_cache(256)
def _layout(sps: SliceFields, nal: bytes) -> SliceLayout | None:
    bits = Bits(nal[1:])
    number, _ = bits.golomb(), bits.golomb()
    arithmetic, bottom_order = bool(bits.read_bits(1)), bool(bits.read_bits(1))
    if bits.golomb():  # slice groups: no camera has them
        return None
    bits.golomb()
    bits.golomb()
    bits.read_bits(3)
    for _ in range(3):
        bits.signed()
    deblocking, _, redundant = bool(bits.read_bits(1)), bits.read_bits(1), bool(bits.read_bits(1))
    return SliceLayout(sps, number, arithmetic, bottom_order, deblocking, redundant)
