"""Makes that search footage against their simulators: each planted fault is named, none is
invented, one connection, counted calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from helpers.recorder_rig import BY_HTTP, Rig, rig, simulated, watched

from healthmon.checks.probes import playback, recorder
from healthmon.demo.clip import Clip, encode
from healthmon.demo.estate import Estate
from healthmon.demo.listener import Listener
from healthmon.demo.recorders.vendors import recorder_of
from healthmon.demo.rtsp_sim import RtspSim
from healthmon.demo.state import HTTP, SimDevice
from healthmon.model.device import Access
from healthmon.model.enums import State
from healthmon.model.footage import Footage, PlaybackPlan, RecorderMeasurement, Recording
from healthmon.protocols.errors import UnsupportedError
from healthmon.vendors.client import Replay
from healthmon.vendors.clocks import Clock
from healthmon.vendors.coverage import DAY
from healthmon.vendors.recorders import (
    axis_footage,
    dahua,
    dahua_footage,
    hikvision,
    hikvision_footage,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("ordinary_day")]

MAKES = ("hikvision", "axis", "dahua")
VARIANTS = [(make, "fixed") for make in MAKES] + [
    ("hikvision", "local times"),
    ("hikvision", "old"),
    ("dahua", "old"),
]
EVERY = ("C1", "C2", "C3", "C4")


@pytest.mark.parametrize(("make", "variant"), VARIANTS)
async def test_a_well_recorder_is_well(make: str, variant: str) -> None:
    async with rig(simulated(make, variant=variant), make) as made:
        for _ in range(3):
            assert await made.named() == {}
        seen, camera = made.seen["R1"].value, made.seen["C2"].value
        assert isinstance(seen, RecorderMeasurement)
        assert (seen.health.serial, seen.health.overwriting in {True, None}) == ("SIM-R00001", True)
        assert {disk.state for disk in seen.health.disks} == {"ok"}
        assert isinstance(camera, Footage)
        told = camera.recording
        assert told.gaps == ()
        assert told.newest is not None
        assert abs(camera.now - told.newest) < 5
        assert told.oldest is not None
        vague = variant == "local times" or (
            make == "dahua" and Clock(ZoneInfo("Europe/London")).doubled(told.oldest)
        )
        assert camera.now - told.oldest == pytest.approx(31.5 * DAY, abs=3605 if vague else 5)
        assert made.sim.device.counters.writes_attempted == 0
        assert made.sim.objects == {}


@pytest.mark.parametrize(("minutes", "error"), [(10, 5), (70, 3605)])
async def test_footage_that_begins_in_the_hour_that_comes_twice_is_read(
    minutes: int, error: float
) -> None:
    """The second file of a recorder that tells local time without its offset begins before the
    first one there.
    """
    now = datetime.fromtimestamp(time.time(), UTC)
    last = max(
        day for year in (now.year - 1, now.year) for n in range(25, 32)
        if (day := datetime(year, 10, n, tzinfo=UTC)).weekday() == 6 and now - day > timedelta(days=2)
    )  # fmt: skip
    begins = (last + timedelta(minutes=minutes)).timestamp()
    async with rig(
        simulated("dahua", retention_days=(time.time() - begins) / DAY), "dahua"
    ) as made:
        await made.named()
        camera = made.seen["C2"].value
        assert isinstance(camera, Footage)
        assert camera.recording.oldest == pytest.approx(begins, abs=error)


FAULTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "recording stopped": ({"recording_stopped": "2"}, {"C2 recording": "not_recording"}),
    "all stopped": (
        {"recording_stopped": True},
        {f"{one} recording": "not_recording" for one in EVERY},
    ),
    "channel lost": (
        {"channel_lost": "3"},
        {"R1 channels": "channel_lost", "C3 recording": "not_recording"},
    ),
    "disk failed": ({"disk_failed": True}, {"R1 disks": "disk_failed"}),
    "gap": ({"recording_gap": ["4"]}, {"C4 gaps": "recording_gap"}),
    "29 days": ({"retention_days": 29}, {f"{one} retention": "retention_short" for one in EVERY}),
    "40 days": ({"retention_days": 40}, {f"{one} retention": "retention_long" for one in EVERY}),
    "clock 1 h fast": ({"clock_offset": 3600}, {"R1 clock": "recording_clock"}),
    "clock 1 h slow": ({"clock_offset": -3600}, {"R1 clock": "recording_clock"}),
    "clock by hand": ({"clock_manual": True}, {"R1 source": "clock_manual"}),
}


@pytest.mark.parametrize("make", MAKES)
async def test_c30_every_planted_fault_is_named_and_none_is_invented(make: str) -> None:
    found: dict[str, object] = {}
    for name, (faults, _) in FAULTS.items():
        async with rig(simulated(make, **faults), make) as made:
            found[name] = await made.named()
            again = await made.named()
            assert again == found[name], name
    wanted = {name: dict(codes) for name, (_, codes) in FAULTS.items()}
    if make == "axis":  # its list of recordings does not tell whether a picture comes
        del wanted["channel lost"]["R1 channels"]
    assert found == wanted


async def test_the_alarm_of_a_covered_view_is_asked_for_and_counts_where_it_is_looked_for() -> None:
    async with rig(simulated("dahua", view_covered="2"), "dahua") as made:
        assert await made.named() == {"C2 covered": "camera_covered"}
        assert made.sim.device.counters.writes_attempted == 0
        assert (await made.look())["C1", "covered"].sentence.endswith("its view is not covered")
    async with rig(simulated("dahua", blind_detection_off=True), "dahua") as made:
        assert await made.named() == {}
        assert not any(aspect == "covered" for _, aspect in await made.look())


async def test_a_clock_that_has_lost_its_time_server_is_an_alarm_of_the_device() -> None:
    async with rig(simulated("axis", ntp_lost=True), "axis") as made:
        assert await made.named() == {"R1 alarms": "recorder_alarm"}


@pytest.mark.parametrize("make", ["hikvision", "axis"])
async def test_locked_footage_is_kept_on_purpose(make: str) -> None:
    async with rig(simulated(make, retention_days=40, locked=True), make) as made:
        assert await made.named() == {}
        sentence = (await made.look())["C1", "retention"].sentence
        assert "is kept as evidence (locked until " in sentence


@pytest.mark.parametrize("make", MAKES)
async def test_c30_faults_that_come_and_go_between_looks(make: str) -> None:
    async with rig(simulated(make), make) as made:
        faults = made.sim.device.faults
        for planted, codes in FAULTS.values():
            if (
                "retention_days" in planted or "recording_gap" in planted
            ):  # what is past is not read again at once
                continue
            faults.update(planted)
            found = await made.named()
            wanted = {
                key: code for key, code in codes.items() if make != "axis" or key != "R1 channels"
            }
            assert {
                key: code
                for key, code in found.items()
                if not key.endswith("gaps") or key in wanted
            } == wanted
            faults.clear()


@pytest.mark.parametrize("variant", ["fixed", "local times"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
async def test_c25_footage_in_utc_or_in_local_time_with_a_z_is_placed_right(
    zone: str, variant: str
) -> None:
    sim = simulated("hikvision", variant=variant, zone=zone)
    async with rig(sim, "hikvision") as made:
        for _ in range(2):
            assert await made.named() == {}
        camera = made.seen["C1"].value
        assert isinstance(camera, Footage)
        assert camera.recording.newest == pytest.approx(camera.now, abs=5)
        assert camera.recording.oldest == pytest.approx(camera.now - 31.5 * DAY, abs=5)
        hours = abs(datetime.now(ZoneInfo(zone)).utcoffset() or timedelta()).total_seconds() / 60
        sim.device.faults["recording_stopped"] = dict.fromkeys(sim.channels, hours * 60)
        found = await made.named()
        assert found == {f"{one} recording": "not_recording" for one in EVERY}


async def test_c25_west_of_greenwich_old_footage_is_not_taken_for_local_time() -> None:
    behind = -Clock(ZoneInfo("America/New_York")).offset(time.time())  # 5 h in winter, 4 in summer
    west = {"zone": "America/New_York", "recording_stopped": dict.fromkeys("1234", behind)}
    async with rig(simulated("hikvision", variant="old", **west), "hikvision") as made:
        found = await made.look()
        assert {found[one, "recording"].state for one in EVERY} == {State.UNKNOWN}
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        assert "newest footage not judged: the recorder may write local time or UTC" in seen.notes


async def test_where_footage_is_played_is_told_in_the_recorders_own_times() -> None:
    at, one = datetime(2026, 7, 1, 11, 30, tzinfo=UTC).timestamp(), Recording("2")
    for variant, stamp in (("fixed", "20260701T113000Z"), ("local times", "20260701T133000Z")):
        async with rig(
            simulated("hikvision", variant=variant, zone="Europe/Berlin"), "hikvision"
        ) as made:
            async with recorder.contact_with(made.devices["R1"], made.context) as contact:
                with pytest.raises(UnsupportedError, match="not known yet"):
                    await hikvision.replay(contact, one, at)
                await made.look()
                told = await hikvision.replay(contact, one, at)
                assert told == Replay(
                    f"/Streaming/tracks/201/?starttime={stamp}&endtime={stamp[:-4]}100Z",
                    onvif=False,
                )
    async with rig(simulated("dahua"), "dahua") as made:
        async with recorder.contact_with(made.devices["R1"], made.context) as contact:
            told = await dahua.replay(contact, one, at)
            assert (
                told.path
                == "/cam/playback?channel=2&starttime=2026_07_01_12_30_00&endtime=2026_07_01_12_31_00"
            )
            with pytest.raises(UnsupportedError):
                await dahua.replay(contact, Recording("gate"), at)


# Calls of a look: a fixed part, and a part for each channel; the first look asks for the oldest
# footage besides.
CALLS = {"hikvision": (6, 1, 2), "axis": (7, 0, 1), "dahua": (13, 3, 6)}


@pytest.mark.parametrize("make", MAKES)
async def test_64_channels_cost_one_connection_and_counted_calls(make: str) -> None:
    fixed, _, first = CALLS[make]
    async with rig(simulated(make, channels=64), make) as made:
        counters = made.sim.device.counters
        assert await made.named() == {}
        seen = made.seen["R1"].value
        assert isinstance(seen, RecorderMeasurement)
        asked = sum(made.sim.asked.values())
        assert seen.calls == asked == fixed + (first + (1 if make == "axis" else 0)) * 64
        assert (counters.connections, counters.connections_most, counters.logins_rejected) == (
            1,
            1,
            0,
        )
        assert counters.logins_accepted == asked
        assert made.sim.objects_made == (1 if make == "dahua" else 0)


@pytest.mark.parametrize("make", MAKES)
async def test_a_look_asks_for_what_is_new_only(make: str) -> None:
    fixed, each, _ = CALLS[make]
    async with rig(simulated(make), make) as made:
        for _ in range(8):
            await made.look()
        made.sim.asked.clear()
        assert await made.named() == {}
        assert sum(made.sim.asked.values()) == fixed + each * 4
        camera = made.seen["C1"].value
        assert isinstance(camera, Footage)
        assert camera.recording.gaps_since is not None
        known = camera.now - camera.recording.gaps_since
        assert known >= (6.9 if make == "hikvision" else 0.99) * DAY


@pytest.mark.parametrize("make", ["hikvision", "dahua"])
async def test_c29_a_slow_search_costs_no_look_and_comes_round_to_every_channel(
    make: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (hikvision_footage, dahua_footage):
        monkeypatch.setattr(module, "SEARCH_SECONDS", 0.25)
    async with rig(simulated(make, channels=6, slow_search=0.05), make) as made:
        reached: set[str] = set()
        looks = 0
        while len(reached) < 6 and looks < 20:
            found, looks = await made.look(), looks + 1
            assert {v.state for v in found.values()} <= {State.OK, State.UNKNOWN}
            reached |= {
                key[0] for key, v in found.items() if key[1] == "gaps" and v.state is State.OK
            }
        assert (len(reached), looks > 1) == (6, True)
        assert made.sim.objects == {}


@pytest.mark.parametrize("make", BY_HTTP)
async def test_c10_a_wrong_password_is_sent_so_rarely_that_no_login_firewall_locks(
    make: str,
) -> None:
    async with rig(simulated(make, login_firewall=3), make, password="wrong") as made:
        for _ in range(6):
            found = await made.look()
        assert found["R1", "login"].code == "login_refused"
        assert made.sim.device.counters.logins_rejected == 1


@pytest.mark.parametrize("make", BY_HTTP)
async def test_c10_a_locked_account_is_named_and_left_alone(make: str) -> None:
    async with rig(simulated(make, lockout=True), make) as made:
        codes = [(await made.look())["R1", "login"].code for _ in range(3)]
        sent = made.sim.device.counters.connections
        assert set(codes) <= {"locked_out", "login_refused"}
        assert codes[0] == "locked_out"
        assert made.sim.device.counters.logins_rejected <= 1
        assert sent <= 3


@pytest.mark.parametrize("make", BY_HTTP)
async def test_a_silent_recorder_is_unreachable_and_its_cameras_are_not_judged(make: str) -> None:
    async with rig(simulated(make, silence=True), make) as made:
        found = await made.look(timeout=0.4)
        assert found["R1", "recorder"].state is not State.OK
        assert {found[one, "recording"].state for one in EVERY} == {State.UNKNOWN}


async def test_a_finder_is_given_back_when_a_look_is_cut_short() -> None:
    async with rig(simulated("dahua", slow_search=20), "dahua") as made:
        async with recorder.contact_with(made.devices["R1"], made.context) as contact:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2.0):
                    await dahua.read(contact, frozenset({"1", "2", "3"}))
        assert (made.sim.objects_made, made.sim.objects) == (1, {})


@pytest.mark.parametrize("pages", [1, 5])
async def test_more_recordings_than_a_list_holds_invent_no_fault(
    pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(axis_footage, "PAGE", 10)
    monkeypatch.setattr(axis_footage, "MOST_PAGES", pages)
    async with rig(simulated("axis", recording_stopped="2"), "axis") as made:
        found = await made.look()
        assert {key for key, v in found.items() if v.state > State.UNKNOWN} == (
            {("C2", "recording")} if pages > 1 else set()
        )
        assert found["C1", "recording"].state is State.OK
        assert (found["C1", "gaps"].state is State.UNKNOWN) == (pages == 1)


@pytest.fixture(scope="module")
def clips() -> tuple[Clip, Clip]:
    """Encoded once for the tests of playback."""
    return encode(), encode(moving=False)


@contextlib.asynccontextmanager
async def footage_rig(make: str, clips: tuple[Clip, Clip], **faults: Any) -> AsyncIterator[Rig]:
    """A recorder that speaks HTTP and plays footage by RTSP."""
    sim = simulated(make, **faults)
    with Listener(lambda: RtspSim(sim.device, *clips), "127.0.0.1") as rtsp:
        access = Access(credential="view", rtsp_port=rtsp.port)
        plan = PlaybackPlan(("5m", "24h", "oldest"), 300_000)
        async with rig(sim, make, access=access, playback=plan) as made:
            yield made


PLAYBACK: list[tuple[dict[str, Any], str, str]] = [
    ({}, "ok", ""),
    ({"playback_refused": True}, "playback_failed", "does not play"),
    ({"playback_refused": 404}, "playback_failed", "does not play"),
    ({"playback_empty": True}, "playback_failed", "nothing came"),
]


@pytest.mark.parametrize("make", ["hikvision", "dahua"])
async def test_c30_footage_is_played_by_the_makers_own_path(
    make: str, clips: tuple[Clip, Clip], monkeypatch: Any
) -> None:
    monkeypatch.setattr(playback, "WAIT_SECONDS", 0.5)
    for faults, code, words in PLAYBACK:
        async with footage_rig(make, clips, **faults) as made:
            found = await made.played("C2")
            assert (found.code, words in found.sentence) == (code, True), found.sentence
            counters = made.sim.device.counters
            assert (counters.sessions_now, counters.connections_most, counters.lost_sessions) == (
                0,
                1,
                0,
            )
            assert counters.logins_rejected == 0


async def test_the_demos_estate_serves_a_recorder_by_its_make() -> None:
    device = SimDevice(
        "R1",
        "Recorder 1",
        "recorder",
        "127.41.7.1",
        "s",
        channels=2,
        make="dahua",
        serial="SIM-R00001",
    )
    estate = Estate([device])
    await estate.start()
    try:
        made = watched(recorder_of(device), "dahua", HTTP)
        assert await made.named() == {}
        assert (device.counters.connections, device.counters.writes_attempted) == (1, 0)
    finally:
        await estate.stop()
