"""What devices and people write reaches the screen as one plain line: FF-F10.

One estate in which everybody misbehaves; what comes out of every output is kept once and read by
the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.fakes.recorder_makes import Well, fault
from helpers.fakes.recorder_web import Answer, Instead
from helpers.fakes.rtsp_server import SDP, Camera
from helpers.fakes.ups_daemons import Apcupsd, Upsd
from helpers.loopback import served
from helpers.product import Product, Running
from helpers.recorder_estate import ZONE, Recorder
from helpers.recorder_estate import serving as serving_recorders
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long

# What a terminal, a log reader or a browser would obey: colours, a title, a clearing of the screen
# by one byte (C1), text from right to left, isolates, separators of lines and of paragraphs.
ORDERS = "\x1b[31m", "\x1b]0;owned\x07", "\x9b2J", "\u202e", "\u2066", "\u2028", "\u2029", "\x00"
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
# A line of its own that a reader would take for the product's.
FORGED = re.compile(r"(?m)^\W*FORGED")


def evil(mark: str, *, lines: bool = False) -> str:
    """`mark` among orders; with `lines` it tries to begin a line of its own, too."""
    orders = "".join(order for order in ORDERS if lines or order != "\x00")
    return f"{mark}{orders}{mark}z" + (f"\nFORGED {mark}\r\nFORGED {mark}" if lines else "")


def xml(mark: str) -> str:
    """As `evil`, of characters that XML may hold, by reference where it must."""
    return f"{mark}\u202e\u2066\u2028\u2029\x9b2J&#10;FORGED {mark}&#x85;\u200b\ufeff{mark}z"


def camera(number: int, **more: Any) -> dict[str, Any]:
    basics = {"id": f"C10{number}", "name": f"Eye {number}", "site": "s", "kind": "fixed"}
    return basics | {"address": f"127.0.11.{number}", "streams": [{"path": "/live"}]} | more


def rtsp_cameras() -> list[Camera]:
    """Reason phrases, fields, session descriptions."""
    name = evil("SDPNAME")
    codec = SDP.replace("H264/90000", f"{evil('SDPCODEC')}/90000")
    return [
        Camera(statuses={"DESCRIBE": f"404 {evil('RTSPREASON')}"}),
        Camera(
            statuses={"DESCRIBE": f"551 {evil('RTSPOPTION')}"},
            more=[f"Unsupported: {evil('RTSPFIELD')}"],
        ),
        Camera(sdp=codec),
        Camera(sdp=SDP.replace("s=x", f"s={name}").replace("m=video", f"i={name}\r\nm=video")),
        Camera(
            refuse=lambda *_: [f'WWW-Authenticate: {evil("RTSPSCHEME")} realm="{evil("REALM")}"']
        ),
        Camera(sdp=f"{evil('NOSDP')}\r\nnothing"),
        Camera(answer_transport=lambda _: f"RTP/AVP/{evil('TRANSPORT')}"),
    ]


def clock_cameras() -> list[ClockCamera]:
    """ONVIF texts, HTTP reason phrases and fields."""

    def model(body: str) -> str:
        texts = body.replace("Acme", xml("ONVIFMAKER")).replace("M1", xml("ONVIFMODEL"))
        return framed(
            texts.replace("S7", xml("ONVIFSERIAL")).replace("1.2<", xml("ONVIFFIRMWARE") + "<")
        )

    def refused(_: str) -> str:
        return fault("Action", xml("SOAPREASON"))

    def framed(body: str) -> str:
        namespaces = "xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:tds='t' xmlns:tt='u'"
        return f"<s:Envelope {namespaces}><s:Body>{body}</s:Body></s:Envelope>"

    zone = "ONVIFZONE\u202e\u2066\u2028"
    return [
        ClockCamera("GMT0", render=model),
        ClockCamera(zone, local=-7200.0, mode=xml("MODE")),
        ClockCamera("GMT0", render=refused),
        ClockCamera("GMT0", head=[f"Server: {evil('HTTPSERVER')}".encode()]),
        ClockCamera("GMT0", render=lambda _: f"<{xml('NOXML')}"),
    ]


def recorders() -> list[Recorder]:
    """Names of disks and channels, words of states, refusals."""
    disks = Well([(xml("DISKNAME"), xml("DISKSTATE"), 4_000_000), ("two", "error", 4_000_000)])
    named = Well([(xml("BADDISK"), "error", 4_000_000)])
    low = f"<ResponseStatus><subStatusCode>{xml('STATUSCODE')}</subStatusCode></ResponseStatus>"
    info = f"<DeviceInfo><model>{xml('ISAPIMODEL')}</model><serialNumber>{xml('SERIAL')}</serialNumber></DeviceInfo>"
    channel = {"chanNo": 1, "name": evil("CHANNEL", lines=True), "online": 1, "record": 0}
    states = Answer(json.dumps({"ChanStatus": [channel]}), kind="application/json")
    lost = [Instead("deviceInfo", Answer(info)), Instead("chanStatus", states)]
    dahua = Answer(f"Error: {evil('DAHUAERROR')}\r\n", kind="text/plain")
    phrase = Answer("", f"500 {evil('HTTPREASON')}")
    return [
        Recorder("hikvision", lost, disks),
        Recorder("hikvision", [Instead("deviceInfo", Answer(low))], named),
        Recorder("hikvision", [Instead("Storage|search", phrase)]),
        Recorder("dahua", [Instead("storageDevice|mediaFileFind", dahua)]),
        Recorder(
            "dahua", [Instead("getSystemInfo", Answer(f"updateSerial={evil('DAHUAMODEL')}\r\n"))]
        ),
        Recorder(
            "axis",
            [Instead("basicdeviceinfo", Answer(json.dumps({"error": {"message": evil("AXIS")}})))],
        ),
        Recorder("onvif", [Instead("FindEvents", Answer(fault("Action", xml("SEARCHFAULT"))))]),
    ]


def ups_daemons() -> list[tuple[str, Any]]:
    """What upsd and apcupsd say."""
    nut = {
        "ups.mfr": evil("NUTMAKER"),
        "ups.model": evil("NUTMODEL"),
        "ups.firmware": evil("NUTFIRMWARE"),
        "ups.serial": evil("NUTSERIAL"),
        "ups.status": f"ALARM OB {evil('NUTSTATUS')} RB",
        "ups.alarm": evil("NUTALARM"),
        "ups.test.result": evil("NUTTEST"),
        "battery.charge": evil("NUTCHARGE"),
    }
    apc = {
        "APC": "001,036,0879",
        "STATUS": f"ONBATT {evil('APCSTATUS', lines=True)}",
        "MODEL": evil("APCMODEL", lines=True),
        "FIRMWARE": evil("APCFIRMWARE", lines=True),
        "LASTXFER": evil("APCLAST", lines=True),
        "SELFTEST": evil("APCTEST", lines=True),
        "SERIALNO": evil("APCSERIAL", lines=True),
    }
    error = f"ERR {evil('NUTERROR')}\n".encode()
    return [("nut", Upsd(nut)), ("apcupsd", Apcupsd(apc)), ("nut", Upsd(raw=error))]


async def _cameras(stack: contextlib.AsyncExitStack) -> list[dict[str, Any]]:
    rows = []
    for number, eye in enumerate(rtsp_cameras(), 1):
        server = await stack.enter_async_context(served(eye.talk, host=f"127.0.11.{number}"))
        rows.append(camera(number, rtsp={"port": server.port}, http="no", credential="view"))
    commissioned = {"model": "M1", "serial": "S7", "firmware": "1.2"}
    for number, clock in enumerate(clock_cameras(), len(rows) + 1):
        server = await stack.enter_async_context(served(clock.talk, host=f"127.0.11.{number}"))
        ways = {
            "rtsp": "no",
            "http": {"port": server.port},
            "commissioned": dict(commissioned),
            "streams": [],
        }
        rows.append(camera(number, **ways))
    return rows


@contextlib.asynccontextmanager
async def estate() -> AsyncIterator[dict[str, Any]]:
    """Everybody who misbehaves, as sections of config.yaml; whoever wrote that does so as well."""
    async with contextlib.AsyncExitStack() as stack:
        rows: dict[str, Any] = dict(await stack.enter_async_context(serving_recorders(recorders())))
        rows["cameras"] = [*rows["cameras"], *await _cameras(stack)]
        rows["ups"] = []
        for number, (way, daemon) in enumerate(ups_daemons(), 1):
            server = await stack.enter_async_context(served(daemon.talk, host=f"127.0.12.{number}"))
            ask = {"port": server.port} | ({"ups": "u"} if way == "nut" else {})
            basics = {"id": f"U{number}", "name": f"UPS {number}", "site": "s"}
            rows["ups"].append(basics | {"address": f"127.0.12.{number}", way: ask})
        rows["sites"] = [{"id": "s", "name": evil("SITENAME"), "access": evil("ACCESS")}]
        rows["contractors"] = [{"id": "c", "name": evil("CONTRACTOR"), "phone": evil("PHONE")}]
        where = {"location": evil("LOCATION"), "access": evil("DOOR"), "zone": evil("ZONE")}
        rows["cameras"][-4] |= {"name": evil("CAMERA"), "contractor": "c"} | where
        rows["time_servers"] = await stack.enter_async_context(time_servers())
        yield rows


class Syslog(asyncio.DatagramProtocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        self.got.append(data.decode())


def strings(tree: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for one in tree.values() if isinstance(tree, dict) else tree:
            yield from strings(one)


def said(body: str) -> str:
    """The texts of a JSON answer, each on its line."""
    return "\n".join(strings(json.loads(body)))


EXPLAINED = (
    "C001", "C101", "C102", "C103", "C104", "C105", "C108", "C109", "C1010", "C1011", "R001", "R002", "R004", "R007",
    "U1", "U2",
)  # fmt: skip


def persons(product: Product) -> dict[str, str]:
    """What people give with a command."""
    number = re.findall(r"F\d{6}", product.run("faults", "--open").out)[-1]
    texts = [
        evil(mark, lines=True).replace("\0", "")
        for mark in ("ACKNAME", "ACKREASON", "SIGNER", "NOTE")
    ]
    return {
        "ack": product.run("ack", number, "--name", texts[0], "--reason", texts[1]).text,
        "sign": product.run("sign", "--name", texts[2], "--note", texts[3]).text,
        "usage": "".join(
            product.run(*argv, evil("ARGUMENT").replace("\0", "")).text
            for argv in (("probe",), ("history",), ("sweep", "--device"), ("notify", "test"))
        ),
    }


def shown(product: Product, agent: Running, devices: list[str]) -> dict[str, str]:
    """What the commands and the pages show."""
    agent.get("/runbooks/%1b%5b31mPATH%0aFORGED")
    agent.get("/probe?target=%1b%5b31mTARGET%0aFORGED&module=%1b")
    return {
        "sweep": product.run("sweep").text,
        "sweep --json": said(product.run("sweep", "--json").out),
        **persons(product),
        "explain": "".join(product.run("probe", one, "--explain").text for one in EXPLAINED),
        "wall": said(agent.get("/wall.json")[1]) + said(agent.get("/wall/device?id=C108")[1]),
        "/probe": "".join(agent.get(f"/probe?target={one}")[1] for one in devices),
        "metrics": agent.get("/metrics")[1],
        "faults": product.run("faults").text,
        "faults --csv": product.run("faults", "--csv").text,
        "faults --json": said(product.run("faults", "--json").out),
        "history": "".join(product.run("history", one).text for one in ("U1", "C108", "R001")),
    }


def everything(
    product: Product, peers: Peers, devices: list[str], syslog: Syslog
) -> dict[str, str]:
    """Run the agent and every command."""
    with product.agent(peers) as agent:
        enough = {"R001", "R002", "U1", "U2", "C101", "C108"}
        agent.until(lambda: enough <= {d for d in devices if agent.faults(d)}, 180)
        agent.until(lambda: len(syslog.got) >= len(enough), 60)
        kept = shown(product, agent, devices)
    kept["log"] = agent.log.read_text(errors="replace")
    kept["syslog"] = "\n".join(text.replace("\ufeff", "", 1) for text in syslog.got)
    return kept


def outputs() -> dict[str, str]:
    """Every output of the estate, by name."""

    async def run(folder: Path) -> dict[str, str]:
        loop = asyncio.get_running_loop()
        port, syslog = free_port(), Syslog()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: syslog, local_addr=("127.0.0.1", port)
        )
        peers = Peers(folder)
        try:
            async with estate() as rows:
                target = {"server": "127.0.0.1", "port": port, "transport": "udp"}
                rows["estate"] = {"name": "Field", "time_zone": ZONE}
                rows |= {"notify": {"log": {"syslog": target}}, "routes": [{"to": "log"}]}
                rows["defaults"] = {
                    "interval": "2 s", "recording_interval": "2 s", "identity_interval": "2 s",
                    "clock_interval": "2 s", "ups_interval": "2 s", "timeout": "10 s",
                    "cause": {"hold": "1 s"},
                }  # fmt: skip
                devices = [
                    row["id"] for key in ("cameras", "recorders", "ups") for row in rows[key]
                ]
                product = Product(folder, rows)
                return await asyncio.to_thread(everything, product, peers, devices, syslog)
        finally:
            peers.close()
            transport.close()

    with TemporaryDirectory() as folder:
        return asyncio.run(run(Path(folder)))


# Every source of a text: what it says must be seen somewhere, or the test proves nothing of it.
SEEN = {
    "ONVIFMAKER", "ONVIFMODEL", "ONVIFSERIAL", "ONVIFFIRMWARE", "ONVIFZONE", "SOAPREASON", "SEARCHFAULT",
    "HTTPSERVER", "RTSPSCHEME", "SDPCODEC", "DISKNAME", "BADDISK", "CHANNEL", "ISAPIMODEL", "STATUSCODE",
    "DAHUAERROR", "DAHUAMODEL", "NUTMAKER", "NUTMODEL", "NUTALARM", "NUTSTATUS", "APCMODEL", "APCFIRMWARE",
    "ACKNAME", "ACKREASON", "SIGNER", "ARGUMENT", "CAMERA", "LOCATION",
}  # fmt: skip


def orders_in(text: str) -> list[str]:
    """Where `text` holds what a terminal would obey, or a line that somebody else has begun."""
    found = [text[max(0, one.start() - 30) : one.end() + 10] for one in FORBIDDEN.finditer(text)]
    return [ascii(one) for one in (*found, *FORGED.findall(text))][:5]


@pytest.mark.timeout(1200)
def test_ff_f10_no_output_holds_an_order_of_a_device_or_a_person() -> None:
    kept = outputs()
    table = {name: text.replace("\r\n", "\n") for name, text in kept.items()}
    assert {name: found for name, text in table.items() if (found := orders_in(text))} == {}
    together = "\n".join(kept.values())
    assert {mark for mark in SEEN if mark not in together} == set()
    assert all(kept.values())


@pytest.mark.parametrize("where", ["estate", "device", "maintenance"])
def test_ff_f10_texts_of_the_configuration_are_one_line(where: str, tmp_path: Path) -> None:
    text = "Gate\x1b[31m\u202e\nFORGED\u2028FORGED"
    row = {"id": "C1", "name": "Gate", "site": "s", "kind": "fixed", "address": "127.0.13.1"}
    row |= {"rtsp": {"port": free_port()}, "http": "no"}
    window = {
        "devices": ["C1"],
        "start": "2020-01-01 00:00",
        "end": "2020-01-01 23:59",
        "reason": "works",
    }
    tree: dict[str, Any] = {
        "estate": {"name": "Field", "time_zone": ZONE},
        "cameras": [row],
    }
    names = {"device": row, "estate": tree["estate"], "maintenance": window}
    names[where]["reason" if where == "maintenance" else "name"] = text
    tree["maintenance"] = [window | {"repeat": "daily"}]
    product = Product(tmp_path, tree)
    outs = [
        product.run("sweep").text,
        product.run("check-config").text,
        product.run("probe", "C1").text,
    ]
    outs.append(product.run("alertmanager-config").text)
    assert [orders_in(text) for text in outs] == [[]] * 4
