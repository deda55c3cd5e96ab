"""One HTTP/1.1 exchange on a connection of its own (RFC 9112): capped while reading, not
redirected, not compressed.

No time-out is set here: the caller puts one absolute deadline around the whole check. h11 parses;
it is fed at most 4 KiB in one turn of the event loop, so that neither a header section nor a lying
``Content-Length`` decides how much memory is used, and chunks of one byte hold nobody else up. A body
without chunks costs it next to nothing: 64 KiB in one turn, so that a long answer comes in whole
while this machine is busy.
"""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import h11

from healthmon.protocols import quirks, trace
from healthmon.protocols.errors import (
    ExchangeError,
    ProtocolError,
    ResetError,
    TlsError,
    TooLargeError,
    from_os,
)
from healthmon.protocols.flood import Allowance, Turns
from healthmon.protocols.http import coding as coding_of_body
from healthmon.protocols.http import digest
from healthmon.protocols.http.trailers import TrailerFilter
from healthmon.protocols.transport.connector import Connector

HEADER_CAP = 16 * 1024
BODY_CAP = 256 * 1024
READ_BYTES = 4 * 1024  # as chunks of one byte they take h11 6 ms
BODY_BYTES = 64 * 1024  # of a body without chunks
USER_AGENT = "healthmon"
GRACE_SECONDS = 0.3
TAIL_BYTES = 128
STEPS, BYTES_A_STEP = 24_000, 128  # pieces of one answer, and as many more as its cap allows for
HEAD_STEPS, CHUNK_STEPS = 1_000, 2

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_LENGTHS = (
    ("conflicting Content-Length", "it announces two lengths that differ (Content-Length)"),
    ("bad Content-Length", "the length that it announces is no number (Content-Length)"),
)
_QUOTED = re.compile(r"\(?\bb(?:ytearray\(b)?['\"]")

# One read buffer for all connections: get_buffer, recv and buffer_updated run in one step of the
# event loop, so no two connections ever share it at the same time. It spares asyncio's 256 KiB
# allocation per read.
_BUFFER = memoryview(bytearray(BODY_BYTES))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A configured host and port; `tls` None means plain TCP. `server_name` is the name its
    certificate must carry.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None

    @property
    def authority(self) -> str:
        """``host:port`` as in a Host field; the port is left out where it is the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.tls else 80) else f"{name}:{self.port}"

    @property
    def origin(self) -> str:
        """``scheme://host:port``, without a path."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `began` and `ended` are Unix seconds of our clock: request sent, and first byte
    of the answer.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    began: float
    ended: float

    def header(self, name: str) -> str | None:
        """The first field called `name` (any case), or None."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Every field called `name` (any case), in the order received."""
        wanted = name.lower()
        return [value for key, value in self.headers if key == wanted]


Enough = Callable[[bytes], bool]


def status_alone(_tail: bytes) -> bool:
    """For requests of which only the status matters: enough without any of the body."""
    return True


