"""Pictures that come through a relay: whose they are, why there are none, whose clock it is
(FF-A11, A12, A20, A21).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import Camera, Packet
from helpers.field_cameras import (
    Opened,
    Park,
    Row,
    camera_row,
    film,
    parked,
    rows_of,
    sender_report,
    showing,
    sps,
    swept,
    told_of,
    video_sdp,
)
from helpers.loopback import served
from helpers.peers.real import chronyd, wait_time
from helpers.product import Product, only
from helpers.support import Peers, free_port

RELAY = "127.0.0.2"


def relay_row(port: int, **more: object) -> Row:
    """A point of hand-over that shows C1 at /police/north."""
    row: Row = {
        "id": "POL",
        "name": "Police",
        "site": "s",
        "address": RELAY,
        "rtsp": {"port": port},
    }
    return row | {"relay": [{"camera": "C1", "path": "/police/north"}]} | more


async def handed_over(relay: Camera, camera: Camera, folder: Path, watch: str = "1 s") -> Row:
    """The sweep of a camera and its relay: what is said of the relayed pictures."""
    async with served(camera.talk) as own, served(relay.talk, host=RELAY) as police:
        tree = {"cameras": [camera_row(own.port, watch=watch)], "links": [relay_row(police.port)]}
        sheet = await swept(folder, tree)
    faults = rows_of(sheet, "relay", "faults", "POL")
    told = told_of(sheet, "relay", "", "POL")
    return {"faults": faults, "told": told, "sheet": sheet.sheet}


# ---------------------------------------------------------------- FF-A11: another camera's pictures

SETS = sps(640, 360)


class Live:
    """One scene as a camera and its relay show it: all see the same at one moment, or `late`."""

    def __init__(self, name: bytes, late: float = 0.0) -> None:
        self.name, self.late = name, late

    def __iter__(self) -> Iterator[Packet]:
        """The pictures from now on."""
        first = int((asyncio.get_running_loop().time() - self.late) * 25)
        return film(self.name, keys=8, first=first)


def live(name: bytes, *, late: float = 0.0, size: bytes = SETS) -> Camera:
    """A camera, or a relay, that shows the scene `name`."""
    return Camera(Live(name, late), sdp=video_sdp(size))


async def test_ff_a11_another_cameras_pictures_are_a_fault(tmp_path: Path):
    shown = await handed_over(live(b"South"), live(b"North"), tmp_path, "3 s")
    assert len(shown["faults"]) == 1, shown
    assert "the relay shows other pictures than C1" in shown["faults"][0]["sentence"]


@pytest.mark.parametrize("late", [0.0, 1.0])
async def test_beside_a11_the_same_pictures_are_well(late: float, tmp_path: Path):
    relay = live(b"North", late=late)
    shown = await handed_over(relay, live(b"North"), tmp_path, "3 s")
    assert shown["told"] == "", shown


async def test_beside_a11_pictures_encoded_anew_are_not_judged_by_their_bytes(tmp_path: Path):
    relay = live(b"other bytes", size=sps(640, 352))
    shown = await handed_over(relay, live(b"North"), tmp_path, "3 s")
    assert "other pictures" not in shown["told"]
    assert shown["faults"] == []


# ---------------------------------------------------------------- FF-A12: the relay refuses


@pytest.mark.parametrize("status", ["404 Not Found", "400 Bad Request", "454 Session Not Found"])
async def test_ff_a12_a_relay_that_refuses_may_lack_its_source(status: str, tmp_path: Path):
    relay = Camera(statuses={"DESCRIBE": status})
    shown = await handed_over(relay, live(b"North"), tmp_path)
    assert len(shown["faults"]) == 1, shown
    sentence = shown["faults"][0]["sentence"]
    assert "refused" in sentence
    assert status[:3] in sentence
    assert "source missing?" in sentence
    assert "not understood" not in sentence


REFUSALS = ("551 Option Not Supported", "500 Internal Server Error", "455 No")


@pytest.mark.parametrize("status", REFUSALS)
def test_ff_a12_a_refusal_is_told_as_one(status: str, park: Park):
    told = park.told(status, section="faults")
    assert f"refused: DESCRIBE answered {status[:3]}" in told
    assert "replay" not in told
    assert "not understood" not in told


@dataclass
class Moved(Camera):
    """Says at its known path that it is now at `target`."""

    target: str = ""
    status: str = "301 Moved Permanently"

    def _answer(self, method: str, told: dict[str, str]) -> tuple[str, list[str], bytes]:
        if method == "DESCRIBE" and self.paths[-1] == "/live":
            return self.status, [f"Location: {self.target}"], b""
        return super()._answer(method, told)


def redirecting(camera: Moved, form: str) -> Opened:
    """`camera`, whose target is `form` with its address and port."""

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        async with served(camera.talk, host=host) as server:
            camera.target = form.format(host, server.port)
            yield camera_row(server.port)

    return opened


CIRCLE, WHOLE, PATH = "/live", "rtsp://{}:{}/moved", "/moved"
MOVED = {
    (form, status): Moved(film(), status=status)
    for form in (WHOLE, PATH)
    for status in ("301 Moved Permanently", "302 Moved Temporarily")
}
CIRCLING = Moved(film())


@pytest.mark.parametrize(("form", "status"), MOVED)
def test_ff_a12_a_redirect_to_the_same_host_is_followed_or_named(
    form: str, status: str, park: Park
):
    assert "/moved" in park.told(f"{status} {form}")
    faults = park.rows(f"{status} {form}", section="faults")
    assert faults == [] or "PLAY" not in MOVED[form, status].methods


async def test_beside_a12_a_redirect_to_another_host_is_not_followed(tmp_path: Path):
    other = Camera(film())
    async with served(other.talk, host="127.0.0.8") as elsewhere:
        camera = Moved(film(), target=f"rtsp://127.0.0.8:{elsewhere.port}/live")
        async with served(camera.talk) as server:
            sheet = await swept(tmp_path, {"cameras": [camera_row(server.port)]})
        assert elsewhere.connections == 0
    assert rows_of(sheet, "stream", "faults") != []


def test_beside_a12_a_circle_of_redirects_ends(park: Park):
    assert park.rows("a circle", section="faults") != []
    assert CIRCLING.methods.count("DESCRIBE") <= 4


# ---------------------------------------------------------------- FF-A20: the relay's camera is dead

SERVERS = ["go2rtc/1.9.9", "gortsplib", "MediaMTX"]
NO_PICTURE = "the relay has no picture from its camera"


A20 = {
    (server, delay): Camera(
        statuses={"DESCRIBE": "404 Not Found"}, more=[f"Server: {server}"], delay=delay
    )
    for server in SERVERS
    for delay in (0.01, 2.0)
}
NEVER_KNEW = "a camera that never knew the path"


@pytest.mark.parametrize(("server", "delay"), A20)
def test_ff_a20_a_relay_says_by_404_that_its_camera_is_dead(server: str, delay: float, park: Park):
    fault = only(park.rows(f"{server} {delay}", section="faults"))
    assert NO_PICTURE in fault["sentence"]
    assert fault["code"] != "uri_changed"


async def test_ff_a20_a_relay_that_shows_a_stand_in_has_no_picture(tmp_path: Path):
    """MediaMTX with `fallback`: its camera is dead, another picture is offered by a redirect."""
    relay = Moved(film(), target="/blank", more=["Server: gortsplib"])
    async with served(relay.talk) as at:
        sheet = await swept(tmp_path, {"cameras": [camera_row(at.port)]})
    (fault,) = rows_of(sheet, "stream", "faults")
    assert NO_PICTURE in fault["sentence"]
    assert "/blank" in fault["sentence"]
    assert "PLAY" not in relay.methods


async def test_ff_a20_a_path_that_has_worked_before_is_not_wrong(tmp_path: Path, peers: Peers):
    camera = Camera(film())
    async with served(camera.talk) as at:
        product = Product(tmp_path, {"cameras": [camera_row(at.port, interval="1 s")]})

        def watch() -> set[str]:
            with product.agent(peers) as agent:
                agent.until(lambda: agent.value("healthmon_stream_up", device="C1") == 1, 30)
                camera.statuses = {"DESCRIBE": "404 Not Found"}
                agent.until(lambda: agent.faults("C1"), 30)
                return agent.faults("C1")

        codes = await asyncio.to_thread(watch)
    assert "uri_changed" not in codes
    assert len(codes) == 1


def test_beside_a20_a_camera_that_never_knew_the_path_says_so(park: Park):
    fault = only(park.rows(NEVER_KNEW, section="faults"))
    assert fault["code"] == "uri_changed"
    assert NO_PICTURE not in fault["sentence"]


def everybody() -> dict[str, Opened]:
    """The servers above that refuse, redirect or have no picture, by name."""
    plain = {status: Camera(statuses={"DESCRIBE": status}) for status in REFUSALS}
    plain |= {f"{server} {delay}": one for (server, delay), one in A20.items()}
    plain[NEVER_KNEW] = Camera(path="/other", more=["Server: Hikvision RTSP Server"])
    made = {name: showing(one.talk) for name, one in plain.items()}
    made["a circle"] = redirecting(CIRCLING, CIRCLE)
    return made | {
        f"{status} {form}": redirecting(one, form) for (form, status), one in MOVED.items()
    }


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Park:
    return asyncio.run(parked(tmp_path_factory.mktemp("relays"), everybody(), "127.0.23"))


# ---------------------------------------------------------------- FF-A21: whose clock?


def stamped(ahead: float, server: str) -> Camera:
    """A server whose sender reports are of a clock that is `ahead`; every second another one."""

    def packets() -> Iterator[Packet]:
        for number, packet in enumerate(film()):
            if number % 10 == 0:
                yield 1, sender_report(ahead, number * 3600)
            yield packet

    return Camera(packets(), more=[f"Server: {server}"] if server else [])


@contextlib.asynccontextmanager
async def true_time(peers: Peers) -> AsyncIterator[Row]:
    """A configuration with a time server that tells the true time."""
    port = free_port()
    chronyd(peers, "127.0.0.3", port)
    await asyncio.to_thread(wait_time, peers, "127.0.0.3", port)
    yield {"time_servers": [{"address": "127.0.0.3", "port": port}]}


async def clock_told(server: str, ahead: float, folder: Path, peers: Peers) -> tuple[str, str]:
    """What is said to be wrong and not checked about the clock behind `server`'s reports."""
    async with true_time(peers) as tree, served(stamped(ahead, server).talk) as at:
        sheet = await swept(folder, tree | {"cameras": [camera_row(at.port)]})
    return told_of(sheet, "clock", "faults"), told_of(sheet, "clock", "not_checked")


@pytest.mark.parametrize("server", SERVERS)
async def test_ff_a21_a_relays_report_is_not_the_cameras_clock(
    server: str, tmp_path: Path, peers: Peers
):
    faults, unknown = await clock_told(server, 0.1, tmp_path, peers)
    assert faults == ""
    assert "relay" in unknown


async def test_ff_a21_nor_is_a_wrong_one_a_fault_of_the_camera(tmp_path: Path, peers: Peers):
    faults, unknown = await clock_told("gortsplib", 3600, tmp_path, peers)
    assert faults == ""
    assert "relay" in unknown


@pytest.mark.parametrize("server", ["", "Hikvision RTSP Server"])
async def test_beside_a21_a_cameras_own_report_is_its_clock(
    server: str, tmp_path: Path, peers: Peers
):
    faults, _ = await clock_told(server, 3600, tmp_path, peers)
    assert "ahead" in faults
