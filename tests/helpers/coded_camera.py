"""An RTSP camera on loopback whose key frames a real encoder has made."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.fakes.rtsp_server import Camera, Packet
from helpers.pictures import coded, scene, with_noise

MOST_PAYLOAD = 1200
TICKS = 90000
PACE = 0.4  # seconds from key frame to key frame


def dim(grey: Any, highest: int = 36) -> Any:
    """The scene with hardly any light on it."""
    return (grey.astype(float) * highest / 230).astype("uint8")


def units(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B access unit."""
    parts = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [one.rstrip(b"\0") if one[:1] and one[0] & 31 in (7, 8) else one for one in parts[1:]]


def in_packets(data: bytes, sequence: int, stamp: int) -> list[Packet]:
    """One H.264 access unit in RTP (RFC 6184: whole NAL units, and FU-A for large ones)."""
    payloads: list[bytes] = []
    for unit in units(data):
        if len(unit) <= MOST_PAYLOAD:
            payloads.append(unit)
            continue
        pieces = [unit[at : at + MOST_PAYLOAD] for at in range(1, len(unit), MOST_PAYLOAD)]
        for number, piece in enumerate(pieces):
            marks = (number == 0) << 7 | (number == len(pieces) - 1) << 6
            payloads.append(bytes((unit[0] & 0x60 | 28, marks | unit[0] & 31)) + piece)
    found: list[Packet] = []
    for number, payload in enumerate(payloads):
        last = number == len(payloads) - 1
        head = struct.pack(
            ">BBHII", 0x80, 96 | last << 7, (sequence + number) & 0xFFFF, stamp & 0xFFFFFFFF, 7
        )
        found.append((0, head + payload))
    return found


def film(frames: Sequence[bytes], every: float = PACE) -> Iterator[Packet]:
    """The key frames in turn, for ever, `every` so many seconds of media time."""
    sequence = number = 0
    while True:
        for packet in in_packets(
            frames[number % len(frames)], sequence, int(number * every * TICKS)
        ):
            yield packet
            sequence += 1
        number += 1


@dataclass
class Scenes:
    """Serves what `shown` is now, in each session anew."""

    shown: Sequence[bytes]

    def camera(self) -> Camera:
        """What answers one connection."""
        packets = len(in_packets(self.shown[0], 0, 0))
        return Camera(packets=film(self.shown, PACE), every=PACE / packets)

    async def talk(self, reader: Any, writer: Any) -> None:
        """One connection."""
        await self.camera().talk(reader, writer)


def dark(seed: int = 1) -> list[bytes]:
    """Key frames of a scene that is too dark, in which something moves."""
    return alive(dim(scene(seed)), 40, 0.7)


def day(seed: int = 1) -> list[bytes]:
    """Key frames of the same scene by day."""
    return alive(scene(seed), 240, 2.0)


def alive(view: Any, bright: int, noise: float) -> list[bytes]:
    """Key frames in which a spot of this brightness goes from left to right."""
    found = []
    for step in range(16):
        shown = view.copy()
        shown[150:180, 20 + 38 * step : 50 + 38 * step] = bright
        found.append(coded("h264", with_noise(shown, step + 1, noise)))
    return found
