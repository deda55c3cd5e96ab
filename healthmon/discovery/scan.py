"""TCP connections to the known ports of the given addresses: which are open, and nothing is sent.

One connection to a host at a time; how fast is `pace`'s matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from healthmon.discovery.pace import Pace
from healthmon.discovery.ports import KnownPort
from healthmon.protocols.errors import ExchangeError, UnreachableError
from healthmon.protocols.transport.connector import Connector

P = TypeVar("P", bound=asyncio.BaseProtocol)


@dataclass(slots=True)
class PacedConnector(Connector):
    """A connector to the given addresses that begins no connection before its turn."""

    pace: Pace = field(default_factory=Pace)

    async def connect(
        self, host: str, port: int, factory: Callable[[], P], **options: object
    ) -> tuple[asyncio.Transport, P]:
        """As `Connector.connect`, in its turn."""
        await self.pace.turn()
        return await Connector.connect(self, host, port, factory, **options)  # type: ignore[arg-type]

    async def udp(
        self, host: str, port: int, factory: Callable[[], P], *, local_port: int = 0
    ) -> tuple[asyncio.DatagramTransport, P]:
        """As `Connector.udp`, in its turn."""
        await self.pace.turn()
        return await Connector.udp(self, host, port, factory, local_port=local_port)


async def open_ports(
    connector: Connector, host: str, ports: Sequence[KnownPort]
) -> tuple[KnownPort, ...]:
    """Those of `ports` that accept a connection. Ends early where the network says that there is no
    way to `host`.
    """
    found = []
    for port in ports:
        try:
            transport, _ = await connector.connect(host, port.number, asyncio.Protocol)
        except UnreachableError:
            break
        except ExchangeError:
            continue
        transport.abort()
        found.append(port)
    return tuple(found)
