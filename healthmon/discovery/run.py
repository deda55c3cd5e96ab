"""`healthmon discover` as a whole: the plan, WS-Discovery, the ranges, and what each address tells.

Only the given addresses are contacted: the connectors are made of them and of nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.discovery.channels import ChannelReader
from healthmon.discovery.found import Found, SnmpUser
from healthmon.discovery.onvif import OnvifAsker
from healthmon.discovery.onvif_process import OnvifReaders
from healthmon.discovery.pace import CONNECT_SECONDS, HOSTS, RATE, Pace, longest_seconds
from healthmon.discovery.ports import SNMP_PORT, KnownPort
from healthmon.discovery.power import UpsReader
from healthmon.discovery.proposal import classified, recorder_make
from healthmon.discovery.rtsp import RtspAsker
from healthmon.discovery.scan import PacedConnector, open_ports
from healthmon.discovery.snmp import SnmpAsker
from healthmon.model.count_words import count_of
from healthmon.protocols.host.routes import neighbour_macs
from healthmon.protocols.onvif import ws_discovery
from healthmon.protocols.onvif.ws_discovery import Match
from healthmon.protocols.snmp import v3
from healthmon.protocols.transport.connector import CONNECT_SECONDS as EXCHANGE_SECONDS
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be done: the `addresses` and `ports` that are tried, the `interfaces` on
    which a Probe is sent, `rate` connections a second, `at_once` hosts at a time.

    `credential` is the one login that may be sent. `guard_file` is the file of the lockout guard.
    """

    addresses: tuple[str, ...]
    ports: tuple[KnownPort, ...]
    interfaces: tuple[str, ...] = ()
    rate: float = RATE
    at_once: int = HOSTS
    credential: Credential | None = None
    guard_file: Path | None = None
    rtsp_paths: tuple[str, ...] = ()
    community: Credential | None = None
    snmp_user: SnmpUser | None = None
    snmp_ports: tuple[int, ...] = (SNMP_PORT.number,)

    def lines(self) -> Iterator[str]:
        """The plan in words, before anything is sent."""
        for interface in self.interfaces:
            seconds = ws_discovery.LISTEN_SECONDS
            yield f"WS-Discovery: 2 multicast datagrams on {interface}, {seconds:g} s of listening"
        if not self.addresses:
            return
        hosts = (
            f"{count_of(len(self.addresses), 'address', 'addresses')} "
            f"({self.addresses[0]} to {self.addresses[-1]})"
        )
        yield f"{hosts}, {self._connections()}" if self.ports else f"{hosts}, no TCP port"
        if self.community is not None:
            yield (
                f"SNMP, UDP {self._snmp_ports()}: one datagram to each address and port, with the "
                f"community {self.community.name}"
            )
        if self.snmp_user is not None:
            name, auth, priv = (
                self.snmp_user.credential.name,
                self.snmp_user.auth,
                self.snmp_user.priv,
            )
            yield (
                f"SNMPv3, UDP {self._snmp_ports()}: up to {v3.DISCOVERIES} datagrams without a login to each "
                "address and port; to an agent that "
                f"answers, the user {name} ({auth}, {priv}), at most one refusal a device"
            )
        login = "without a login"
        if self.credential is not None:
            login = f"login {self.credential.name}, at most one refusal a device"
        yield f"then, of what answers: ONVIF, RTSP DESCRIBE, NUT, apcupsd, a recorder's own protocol, {login}"

    def _connections(self) -> str:
        tries = len(self.addresses) * len(self.ports)
        longest = longest_seconds(len(self.addresses), len(self.ports), self.rate, self.at_once)
        return (
            f"TCP ports {', '.join(str(port.number) for port in self.ports)}: "
            f"{count_of(tries, 'connection')}, at most {self.rate:g} a second and "
            f"{count_of(self.at_once, 'host')} at a time, about {longest:.0f} s at most"
        )

    def _snmp_ports(self) -> str:
        name = "port" if len(self.snmp_ports) == 1 else "ports"
        return f"{name} {', '.join(map(str, self.snmp_ports))}"


