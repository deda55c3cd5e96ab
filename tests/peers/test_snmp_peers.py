"""net-snmp's snmpd on loopback, told by ``override`` to be a UPS: v1, v2c and v3, read by the probe
and judged.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.product import Product
from helpers.recording import round_trip
from helpers.support import Peers, free_port, need, wait_udp

from healthmon.checks.evaluation import ups as verdict
from healthmon.checks.probes import host, reach, ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.model import ups as says
from healthmon.model.device import Access, Check, Device, SnmpAccess
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.readings import Readings
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.protocols.errors import (
    AuthFailedError,
    AuthLatchedError,
    RefusedError,
    SilentError,
)
from healthmon.protocols.snmp import v2c as snmp
from healthmon.protocols.snmp import v3 as snmpv3
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer

HOST = "127.0.0.1"
UPS = "1.3.6.1.2.1.33.1"
ON_MAINS = {
    "1.1.0": "octet_str Example",
    "1.2.0": "octet_str Example-3000",
    "2.1.0": "integer 2",
    "2.2.0": "integer 0",
    "2.3.0": "integer 41",
    "2.4.0": "integer 100",
    "4.1.0": "integer 3",
    "4.4.1.5.1": "integer 38",
    "6.1.0": "uinteger 0",
    "7.3.0": "integer 1",
}
ON_BATTERY = {**ON_MAINS, "2.2.0": "integer 190", "4.1.0": "integer 5"}
ENGINE_A, ENGINE_B = "0x80001f880300000a01", "0x80001f880300000b02"
USER = Credential("v3", "healthmon", Secret("authpass12345"), Secret("privpass12345"))
WRONG_AUTH = Credential("v3", "healthmon", Secret("wrongpass12345"), Secret("privpass12345"))
WRONG_USER = Credential("v3", "nobody", Secret("authpass12345"), Secret("privpass12345"))
WRONG_PRIVATE = Credential("v3", "healthmon", Secret("authpass12345"), Secret("wrongpriv12345"))


@pytest.fixture(autouse=True)
async def engines_closed(nothing_left: None) -> AsyncIterator[None]:
    """The engines of SNMPv3 end with the test, as they do with the agent."""
    yield
    await ups.close()


def snmpd(
    peers: Peers,
    values: dict[str, str],
    port: int = 0,
    engine: str = ENGINE_A,
    boots: int = 0,
    places: tuple[str, ...] = (f"udp:{HOST}",),
) -> tuple[int, subprocess.Popen[bytes]]:
    """A running agent: its port and process. It knows of `boots` earlier starts, and may be at
    other `places`.
    """
    need("snmpd")
    port = port or free_port(socket.SOCK_DGRAM)
    folder = peers.folder / f"snmpd{len(peers.running)}"
    folder.mkdir()
    lines = [
        f"rocommunity public {HOST}",
        f"exactEngineID {engine}",
        "createUser healthmon SHA-256 authpass12345 AES privpass12345",
        "rouser healthmon priv",
        *(f"override {UPS}.{oid} {value}" for oid, value in values.items()),
    ]
    (folder / "snmpd.conf").write_text("\n".join(lines) + "\n")
    kept = folder / "kept"
    kept.mkdir()
    memory = kept / "snmpd.conf"
    memory.write_text(f"engineBoots {boots}\noldEngineID {engine}\n" if boots else "")
    argv = [
        "-f",
        "-Lo",
        "-C",
        "-c",
        f"{folder / 'snmpd.conf'},{memory}",
        "-p",
        str(folder / "pid"),
        *(f"{place}:{port}" for place in places),
    ]
    process = peers.start("snmpd", *argv, env={"SNMP_PERSISTENT_DIR": str(kept), "MIBS": ""})
    wait_udp(HOST, port)
    return port, process


def made(
    port: int, version: str = "2c", credential: Credential | None = None
) -> tuple[Device, ProbeContext]:
    access = Access(snmp=SnmpAccess("c", port, version, "SHA-256", "AES"))
    used = credential or (USER if version == "3" else Credential("c", "", Secret("public")))
    device = Device("U1", "Cabinet 4", Kind.UPS, "s", HOST, access=access)
    return device, ProbeContext(Connector.of([HOST]), LockoutGuard(), lambda _: used)


async def look(device: Device, context: ProbeContext) -> Ups:
    return await ups.probe(device, Check(device.id, CheckName.UPS), context)


async def test_a_ups_that_is_recorded_and_replayed_gets_the_same_verdicts(
    peers: Peers, tmp_path: Path
) -> None:
    port, _ = snmpd(peers, ON_BATTERY)
    row = {"id": "U017", "name": "Cabinet 4", "site": "s", "address": HOST}
    product = Product(tmp_path, {"ups": [row | {"snmp": {"credential": "view", "port": port}}]})
    (tmp_path / "secret").write_text("public\n")
    found = await round_trip(product.config, "U017", tmp_path / "made")
    assert "FAULT on_battery" in found["D1 ups"].values()
    written = (tmp_path / "made" / "recording.yaml").read_text()
    described = next(line for line in written.splitlines() if "1.3.6.1.2.1.1.1.0" in line)
    assert "Linux Name " in described
    assert socket.gethostname() not in written


@pytest.mark.parametrize("version", ["1", "2c", "3"])
async def test_a_ups_on_mains_and_on_battery_by_every_version(peers: Peers, version: str) -> None:
    port, process = snmpd(peers, ON_MAINS)
    device, context = made(port, version)
    seen = await look(device, context)
    assert (seen.source, seen.charge_ratio, seen.runtime_seconds) == ("normal", 1.0, 2460.0)
    assert (seen.manufacturer, seen.model, seen.load_ratio) == ("Example", "Example-3000", 0.38)
    assert (seen.on_battery_seconds, seen.backend) == (None, "rfc1628")
    assert seen.conditions == (says.BATTERY_WELL, says.NO_ALARMS)
    peers.stop(process)
    snmpd(peers, ON_BATTERY, port)
    seen = await look(device, context)
    assert (seen.source, seen.on_battery_seconds) == ("battery", 190.0)
    first = verdict.evaluate(Observation("U1", CheckName.UPS, "", 1000.0, 0.1, seen), device)[0]
    assert (first.state, first.code, first.began) == (State.FAULT, "on_battery", 810.0)
    assert first.sentence == "on battery 3 min 10 s, 41 min left at 38 % load"


@pytest.mark.parametrize(("before", "after"), [(50, 0), (0, 50), (50, 50)])
async def test_c31_a_version_3_agent_that_counts_its_starts_anew_is_heard_again(
    peers: Peers, before: int, after: int
) -> None:
    """Outside the time window of RFC 3414 3.2: a card that was reset knows of fewer starts than we
    do.
    """
    port, process = snmpd(peers, ON_MAINS, boots=before)
    device, context = made(port, "3")
    assert (await look(device, context)).source == "normal"
    peers.stop(process)
    snmpd(peers, ON_BATTERY, port, boots=after)
    assert (await look(device, context)).source == "battery"
    assert (await look(device, context)).source == "battery"


async def test_c31_rows_that_vanish_are_not_zeros_and_not_well(peers: Peers) -> None:
    port, process = snmpd(peers, ON_MAINS)
    device, context = made(port)
    assert (await look(device, context)).source == "normal"
    peers.stop(process)
    snmpd(peers, {oid: value for oid, value in ON_MAINS.items() if oid.startswith("1.")}, port)
    seen = await look(device, context)
    assert (seen.source, seen.charge_ratio, seen.runtime_seconds, seen.load_ratio) == (
        None,
        None,
        None,
        None,
    )
    assert (
        verdict.evaluate(Observation("U1", CheckName.UPS, "", 1000.0, 0.1, seen), device)[0].state
        is State.UNKNOWN
    )


async def test_a_wrong_community_is_silence_and_a_stopped_agent_is_refused(peers: Peers) -> None:
    port, process = snmpd(peers, ON_MAINS)
    connector = Connector.of([HOST])
    with pytest.raises(SilentError):
        await snmp.get(connector, HOST, port, Secret("private"), [f"{UPS}.4.1.0"], waits=(0.3, 0.3))
    peers.stop(process)
    with pytest.raises(RefusedError):
        await snmp.get(connector, HOST, port, Secret("public"), [f"{UPS}.4.1.0"])


@pytest.mark.parametrize("credential", [WRONG_AUTH, WRONG_USER], ids=["password", "user"])
async def test_v3_login_refused_is_named_and_held_back_after_it(
    peers: Peers, credential: Credential
) -> None:
    port, _ = snmpd(peers, ON_MAINS)
    device, context = made(port, "3", credential)
    with pytest.raises(AuthFailedError):
        await look(device, context)
    with pytest.raises(AuthLatchedError, match="SNMPv3: "):
        await look(device, context)


async def test_v3_wrong_privacy_key_gives_no_value_and_spoils_no_other_login(peers: Peers) -> None:
    """Same user and password with another privacy key: an engine of its own."""
    port, _ = snmpd(peers, ON_MAINS)
    device, context = made(port, "3", WRONG_PRIVATE)
    with pytest.raises(AuthFailedError, match="privacy password or protocol"):
        await look(device, context)
    good, its_tools = made(port, "3")
    assert (await look(good, its_tools)).source == "normal"


async def test_v3_reach_spends_no_login(peers: Peers) -> None:
    """An agent answers a discovery whatever account is configured (RFC 3414 section 4)."""
    port, process = snmpd(peers, ON_MAINS)
    device, context = made(port, "3", WRONG_AUTH)
    for _ in range(3):
        seen = await reach.probe(device, Check("U1", CheckName.REACH, timeout=4.0), context)
        assert seen.ports[0].reason is None
    assert not context.lockout_guard.latched(HOST, WRONG_AUTH)
    peers.stop(process)
    seen = await reach.probe(device, Check("U1", CheckName.REACH, timeout=4.0), context)
    assert seen.ports[0].reason is Reason.REFUSED


async def test_v3_unit_swapped_for_one_with_another_engine_id_is_found_at_once(
    peers: Peers,
) -> None:
    port, process = snmpd(peers, ON_MAINS)
    oids = [f"{UPS}.4.1.0"]
    connector = Connector.of([HOST])
    assert await snmpv3.get(connector, HOST, port, USER, oids, auth="SHA-256") == {oids[0]: 3}
    peers.stop(process)
    snmpd(peers, ON_BATTERY, port, ENGINE_B)
    assert await snmpv3.get(connector, HOST, port, USER, oids, auth="SHA-256") == {oids[0]: 5}


async def test_v3_is_spoken_by_ip_version_6(peers: Peers) -> None:
    port, _ = snmpd(peers, ON_MAINS, places=(f"udp:{HOST}", "udp6:[::1]"))
    oids = [f"{UPS}.4.1.0"]
    found = await snmpv3.get(Connector.of(["::1"]), "::1", port, USER, oids, auth="SHA-256")
    assert found == {oids[0]: 3}


async def test_v3_dead_host_cuts_no_request_of_another(peers: Peers) -> None:
    """The engine is renewed for the dead host while requests to the living one are under way."""
    port, _ = snmpd(peers, ON_MAINS)
    connector = Connector.of([HOST, "127.0.0.9"])
    oids = [f"{UPS}.4.1.0"]

    async def bury(dead: int) -> None:
        for _ in range(snmpv3.RENEW_AFTER):
            with pytest.raises(SilentError):
                await snmpv3.get(connector, "127.0.0.9", dead, USER, oids, auth="SHA-256")

    mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute.bind(("127.0.0.9", 0))
    burial = asyncio.create_task(bury(mute.getsockname()[1]))
    answers = 0
    while not burial.done():
        async with asyncio.timeout(3):
            assert await snmpv3.get(connector, HOST, port, USER, oids, auth="SHA-256") == {
                oids[0]: 3
            }
        answers += 1
    await burial
    mute.close()
    assert answers > 50


async def test_our_reading_is_snmpgets_reading(peers: Peers) -> None:
    need("snmpget")
    port, _ = snmpd(peers, ON_BATTERY)
    oids = [f"{UPS}.{oid}" for oid in ON_BATTERY if oid[0] in "24"]
    argv = ["snmpget", "-v2c", "-c", "public", "-Oqvn", f"{HOST}:{port}", *oids]
    theirs = subprocess.run(
        argv, capture_output=True, text=True, check=True, env={"MIBS": "", "PATH": "/usr/bin"}
    )
    ours = await snmp.get(Connector.of([HOST]), HOST, port, Secret("public"), oids)
    assert [str(ours[oid]) for oid in oids] == theirs.stdout.split()


@pytest.mark.parametrize("version", ["1", "2c", "3"])
async def test_a_column_walked_is_snmpwalks_column(peers: Peers, version: str) -> None:
    """sysORDescr: every row, by every version."""
    need("snmpwalk")
    port, _ = snmpd(peers, ON_MAINS)
    column = "1.3.6.1.2.1.1.9.1.3"
    argv = ["snmpwalk", "-v2c", "-c", "public", "-Oqn", f"{HOST}:{port}", column]
    theirs = subprocess.run(
        argv, capture_output=True, text=True, check=True, env={"MIBS": "", "PATH": "/usr/bin"}
    )
    connector = Connector.of([HOST])
    if version == "3":
        ours = await snmpv3.walk(connector, HOST, port, USER, column, auth="SHA-256")
    else:
        ours = await snmp.walk(connector, HOST, port, Secret("public"), column, version=version)
    rows = [line.partition(" ") for line in theirs.stdout.splitlines()]
    assert {
        f".{column}.{index}": str(value, "utf-8")
        for index, value in ours.items()
        if isinstance(value, bytes)
    } == {oid: text.strip('"') for oid, _, text in rows}
    assert len(ours) > 5


@pytest.mark.parametrize("version", ["2c", "3"])
async def test_a_workstation_reports_itself_by_host_resources(peers: Peers, version: str) -> None:
    """This machine as net-snmp's agent reports it: its uptime, its root volume, one that it has not."""
    port, _ = snmpd(peers, {})
    device, context = made(port, version)
    station = replace(
        device, kind=Kind.WORKSTATION, readings=Readings(storage=("/", "/no such volume"))
    )
    seen = await host.probe(station, Check("U1", CheckName.HOST), context)
    volumes = {one.name: one for one in seen.volumes}
    used = volumes["/"].used_ratio
    assert seen.uptime_seconds is not None
    assert seen.uptime_seconds > 0
    assert used is not None
    assert 0 < used <= 1
    assert "no such volume; it reports" in volumes["/no such volume"].missing
    reached = await reach.probe(station, Check("U1", CheckName.REACH), context)
    assert [(one.name, one.reason) for one in reached.ports] == [("snmp", None)]


async def test_a_workstation_without_an_agent_is_not_checked(peers: Peers) -> None:
    device, context = made(free_port(socket.SOCK_DGRAM))
    with pytest.raises(RefusedError):
        await host.probe(device, Check("U1", CheckName.HOST), context)
