"""Discovery of devices that nobody here wrote: node-soap with the official WSDLs, GStreamer's RTSP
server.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest
from helpers.peers.rtsp_peers import gstreamer
from helpers.support import Peers, free_port, need

from healthmon.discovery.found import Found
from healthmon.discovery.known import KnownDevices
from healthmon.discovery.ports import ports
from healthmon.discovery.proposal import Proposal, Setting, proposals
from healthmon.discovery.run import Plan, discover
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
HOST = "127.0.0.1"
RIGHT = Credential("view", "healthmon", Secret("s3cret"))
WRONG = Credential("view", "healthmon", Secret("guess"))


async def searched(given: str, credential: Credential | None = None, **more: object) -> Found:
    plan = Plan((HOST,), ports(given), credential=credential, **more)
    (found,) = (await discover(plan, lambda _done, _of: None)).found
    return found


def proposed(found: Found) -> Proposal:
    return proposals([found], KnownDevices(), Setting(credential="view"))[0]


@pytest.fixture(scope="module")
def onvif(module_peers: Peers) -> int:
    module = HERE / "node/node_modules/soap"
    need("node", str(module))
    folders = (HERE.parents[1] / ".venv-peers/lib").glob("python3.*/site-packages/onvif/wsdl")
    wsdl = next(folders, None)
    need(str(wsdl or HERE.parents[1] / ".venv-peers/onvif/wsdl"))
    port = free_port()
    program = HERE / "node/onvif_device.js"
    module_peers.start(shutil.which("node") or "node", program, str(wsdl), HOST, str(port))
    module_peers.wait_tcp(HOST, port, 40)
    return port


async def refused(port: int) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        return int((await http.get(f"http://{HOST}:{port}/counters")).json()["refused"])


async def test_an_onvif_device_is_a_camera_with_its_profile(onvif: int) -> None:
    """It answers in SOAP 1.1 with what it puts into the wrong namespace, and names a foreign host."""
    found = await searched(str(onvif), RIGHT)
    one = proposed(found)
    assert (one.section, one.sure, found.login) == ("cameras", "sure", "accepted")
    assert found.onvif is not None
    assert "http://192.0.2.9/onvif/media?unit=1" in found.onvif.elsewhere
    assert one.entry["streams"] == [
        {"name": "main", "profile": "main&1", "codec": "h264", "size": "1920x1080"}
    ]
    assert one.entry["commissioned"]["serial"] == "NODE-1"
    assert one.entry["http"] == {"port": str(onvif)}


async def test_a_wrong_login_is_refused_once(onvif: int) -> None:
    before = await refused(onvif)
    found = await searched(str(onvif), WRONG)
    assert found.login == "refused"
    assert await refused(onvif) == before + 1
    assert proposed(found).sure == "likely"
    assert "credential" not in proposed(found).entry


@pytest.fixture(scope="module")
def rtsp(module_peers: Peers) -> int:
    return gstreamer(module_peers)


async def test_an_rtsp_server_without_onvif_is_a_camera_by_a_path(rtsp: int) -> None:
    found = await searched(f"{rtsp}:rtsp", rtsp_paths=("/nothing", "/h265"))
    one = proposed(found)
    assert [stream.path for stream in found.streams][:1] == ["/h265"]
    assert (one.section, one.sure) == ("cameras", "likely")
    assert one.entry["streams"][0] == {"name": "main", "path": "/h265", "codec": "h265"}
    assert any(hint.startswith("Server: GStreamer") for hint in found.hints)


async def test_an_rtsp_login_is_refused_once_and_no_path_is_tried_after_it(
    peers: Peers,
) -> None:
    port = gstreamer(peers, "healthmon", "s3cret")
    found = await searched(f"{port}:rtsp", WRONG, rtsp_paths=("/h264", "/h265"))
    assert (found.login, found.streams) == ("refused", ())
    assert [note.partition(":")[0] for note in found.notes] == ["RTSP /h264"]
    found = await searched(f"{port}:rtsp", RIGHT, rtsp_paths=("/h264", "/h265"))
    assert found.login == "accepted"
    assert [stream.path for stream in found.streams] == ["/h264", "/h265"]
