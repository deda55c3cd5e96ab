"""Twenty devices that break the rules, each in its own way, and devices whose every answer has XML
names that nobody has written before; by the helpers of the tests.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from helpers.fakes.rtsp_server import Camera, pictures
from helpers.hostile_devices import WICKED, by, flooding, raw
from helpers.hostile_devices import endless as endless_rtsp
from helpers.hostile_estate import Bed, Ward
from helpers.hostile_replies import HOSTILE, endless
from helpers.loopback import Handler, http, request

ANSWER = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    "<GetSystemDateAndTimeResponse><SystemDateAndTime><DateTimeType>NTP</DateTimeType><UTCDateTime>"
    "<Time><Hour>{0.tm_hour}</Hour><Minute>{0.tm_min}</Minute><Second>{0.tm_sec}</Second></Time>"
    "<Date><Year>{0.tm_year}</Year><Month>{0.tm_mon}</Month><Day>{0.tm_mday}</Day></Date>"
    "</UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>"
    "<GetDeviceInformationResponse><Model>Names</Model></GetDeviceInformationResponse>"
    "<GetNetworkInterfacesResponse/>{elements}</s:Body></s:Envelope>"
)
__all__ = ["Bed", "Ward", "twenty", "with_fresh_names"]
NAMES = 4000  # elements, and as many attributes, of an answer of 144 KB


def one_byte_units() -> Camera:
    """A camera that packs 400 units of one byte into each packet (STAP-A, RFC 6184 5.7.1)."""
    head = struct.pack(">BBHII", 0x80, 96, 1, 3600, 7)
    packet = head + b"\x18" + b"\0\1\x65" * 400
    return flooding((b"$\0" + struct.pack(">H", len(packet)) + packet) * 20)


RTSP: dict[str, Callable[[], Bed]] = {
    name: lambda name=name: _of_stream(name)  # type: ignore[misc]
    for name in (
        *("c1_silence", "c3_reset", "c4_drip_in_the_header", "c5_endless_lines"),
        *("c6_length_huge", "c7_garbage", "c8_endless_strays", "c9_new_nonce_each_time"),
        *("c12_453", "c18_other_payload_type", "c20_sdp_of_10_mb", "flood_of_pictures"),
    )
}
FLOODS: dict[str, Callable[[], Bed]] = {
    "interim_answers_of_rtsp": lambda: _bed(raw(endless_rtsp(b"", b"RTSP/1.0 100 C\r\n\r\n"), "")),
    "line_ends_of_rtsp": lambda: _bed(raw(endless_rtsp(b"", b"\r\n" * 20), "")),
    "units_of_one_byte": lambda: _bed(by(one_byte_units())),
    "interim_answers_of_http": lambda: _web(endless(b"\r\nHTTP/1.1 100 Continue\r\n\r\n")),
}
WEB: dict[str, Callable[[], Bed]] = {
    name: lambda name=name: _web(HOSTILE[name]())  # type: ignore[misc]
    for name in ("c4_drip_in_the_body", "c5_endless_headers", "c22_deep", "c22_many_attributes")
}


def _bed(one: object) -> Bed:
    return Bed("", one.talk, camera=one.camera)  # type: ignore[attr-defined]


def _of_stream(name: str) -> Bed:
    return _bed(WICKED[name]())


def _web(handler: Handler) -> Bed:
    """Hostile by HTTP, with pictures that are well."""
    camera = Camera(packets=pictures(4000))
    return Bed("", camera.talk, handler, camera=camera)


def twenty() -> list[Bed]:
    """The peers, called H01 and following, by kind."""
    kinds = RTSP | FLOODS | WEB
    beds = []
    for number, (kind, build) in enumerate(kinds.items(), 1):
        bed = build()
        bed.id = f"H{number:02d}"
        bed.more |= {"location": kind}
        beds.append(bed)
    return beds


class FreshNames:
    """ONVIF whose answers hold thousands of elements and attributes that no answer had before.
    `answers` counts them.
    """

    def __init__(self) -> None:
        self.answers = 0
        self._numbers = itertools.count()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            self.answers += 1
            writer.write(http(self._body()))
            await writer.drain()

    def _body(self) -> bytes:
        first = next(self._numbers)
        names = (f"{first:07d}x{number:05d}" for number in range(NAMES))
        elements = "".join(f'<n{name} a{name}="1"/>' for name in names)
        return ANSWER.format(time.gmtime(), elements=elements).encode()


def with_fresh_names(count: int) -> tuple[list[Bed], list[FreshNames]]:
    """Cameras with such an ONVIF, and what they count."""
    webs = [FreshNames() for _ in range(count)]
    beds = []
    for number, web in enumerate(webs, 1):
        camera = Camera(packets=pictures(4000))
        beds.append(Bed(f"N{number:02d}", camera.talk, web, camera=camera))
    return beds, webs
