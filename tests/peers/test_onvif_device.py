"""ONVIF devices whose SOAP is not ours: node-soap serves the official WSDLs (``node/onvif_device.js``).

The first answers in SOAP 1.1 with what it puts into the wrong namespace, names a foreign host, and has a profile without
an encoder. The second runs an hour ahead, accepts fresh tokens only and has no media service but Media2.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import httpx
import pytest
from support import Peers, free_port, need

from healthmon.model import Access, Ask, Device, Kind, Observation, Question, Reference, Span, State
from healthmon.probes import clock, identity
from healthmon.probes.tools import Tools
from healthmon.secret import Credential, Secret
from healthmon.verdict import clock as judged_clock
from healthmon.wire import onvif, onvif_media
from healthmon.wire.errors import AuthFailedError, NotFoundError
from healthmon.wire.http import Place
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
HOST = "127.0.0.1"
NET = Net.of([HOST])
RIGHT = Credential("view", "healthmon", Secret("s3cret"))
WRONG = Credential("view", "healthmon", Secret("guess"))
FIRST, SECOND = "/onvif/device_service", "/second/device"


@pytest.fixture(scope="module")
def place(module_peers: Peers) -> Place:
    module = HERE / "node/node_modules/soap"
    need("node", str(module))
    folders = (HERE.parents[1] / ".venv-peers/lib").glob("python3.*/site-packages/onvif/wsdl")
    wsdl = next(folders, None)
    need(str(wsdl or HERE.parents[1] / ".venv-peers/onvif/wsdl"))
    port = free_port()
    module_peers.start(
        shutil.which("node") or "node", HERE / "node/onvif_device.js", str(wsdl), HOST, str(port)
    )
    module_peers.wait_tcp(HOST, port, 40)
    return Place(HOST, port)


async def counters(place: Place) -> dict[str, int]:
    async with httpx.AsyncClient(trust_env=False) as http:
        told = (await http.get(f"{place.origin}/counters")).json()
    return {name: told[name] for name in ("accepted", "refused", "anonymous")}


async def grown(place: Place, before: dict[str, int]) -> dict[str, int]:
    return {name: value - before[name] for name, value in (await counters(place)).items()}


@pytest.mark.parametrize(("path", "ahead"), [(FIRST, 0.0), (SECOND, 3600.0)])
async def test_the_time_without_a_login(place: Place, path: str, ahead: float) -> None:
    before = await counters(place)
    told = await onvif.device_time(NET, place, path)
    assert told.utc is not None
    assert told.utc.timestamp() + 0.5 - time.time() == pytest.approx(ahead, abs=2)
    assert (told.mode, told.zone, told.local, told.daylight) == (
        "ntp",
        "GMT0BST,M3.5.0/1,M10.5.0",
        None,
        False,
    )
    assert await grown(place, before) == {"accepted": 0, "refused": 0, "anonymous": 0}


@pytest.mark.parametrize(
    ("path", "told"), [(FIRST, []), (SECOND, ["clock 1 h 00 min 00.0 s ahead: "])]
)
async def test_c25_the_clock_an_hour_ahead_is_one_sentence(
    place: Place, path: str, told: list[str]
) -> None:
    """Its Date is right and it tells no local time."""
    access = Access(http_port=place.port, onvif_path=path)
    device = Device("C1", "C1", Kind.CAMERA, "S", HOST, access=access)
    reference = Reference(Span(-0.01, 0.01), time.time(), 3, 3)
    tools = Tools(NET, LoginGuard(), lambda _: RIGHT, reference=lambda: reference)
    seen = await clock.look(device, Ask("C1", Question.CLOCK), tools)
    assert {reading.source for reading in seen.readings if reading.offset} == {"onvif", "http_date"}
    found = judged_clock.judge(
        Observation("C1", Question.CLOCK, "", time.time(), 0.1, seen), device
    )
    wrong = [one.sentence for one in found if one.state is not State.OK]
    assert [sentence[: len(start)] for sentence, start in zip(wrong, told, strict=True)] == told
    assert all(sentence.endswith("; its web server clock is right") for sentence in wrong)


@pytest.mark.parametrize("path", [FIRST, SECOND])
async def test_the_identity_with_a_token_by_the_devices_own_clock(place: Place, path: str) -> None:
    access = Access(http_port=place.port, onvif_path=path, credential="view")
    device = Device("C1", "C1", Kind.CAMERA, "S", HOST, access=access)
    before = await counters(place)
    found = await identity.look(
        device, Ask("C1", Question.IDENTITY), Tools(NET, LoginGuard(), lambda _: RIGHT)
    )
    assert (found.manufacturer, found.model, found.serial) == ("Node & Söhne", "Soap <1>", "NODE-1")
    assert (found.firmware, found.hardware, found.macs) == ("1.6", "A", ("02:00:00:AA:BB:CC",))
    assert (await grown(place, before))["refused"] == 0


async def test_the_stream_path_of_the_first_profile_that_has_an_encoder(place: Place) -> None:
    before = await counters(place)
    path = (await onvif_media.stream_address(NET, place, FIRST, RIGHT, LoginGuard())).path
    assert path == "/media/main%261?a=1&b=2"
    assert await grown(place, before) == {"accepted": 2, "refused": 0, "anonymous": 1}
    with pytest.raises(NotFoundError):
        await onvif_media.stream_address(NET, place, FIRST, RIGHT, LoginGuard(), profile_index=1)


async def test_the_stream_path_by_media2(place: Place) -> None:
    for index in (0, 1):
        path = (
            await onvif_media.stream_address(
                NET, place, SECOND, RIGHT, LoginGuard(), skew=3600.0, profile_index=index
            )
        ).path
        assert path == f"/second/RTSP/p{index}"


async def test_c9_a_wrong_password_is_refused_once(place: Place) -> None:
    before, guard = await counters(place), LoginGuard()
    with pytest.raises(AuthFailedError):
        await onvif_media.stream_address(NET, place, FIRST, WRONG, guard)
    assert await grown(place, before) == {"accepted": 0, "refused": 1, "anonymous": 1}
    assert guard.latched(HOST, WRONG)
