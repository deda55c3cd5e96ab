"""The one way in of simulated devices by TCP: what it has accepted ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Self
from weakref import WeakSet

BACKLOG = 64
# Until it accepts again when this process may open no more files.
PAUSE_SECONDS = 1.0


class Listener:
    """Listens on `address` and hands each connection to a protocol of `made`, by `tls` where there is
    some. Raises OSError where it cannot listen.

    A `Server` of asyncio forgets a connection that it accepted in the turn of the loop in which it is
    closed: it stays open until the process ends (https://github.com/python/cpython/issues/109564).
    """

    def __init__(
        self,
        made: Callable[[], asyncio.BaseProtocol],
        address: str,
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._made, self._tls = made, tls
        self._loop = asyncio.get_running_loop()
        self._welcomes: set[asyncio.Task[None]] = set()
        self._open: WeakSet[asyncio.WriteTransport] = WeakSet()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Accept nobody any more, and end every connection."""
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for welcome in self._welcomes:
            welcome.cancel()
        for transport in self._open:
            transport.abort()

    def _listen(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        try:
            accepted, _ = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            self._loop.remove_reader(self._socket)
            self._loop.call_later(PAUSE_SECONDS, self._listen)
            return
        accepted.setblocking(False)
        welcome = self._loop.create_task(self._welcome(accepted))
        self._welcomes.add(welcome)
        welcome.add_done_callback(lambda ended: self._welcomed(ended, accepted))

    async def _welcome(self, accepted: socket.socket) -> None:
        """Hand the connection to its protocol; one that speaks no TLS, or has gone, is let go."""
        with contextlib.suppress(OSError):
            transport, _ = await self._loop.connect_accepted_socket(
                self._made, accepted, ssl=self._tls
            )
            self._open.add(transport)

    def _welcomed(self, welcome: asyncio.Task[None], accepted: socket.socket) -> None:
        """A task that was cancelled before its first turn has handed over nothing."""
        self._welcomes.discard(welcome)
        if welcome.cancelled():
            accepted.close()
