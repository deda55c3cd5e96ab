"""The simulated switch: read by our probe and by net-snmp's client; what is unplugged is off and
its port is down.
"""

from __future__ import annotations

import asyncio
import re
import subprocess

import pytest
from helpers.support import need

from healthmon.checks.evaluation.port import cause, evaluate
from healthmon.checks.probes import port
from healthmon.checks.probes.context import ProbeContext
from healthmon.demo.estate import Estate
from healthmon.demo.state import RTSP, SNMP, SimDevice
from healthmon.model.device import Check, Device, PortAccess, SnmpAccess
from healthmon.model.enums import CheckName, Kind
from healthmon.model.links import SwitchPort
from healthmon.model.results import Observation
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

ADDRESS, SWITCH = "127.34.1.2", "127.34.9.2"


@pytest.fixture
async def estate():
    cameras = [
        SimDevice(
            f"C{n}",
            f"Camera {n}",
            "camera",
            f"127.34.1.{n + 1}",
            "s",
            parent="S1",
            port=f"Gi1/0/{n}",
        )
        for n in range(1, 31)
    ]
    switch = SimDevice("S1", "Switch", "link", SWITCH, "s", password="public")
    switch.hangs += cameras
    started = Estate([cameras[0], switch])
    await started.start()
    yield started
    await started.stop()


WHERE = PortAccess("S1", "Switch", SWITCH, SnmpAccess("c", SNMP), "Gi1/0/1")
DEVICE = Device("C1", "Camera 1", Kind.CAMERA, "s", ADDRESS, port=WHERE)


async def look(context: ProbeContext) -> SwitchPort:
    return await port.probe(DEVICE, Check("C1", CheckName.PORT, "S1"), context)


async def open_port(address: str, number: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(address, number)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_what_is_unplugged_is_off_and_its_port_says_why(estate):
    context = ProbeContext(
        Connector.of([SWITCH]), LockoutGuard(), lambda _: Credential("c", "", Secret("public"))
    )
    assert cause(await look(context), DEVICE) == ""
    for fault, words in (
        ("port_down", "is down and finds no device to power"),
        ("port_off", "is switched off on purpose"),
        ("poe_fault", "PoE fault: port Gi1/0/1 of Switch S1"),
    ):
        await estate.set_fault("C1", fault)
        assert not await open_port(ADDRESS, RTSP)
        assert words in cause(await look(context), DEVICE)
        await estate.set_fault("C1", fault, None)
        assert await open_port(ADDRESS, RTSP)
    assert estate.counters("S1").writes_attempted == 0


async def test_errors_that_rise_and_a_slow_link_are_warned_of(estate):
    context = ProbeContext(
        Connector.of([SWITCH]), LockoutGuard(), lambda _: Credential("c", "", Secret("public"))
    )
    await look(context)
    estate.devices["C1"].started -= 1000
    await estate.set_fault("C1", "port_errors", 0.05)
    await estate.set_fault("C1", "port_slow")
    found = evaluate(
        Observation("C1", CheckName.PORT, "S1", 1.8e9, 0.1, await look(context)), DEVICE
    )
    assert {one.aspect: one.code for one in found} == {"port": "ok", "poe": "ok", "speed": "port_slow", "errors": "port_errors"}  # fmt: skip


@pytest.mark.peer
async def test_net_snmp_walks_the_simulated_switch(estate):
    need("snmpwalk", "snmpbulkwalk")
    for program in ("snmpwalk", "snmpbulkwalk"):
        argv = [program, "-v2c", "-c", "public", "-Oqn", f"{SWITCH}:{SNMP}", "1.3.6.1.2.1"]
        done = await asyncio.to_thread(
            subprocess.run,
            argv,
            capture_output=True,
            text=True,
            check=True,
            env={"MIBS": "", "PATH": "/usr/bin"},
        )
        names = re.findall(
            r"^\.1\.3\.6\.1\.2\.1\.31\.1\.1\.1\.1\.(\d+) \"?(.+?)\"?$", done.stdout, re.MULTILINE
        )
        assert names == [(str(10100 + n), f"Gi1/0/{n}") for n in range(1, 31)]
        assert re.search(
            r"^\.1\.3\.6\.1\.2\.1\.105\.1\.3\.1\.1\.4\.1 180$", done.stdout, re.MULTILINE
        )
