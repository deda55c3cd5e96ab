"""Footage played by a simulated recorder: ONVIF Streaming Specification, "Playback", with the RTP
extension 0xABAC.

Faults: `playback_refused` (an RTSP status, or true for 403), `playback_empty` (PLAY is answered,
nothing comes), `playback_shift` (seconds that the times in the extension are off).
"""

from __future__ import annotations

import asyncio
import random
import re
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from healthmon.demo import footage
from healthmon.demo.clip import RATE, Clip
from healthmon.demo.footage import Channel
from healthmon.demo.state import SimDevice

NTP_TO_UNIX = 2208988800
CLEAN, END, TERMINAL = 0x80, 0x40, 0x10
BATCH = 12
PACE = 0.01
MOST_WAITING = 256 * 1024
_PATH = re.compile(
    r"/replay/REC0*(\d+)|/Streaming/tracks/(\d+)01/\?starttime=|/cam/playback\?channel=(\d+)&starttime="
)
_CLOCK = re.compile(r"clock=(\d{8}T\d{6}(?:\.\d+)?)Z")
_RTP = struct.Struct(">BBHII")
_EXTENSION = struct.Struct(">HHIIBBH")


def channel_of(device: SimDevice, path: str) -> Channel | None:
    """The channel that a replay path names: ONVIF's, Hikvision's or Dahua's."""
    match = _PATH.match(path)
    number = int(next(filter(None, match.groups()))) if match else 0
    return footage.channel_of(device, number) if 0 < number <= device.channels else None


def start_of(headers: dict[str, str]) -> float | None:
    """The start of a ``Range: clock=`` as Unix seconds."""
    match = _CLOCK.search(headers.get("range", ""))
    if match is None:
        return None
    return datetime.fromisoformat(match[1].split(".")[0]).replace(tzinfo=UTC).timestamp() + float(
        f"0.{match[1].partition('.')[2] or 0}"
    )


class Replay:
    """One PLAY of footage: sends by `write` (interleaved channel 0) until stopped."""

    def __init__(
        self, device: SimDevice, footage: Channel, clip: Clip, transport: asyncio.Transport
    ) -> None:
        self._device, self._footage, self._clip, self._transport = device, footage, clip, transport
        self._sequence, self._ssrc = random.randrange(1 << 16), random.randrange(1 << 32)
        self._timer: asyncio.TimerHandle | None = None

    def play(self, headers: dict[str, str], start: float, write: Callable[[bytes], None]) -> None:
        """Begin at `start`."""
        if self._device.has("playback_empty"):
            return
        intra = headers.get("frames", "").startswith("intra")
        fast = headers.get("rate-control", "").lower() == "no"
        sequence = int(headers.get("cseq", "0")) & 0xFF
        self._step(self._units(start, intra=intra), sequence, write, BATCH if fast else 1)

    def stop(self) -> None:
        """End it."""
        if self._timer is not None:
            self._timer.cancel()

    def _step(
        self,
        units: Iterator[tuple[int, int]],
        sequence: int,
        write: Callable[[bytes], None],
        many: int,
    ) -> None:
        if self._transport.is_closing():
            return
        sent = 0
        if self._transport.get_write_buffer_size() < MOST_WAITING:
            for unit, flags in units:
                write(self._packets(unit, flags, sequence))
                sent += 1
                if sent >= many:
                    break
            else:
                return
        pause = PACE if many > 1 else 1 / RATE
        self._timer = asyncio.get_running_loop().call_later(
            pause, self._step, units, sequence, write, many
        )

    def _units(self, start: float, *, intra: bool) -> Iterator[tuple[int, int]]:
        """(number of the unit on the time line, flags) from the clean point at or before
        `start`.
        """
        at = start
        while (section := self._footage.section_at(at)) is not None:
            first = self._clean(int(max(at, section[0]) * RATE), int(section[0] * RATE))
            last = int(section[1] * RATE)
            end = self._clean(last, first) if intra else last
            terminal = TERMINAL if section[1] >= self._footage.newest else 0
            for number in range(first, end + 1):
                if self._key(number) or not intra:
                    yield (
                        number,
                        (CLEAN if self._key(number) else 0)
                        | (END | terminal if number == end else 0),
                    )
            at = section[1]

    def _clean(self, number: int, least: int) -> int:
        """The last clean point up to `number`, not before `least`."""
        while number > least and not self._key(number):
            number -= 1
        return number

    def _key(self, number: int) -> bool:
        return self._clip.keys[number % len(self._clip.units)]

    def _packets(self, number: int, flags: int, play: int) -> bytes:
        at = number / RATE + float(self._device.faults.get("playback_shift", 0.0)) + NTP_TO_UNIX
        stamp = int(number / RATE * 90000) & 0xFFFFFFFF
        payloads = self._clip.units[number % len(self._clip.units)]
        out = bytearray()
        for index, payload in enumerate(payloads):
            marker = 0x80 * (index == len(payloads) - 1)
            first = 0x80 | 0x10 * (index == 0)
            head = _RTP.pack(first, 96 | marker, self._sequence, stamp, self._ssrc)
            if index == 0:
                whole, part = int(at), int(at % 1 * (1 << 32))
                head += _EXTENSION.pack(0xABAC, 3, whole & 0xFFFFFFFF, part, flags, play, 0)
            self._sequence = (self._sequence + 1) & 0xFFFF
            packet = head + payload
            out += b"$\x00" + len(packet).to_bytes(2, "big") + packet
        return bytes(out)
