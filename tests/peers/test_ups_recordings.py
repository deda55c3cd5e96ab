"""snmpsim plays UPSes of fourteen MIBs, by SNMP v1, v2c and v3, and apcupsd reads one of them; our
record and verdict.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from helpers.peers import ups_peers
from helpers.support import Peers

from healthmon.checks.evaluation import ups as verdict
from healthmon.checks.probes import ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.model import ups as says
from healthmon.model.device import Access, ApcupsdAccess, Check, Device, SnmpAccess
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
NOON_1_NOVEMBER_2026 = 1793534400.0
OUTPUT = "1.3.6.1.4.1.318.1.1.1.4.1.1.0"
ON_LINE, ON_BATTERY = 2, 3


@dataclass(frozen=True)
class IncidentEvent:
    """What a recording must be read as."""

    backend: str
    source: str
    charge: float | None
    runtime: float | None
    load: float | None
    code: str
    more: dict[str, object]


WANTED = {
    "rfc1628": IncidentEvent("rfc1628", "normal", 1.0, 2460, 0.38, "ok", {"input_volts": (236.3,), "test_result": "passed", "battery_volts": 218.4, "conditions": (says.BATTERY_WELL, says.NO_ALARMS)}),
    "rfc1628_text": IncidentEvent("rfc1628", "normal", 1.0, 2460, 0.38, "ok", {"input_volts": (236.3,), "test_result": "passed", "conditions": (says.BATTERY_WELL, says.NO_ALARMS)}),
    "rfc1628_battery": IncidentEvent("rfc1628", "battery", 0.31, None, 0.41, "on_battery", {"test_result": None, "input_volts": (), "conditions": (says.BATTERY_LOW, says.FAN_FAILED)}),
    "rfc1628_other": IncidentEvent("rfc1628", "other", 1.0, None, 0.10, "not_reported", {"temperature_celsius": None}),
    "powernet": IncidentEvent("apc", "normal", 0.98, 2460, 0.38, "ok", {"model": "Smart-UPS 3000", "test_at": NOON_1_NOVEMBER_2026, "input_volts": (238.0,), "firmware": "651.13.I", "serial": "AS1234567890", "conditions": (says.BATTERY_WELL, says.BATTERY_KEEPS, says.LINK_WELL)}),
    "powernet_fine": IncidentEvent("apc", "normal", 1.0, 4560, 0.176, "ok", {"input_volts": (247.6,), "output_volts": (247.6,), "battery_volts": 27.0, "temperature_celsius": 30.0, "test_result": None, "conditions": (says.BATTERY_KEEPS,)}),
    "mge_galaxy": IncidentEvent("rfc1628 + mge", "normal", 1.0, 7260, 0.11, "ok", {"model": "Galaxy 7000", "input_volts": (409.0, 410.0, 410.0), "output_volts": (230.3,), "battery_volts": 594.0, "temperature_celsius": 23.0, "conditions": (says.NO_OVERLOAD, says.BATTERY_WELL, says.BATTERY_KEEPS, says.BATTERY_NOT_LOW, says.INPUT_WELL)}),
    "powernet_battery": IncidentEvent("rfc1628 + apc", "battery", 0.44, 600, 0.38, "on_battery", {"on_battery_seconds": 190.0, "test_result": "failed", "manufacturer": "American Power Conversion Corp.", "conditions": (says.BATTERY_LOW, says.BATTERY_REPLACE, says.LINK_WELL, says.NO_ALARMS)}),
    "powernet_test": IncidentEvent("apc", "test", 0.98, 2460, 0.38, "ok", {"test_result": "in progress"}),
    "powernet_lost": IncidentEvent("apc", "normal", 0.98, 2460, 0.38, "ups_comms_lost", {"conditions": (says.BATTERY_WELL, says.BATTERY_KEEPS, says.LINK_LOST)}),
    "xups": IncidentEvent("xups", "eco", 1.0, None, 0.17, "ok", {"input_source": "generator", "battery_volts": 246.0, "model": "9PX 6000i RT3U", "test_result": "passed", "conditions": (says.OUTPUT_PROTECTED, says.BATTERY_WELL, says.BATTERY_THERE, says.BATTERY_REPLACE, says.BATTERY_NOT_LOW, says.INPUT_WELL, says.alarm("1 that the UPS does not name"))}),
    "mge_battery": IncidentEvent("mge", "battery", 0.72, 1260, 0.61, "on_battery", {"input_volts": (), "conditions": (says.BATTERY_WELL, says.BATTERY_REPLACE, says.BATTERY_NOT_LOW, says.CHARGER_WELL, says.INPUT_BAD)}),
    "cyberpower_boost": IncidentEvent("cyberpower", "boost", 1.0, 3300, 0.12, "ok", {"input_volts": (201.3,), "temperature_celsius": 31.0, "conditions": (says.BATTERY_WELL, says.BATTERY_REPLACE, says.INPUT_BAD)}),
    "socomec_battery": IncidentEvent("socomec", "battery", 0.96, None, 0.52, "on_battery", {"on_battery_seconds": 75.0, "conflicts": (), "serial": "2D00000000", "battery_volts": 54.2, "output_volts": (230.0,)}),
    "riello_bypass": IncidentEvent("riello", "bypass", 1.0, 2460, 0.38, "not_protecting", {"manufacturer": "Riello", "test_result": None}),
    "delta_boost": IncidentEvent("rfc1628 + delta", "boost", 1.0, 1320, 0.79, "ok", {"manufacturer": "Example", "model": "NT 1500", "input_volts": (208.1,), "battery_volts": 41.2, "conditions": (says.BATTERY_WELL, says.BATTERY_NOT_LOW, says.LINK_WELL, says.INPUT_WELL, says.NO_OVERLOAD)}),
    "huawei_eco": IncidentEvent("rfc1628 + huawei", "eco", 1.0, 5460, 0.312, "ok", {"input_volts": (231.0, 232.4, 229.8), "output_volts": (230.1, 230.0, 230.2), "battery_volts": 436.8, "serial": "2102350000"}),
    "ppc_trim": IncidentEvent("ppc", "trim", 0.97, 29750, 0.07, "ok", {"input_volts": (251.3,), "output_volts": (230.9,), "temperature_celsius": 26.0, "battery_volts": None, "conditions": (says.BATTERY_WELL, says.BATTERY_KEEPS)}),
    "eppc_normal": IncidentEvent("eppc", "normal", 1.0, 36000, 0.27, "ok", {"firmware": "05616-0600", "input_volts": (238.2,), "output_volts": (230.0,), "battery_volts": 108.9, "temperature_celsius": None, "conditions": (says.BATTERY_WELL,)}),
    "tripplite_eco": IncidentEvent("rfc1628 + tripplite", "eco", 1.0, 6300, 0.07, "ok", {"model": "SU 3000", "input_volts": (212.9,), "output_volts": (212.5,), "temperature_celsius": None, "conditions": (says.BATTERY_WELL,)}),
    "rfc1628_three": IncidentEvent("rfc1628", "normal", 1.0, 1800, 0.93, "ok", {"input_volts": (231.0, 229.0, 230.0), "output_volts": (230.0, 230.0, 230.0), "conditions": (says.BATTERY_WELL, says.NO_ALARMS)}),
    "ita2_battery": IncidentEvent("ita2", "battery", 0.64, 1230, 0.415, "on_battery", {"model": "ITA2", "serial": "21010000000000000001", "input_volts": (), "output_volts": (230.4, 229.9, 230.1), "battery_volts": 201.3, "temperature_celsius": None}),
    "vertiv_generator": IncidentEvent("vertiv", "normal", 0.97, 1980, None, "ok", {"input_source": "generator", "test_result": "passed", "conditions": (says.BATTERY_WELL, says.INPUT_WELL)}),
}  # fmt: skip


@pytest.fixture(scope="module")
def ports(module_peers: Peers) -> dict[str, int]:
    return ups_peers.snmpsim(module_peers, *ups_peers.RECORDINGS)


@pytest.fixture(scope="module")
def simulator(module_peers: Peers, ports: dict[str, int]) -> subprocess.Popen[bytes]:
    return module_peers.running[0]


@pytest.fixture(autouse=True)
async def engines_closed(nothing_left: None) -> AsyncIterator[None]:
    yield
    await ups.close()


async def look(port: int, version: str) -> tuple[Ups, Device]:
    device = Device(
        "U1",
        "U1",
        Kind.UPS,
        "s",
        ups_peers.HOST,
        access=Access(snmp=SnmpAccess("c", port, version, "SHA-256", "AES")),
    )
    login = Credential("c", ups_peers.USER, Secret(ups_peers.AUTH), Secret(ups_peers.PRIVATE))
    used = login if version == "3" else Credential("c", "", Secret("public"))
    context = ProbeContext(Connector.of([ups_peers.HOST]), LockoutGuard(), lambda _: used)
    return await ups.probe(device, Check("U1", CheckName.UPS), context), device


def test_every_recording_has_its_row() -> None:
    assert set(WANTED) == set(ups_peers.RECORDINGS)


def check(name: str, seen: Ups, device: Device) -> None:
    wanted = WANTED[name]
    assert (seen.backend, seen.source) == (wanted.backend, wanted.source)
    assert (seen.charge_ratio, seen.runtime_seconds) == (
        pytest.approx(wanted.charge),
        wanted.runtime,
    )
    assert seen.load_ratio == (None if wanted.load is None else pytest.approx(wanted.load))
    for field, value in wanted.more.items():
        near = isinstance(value, float) or (
            isinstance(value, tuple) and value and isinstance(value[0], float)
        )
        assert getattr(seen, field) == (pytest.approx(value) if near else value), field
    first = verdict.evaluate(Observation("U1", CheckName.UPS, "", 1.8e9, 0.1, seen), device)[0]
    assert first.code == wanted.code, first.sentence
    assert (first.state is State.OK) == (wanted.code == "ok")


@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize("name", WANTED)
async def test_c31_a_recording_is_read_by_its_mib(
    ports: dict[str, int], name: str, version: str
) -> None:
    check(name, *await look(ports[name], version))


async def test_c31_the_same_by_version_3(ports: dict[str, int]) -> None:
    """Many agents on one address, each with an engine of its own: one test, so that our engine
    stays.
    """
    for name, port in ports.items():
        check(name, *await look(port, "3"))


async def test_c31_apcupsd_on_line_on_battery_and_the_ups_not_heard(
    peers: Peers, ports: dict[str, int], simulator: subprocess.Popen[bytes]
) -> None:
    """A real apcupsd, whose UPS is the recording. The last test here: the simulator is stopped in
    it.
    """
    agent = ports["powernet"]
    device = Device(
        "U1",
        "U1",
        Kind.UPS,
        "s",
        ups_peers.HOST,
        access=Access(apcupsd=ApcupsdAccess(ups_peers.apcupsd(peers, agent))),
    )
    context = ProbeContext(
        Connector.of([ups_peers.HOST]),
        LockoutGuard(),
        lambda name: Credential(name, "", Secret("")),
    )

    async def until(wanted: Callable[[Ups], bool], seconds: float = 30) -> Ups:
        end = time.monotonic() + seconds
        while not wanted(seen := await ups.probe(device, Check("U1", CheckName.UPS), context)):
            assert time.monotonic() < end, seen
            await asyncio.sleep(0.2)
        return seen

    def power(seen: Ups) -> tuple[State, str]:
        first = verdict.evaluate(Observation("U1", CheckName.UPS, "", 1000.0, 0.1, seen), device)[0]
        return first.state, first.code

    seen = await until(lambda seen: seen.source == "normal")
    assert (seen.model, seen.firmware, seen.serial) == (
        "Smart-UPS 3000",
        "651.13.I",
        "AS1234567890",
    )
    assert (seen.charge_ratio, seen.runtime_seconds, seen.load_ratio) == (0.98, 2460.0, 0.38)
    assert (seen.input_volts, seen.internal_celsius, seen.test_result) == (
        (238.0,),
        24.0,
        "passed",
    )
    assert (seen.on_battery_seconds, power(seen)) == (None, (State.OK, "ok"))
    ups_peers.snmpset(agent, OUTPUT, ON_BATTERY)
    seen = await until(lambda seen: seen.source == "battery" and bool(seen.on_battery_seconds))
    assert seen.on_battery_seconds is not None
    assert 1 <= seen.on_battery_seconds < 30
    assert (seen.transfers, power(seen)) == (1, (State.FAULT, "on_battery"))
    ups_peers.snmpset(agent, OUTPUT, ON_LINE)
    await until(lambda seen: seen.source == "normal")
    simulator.send_signal(signal.SIGSTOP)
    seen = await until(lambda seen: says.LINK_LOST in seen.conditions)
    assert (seen.source, seen.charge_ratio, power(seen)) == (
        None,
        None,
        (State.UNKNOWN, "ups_comms_lost"),
    )
