"""How pysnmp's messages travel: each exchange has a connected socket of its own, made by the
connector, with a cap of what may come.

pysnmp would open one socket for all devices, which hears everybody. And it takes a millisecond for a
message: of a flood it gets one answer to each message that it has sent, and none that is longer
than `LONGEST`, which every message of ours announces (msgMaxSize, RFC 3412 section 6).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pysnmp.carrier.asyncio.base import AbstractAsyncioTransport
from pysnmp.carrier.asyncio.dgram.udp import UdpTransportAddress
from pysnmp.carrier.asyncio.dgram.udp6 import Udp6TransportAddress
from pysnmp.entity import config
from pysnmp.hlapi.v3arch.asyncio import SnmpEngine, Udp6TransportTarget, UdpTransportTarget

from healthmon.protocols.errors import (
    ExchangeError,
    ProtocolError,
    SilentError,
    TooLargeError,
    from_os,
)
from healthmon.protocols.flood import Allowance
from healthmon.protocols.snmp import ber
from healthmon.protocols.transport.connector import Connector

LONGEST = 4096  # bytes of a message; pysnmp decodes that much in 40 ms
MOST_BYTES, MOST_STEPS = 512 * 1024, 4_000  # of one exchange: a walk of 1,024 rows takes a third
TIMEOUT, RETRIES = 1.5, 1  # seconds; of one request
_Peer = tuple[str, int]
_ONE_AT_A_TIME = threading.Lock()  # pysnmp promises nothing of threads


UNKNOWN_ENGINE = ber.object_id(
    "1.3.6.1.6.3.15.1.1.4.0"
)  # usmStatsUnknownEngineIDs, RFC 3414 section 5


class UnreadError(ProtocolError):
    """Answers came, and pysnmp could make nothing of them: damaged, or of another engine."""


class EngineChangedError(UnreadError):
    """The agent reports that its engine is not the one that it was (RFC 3414 3.2): a unit was
    swapped.
    """


class _Socket(asyncio.DatagramProtocol):
    """The socket of one exchange. Hands on one message for each that was sent; all others are late,
    doubled or made up, and cost next to nothing. `unread`: something came that pysnmp did not go
    on from.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._awaited: set[int] = set()
        self._sent: set[int] = set()
        self.unread = False
        self._allowance = Allowance(MOST_BYTES, MOST_STEPS)
        self._limit: asyncio.Timeout | None = None
        self._error: ExchangeError | None = None
        self.transport: Any = None

    def send(self, message: bytes) -> None:
        """Send a message of pysnmp's."""
        if not self.transport.is_closing():
            self._awaited.add(identity := ber.message_id(message))
            self._sent.add(identity)
            self.transport.sendto(message)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Hand the message on if it is awaited. Raises TooLargeError if it is too long, or one too
        many.
        """
        del addr
        self._allowance.read(len(data))
        try:
            identity = ber.message_id(data)
        except ProtocolError:
            self.unread = True
            return
        if identity not in self._awaited:
            self.unread = self.unread or identity not in self._sent
            return
        if len(data) > LONGEST:
            raise TooLargeError(f"SNMPv3 message longer than {LONGEST} bytes, not read")
        self._awaited.discard(identity)
        before = len(self._sent)
        self._take(data)
        ended = len(self._sent) == before
        self.unread = self.unread or ended
        if ended and UNKNOWN_ENGINE in data:
            self.error_received(EngineChangedError("SNMPv3: the engine of the agent has changed"))

    def error_received(self, exc: Exception) -> None:
        """The port is closed, or too much has come: the exchange ends at once."""
        self._error = self._error or from_os(exc, "SNMPv3")
        if self._limit is not None:
            self._limit.reschedule(0)

    @asynccontextmanager
    async def exchange(self) -> AsyncIterator[None]:
        """Within it the first error of the socket is raised; it closes behind it. Silence is none
        where something came: that raises UnreadError.
        """
        try:
            async with asyncio.timeout(None) as self._limit:
                yield
        except SilentError:
            if self.unread:
                raise UnreadError("SNMPv3 answer damaged or not understood") from None
            raise
        except TimeoutError:
            if self._error is not None:
                raise self._error from None
            raise
        finally:
            self._limit = None
            self.transport.close()


class Network(AbstractAsyncioTransport):  # type: ignore[misc]
    """The way of one engine to all agents of one version of IP, as pysnmp asks for it."""

    def __init__(self, address_type: Callable[[Any], Any]) -> None:
        self.ADDRESS_TYPE = address_type
        self._open: dict[_Peer, list[_Socket]] = {}

    def send_message(self, outgoingMessage: bytes, transportAddress: Any) -> None:  # noqa: N803 - pysnmp's names
        """Send by the socket that was opened last for the agent; nothing where its exchange is
        over.
        """
        if sockets := self._open.get(tuple(transportAddress)[:2]):
            sockets[-1].send(outgoingMessage)

    def close_transport(self) -> None:
        """The engine ends."""
        self._callback_function = None

    @asynccontextmanager
    async def exchange(self, connector: Connector, host: str, port: int) -> AsyncIterator[Any]:
        """One exchange with the agent at `host`:`port`: the target for pysnmp's commands. What goes
        wrong with the socket is raised inside. Raises RefusedError, TooLargeError, UnreadError and what
        `Connector.udp` raises.
        """
        peer = (await connector.address_of(host), port)
        transport, socket = await connector.udp(
            host, port, lambda: _Socket(lambda data: self._hand_on(peer, data))
        )
        socket.transport = transport
        sockets = self._open.setdefault(peer, [])
        sockets.append(socket)
        try:
            async with socket.exchange():
                yield await _target(peer)
        finally:
            sockets.remove(socket)
            if not sockets:
                self._open.pop(peer, None)

    def _hand_on(self, peer: _Peer, data: bytes) -> None:
        """Hand a message on, unless the engine has ended."""
        if self._callback_function is not None:
            whole = peer if self.ADDRESS_TYPE is UdpTransportAddress else (*peer, 0, 0)
            self._callback_function(self, self.ADDRESS_TYPE(whole), data)


class _Target4(UdpTransportTarget):  # type: ignore[misc]
    """An agent whose address is known."""

    PROTO_TRANSPORT = Network

    async def _resolve_address(self, transportAddr: _Peer) -> _Peer:  # noqa: N803 - pysnmp's names
        return transportAddr


class _Target6(_Target4):
    TRANSPORT_DOMAIN = Udp6TransportTarget.TRANSPORT_DOMAIN


async def _target(peer: _Peer) -> Any:
    kind = _Target6 if ":" in peer[0] else _Target4
    return await kind.create(peer, timeout=TIMEOUT, retries=RETRIES)


def new_engine() -> Any:
    """A SnmpEngine that has no way to the network yet. It takes 60 ms to make, in any thread."""
    with _ONE_AT_A_TIME:
        engine = SnmpEngine(maxMessageSize=LONGEST)
    _drop_what_is_no_message(engine.message_dispatcher)
    return engine


def _drop_what_is_no_message(dispatcher: Any) -> None:
    """Let a datagram that cannot be decoded be dropped (RFC 3412 4.2.1.2). pysnmp raises a class
    for each way to damage one, and on the event loop nobody would catch it.
    """
    receive = dispatcher.receive_message

    def received(*message: Any) -> Any:
        try:
            return receive(*message)
        except Exception:  # noqa: BLE001 - any of pysnmp's, pyasn1's and Python's own
            return b""

    dispatcher.receive_message = received


def networks_of(engine: Any) -> dict[int, Network]:
    """The ways of `engine` to agents, by the version of IP; on the event loop that it is used on."""
    made = {4: Network(UdpTransportAddress), 6: Network(Udp6TransportAddress)}
    for version, kind in ((4, _Target4), (6, _Target6)):
        config.add_transport(engine, kind.TRANSPORT_DOMAIN, made[version])
    return made
