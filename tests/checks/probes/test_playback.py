"""Footage played from a simulated recorder: what refuses, is empty, of another time or full of
holes is named.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.profile_g_rig import recorder_rig

from healthmon.demo.profile_g_sim import ProfileG
from healthmon.model.enums import CheckName, Reason, State
from healthmon.model.footage import Playback

pytestmark = pytest.mark.usefixtures("ordinary_day")

PLAYBACK = CheckName.PLAYBACK


async def played(rig):
    """One round of playback; the verdict and the samples of C001."""
    await rig.look(PLAYBACK)
    seen = rig.seen["C001"].value
    return rig.verdicts["C001", "playback"], seen.samples if isinstance(seen, Playback) else ()


async def test_three_ages_are_played_at_the_time_that_was_asked_for(tmp_path):
    async with recorder_rig(tmp_path, 1) as rig:
        verdict, samples = await played(rig)
        assert (verdict.state, verdict.code) == (State.OK, "ok")
        assert (
            verdict.sentence
            == "footage of 5 min ago, 24 h ago and the oldest hour plays; its time is right (limit 1 min)"
        )
        assert [s.age for s in samples] == ["5m", "24h", "oldest"]
        for sample in samples:
            assert sample.first is not None
            assert -1.5 <= sample.first - sample.asked <= 0, "from the key frame at or before it"
            assert sample.frames >= 2
            assert sample.last - sample.first >= 2
        counters = rig.counters
        assert (counters.sessions, counters.teardowns, counters.lost_sessions) == (3, 3, 0)
        assert (counters.connections_most, counters.sessions_most) == (1, 1)
        assert counters.writes_attempted == 0


async def test_a_sample_ends_at_its_bytes(tmp_path):
    async with recorder_rig(tmp_path, 1) as rig:
        recorder = rig.engine.estate.devices["R1"]
        rig.engine.estate.devices["R1"] = replace(
            recorder, playback=replace(recorder.playback, most_bytes=1000)
        )
        verdict, samples = await played(rig)
        assert verdict.state is State.OK
        assert all(1000 <= s.bytes < 60_000 for s in samples)


FAULTS = {
    "refused": (
        {"playback_refused": True},
        "playback_failed",
        "refused to this account",
    ),
    "unknown": (
        {"playback_refused": 454},
        "playback_failed",
        "path or profile not known to the device",
    ),
    "no footage then": (
        {"playback_refused": 457},
        "playback_failed",
        "457: no footage of that time",
    ),
    "server error": ({"playback_refused": 500}, "playback_failed", "DESCRIBE answered 500"),
    "1 h off": ({"playback_shift": 3600.0}, "playback_time", "1 h 0 min later (limit 1 min)"),
    "1 h early": ({"playback_shift": -3600.0}, "playback_time", "1 h 0 min earlier (limit 1 min)"),
    "100 s off": ({"playback_shift": 100.0}, "playback_time", "1 min 40 s later (limit 1 min)"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_c30_footage_that_cannot_be_trusted_is_named(tmp_path, name):
    faults, code, words = FAULTS[name]
    async with recorder_rig(tmp_path, 1, **faults) as rig:
        verdict, _ = await played(rig)
        assert (verdict.state, verdict.code) == (State.FAULT, code)
        assert words in verdict.sentence
        assert not rig.engine.context.lockout_guard.latched(
            "127.34.0.1", rig.engine.context.credential("camera-view")
        ), "no lock-out"
        assert await rig.look() == {}, "the recorder is still asked the rest"


async def test_footage_that_does_not_come(tmp_path, monkeypatch):
    monkeypatch.setattr("healthmon.checks.probes.playback.WAIT_SECONDS", 0.3)
    async with recorder_rig(tmp_path, 1, playback_empty=True) as rig:
        verdict, _ = await played(rig)
        assert verdict.code == "playback_failed"
        assert "does not play: nothing came in 0.3 s" in verdict.sentence
        assert rig.counters.teardowns == 3


async def test_a_hole_that_the_recorder_does_not_admit(tmp_path, monkeypatch):
    """The history tells no gap, and the footage that is played begins twenty minutes later."""
    monkeypatch.setattr("healthmon.checks.probes.playback.AGES", {"5m": 300.0, "24h": 5 * 3600.0})
    async with recorder_rig(tmp_path, 1, recording_gap={"1": 1234}, no_events=True) as rig:
        await rig.look()
        verdict, _ = await played(rig)
        assert (verdict.state, verdict.code) == (State.DEGRADED, "playback_gap")
        assert "of 24 h ago has a hole of 20 min" in verdict.sentence


async def test_what_was_never_recorded_is_not_asked_for(tmp_path):
    async with recorder_rig(
        tmp_path, 1, retention_days=0.5, recording_stopped={"1": 3 * 3600}
    ) as rig:
        verdict, samples = await played(rig)
        assert [(s.age, s.skipped) for s in samples] == [
            ("5m", "nothing was recorded then"),
            ("24h", "no footage is that old"),
            ("oldest", ""),
        ]
        assert verdict.state is State.OK
        rig.sim.faults["retention_days"] = 0.03
        rig.engine.context.session_cache.forget()
        verdict, _ = await played(rig)
        assert (verdict.state, verdict.reason) == (State.UNKNOWN, Reason.NOT_REPORTED)
        assert "recorder R1: nothing was recorded then" in verdict.sentence


async def test_a_recorder_without_replay_leaves_it_open(tmp_path, monkeypatch):
    monkeypatch.setattr(
        ProfileG, "services", lambda self, host: services(self, host).replace("replay", "other")
    )
    async with recorder_rig(tmp_path, 1) as rig:
        verdict, _ = await played(rig)
        assert (verdict.state, verdict.reason) == (State.UNKNOWN, Reason.UNSUPPORTED)
        assert "playback not checked: recorder R1: not offered by the device" in verdict.sentence


services = ProfileG.services


async def test_a_busy_recorder_is_no_fault(tmp_path):
    async with recorder_rig(tmp_path, 1, playback_refused=453) as rig:
        verdict, _ = await played(rig)
        assert (verdict.state, verdict.reason) == (State.UNKNOWN, Reason.BUSY)
