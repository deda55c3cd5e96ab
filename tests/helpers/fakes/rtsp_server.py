"""A camera whose every answer a test scripts: RTSP over one TCP connection with interleaved RTP."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from helpers.loopback import request, served

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
)
Packet = tuple[int, bytes]


def rtp(sequence: int, stamp: int, *, ssrc: int = 7, key: bool = False) -> bytes:
    """One H.264 RTP packet: an IDR slice (whose bytes change with `stamp`) or an ordinary one."""
    head = struct.pack(">BBHII", 0x80, 96, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
    return head + bytes((0x65 if key else 0x41,)) + stamp.to_bytes(8, "big") + bytes(40)


def pictures(count: int = 400, *, keys: int = 10, step: int = 3600) -> list[Packet]:
    """`count` pictures at 25/s of media time on channel 0, a key frame every `keys` (0: never)."""
    return [(0, rtp(n, n * step, key=bool(keys) and n % keys == 0)) for n in range(count)]


def rendered(status: str, fields: list[str], body: bytes, end: str = "\r\n") -> bytes:
    """A reply whose lines end in `end`."""
    return end.join([f"RTSP/1.0 {status}", *fields, "", ""]).encode() + body


@dataclass
class Camera:
    """What the camera answers. `packets` of a channel below 0 are sent without a frame's head.
    `statuses` by method; `path` the only one known; `reply` replaces all answers. One that `hangs_up`
    ends the connection behind its last packet.
    """

    packets: Iterable[Packet] = field(default_factory=pictures)
    sdp: str = SDP
    statuses: dict[str, str] = field(default_factory=dict)
    path: str | None = None
    delay: float = 0.0
    every: float = 0.04
    before: Callable[[asyncio.StreamWriter, str], None] = lambda _writer, _sequence: None
    raw: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
    login: bool = False
    udp_only: bool = False
    methods: list[str] = field(default_factory=list)
    transports: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    lockout_guard: int = 0
    render: Callable[[str, str, list[str], bytes], bytes] = lambda status, cseq, fields, body: (
        rendered(status, [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *fields], body)
    )
    refuse: Callable[[str, str, dict[str, str]], list[str] | None] = lambda _method, _url, _told: (
        None
    )
    answer_transport: Callable[[str], str] = lambda asked: asked
    hang_up_on: str = ""
    hangs_up: bool = False
    more: list[str] = field(default_factory=list)
    source: str = "127.0.0.1"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        sending: asyncio.Task[None] | None = None
        try:
            while True:
                line, told, _ = await request(reader)
                if line.startswith("RTSP/"):
                    self.answers.append(line)
                    continue
                method, url, _ = line.split(" ", 2)
                self.methods.append(method)
                self.paths.append("/" + url.split("/", 3)[3] if url != "*" else url)
                if self.raw is not None:
                    await self.raw(writer)
                    return
                await asyncio.sleep(self.delay)
                self.before(writer, told["cseq"])
                refusal = self.refuse(method, url, told)
                status, fields, body = (
                    ("401 Unauthorized", refusal, b"")
                    if refusal is not None
                    else self._answer(method, told)
                )
                writer.write(self.render(status, told["cseq"], [*fields, *self.more], body))
                if self.hang_up_on and status.startswith(self.hang_up_on):
                    return
                if method == "PLAY" and status.startswith("200"):
                    sending = asyncio.create_task(self._send(writer))
        finally:
            if sending is not None:
                sending.cancel()

    def _answer(self, method: str, told: dict[str, str]) -> tuple[str, list[str], bytes]:
        self.lockout_guard += "authorization" in told
        if self.login:
            return (
                "401 Unauthorized",
                [f'WWW-Authenticate: Digest realm="r", nonce="{len(self.methods)}"'],
                b"",
            )
        if method in self.statuses:
            return self.statuses[method], [], b""
        if self.path is not None and not self.paths[-1].startswith(self.path):
            return "404 Not Found", [], b""
        if method == "DESCRIBE":
            return "200 OK", ["Content-Type: application/sdp"], self.sdp.encode()
        if method == "SETUP":
            self.transports.append(told["transport"])
            if self.udp_only and "TCP" in told["transport"]:
                return "461 Unsupported Transport", [], b""
            if status := self.statuses.get(
                "SETUP udp" if "client_port" in told["transport"] else "SETUP tcp"
            ):
                return status, [], b""
            return (
                "200 OK",
                [
                    "Session: 42;timeout=60",
                    f"Transport: {self.answer_transport(told['transport'])}",
                ],
                b"",
            )
        return "200 OK", ["Session: 42"], b""

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        udp = "client_port=" in self.transports[-1]
        with contextlib.ExitStack() as stack:
            transport: asyncio.DatagramTransport | None = None
            if udp:
                port = int(self.transports[-1].split("client_port=")[1].split("-")[0])
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol,
                    local_addr=(self.source, 0),
                    remote_addr=("127.0.0.1", port),
                )
                stack.callback(transport.close)
            for channel, data in self.packets:
                if transport is not None:
                    transport.sendto(data)
                else:
                    head = struct.pack(">BBH", 0x24, channel, len(data)) if channel >= 0 else b""
                    writer.write(head + data)
                await asyncio.sleep(self.every)
            if self.hangs_up:
                writer.close()


@contextlib.asynccontextmanager
async def serving(camera: Camera) -> AsyncIterator[int]:
    """The port on which `camera` answers."""
    async with served(camera.talk) as server:
        yield server.port
