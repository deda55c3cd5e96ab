"""Footage played from a real ONVIF replay server, GStreamer's: its Require, Range, Rate-Control,
Frames and 0xABAC.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import pytest
from helpers.peers.rtsp_peers import wait_serving
from helpers.pictures import learned, png, scene
from helpers.profile_g_rig import RECORDER, recorder_rig
from helpers.support import Peers, free_port, library, made_by, need

from healthmon.model.enums import CheckName, State
from healthmon.model.footage import Playback
from healthmon.picture import clock_model, decoding
from healthmon.picture.baselines import Baselines
from healthmon.picture.clock_learning import learned_clocks
from healthmon.picture.pool import PicturePool
from healthmon.picture.service import PictureService, clock_place

pytestmark = pytest.mark.peer
SERVER = Path(__file__).parents[1] / "helpers/peers/gst_replay.py"


@pytest.fixture(scope="module")
def port(module_peers: Peers) -> int:
    need("ffmpeg", "/usr/lib/x86_64-linux-gnu/girepository-1.0/GstRtspServer-1.0.typelib")
    file, number = module_peers.folder / "footage.mp4", free_port(host=RECORDER)
    source = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=5:duration=400"]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-g", "5", "-pix_fmt", "yuv420p"]
    argv = ["ffmpeg", "-loglevel", "error", *source, *coding, str(file)]
    made_by(*argv)
    began = str(int(time.time()) - 330)
    module_peers.start(
        "/usr/bin/python3", SERVER, RECORDER, str(number), file, began, "healthmon", "view only"
    )
    wait_serving(module_peers)
    return number


# The oldest footage is an hour and five minutes old, so that "oldest" lies in the file too.
KEPT_DAYS = 3900 / 86400


DRAWN = "fontsize=28:fontcolor=white:box=1:boxcolor=black:boxborderw=4:x=20:y=320"


def stamped(began: int) -> str:
    """FFmpeg's filter that writes the local time of each picture into it, of a film begun at `began`."""
    zone = datetime.fromtimestamp(began, ZoneInfo("Europe/London")).utcoffset()
    local = began + int(zone.total_seconds() if zone else 0)
    return rf"drawtext=text='%{{pts\:gmtime\:{local}\:%d-%m-%Y %H\\\:%M\\\:%S}}':{DRAWN}"


def filmed(to: Path, source: list[str], filters: str, rate: int, seconds: int) -> None:
    """A film of key frames only."""
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-g", "1", "-qp", "26"]
    more = ["-r", str(rate), "-t", str(seconds), "-pix_fmt", "yuv420p"]
    argv = ["ffmpeg", "-loglevel", "error", *source, "-vf", filters, *coding, *more, str(to)]
    made_by(*argv)


def still(picture: Path, rate: int) -> list[str]:
    return ["-loop", "1", "-framerate", str(rate), "-i", str(picture)]


def known_clock(film: Path) -> bytes:
    """The clock in the picture, as it is learned from `film`."""
    with av.open(str(film)) as opened:
        frames = [
            (float(one.time or 0), decoding.measured_frame(one).luma)
            for one in opened.decode(video=0)
        ]
    found = learned_clocks(lambda: iter(frames), 1.0)
    assert len(found) == 1
    return clock_model.packed(found, 1.0)


@pytest.mark.slow
async def test_the_recorded_picture_is_seen_and_its_clock_is_read(
    peers: Peers, tmp_path: Path
) -> None:
    """REC001 is well; the others are dated late, black, an hour ahead in the picture, of another view."""
    need("ffmpeg", library("girepository-1.0/GstRtspServer-1.0.typelib"))
    view, other = scene(5), scene(6)
    for name, grey in (("view", view), ("other", other)):
        (tmp_path / f"{name}.png").write_bytes(png(grey))
    began = int(time.time()) - 330
    mine, noise = still(tmp_path / "view.png", 1), "noise=alls=4:allf=t"
    black = ["-f", "lavfi", "-i", "color=black:size=640x360:rate=1"]
    films = {
        "well": (mine, f"{noise},{stamped(began)}"),
        "black": (black, stamped(began)),
        "ahead": (mine, f"{noise},{stamped(began + 3600)}"),
        "other": (still(tmp_path / "other.png", 1), f"{noise},{stamped(began)}"),
    }
    for name, (source, filters) in films.items():
        filmed(tmp_path / f"{name}.mp4", source, filters, 1, 400)
    filmed(
        tmp_path / "watched.mp4",
        still(tmp_path / "view.png", 10),
        f"{noise},{stamped(began)}",
        10,
        30,
    )
    files = [str(tmp_path / f"{name}.mp4") for name in films]
    number = free_port(host=RECORDER)
    peers.start(
        "/usr/bin/python3", SERVER, RECORDER, str(number), files[0], str(began), "healthmon", "view only", *files[1:]
    )  # fmt: skip
    wait_serving(peers)
    kept, clock = Baselines(tmp_path / "pictures"), known_clock(tmp_path / "watched.mp4")
    service = PictureService(
        PicturePool(size=1, seconds=60), kept, 300.0, clock=True, clock_order="dmy"
    )
    async with recorder_rig(tmp_path, 5, retention_days=KEPT_DAYS) as rig:
        devices = rig.engine.estate.devices
        devices["R1"] = replace(
            devices["R1"], access=replace(devices["R1"].access, rtsp_port=number)
        )
        for camera in (f"C{n:03d}" for n in range(1, 6)):
            where = camera, devices[camera].streams[0].name
            kept.write(where, learned(view))
            kept.write(clock_place(where), clock)
        rig.engine.context.pictures = service
        try:
            await rig.look(CheckName.PLAYBACK)
        finally:
            await service.pool.close()
        played = {
            camera: rig.verdicts[camera, "playback"] for camera in devices if camera in rig.seen
        }
        assert {camera: one.code for camera, one in played.items()} == {
            "C001": "ok",
            "C002": "playback_time",
            "C003": "recorded_blank",
            "C004": "ok",
            "C005": "recorded_view",
        }, [one.sentence for one in played.values()]
        assert played["C001"].sentence.endswith("recorded picture seen")
        assert played["C003"].sentence.startswith(
            "recorded picture of 5 min ago: no picture: black"
        )
        clocks = {
            camera: rig.verdicts[camera, "recorded_clock"]
            for camera in played
            if (camera, "recorded_clock") in rig.verdicts
        }
        assert {camera: one.code for camera, one in clocks.items()} == {
            "C001": "ok", "C003": "ok", "C004": "recorded_clock", "C005": "ok",
        }, [one.sentence for one in clocks.values()]  # fmt: skip
        assert "1 h" in clocks["C004"].sentence


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
