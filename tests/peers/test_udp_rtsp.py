"""Servers that refuse RTP over TCP: Perl's answers 400 Bad Request, the others 461 Unsupported
Transport.
"""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest
from helpers.peers.rtsp_peers import clip, espp, perl, rust, vlc
from helpers.peers.streams import camera, judged
from helpers.support import Peers

from healthmon.checks.probes.context import ProbeContext
from healthmon.model.enums import State
from healthmon.protocols.errors import NotFoundError
from healthmon.protocols.rtsp.session import TEARDOWN_SECONDS
from healthmon.protocols.trace import Trace, recording

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def film(module_peers: Peers) -> Path:
    return clip(module_peers)


@pytest.fixture(scope="module")
def vlc_port(module_peers: Peers, film: Path) -> int:
    return vlc(module_peers, film)


def setups(trace: Trace) -> list[str]:
    """What was answered to each SETUP, by the kind of transport asked for."""
    found, asked = [], ""
    for _, mark, text in trace.notes:
        if mark == ">":
            asked = "tcp" if "RTP/AVP/TCP" in text else "udp" if "RTP/AVP;" in text else ""
        elif mark == "<" and asked:
            found.append(f"{asked} {text.split()[0]}")
    return found


def torn_down(trace: Trace, *, may_hang_up: bool = False) -> bool:
    """Whether TEARDOWN of the session came last and was taken: answered 200, or given the whole
    second that a busy server has. One that `may_hang_up` may do so instead.
    """
    ended = time.monotonic() - trace.started
    number = max(number for number, (_, mark, _) in enumerate(trace.notes) if mark == ">")
    asked, _, text = trace.notes[number]
    if not text.startswith("TEARDOWN") or "Session: " not in text:
        return False
    answers = [text for _, mark, text in trace.notes[number:] if mark == "<"]
    if answers:
        return answers[-1].split()[0] == "200"
    return may_hang_up or ended - asked >= TEARDOWN_SECONDS


async def test_c13_vlc_knows_only_udp_which_is_remembered(vlc_port: int) -> None:
    device, context = camera(vlc_port, "/vlc")
    with recording(Trace(keep_notes=True)) as first:
        found, verdicts = await judged(device, context)
    assert setups(first) == ["tcp 461", "udp 200"]
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.transport, found.codec, found.width, found.height) == ("udp", "h264", 320, 240)
    assert found.frames >= 20
    assert found.keyframes >= 1
    assert (found.lost, found.foreign) == (0, 0)
    assert found.frames_per_second == pytest.approx(15, abs=3)
    assert torn_down(first)
    with recording(Trace(keep_notes=True)) as second:
        found, _ = await judged(
            device, context, watch=6.2
        )  # VLC sends its first report within five seconds
    assert setups(second) == ["udp 200"]
    assert found.sender_clock is None, "VLC passes on what others film: its clock is no camera's"


async def test_vlc_does_not_know_another_path(vlc_port: int) -> None:
    with pytest.raises(NotFoundError):
        await judged(*camera(vlc_port, "/nothing"))


async def test_c13_perls_server_says_bad_request_to_tcp(peers: Peers, film: Path) -> None:
    device, context = camera(perl(peers, film), "/stream1")
    await fed(peers, context, device)
    with recording(Trace(keep_notes=True)) as trace:
        found, verdicts = await judged(device, context)
    assert setups(trace) == ["tcp 400", "udp 200"]
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.transport, found.codec) == ("udp", "h264")
    assert found.keyframes >= 1
    assert found.loss == 0
    assert re.search(
        r"server_port=\d+", "".join(text for _, mark, text in trace.notes if mark == "<")
    )


async def test_c13_a_server_in_rust(peers: Peers) -> None:
    device, context = camera(rust(peers), "/stream")
    with recording(Trace(keep_notes=True)) as trace:
        found, verdicts = await judged(device, context)
    assert setups(trace) == ["tcp 461", "udp 200"]
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.codec, found.width, found.height, found.lost) == ("h264", 320, 240, 0)
    assert found.frames_per_second == pytest.approx(15, abs=3)
    assert torn_down(trace)


async def test_c13_a_microcontrollers_server_hangs_up_upon_its_refusal(peers: Peers) -> None:
    """Its description names one control for the whole and for the track, and JPEG without an
    rtpmap. One of its threads drops a session as soon as another has read TEARDOWN, at times before
    the answer to it is sent; that it was read stands in its log.
    """
    device, context = camera(espp(peers), "/mjpeg")
    with recording(Trace(keep_notes=True)) as trace:
        found, verdicts = await judged(device, context)
    assert setups(trace)[-1] == "udp 200"
    assert verdicts["pictures"] == (State.OK, "ok")
    assert (found.transport, found.codec, found.width, found.height) == ("udp", "mjpeg", 320, 240)
    assert found.keyframes == found.frames > 10
    assert torn_down(trace, may_hang_up=True)
    assert peers.log().count("RTSP TEARDOWN request") == 1


async def test_the_mpeg_4_of_older_encoders(peers: Peers) -> None:
    device, context = camera(perl(peers, clip(peers, ("mpeg4",))), "/stream1")
    await fed(peers, context, device)
    found, verdicts = await judged(device, context)
    assert (verdicts["pictures"], verdicts["keyframes"]) == ((State.OK, "ok"), (State.OK, "ok"))
    assert (found.codec, found.keyframes >= 1, found.watched < 4) == ("mpeg4", True, True)
    assert found.key_interval is None or found.key_interval == pytest.approx(1, abs=0.4)


async def fed(peers: Peers, context: ProbeContext, device: object) -> None:
    """Wait until ffmpeg has announced its stream."""
    for _ in range(100):
        try:
            await judged(
                device,
                ProbeContext(context.connector, context.lockout_guard, context.credential),
                watch=0.1,
            )  # type: ignore[arg-type]
            return
        except NotFoundError:
            await asyncio.sleep(0.1)
    raise AssertionError(peers.log()[-2000:])
