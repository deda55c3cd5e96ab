"""Real chronyd on loopback, which never touches the clock (-x): good, an hour ahead by faketime,
unsynchronised.
"""

from __future__ import annotations

import asyncio
import socket

import pytest
from helpers.peers.real import chronyd, wait_time
from helpers.support import Peers, free_port

from healthmon.checks.probes import reference
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind
from healthmon.model.measurements import Reference
from healthmon.protocols.host import clock as hostclock
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer

AGENT = Device("agent", "healthmon", Kind.AGENT, "", "127.0.0.1")
ASK = Check("agent", CheckName.REFERENCE)
PORT = free_port(socket.SOCK_DGRAM)
GOOD = ("127.0.0.11", "127.0.0.12", "127.0.0.13")
FALSE, LOST, DEAD = "127.0.0.14", "127.0.0.15", "127.0.0.16"


@pytest.fixture(scope="module")
def servers(module_peers: Peers) -> Peers:
    for address in GOOD:
        chronyd(module_peers, address, PORT)
    chronyd(module_peers, FALSE, PORT, skew="+3600s")
    chronyd(module_peers, LOST, PORT, synchronised=False)
    for address in (*GOOD, FALSE, LOST):
        wait_time(module_peers, address, PORT)
    return module_peers


async def asked(*addresses: str) -> Reference:
    context = ProbeContext(
        Connector.of(addresses, connect_seconds=1),
        LockoutGuard(),
        lambda name: Credential(name, "u", Secret("p")),
        time_servers=tuple((address, PORT) for address in addresses),
    )
    async with asyncio.timeout(8):
        return await reference.probe(AGENT, ASK, context)


@pytest.mark.usefixtures("servers")
async def test_a1_three_good_servers_and_a_liar_who_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hostclock, "read", lambda: None)
    found = await asked(*GOOD, FALSE)
    assert found.offset is not None
    assert found.offset.low <= 0 <= found.offset.high
    assert found.offset.error < 0.05
    assert found.servers == 3
    assert {m.address: m.state for m in found.members} == {
        **dict.fromkeys(GOOD, "good"),
        FALSE: "false",
    }
    assert found.members[3].detail.startswith("+3600.0 s off")


@pytest.mark.usefixtures("servers")
async def test_a1_unsynchronised_and_dead_servers_take_no_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hostclock, "read", lambda: None)
    found = await asked(*GOOD[:2], FALSE, LOST, DEAD)
    assert found.offset is not None
    assert [m.state for m in found.members] == ["good", "good", "false", "unsynchronised", "silent"]


@pytest.mark.usefixtures("servers")
@pytest.mark.parametrize(
    ("addresses", "words"),
    [((GOOD[0], FALSE), "contradict"), ((LOST, DEAD), "no time server gives a usable answer")],
)
async def test_a1_without_a_majority_there_is_no_time(
    addresses: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hostclock, "read", lambda: None)
    found = await asked(*addresses)
    assert found.offset is None
    assert words in found.reason_text


@pytest.mark.usefixtures("servers")
async def test_a1_a_single_liar_is_caught_by_the_synchronised_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hostclock, "read", lambda: hostclock.HostClock(True, 0.01))
    assert (await asked(FALSE)).offset is None
    assert (await asked(GOOD[0])).offset is not None
