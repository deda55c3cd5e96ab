"""ONVIF devices whose SOAP is not ours: node-soap serves the official WSDLs
(``node/onvif_device.js``).

The first answers in SOAP 1.1 with what it puts into the wrong namespace, names a foreign host, and
has a profile without an encoder. The second runs an hour ahead, accepts fresh tokens only and has
no media service but Media2.
"""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from helpers.peers import node_onvif
from helpers.product import Product
from helpers.recording import round_trip
from helpers.support import Peers

from healthmon.checks.evaluation import clock as judged_clock
from healthmon.checks.probes import clock, identity
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, Check, Device
from healthmon.model.enums import CheckName, Kind, Span, State
from healthmon.model.measurements import Reference, TimeSource
from healthmon.model.results import Observation
from healthmon.protocols.errors import AuthFailedError, ExchangeError, NotFoundError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.onvif import media as onvif_media
from healthmon.protocols.onvif import osd, ptz
from healthmon.protocols.onvif.media import MEDIA, MEDIA2
from healthmon.protocols.onvif.profiles import Choice, Wanted
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
HOST = "127.0.0.1"
NET = Connector.of([HOST])
RIGHT = Credential("view", "healthmon", Secret("s3cret"))
WRONG = Credential("view", "healthmon", Secret("guess"))
FIRST, SECOND = "/onvif/device_service", "/second/device"


@pytest.fixture(scope="module")
def place(module_peers: Peers) -> Endpoint:
    return Endpoint(HOST, node_onvif.started(module_peers))


async def counters(place: Endpoint) -> dict[str, int]:
    async with httpx.AsyncClient(trust_env=False) as http:
        told = (await http.get(f"{place.origin}/counters")).json()
    return {name: told[name] for name in ("accepted", "refused", "anonymous")}


async def grown(place: Endpoint, before: dict[str, int]) -> dict[str, int]:
    return {name: value - before[name] for name, value in (await counters(place)).items()}


@pytest.mark.parametrize(("path", "ahead"), [(FIRST, 0.0), (SECOND, 3600.0)])
async def test_the_time_without_a_login(place: Endpoint, path: str, ahead: float) -> None:
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
    place: Endpoint, path: str, told: list[str]
) -> None:
    """Its Date is right and it tells no local time."""
    access = Access(http_port=place.port, onvif_path=path)
    device = Device("C1", "C1", Kind.CAMERA, "S", HOST, access=access)
    reference = Reference(Span(-0.01, 0.01), time.time(), 3, 3)
    context = ProbeContext(NET, LockoutGuard(), lambda _: RIGHT, reference=lambda: reference)
    seen = await clock.probe(device, Check("C1", CheckName.CLOCK), context)
    assert {reading.source for reading in seen.readings if reading.offset} == {"onvif", "http_date"}
    found = judged_clock.evaluate(
        Observation("C1", CheckName.CLOCK, "", time.time(), 0.1, seen), device
    )
    wrong = [one.sentence for one in found if one.state is not State.OK]
    assert [sentence[: len(start)] for sentence, start in zip(wrong, told, strict=True)] == told
    assert all(sentence.endswith("; its web server clock is right") for sentence in wrong)


@pytest.mark.parametrize("path", [FIRST, SECOND])
async def test_the_identity_with_a_token_by_the_devices_own_clock(
    place: Endpoint, path: str
) -> None:
    access = Access(http_port=place.port, onvif_path=path, credential="view")
    device = Device("C1", "C1", Kind.CAMERA, "S", HOST, access=access)
    before = await counters(place)
    found = await identity.probe(
        device, Check("C1", CheckName.IDENTITY), ProbeContext(NET, LockoutGuard(), lambda _: RIGHT)
    )
    assert (found.manufacturer, found.model, found.serial) == ("Node & Söhne", "Soap <1>", "NODE-1")
    assert (found.firmware, found.hardware, found.macs) == ("1.6", "A", ("02:00:00:AA:BB:CC",))
    assert (await grown(place, before))["refused"] == 0


@pytest.mark.parametrize("path", [FIRST, SECOND])
async def test_the_time_servers_that_it_is_set_to(place: Endpoint, path: str) -> None:
    """Those by DHCP are used, so that the one entered by hand is not: a login, and no refusal."""
    access = Access(http_port=place.port, onvif_path=path, credential="view")
    device = Device("C1", "C1", Kind.CAMERA, "S", HOST, access=access)
    before = await counters(place)
    reference = Reference(Span(-0.01, 0.01), time.time(), 3, 3)
    context = ProbeContext(NET, LockoutGuard(), lambda _: RIGHT, reference=lambda: reference)
    seen = await clock.probe(device, Check("C1", CheckName.CLOCK), context)
    assert seen.source == TimeSource(("192.0.2.1", "ntp.example.com"), by_dhcp=True)
    assert (await grown(place, before))["refused"] == 0


