"""net-snmp's snmpd as a switch: IF-MIB of real interfaces that are set down and up, RFC 3621 by
pass_persist.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.peers.namespaces import inside, ip
from helpers.support import Peers, free_port, need

from healthmon.checks.evaluation import port as verdict
from healthmon.checks.probes import port as probe
from healthmon.checks.probes import ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Check, Device, PortAccess, SnmpAccess
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.links import SwitchPort
from healthmon.model.results import Observation
from healthmon.protocols.errors import NotFoundError
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
HOST = "127.0.0.1"
PSE = ".1.3.6.1.2.1.105.1.1.1"
USER = Credential("c", "healthmon", Secret("authpass12345"), Secret("privpass12345"))


def snmpd(peers: Peers, power: Path | None = None) -> int:
    """An agent of this namespace's interfaces, and of the power ports in `power`."""
    need("snmpd")
    port = free_port(socket.SOCK_DGRAM)
    folder = peers.folder / f"switch{len(peers.running)}"
    folder.mkdir()
    lines = [
        f"rocommunity public {HOST}",
        "createUser healthmon SHA-256 authpass12345 AES privpass12345",
        "rouser healthmon priv",
        "interface_fadeout 1",
    ]
    if power is not None:
        helper = Path(__file__).parents[1] / "helpers/peers/pse_pass.py"
        lines.append(f"pass_persist .1.3.6.1.2.1.105 {sys.executable} {helper} {power}")
    (folder / "snmpd.conf").write_text("\n".join(lines) + "\n")
    argv = [
        "-f",
        "-Lo",
        "-C",
        "-c",
        str(folder / "snmpd.conf"),
        "-p",
        str(folder / "pid"),
        f"udp:{HOST}:{port}",
    ]
    peers.start("snmpd", *argv, env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""})
    return port


