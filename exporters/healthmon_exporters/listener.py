"""The agent's one listener: uvicorn's HTTP/1.1 on connections of our own, each under limits from its first moment.

At most 64 connections, TLS handshakes among them; 5 s for a handshake or for a request with its header, 10 s to take
what is sent. Where there are too many, the one that has been idle longest has to go.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from healthmon.config.units import is_loopback

MOST_CONNECTIONS = 64
HEADER_SECONDS = 5.0
WRITE_SECONDS = 10.0
LOOK_SECONDS = 0.25
MOST_HEADER_BYTES = 16384


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's context with this certificate chain and key (PEM), TLS 1.2 or later. Raises OSError in words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    for what, path in (("certificate", certificate), ("key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            words = (error.strerror or "error").lower()
            raise OSError(f"the {what} {path} cannot be read: {words}; healthmon's user must be able to") from None
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise OSError(_misfit(error, certificate, key)) from None
    return context


def _no_password() -> str:
    raise ValueError("the key asks for a password; keep it without one, readable by healthmon's user only")


def _misfit(error: Exception, certificate: Path, key: Path) -> str:
    reason = getattr(error, "reason", None)
    if reason == "KEY_VALUES_MISMATCH":
        return f"the key {key} does not belong to the certificate {certificate}"
    words = str(error) if reason is None else f"not PEM or damaged ({reason.replace('_', ' ').lower()})"
    return f"the certificate {certificate} with the key {key} cannot be used: {words}"


class _Http(H11Protocol):
    """uvicorn's HTTP/1.1 for a connection whose first bytes may come before TLS has handed it over."""

    def __init__(self, *given: Any, ended: Callable[[], None]) -> None:
        super().__init__(*given)
        self._ended, self._early, self._lost = ended, b"", False

    @property
    def idle(self) -> bool:
        """Whether nothing is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        if self._lost:
            return
        super().connection_made(transport)
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:
            self._early += data
        else:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._ended()
        if self.transport is not None:
            super().connection_lost(exc)


class _Guest(asyncio.Protocol):
    """One connection from its acceptance to its end; `since` is when it last asked for something."""

    def __init__(self, house: Running) -> None:
        self._house = house
        self.http = _Http(house.config, house.state, {}, ended=self._ended)
        self.since = self._taking = asyncio.get_running_loop().time()
        self.handshake: asyncio.Task[None] | None = None
        self._raw: Any = None
        self._cycle: object = None

    def connection_made(self, transport: Any) -> None:
        self._raw = transport
        if not self._house.admit(self):
            transport.abort()
        elif self._house.tls is None:
            transport.set_protocol(self.http)
            self.http.connection_made(transport)
        else:
            transport.pause_reading()
            self.handshake = asyncio.get_running_loop().create_task(self._secure(transport, self._house.tls))

    async def _secure(self, transport: Any, tls: ssl.SSLContext) -> None:
        start = asyncio.get_running_loop().start_tls
        try:
            inner = await start(transport, self.http, tls, server_side=True, ssl_handshake_timeout=HEADER_SECONDS)
        except OSError:  # no TLS, or gone: there is nobody to tell
            self.abort()
        else:
            self.http.connection_made(inner)

    def overdue(self, now: float) -> bool:
        """Whether the limits are broken: nothing asked for too long, or what is sent is not taken."""
        if not self.http.idle or self.http.cycle is not self._cycle:
            self._cycle, self.since = self.http.cycle, now
        inner = self.http.transport
        unsent = self._raw.get_write_buffer_size()
        unsent += inner.get_write_buffer_size() if inner not in (None, self._raw) else 0
        if not unsent:
            self._taking = now
        return now - self.since > HEADER_SECONDS or now - self._taking > WRITE_SECONDS

    def abort(self) -> None:
        """End it now."""
        self._raw.abort()
        self._ended()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Gone before it was anybody's."""
        self._ended()

    def _ended(self) -> None:
        self._house.guests.discard(self)


@dataclass(slots=True)
class Running:
    """A listener that is serving. `tls` is for those who come from now on."""

    config: uvicorn.Config
    tls: ssl.SSLContext | None
    state: ServerState = field(default_factory=ServerState)
    guests: set[_Guest] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _watch: asyncio.TimerHandle | None = None
    _closing: bool = False

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def open(self, host: str, port: int, *, wide: bool) -> None:
        """Listen on every address of `host`. Raises OSError; PermissionError where that is not loopback but must be."""
        try:
            server = await asyncio.get_running_loop().create_server(lambda: _Guest(self), host, port)
        except OSError as error:
            raise OSError(f"port {port} on {host} cannot be had: {error.strerror or error}") from None
        self._server = server
        if not wide and not all(is_loopback(one.getsockname()[0]) for one in server.sockets):
            server.close()
            raise PermissionError(f"{host} is more than this machine: that needs both 'tls' and 'users_file'")
        self._look()

    def admit(self, guest: _Guest) -> bool:
        """Take a guest in, where need be for the one who has asked for nothing for longest."""
        if self._closing:
            return False
        if len(self.guests) >= MOST_CONNECTIONS:
            longest = min((one for one in self.guests if one.http.idle), key=lambda one: one.since, default=None)
            if longest is None:
                return False
            longest.abort()
        self.guests.add(guest)
        return True

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(LOOK_SECONDS, self._look)
        self.state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]
        for guest in tuple(self.guests):
            if guest.overdue(loop.time()):
                guest.abort()

    async def close(self) -> None:
        """Stop listening and drop what is open; an answer that never ends (the events of the wall) is cut off."""
        if self._watch is not None:
            self._watch.cancel()
        self._closing = True
        if self._server is not None:
            self._server.close()
        handshakes = [guest.handshake for guest in self.guests if guest.handshake is not None]
        for guest in tuple(self.guests):
            guest.abort()
        tasks = {task for task in (*handshakes, *self.state.tasks) if not task.done()}
        if tasks:
            await asyncio.wait(tasks, timeout=HEADER_SECONDS)
        if self._server is not None:  # since Python 3.12 it waits until its last connection has ended
            await asyncio.wait_for(self._server.wait_closed(), HEADER_SECONDS)


async def serve(
    app: ASGIApp, host: str, port: int, *, tls: tuple[Path, Path] | None = None, guarded: bool = False
) -> Running:
    """Serve `app`; `tls` is (certificate, key), `guarded` whether it asks for a login.

    Raises OSError when the certificate cannot be used or the port cannot be had, PermissionError when the door would
    be too open.
    """
    wide = tls is not None and guarded
    if not wide and host != "localhost" and not is_loopback(host):
        raise PermissionError(f"{host}: anything wider than 127.0.0.1 needs both 'tls' and 'users_file'")
    config = uvicorn.Config(
        app, http=_Http, ws="none", lifespan="off", log_level="error", access_log=False, server_header=False,
        proxy_headers=False, timeout_keep_alive=int(HEADER_SECONDS) or 1,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
    )  # fmt: skip
    config.load()
    running = Running(config, tls_context(*tls) if tls else None)
    await running.open(host, port, wide=wide)
    return running
