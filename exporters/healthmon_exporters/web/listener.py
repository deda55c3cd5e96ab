"""The agent's one listener: uvicorn's HTTP/1.1 on connections that we accept, each under limits
from its first moment.

At most 64 connections, TLS handshakes among them; 5 s for a handshake or for a request with its
header, 10 s to take what is sent. Where there are too many, the one that has been idle longest has
to go.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp

from healthmon.config.units import is_loopback
from healthmon_exporters.metrics.bare_package import bare

with bare("uvicorn") as package:
    from uvicorn.config import Config

    vars(package)["Config"] = Config  # where the next one looks for it
    import uvicorn.lifespan.off  # noqa: F401 - Config.load would import it, with all of uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.server import ServerState

MOST_CONNECTIONS = 64
BACKLOG = 1024
HEADER_SECONDS = 5.0
WRITE_SECONDS = 10.0
GUEST_CHECK_SECONDS = 0.25
MOST_HEADER_BYTES = 16384
# Where the state of a request has its peer.
PEER = "peer"


class _Http(H11Protocol):
    """uvicorn's HTTP/1.1 that says when it has ended."""

    def __init__(self, *given: Any, ended: Callable[[], None]) -> None:
        super().__init__(*given)
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended()
        super().connection_lost(exc)


class _Guest:
    """One connection from its acceptance to its end; `since` is when it last asked for
    something.
    """

    def __init__(self, house: OpenListener, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._house, self._sock = house, sock
        self._cycle: object = None
        self.http = _Http(house.config, house.state, _peer(sock), ended=self._ended)
        self.since = self._taken = loop.time()
        self.welcome = loop.create_task(self._welcome())

    async def _welcome(self) -> None:
        """Hand the connection to HTTP, by TLS where there is some."""
        tls = self._house.tls
        tls_options = {"ssl_handshake_timeout": HEADER_SECONDS} if tls else {}
        connect = asyncio.get_running_loop().connect_accepted_socket
        try:
            await connect(lambda: self.http, self._sock, ssl=tls, **tls_options)
        except OSError:  # no TLS, or gone: there is nobody to tell
            self._ended()
            self._sock.close()

    @property
    def busy(self) -> bool:
        """Whether something is being answered or on its way."""
        return bool((self.http.cycle and not self.http.cycle.response_complete) or self._unsent())

    def overdue(self, now: float) -> bool:
        """Whether the limits are broken: nothing asked for too long, or what was sent is
        not taken.
        """
        if self.busy or self.http.cycle is not self._cycle:
            self._cycle, self.since = self.http.cycle, now
        if not self._unsent():
            self._taken = now
        return now - self.since > HEADER_SECONDS or now - self._taken > WRITE_SECONDS

    def _unsent(self) -> int:
        """Bytes that wait in this program or in the kernel (tcp(7), SIOCOUTQ)."""
        waiting = self.http.transport.get_write_buffer_size() if self.http.transport else 0
        with contextlib.suppress(OSError, ValueError):  # closed
            waiting += struct.unpack(
                "i", fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
            )[0]
        return int(waiting)

    def abort(self) -> None:
        """End it now; what was not taken is dropped in the kernel too."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._sock.shutdown(socket.SHUT_RDWR)
        if self.http.transport:
            self.http.transport.abort()
        self._ended()

    def _ended(self) -> None:
        self._house.guests.discard(self)


def _peer(sock: socket.socket) -> dict[str, Any]:
    """Of a Unix socket (process, user, group) of the peer (unix(7), SO_PEERCRED), for the `state` of
    its requests.
    """
    if sock.family != socket.AF_UNIX:
        return {}
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return {PEER: struct.unpack("3i", raw)}


@dataclass(slots=True)
class OpenListener:
    """A listener that is serving. `tls` is for those who come from now on."""

    config: Config
    tls: ssl.SSLContext | None
    state: ServerState = field(default_factory=ServerState)
    guests: set[_Guest] = field(default_factory=set)
    sockets: list[socket.socket] = field(default_factory=list)
    _watch: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.sockets[0].getsockname()[1])

    def open(self) -> None:
        """Let people in."""
        for listening in self.sockets:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            sock, _ = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # no file or memory left: those who wait go on waiting
            loop.remove_reader(listening)
            loop.call_later(1.0, self._again, listening)
            return
        sock.setblocking(False)
        if len(self.guests) >= MOST_CONNECTIONS:
            longest = min(
                (one for one in self.guests if not one.busy),
                key=lambda one: one.since,
                default=None,
            )
            if longest is None:
                sock.close()
                return
            longest.abort()
        self.guests.add(_Guest(self, sock))
        if self._watch is None:
            self._check_guests()

    def _again(self, listening: socket.socket) -> None:
        if listening in self.sockets:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _check_guests(self) -> None:
        """As long as somebody is there: nobody is waited for, and no date made for nobody."""
        loop = asyncio.get_running_loop()
        if not self.guests:
            self._watch = None
            return
        self._watch = loop.call_later(GUEST_CHECK_SECONDS, self._check_guests)
        self.state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]
        for guest in tuple(self.guests):
            if guest.overdue(loop.time()):
                guest.abort()

    async def close(self) -> None:
        """Stop listening and drop what is open; an answer that never ends (the events of the wall)
        is cut off.
        """
        if self._watch is not None:
            self._watch.cancel()
        for listening in self.sockets:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
        self.sockets.clear()
        tasks = {*self.state.tasks, *(guest.welcome for guest in self.guests)}
        for guest in tuple(self.guests):
            guest.abort()
        if tasks := {task for task in tasks if not task.done()}:
            await asyncio.wait(tasks, timeout=HEADER_SECONDS)


async def serve(
    app: ASGIApp, host: str, port: int, *, tls: ssl.SSLContext | None = None, guarded: bool = False
) -> OpenListener:
    """Serve `app`; `guarded` says that it asks for a login.

    Raises OSError when the port cannot be had, PermissionError when the listening would be too open.
    """
    places = _places(host, port)
    if not (tls and guarded) and not all(is_loopback(place[0]) for _, place in places):
        raise PermissionError(
            f"{host}: anything wider than 127.0.0.1 needs both 'tls' and 'users_file'"
        )
    running = OpenListener(_config(app), tls, sockets=_open_sockets(places))
    running.open()
    return running


def serve_at(app: ASGIApp, listening: socket.socket) -> OpenListener:
    """Serve `app` at a socket that listens, such as a Unix one."""
    running = OpenListener(_config(app), None, sockets=[listening])
    running.open()
    return running


def _config(app: ASGIApp) -> Config:
    config = Config(
        app, http=_Http, ws="none", lifespan="off", log_config=None, log_level="error", access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=int(HEADER_SECONDS) or 1,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
    )  # fmt: skip
    config.load()
    return config


def _places(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    """(family, address) of everything that `host` stands for."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OSError(f"{host} has no address: {error.strerror}") from None
    return list(dict.fromkeys((family, place) for family, _, _, _, place in found))


def _open_sockets(places: list[tuple[int, tuple[Any, ...]]]) -> list[socket.socket]:
    """A listening socket for each place; those of a family that this machine does not have are left
    out.
    """
    sockets: list[socket.socket] = []
    trouble = ""
    for family, place in places:
        try:
            sockets.append(_open_socket(family, place))
        except OSError as error:
            trouble = f"port {place[1]} on {place[0]} cannot be had: {(error.strerror or 'error').lower()}"
            if error.errno == errno.EADDRINUSE:
                trouble += " (is healthmon running already?)"
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                break
    else:
        if sockets:
            return sockets
    for listening in sockets:
        listening.close()
    raise OSError(trouble)


def _open_socket(family: int, place: tuple[Any, ...]) -> socket.socket:
    # asyncio sends at once (TCP_NODELAY) only where the protocol is named.
    listening = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(place)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
