"""The moving picture of the simulated cameras: encoded once at start with PyAV's libx264, cut into RTP payloads."""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

WIDTH, HEIGHT, RATE, GOP, SECONDS = 640, 360, 12.5, 12, 8
MTU = 1400


@dataclass(frozen=True, slots=True)
class Clip:
    """Access units as lists of RTP payloads (RFC 6184), and the parameter sets for the session description."""

    units: tuple[tuple[bytes, ...], ...]
    keys: tuple[bool, ...]
    parameter_sets: str


@functools.cache
def encode(*, moving: bool = True, width: int = WIDTH, height: int = HEIGHT) -> Clip:
    """Encode the clip: a bar that moves (or does not) over a gradient."""
    import av

    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(2, 25), Fraction(25, 2)
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": str(GOP),
        "sc_threshold": "0",
    } | (
        {"crf": "30"}
        if moving
        else {"qp": "30"}  # a constant quantiser: a frozen picture is the same to the bit
    )
    units: list[list[bytes]] = []
    for number in range(int(RATE * SECONDS)):
        frame = _frame(av, number if moving else 0, width, height)
        frame.pts = number
        units += [nals(bytes(packet)) for packet in context.encode(frame)]
    units += [nals(bytes(packet)) for packet in context.encode(None)]
    sets = {nal[0] & 31: nal for unit in units for nal in unit if nal[0] & 31 in (7, 8)}
    text = ",".join(base64.b64encode(sets[kind]).decode() for kind in (7, 8))
    slices = [[nal for nal in unit if nal[0] & 31 in (1, 5, 7, 8)] for unit in units]
    keys = tuple(any(nal[0] & 31 == 5 for nal in unit) for unit in slices)
    return Clip(
        tuple(tuple(payload for nal in unit for payload in payloads(nal)) for unit in slices),
        keys,
        text,
    )


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
