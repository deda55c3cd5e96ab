"""The one door to the network: every connection of wire goes through `Net`, which refuses unlisted addresses.

No redirect, XAddr or stream URI can lead elsewhere, because callers hand over a configured host, never a URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar, cast

from healthmon.wire import counting, trace
from healthmon.wire.errors import (
    AddressError,
    ConnectTimeoutError,
    DnsError,
    TlsTimeoutError,
    from_os,
)

CONNECT_SECONDS = 3.0
COURTESY_SECONDS = 0.02
NAME_KEPT_SECONDS = 60.0
NAME_LAST_GOOD_SECONDS = 3600.0
RESOLVE_SECONDS = 3.0
NAME_THREADS = 8

P = TypeVar("P", bound=asyncio.BaseProtocol)
Resolve = Callable[[str], list[str]]


def system_resolve(name: str) -> list[str]:
    """The addresses of `name` by the system's resolver, in its order. Raises ``socket.gaierror``. Blocks."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


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
    )  # the one string of the configuration, not a new one for each look


async def _connected(address: str, port: int) -> socket.socket:
    """A TCP connection without anything on it; whoever makes a transport of it closes it. Raises OSError."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _can_ask(doing: str) -> None:
    """Raise ResourceError where this machine can open no socket to ask by: a resolver does not tell that apart."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError as error:
        raise from_os(error, doing) from None


@dataclass(slots=True)
class _Name:
    address: str
    good_until: float
    usable_until: float


@dataclass(slots=True)
class Net:
    """Opens TCP and UDP to configured hosts only.

    `allowed` holds the configured addresses and names. A name is resolved on a small pool of threads, cached for 60 s,
    and its last good address is used for up to an hour while the resolver fails. A name whose look-up hung is asked
    for in another pool from then on, so that it holds up no name that answers. A name never leads to a loopback,
    link-local or multicast address. Raises only `WireError`. `patience` is how long a connection to a host (as
    configured) may take where that is more than `connect_seconds`.
    """

    allowed: frozenset[str]
    connect_seconds: float = CONNECT_SECONDS
    resolve: Resolve = system_resolve
    patience: Mapping[str, float] = field(default_factory=dict)
    _names: dict[str, _Name] = field(default_factory=dict)
    _pools: dict[str, ThreadPoolExecutor] = field(default_factory=dict)
    _hung: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, hosts: Iterable[str], *, connect_seconds: float = CONNECT_SECONDS) -> Net:
        """A door that opens to `hosts` (addresses or names) and nothing else."""
        return cls(frozenset(literal(host) or host.lower() for host in hosts), connect_seconds)

    async def address_of(self, host: str) -> str:
        """The IP address to use for a configured `host`. Raises AddressError if unlisted, DnsError if unknown."""
        plain = literal(host)
        if (plain or host.lower()) not in self.allowed:
            raise AddressError(f"{host} is not a configured address; it was not contacted")
        return plain or await self._look_up(host.lower())

    def last_address(self, host: str) -> str:
        """The IP address that `host` had when it was looked up last, "" where it never was."""
        known = self._names.get(host.lower())
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

        Raises ConnectTimeoutError, RefusedError, UnreachableError, TlsError, AddressError, DnsError, ResourceError;
        TlsTimeoutError where the port is open and the handshake does not finish in the time for both.
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
        return max(self.connect_seconds, self.patience.get(host, 0.0))

    async def udp(
        self, host: str, port: int, factory: Callable[[], P], *, local_port: int = 0
    ) -> tuple[asyncio.DatagramTransport, P]:
        """A UDP socket *connected* to `host`:`port`, so that the kernel drops datagrams from anybody else."""
        address = await self.address_of(host)
        loop = asyncio.get_running_loop()
        local = (("::" if ":" in address else "0.0.0.0"), local_port) if local_port else None  # noqa: S104 - an ephemeral client port, connected to one peer
        try:
            inner = factory()
            outer = counting.around_udp(address, cast("asyncio.DatagramProtocol", inner))
            made = await loop.create_datagram_endpoint(
                lambda: outer, remote_addr=(address, port), local_addr=local
            )
            return counting.sender(address, made[0]), inner
        except OSError as error:
            raise from_os(error, f"UDP port {port}") from None

    async def _look_up(self, name: str) -> str:
        now = time.monotonic()
        known = self._names.get(name)
        if known and now < known.good_until:
            return known.address
        try:
            address = self._checked(name, await self._resolve_in_pool(name))
        except (OSError, TimeoutError):
            if known and now < known.usable_until:
                return known.address
            _can_ask(f"name {name}")
            raise DnsError(f"name {name} has no address (DNS)") from None
        self._names[name] = _Name(address, now + NAME_KEPT_SECONDS, now + NAME_LAST_GOOD_SECONDS)
        return address

    async def _resolve_in_pool(self, name: str) -> list[str]:
        kind = "slow" if name in self._hung else "quick"
        if kind not in self._pools:
            self._pools[kind] = ThreadPoolExecutor(
                NAME_THREADS, thread_name_prefix=f"healthmon-dns-{kind}"
            )
        loop = asyncio.get_running_loop()
        trace.stage(f"the address of {name} (DNS)")
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await loop.run_in_executor(self._pools[kind], self.resolve, name)
        except TimeoutError:
            self._hung.add(name)
            raise
        self._hung.discard(name)
        return found

    @staticmethod
    def _checked(name: str, addresses: list[str]) -> str:
        for text in addresses:
            address = ipaddress.ip_address(text)
            mapped = getattr(address, "ipv4_mapped", None)
            address = mapped or address
            foreign = address.is_link_local or address.is_multicast or address.is_unspecified
            if not foreign and (name == "localhost" or not address.is_loopback):
                return str(address)
        raise AddressError(
            f"name {name} leads to an address that no camera has; it was not contacted"
        )

    def close(self) -> None:
        """End the resolver pool; look-ups under way are abandoned."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._pools.clear()
