"""The faults of a camera's stream, each shown by a scripted camera and judged to the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from helpers.fakes import onvif_camera
from helpers.fakes.rtsp_server import SDP, Camera, pictures, rtp, serving
from helpers.loopback import request, served
from helpers.results import observed
from helpers.support import free_port

from healthmon.checks.evaluation.stream import evaluate
from healthmon.checks.probes import stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.demo.estate import Estate
from healthmon.demo.state import HTTP, RTSP, SimDevice
from healthmon.model.device import Access, Check, Device, Limits, StreamSpec
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.measurements import Stream
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.errors import RefusedError
from healthmon.protocols.host.steady_clock import SteadyClock
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

VIEW = Credential("view", "healthmon", Secret("s3cret"))


def context() -> ProbeContext:
    return ProbeContext(Connector.of(["127.0.0.1"]), LockoutGuard(), lambda _name: VIEW)


async def seen(
    camera: Camera,
    kit: ProbeContext | None = None,
    *,
    timeout: float = 4.0,
    path: str | None = "/live",
    limits: Limits | None = None,
) -> tuple[Observation, dict[str, Verdict]]:
    """One look at `camera` and its verdicts by aspect."""
    async with serving(camera) as port:
        access = Access(rtsp_port=port, http_port=80, onvif_path="/onvif", credential="view")
        device = Device(
            "C1",
            "C1",
            Kind.CAMERA,
            "S",
            "127.0.0.1",
            access=access,
            streams=(StreamSpec(path=path),),
        )
        device = replace(device, limits=limits or device.limits)
        check, shared = (
            Check("C1", CheckName.STREAM, "main", timeout=timeout, watch=0.8),
            kit or context(),
        )
        observation = await observed(lambda: stream.probe(device, check, shared), device, check)
        await asyncio.sleep(0.02)
    return observation, {verdict.aspect: verdict for verdict in evaluate(observation, device)}


def told(verdicts: dict[str, Verdict], aspect: str = "pictures") -> tuple[State, str]:
    return verdicts[aspect].state, verdicts[aspect].code


async def test_c1_silence() -> None:
    async def raw(_writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    observation, verdicts = await seen(Camera(raw=raw), timeout=0.5)
    assert (observation.reason, told(verdicts)) == (Reason.TIMEOUT, (State.FAULT, "no_answer"))
    assert 0.5 <= observation.duration < 10
    assert "waiting for answer to DESCRIBE, 0.5 s" in verdicts["pictures"].sentence


async def test_c4_drip() -> None:
    async def raw(writer: asyncio.StreamWriter) -> None:
        for byte in b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n" * 20:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.05)

    observation, verdicts = await seen(Camera(raw=raw), timeout=0.6)
    assert (observation.reason, told(verdicts)) == (Reason.TIMEOUT, (State.FAULT, "no_answer"))
    assert 0.6 <= observation.duration < 10, "the drip goes on for 28 s"


async def test_c5_endless_header() -> None:
    async def raw(writer: asyncio.StreamWriter) -> None:
        writer.write(b"RTSP/1.0 200 OK\r\n")
        while True:
            writer.write(b"X: yyyyyyyy\r\n" * 100)
            await writer.drain()
            await asyncio.sleep(0)

    observation, verdicts = await seen(Camera(raw=raw))
    assert (observation.reason, told(verdicts)) == (Reason.TOO_LARGE, (State.FAULT, "no_answer"))


async def test_a_port_that_is_closed_while_the_device_names_another() -> None:
    """The usual mistake with a device that streams on 8554; the named port is told, not used."""
    async with served(
        onvif_camera.Camera(login="none", uri="rtsp://127.0.0.1:8554/live")
    ) as server:
        access = Access(rtsp_port=free_port(), http_port=server.port, onvif_path=onvif_camera.PATH)
        device = Device(
            "C1", "C1", Kind.CAMERA, "S", "127.0.0.1", access=access, streams=(StreamSpec(),)
        )
        with pytest.raises(RefusedError, match="the device says that it streams on port 8554"):
            await stream.probe(device, Check("C1", CheckName.STREAM, "main", timeout=8), context())


async def test_c8_wrong_cseq_and_interleaved_before_reply() -> None:
    def before(writer: asyncio.StreamWriter, _sequence: str) -> None:
        writer.write(
            b"RTSP/1.0 404 Not Found\r\nCSeq: 99\r\n\r\n$\x00\x00\x04abcdRTSP/1.0 100 Continue\r\n\r\n"
        )

    camera = Camera(before=before)
    _, verdicts = await seen(camera)
    assert told(verdicts) == (State.OK, "ok")
    assert camera.methods == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


async def test_c9_login_refused_twice_then_latched() -> None:
    camera, kit, clock = Camera(login=True), context(), [1.8e9]
    kit.lockout_guard.now = SteadyClock(0.0, lambda: clock[0], lambda: clock[0])
    reasons = []
    for _ in range(4):
        observation, verdicts = await seen(camera, kit)
        reasons.append(observation.reason)
        clock[0] += 61
    assert reasons == [
        Reason.AUTH_FAILED,
        Reason.AUTH_FAILED,
        Reason.AUTH_LATCHED,
        Reason.AUTH_LATCHED,
    ]
    assert camera.lockout_guard == 2
    assert verdicts["pictures"].state is State.UNKNOWN


class Firmware:
    """A simulated camera whose path an update changes; how it answers to the old one differs from
    make to make.
    """

    def __init__(self, estate: Estate, address: str, path: str | None) -> None:
        self.sim, self.kit = (
            estate.devices["C1"],
            ProbeContext(Connector.of([address]), LockoutGuard(), lambda _: VIEW),
        )
        access = Access(
            rtsp_port=RTSP, http_port=HTTP, onvif_path="/onvif/device_service", credential="view"
        )
        self.device = Device(
            "C1", "C1", Kind.CAMERA, "S", address, access=access, streams=(StreamSpec(path=path),)
        )

    async def look(self, timeout: float = 8) -> tuple[Observation, dict[str, Verdict]]:
        check = Check("C1", CheckName.STREAM, "main", timeout=timeout, watch=0.5)
        found = await observed(
            lambda: stream.probe(self.device, check, self.kit), self.device, check
        )
        return found, {verdict.aspect: verdict for verdict in evaluate(found, self.device)}


@contextlib.asynccontextmanager
async def firmware(path: str | None = None) -> AsyncIterator[Firmware]:
    address = "127.35.1.2"
    estate = Estate([SimDevice("C1", "North", "camera", address, "s", password="s3cret")])
    await estate.start()
    try:
        yield Firmware(estate, address, path)
    finally:
        await estate.stop()


@pytest.mark.parametrize("status", [404, 454, 400])
async def test_c11_a_path_that_changed_is_asked_for_again_and_at_most_once_an_hour(
    status: int,
) -> None:
    async with firmware() as camera:
        _, verdicts = await camera.look()
        assert told(verdicts) == (State.OK, "ok")
        camera.sim.paths, camera.sim.faults["unknown_path"] = ("/other",), status
        _, verdicts = await camera.look()
        assert told(verdicts)[0] is State.FAULT, "asked for a moment ago: not again within the hour"
        asked = camera.sim.counters.calls
        await camera.look()
        assert camera.sim.counters.calls == asked
        camera.kit.memory_of("C1").stream("main").discovered_at -= 3601
        found, verdicts = await camera.look()
        assert told(verdicts) == (State.DEGRADED, "uri_changed")
        assert "from /stream1 to /other" in verdicts["pictures"].sentence
        assert isinstance(found.value, Stream)
        _, verdicts = await camera.look()
        assert told(verdicts) == (State.OK, "ok"), "told once, then it is the path"
        counters = camera.sim.counters
        assert (counters.sessions, counters.teardowns, counters.connections_most) == (3, 3, 1)
        assert counters.logins_rejected == 0


async def test_c11_the_operators_own_path_is_kept() -> None:
    async with firmware("/stream1") as camera:
        camera.sim.paths = ("/other",)
        camera.kit.memory_of("C1").stream("main").discovered_at -= 3601
        _, verdicts = await camera.look()
        assert told(verdicts) == (State.FAULT, "uri_changed")
        assert "path /stream1 is not known to the device" in verdicts["pictures"].sentence
        assert camera.sim.counters.calls == 0, "ONVIF is not asked for another"


async def test_trouble_of_onvif_is_no_fault_of_the_pictures() -> None:
    """Law 5: whether there are pictures is not known where the device does not tell their path."""
    async with firmware() as camera:
        camera.sim.faults["silence"] = True
        found, verdicts = await camera.look(2.2)
        assert (found.reason, verdicts["pictures"].state) == (Reason.NOT_REPORTED, State.UNKNOWN)
        assert "stream path by ONVIF" in verdicts["pictures"].sentence


async def test_rtsp_that_speaks_no_rtsp_is_a_fault_though_the_path_is_not_known() -> None:
    async with firmware() as camera:
        camera.sim.faults["garbage"] = True
        found, verdicts = await camera.look(2.2)
        assert (found.reason, verdicts["pictures"].state) == (Reason.PROTOCOL, State.FAULT)


@pytest.mark.parametrize("status", ["453 Not Enough Bandwidth", "503 Service Unavailable"])
@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
async def test_c12_busy(status: str, method: str) -> None:
    camera = Camera(statuses={method: status})
    _, verdicts = await seen(camera)
    assert told(verdicts) == (State.UNKNOWN, "busy")
    assert camera.methods.count("TEARDOWN") == (method == "PLAY")


async def test_c13_udp_only_is_remembered() -> None:
    kit = context()
    for expected in (2, 1):
        camera = Camera(udp_only=True)
        observation, verdicts = await seen(camera, kit)
        assert isinstance(observation.value, Stream)
        assert observation.value.transport == "udp"
        assert told(verdicts) == (State.OK, "ok")
        assert len(camera.transports) == expected
        assert camera.methods[-1] == "TEARDOWN"


async def test_c14_a_camera_that_hangs_up_amid_its_pictures() -> None:
    camera = Camera(pictures(8), hangs_up=True)
    observation, verdicts = await seen(camera)
    assert isinstance(observation.value, Stream)
    assert told(verdicts) == (State.FAULT, "no_pictures")
    assert "the device ended the connection after 0." in verdicts["pictures"].sentence
    assert observation.value.frames == 8
    assert camera.methods.count("DESCRIBE") == 1, "it is not asked again"


async def test_c14_a_camera_may_hang_up_once_its_pictures_were_watched_or_come_by_udp() -> None:
    for camera in (
        Camera(pictures(24), hangs_up=True),
        Camera(pictures(8), hangs_up=True, udp_only=True),
    ):
        observation, verdicts = await seen(camera)
        assert isinstance(observation.value, Stream)
        assert observation.value.cut_after is None
        assert told(verdicts) == (State.OK, "ok")


async def test_c14_play_without_media() -> None:
    camera = Camera(packets=[])
    _, verdicts = await seen(camera, timeout=3)
    assert told(verdicts) == (State.FAULT, "no_pictures")
    assert camera.methods[-1] == "TEARDOWN"


async def test_c15_no_keyframes_is_only_a_warning() -> None:
    camera = Camera(packets=pictures(keys=0))
    _, verdicts = await seen(camera, timeout=6.5)
    assert told(verdicts) == (State.OK, "ok")
    assert told(verdicts, "keyframes") == (State.DEGRADED, "keyframe_overdue")
    assert camera.methods[-1] == "TEARDOWN"


async def test_c15_key_frames_that_stop_later_are_missed_and_a_long_interval_is_not() -> None:
    """A look of 0.8 s may fall between two key frames; the next one waits as long as they
    may take.
    """
    kit = context()
    for keys, wanted in (
        (10, State.OK),
        (0, State.OK),
        (0, State.DEGRADED),
        (0, State.DEGRADED),
        (10, State.OK),
    ):
        camera = Camera(packets=pictures(keys=keys, step=3600))
        _, verdicts = await seen(camera, kit, timeout=5, limits=Limits(key_interval=2.0))
        assert verdicts["keyframes"].state is wanted
    kit = context()
    for keys in (1, 50, 50, 50):  # one each 2 s, of 3 s that are allowed
        _, verdicts = await seen(
            Camera(packets=pictures(keys=keys)), kit, timeout=6, limits=Limits(key_interval=3.0)
        )
        assert verdicts["keyframes"].state is State.OK


async def test_c20_a_codec_that_is_not_looked_into_lacks_no_key_frames() -> None:
    camera = Camera(sdp=SDP.replace("H264", "VP9"))
    observation, verdicts = await seen(camera, timeout=9)
    assert told(verdicts) == (State.OK, "ok")
    assert "keyframes" not in verdicts
    assert observation.duration < 6, "a key frame is not waited for"


async def test_c16_frozen_timestamps() -> None:
    camera = Camera(packets=pictures(step=0))
    _, verdicts = await seen(camera)
    assert told(verdicts) == (State.FAULT, "frozen_clock")
    assert camera.methods[-1] == "TEARDOWN"


async def test_c18_other_ssrc_and_channel_do_not_count() -> None:
    good = pictures(40)
    other = [(0, rtp(n, n * 3600, ssrc=9)) for n in range(10)]
    wrong = [(4, rtp(n, n * 3600)) for n in range(40)]
    packets = [p for n, p in enumerate(good) for p in (p, wrong[n], *other[n : n + 1])]
    camera = Camera(packets=packets, every=0.01)
    observation, verdicts = await seen(camera)
    assert isinstance(observation.value, Stream)
    assert (observation.value.packets <= 40, observation.value.lost) == (True, 0)
    assert observation.value.foreign == 10
    camera = Camera(packets=wrong)
    _, verdicts = await seen(camera, timeout=3)
    assert told(verdicts) == (State.FAULT, "no_pictures")
    assert camera.methods[-1] == "TEARDOWN"


async def test_c19_loss_reorder_duplicates() -> None:
    every_tenth_lost = [p for n, p in enumerate(pictures()) if n % 10 != 5]
    camera = Camera(packets=every_tenth_lost)
    _, verdicts = await seen(camera)
    assert told(verdicts, "loss") == (State.DEGRADED, "packet_loss")
    swapped = [p for n in range(0, 200, 2) for p in (pictures()[n + 1], pictures()[n])]
    observation, verdicts = await seen(Camera(packets=swapped))
    assert isinstance(observation.value, Stream)
    assert observation.value.lost <= 1
    assert observation.value.reordered
    assert told(verdicts, "loss") == (State.OK, "ok")
    doubled = [p for p in pictures(200) for _ in range(2)]
    observation, verdicts = await seen(Camera(packets=doubled, every=0.02))
    assert told(verdicts, "loss") == (State.OK, "ok")
    assert camera.methods[-1] == "TEARDOWN"


async def test_c20_sdp_huge_absolute_control_no_video() -> None:
    observation, verdicts = await seen(Camera(sdp=SDP + "a=x\r\n" * 20000))
    assert (observation.reason, told(verdicts)) == (Reason.TOO_LARGE, (State.FAULT, "no_answer"))
    _, verdicts = await seen(Camera(sdp=SDP.replace("m=video", "m=audio")))
    assert told(verdicts) == (State.FAULT, "no_video")
    camera = Camera(
        sdp=SDP.replace("control:track1", "control:rtsp://192.0.2.66:8554/live/track1?x=1")
    )
    _, verdicts = await seen(camera)
    assert told(verdicts) == (State.OK, "ok")
    assert camera.paths[1] == "/live/track1?x=1"
    assert camera.methods[-1] == "TEARDOWN"


async def test_c29_slow_camera() -> None:
    camera = Camera(delay=0.5)
    _, verdicts = await seen(camera, timeout=8)
    assert told(verdicts) == (State.OK, "ok")
    assert camera.methods[-1] == "TEARDOWN"


async def test_n6_small_answers_arrive_and_large_ones_do_not() -> None:
    """A path that swallows large packets: the challenge of 100 bytes comes through, the description
    does not.
    """

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, told, _ = await request(reader)
            body = (SDP + "a=x\r\n" * 300) if "authorization" in told else ""
            status = (
                "200 OK"
                if body
                else '401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="1"'
            )
            answer = f"RTSP/1.0 {status}\r\nCSeq: {told['cseq']}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            if len(answer) <= 1400:
                writer.write(answer.encode())

    async with served(handler) as server:
        access = Access(rtsp_port=server.port, credential="view")
        device = Device(
            "C1",
            "C1",
            Kind.CAMERA,
            "S",
            "127.0.0.1",
            access=access,
            streams=(StreamSpec(path="/live"),),
        )
        check, kit = Check("C1", CheckName.STREAM, "main", timeout=0.6, watch=0.2), context()
        found = await observed(lambda: stream.probe(device, check, kit), device, check)
    assert found.reason is Reason.TIMEOUT
    assert "small answers arrive, large ones do not" in found.detail
    verdicts = {one.aspect: one for one in evaluate(found, device)}
    assert told(verdicts) == (State.FAULT, "no_answer")
    assert "small answers arrive, large ones do not" in verdicts["pictures"].sentence
