"""Makes whose checks are data in config.yaml (http, snmp, bosch) against their simulators, and how
values are decoded.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from helpers.recorder_rig import HOST, configured, octets, rig, simulated, watched
from helpers.snmp_agent import agent
from helpers.support import free_port
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.checks.probes import recorder
from healthmon.demo.listener import Listener
from healthmon.demo.onvif_sim import OnvifSim
from healthmon.demo.recorders import bosch
from healthmon.demo.recorders.engine import RecorderSim
from healthmon.demo.state import SimDevice
from healthmon.model.device import Access, SnmpAccess
from healthmon.model.enums import Reason, State
from healthmon.model.footage import Footage, RecorderAnswer, RecorderMeasurement, Recording
from healthmon.model.readings import FIELDS, Reading, Readings, Request
from healthmon.protocols.errors import UnsupportedError
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.values import dates
from healthmon.vendors.client import VendorClient
from healthmon.vendors.clocks import Clock, zone_named
from healthmon.vendors.readings import Gathered, problem_of, text_of, value_of
from healthmon.vendors.recorders import bosch as bosch_make
from healthmon.vendors.registry import make_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("ordinary_day")]

LONDON = Clock(zone_named("Europe/London"))
EVERY = ("C1", "C2", "C3", "C4")
# No public document tells how a Bosch recorder is asked for its oldest footage; ONVIF does, where
# it speaks it.
ALWAYS = {"bosch": {f"{one} retention": "not_reported" for one in EVERY}}
STOPPED = ({"recording_stopped": "2"}, {"C2 recording": "not_recording"})
CLOCK = ({"clock_offset": 3600}, {"R1 clock": "recording_clock"})
SLOW = ({"clock_offset": -3600}, {"R1 clock": "recording_clock"})
DISK = ({"disk_failed": True}, {"R1 disks": "disk_failed"})
LOST = ({"channel_lost": "3"}, {"R1 channels": "channel_lost", "C3 recording": "not_recording"})
SHORT = ({"retention_days": 29}, {f"{one} retention": "retention_short" for one in EVERY})
LONG = ({"retention_days": 40}, {f"{one} retention": "retention_long" for one in EVERY})
HOT = {"R1 alarms": "recorder_alarm"}
FAULTS: dict[str, list[tuple[dict[str, Any], dict[str, str]]]] = {
    "http": [STOPPED, CLOCK, SLOW, DISK, LOST, SHORT, LONG, ({"hot": True}, HOT),
             ({"clock_manual": True}, {"R1 source": "clock_manual"})],
    "snmp": [STOPPED, CLOCK, SLOW, DISK, LOST, SHORT, LONG, ({"hot": True}, HOT | {"R1 temperature": "recorder_hot"})],
    "bosch": [STOPPED, CLOCK, SLOW, DISK, ({"fan_stopped": True}, {"R1 fans": "fan_failed"}), ({"slow_link": True}, HOT),
              ({"hot": True}, {"R1 temperature": "recorder_hot"})],
}  # fmt: skip


@pytest.mark.parametrize("make", FAULTS)
async def test_c30_every_planted_fault_is_named_and_none_is_invented(make: str) -> None:
    always = ALWAYS.get(make, {})
    async with rig(simulated(make), make) as made:
        for faults, codes in FAULTS[make]:
            assert await made.named() == always
            made.sim.device.faults.update(faults)
            found = await made.named()
            assert {key: code for key, code in found.items() if code != "not_reported"} == codes, (
                faults
            )
            made.sim.device.faults.clear()
        assert made.sim.device.counters.writes_attempted == 0
        assert made.sim.device.counters.logins_rejected == 0


async def test_http_sentences_carry_the_value_and_its_limit() -> None:
    async with rig(simulated("http", hot=True, disk_failed=True), "http") as made:
        found = await made.look()
        assert found["R1", "alarms"].sentence == "recorder's own alarms: open alarms 1 (at most 0)"
        assert found["R1", "disks"].sentence == "1 of 1 disk bad: Archive 1 failed (Faulted)"


@pytest.mark.parametrize(
    ("make", "calls", "datagrams"),
    [("http", 3 + 64, 0), ("bosch", 6 + 128 + 4, 12), ("snmp", 1, 22)],
)
async def test_64_channels_cost_one_connection_and_counted_calls(
    make: str, calls: int, datagrams: int
) -> None:
    async with rig(simulated(make, channels=64), make) as made:
        found = await made.look()
        assert {v.state for v in found.values()} <= {State.OK, State.UNKNOWN}
        assert {v.code for v in found.values()} <= {"ok", "not_reported"}
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        counters = made.sim.device.counters
        assert counters.connections == (0 if make == "snmp" else 1)
        assert sum(made.sim.asked.values()) == counters.logins_accepted
        assert seen.calls <= calls + 4


async def test_c29_a_slow_service_is_asked_for_each_camera_in_turn() -> None:
    async with rig(simulated("http", channels=8, slow_search=0.25), "http") as made:
        reached: set[str] = set()
        looks = 0
        while len(reached) < 8 and looks < 12:
            found, looks = await made.look(timeout=4.0), looks + 1
            assert {v.state for v in found.values()} <= {State.OK, State.UNKNOWN}
            assert not any(v.code == "not_found" for v in found.values())
            told = [made.seen[f"C{n}"].value for n in range(1, 9)]
            reached |= {
                one.recording.channel
                for one in told
                if isinstance(one, Footage) and one.recording.newest
            }
        assert (len(reached), 1 < looks < 12) == (8, True)


async def test_a_track_list_names_the_cameras_of_a_vrm() -> None:
    tracks = Readings(tracks=True)
    async with rig(
        simulated("bosch", variant="vrm"), "bosch", readings=tracks, access=Access(credential="v")
    ) as made:
        found = await made.look()
        seen = made.seen["C1"].value
        assert isinstance(seen, Footage)
        assert (seen.recording.name, seen.recording.recording) == ("Camera 1", None)
        assert found["C1", "recording"].state is State.UNKNOWN
        assert made.sim.asked["GET /rcp.xml"] == 5
        del made.sim.channels["4"]
        assert (
            "names no channel 4; it names 1, 2, 3"
            in (await made.look())["C4", "recording"].sentence
        )


async def test_a_refused_command_is_asked_again_after_an_hour_only() -> None:
    async with rig(
        simulated("bosch"), "bosch", readings=Readings(tracks=True), access=Access(credential="v")
    ) as made:
        for _ in range(3):
            await made.look()
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        assert any("track list not read" in note for note in seen.notes)
        assert made.sim.asked["GET /rcp.xml"] == 3 * 4 + 1


async def test_volumes_are_found_again_when_their_numbers_change() -> None:
    sim = simulated("bosch")
    async with rig(sim, "bosch", readings=Readings(storage=("D:", "E:"))) as made:
        await made.look()
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        drive, absent = seen.health.disks
        assert (drive.name, drive.state, drive.capacity_bytes) == ("D:", "ok", 60_000_000 * 65536.0)
        assert drive.free_bytes == 1_000_000 * 65536.0
        assert (absent.state, absent.detail) == (
            "absent", "no such volume; it reports C:\\ Label:System, D:\\ Label:Recordings Serial Number 5c1f"
        )  # fmt: skip
        sim.device.faults["volumes_moved"] = True
        await made.look()
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        assert seen.health.disks[0] == drive


async def test_a_computer_tells_load_uptime_clock_and_volumes_by_host_resources() -> None:
    values = {
        oid: octets(value)
        for oid, value in bosch.objects(simulated("bosch")).items()
        if oid.startswith(bosch.HR)
    }
    async with agent(values) as made_agent:
        access = Access(snmp=SnmpAccess("snmp", made_agent.port, "1"))
        made = watched(
            simulated("snmp"), "snmp", None, access=access, readings=Readings(storage=("D:",))
        )
        await made.look()
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        assert (seen.health.cpu_ratio, seen.health.uptime_seconds, len(seen.health.disks)) == (
            0.5,
            864000.0,
            1,
        )
        assert seen.health.clock is not None
        assert abs(seen.health.clock.middle) < 2


async def test_snmp_that_does_not_answer_is_tried_once_and_leaves_what_http_tells() -> None:
    async with agent(script=lambda _made, _request: []) as silent:
        access = Access(credential="view", snmp=SnmpAccess("snmp", silent.port, "2c"))
        async with rig(simulated("bosch"), "bosch", access=access) as made:
            found = await made.look()
            assert found["R1", "recorder"].state is State.OK
            seen = made.seen["R1"].value
            assert isinstance(seen, RecorderMeasurement)
            assert seen.health.model == "DIVAR network 5000"
            assert [note for note in seen.notes if "by SNMP not read" in note] == [
                "Bosch objects by SNMP not read: no SNMP answer in 4 s"
            ]
        assert len(silent.requests) == 2


async def test_a_closed_snmp_port_alone_is_a_failure() -> None:
    access = Access(snmp=SnmpAccess("snmp", free_port(socket.SOCK_DGRAM), "2c"))
    async with rig(simulated("snmp"), "snmp", access=access) as made:
        found = await made.look()
        assert found["R1", "recorder"].state is not State.OK
        assert made.seen["R1"].reason is Reason.REFUSED


class Both(asyncio.Protocol):
    """One port that speaks RCP+ and ONVIF, each by its own simulator."""

    def __init__(self, plain: RecorderSim, onvif: OnvifSim) -> None:
        self.sides = plain, onvif
        self.now: asyncio.Protocol = plain

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        for side in self.sides:
            side.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        for side in self.sides:
            side.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if data.startswith((b"GET ", b"POST ")):
            self.now = self.sides[data.split(b" ", 2)[1].startswith(b"/onvif")]
        self.now.data_received(data)


async def test_bosch_takes_from_onvif_what_rcp_does_not_tell() -> None:
    sim = simulated("bosch", recording_stopped="2")
    onvif = SimDevice(
        "R1",
        "Recorder 1",
        "recorder",
        HOST,
        "s",
        faults=sim.device.faults,
        channels=4,
        make="onvif",
    )
    with Listener(lambda: Both(RecorderSim(sim), OnvifSim(onvif)), HOST) as at:
        access = Access(credential="view", onvif_path="/onvif/device_service")
        made = watched(sim, "bosch", at.port, access=access, readings=Readings())
        assert await made.named() == {"C2 recording": "not_recording"}
        seen, camera = made.seen["R1"].value, made.seen["C1"].value
        assert isinstance(seen, RecorderMeasurement)
        assert isinstance(camera, Footage)
        told = seen.health
        assert (told.make, told.model, told.serial) == ("bosch", "DIVAR network 5000", "SIM-R00001")
        assert told.clock is not None
        assert camera.recording.oldest is not None
        assert camera.recording.gaps == ()
        async with recorder.contact_with(made.devices["R1"], made.context) as contact:
            told_where = await bosch_make.replay(contact, camera.recording, camera.now - 300)
        assert told_where.onvif
        assert told_where.path.startswith("/replay/")


async def test_bosch_plays_footage_by_onvif_only() -> None:
    async with rig(simulated("bosch"), "bosch") as made:
        async with recorder.contact_with(made.devices["R1"], made.context) as contact:
            with pytest.raises(UnsupportedError, match="by ONVIF only"):
                await bosch_make.replay(contact, Recording("1"), 0.0)


async def test_bosch_without_onvif_says_so_in_a_note() -> None:
    access = Access(credential="view", onvif_path="/onvif/device_service")
    async with rig(
        simulated("bosch"), "bosch", access=access, readings=Readings(tracks=True)
    ) as made:
        await made.look()
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        assert any(note.startswith("recordings by ONVIF not read") for note in seen.notes), (
            seen.notes
        )
        assert seen.health.model == "DIVAR network 5000"


# ------------------------------------------------------------------------------------------------ decoding


def of(fills: str, of: str = "recorder", **more: Any) -> Reading:
    return Reading("x", of, fills=fills, **more)  # type: ignore[arg-type]


def test_values_become_what_their_field_is() -> None:
    table: list[tuple[Reading, str | int | bytes, object]] = [
        (of("firmware"), b"8.90\x00\x17junk", "8.90"),
        (of("cpu_ratio", factor=0.01), "23", 0.23),
        (of("cpu_ratio"), "23", None),
        (of("uptime_seconds", factor=0.01), 8640000, 86400.0),
        (of("uptime_seconds"), -5, None),
        (of("temperature_celsius", factor=0.1), "-45", -4.5),
        (of("overwriting"), "TRUE", True),
        (of("overwriting", words=(("loop", "yes"), ("stop", "no"))), "Stop", False),
        (of("overwriting", words=(("loop", "yes"),)), "other", None),
        (of("time_source"), "NTP", "ntp"),
        (of("time_source"), "gps", None),
        (of("oldest", "channel"), "2026-11-23T21:00:00+01:00", 1795464000.0),
        (of("oldest", "channel"), "2026-11-23 21:00:00", 1795467600.0),
        (of("oldest", "channel", factor=0.001), "1795467600000", 1795467600.0),
        (of("oldest", "channel"), bytes((7, 234, 11, 23, 21, 0, 0, 0)), 1795467600.0),
        (of("oldest", "channel"), bytes((7, 234, 11, 23, 21, 0, 0, 0, 43, 1, 0)), 1795464000.0),
        (of("oldest", "channel"), bytes((7, 234, 13, 23, 21, 0, 0, 0)), None),
        (of("state", "disk"), "Degraded", "degraded"),
        (of("state", "disk"), "on fire", None),
        (of("rpm", "fan"), "2350 rpm", None),
    ]
    assert [value_of(reading, raw, LONDON) for reading, raw, _ in table] == [
        wanted for _, _, wanted in table
    ]


def test_limits_make_sentences() -> None:
    heat = Reading("x", name="case", unit="C", factor=0.1, low=5, high=80)
    assert problem_of(heat, 915) == "case 91.5 C (at most 80 C)"
    assert problem_of(heat, "12") == "case 1.2 C (at least 5 C)"
    assert (problem_of(heat, 441), problem_of(heat, "none")) == (None, None)
    state = Reading("x", "disk", name="health", well=("ok", "idle"))
    assert problem_of(state, "FAILED", "sda") == "disk sda health: FAILED (well: ok, idle)"
    assert problem_of(state, "OK", "sda") is None


def test_what_is_not_told_or_not_understood_is_a_note_and_no_value() -> None:
    got = Gathered(LONDON)
    got.decode(of("cpu_ratio"), "lots")
    got.decode(of("serial"), None)
    got.decode(of("clock"), "2026-11-23T21:00:00Z", times=(10.0, 11.0))
    answer = got.answer("http", frozenset({"1"}), ["first"])
    assert isinstance(answer, RecorderAnswer)
    assert (answer.health.cpu_ratio, answer.health.serial, answer.health.channels_lost) == (
        None,
        None,
        None,
    )
    assert answer.notes == ("first", "cpu ratio: 'lots' not understood", "serial: not reported")
    assert answer.health.clock is not None
    assert answer.health.clock.error == 1.0


READINGS = st.builds(
    lambda of, fills, factor, words: Reading("x", of, fills=sorted(FIELDS[of])[fills % len(FIELDS[of])], factor=factor, words=words),
    st.sampled_from(sorted(FIELDS)), st.integers(0, 20), st.floats(-1e9, 1e9), st.sampled_from([(), (("1", "yes"),)]),
)  # fmt: skip
RAW = st.one_of(st.none(), st.integers(-(2**64), 2**64), st.binary(max_size=20), st.text(max_size=20),
                st.sampled_from(["1e308", "NaN", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00"]))  # fmt: skip


@settings(max_examples=300)
@given(READINGS, RAW)
def test_whatever_comes_is_a_value_or_none(reading: Reading, raw: str | int | bytes | None) -> None:
    got = Gathered(LONDON)
    got.decode(reading, raw, "1" if reading.of != "recorder" else "", (1.0, 2.0))
    got.answer("http", frozenset({"1"}), ())
    problem_of(reading, raw)
    text = text_of(raw)
    assert text is None or text.isprintable()
    if isinstance(raw, bytes):
        dates.date_and_time(raw)


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**40), 2**40),
    st.binary(max_size=12),
    st.text(max_size=8),
    st.sampled_from([0, 1, 99, b"D:"]),
)


@settings(max_examples=150)
@given(st.data())
def test_whatever_an_agent_says_is_an_answer(data: st.DataObject) -> None:
    known = [*bosch.objects(simulated("bosch"))]

    async def get(oids: Sequence[str]) -> dict[str, SnmpValue]:
        return {
            oid: data.draw(VALUES) for oid in oids if oid not in known or data.draw(st.booleans())
        }

    async def walk(column: str) -> dict[str, SnmpValue]:
        del column
        return data.draw(st.dictionaries(st.sampled_from(["1", "2", "31"]), VALUES, max_size=3))

    async def both() -> None:
        for name in ("bosch", "snmp"):
            device = replace(
                watched(simulated(name), name, None).devices["R1"],
                readings=Readings(storage=("D:", "E:")),
            )
            contact = VendorClient(
                device, Connector.of([HOST]), LockoutGuard(), snmp_get=get, snmp_walk=walk
            )
            for _ in range(2):
                answer = await make_of(name).read(contact, frozenset({"1"}))
                assert {disk.name for disk in answer.health.disks} <= {"D:", "E:"}
                assert answer.health.cpu_ratio is None or 0 <= answer.health.cpu_ratio <= 1

    asyncio.run(both())


def test_the_readings_of_the_tests_are_those_of_a_configuration() -> None:
    (status, cameras, _, each) = configured("http").requests
    assert isinstance(status, Request)
    assert (cameras.method, cameras.rows, cameras.key) == ("POST", "cameras", "id")
    assert each.path == "/api/cameras/{channel}/range"
