"""The only way to the network: every connection goes through `Connector`, which refuses unlisted
addresses.

No redirect, XAddr or stream URI can lead elsewhere, because callers hand over a configured host,
never a URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from healthmon.protocols import trace
from healthmon.protocols.errors import (
    AddressError,
    ConnectTimeoutError,
    TlsTimeoutError,
    from_os,
)
from healthmon.protocols.flood import Datagrams
from healthmon.protocols.transport import metering as counting
from healthmon.protocols.transport.names import NameCache, Resolver

CONNECT_SECONDS = 3.0
COURTESY_SECONDS = 0.02

P = TypeVar("P", bound=asyncio.BaseProtocol)


def literal(host: str) -> str | None:
    """`host` in canonical form if it is an IP address, else None."""
    with contextlib.suppress(OSError, ValueError):
        socket.inet_pton(
            socket.AF_INET, host
        )  # dotted decimal has one form; ten times as quick as what follows
        return host
    try:
        plain = str(ipaddress.ip_address(host))
    except ValueError:
        return None
    return (
        host if plain == host else plain
    )  # the one string of the configuration, not a new one for each check


async def _connected(address: str, port: int) -> socket.socket:
    """A TCP connection without anything on it; whoever makes a transport of it closes it. Raises
    OSError.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _udp_socket(address: str, port: int, local_port: int) -> socket.socket:
    """A UDP socket with its peer: the event loop would look up both addresses first, though they are
    numbers. Raises OSError.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if local_port:
            sock.bind(("", local_port))
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


@dataclass(slots=True)
class Connector:
    """Opens TCP and UDP to configured hosts only.

    `allowed` holds the configured addresses and names; `resolver` knows the addresses of names.
    Raises only `ExchangeError`. `longest_connect` is how long a connection to a host (as configured) may take
    where that is more than `connect_seconds`.
    """

    allowed: frozenset[str]
    connect_seconds: float = CONNECT_SECONDS
    resolver: Resolver = field(default_factory=lambda: Resolver(frozenset()))
    longest_connect: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        hosts: Iterable[str],
        *,
        connect_seconds: float = CONNECT_SECONDS,
        names: NameCache | None = None,
    ) -> Connector:
        """A connector to `hosts` (addresses or names) and nothing else; of `names` it keeps those
        of `hosts`.
        """
        allowed = frozenset(literal(host) or host.lower() for host in hosts)
        cache = names or NameCache()
        looked_up = frozenset(host for host in allowed if literal(host) is None)
        cache.keep(looked_up)
        return cls(allowed, connect_seconds, Resolver(looked_up, cache=cache))

    async def address_of(self, host: str) -> str:
        """The IP address to use for a configured `host`. Raises AddressError if unlisted, DnsError
        if unknown.
        """
        plain = literal(host)
        if (plain or host.lower()) not in self.allowed:
            raise AddressError(f"{host} is not a configured address; it was not contacted")
        return plain or await self.resolver.address_of(host.lower())

    def last_address(self, host: str) -> str:
        """The IP address that `host` had when it was looked up last, "" where it never was."""
        known = self.resolver.cache.known.get(host.lower())
        return literal(host) or (known.address if known else "")

    async def connect(
        self,
        host: str,
        port: int,
        factory: Callable[[], P],
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
    ) -> tuple[asyncio.Transport, P]:
        """Open TCP (and TLS) to `host`:`port`; the caller closes or aborts the transport.

        Raises ConnectTimeoutError, RefusedError, UnreachableError, TlsError, AddressError,
        DnsError, ResourceError; TlsTimeoutError where the port is open and the handshake does not
        finish in the time for both.
        """
        address = await self.address_of(host)
        loop = asyncio.get_running_loop()
        doing, sock = f"TCP port {port}", None
        await asyncio.sleep(
            COURTESY_SECONDS
        )  # the device frees its last connection before it sees the next one
        name = (server_name or address) if tls else None
        seconds, inner = self.connect_limit(host), factory()
        outer = counting.around(address, inner)
        try:
            async with asyncio.timeout(seconds) as limit:
                if tls is None:
                    made = await loop.create_connection(lambda: outer, address, port)
                else:
                    sock = await _connected(address, port)
                    with trace.part(f"TLS handshake on port {port}", TlsTimeoutError.reason):
                        made = await loop.create_connection(
                            lambda: outer, sock=sock, ssl=tls, server_hostname=name
                        )
                return made[0], inner
        except TimeoutError as error:
            counting.unanswered(address)
            if limit.expired() and sock is not None:
                raise TlsTimeoutError(
                    f"{doing}: connected, TLS handshake: no answer in {seconds:g} s"
                ) from None
            if limit.expired():
                raise ConnectTimeoutError(f"{doing}: no answer in {seconds:g} s") from None
            raise from_os(error, doing) from None
        except (OSError, ssl.SSLError) as error:
            counting.unanswered(address)
            raise from_os(error, doing) from None

    def connect_limit(self, host: str) -> float:
        """How long a connection to `host` may take, seconds."""
        return max(self.connect_seconds, self.longest_connect.get(host, 0.0))

    async def udp(
        self, host: str, port: int, factory: Callable[[], P], *, local_port: int = 0
    ) -> tuple[asyncio.DatagramTransport, P]:
        """A UDP socket *connected* to `host`:`port`, so that the kernel drops datagrams from
        anybody else. A flood ends it: its protocol is told TooLargeError by ``error_received``.
        """
        address = await self.address_of(host)
        loop = asyncio.get_running_loop()
        try:
            inner = factory()
            outer = counting.around_udp(address, Datagrams(cast("asyncio.DatagramProtocol", inner)))
            sock = _udp_socket(address, port, local_port)
            made = await loop.create_datagram_endpoint(lambda: outer, sock=sock)
            return counting.sender(address, made[0]), inner
        except OSError as error:
            raise from_os(error, f"UDP port {port}") from None

    def close(self) -> None:
        """End the resolver's threads; look-ups under way are left to themselves."""
        self.resolver.close()
