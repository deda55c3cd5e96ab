"""A device that sends without end costs next to nothing, is named, and harms nobody beside it
(FF-F2).

One sweep of some such devices, and one of as many that are well: what the flood costs is the
difference of the CPU seconds of both commands.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import resource
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from helpers.ber import tlv
from helpers.fakes.rtsp_server import Camera, rtp
from helpers.field_cameras import Row, camera_row, film, onvif_row, told_of
from helpers.loopback import Handler, request, served
from helpers.product import Product, Swept
from helpers.snmp_agent import integer, response

pytestmark = pytest.mark.long
EACH = 0.2  # CPU seconds that a device may cost beyond one that is well
FAR_TOO_MUCH = 2.0  # then its results are discarded because of the flood
PIECE = 64 * 1024
AT_ONCE = 8
TRIES = 3  # a machine that is busy with much else discards results, or lets no device pour enough
NAMED = "answer too large, not read|answer not understood"
Writer = asyncio.StreamWriter
Reader = asyncio.StreamReader


async def pour(writer: Writer, data: bytes) -> None:
    """`data` again and again, as fast as it is read."""
    data *= max(1, PIECE // len(data))
    while True:
        writer.write(data)
        await writer.drain()


def frame(payload: bytes, channel: int = 0) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(payload)) + payload


def frames(payload: bytes, count: int = 200) -> bytes:
    """Interleaved packets that hold `payload`, numbered one after the other."""
    return b"".join(frame(rtp(n, n // 10 * 3600)[:12] + payload) for n in range(count))


def units(one: bytes, count: int, head: bytes) -> bytes:
    return head + (struct.pack(">H", len(one)) + one) * count


MESSAGES = {
    "interim": b"RTSP/1.0 100 Continue\r\n\r\n",
    "interim_numbered": b"RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\n",
    "interim_102": b"RTSP/1.0 102 Processing\r\n\r\n",
    "interim_bare": b"RTSP/1.0 100\r\n\r\n",
    "interim_line_feeds": b"RTSP/1.0 100 Continue\n\n",
    "no_version": b"100 Continue\r\n\r\n",
    "line_ends": b"\r\n",
    "carriage_returns": b"\r",
    "line_feeds": b"\n",
    "zeros": b"\0",
    "zeros_and_line_ends": b"\0\r\n",
    "empty_frames": frame(b""),
    "frames": frame(b"abcd"),
    "large_frames": frame(bytes(1400)),
    "other_channel": frame(b"abcd", 9),
    "reports": frame(b"\x80\xca\x00\x00" * 40, 1),
    "answers": b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n",
    "options": b"OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n",
    "parameters": b"GET_PARAMETER rtsp://x/ RTSP/1.0\r\nCSeq: 5\r\n\r\n",
    "announcements": b"ANNOUNCE rtsp://x/ RTSP/1.0\r\nCSeq: 6\r\nContent-Length: 3\r\n\r\nabc",
    "frames_and_interim": frame(b"abcd") + b"RTSP/1.0 100 Continue\r\n\r\n",
    "lines_of_one_header": b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 9000,
}
SEI = b"\x06" + b"\xff" * 1300
PAYLOADS = {
    "tiny_packets": (frames(b"\x41\x00\x00"), "H264"),
    "stap_a": (frames(units(b"\x41", 400, b"\x18")), "H264"),
    "stap_a_of_key_units": (frames(units(b"\x65\x88\x80", 280, b"\x18")), "H264"),
    "stap_a_of_sets": (
        b"".join(
            frames(units(bytes.fromhex("67640028acd940780227e5c05a") + bytes((n,)), 90, b"\x18"), 1)
            for n in range(1, 250)
        ),
        "H264",
    ),
    "stap_a_of_messages": (frames(units(b"\x06\x05\x01\x00\x80", 200, b"\x18")), "H264"),
    "stap_b": (frames(units(b"\x41", 400, b"\x19\0\0")), "H264"),
    "start_codes": (frames(b"\x09\x10" + b"\0\0\1\x06\x05\x01\x02" * 180), "H264"),
    "long_numbers": (frames(SEI), "H264"),
    "key_fragments": (frames(b"\x7c\x85\x88\x80"), "H264"),
    "h265_ap": (frames(units(b"\x02\x01\x80", 280, b"\x60\x01")), "H265"),
    "h265_ap_of_key_units": (frames(units(b"\x26\x01\x80", 280, b"\x60\x01")), "H265"),
    "h265_ap_of_messages": (frames(units(b"\x4e\x01\x05\x01\x00\x80", 180, b"\x60\x01")), "H265"),
    "tiny_jpeg": (frames(bytes(4) + b"\x01\x10\x10\x10" + b"ab"), "JPEG"),
}


def before_the_answer(data: bytes) -> Camera:
    """It pours `data` instead of answering its first request."""

    async def send(writer: Writer) -> None:
        await pour(writer, data)

    return Camera(raw=send)


class Playing(Camera):
    """It plays, and pours `data` where pictures should be."""

    data: bytes = b""

    async def _send(self, writer: Writer) -> None:
        await pour(writer, self.data)


def while_playing(data: bytes, codec: str = "H264") -> Camera:
    camera = Playing()
    camera.sdp = camera.sdp.replace("H264/90000", f"{codec}/90000")
    camera.data = data
    return camera


class Ending(Camera):
    """Well until TEARDOWN, at which it pours `data`."""

    data: bytes = b""

    async def talk(self, reader: Reader, writer: Writer) -> None:
        ending = asyncio.Event()

        def seen(_writer: Writer, _sequence: str) -> None:
            if self.methods[-1] == "TEARDOWN":
                ending.set()

        self.before = seen
        talking = asyncio.create_task(super().talk(reader, writer))
        told = asyncio.create_task(ending.wait())
        try:
            await asyncio.wait({talking, told}, return_when=asyncio.FIRST_COMPLETED)
            if ending.is_set():
                await pour(writer, self.data)
        finally:
            talking.cancel()
            told.cancel()


def at_the_end(data: bytes) -> Camera:
    camera = Ending(film())
    camera.data = data
    return camera


Device = Callable[[str, str], contextlib.AbstractAsyncContextManager[Row]]


def serving(rows: Callable[[str, int], Row], handler: Handler) -> Device:
    """A device of one TCP port, by its name and address: a row of config.yaml while it serves."""

    @contextlib.asynccontextmanager
    async def opened(name: str, address: str) -> AsyncIterator[Row]:
        async with served(handler, host=address) as server:
            yield rows(name, server.port)

    return opened


def camera(one: Camera) -> Device:
    return serving(lambda name, port: camera_row(port, id=name, name=name), one.talk)


@dataclass
class Ward:
    """A sweep of `devices` by their names, each at an address of its own, beside two cameras that
    are well; and the CPU seconds of the command.
    """

    folder: Path
    devices: dict[str, Device]
    cpu: float = 0.0
    sheet: Swept = field(default_factory=lambda: Swept(0, "", ""))

    async def run(self) -> Ward:
        """Sweep."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wells = {f"well{number}": camera(Camera(film())) for number in (1, 2)}
        tree: dict[str, list[Row]] = {"cameras": [], "ups": []}
        async with contextlib.AsyncExitStack() as stack:
            for number, (name, device) in enumerate((self.devices | wells).items(), 1):
                address = f"127.0.3.{number}"
                row = await stack.enter_async_context(device(name, address))
                tree["cameras" if "kind" in row else "ups"].append(row | {"address": address})
            product = Product(self.folder, {key: rows for key, rows in tree.items() if rows})
            before = spent()
            self.sheet = await asyncio.to_thread(product.sweep, timeout=100)
            self.cpu = spent() - before
        return self


