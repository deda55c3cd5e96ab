"""A device that is dead costs one timeout, not one for each question, and holds up nobody else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import SDP, Camera
from helpers.field_cameras import OnvifWeb, Row, film, silent
from helpers.loopback import Handler, served
from helpers.product import Product, Running, Swept
from helpers.support import Peers

ANYWHERE = "0.0.0.0"  # every address of the loopback network
PRODUCTS_OWN = {"timeout": "12 s", "watch": "2 s"}
SHORTER = {"timeout": "6 s", "watch": "2 s"}
LIMIT = 7.5  # one of these timeouts


def address(number: int) -> str:
    """The address of device `number`."""
    return f"127.0.{1 + number // 200}.{1 + number % 200}"


def row(number: int, ports: tuple[int, int], **more: object) -> Row:
    """Device `number` with RTSP and HTTP at `ports`; its stream is to be found by ONVIF."""
    at = {"address": address(number), "rtsp": {"port": ports[0]}, "http": {"port": ports[1]}}
    return (
        {"id": f"C{number:03d}", "name": f"Camera {number}", "site": "s", "kind": "fixed"}
        | at
        | more
    )


def recorder(number: int, ports: tuple[int, int], make: str) -> Row:
    """A recorder at device `number`'s address."""
    made = row(number, ports, id=f"R{number}", make=make, credential="view")
    del made["kind"]
    return made


