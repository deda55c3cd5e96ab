"""Streams of a real RTSP server: GStreamer's, well and ill, and with its clock an hour ahead."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from helpers.loopback import make_pair
from helpers.peers.rtsp_peers import gstreamer
from helpers.peers.streams import camera, judged
from helpers.support import Peers, library, need

from healthmon.checks.evaluation import clock as clock_verdict
from healthmon.checks.probes import clock
from healthmon.model.device import Check, Device, Tls
from healthmon.model.enums import CheckName, Span, State
from healthmon.model.measurements import Reference
from healthmon.model.results import Observation
from healthmon.protocols.errors import TlsError

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def port(module_peers: Peers) -> int:
    return gstreamer(module_peers)


@pytest.mark.parametrize(
    ("path", "codec"), [("/h264", "h264"), ("/h265", "h265"), ("/jpeg", "mjpeg")]
)
async def test_codecs(port: int, path: str, codec: str) -> None:
    found, verdicts = await judged(*camera(port, path))
    assert verdicts["pictures"] == (State.OK, "ok")
    assert found.codec == codec
    assert found.lost == 0
    assert (found.width, found.height) == (320, 240)


async def test_of_a_codec_that_is_not_looked_into_no_key_frames_are_missed(port: int) -> None:
    found, verdicts = await judged(*camera(port, "/vp8"))
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.codec, found.keyframes, found.key_wait, found.watched < 4) == (
        "vp8",
        0,
        None,
        True,
    )
    assert "keyframes" not in verdicts


@pytest.mark.parametrize(("path", "keyed"), [("/avpf", True), ("/savp", False)])
async def test_profiles_of_rtp(port: int, path: str, keyed: bool) -> None:
    """GStreamer takes a SETUP of the profile that it describes only; of SRTP the heads are read."""
    found, verdicts = await judged(*camera(port, path))
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.keyframes >= 1, found.lost, found.foreign) == (keyed, 0, 0)


async def test_c14_stall(port: int) -> None:
    _, verdicts = await judged(*camera(port, "/stall"))
    assert verdicts["pictures"] == (State.FAULT, "no_pictures")


async def test_c14_a_server_that_ends_while_its_pictures_are_watched(peers: Peers) -> None:
    device, context = camera(gstreamer(peers), "/h264")
    look = asyncio.create_task(judged(device, context, watch=5))
    memory = context.memory_of("C1").stream("main")
    async with asyncio.timeout(8):
        while memory.meter is None or memory.meter.frames < 5:
            await asyncio.sleep(0.02)
    peers.stop(peers.running[-1])
    found, verdicts = await look
    assert verdicts["pictures"] == (State.FAULT, "no_pictures")
    assert found.cut_after is not None
    assert 0 < found.cut_after < 5


async def test_c16_one_picture_over_and_over(port: int) -> None:
    """x264 numbers its key frames, so that no two of them are the same bytes."""
    found, verdicts = await judged(*camera(port, "/frozen"))
    assert found.equal_keyframes >= 3
    assert verdicts["pictures"] == (State.FAULT, "frozen_picture")
    device, context = camera(port, "/h264")
    for _ in range(2):
        found, verdicts = await judged(device, context, watch=1.2)
    assert (found.equal_keyframes, verdicts["pictures"]) == (1, (State.OK, "ok"))


async def test_c19_every_tenth_packet_lost_is_measured_as_ten_in_a_hundred(port: int) -> None:
    found, verdicts = await judged(*camera(port, "/loss"))
    assert found.loss == pytest.approx(0.1, abs=0.01)
    assert found.lost == pytest.approx(found.packets / 9, abs=2)
    assert (found.reordered, found.foreign) == (0, 0)
    assert verdicts["loss"][1] == "packet_loss"
    assert verdicts["loss"][0] is not State.OK


async def test_digest_login(peers: Peers) -> None:
    _, verdicts = await judged(*camera(gstreamer(peers, "healthmon", "s3cret"), "/h264"), watch=1.0)
    assert verdicts["pictures"] == (State.OK, "ok")


async def test_a_sound_track_may_stand_first(port: int) -> None:
    found, verdicts = await judged(*camera(port, "/sound"), watch=1.0)
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.codec, found.foreign, found.lost) == ("h264", 0, 0)


async def test_c24_rtsps_with_a_basic_login_by_trusted_certificate_only(
    peers: Peers, tmp_path: Path
) -> None:
    need(library("gio/modules/libgiognutls.so"))
    pair, other = make_pair(tmp_path, "camera"), make_pair(tmp_path, "other")
    port = gstreamer(peers, "healthmon", "s3cret", str(pair.file))
    with pytest.raises(TlsError):
        await judged(*camera(port, "/h264", Tls(ca_file=str(other.file))))
    found, verdicts = await judged(*camera(port, "/h264", Tls(ca_file=str(pair.file))), watch=1.0)
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.transport, found.lost) == ("tcp", 0)


async def test_c25_the_sender_report_of_a_clock_an_hour_ahead(peers: Peers) -> None:
    device, context = camera(gstreamer(peers, ahead="+1h"), "/h264")
    context.reference = lambda: Reference(Span(-0.01, 0.01), 3)
    for _ in range(5):  # its first report comes after one to four seconds, by lot
        found, verdicts = await judged(device, context, watch=3.0)
        assert verdicts["pictures"] == (State.OK, "ok")
        if found.sender_clock is not None:
            break
    async with asyncio.timeout(10):
        told = await clock.probe(device, Check("C1", CheckName.CLOCK, timeout=8), context)
    spans = {reading.source: reading.offset for reading in told.readings}
    report = spans["rtcp"]
    assert report is not None
    assert report.middle == pytest.approx(3600, abs=0.5)
    assert 0 < report.high - report.low < 0.5, "a sender report is finer than a second"
    assert judged_clock(told, device) == "clock_zone"


def judged_clock(told: object, device: Device) -> str:
    observation = Observation("C1", CheckName.CLOCK, "", time.time(), 1.0, told)
    return next(
        verdict.code
        for verdict in clock_verdict.evaluate(observation, device)
        if verdict.state is State.FAULT
    )
