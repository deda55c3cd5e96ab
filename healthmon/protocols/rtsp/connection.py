"""RTSP 1.0 (RFC 2326) on one connection: requests, replies, and interleaved RTP handed on by index.

Every connection reads into one shared buffer; only an unfinished tail is kept. Redirects are
answers, never followed. What a connection may take in all is bounded, so that a device that floods
us holds no other device's check up.
"""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from healthmon import __version__
from healthmon.protocols import quirks, trace
from healthmon.protocols.errors import (
    ExchangeError,
    ProtocolError,
    ResetError,
    TooLargeError,
    from_os,
)
from healthmon.protocols.flood import Allowance, Turns
from healthmon.protocols.http import digest
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.rtsp import framing
from healthmon.protocols.transport.connector import Connector

STRAY_MESSAGES = 50
ANSWER_BYTES = 2 * framing.HEADER_CAP + framing.BODY_CAP  # up to the answer to one request
ANSWER_STEPS = 20_000
MEDIA_BYTES, MEDIA_BYTES_A_SECOND = 32 * 1024 * 1024, 8 * 1024 * 1024
MEDIA_STEPS, MEDIA_STEPS_A_SECOND = 50_000, 10_000
BYTES_A_STEP = 128  # of those that mean nothing
BLACK_HOLE = "small answers arrive, large ones do not (packet size, MTU, on the way?)"
_SHARED = bytearray(64 * 1024)  # what one turn of the event loop brings holds the others up
_SHARED_VIEW = memoryview(_SHARED)
_STATUS = re.compile(r"RTSP/\d\.\d\s+(\d{3})\b", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")  # some devices end their lines with LF alone
_END_BYTES = 4
DOLLAR = 0x24
_FIRST_WORD = 24
UNMEASURED_SECONDS = 0.3
Interleaved = Callable[[int, bytes | bytearray, int, int], None]
Answer = tuple[int, tuple[tuple[str, str], ...], bytes]


@dataclass(frozen=True, slots=True)
class RtspReply:
    """A reply; `began` and `ended` are wall times (Unix seconds) of the request sent and the reply
    complete.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    began: float
    ended: float

    def header(self, name: str) -> str:
        """The first value of a header, or an empty string."""
        wanted = name.lower()
        for key, value in self.headers:
            if key == wanted:
                return value
        return ""

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        wanted = name.lower()
        return [value for key, value in self.headers if key == wanted]


class RtspConnection(asyncio.BufferedProtocol):
    """One connection, with an allowance for what comes before each answer and another one for media."""

    def __init__(self) -> None:
        self._on_interleaved: Interleaved | None = None
        self.closed: ExchangeError | None = None
        self._transport: asyncio.Transport | None = None
        self._tail = bytearray()
        self._needed = 0
        self._searched = 0
        self._allowance = _before_an_answer()
        self._turns = Turns()
        self._waiting: asyncio.Future[Answer] | None = None
        self._misnumbered: Answer | None = None
        self._counts_wrong = False
        self._sequence = 0
        self._strays = 0
        self._heard = False
        self._received = 0
        self._replies = 0
        self._method = ""
        self._unmeasured: bytearray | None = None

    # ------------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._turns.of(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """The shared buffer: it is emptied before the next read of any connection."""
        del sizehint
        return _SHARED_VIEW

    def buffer_updated(self, nbytes: int) -> None:
        """Walk what has arrived; nothing is checked twice while the message that it belongs to is
        not complete.
        """
        self._received += nbytes
        try:
            data, end = _SHARED, nbytes
            if self._tail:
                self._tail += _SHARED_VIEW[:nbytes]
                data, end = self._tail, len(self._tail)
            if end >= self._needed:
                self._needed = 0
                used = self._taken(data, end)
                self._tail = bytearray(memoryview(data)[used:end])
            self._allowance.read(nbytes)
            self._turns.read(filled=nbytes == len(_SHARED))
        except ExchangeError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        doing = trace_stage(self._waiting)
        self._fail(from_os(exc, doing) if exc else ResetError("connection closed by the device"))

    def _fail(self, error: ExchangeError) -> None:
        self.closed = self.closed or error
        if isinstance(error, ResetError):
            self._accept_misnumbered(self._sequence)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(self.closed)
        if self._transport is None or self._transport.is_closing():
            return
        if isinstance(error, ProtocolError | TooLargeError):
            self._turns.end()  # a session can still be torn down
        else:
            self._transport.abort()

    # ------------------------------------------------------------------ bytes

    def _taken(self, data: bytearray, end: int) -> int:
        if self._unmeasured is not None:
            return self._take_rest(self._unmeasured, data, 0, end)
        return self._walk(data, end)

    def _walk(self, data: bytearray, end: int) -> int:
        at = steps = 0
        left = self._allowance.left()
        while at < end and steps < left:
            used = (self._frame if data[at] == DOLLAR else self._other)(data, at, end)
            if not used:
                break
            at += used
            steps += 1
        self._allowance.spend(steps)
        return at

    def _frame(self, data: bytearray, at: int, end: int) -> int:
        """Take one whole frame at `at` (RFC 2326 10.12); 0 while it is not complete."""
        if at + 4 > end:
            return 0
        size = (data[at + 2] << 8) | data[at + 3]
        if at + 4 + size > end:
            self._needed = 4 + size
            return 0
        if self._on_interleaved is not None:
            self._on_interleaved(data[at + 1], data, at + 4, size)
        return 4 + size

    def _other(self, data: bytearray, at: int, end: int) -> int:
        """Take what is no frame: a run of bytes that mean nothing, or a message."""
        void = framing.blank(data, at, end, nul=self._heard)
        if not void and self._on_interleaved is not None and not framing.begins(data, at, end):
            self._searched = 0
            void = framing.next_frame(data, at, end) - at
        if void:
            self._allowance.spend(void // BYTES_A_STEP)
            return void
        return self._message(data, at, end)

    @staticmethod
    def _take_rest(body: bytearray, data: bytearray, at: int, end: int) -> int:
        """Add what follows the head of a description whose length is not told; how much that is."""
        body += memoryview(data)[at:end]
        if len(body) > framing.BODY_CAP:
            raise TooLargeError("reply body larger than 64 KiB")
        return end - at

    def _message(self, data: bytearray, at: int, end: int) -> int:
        """Take one whole message at `at`; 0 while it is not complete."""
        if not self._heard:
            framing.refuse_other_protocols(bytes(memoryview(data)[at : min(end, at + _FIRST_WORD)]))
        found = _END.search(data, at + self._searched, end)
        if (found.start() if found else end) - at > framing.HEADER_CAP:
            raise TooLargeError("reply header larger than 16 KiB")
        if found is None:
            self._searched = max(0, end - at - _END_BYTES)
            return 0
        head = digest.kept(bytes(memoryview(data)[at : found.start()]))
        line, *rest = re.split(r"\r?\n", head)
        headers = framing.headers(rest)
        stop = found.end() + framing.length(headers)
        if end < stop:
            self._needed, self._searched = stop - at, found.start() - at
            return 0
        self._heard, self._searched = True, 0
        self._handle_reply(line, headers, bytes(memoryview(data)[found.end() : stop]))
        if self._unmeasured is not None:
            stop += self._take_rest(self._unmeasured, data, stop, end)
        return stop - at

    def _handle_reply(self, line: str, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        match = _STATUS.match(line)
        if match is None:
            self._answer_request(line, headers)
            return
        if match[1].startswith("1"):
            self._stray()
            return
        stated = next((value for key, value in headers if key == "cseq"), "")
        answer = int(match[1]), headers, body
        if self._waiting is None or self._waiting.done():
            self._stray()
        elif self._counts_wrong or quirks.cseq_answers(stated, self._sequence):
            self._hand_over(answer)
        else:
            self._stray()
            if quirks.is_misnumbered(stated, self._sequence):
                self._keep_misnumbered(answer)

    def _hand_over(self, answer: Answer) -> None:
        """Hand the answer to whoever waits for it."""
        assert self._waiting is not None  # noqa: S101 - the callers have looked
        if quirks.has_no_length(self._method, answer[0], answer[1]):
            self._unmeasured = bytearray()
        self._waiting.set_result(answer)

    def _keep_misnumbered(self, answer: Answer) -> None:
        """Take `answer` a little later, unless the right one comes before."""
        if self._misnumbered is None:
            self._misnumbered = answer
            later = asyncio.get_running_loop().call_later
            later(quirks.MISNUMBERED_SECONDS, self._accept_misnumbered, self._sequence)

    def _accept_misnumbered(self, sequence: int) -> None:
        waits = self._waiting is not None and not self._waiting.done()
        if waits and self._misnumbered is not None and sequence == self._sequence:
            self._counts_wrong = True
            self._hand_over(self._misnumbered)

    def _answer_request(self, line: str, headers: tuple[tuple[str, str], ...]) -> None:
        """A request of the device: OPTIONS and GET_PARAMETER are answered, the rest (REDIRECT) is
        declined.
        """
        self._stray()
        method = line.split(" ", 1)[0]
        if not re.fullmatch(r"[A-Z_]{1,20}", method):
            behind = " behind an answer; is its Content-Length too small?" if self._replies else ""
            raise ProtocolError(f"not RTSP{behind}")
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
        """Send one request and wait for its reply. Raises the ExchangeError that ended the
        connection.
        """
        if self.closed is not None:
            raise self.closed
        trace.stage(f"answer to {method}")
        if self._on_interleaved is None:
            self._allowance = _before_an_answer()
        self._waiting = asyncio.get_running_loop().create_future()
        began = time.time()
        self.say(method, url, headers)
        status, found, body = await self._answer(method)
        if self._unmeasured is not None:
            body = await self._until_quiet(self._unmeasured)
        reply = RtspReply(status, found, body, began, time.time())
        trace.note("<", functools.partial(_reply_text, status, found, body))
        if trace.keeping():
            self._keep(method, url, headers, reply)
        return reply

    def _keep(
        self, method: str, url: str, headers: tuple[tuple[str, str], ...], reply: RtspReply
    ) -> None:
        """Keep the exchange for a recording; CSeq only where it does not count as it should."""
        transport = self._transport
        port = transport.get_extra_info("peername")[1] if transport is not None else 0
        login = any(name == "Authorization" for name, _ in headers)
        counted = ("cseq", str(self._sequence))
        fields = tuple(one for one in reply.headers if one != counted)
        asked = f"{method} {quirks.target_of(url)[1] if '://' in url else url}"
        trace.keep(
            trace.Exchange("rtsp", port, asked, b"", login, reply.status, fields, reply.body)
        )

    def say(self, method: str, url: str, headers: tuple[tuple[str, str], ...] = ()) -> bool:
        """Send one request, also where its reply will not be read; False when the connection has
        ended.
        """
        assert self._transport is not None  # noqa: S101 - the connection is made before anybody has it
        self._sequence += 1
        self._method, self._misnumbered = method, None
        own = quirks.own_fields(self._sequence, f"healthmon/{__version__}")
        lines = [
            f"{method} {url} RTSP/1.0",
            *(f"{key}: {value}" for key, value in (*own, *headers)),
        ]
        trace.note(">", functools.partial(_request_text, lines))
        if self._transport.is_closing():
            return False
        self._transport.write(digest.raw("\r\n".join(lines) + "\r\n\r\n"))
        return True

    async def _answer(self, method: str) -> Answer:
        """The reply; when it is cut off before all of it has come, say what that looks like."""
        assert self._waiting is not None  # noqa: S101 - set by request
        before = self._received
        try:
            answer = await self._waiting
        except asyncio.CancelledError:
            if method == "DESCRIBE" and self._replies and self._received == before:
                trace.stage(f"answer to {method}: {BLACK_HOLE}")
            elif self._needed and self._tail[:1] != b"$":
                missing = self._needed - len(self._tail)
                rest = f"{missing} more bytes (by its Content-Length)"
                trace.stage(f"{rest} of the answer to {method}")
            raise
        self._replies += 1
        return answer

    async def _until_quiet(self, body: bytearray) -> bytes:
        """A description whose length is not told ends where the device falls silent."""
        before = -1
        while len(body) > before:
            before = len(body)
            await asyncio.sleep(UNMEASURED_SECONDS)
        self._unmeasured = None
        return bytes(body)

    def listen(self, on_interleaved: Interleaved) -> None:
        """From now on `on_interleaved(channel, buffer, index, size)` is called for each frame."""
        self._on_interleaved = on_interleaved
        self._allowance = Allowance(
            MEDIA_BYTES, MEDIA_STEPS, MEDIA_BYTES_A_SECOND, MEDIA_STEPS_A_SECOND
        )

    def close(self) -> None:
        """Drop the connection at once, and who listens, so that both are freed without the
        collector.
        """
        self.closed = self.closed or ResetError("closed by healthmon")
        self._on_interleaved = None
        if self._transport is not None:
            self._transport.abort()


def _before_an_answer() -> Allowance:
    return Allowance(ANSWER_BYTES, ANSWER_STEPS)


def trace_stage(waiting: object) -> str:
    """What a lost connection interrupted, in words."""
    return "waiting for an answer" if waiting is not None else "connecting"


def _request_text(lines: list[str]) -> str:
    return masked("\n".join(lines))


def _reply_text(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> str:
    shown = "\n".join([str(status), *(f"{key}: {value}" for key, value in headers)])
    return masked(shown + "\n" + body.decode("utf-8", "replace"))


def masked(text: str) -> str:
    """`text` without the values of Authorization headers and of response digests."""
    return re.sub(r"(?im)^(authorization|www-authenticate): (\w+).*$", r"\1: \2 ***", text)


def url_of(place: Endpoint, path: str) -> str:
    """The request URL: always the configured host, never user information."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    scheme = "rtsps" if place.tls else "rtsp"
    return f"{scheme}://{host}:{place.port}{path if path.startswith('/') else '/' + path}"


async def connect(connector: Connector, place: Endpoint) -> RtspConnection:
    """Open a connection to `place`. Raises what `Net.connect` raises."""
    trace.stage(f"TCP connection to port {place.port}")
    _, connection = await connector.connect(
        place.host, place.port, RtspConnection, tls=place.tls, server_name=place.server_name
    )
    return connection


async def options(connector: Connector, place: Endpoint, path: str = "*") -> RtspReply:
    """One OPTIONS on a connection of its own: proves that RTSP answers and shows the ``Date``
    header.
    """
    connection = await connect(connector, place)
    try:
        return await connection.request("OPTIONS", "*" if path == "*" else url_of(place, path))
    finally:
        connection.close()


async def answers(connector: Connector, place: Endpoint) -> None:
    """Return where RTSP answers at all; where the device hangs up upon the server's own OPTIONS,
    those of its root are asked. Raises what `connect` raises, SilentError, ResetError, ProtocolError.
    """
    try:
        await options(connector, place)
    except ResetError:
        await options(connector, place, "/")