async def well(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A camera that is well; each connection has its own pictures."""
    await Camera(film(rate=10), sdp=SDP, every=0.1).talk(reader, writer)


@contextlib.asynccontextmanager
async def estate(cameras: int, hung: int, recorders: tuple[str, ...]) -> AsyncIterator[Row]:
    """`cameras`, of which the last `hung` answer nothing, and hung recorders of these makes."""
    web = OnvifWeb(uri="rtsp://127.0.0.1/live")
    async with (
        served(well, host=ANYWHERE) as rtsp,
        served(web, host=ANYWHERE) as pages,
        served(silent, host=ANYWHERE) as dead,
    ):
        rows = [
            row(
                number,
                (rtsp.port, pages.port) if number < cameras - hung else (dead.port, dead.port),
            )
            for number in range(cameras)
        ]
        mute = [
            recorder(cameras + number, (dead.port, dead.port), make)
            for number, make in enumerate(recorders)
        ]
        for number, one in enumerate(rows if mute else []):
            one |= {"recorder": mute[0]["id"], "channel": str(number + 1)}
        yield {"cameras": rows, "recorders": mute, "defaults": PRODUCTS_OWN}


def ill(sheet: Swept, section: str) -> set[str]:
    """The devices of a section that have rows about whether they answer or show pictures."""
    rows = [one for one in sheet.sheet[section] if one["question"] in ("reach", "stream")]
    return {device for one in rows for device in one["devices"]}


def stalled(sheet: Swept) -> set[str]:
    """Devices of which nothing is said because this machine was too busy to tell."""
    rows = [one for one in sheet.sheet["not_checked"] if "held up" in one["sentence"]]
    return {device for one in rows for device in one["devices"]}


@pytest.mark.alone
async def test_ff_a2_a_sweep_of_150_cameras_with_five_hung_ones_ends_within_15_s(tmp_path: Path):
    """15 s; where this machine is busy, no longer than without the hung ones and one timeout."""
    async with estate(150, 5, ("hikvision",)) as tree:
        sheet = await asyncio.to_thread(Product(tmp_path, tree).sweep)
    dead = {f"C{number:03d}" for number in range(145, 150)} | {"R150"}
    took = sheet.sheet["took_seconds"]
    if took >= 15:
        async with estate(145, 0, ()) as tree:
            well = await asyncio.to_thread(Product(tmp_path, tree).sweep)
        assert took < well.sheet["took_seconds"] + 12
    assert ill(sheet, "faults") | stalled(sheet) == dead
    # A warning says that pictures came; 150 streams of one process of ours may be slow ones.
    others = ill(sheet, "not_checked") - stalled(sheet)
    assert others == set(), [one["sentence"] for one in sheet.sheet["not_checked"]]


@pytest.mark.alone
async def test_ff_a2_one_hung_recorder_of_each_make_costs_one_timeout(tmp_path: Path):
    makes = ("onvif", "hikvision", "dahua", "axis", "bosch")
    async with estate(2, 0, makes) as tree:
        tree["defaults"] = SHORTER
        sheet = await asyncio.to_thread(Product(tmp_path, tree).sweep)
    assert sheet.sheet["took_seconds"] < LIMIT
    assert ill(sheet, "faults") == {f"R{2 + number}" for number in range(len(makes))}


def heads_alone(head: bytes, then: bytes = b"") -> Handler:
    """A web server that answers every request with the beginning of an answer; `then` follows each
    second.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while not writer.is_closing():
            await asyncio.sleep(1)
            writer.write(then)

    return talk


XML = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=r, nonce=n\r\n"
HANGS = XML + b"Content-Length: 500\r\n\r\n"
BEGINNINGS = {
    "a status line": b"HTTP/1.1 200 OK\r\n",
    "a head": HANGS,
    "a head without a length": XML + b"\r\n",
    "a head for chunks": XML + b"Transfer-Encoding: chunked\r\n\r\n",
    "the head of a refusal": REFUSAL + b"Content-Length: 90\r\n\r\n",
    "100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n",
}


async def one_by_one(
    folder: Path, servers: dict[str, Handler], cameras: Sequence[Row] = ()
) -> tuple[Swept, dict[str, str]]:
    """The sweep of a recorder for each of `servers` and of `cameras`; the ids of the recorders by name."""
    makes = ("hikvision", "onvif", "dahua", "axis", "bosch")
    async with contextlib.AsyncExitStack() as stack:
        rows = []
        for number, server in enumerate(servers.values()):
            web = await stack.enter_async_context(served(server, host=address(number)))
            made = recorder(number, (web.port, web.port), makes[number % len(makes)])
            rows.append(made | {"rtsp": "no", "name": f"Recorder {number}"})
        tree = {"cameras": list(cameras), "recorders": rows, "defaults": SHORTER}
        sheet = await asyncio.to_thread(Product(folder, tree).sweep)
    return sheet, dict(zip(servers, (one["id"] for one in rows), strict=True))


@pytest.mark.alone
async def test_ff_a2_a_recorder_that_sends_beginnings_of_answers_alone_is_a_fault(tmp_path: Path):
    """It costs one timeout too, whatever its make, and so does a hung camera beside it."""
    servers = {name: heads_alone(head) for name, head in BEGINNINGS.items()}
    async with served(silent, host=address(150)) as dead:
        hung = row(150, (dead.port, dead.port))
        sheet, ids = await one_by_one(tmp_path, servers, [hung])
    assert "C150" in ill(sheet, "faults")
    told = {name: sheet.sentences(one, "faults") for name, one in ids.items()}
    assert all("connected, but answers nothing" in "".join(told[name]) for name in ids), told
    assert sheet.sheet["took_seconds"] < LIMIT
    assert [row for one in ids.values() for row in sheet.rows(one, "not_checked")] == []


async def test_beside_a2_a_recorder_whose_pages_come_is_there(tmp_path: Path):
    """Whatever its first page is: without a body, slow, or only its head where another page comes."""

    def page_of(first: bytes, other: bytes = b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"):
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = await reader.readuntil(b"\r\n\r\n")
            answer = first if asked.startswith(b"GET / ") else other
            head, end, body = answer.partition(b"\r\n\r\n")
            writer.write(head + end)
            await asyncio.sleep(0.35)
            writer.write(body)
            if answer is HANGS:
                await reader.read()

        return talk

    servers = {
        "slow": page_of(
            XML + b"Content-Length: 4\r\n\r\n<a/>", XML + b"Content-Length: 4\r\n\r\n<a/>"
        ),
        "empty": page_of(XML + b"Content-Length: 0\r\n\r\n"),
        "nothing new": page_of(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        "elsewhere": page_of(b"HTTP/1.1 302 Found\r\nLocation: /doc\r\n\r\n"),
        "its first page hangs": page_of(HANGS),
        "no such part": page_of(b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n"),
    }
    sheet, ids = await one_by_one(tmp_path, servers)
    assert ill(sheet, "faults") == set(), [sheet.sentences(one, "faults") for one in ids.values()]


def runs_of(agent: Running, check: str) -> dict[str, float]:
    """How often this check of each device has been made."""
    found = agent.series("healthmon_check_runs_total", check=check)
    return {labels["device"]: value for labels, value in found}


@pytest.mark.alone
async def test_beside_a2_hung_devices_hold_up_no_other_check_of_the_agent(
    tmp_path: Path, peers: Peers
):
    async with estate(30, 10, ("hikvision", "onvif")) as tree:
        tree["defaults"] = {"timeout": "4 s", "watch": "1 s", "interval": "2 s"}
        product = Product(tmp_path, tree)

        def watch() -> dict[str, float]:
            with product.agent(peers) as agent:
                agent.until(lambda: len(agent.series("healthmon_stream_up")) >= 20, 60)
                before, reached = runs_of(agent, "stream"), runs_of(agent, "reach")["C000"]
                agent.until(lambda: runs_of(agent, "reach")["C000"] >= reached + 6, 60)
                after = runs_of(agent, "stream")
                return {device: after[device] - before.get(device, 0) for device in after}

        runs = await asyncio.to_thread(watch)
    slow = {device: runs[device] for device in map("C{:03d}".format, range(20)) if runs[device] < 4}
    assert slow == {}