@dataclass(slots=True)
class Outcome:
    """All that was seen. `connections` is how many were begun by this process."""

    found: list[Found] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    unread: int = 0
    connections: int = 0


async def discover(plan: Plan, progress: Progress) -> Outcome:
    """Do what the plan says. Raises ExchangeError where an interface cannot be used."""
    outcome = Outcome()
    for interface in plan.interfaces:
        told = await ws_discovery.search(interface)
        outcome.matches += told.found
        outcome.unread += told.unread
    pace = Pace(plan.rate)
    readers = OnvifReaders(plan.guard_file)
    allowed = frozenset(plan.addresses)
    scanning = PacedConnector(allowed, CONNECT_SECONDS, pace=pace)
    asking = PacedConnector(allowed, EXCHANGE_SECONDS, pace=pace)
    guard = LockoutGuard(plan.guard_file)
    search = _Search(
        plan,
        scanning,
        OnvifAsker(asking, readers, guard, plan.credential),
        RtspAsker(asking, guard, plan.credential, plan.rtsp_paths),
        ChannelReader(asking, guard, plan.credential),
        SnmpAsker(asking, guard, plan.community, plan.snmp_user, plan.snmp_ports),
        UpsReader(asking, guard, plan.community),
        by_sender(outcome.matches),
    )
    try:
        outcome.found = await search.all(progress)
    finally:
        await readers.close()
        await v3.close()
        scanning.close()
        asking.close()
    outcome.connections = pace.begun
    return outcome


@dataclass(slots=True)
class _Search:
    plan: Plan
    scanning: PacedConnector
    onvif: OnvifAsker
    rtsp: RtspAsker
    channels: ChannelReader
    snmp: SnmpAsker
    ups: UpsReader
    matches: Mapping[str, Sequence[Match]]
    done: int = 0

    async def all(self, progress: Progress) -> list[Found]:
        """Every address that answers, in the order of the plan."""
        left = iter(self.plan.addresses)
        found: dict[str, Found] = {}
        total = len(self.plan.addresses)

        async def work() -> None:
            for address in left:
                if one := await self._one(address):
                    found[address] = one
                self.done += 1
                progress(self.done, total)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.plan.at_once, total)):
                group.create_task(work())
        return _in_order(found, self.plan.addresses)

    async def _one(self, address: str) -> Found | None:
        """What one address tells, None where nothing answers."""
        ports = await open_ports(self.scanning, address, self.plan.ports)
        match, *others = self.matches.get(address) or (None,)
        found = Found(address, ports, match=match, notes=list(map(not_read, others)))
        await self.snmp.query(found)
        if not ports and match is None and found.snmp is None and not found.incomplete:
            return None
        await self._read(found)
        return found

    async def _read(self, found: Found) -> None:
        """All that the device tells, one protocol after another; each has its own deadline, which a
        place among the reading processes does not count in.
        """
        await self.onvif.query(found)
        await self.rtsp.query(found)
        if classified(found)[0] == "recorders" and (make := recorder_make(found)) != "no":
            await self.channels.query(found, make)
        await self.ups.query(found)


def by_sender(matches: Iterable[Match]) -> dict[str, list[Match]]:
    """The devices of each address: one that forwards ports, or a gateway, answers for several."""
    found: dict[str, list[Match]] = {}
    for match in matches:
        found.setdefault(match.sender, []).append(match)
    return found


def not_read(match: Match) -> str:
    """A note of a further device of an address, as only the first one is read."""
    name = ", ".join((*match.names, *match.hardware)) or match.endpoint or "without a name"
    places = [f"port {one.port}, path {one.path}" for one in match.own]
    where = "; ".join(places) or "at an address of another host"
    return f"another device answers at this address and was not read: {name} ({where}); name it by hand"


def _in_order(found: dict[str, Found], addresses: Sequence[str]) -> list[Found]:
    macs = neighbour_macs()
    for address, one in found.items():
        one.mac = macs.get(address, "")
    return [found[address] for address in addresses if address in found]