def spent() -> float:
    """CPU seconds of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def held(folder: Path, wicked: dict[str, Device], said: str, question: str) -> None:
    """Hold that the sheet says of each device what `said` matches, and nothing of the two beside
    them, and that a device costs little more than one that is well. A few at a time.
    """
    names = list(wicked)
    for start in range(0, len(names), AT_ONCE):
        some = {name: wicked[name] for name in names[start : start + AT_ONCE]}
        await held_of(folder / f"{start}", some, said, question)


async def held_of(folder: Path, wicked: dict[str, Device], said: str, question: str) -> None:
    ward = Ward(folder / "wicked", wicked)
    for _ in range(TRIES):
        await ward.run()
        poured = all(re.search(said, told_of(ward.sheet, question, device=name)) for name in wicked)
        fair = poured and "result discarded" not in ward.sheet.out
        if fair or ward.cpu > FAR_TOO_MUCH * len(wicked):
            break
    for name in wicked:
        told = told_of(ward.sheet, question, device=name)
        assert re.search(said, told), (name, told, ward.sheet.sentences(name))
    for name in ("well1", "well2"):
        rows = [row for row in ward.sheet.rows(name) if row["question"] != "clock"]
        assert rows == [], name
    well = await cost_of_well(len(wicked), folder / "well")
    print(f"CPU: {ward.cpu:.2f} s, of well ones {well:.2f} s, {len(wicked)} devices")
    extra = ward.cpu - well
    assert extra / len(wicked) < EACH, f"{extra:.1f} s more for {len(wicked)} devices"


COST_OF_WELL: dict[int, float] = {}


async def cost_of_well(count: int, folder: Path) -> float:
    """CPU seconds of a sweep of so many cameras that are well, beside the two; measured once."""
    if count not in COST_OF_WELL:
        ward = Ward(folder, {f"c{n}": camera(Camera(film())) for n in range(count)})
        COST_OF_WELL[count] = (await ward.run()).cpu
    return COST_OF_WELL[count]


async def test_ff_f2_before_the_answer(tmp_path: Path):
    wicked = {name: camera(before_the_answer(data)) for name, data in MESSAGES.items()}
    await held(tmp_path, wicked, NAMED, "stream")


async def test_ff_f2_while_it_plays(tmp_path: Path):
    wicked = {name: camera(while_playing(data)) for name, data in MESSAGES.items()}
    await held(tmp_path, wicked, NAMED, "stream")


async def test_ff_f2_packets_of_many_units(tmp_path: Path):
    wicked = {name: camera(while_playing(*data)) for name, data in PAYLOADS.items()}
    await held(tmp_path, wicked, NAMED, "stream")


async def test_ff_f2_at_teardown(tmp_path: Path):
    wicked = {name: camera(at_the_end(data)) for name, data in MESSAGES.items()}
    await held(tmp_path, wicked, "^$", "stream")


# ---------------------------------------------------------------- HTTP

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGES = {
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim_102": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "interim_with_fields": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "interim_line_feeds": (b"", b"HTTP/1.1 100 Continue\n\n"),
    "line_ends": (b"", b"\r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"a:\r\n"),
    "one_header": (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "chunks_of_one_byte": (CHUNKED, b"1\r\nx\r\n"),
    "chunk_extension": (CHUNKED + b"1;", b"a=b;"),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"<a>"),
    "after_the_answer": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
}  # fmt: skip


def page_of(first: bytes, then: bytes) -> Handler:
    async def handler(reader: Reader, writer: Writer) -> None:
        await request(reader)
        writer.write(first)
        await pour(writer, then)

    return handler


@contextlib.asynccontextmanager
async def with_a_stream(handler: Handler, name: str, address: str) -> AsyncIterator[Row]:
    """A camera that is well but for its web server, by which its path would be found."""
    async with (
        served(Camera(film()).talk, host=address) as rtsp,
        served(handler, host=address) as web,
    ):
        yield onvif_row(rtsp.port, web.port, id=name, name=name)


async def test_ff_f2_web_servers(tmp_path: Path):
    wicked: dict[str, Device] = {
        name: functools.partial(with_a_stream, page_of(*data)) for name, data in PAGES.items()
    }
    await held(
        tmp_path,
        wicked,
        "too large|larger than|not understood|without end|no such service",
        "stream",
    )


# ---------------------------------------------------------------- UPS


async def test_beside_f2_daemons(tmp_path: Path):
    wicked = {
        "nut_list": serving(nut_row, page_at_once(b"BEGIN LIST VAR cctv\n", b'VAR cctv a "b"\n')),
        "nut_lines": serving(nut_row, page_at_once(b"", b"\n")),
        "nut_line": serving(nut_row, page_at_once(b"VAR cctv ", b"a")),
        "nut_error": serving(nut_row, page_at_once(b"ERR ", b"A")),
        "apcupsd_records": serving(apcupsd_row, page_at_once(b"", b"\0\x01a")),
        "apcupsd_lines": serving(apcupsd_row, page_at_once(b"", b"\0\x08ABC : d\n")),
    }
    await held(tmp_path, wicked, "answer too large", "ups")


def page_at_once(first: bytes, then: bytes) -> Handler:
    async def handler(reader: Reader, writer: Writer) -> None:
        if await reader.read(4096):
            writer.write(first)
            await pour(writer, then)

    return handler


def nut_row(name: str, port: int) -> Row:
    return {"id": name, "name": name, "site": "s", "nut": {"ups": "cctv", "port": port}}


def apcupsd_row(name: str, port: int) -> Row:
    return {"id": name, "name": name, "site": "s", "apcupsd": {"port": port}}


# ---------------------------------------------------------------- UDP

LATE = response(
    tlv(0x30, integer(1) + tlv(0x04, b"x") + tlv(0xA0, integer(7) * 3 + tlv(0x30, b""))),
    {},
)
DATAGRAMS = {
    "late_answers": LATE,
    "garbage": b"0" * 40,
    "large_garbage": b"\x30\x82\xff\xf0" * 2000,
}


@dataclass
class Spraying(asyncio.DatagramProtocol):
    """Sends `data` without end to whoever has sent something last; a turn of the loop between a few."""

    data: bytes
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for task in self.tasks:
            task.cancel()
        self.tasks.add(asyncio.create_task(self.spray(addr)))

    async def spray(self, addr: tuple[str, int]) -> None:
        while True:
            for _ in range(20):
                self.transport.sendto(self.data, addr)
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def spraying(data: bytes, address: str) -> AsyncIterator[int]:
    made = Spraying(data)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: made, local_addr=(address, 0)
    )
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        transport.close()


@contextlib.asynccontextmanager
async def snmp_unit(data: bytes, version: str, name: str, address: str) -> AsyncIterator[Row]:
    async with spraying(data, address) as port:
        snmp = {"port": port, "credential": "view", "version": version}
        yield {"id": name, "name": name, "site": "s", "snmp": snmp}


async def test_ff_f2_snmp(tmp_path: Path):
    units: dict[str, Device] = {
        f"{name}_{version}": functools.partial(snmp_unit, data, version)
        for name, data in DATAGRAMS.items()
        for version in ("1", "2c")
    }
    await held(tmp_path, units, "SNMP [0-9]+ answer too large", "reach")


@contextlib.asynccontextmanager
async def snmp_v3_unit(data: bytes, name: str, address: str) -> AsyncIterator[Row]:
    async with spraying(data, address) as port:
        snmp = {"port": port, "credential": "view", "version": "3"}
        yield {"id": name, "name": name, "site": "s", "snmp": snmp}


# An answer to a message that was never sent: nobody knows the number of a message before it is sent.
ANOTHER = tlv(0x30, integer(3) + tlv(0x30, integer(1) * 4) + tlv(0x04, bytes(40)))


async def test_beside_f2_snmp_v3(tmp_path: Path):
    """By v3 too: the socket of an exchange hears so much, and pysnmp sees none of it."""
    units: dict[str, Device] = {
        name: functools.partial(snmp_v3_unit, data)
        for name, data in (DATAGRAMS | {"messages": ANOTHER}).items()
    }
    await held(tmp_path, units, "UPS not checked: answer too large, not read", "ups")


class ByUdp(Camera):
    """It plays by UDP only, and sends `data` without end, numbered where it is RTP."""

    data: bytes = b""

    async def _send(self, writer: Writer) -> None:
        port = int(self.transports[-1].split("client_port=")[1].split("-")[0])
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol,
            local_addr=(self.source, 0),
            remote_addr=(writer.get_extra_info("peername")[0], port),
        )
        number = 0
        try:
            while not transport.is_closing():
                for _ in range(20):
                    head = rtp(number, number // 10 * 3600)[:12]
                    transport.sendto(head + self.data)
                    number += 1
                await asyncio.sleep(0)
        finally:
            transport.close()


@contextlib.asynccontextmanager
async def by_udp(data: bytes, name: str, address: str) -> AsyncIterator[Row]:
    one = ByUdp(udp_only=True, source=address)
    one.data = data
    async with camera(one)(name, address) as row:
        yield row


async def test_ff_f2_pictures_by_udp(tmp_path: Path):
    payloads = {
        "tiny": b"\x41\0\0",
        "stap_a": units(b"\x41", 400, b"\x18"),
        "large": b"\x41" + bytes(1300),
    }
    wicked: dict[str, Device] = {
        name: functools.partial(by_udp, data) for name, data in payloads.items()
    }
    await held(tmp_path, wicked, NAMED, "stream")
