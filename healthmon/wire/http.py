"""One HTTP/1.1 exchange on a connection of its own (RFC 9112): capped while reading, not redirected, not compressed.

No time-out is set here: the caller puts one absolute deadline around the whole look. h11 parses; it is fed at most
16 KiB at a time, so that neither a header section nor a lying ``Content-Length`` decides how much memory is used.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass

import h11

from healthmon.wire import trace
from healthmon.wire.errors import (
    ProtocolError,
    ResetError,
    TlsError,
    TooLargeError,
    WireError,
    from_os,
)
from healthmon.wire.net import Net

HEADER_CAP = 16 * 1024
BODY_CAP = 256 * 1024
USER_AGENT = "healthmon"
STATUS_GRACE_SECONDS = 1.0

# One read buffer for all connections: get_buffer, recv and buffer_updated run in one step of the event loop, so no
# two connections ever share it at the same time. It spares asyncio's 256 KiB allocation per read.
_BUFFER = memoryview(bytearray(HEADER_CAP))


@dataclass(frozen=True, slots=True)
class Place:
    """A configured host and port; `tls` None means plain TCP. `server_name` is the name its certificate must carry."""

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
    """One answer. `began` and `ended` are Unix seconds of our clock: request sent, and first byte of the answer."""

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


class Exchange(asyncio.BufferedProtocol):
    """One connection: writes a request and reads its reply; `reply` ends with it or with a WireError.

    With `status_only` nothing that is wrong with the body matters once the status is known: the reply then holds
    as much of the body as came in a second.
    """

    def __init__(self, cap: int, *, status_only: bool = False) -> None:
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_CAP)
        self.began = self.ended = 0.0
        self.spoiled = False
        self._cap = cap
        self._status_only = status_only
        self._received = 0
        self._body: list[bytes] = []
        self._size = 0
        self._head: h11.Response | None = None

    def send(self, transport: asyncio.Transport, request: h11.Request, body: bytes) -> None:
        """Write the whole request; `began` is taken just before."""
        parts = [
            self.http.send(request),
            self.http.send(h11.Data(body)) if body else b"",
            self.http.send(h11.EndOfMessage()),
        ]
        self.began = time.time()
        transport.write(b"".join(part for part in parts if part))

    def again(self, cap: int) -> bool:
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
        self._cap, self._received, self._body, self._size, self._head = cap, 0, [], 0, None
        return True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where asyncio reads to."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Take `nbytes` of the reply."""
        if self.reply.done():
            self.spoiled = True
            return
        data = bytes(_BUFFER[:nbytes])
        try:
            if not self._received:
                self.ended = time.time()
                _refuse_other_protocols(data)
            self._received += nbytes
            if self._received > self._cap + 4 * HEADER_CAP:
                raise TooLargeError(f"HTTP answer larger than {self._cap // 1024} KiB, not read")
            self._feed(data)
        except WireError as error:
            if not self._settle():
                self.reply.set_exception(error)

    @property
    def untouched(self) -> bool:
        """Whether not a byte of the awaited reply has come."""
        return not self._received

    def eof_received(self) -> None:
        """The device says no more."""
        self.spoiled = True
        self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.spoiled = True
        self._finish(exc)

    def _settle(self) -> bool:
        """Be content with the status where that is enough; whether there is a reply now."""
        if not self.reply.done() and self._status_only and self._head is not None:
            self._answer(self._head)
        return self.reply.done()

    def _finish(self, error: Exception | None) -> None:
        if self.reply.done():
            return
        if error is not None and self._settle():
            return
        if error is not None or not self._received:
            self.reply.set_exception(from_os(error or EOFError(), "HTTP"))
            return
        try:
            self._feed(b"")
        except WireError as broken:
            if not self._settle():
                self.reply.set_exception(broken)
        if not self._settle():
            self.reply.set_exception(
                ResetError("HTTP: connection closed in the middle of the answer")
            )

    def _feed(self, data: bytes) -> None:
        try:
            self.http.receive_data(data)
            while not self.reply.done():
                event = self.http.next_event()
                if (
                    event is h11.NEED_DATA
                    or event is h11.PAUSED
                    or isinstance(event, h11.ConnectionClosed)
                ):
                    return
                self._take(event)
        except h11.RemoteProtocolError as error:
            if not data:
                raise ResetError("HTTP: connection closed in the middle of the answer") from None
            raise ProtocolError(f"HTTP answer not understood: {str(error)[:80]}") from None

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Response):
            self._head = event
            if self._status_only:
                asyncio.get_running_loop().call_later(STATUS_GRACE_SECONDS, self._settle)
            else:
                _refuse_coding(event, self._cap)
        elif isinstance(event, h11.Data):
            self._size += len(event.data)
            if self._size > self._cap:
                raise TooLargeError(f"HTTP answer larger than {self._cap // 1024} KiB, not read")
            self._body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and self._head is not None:
            self._answer(self._head)

    def _answer(self, head: h11.Response) -> None:
        headers = tuple((k.decode("ascii"), v.decode("latin-1")) for k, v in head.headers)
        self.reply.set_result(
            Reply(head.status_code, headers, b"".join(self._body), self.began, self.ended)
        )


