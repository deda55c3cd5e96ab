"""Footage played from a real ONVIF replay server, GStreamer's: its Require, Range, Rate-Control,
Frames and 0xABAC.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.peers.rtsp_peers import wait_serving
from helpers.profile_g_rig import RECORDER, recorder_rig
from helpers.support import Peers, free_port, need

from healthmon.model.enums import CheckName, State
from healthmon.model.footage import Playback

pytestmark = pytest.mark.peer
SERVER = Path(__file__).parents[1] / "helpers/peers/gst_replay.py"


@pytest.fixture(scope="module")
def port(module_peers: Peers) -> int:
    need("ffmpeg", "/usr/lib/x86_64-linux-gnu/girepository-1.0/GstRtspServer-1.0.typelib")
    file, number = module_peers.folder / "footage.mp4", free_port(host=RECORDER)
    source = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=5:duration=400"]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-g", "5", "-pix_fmt", "yuv420p"]
    argv = ["ffmpeg", "-loglevel", "error", *source, *coding, str(file)]
    subprocess.run(argv, check=True, timeout=60, stdin=subprocess.DEVNULL)
    began = str(int(time.time()) - 330)
    module_peers.start(
        "/usr/bin/python3", SERVER, RECORDER, str(number), file, began, "healthmon", "view only"
    )
    wait_serving(module_peers)
    return number


# The oldest footage is an hour and five minutes old, so that "oldest" lies in the file too.
KEPT_DAYS = 3900 / 86400


async def test_a_real_replay_server_is_played_and_its_times_are_read(
    port: int, tmp_path: Path
) -> None:
    async with recorder_rig(tmp_path, 2, retention_days=KEPT_DAYS) as rig:
        recorder = rig.engine.estate.devices["R1"]
        rig.engine.estate.devices["R1"] = replace(
            recorder, access=replace(recorder.access, rtsp_port=port)
        )
        found = await rig.look(CheckName.PLAYBACK)
        right, late = rig.verdicts["C001", "playback"], rig.verdicts["C002", "playback"]
        assert right.state is State.OK, right.sentence
        assert (found, late.state) == ({"C002 playback": "playback_time"}, State.FAULT)
        assert late.sentence.endswith("1 h 0 min later (limit 1 min)")
        seen = rig.seen["C001"].value
        assert isinstance(seen, Playback)
        assert [s.skipped for s in seen.samples] == ["", "no footage is that old", ""]
        for sample in (seen.samples[0], seen.samples[2]):
            assert sample.first is not None
            assert sample.last is not None
            assert sample.asked is not None
            assert abs(sample.first - sample.asked) < 1.1
            assert sample.last - sample.first >= 2
            assert sample.frames <= sample.last - sample.first + 2, (
                "intra frames only: one a second"
            )
            assert sample.watched < 5, "as fast as it can be sent"