def with_cable(peers: Peers, watch: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """`watch` an agent whose port cam7 has a cable to far7."""
    ip("link", "add", "cam7", "type", "veth", "peer", "name", "far7")
    for name in ("cam7", "far7"):
        ip("link", "set", name, "up")
    asyncio.run(watch(snmpd(peers)))
    peers.close()


def camera(port: int, name: str, version: str = "2c", poe: str | None = None) -> Device:
    access = SnmpAccess("c", port, version, "SHA-256", "AES")
    where = PortAccess("S01", "Market switch", HOST, access, name, poe)
    return Device("C1", "Camera", Kind.CAMERA, "s", "192.0.2.1", port=where)


def context(version: str = "2c") -> ProbeContext:
    used = USER if version == "3" else Credential("c", "", Secret("public"))
    return ProbeContext(Connector.of([HOST]), LockoutGuard(), lambda _: used)


async def until(
    device: Device, held: ProbeContext, wanted: Any, seconds: float = 60.0
) -> SwitchPort:
    """The port once it is as `wanted`; snmpd caches its interfaces for some seconds."""
    end, seen = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            seen = await probe.probe(device, Check("C1", CheckName.PORT, "S01"), held)
        except Exception as error:
            seen = error
        if isinstance(seen, SwitchPort) and wanted(seen):
            return seen
        await asyncio.sleep(0.3)
    raise AssertionError(f"last seen: {seen!r}")


def judged(device: Device, seen: SwitchPort) -> dict[str, tuple[State, str]]:
    found = verdict.evaluate(
        Observation("C1", CheckName.PORT, "S01", time.time(), 0.1, seen), device
    )
    return {one.aspect: (one.state, one.code) for one in found}


def test_a_real_interface_is_seen_to_go_down_and_come_back_by_every_version(peers: Peers) -> None:
    async def watch(port: int) -> None:
        asked = [(camera(port, "cam7", version), context(version)) for version in ("1", "2c", "3")]
        device = asked[0][0]

        async def all_see(wanted: Any) -> SwitchPort:
            found = await asyncio.gather(*(until(one, held, wanted) for one, held in asked))
            assert len({(seen.admin, seen.oper, seen.index, seen.speed) for seen in found}) == 1
            return found[0]

        try:
            up = await all_see(lambda seen: seen.oper == "up")
            assert (up.admin, up.poe, up.poe_unknown, up.speed) == ("up", None, False, 10e9)
            assert judged(device, up)["port"] == (State.OK, "ok")
            ip("link", "set", "far7", "down")
            down = await all_see(lambda seen: seen.oper != "up")
            assert down.admin == "up"
            assert judged(device, down)["port"] == (State.FAULT, "port_down")
            assert verdict.cause(down, device) == "port cam7 of Market switch S01 is down"
            ip("link", "set", "cam7", "down")
            off = await all_see(lambda seen: seen.admin == "down")
            assert judged(device, off)["port"] == (State.DEGRADED, "port_off")
            assert (
                verdict.cause(off, device)
                == "port cam7 of Market switch S01 is switched off on purpose"
            )
        finally:
            await ups.close()

    inside(lambda: with_cable(peers, watch))


def test_a_port_is_found_again_when_its_index_has_changed_and_missed_when_it_is_gone(
    peers: Peers,
) -> None:
    async def watch(port: int) -> None:
        held, device = context(), camera(port, "cam7")
        before = await until(device, held, lambda seen: seen.oper == "up")
        ip("link", "del", "cam7")
        ip("link", "add", "cam8", "type", "veth", "peer", "name", "far8")
        ip("link", "add", "cam7", "type", "veth", "peer", "name", "far7")
        for name in ("cam7", "far7"):
            ip("link", "set", name, "up")
        held.memory_of("S01").switch_read_at = -1e9
        after = await until(
            device, held, lambda seen: seen.index != before.index and seen.oper == "up"
        )
        assert after.port == "cam7"
        assert after.new_errors is None or after.new_errors == 0
        with pytest.raises(NotFoundError, match="no port with the name"):
            await probe.probe(camera(port, "cam9"), Check("C1", CheckName.PORT, "S01"), context())
        by_number = camera(port, str(after.index))
        assert (
            await probe.probe(by_number, Check("C1", CheckName.PORT, "S01"), context())
        ).index == after.index

    inside(lambda: with_cable(peers, watch))


def test_the_octets_of_a_port_are_counted_by_the_switch(peers: Peers) -> None:
    async def watch(port: int) -> None:
        held, device = context(), camera(port, "lo")
        first = await until(device, held, lambda seen: seen.bytes_in is not None)
        second = await until(
            device, held, lambda seen: (seen.bytes_in or 0) > (first.bytes_in or 0)
        )
        assert second.new_packets is not None
        assert second.new_packets > 0
        assert second.new_errors == 0
        assert judged(device, second)["errors"] == (State.OK, "ok")

    inside(lambda: (asyncio.run(watch(snmpd(peers))), peers.close()))


def power(folder: Path, **status: int) -> Path:
    """Power ports 1.1 to 1.8, all delivering, but those given as p7=4."""
    file = folder / "pse"
    rows = []
    for port in range(1, 9):
        for column, kind, value in (
            (3, "integer", 1),
            (6, "integer", status.get(f"p{port}", 3)),
            (12, "counter", 0),
        ):
            rows.append(f"{PSE}.{column}.1.{port} {kind} {value}")
    file.write_text("\n".join(rows) + "\n")
    return file


def test_a_poe_fault_is_read_from_the_power_ethernet_mib(peers: Peers, tmp_path: Path) -> None:
    async def watch(port: int) -> None:
        held, device = context(), camera(port, "lo", poe="1.7")
        seen = await until(
            device, held, lambda seen: seen.poe is not None and seen.poe.status == "delivering"
        )
        assert seen.poe is not None
        assert (seen.poe.index, seen.poe.enabled, seen.poe.denied) == ("1.7", True, None)
        power(tmp_path, p7=4)
        seen = await until(
            device, held, lambda seen: seen.poe is not None and seen.poe.status == "fault"
        )
        assert judged(device, seen)["poe"] == (State.DEGRADED, "poe_fault"), (
            "the port is up: power from elsewhere"
        )
        assert judged(device, replace(seen, oper="down"))["poe"] == (State.FAULT, "poe_fault")
        assert verdict.cause(seen, device).startswith("PoE fault: port lo of Market switch S01")

    file = power(tmp_path)
    inside(lambda: (asyncio.run(watch(snmpd(peers, file))), peers.close()))
