"""Where ONVIF says that a camera streams: which profile, and odd addresses (FF-A10, A14)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import (
    OnvifWeb,
    Opened,
    Park,
    Row,
    film,
    onvif_row,
    parked,
    sps,
    swept,
    told_of,
    video_sdp,
)
from helpers.loopback import served
from helpers.product import only

MEDIA = "/onvif/media"


@dataclass(frozen=True)
class Profile:
    """A profile of a camera and the stream behind it."""

    token: str
    codec: str = "H264"
    size: tuple[int, int] = (640, 360)
    named: str = ""

    def xml(self, second: bool) -> str:
        """As GetProfiles tells it, of the first or the second generation of the service."""
        width, height = self.size
        inner = (
            f"<tt:Name>{self.token}</tt:Name><tt:Encoding>{self.codec}</tt:Encoding>"
            f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
        )
        name = f"<tt:Name>{self.named or self.token}</tt:Name>"
        if second:
            body = f"<trt:Configurations><trt:VideoEncoder>{inner}</trt:VideoEncoder></trt:Configurations>"
        else:
            body = f"<tt:VideoEncoderConfiguration>{inner}</tt:VideoEncoderConfiguration>"
        return f'<trt:Profiles token="{self.token}">{name}{body}</trt:Profiles>'


BIG = Profile("prof-a", size=(640, 360))
SMALL = Profile("prof-b", size=(320, 180))
FLAT = Profile("prof-c", codec="JPEG", size=(640, 360))


@dataclass
class Profiled(OnvifWeb):
    """An ONVIF camera that names its profiles in `orders`, one after the other for ever."""

    orders: tuple[tuple[Profile, ...], ...] = ()
    second: bool = False
    turns: itertools.cycle[tuple[Profile, ...]] = field(init=False)
    now: tuple[Profile, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.turns = itertools.cycle(self.orders)

    def standard(self) -> dict[str, str]:
        """The answers; the address of a stream is by the token that was asked for."""
        told = super().standard()
        profiles = "".join(one.xml(self.second) for one in self.now)
        told["GetProfiles"] = f"<trt:GetProfilesResponse>{profiles}</trt:GetProfilesResponse>"
        if self.second:
            told["GetCapabilities"] = (
                "<tds:GetCapabilitiesResponse><tds:Capabilities/></tds:GetCapabilitiesResponse>"
            )
            told["GetServices"] = (
                "<tds:GetServicesResponse><tds:Service>"
                "<tds:Namespace>http://www.onvif.org/ver20/media/wsdl</tds:Namespace>"
                f"<tds:XAddr>http://127.0.0.1{MEDIA}</tds:XAddr></tds:Service></tds:GetServicesResponse>"
            )
            told["GetStreamUri"] = (
                f"<trt:GetStreamUriResponse><trt:Uri>{self.uri}</trt:Uri></trt:GetStreamUriResponse>"
            )
        return told

    def answer(self, name: str, text: str, fields: dict[str, str]) -> bytes:
        """GetProfiles in the next order; GetStreamUri: the path is the token."""
        if name == "GetProfiles":
            self.now = next(self.turns)
        token = next((one.token for one in self.orders[0] if one.token in text), "")
        self.uri = f"rtsp://127.0.0.1/{token}"
        return super().answer(name, text, fields)


@dataclass
class Streams(Camera):
    """RTSP behind the profiles: each path has its own description."""

    profiles: tuple[Profile, ...] = ()

    def _answer(self, method: str, told: dict[str, str]) -> tuple[str, list[str], bytes]:
        shown = next(
            (one for one in self.profiles if self.paths[-1].startswith(f"/{one.token}")), None
        )
        if shown is None:
            return "404 Not Found", [], b""
        self.sdp = video_sdp(sps(*shown.size)).replace("H264/", f"{shown.codec}/")
        return super()._answer(method, told)


def profiled(web: Profiled, commissioned: Row, seen: Streams | None = None) -> Opened:
    """A camera whose stream was commissioned so; its streams are `seen` where they are named."""
    camera = seen or Streams(film(), profiles=web.orders[0])

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        async with served(camera.talk, host=host) as rtsp, served(web, host=host) as pages:
            yield onvif_row(rtsp.port, pages.port, streams=[{"name": "main", **commissioned}])

    return opened


async def looks(web: Profiled, folder: Path, count: int, commissioned: Row) -> list[str]:
    """What is said of the pictures in `count` sweeps; then the paths that were played."""
    camera = Streams(film(), profiles=web.orders[0])
    async with profiled(web, commissioned, camera)("127.0.0.1") as row:
        said = [told_of(await swept(folder, {"cameras": [row]}), "stream") for _ in range(count)]
    web.given = [
        path for path, method in zip(camera.paths, camera.methods, strict=True) if method == "PLAY"
    ]
    return said


COMMISSIONED = {
    "by-size": ({"codec": "h264", "size": "640x360"}, (SMALL, BIG)),
    "by-size-small": ({"codec": "h264", "size": "320x180"}, (BIG, SMALL)),
    "by-codec": ({"codec": "h264"}, (FLAT, BIG)),
    "three": ({"codec": "h264", "size": "320x180"}, (FLAT, BIG, SMALL)),
}


MEDIA_OF = {"media": False, "media2": True}
A10 = {
    f"{case} {media}": profiled(Profiled(orders=(order,), second=MEDIA_OF[media]), {**commissioned})
    for case, (commissioned, order) in COMMISSIONED.items()
    for media in MEDIA_OF
}


@pytest.mark.parametrize("name", A10)
def test_ff_a10_the_profile_is_the_commissioned_one(name: str, park: Park):
    assert park.told(name) == ""


async def test_ff_a10_another_order_at_each_answer_is_the_same_stream(tmp_path: Path):
    web = Profiled(orders=((BIG, SMALL), (SMALL, BIG), (BIG, SMALL), (SMALL, BIG)))
    said = await looks(web, tmp_path, 4, {"codec": "h264", "size": "640x360"})
    assert said == [""] * 4


async def test_ff_a10_without_a_commissioned_stream_the_choice_stays(tmp_path: Path):
    web = Profiled(orders=((BIG, SMALL), (SMALL, BIG), (BIG, SMALL)))
    await looks(web, tmp_path, 3, {})
    assert len(web.given) == 3
    assert len(set(web.given)) == 1


async def test_ff_a10_no_profile_as_commissioned_is_said_so(tmp_path: Path):
    """None fits: it is stated which one was taken and what it shows."""
    web = Profiled(orders=((BIG, SMALL),))
    said = only(await looks(web, tmp_path, 1, {"codec": "h264", "size": "1920x1080"}))
    assert "640x360 instead of 1920x1080" in said
    assert "prof-a" in said


@pytest.mark.parametrize("by", ["prof-b", "sub"])
async def test_beside_a10_a_stream_can_name_its_profile(by: str, tmp_path: Path):
    web = Profiled(orders=((BIG, Profile("prof-b", size=(320, 180), named="sub")),))
    assert await looks(web, tmp_path, 1, {"profile": by}) == [""]
    assert {path.split("/")[1] for path in web.given} == {"prof-b"}


# ---------------------------------------------------------------- FF-A14: addresses that are none

ODD = [
    "http:://127.0.0.1:80/onvif/media",
    "http::/127.0.0.1/onvif/media",
    "http//127.0.0.1/onvif/media",
    "http:127.0.0.1/onvif/media",
    "127.0.0.1/onvif/media",
    "127.0.0.1:80/onvif/media",
    "http://http://127.0.0.1/onvif/media",
    "http://127.0.0.1/onvif/media http://[fe80::1]/onvif/media",
    "http://127.0.0.1/onvif/media\n https://127.0.0.1:443/onvif/other",
]
PLAIN = [
    "http://127.0.0.1/onvif/media",
    "http://camera.local:8080/onvif/media",
    "http://0.0.0.0/onvif/media",
    "HTTP://[fe80::1]/onvif/media",
    "//127.0.0.1/onvif/media",
    "http://127.0.0.1:80:80/onvif/media",
    "http:///onvif/media",
    "/onvif/media",
    " http://127.0.0.1/onvif/media ",
]


@dataclass
class Found:
    """A camera that names `xaddr` for its media service, and the requests that it got."""

    xaddr: str

    def __post_init__(self) -> None:
        self.web = OnvifWeb(xaddr=self.xaddr, uri="rtsp://127.0.0.1/found")
        self.camera = Camera(film(), path="/found")

    @contextlib.asynccontextmanager
    async def opened(self, host: str) -> AsyncIterator[Row]:
        """Its row while it serves at `host`."""
        async with (
            served(self.camera.talk, host=host) as rtsp,
            served(self.web, host=host) as pages,
        ):
            yield onvif_row(rtsp.port, pages.port)


FOUND = {xaddr: Found(xaddr) for xaddr in (*ODD, *PLAIN)}


def asked_at(xaddr: str, park: Park) -> list[str]:
    """The targets of the requests that the camera got."""
    said = park.told(xaddr)
    targets = [line.split(" ")[1] for line in FOUND[xaddr].web.lines]
    if said:  # then the error names the address
        assert xaddr.strip()[:20] in said
    else:
        assert MEDIA in targets
        assert "PLAY" in FOUND[xaddr].camera.methods
    return targets


@pytest.mark.parametrize("xaddr", ODD)
def test_ff_a14_only_a_path_is_asked_for(xaddr: str, park: Park):
    targets = asked_at(xaddr, park)
    assert [target for target in targets if not target.startswith("/")] == []
    assert {target for target in targets if "127" in target or "//" in target} == set()


@pytest.mark.parametrize("xaddr", PLAIN)
def test_beside_a14_other_hosts_and_forms_give_their_path(xaddr: str, park: Park):
    assert MEDIA in asked_at(xaddr, park)


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Park:
    """Every camera above of which one look is enough."""
    cameras = A10 | {xaddr: one.opened for xaddr, one in FOUND.items()}
    return asyncio.run(parked(tmp_path_factory.mktemp("onvif"), cameras, "127.0.25"))
