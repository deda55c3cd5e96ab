"""Syslog: RFC 5424 messages over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).

Syslog knows no acknowledgement. Over UDP only a refusal that comes back at once is seen; over TCP
and TLS each notice has a connection of its own, which is ended in order, so that a receiver that
drops it is noticed.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass

from healthmon.model.enums import State
from healthmon.notifications import text
from healthmon.notifications.notice import Notice, What, fault_number
from healthmon.notifications.sender import SendError
from healthmon.protocols.errors import AddressError, ExchangeError, ResetError, from_os
from healthmon.protocols.transport.connector import Connector

PORTS = {"udp": 514, "tcp": 514, "tls": 6514}
FACILITIES = {"daemon": 3} | {f"local{n}": 16 + n for n in range(8)}
# Without fragments over UDP; rsyslog splits what is longer than 8096 bytes, RFC 5425 asks for 8192.
MOST_BYTES = {"udp": 1180, "tcp": 8000, "tls": 8000}
# The number is that of examples (RFC 5612), as healthmon has none of its own.
_STRUCTURE = "healthmon@32473"
_REFUSAL_SECONDS = 0.1
_GOODBYE_SECONDS = 2.0
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Collector:
    """A syslog receiver. `transport` is udp, tcp or tls; `trust` is how its certificate is
    trusted.
    """

    host: str
    port: int
    transport: str
    trust: ssl.SSLContext | None = None
    server_name: str | None = None


class Syslog:
    """Sends each notice as one message of `facility` (its name)."""

    def __init__(
        self, name: str, collector: Collector, *, facility: str = "local0", seconds: float = 15.0
    ) -> None:
        self._name = name
        self._collector = collector
        self._facility = FACILITIES[facility]
        self._seconds = seconds
        self._net = Connector.of([collector.host], connect_seconds=seconds)

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        return self._name

    async def send(self, notice: Notice) -> None:
        """Send the message. Raises SendError where it is known not to have arrived."""
        way, host = self._collector.transport, self._collector.host
        line = message(notice, self._facility, MOST_BYTES[way])
        try:
            async with asyncio.timeout(self._seconds):
                await (self._datagram(line) if way == "udp" else self._stream(line))
        except TimeoutError:
            raise SendError(
                f"{host}: syslog receiver gave no answer in {self._seconds:g} s"
            ) from None
        except ExchangeError as error:
            raise SendError(f"{host}: {error}", permanent=isinstance(error, AddressError)) from None

    async def aclose(self) -> None:
        """End the resolver's threads."""
        self._net.close()

    async def _datagram(self, line: bytes) -> None:
        transport, peer = await self._net.udp(self._collector.host, self._collector.port, _Listener)
        try:
            transport.sendto(line)
            async with asyncio.timeout(_REFUSAL_SECONDS):
                raise from_os(await peer.error, f"UDP port {self._collector.port}")
        except TimeoutError:
            return
        finally:
            transport.abort()

    async def _stream(self, line: bytes) -> None:
        collector = self._collector
        trust, name = (
            (collector.trust, collector.server_name or collector.host)
            if collector.trust
            else (None, None)
        )
        transport, peer = await self._net.connect(
            collector.host, collector.port, _Goodbye, tls=trust, server_name=name
        )
        try:
            transport.write(b"%d %b" % (len(line), line))
            transport.close() if trust else transport.write_eof()
            async with asyncio.timeout(_GOODBYE_SECONDS) as limit:
                await peer.ended
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            transport.abort()


class _Listener(asyncio.DatagramProtocol):
    """Waits for the error that a closed port sends back."""

    def __init__(self) -> None:
        self.error: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    def error_received(self, exc: Exception) -> None:
        if not self.error.done():
            self.error.set_result(exc)


class _Goodbye(asyncio.Protocol):
    """Waits for the orderly end of the connection; a reset becomes ResetError."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.ended.done():
            return
        if exc is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(ResetError("syslog: the receiver dropped the connection"))
            self.ended.exception()  # whoever no longer waits need not hear of it


def message(notice: Notice, facility: int, most: int) -> bytes:
    """The RFC 5424 message of at most `most` bytes; what is too long loses its end, never its
    header.

    The time is local with its offset (section 6.2.3): the traditional format of receivers drops the
    offset, and beside the lines of other programs only local time is right there.
    """
    stamp = text.civil(notice.at, notice.time_zone).isoformat()
    host = _printable(socket.gethostname())
    head = f"<{facility * 8 + severity(notice)}>1 {stamp} {host} healthmon {os.getpid()} {notice.what.value} "
    said = text.subject(notice)
    if notice.lines:
        said = " | ".join((said, *map(text.one_line, notice.lines)))
    full = _structured(
        notice, ("id", "fault", "device", "site", "kind", "code", "priority", "contractor", "cause")
    )
    if len(head) + len(full) > most - 200:
        full = _structured(notice, ("id", "fault"))
    start = head.encode() + full + b" " + _BOM
    return start + said.encode()[: most - len(start)].decode("utf-8", "ignore").encode()


def severity(notice: Notice) -> int:
    """RFC 5424 table 2: 2 critical, 3 error, 4 warning, 5 notice (the end of a fault), 6
    informational.
    """
    if notice.what in (What.TEST, What.DIGEST):
        return 6
    if notice.ended:
        return 5
    if notice.state is not State.FAULT:
        return 4
    return 2 if notice.priority == 1 else 3


def _structured(notice: Notice, names: tuple[str, ...]) -> bytes:
    """The element with those values that are not empty, escaped by RFC 5424 section 6.3.3."""
    values = {
        "id": notice.id,
        "fault": notice.fault,
        "device": notice.device,
        "site": notice.site,
        "kind": notice.kind,
        "code": notice.code,
        "priority": f"P{notice.priority}",
        "contractor": notice.contractor,
        "cause": fault_number(notice.cause_number),
    }
    pairs = ""
    for name in names:
        value = text.one_line(values[name], 64)
        for special in '\\"]':
            value = value.replace(special, "\\" + special)
        pairs += f' {name}="{value}"' if value else ""
    return f"[{_STRUCTURE}{pairs}]".encode()


def _printable(name: str) -> str:
    return "".join(c for c in name if "!" <= c <= "~")[:255] or "-"