class Exchange(asyncio.BufferedProtocol):
    """One connection: writes a request and reads its reply; `reply` ends with it or with a
    ExchangeError.

    `enough` says by the end of the body that has come whether that will do. Nothing that is wrong
    with the rest matters then, and it is waited for `GRACE_SECONDS` at most.
    """

    def __init__(self, cap: int, *, enough: Enough | None = None) -> None:
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_CAP)
        self.began = self.ended = 0.0
        self.spoiled = False
        self._cap = cap
        self._enough = enough
        self._settling: asyncio.TimerHandle | None = None
        self._allowance = _allowance(cap)
        self._body: list[bytes] = []
        self._size = 0
        self._head: h11.Response | None = None
        self._trailers: TrailerFilter | None = None
        self._lines = bytearray()
        self._asked = self._interim = False
        self._transport: asyncio.BaseTransport | None = None
        self._turns = Turns()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport
        self._turns.of(transport)

    def send(self, transport: asyncio.Transport, request: h11.Request, body: bytes) -> None:
        """Write the whole request; `began` is taken just before.

        What has come before it is read as the beginning of the answer.
        """
        parts = [
            self.http.send(request),
            self.http.send(h11.Data(body)) if body else b"",
            self.http.send(h11.EndOfMessage()),
        ]
        self.began = time.time()
        transport.write(b"".join(part for part in parts if part))
        self._asked = True
        if self._lines and not self.reply.done():
            self._feed(b"")

    def again(self, cap: int, enough: Enough | None = None) -> bool:
        """Make ready for one more reply on this connection; False where it cannot carry one.

        Bytes that nobody asked for spoil a connection: they could pass for the next answer.
        """
        if self.spoiled or self.http.trailing_data[0]:
            return False
        try:
            self.http.start_next_cycle()
        except h11.ProtocolError:
            return False
        self.reply = asyncio.get_running_loop().create_future()
        self._cap, self._body, self._size, self._head = cap, [], 0, None
        self._enough = enough
        self._allowance = _allowance(cap)
        self._asked = self._interim = False
        return True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where asyncio reads to."""
        return _BUFFER[: self._most]

    def buffer_updated(self, nbytes: int) -> None:
        """Take `nbytes` of the reply."""
        if self.reply.done():
            self.spoiled = True
            if self._transport is not None:
                self._transport.close()  # what comes unasked may be endless
            return
        filled = nbytes == self._most
        self._feed(bytes(_BUFFER[:nbytes]))
        self._turns.read(filled=filled)

    @property
    def _most(self) -> int:
        """How many bytes one read may bring."""
        plain = self._head is not None and self._trailers is None
        return BODY_BYTES if plain else READ_BYTES

    def _feed(self, data: bytes) -> None:
        """Read `data`, the next of the reply; without any, what has come too early."""
        try:
            if self.untouched or self._interim:
                self.ended, self._interim = time.time(), False
            if self.untouched:
                _refuse_other_protocols(data)
            self._allowance.read(len(data))
            self._parse(data)
        except ExchangeError as error:
            if not self._settle():
                self.reply.set_exception(error)

    @property
    def untouched(self) -> bool:
        """Whether not a byte of the awaited reply has come."""
        return not self._allowance.received

    def eof_received(self) -> None:
        """The device says no more."""
        self.spoiled = True
        self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. Nobody awaits the reply where it was given up while it was made."""
        self.spoiled = True
        self._finish(exc)
        if self.reply.done() and not self.reply.cancelled():
            self.reply.exception()

    def rest(self) -> str:
        """What has not come of the reply, in words; empty while there is no head."""
        if self._head is None:
            return ""
        told = next((int(v) for name, v in self._head.headers if name == b"content-length"), None)
        if told is None:
            return "the end"
        return f"{told - self._size} more bytes (by its Content-Length)"

    def _settle(self) -> bool:
        """Be content with what has come where that is enough; whether there is a reply now."""
        self._settling = None
        if not self.reply.done() and self._head is not None and self._is_enough():
            self._answer(self._head)
        return self.reply.done()

    def _is_enough(self) -> bool:
        return self._enough is not None and self._enough(b"".join(self._body[-4:])[-TAIL_BYTES:])

    def _settle_soon(self) -> None:
        """Wait a little for the rest of what is enough already."""
        if self._settling is None:
            later = asyncio.get_running_loop().call_later
            self._settling = later(GRACE_SECONDS, self._settle)

    def _finish(self, error: Exception | None) -> None:
        if self.reply.done():
            return
        if error is not None and self._settle():
            return
        if error is not None or self.untouched:
            self.reply.set_exception(from_os(error or EOFError(), "HTTP"))
            return
        try:
            self._parse(None)
        except ExchangeError as broken:
            if not self._settle():
                self.reply.set_exception(broken)
        if not self._settle():
            self.reply.set_exception(
                ResetError("HTTP: connection closed in the middle of the answer")
            )

    def _parse(self, data: bytes | None) -> None:
        """Give the parser `data`, None for the end of the connection."""
        try:
            for part in self._mended(data):
                self.http.receive_data(part)
                self._read_events()
        except h11.RemoteProtocolError as error:
            if data is None:
                raise ResetError("HTTP: connection closed in the middle of the answer") from None
            raise ProtocolError(f"HTTP answer not understood: {parser_words(error)}") from None

    def _mended(self, data: bytes | None) -> Iterator[bytes]:
        """The heads that have come as a whole, without the lines that are no fields, then the
        body.
        """
        self._lines += data or b""
        if not self._asked and data is not None:
            return  # h11 takes no answer to a request that it has not sent
        yield from self._heads()
        if data is None or self._head is not None or len(self._lines) > HEADER_CAP:
            rest = bytes(self._lines)
            self._lines.clear()
            if self._trailers is not None:
                rest = self._trailers.passed(rest)
            if rest:
                yield rest
        if data is None:
            yield b""

    def _heads(self) -> Iterator[bytes]:
        """Every whole head, mended: an interim answer has one too."""
        if self._head is None:
            del self._lines[: _blanks(self._lines)]
        while self._head is None and (end := _END_OF_HEAD.search(self._lines)):
            head = bytes(self._lines[: end.end()])
            del self._lines[: end.end()]
            self._allowance.spend(HEAD_STEPS)
            yield quirks.named_fields(head)

    def _read_events(self) -> None:
        while not self.reply.done():
            event = self.http.next_event()
            if (
                event is h11.NEED_DATA
                or event is h11.PAUSED
                or isinstance(event, h11.ConnectionClosed)
            ):
                return
            self._handle_event(event)

    def _handle_event(self, event: object) -> None:
        if isinstance(event, h11.InformationalResponse):
            self._interim, self.ended = True, time.time()
        elif isinstance(event, h11.Response):
            self._take_head(event)
        elif isinstance(event, h11.Data):
            self._take_data(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and self._head is not None:
            self._take_end(self._head)

    def _take_head(self, head: h11.Response) -> None:
        self._head = head
        self._trailers = TrailerFilter() if _is_chunked(head) else None
        if self._is_enough():
            self._settle_soon()
        else:
            _refuse_coding(head, self._cap)

    def _take_data(self, data: bytes) -> None:
        self._size += len(data)
        self._allowance.spend(CHUNK_STEPS)
        if self._size > self._cap:
            raise TooLargeError(f"HTTP answer larger than {self._cap // 1024} KiB, not read")
        self._body.append(data)
        if self._is_enough():
            self._settle_soon()

    def _take_end(self, head: h11.Response) -> None:
        """The end by the announced length; where more has come and is needed, it belongs to it."""
        if self._enough is not None and not self._is_enough():
            self._body.append(self.http.trailing_data[0])
        self._answer(head)

    def _answer(self, head: h11.Response) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        headers = tuple(_field(name, value) for name, value in head.headers)
        coding = next((value for name, value in headers if name == "content-encoding"), "")
        body = b"".join(self._body)
        try:
            if coding and self._enough is not status_alone:
                body = coding_of_body.decoded(coding, body, self._cap)
        except ExchangeError as error:
            self.reply.set_exception(error)
            return
        self.reply.set_result(Reply(head.status_code, headers, body, self.began, self.ended))


def _blanks(lines: bytearray) -> int:
    """How many bytes of empty lines stand before the status line (RFC 9112 2.2)."""
    return len(lines) - len(lines.lstrip(b"\r\n"))


def _allowance(cap: int) -> Allowance:
    """For an answer of `cap` bytes with its heads."""
    return Allowance(cap + 4 * HEADER_CAP, STEPS + cap // BYTES_A_STEP)


def _field(name: bytes, value: bytes) -> tuple[str, str]:
    """A header field; those of the login keep every byte, because their answers are made of them."""
    login = name in {b"www-authenticate", b"authentication-info"}
    return name.decode("ascii"), digest.kept(value) if login else value.decode("latin-1")


def parser_words(error: Exception) -> str:
    """What h11 says in words, without the bytes that it quotes as Python writes them."""
    for mark, words in _LENGTHS:
        if mark in str(error):
            return words
    return _QUOTED.split(str(error), maxsplit=1)[0].strip(" :'\"")[:80]


def _refuse_other_protocols(first: bytes) -> None:
    """Name the protocol where another one answers: TLS (RFC 8446 section 5.1), RTSP, SSH; do not
    wait for garbage.
    """
    if first[:1] in {b"\x15", b"\x16"} and first[1:2] == b"\x03":
        raise ProtocolError("HTTP: the port speaks TLS (set tls: yes for it)")
    if first.startswith(b"RTSP/"):
        raise ProtocolError("HTTP: the port speaks RTSP")
    if first.startswith(b"SSH-"):
        raise ProtocolError("HTTP: the port speaks SSH")
    start = first.lstrip(b"\r\n")[:5]
    if not b"HTTP/".startswith(start.upper()):
        raise ProtocolError("the answer is no HTTP")


def _is_chunked(head: h11.Response) -> bool:
    return any(name == b"transfer-encoding" for name, _ in head.headers)


def _refuse_coding(head: h11.Response, cap: int) -> None:
    """Refuse an oversized body, or one of an unknown coding, before a byte of it is read."""
    for name, value in head.headers:
        if name == b"content-encoding":
            quirks.unasked_coding(value.decode("latin-1"))
        if name == b"content-length" and int(value) > cap:
            raise TooLargeError(f"HTTP answer announces more than {cap // 1024} KiB, not read")


def build_request(
    place: Endpoint,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    keep: bool = False,
) -> h11.Request:
    """The request head; with `keep` the connection may stay open. Raises ProtocolError for bad
    characters.
    """
    fields = [
        ("Host", place.authority),
        ("User-Agent", USER_AGENT),
        ("Accept-Encoding", "identity"),
    ]
    fields += [*([] if keep else [("Connection", "close")]), *headers]
    if body or method == "POST":
        fields.append(("Content-Length", str(len(body))))
    try:
        encoded = [
            (
                name.encode("ascii"),
                digest.raw(value) if name == "Authorization" else value.encode("ascii"),
            )
            for name, value in fields
        ]
        return h11.Request(method=method, target=path, headers=encoded)
    except (h11.LocalProtocolError, UnicodeError):
        raise ProtocolError(
            "HTTP: path or header field holds characters that may not be sent"
        ) from None


async def open_exchange(
    connector: Connector, place: Endpoint, cap: int, *, enough: Enough | None = None
) -> tuple[asyncio.Transport, Exchange]:
    """A connection to `place`, ready for one request. Raises what `Net.connect` raises."""
    trace.stage(f"TCP connection to HTTP port {place.port}")
    try:
        return await connector.connect(
            place.host,
            place.port,
            lambda: Exchange(cap, enough=enough),
            tls=place.tls,
            server_name=place.server_name,
        )
    except TlsError as error:
        if "wrong version number" in str(error) or "record layer failure" in str(error):
            raise TlsError(
                f"TCP port {place.port}: the port does not speak TLS (set tls: no for it)"
            ) from None
        raise


async def exchange(
    connector: Connector,
    place: Endpoint,
    method: str,
    path: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    cap: int = BODY_CAP,
    enough: Enough | None = None,
) -> Reply:
    """Send one request to `place` and read its reply of at most `cap` bytes; the connection is
    closed afterwards.

    A 3xx reply is returned like any other and never followed. With `status_alone` as `enough` a body
    that is too large, compressed, broken or slow is cut short and is no error. Raises ExchangeError: ProtocolError
    for what is not HTTP (naming TLS, RTSP or SSH where that answers), TooLargeError, ResetError,
    and whatever `Net.connect` raises.
    """
    request = build_request(place, method, path, headers, body)
    transport, peer = await open_exchange(connector, place, cap, enough=enough)
    try:
        trace.note(">", f"{method} {path} HTTP/1.1 to port {place.port}, {len(body)} bytes")
        peer.send(transport, request, body)
        reply = await awaited(peer, f"answer to HTTP {method} {path.partition('?')[0]}")
    finally:
        transport.abort()
        peer.reply.cancel()
    keep_for_recording(place, request, body, reply)
    size = len(reply.body)  # the body is not kept for a note
    trace.note("<", functools.partial(_reply_text, reply.status, size, reply.headers))
    return reply


def keep_for_recording(place: Endpoint, request: h11.Request, body: bytes, reply: Reply) -> None:
    """Keep the exchange where the running check is recorded."""
    if not trace.keeping():
        return
    by_header = any(name == b"authorization" for name, _ in request.headers)
    trace.keep(
        trace.Exchange(
            "http",
            place.port,
            f"{request.method.decode()} {request.target.decode()}",
            body,
            by_header or b"UsernameToken" in body,
            reply.status,
            reply.headers,
            reply.body,
        )
    )


async def awaited(peer: Exchange, doing: str) -> Reply:
    """The reply; when it is cut off behind its head, say what of it has not come. Raises
    ExchangeError.
    """
    trace.stage(doing)
    try:
        return await peer.reply
    except asyncio.CancelledError:
        if rest := peer.rest():
            trace.stage(f"{rest} of the {doing}")
        raise


def _reply_text(status: int, size: int, headers: tuple[tuple[str, str], ...]) -> str:
    shown = ("date", "server", "content-type", "location", "www-authenticate")
    told = [f"{name}: {value}" for name, value in headers if name in shown]
    return f"HTTP {status}, {size} bytes, " + "; ".join(told)
