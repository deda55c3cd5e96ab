"""What the simulated devices say beyond one TCP session: reports over UDP, SNMP's clock, a session
limit, shared addresses.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from healthmon.checks.probes import clock, stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.config import loading
from healthmon.demo import plan
from healthmon.demo.__main__ import has_address
from healthmon.demo.estate import Estate
from healthmon.demo.state import HTTP, RTSP, SNMP, SimDevice
from healthmon.demo.udp_sim import date_and_time
from healthmon.inventory import devices as inventory
from healthmon.model.device import Access, Check, Device, SnmpAccess, StreamSpec
from healthmon.model.enums import CheckName, Kind
from healthmon.protocols.errors import BusyError
from healthmon.protocols.trace import Trace, recording
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.values import dates
from healthmon.secret import Credential, Secret

ROOT = Path(__file__).parents[2]
ADDRESS = "127.34.1.2"


@pytest.fixture
async def estate():
    started = Estate([SimDevice("C1", "North", "camera", ADDRESS, "s", serial="SIM-1", snmp=True)])
    await started.start()
    yield started
    await started.stop()


def watched() -> tuple[Device, ProbeContext]:
    snmp = SnmpAccess("read", SNMP)
    access = Access(rtsp_port=RTSP, http_port=HTTP, credential="view", snmp=snmp)
    device = Device(
        "C1", "C1", Kind.CAMERA, "s", ADDRESS, access=access, streams=(StreamSpec(path="/stream1"),)
    )
    secrets = {"view": "view only", "read": "public"}
    return device, ProbeContext(
        Connector.of([ADDRESS]),
        LockoutGuard(),
        lambda name: Credential(name, "healthmon", Secret(secrets[name])),
    )


async def look(device: Device, context: ProbeContext):
    async with asyncio.timeout(8):
        return await stream.probe(
            device, Check("C1", CheckName.STREAM, "main", watch=0.6, timeout=6), context
        )


async def test_the_sender_report_comes_over_udp_from_the_port_that_was_named(estate) -> None:
    await estate.set_fault("C1", "udp_only")
    await estate.set_fault("C1", "clock_offset", 90.0)
    device, context = watched()
    with recording(Trace(keep_notes=True)) as told:
        found = await look(device, context)
    assert (found.transport, found.lost, found.frames > 3) == ("udp", 0, True)
    assert found.sender_clock is not None
    assert found.sender_clock.middle == pytest.approx(90, abs=0.5)
    ports = re.search(
        r"client_port=(\d+)-(\d+);server_port=(\d+)-(\d+)", "".join(note[2] for note in told.notes)
    )
    assert ports
    assert int(ports[4]) == int(ports[3]) + 1
    assert int(ports[3]) % 2 == 0
    counters = estate.counters("C1")
    assert (counters.sessions, counters.teardowns, counters.lost_sessions) == (1, 1, 0)


async def test_a_path_is_found_on_a_strict_device_whose_clock_is_wrong(estate) -> None:
    """The first look of all: nobody has asked the clock yet, and only a token by the device's own
    time is accepted.
    """
    await estate.set_fault("C1", "clock_offset", 3600.0)
    await estate.set_fault("C1", "strict_window", 5)
    await estate.set_fault("C1", "token_only")
    device, context = watched()
    access = replace(device.access, onvif_path="/onvif/device_service")
    found = await look(replace(device, access=access, streams=(StreamSpec(),)), context)
    assert (found.path, found.frames > 3) == ("/stream1", True)
    assert estate.counters("C1").logins_rejected == 0


async def test_c12_a_session_limit_is_busy_until_a_session_ends(estate) -> None:
    await estate.set_fault("C1", "session_limit", 1)
    device, context = watched()
    counters = estate.counters("C1")
    counters.begin()  # somebody else watches
    with pytest.raises(BusyError, match="453"):
        await look(device, context)
    counters.sessions_now = 0
    assert (await look(device, context)).frames > 3
    assert counters.sessions_now == 0


async def test_the_clock_by_snmp(estate) -> None:
    device, context = watched()
    for offset in (0.0, 3600.0):
        await estate.set_fault("C1", "clock_offset", offset)
        async with asyncio.timeout(8):
            told = await clock.probe(device, Check("C1", CheckName.CLOCK, timeout=6), context)
        spans = {reading.source: reading.offset for reading in told.readings}
        assert spans["snmp"] is not None
        assert spans["snmp"].low <= offset <= spans["snmp"].high


@pytest.mark.parametrize(
    "at", ["2026-01-15 12:00:01", "2026-07-15 23:59:59", "1970-01-01 00:00:09"]
)
def test_date_and_time_has_its_offset_in_summer_and_winter(at: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    raw = date_and_time(moment.timestamp())
    assert len(raw) == 11
    assert dates.date_and_time(raw) == moment


def test_which_addresses_a_machine_has() -> None:
    assert has_address("127.0.0.1")
    assert not has_address("192.0.2.1")


def test_ports_tell_the_devices_of_one_address_apart(tmp_path) -> None:
    devices = plan.plan(6, 1, 1)
    plan.share_address(devices)
    ports = [
        port
        for device in devices
        for port in (
            device.ports.rtsp,
            device.ports.http,
            device.ports.snmp,
            device.ports.ntp,
            device.ports.tcp,
        )
    ]
    assert len(set(ports)) == len(ports)
    assert {device.address for device in devices} == {"127.0.0.1"}
    found = inventory.devices(loading.load(plan.write_config(devices, tmp_path)))
    assert len({row.commissioned.mac for row in found if row.kind is Kind.CAMERA}) == 6


def test_a_sweep_of_an_estate_behind_one_address(tmp_path) -> None:
    """As on a machine whose loopback has one address: every device is found by its ports, and each
    fault at its own.
    """
    argv = [
        sys.executable,
        "-m",
        "healthmon.demo",
        "--folder",
        str(tmp_path),
        "--cameras",
        "2",
        "--recorders",
        "0",
    ]
    argv += [
        "--one-address",
        "--control",
        "0",
        "--well",
        "--schedule",
        str(tmp_path / "faults.yaml"),
    ]
    (tmp_path / "faults.yaml").write_text(
        '[{at: 0 s, device: C002, fault: "off"}, {at: 0 s, device: UPS1, fault: ups_on_battery, value: 60}]'
    )
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ
    ) as child:
        try:
            assert child.stdout is not None
            assert "ports tell the devices apart" in child.stdout.readline()
            assert "ready" in child.stdout.readline()
            sweep = [
                sys.executable,
                "-m",
                "healthmon",
                "sweep",
                "--json",
                "--config",
                str(tmp_path / "config.yaml"),
            ]
            env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}"}
            done = subprocess.run(
                sweep, capture_output=True, text=True, timeout=90, env=env, check=False
            )
        finally:
            child.send_signal(signal.SIGTERM)
    assert done.returncode == 1, done.stderr
    sheet = json.loads(done.stdout)
    rows = [*sheet["faults"], *sheet["warnings"], *sheet["not_checked"]]
    codes = {device: row["code"] for row in rows for device in row["devices"]}
    assert codes == {"C002": "unreachable", "UPS1": "on_battery"}