def _refuse_other_protocols(first: bytes) -> None:
    """Name the protocol where another one answers: TLS (RFC 8446 section 5.1), RTSP, SSH; do not wait for garbage."""
    if first[:1] in {b"\x15", b"\x16"} and first[1:2] == b"\x03":
        raise ProtocolError("HTTP: the port speaks TLS (set tls: yes for it)")
    if first.startswith(b"RTSP/"):
        raise ProtocolError("HTTP: the port speaks RTSP")
    if first.startswith(b"SSH-"):
        raise ProtocolError("HTTP: the port speaks SSH")
    start = first.lstrip(b"\r\n")[:5]
    if not b"HTTP/".startswith(start.upper()):
        raise ProtocolError("the answer is no HTTP")


def _refuse_coding(head: h11.Response, cap: int) -> None:
    """Refuse a compressed or oversized body before a byte of it is read."""
    for name, value in head.headers:
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise ProtocolError("HTTP answer is compressed although it was not asked for; not read")
        if name == b"content-length" and int(value) > cap:
            raise TooLargeError(f"HTTP answer announces more than {cap // 1024} KiB, not read")


def build_request(
    place: Place,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    keep: bool = False,
) -> h11.Request:
    """The request head; with `keep` the connection may stay open. Raises ProtocolError for bad characters."""
    fields = [
        ("Host", place.authority),
        ("User-Agent", USER_AGENT),
        ("Accept-Encoding", "identity"),
    ]
    fields += [*([] if keep else [("Connection", "close")]), *headers]
    if body or method == "POST":
        fields.append(("Content-Length", str(len(body))))
    try:
        return h11.Request(method=method, target=path, headers=fields)
    except (h11.LocalProtocolError, UnicodeError):
        raise ProtocolError(
            "HTTP: path or header field holds characters that may not be sent"
        ) from None


async def open_exchange(
    net: Net, place: Place, cap: int, *, status_only: bool = False
) -> tuple[asyncio.Transport, Exchange]:
    """A connection to `place`, ready for one request. Raises what `Net.connect` raises."""
    trace.stage(f"TCP connection to HTTP port {place.port}")
    try:
        return await net.connect(
            place.host,
            place.port,
            lambda: Exchange(cap, status_only=status_only),
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
    net: Net,
    place: Place,
    method: str,
    path: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    cap: int = BODY_CAP,
    status_only: bool = False,
) -> Reply:
    """Send one request to `place` and read its reply of at most `cap` bytes; the connection is closed afterwards.

    A 3xx reply is returned like any other and never followed. With `status_only` a body that is too large, compressed,
    broken or slow is cut short and is no error. Raises WireError: ProtocolError for what is not HTTP
    (naming TLS, RTSP or SSH where that answers), TooLargeError, ResetError, and whatever `Net.connect` raises.
    """
    request = build_request(place, method, path, headers, body)
    transport, peer = await open_exchange(net, place, cap, status_only=status_only)
    try:
        trace.stage(f"answer to HTTP {method} {path.partition('?')[0]}")
        trace.note(">", f"{method} {path} HTTP/1.1 to port {place.port}, {len(body)} bytes")
        peer.send(transport, request, body)
        reply = await peer.reply
    finally:
        transport.abort()
        peer.reply.cancel()
    if trace.explaining():
        trace.note("<", f"HTTP {reply.status}, {len(reply.body)} bytes, " + "; ".join(_told(reply)))
    return reply


def _told(reply: Reply) -> list[str]:
    shown = ("date", "server", "content-type", "location", "www-authenticate")
    return [f"{name}: {value}" for name, value in reply.headers if name in shown]
