"""Recorders as the agent asks them: one shared session, planted faults by name, a recorder's
trouble is no camera's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from helpers.profile_g_rig import RECORDER, RecorderRig, recorder_rig

from healthmon.demo.profile_g_sim import ProfileG, _list, channels
from healthmon.demo.state import RTSP
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, Span, State
from healthmon.model.footage import DAY, Footage, RecorderMeasurement
from healthmon.vendors.recorders import onvif_search

pytestmark = pytest.mark.usefixtures("ordinary_day")

CAMERAS = ("C001", "C002", "C003", "C004")


async def test_64_channels_cost_one_connection_and_counted_calls(tmp_path):
    async with recorder_rig(tmp_path, 64) as rig:
        assert await rig.look() == {}
        counters = rig.counters
        # time, services, 1 + 2 pages of recordings, retention, model, time servers, 1 + 1 states, 1
        # + 1 history
        assert (counters.connections, counters.calls, counters.searches) == (1, 12, 3)
        assert await rig.look() == {}
        # what seldom changes is not asked again
        assert (counters.connections, counters.calls) == (2, 12 + 8)
        assert counters.connections_most == 1
        assert (counters.searches_now, counters.writes_attempted, counters.logins_rejected) == (
            0,
            0,
            0,
        )
        health = rig.seen["R1"].value
        assert isinstance(health, RecorderMeasurement)
        assert health.calls == 8
        assert len(rig.seen) == 65
        assert {type(seen.value) for name, seen in rig.seen.items() if name != "R1"} == {Footage}


# Cameras that must be recorded always, on a recorder that does not offer the search of events.
NO_EVENTS = {f"{camera} gaps": "unsupported" for camera in CAMERAS} | {
    "R1 disks, fans and video loss": "unsupported"
}
FAULTS = {
    "recording stopped": ({"recording_stopped": {"2": 7800}}, {"C002 recording": "not_recording"}),
    "all stopped": (
        {"recording_stopped": True},
        {f"{one} recording": "not_recording" for one in CAMERAS},
    ),
    "channel lost": (
        {"channel_lost": "3"},
        {"R1 channels": "channel_lost", "C003 recording": "not_recording"},
    ),
    "disk failed": ({"disk_failed": "Disk 2"}, {"R1 disks": "disk_failed"}),
    "fan failed": ({"fan_failed": "Fan 1"}, {"R1 fans": "fan_failed"}),
    "gap": ({"recording_gap": ["4"]}, {"C004 gaps": "recording_gap"}),
    "29 days": ({"retention_days": {"1": 29}}, {"C001 retention": "retention_short"}),
    "40 days": ({"retention_days": 40}, {f"{one} retention": "retention_long" for one in CAMERAS}),
    "set to 60 days": (
        {"retention_setting": 60},
        {f"{one} setting": "retention_setting" for one in CAMERAS},
    ),
    "a slow search": ({"slow_search": 0.4}, {}),
    "no summary": ({"no_summary": True}, {}),
    "no search": ({"no_search": True}, {}),
    "no property states": ({"no_general": True, "disk_failed": "Disk 2"}, {}),
    "no history": ({"no_events": True, "recording_gap": ["4"]}, NO_EVENTS),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_c30_every_planted_fault_is_named_and_none_is_invented(tmp_path, name):
    faults, codes = FAULTS[name]
    async with recorder_rig(tmp_path, **faults) as rig:
        assert await rig.look() == codes
        assert await rig.look() == codes, "the second session remembers services and history"
        assert (rig.counters.connections_most, rig.counters.searches_now) == (1, 0)


async def test_c30_the_words_of_a_camera_that_is_not_recorded(tmp_path):
    async with recorder_rig(tmp_path, channel_lost={"3": 7800}, recording_gap={"4": 700}) as rig:
        await rig.look()
        said = rig.verdicts["C003", "recording"]
        assert said.sentence.startswith("not recorded for 2 h 10 min: newest picture ")
        assert said.sentence.endswith("(limit 5 min); recorder says: no video signal")
        assert said.began == pytest.approx(time.time() - 7800, abs=5)
        assert "no video on 1 of 4 channels: 3 (C003)" in rig.verdicts["R1", "channels"].sentence
        gap = rig.verdicts["C004", "gaps"]
        assert gap.state is State.FAULT
        assert gap.sentence.startswith("gap of 11 min 40 s, ")
        assert gap.value == pytest.approx(1 - 700 / DAY, abs=0.0005)


@pytest.mark.parametrize("offset", [3600.0, -3600.0, 45.0])
async def test_c25_a_recorder_with_a_wrong_clock_is_compared_with_itself(tmp_path, offset):
    async with recorder_rig(tmp_path, clock_offset=offset, recording_stopped={"2": 7800}) as rig:
        assert await rig.look() == {
            "C002 recording": "not_recording",
            "R1 clock": "recording_clock",
        }
        assert rig.verdicts["C002", "recording"].value == pytest.approx(7800, abs=3)
        assert rig.verdicts["C001", "retention"].value == pytest.approx(31.5 * DAY, abs=3)
        code = "clock_zone" if abs(offset) == 3600 else "clock_drift"
        assert (await rig.look(CheckName.CLOCK))["R1 offset"] == code
        assert await rig.look() == {"C002 recording": "not_recording"}, (
            "the clock check has said so"
        )


async def test_c25_a_recorder_that_fell_back_to_1970_is_named_by_its_clock(tmp_path):
    async with recorder_rig(tmp_path, clock_epoch=True) as rig:
        found = await rig.look()
        assert set(found.values()) <= {"not_reported", "recording_clock"}
        assert (await rig.look(CheckName.CLOCK))["R1 offset"] == "clock_reset"


async def test_c25_a_recorder_without_utc_is_dated_by_the_date_of_its_answer(tmp_path):
    async with recorder_rig(tmp_path, no_utc=True, clock_offset=3600.0) as rig:
        assert await rig.look() == {"R1 clock": "recording_clock"}
        footage = rig.seen["C001"].value
        assert isinstance(footage, Footage)
        assert footage.clock is not None
        assert footage.clock.middle == pytest.approx(3600, abs=1.5)


async def test_c25_footage_dated_otherwise_than_the_camera_itself(tmp_path):
    """Both clocks are within their limits where no true time is known; the difference is told once,
    at the camera.
    """
    async with recorder_rig(tmp_path, clock_offset=30.0) as rig:
        rig.engine.context.reference = lambda: None
        memory = rig.engine.context.memory_of("C002")
        memory.clock, memory.clock_at = Span(-0.5, 0.5), time.time()
        memory.clock_base = time.time() - time.monotonic()
        assert await rig.look() == {"C002 times": "recording_clock"}
        assert (
            "footage is stamped 30 s ahead of the camera's clock (limit 10 s)"
            in rig.verdicts["C002", "times"].sentence
        )


SILENT = {
    "silence": (Reason.TIMEOUT, "connected, no answer in time"),
    "garbage": (Reason.PROTOCOL, "answer not understood"),
    "huge_reply": (Reason.TOO_LARGE, "answer too large"),
    "redirect_elsewhere": (Reason.ADDRESS_MISMATCH, "it named an address that is not configured"),
    "wrong_login": (Reason.AUTH_FAILED, "login refused"),
    "lockout": (Reason.LOCKED_OUT, "account locked"),
}


@pytest.mark.parametrize("fault", SILENT)
async def test_a_recorder_that_cannot_be_read_is_not_known_and_asked_once_for_all(tmp_path, fault):
    async with recorder_rig(tmp_path, 16, **{fault: True}) as rig:
        shorten(rig, shortened)
        await rig.look()
        reason, words = SILENT[fault]
        verdicts = [rig.verdicts[f"C{n:03d}", "recording"] for n in range(1, 17)]
        assert {v.state for v in verdicts} == {State.UNKNOWN}
        assert {v.reason for v in verdicts} == {reason}
        assert len({v.sentence for v in verdicts}) == 1, "one line on the sheet"
        assert verdicts[0].sentence.startswith(f"recording not checked: recorder R1: {words}")
        assert rig.counters.connections <= 3, "of one session: a bad answer ends its connection"
        assert rig.counters.logins_rejected <= 2
        assert rig.verdicts["R1", "recorder"].state is State.UNKNOWN
        login = rig.verdicts.get(("R1", "login"))
        assert (login.code if login else None) == {
            "wrong_login": "login_refused",
            "lockout": "locked_out",
        }.get(fault)


def shorten(rig: RecorderRig, how: Callable[[Check], Check]) -> None:
    estate = rig.engine.estate
    rig.engine.estate = replace(estate, checks=tuple(how(check) for check in estate.checks))


def shortened(check, timeout=2.0):
    return replace(check, timeout=timeout)


async def test_a_login_firewall_is_never_reached(tmp_path):
    async with recorder_rig(tmp_path, 16, wrong_login=True, login_firewall=3) as rig:
        for _ in range(3):
            await rig.look()
            await rig.look(CheckName.PLAYBACK)
        assert rig.counters.logins_rejected <= 2


async def test_a_search_slower_than_the_deadline_leaves_no_search_behind(tmp_path):
    async with recorder_rig(tmp_path, slow_search=60.0) as rig:
        shorten(rig, shortened)
        found = await rig.look()
        assert set(found.values()) == {"timeout"}
        end = time.monotonic() + 10
        while rig.counters.searches_now and time.monotonic() < end:
            await asyncio.sleep(0.05)
        assert rig.counters.searches_now == 0


async def test_recordings_survive_a_history_that_is_too_slow(tmp_path, monkeypatch):
    async with recorder_rig(tmp_path, recording_stopped={"2": 7800}) as rig:
        shorten(rig, lambda check: shortened(check, 6.0))
        assert await rig.look() == {"C002 recording": "not_recording"}
        slow_events(monkeypatch)
        late = {f"{camera} gaps": "timeout" for camera in CAMERAS if camera != "C002"}
        late |= {"R1 disks, fans and video loss": "timeout"}
        assert await rig.look() == {"C002 recording": "not_recording"} | late
        health = rig.seen["R1"].value
        assert isinstance(health, RecorderMeasurement)
        assert "gaps not read: no time left for it" in health.notes
        assert "no time left for it" in rig.verdicts["C001", "gaps"].sentence


def slow_events(monkeypatch):
    """Recording searches are quick, event searches are not."""
    begin = ProfileG._begin

    def slowly(self, operation, results):
        self._device.faults["slow_search"] = 0.0 if operation == "FindRecordings" else 30.0
        return begin(self, operation, results)

    monkeypatch.setattr(ProfileG, "_begin", slowly)


async def test_a_channel_that_the_recorder_does_not_know_is_not_checked(tmp_path):
    async with recorder_rig(tmp_path) as rig:
        rig.sim.channels = 3
        found = await rig.look()
        assert found == {"C004 recording": "not_found"}
        sentence = rig.verdicts["C004", "recording"].sentence
        assert sentence == (
            "recording not checked: recorder R1: not recorded there as configured: recorder R1 names no channel 4; "
            "it names REC001 (Channel 1), REC002 (Channel 2), REC003 (Channel 3)"
        )


async def test_foreign_addresses_are_used_for_their_path_only(tmp_path):
    visitors = []
    server = await asyncio.start_server(
        lambda _r, writer: visitors.append(writer.close()), "127.0.0.2", RTSP
    )
    async with server, recorder_rig(tmp_path, foreign_uri=True) as rig:
        assert await rig.look() == {}
        assert await rig.look(CheckName.PLAYBACK) == {}
    assert visitors == []


async def test_a_camera_that_cannot_be_reached_explains_its_empty_channel(tmp_path):
    async with recorder_rig(tmp_path, channel_lost={"2": 900, "3": 900}) as rig:
        rig.engine.state.down["C002"] = time.time() - 900
        found = await rig.look()
        assert found["R1 channels"] == "channel_lost"
        assert "no video on 1 of 4 channels: 3 (C003)" in rig.verdicts["R1", "channels"].sentence
        rig.engine.state.down["C003"] = time.time() - 900
        assert "R1 channels" not in await rig.look()


async def test_a_recorder_that_is_down_leaves_its_cameras_unchecked(tmp_path):
    async with recorder_rig(tmp_path) as rig:
        await rig.estate.set_fault("R1", "off")
        await rig.look(CheckName.REACH)
        assert rig.engine.estate.devices["R1"].address == RECORDER
        found = await rig.look()
        assert {found[f"{one} recording"] for one in CAMERAS} == {"not_reached"}
        assert (
            "recorder R1: the device could not be reached"
            in rig.verdicts["C001", "recording"].sentence
        )


async def test_a_search_that_says_the_same_page_again_and_again_is_left(tmp_path, monkeypatch):
    """Firmware that never says "Completed" costs five repeated pages, not a hundred; the recordings
    are asked for one by one, and the search is ended.
    """
    pages = []

    def the_same(sim: ProfileG, operation: str, body: str) -> str:
        if operation != "GetRecordingSearchResults":
            return honest(sim, operation, body)
        pages.append(body)
        rows = "".join(sim._information(one) for one in channels(sim._device))
        return _list(operation, "Searching", rows)

    honest = ProfileG._results
    monkeypatch.setattr(ProfileG, "_results", the_same)
    monkeypatch.setattr(onvif_search, "PAUSE", 0.01)
    async with recorder_rig(tmp_path) as rig:
        assert await rig.look() == {}
        assert len(pages) == 1 + onvif_search.MOST_REPEATED
        assert rig.counters.searches_now == 0
