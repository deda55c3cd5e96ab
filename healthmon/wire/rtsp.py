"""RTSP 1.0 (RFC 2326) on one connection: requests, replies, and interleaved RTP handed on by index.

Every connection reads into one shared buffer; only an unfinished tail is kept. Redirects are answers, never followed.
What a connection may take in all is bounded, so that a device that floods us holds no other device's check up.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from healthmon import __version__
from healthmon.wire import rtsp_head, trace
from healthmon.wire.errors import ProtocolError, ResetError, TooLargeError, WireError, from_os
from healthmon.wire.http import Place
from healthmon.wire.net import Net

STRAY_MESSAGES = 50
MOST_BYTES = 64 * 1024 * 1024
MOST_FRAMES = 200_000  # 40 Mbit/s for a minute
BLACK_HOLE = "small answers arrive, large ones do not (packet size, MTU, on the way?)"
_SHARED = bytearray(256 * 1024)
_SHARED_VIEW = memoryview(_SHARED)
_STATUS = re.compile(r"RTSP/\d\.\d\s+(\d{3})\b")
_END = re.compile(rb"\r?\n\r?\n")  # some devices end their lines with LF alone
_FIRST_WORD = 24
Interleaved = Callable[[int, bytes | bytearray, int, int], None]


@dataclass(frozen=True, slots=True)
class RtspReply:
    """A reply; `began` and `ended` are wall times (Unix seconds) of the request sent and the reply complete."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    began: float
    ended: float

    def header(self, name: str) -> str:
        """The first value of a header, or an empty string."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name.lower()]


class RtspConnection(asyncio.BufferedProtocol):
    """One connection. `on_interleaved(channel, buffer, index, size)` is called for each ``$`` frame."""

    def __init__(self) -> None:
        self.on_interleaved: Interleaved | None = None
        self.closed: WireError | None = None
        self._transport: asyncio.Transport | None = None
        self._tail = bytearray()
        self._needed = 0
        self._frames = 0
        self._waiting: asyncio.Future[tuple[int, tuple[tuple[str, str], ...], bytes]] | None = None
        self._sequence = 0
        self._strays = 0
        self._heard = False
        self._received = 0
        self._replies = 0

    # ------------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """The shared buffer: it is emptied before the next read of any connection."""
        del sizehint
        return _SHARED_VIEW

    def buffer_updated(self, nbytes: int) -> None:
        """Walk what has arrived; nothing is looked at twice while the message that it belongs to is not complete."""
        self._received += nbytes
        try:
            data, end = _SHARED, nbytes
            if self._tail:
                self._tail += _SHARED_VIEW[:nbytes]
                data, end = self._tail, len(self._tail)
            if end >= self._needed:
                self._needed = 0
                used = self._walk(data, end)
                self._tail = bytearray(memoryview(data)[used:end])
            if self._received > MOST_BYTES or self._frames > MOST_FRAMES:
                raise TooLargeError("it sends without end")
        except WireError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        doing = trace_stage(self._waiting)
        self._fail(from_os(exc, doing) if exc else ResetError("connection closed by the device"))

    def _fail(self, error: WireError) -> None:
        self.closed = self.closed or error
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(self.closed)
        if self._transport is None or self._transport.is_closing():
            return
        if isinstance(error, ProtocolError | TooLargeError):
            self._transport.pause_reading()  # a session can still be torn down
        else:
            self._transport.abort()

    # ------------------------------------------------------------------ bytes

    def _walk(self, data: bytearray, end: int) -> int:
        at = frames = 0
        while at < end:
            first = data[at]
            if first == 0x24:
                if at + 4 > end:
                    break
                size = (data[at + 2] << 8) | data[at + 3]
                if at + 4 + size > end:
                    self._needed = 4 + size
                    break
                if self.on_interleaved is not None:
                    self.on_interleaved(data[at + 1], data, at + 4, size)
                at += 4 + size
                frames += 1
            elif first in b"\r\n":
                at += 1
            elif self.on_interleaved is not None and not rtsp_head.begins(data, at, end):
                at = rtsp_head.next_frame(data, at, end)
            else:
                used = self._message(data, at, end)
                if not used:
                    break
                at += used
        self._frames += frames
        return at

    def _message(self, data: bytearray, at: int, end: int) -> int:
        """Take one whole message at `at`; 0 while it is not complete."""
        if not self._heard:
            rtsp_head.refuse_other_protocols(
                bytes(memoryview(data)[at : min(end, at + _FIRST_WORD)])
            )
        found = _END.search(data, at, end)
        if (found.start() if found else end) - at > rtsp_head.HEADER_CAP:
            raise TooLargeError("reply header larger than 16 KiB")
        if found is None:
            return 0
        self._heard = True
        head = bytes(memoryview(data)[at : found.start()]).decode("utf-8", "replace")
        line, *rest = re.split(r"\r?\n", head)
        headers = rtsp_head.headers(rest)
        stop = found.end() + rtsp_head.length(headers)
        if end < stop:
            self._needed = stop - at
            return 0
        self._take(line, headers, bytes(memoryview(data)[found.end() : stop]))
        return stop - at

    def _take(self, line: str, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        match = _STATUS.match(line)
        if match is None:
            self._answer_request(line, headers)
            return
        if match[1] == "100":
            return
        sequence = next(
            (value.lstrip("0") or value[:1] for key, value in headers if key == "cseq"), ""
        )
        if (
            self._waiting is None
            or self._waiting.done()
            or sequence not in ("", str(self._sequence))
        ):
            self._stray()
            return
        self._waiting.set_result((int(match[1]), headers, body))

    def _answer_request(self, line: str, headers: tuple[tuple[str, str], ...]) -> None:
        """A request of the device: OPTIONS and GET_PARAMETER are answered, the rest (REDIRECT) is declined."""
        self._stray()
        method = line.split(" ", 1)[0]
        if not re.fullmatch(r"[A-Z_]{1,20}", method):
            raise ProtocolError("not RTSP")
        sequence = next((value for key, value in headers if key == "cseq"), "0")
        answer = (
            "200 OK"
            if method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
            else "501 Not Implemented"
        )
        if self._transport is not None and sequence.isdigit():
            self._transport.write(f"RTSP/1.0 {answer}\r\nCSeq: {sequence}\r\n\r\n".encode())

    def _stray(self) -> None:
        self._strays += 1
        if self._strays > STRAY_MESSAGES:
            raise ProtocolError("too many messages that answer nothing")

    # ------------------------------------------------------------------ our side

    @property
    def local_address(self) -> str:
        """Our own address on this connection."""
        assert self._transport is not None  # noqa: S101 - only asked while connected
        return str(self._transport.get_extra_info("sockname")[0])

    async def request(
        self, method: str, url: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> RtspReply:
        """Send one request and wait for its reply. Raises the WireError that ended the connection."""
        if self.closed is not None:
            raise self.closed
        trace.stage(f"answer to {method}")
        self._waiting = asyncio.get_running_loop().create_future()
        began = time.time()
        self.say(method, url, headers)
        status, found, body = await self._answer(method)
        reply = RtspReply(status, found, body, began, time.time())
        if trace.explaining():
            shown = "\n".join([str(status), *(f"{key}: {value}" for key, value in found)])
            trace.note("<", masked(shown + "\n" + body.decode("utf-8", "replace")))
        return reply

    def say(self, method: str, url: str, headers: tuple[tuple[str, str], ...] = ()) -> bool:
        """Send one request, also where its reply will not be read; False when the connection has ended."""
        assert self._transport is not None  # noqa: S101 - the connection is made before anybody has it
        self._sequence += 1
        own = (("CSeq", str(self._sequence)), ("User-Agent", f"healthmon/{__version__}"))
        lines = [
            f"{method} {url} RTSP/1.0",
            *(f"{key}: {value}" for key, value in (*own, *headers)),
        ]
        if trace.explaining():
            trace.note(">", masked("\n".join(lines)))
        if self._transport.is_closing():
            return False
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return True

    async def _answer(self, method: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """The reply; when it is cut off before a byte of a large one came, say what that looks like."""
        assert self._waiting is not None  # noqa: S101 - set by request
        before = self._received
        try:
            answer = await self._waiting
        except asyncio.CancelledError:
            if method == "DESCRIBE" and self._replies and self._received == before:
                trace.stage(f"answer to {method}: {BLACK_HOLE}")
            raise
        self._replies += 1
        return answer

    def close(self) -> None:
        """Drop the connection at once, and who listens, so that both are freed without the collector."""
        self.closed = self.closed or ResetError("closed by healthmon")
        self.on_interleaved = None
        if self._transport is not None:
            self._transport.abort()


def trace_stage(waiting: object) -> str:
    """What a lost connection interrupted, in words."""
    return "waiting for an answer" if waiting is not None else "connecting"


def masked(text: str) -> str:
    """`text` without the values of Authorization headers and of response digests."""
    return re.sub(r"(?im)^(authorization|www-authenticate): (\w+).*$", r"\1: \2 ***", text)


def url_of(place: Place, path: str) -> str:
    """The request URL: always the configured host, never user information."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    scheme = "rtsps" if place.tls else "rtsp"
    return f"{scheme}://{host}:{place.port}{path if path.startswith('/') else '/' + path}"


async def connect(net: Net, place: Place) -> RtspConnection:
    """Open a connection to `place`. Raises what `Net.connect` raises."""
    trace.stage(f"TCP connection to port {place.port}")
    _, connection = await net.connect(
        place.host, place.port, RtspConnection, tls=place.tls, server_name=place.server_name
    )
    return connection


async def options(net: Net, place: Place, path: str = "*") -> RtspReply:
    """One OPTIONS on a connection of its own: proves that RTSP answers and shows the ``Date`` header."""
    connection = await connect(net, place)
    try:
        return await connection.request("OPTIONS", "*" if path == "*" else url_of(place, path))
    finally:
        connection.close()
