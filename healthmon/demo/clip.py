"""The moving picture of the simulated cameras: encoded once at start with PyAV's libx264, cut into
RTP payloads.
"""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

WIDTH, HEIGHT, RATE, GOP, SECONDS = 640, 360, 12.5, 12, 8
MTU = 1400
# nal_unit_type of H.264: a key picture, SPS and PPS, and all that is sent (with plain slices).
IDR, PARAMETER_SETS = 5, (7, 8)
SENT = (1, IDR, *PARAMETER_SETS)


@dataclass(frozen=True, slots=True)
class Clip:
    """Access units as lists of RTP payloads (RFC 6184), and the parameter sets for the session
    description.
    """

    units: tuple[tuple[bytes, ...], ...]
    keys: tuple[bool, ...]
    parameter_sets: str


@functools.cache
def encode(
    *, moving: bool = True, width: int = WIDTH, height: int = HEIGHT, seconds: int = SECONDS
) -> Clip:
    """Encode the clip: a bar that moves (or does not) over a gradient, which begins anew after `seconds`."""
    units = _encoded(moving=moving, width=width, height=height, seconds=seconds)
    sent = [[nal for nal in unit if _kind(nal) in SENT] for unit in units]
    return Clip(
        tuple(tuple(payload for nal in unit for payload in payloads(nal)) for unit in sent),
        tuple(any(_kind(nal) == IDR for nal in unit) for unit in sent),
        _parameter_sets(units),
    )


def _parameter_sets(units: list[list[bytes]]) -> str:
    """As ``sprop-parameter-sets`` of the session description (RFC 6184 section 8.1)."""
    last = {_kind(nal): nal for unit in units for nal in unit}
    return ",".join(base64.b64encode(last[kind]).decode() for kind in PARAMETER_SETS)


def _kind(nal: bytes) -> int:
    """The nal_unit_type (H.264, table 7-1)."""
    return nal[0] & 31


def _encoded(*, moving: bool, width: int, height: int, seconds: int) -> list[list[bytes]]:
    """The NAL units of every access unit of the clip."""
    import av

    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(2, 25), Fraction(25, 2)
    # With a constant quantiser a frozen picture is the same to the bit.
    quality = {"crf": "30"} if moving else {"qp": "30"}
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": str(GOP),
        "sc_threshold": "0",
    } | quality
    units: list[list[bytes]] = []
    for number in range(int(RATE * seconds)):
        frame = _frame(av, number if moving else 0, width, height)
        frame.pts = number
        units += [nals(bytes(packet)) for packet in context.encode(frame)]
    return units + [nals(bytes(packet)) for packet in context.encode(None)]


def _frame(av: Any, number: int, width: int, height: int) -> Any:
    frame = av.VideoFrame(width, height, "yuv420p")
    bar = (number * 7) % width
    row = bytes(235 if bar <= x < bar + 40 else 40 + x * 150 // width for x in range(width))
    stamp = bytes(200 if (number >> (x // 40)) & 1 else 20 for x in range(width))
    for plane, source in ((0, row), (1, b"\x80" * (width // 2)), (2, b"\x80" * (width // 2))):
        target = frame.planes[plane]
        rows = target.height
        line = source + bytes(target.line_size - len(source))
        top = (stamp + bytes(target.line_size - len(stamp))) * 16 if plane == 0 else b""
        target.update(top + line * (rows - len(top) // target.line_size))
    return frame


def nals(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream."""
    parts = data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [part for part in parts if part]


def payloads(nal: bytes) -> list[bytes]:
    """One NAL unit as single or FU-A payloads."""
    if len(nal) <= MTU:
        return [nal]
    head, kind = (nal[0] & 0xE0) | 28, nal[0] & 31
    cuts = [nal[at : at + MTU] for at in range(1, len(nal), MTU)]
    last = len(cuts) - 1
    return [
        bytes((head, kind | 0x80 * (n == 0) | 0x40 * (n == last))) + cut
        for n, cut in enumerate(cuts)
    ]
