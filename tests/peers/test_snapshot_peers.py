"""A JPEG in place of a key frame: GetSnapshotUri by node-soap and the official WSDLs, Digest and the file
by lighttpd, the picture by FFmpeg. The stream has no key frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from helpers.fakes.rtsp_server import Camera, pictures
from helpers.loopback import served
from helpers.peers import node_onvif
from helpers.pictures import coded, learned, scene, with_noise
from helpers.results import observed
from helpers.support import Peers, free_port, need

from healthmon.checks.evaluation.picture import evaluate
from healthmon.checks.probes import picture, stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, Check, Device, StreamSpec
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Verdict
from healthmon.picture.baselines import Baselines
from healthmon.picture.pool import PicturePool
from healthmon.picture.service import PictureService
from healthmon.protocols.transport import metering
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = [pytest.mark.peer, pytest.mark.long]
HERE = Path(__file__).parent
HOST, USER, PASSWORD = "127.0.0.1", "healthmon", "s3cret"
LIGHTTPD = "/usr/sbin/lighttpd"
VIEW = scene(8)


@pytest.fixture
def ports(peers: Peers, tmp_path: Path) -> tuple[int, int]:
    """The HTTP port of the camera, and that of its ONVIF alone."""
    need(LIGHTTPD)
    front, root = free_port(), tmp_path / "www"
    onvif = node_onvif.started(peers, str(front))
    root.mkdir()
    (root / "snapshot.jpg").write_bytes(coded("mjpeg", with_noise(VIEW, 3)))
    secret = hashlib.md5(f"{USER}:camera:{PASSWORD}".encode()).hexdigest()
    (tmp_path / "users").write_text(f"{USER}:camera:{secret}\n")
    (tmp_path / "lighttpd.conf").write_text(
        f'server.document-root = "{root}"\nserver.port = {front}\nserver.bind = "{HOST}"\n'
        'server.modules = ("mod_auth", "mod_authn_file", "mod_proxy", "mod_accesslog")\n'
        f'accesslog.filename = "{tmp_path / "access.log"}"\n'
        f'auth.backend = "htdigest"\nauth.backend.htdigest.userfile = "{tmp_path / "users"}"\n'
        'auth.require = ("/snapshot.jpg" => ("method" => "digest", "realm" => "camera", '
        '"require" => "valid-user"))\n'
        '$HTTP["url"] =~ "^/onvif/" '
        f'{{ proxy.server = ("" => (("host" => "{HOST}", "port" => {onvif}))) }}\n'
    )
    peers.start(LIGHTTPD, "-D", "-f", tmp_path / "lighttpd.conf")
    peers.wait_tcp(HOST, front)
    return front, onvif


def camera(rtsp: int, http: int, onvif: str = "/onvif/device_service") -> Device:
    access = Access(rtsp_port=rtsp, http_port=http, onvif_path=onvif, credential="view")
    return Device(
        "C1", "C1", Kind.CAMERA, "s", HOST, access=access, streams=(StreamSpec(path="/live"),)
    )


@asynccontextmanager
async def context(folder: Path, snapshots: str = "yes") -> AsyncIterator[ProbeContext]:
    kept = Baselines(folder / "pictures")
    kept.write(("C1", "main"), learned(VIEW))
    service = PictureService(PicturePool(size=1, seconds=60), kept, 0.0, snapshots=snapshots)
    account = Credential("view", USER, Secret(PASSWORD))
    kit = ProbeContext(
        Connector.of([HOST]), LockoutGuard(), lambda _name: account, pictures=service
    )
    try:
        yield kit
    finally:
        await service.pool.close()
        kit.connector.close()


async def judged(device: Device, kit: ProbeContext) -> dict[str, Verdict]:
    """The verdicts on the picture after one stream check."""
    await stream.probe(device, Check("C1", CheckName.STREAM, "main", timeout=60.0, watch=0.4), kit)
    check = Check("C1", CheckName.PICTURE, "main", timeout=60.0)
    found = await observed(lambda: picture.probe(device, check, kit), device, check)
    return {one.aspect: one for one in evaluate(found, device)}


async def requests(onvif: int) -> dict[str, int]:
    async with httpx.AsyncClient(trust_env=False) as http:
        told: dict[str, int] = (await http.get(f"http://{HOST}:{onvif}/counters")).json()["asked"]
    return told


async def test_a_stream_without_key_frames_is_judged_by_a_snapshot(
    ports: tuple[int, int], tmp_path: Path
) -> None:
    front, onvif = ports
    async with served(Camera(packets=pictures(keys=0)).talk) as rtsp, context(tmp_path) as kit:
        device = camera(rtsp.port, front)
        for _ in range(2):
            found = await judged(device, kit)
            assert found["present"].sentence.endswith(
                "from a snapshot, the stream gives no picture"
            )
            assert found["view"].state is State.OK, found["view"].sentence
            assert "moving" not in found
            kit.memory_of("C1").stream("main").picture.at = -1e9  # type: ignore[union-attr]
        assert (await requests(onvif))["GetSnapshotUri"] == 1, "kept"
        black = coded("mjpeg", VIEW * 0)
        (tmp_path / "www/snapshot.jpg").write_bytes(black)
        found = await judged(device, kit)
        assert (found["present"].state, found["present"].code) == (State.FAULT, "picture_black")
        kit.memory_of("C1").stream("main").picture.at = -1e9  # type: ignore[union-attr]
        (tmp_path / "www/snapshot.jpg").write_bytes(black[: len(black) // 2])
        await judged(device, kit)
        assert kit.memory_of("C1").stream("main").snapshot_retry_at > 0, "half a JPEG is none"
    lines = (tmp_path / "access.log").read_text().splitlines()
    asked = [line for line in lines if "snapshot.jpg?profile=main%261" in line]
    assert len([line for line in asked if '" 401 ' in line]) == 4, "each nonce is asked for"
    assert len([line for line in asked if '" 200 ' in line]) >= 3, "the last may not be written yet"


async def test_no_snapshot_of_another_host_or_where_data_is_counted_or_where_it_is_off(
    ports: tuple[int, int], tmp_path: Path
) -> None:
    _, onvif = ports
    async with served(Camera(packets=pictures(keys=0)).talk) as rtsp:
        async with context(tmp_path, "no") as kit:
            found = await judged(camera(rtsp.port, ports[0]), kit)
            assert found["present"].sentence.endswith("no whole key frame has come yet")
        async with context(tmp_path) as kit:
            found = await judged(camera(rtsp.port, onvif, "/second/device"), kit)
            assert found["present"].state is State.UNKNOWN
            assert kit.memory_of("C1").stream("main").snapshot_path is None
            service = kit.pictures
            assert service is not None
            assert not service.takes_snapshots(metered=True)
    asked = await requests(onvif)
    assert asked["GetSnapshotUri"] == 1, "of the second device only, whose answer is not followed"
    assert metering.charger() is None