async def test_the_stream_path_of_the_first_profile_that_has_an_encoder(place: Endpoint) -> None:
    before = await counters(place)
    path = (await onvif_media.stream_address(NET, place, FIRST, RIGHT, LockoutGuard())).path
    assert path == "/media/main%261?a=1&b=2"
    assert await grown(place, before) == {"accepted": 2, "refused": 0, "anonymous": 1}
    with pytest.raises(NotFoundError):
        await onvif_media.stream_address(
            NET, place, FIRST, RIGHT, LockoutGuard(), choice=Choice((Wanted(),) * 2, 1)
        )


async def test_the_stream_path_by_media2(place: Endpoint) -> None:
    for index in (0, 1):
        path = (
            await onvif_media.stream_address(
                NET,
                place,
                SECOND,
                RIGHT,
                LockoutGuard(),
                skew=3600.0,
                choice=Choice((Wanted(),) * (index + 1), index),
            )
        ).path
        assert path == f"/second/RTSP/p{index}"


async def test_c9_a_wrong_password_is_refused_once(place: Endpoint) -> None:
    before, guard = await counters(place), LockoutGuard()
    with pytest.raises(AuthFailedError):
        await onvif_media.stream_address(NET, place, FIRST, WRONG, guard)
    assert await grown(place, before) == {"accepted": 0, "refused": 1, "anonymous": 1}
    assert guard.latched(HOST, WRONG)


async def test_position_presets_and_masks_by_the_official_wsdls(place: Endpoint) -> None:
    calls = onvif.calls(NET, place, SECOND, RIGHT, LockoutGuard(), skew=3600.0)
    known = await ptz.services(calls)
    token = await ptz.profile(calls, known)
    views = calls.at(ptz.PTZ, known.ptz or "")
    assert token == "p1"
    assert await ptz.presets(views, token) == (
        ptz.Preset("1", "Market & hall", ptz.Position(-0.25, 0.5, 0.1)),
        ptz.Preset("2", "Bridge", None),
    )
    assert await ptz.status(views, token) == ptz.Status(ptz.Position(-0.25, 0.5, 0.1), moving=True)
    (mask,) = await ptz.masks(calls.at(ptz.MEDIA2, known.media2 or ""))
    assert mask == ptz.Mask(
        "m1", ((-0.5, 0.5), (0.0, 0.5), (0.0, -0.25)), "pixelated", enabled=True
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{place.origin}/counters")).json()["profile"] == token


async def test_texts_in_the_picture_by_the_official_wsdls_of_both_media_services(
    place: Endpoint,
) -> None:
    for path, skew in ((FIRST, 0.0), (SECOND, 3600.0)):
        calls = onvif.calls(NET, place, path, RIGHT, LockoutGuard(), skew=skew)
        known = await ptz.services(calls)
        service = (MEDIA2, known.media2) if known.media2 else (MEDIA, known.media or "")
        assert await osd.texts(calls.at(*service)) == ("Market & hall, north",)


async def test_it_is_sent_to_a_preset_that_it_has(place: Endpoint) -> None:
    calls = onvif.calls(NET, place, SECOND, RIGHT, LockoutGuard(), skew=3600.0)
    known = await ptz.services(calls)
    views = calls.at(ptz.PTZ, known.ptz or "")
    await ptz.goto(views, "p1", "1")
    with pytest.raises(ExchangeError, match="no such preset"):
        await ptz.goto(views, "p1", "7")
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{place.origin}/counters")).json()["sent"] == "p1 to 1"


async def test_what_is_recorded_of_it_is_replayed_to_the_same_verdicts(
    place: Endpoint, tmp_path: Path
) -> None:
    row = {"id": "C017", "name": "High Street north", "site": "s", "address": HOST, "kind": "fixed"}
    row |= {"credential": "view", "rtsp": "no", "http": {"port": place.port}}
    product = Product(tmp_path, {"cameras": [row]})
    (tmp_path / "secret").write_text("s3cret\n")
    found = await round_trip(product.config, "C017", tmp_path / "made")
    assert found["D1 identity"]["identity"] == "OK"
    written = (tmp_path / "made" / "recording.yaml").read_text()
    assert "model: Soap <1>" in written
    for private in ("NODE-1", "02:00:00:AA:BB:CC", "High Street", "s3cret", "C017"):
        assert private not in written
