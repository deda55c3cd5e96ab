"""snmpsim plays UPSes of fourteen MIBs, by SNMP v1, v2c and v3, and apcupsd reads one of them; our record and verdict."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import ups_peers
from support import Peers

from healthmon.model import (
    Access,
    ApcupsdAccess,
    Ask,
    Device,
    Kind,
    Observation,
    Question,
    SnmpAccess,
    State,
    Ups,
)
from healthmon.probes import ups
from healthmon.probes.tools import Tools
from healthmon.secret import Credential, Secret
from healthmon.verdict import ups as verdict
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

pytestmark = pytest.mark.peer
NOON_1_NOVEMBER_2026 = 1793534400.0
OUTPUT = "1.3.6.1.4.1.318.1.1.1.4.1.1.0"
ON_LINE, ON_BATTERY = 2, 3


@dataclass(frozen=True)
class Told:
    """What a recording must be read as."""

    backend: str
    source: str
    charge: float | None
    runtime: float | None
    load: float | None
    code: str
    more: dict[str, object]


WANTED = {
    "rfc1628": Told("rfc1628", "normal", 1.0, 2460, 0.38, "ok", {"input_volts": (236.3,), "alarms": (), "test_result": "passed", "battery_volts": 218.4}),
    "rfc1628_text": Told("rfc1628", "normal", 1.0, 2460, 0.38, "ok", {"input_volts": (236.3,), "test_result": "passed", "battery_low": False}),
    "rfc1628_battery": Told("rfc1628", "battery", 0.31, None, 0.41, "on_battery", {"battery_low": True, "alarms": ("low battery", "fan failure"), "test_result": None, "input_volts": ()}),
    "rfc1628_other": Told("rfc1628", "other", 1.0, None, 0.10, "not_reported", {"temperature_celsius": None}),
    "powernet": Told("apc", "normal", 0.98, 2460, 0.38, "ok", {"model": "Smart-UPS 3000", "test_at": NOON_1_NOVEMBER_2026, "battery_replace": False, "input_volts": (238.0,), "firmware": "651.13.I", "serial": "AS1234567890"}),
    "powernet_fine": Told("apc", "normal", 1.0, 4560, 0.176, "ok", {"input_volts": (247.6,), "output_volts": (247.6,), "battery_volts": 27.0, "temperature_celsius": 30.0, "battery_replace": False, "test_result": None}),
    "mge_galaxy": Told("rfc1628 + mge", "normal", 1.0, 7260, 0.11, "ok", {"model": "Galaxy 7000", "input_volts": (409.0, 410.0, 410.0), "output_volts": (230.3,), "battery_volts": 594.0, "temperature_celsius": 23.0, "overload": False}),
    "powernet_battery": Told("rfc1628 + apc", "battery", 0.44, 600, 0.38, "on_battery", {"on_battery_seconds": 190.0, "battery_low": True, "battery_replace": True, "test_result": "failed", "manufacturer": "American Power Conversion Corp."}),
    "powernet_test": Told("apc", "test", 0.98, 2460, 0.38, "ok", {"test_result": "in progress"}),
    "powernet_lost": Told("apc", "normal", 0.98, 2460, 0.38, "ups_comms_lost", {"communication": False}),
    "xups": Told("xups", "eco", 1.0, 59940, 0.17, "ok", {"input_source": "generator", "battery_replace": True, "battery_volts": 246.0, "model": "9PX 6000i RT3U", "test_result": "passed"}),
    "mge_battery": Told("mge", "battery", 0.72, 1260, 0.61, "on_battery", {"input_bad": True, "battery_replace": True, "battery_low": False, "input_volts": ()}),
    "cyberpower_boost": Told("cyberpower", "boost", 1.0, 3300, 0.12, "ok", {"battery_replace": True, "input_volts": (201.3,), "temperature_celsius": 31.0, "input_bad": True}),
    "socomec_battery": Told("socomec", "battery", 0.96, None, 0.52, "on_battery", {"on_battery_seconds": 75.0, "conflicts": (), "serial": "2D00000000", "battery_volts": 54.2, "output_volts": (230.0,)}),
    "riello_bypass": Told("riello", "bypass", 1.0, 2460, 0.38, "not_protecting", {"manufacturer": "Riello", "test_result": None}),
    "delta_boost": Told("rfc1628 + delta", "boost", 1.0, 1320, 0.79, "ok", {"manufacturer": "Example", "model": "NT 1500", "input_volts": (208.1,), "battery_volts": 41.2, "alarms": ()}),
    "huawei_eco": Told("rfc1628 + huawei", "eco", 1.0, 5460, 0.312, "ok", {"input_volts": (231.0, 232.4, 229.8), "output_volts": (230.1, 230.0, 230.2), "battery_volts": 436.8, "serial": "2102350000"}),
    "ppc_trim": Told("ppc", "trim", 0.97, 29750, 0.07, "ok", {"input_volts": (251.3,), "output_volts": (230.9,), "temperature_celsius": 26.0, "battery_replace": False, "battery_volts": None}),
    "eppc_normal": Told("eppc", "normal", 1.0, 36000, 0.27, "ok", {"firmware": "05616-0600", "input_volts": (238.2,), "output_volts": (230.0,), "battery_volts": 108.9, "temperature_celsius": None, "battery_replace": False}),
    "tripplite_eco": Told("rfc1628 + tripplite", "eco", 1.0, 6300, 0.07, "ok", {"model": "SU 3000", "input_volts": (212.9,), "output_volts": (212.5,), "battery_low": False, "temperature_celsius": None}),
    "rfc1628_three": Told("rfc1628", "normal", 1.0, 1800, 0.93, "ok", {"input_volts": (231.0, 229.0, 230.0), "output_volts": (230.0, 230.0, 230.0), "battery_replace": None}),
    "ita2_battery": Told("ita2", "battery", 0.64, 1230, 0.415, "on_battery", {"model": "ITA2", "serial": "21010000000000000001", "input_volts": (), "output_volts": (230.4, 229.9, 230.1), "battery_volts": 201.3, "temperature_celsius": None}),
    "vertiv_generator": Told("vertiv", "normal", 0.97, 1980, None, "ok", {"input_source": "generator", "input_bad": False, "test_result": "passed"}),
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
    tools = Tools(Net.of([ups_peers.HOST]), LoginGuard(), lambda _: used)
    return await ups.look(device, Ask("U1", Question.UPS), tools), device


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
    first = verdict.judge(Observation("U1", Question.UPS, "", 1.8e9, 0.1, seen), device)[0]
    assert first.code == wanted.code, first.sentence
    assert (first.state is State.OK) == (wanted.code == "ok")


@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize("name", WANTED)
async def test_c31_a_recording_is_read_by_its_mib(
    ports: dict[str, int], name: str, version: str
) -> None:
    check(name, *await look(ports[name], version))


async def test_c31_the_same_by_version_3(ports: dict[str, int]) -> None:
    """Many agents on one address, each with an engine of its own: one test, so that our engine stays."""
    for name, port in ports.items():
        check(name, *await look(port, "3"))


async def test_c31_apcupsd_on_line_on_battery_and_the_ups_not_heard(
    peers: Peers, ports: dict[str, int], simulator: subprocess.Popen[bytes]
) -> None:
    """A real apcupsd, whose UPS is the recording. The last test here: the simulator is stopped in it."""
    agent = ports["powernet"]
    device = Device(
        "U1",
        "U1",
        Kind.UPS,
        "s",
        ups_peers.HOST,
        access=Access(apcupsd=ApcupsdAccess(ups_peers.apcupsd(peers, agent))),
    )
    tools = Tools(
        Net.of([ups_peers.HOST]), LoginGuard(), lambda name: Credential(name, "", Secret(""))
    )

    async def until(wanted: Callable[[Ups], bool], seconds: float = 30) -> Ups:
        end = time.monotonic() + seconds
        while not wanted(seen := await ups.look(device, Ask("U1", Question.UPS), tools)):
            assert time.monotonic() < end, seen
            await asyncio.sleep(0.2)
        return seen

    def power(seen: Ups) -> tuple[State, str]:
        first = verdict.judge(Observation("U1", Question.UPS, "", 1000.0, 0.1, seen), device)[0]
        return first.state, first.code

    seen = await until(lambda seen: seen.source == "normal")
    assert (seen.model, seen.firmware, seen.serial) == (
        "Smart-UPS 3000",
        "651.13.I",
        "AS1234567890",
    )
    assert (seen.charge_ratio, seen.runtime_seconds, seen.load_ratio) == (0.98, 2460.0, 0.38)
    assert (seen.input_volts, seen.temperature_celsius, seen.test_result) == (
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
    seen = await until(lambda seen: seen.communication is False)
    assert (seen.source, seen.charge_ratio, power(seen)) == (
        None,
        None,
        (State.UNKNOWN, "ups_comms_lost"),
    )
