"""Nothing that a device or a file holds is an error of our own, and our own trouble is no device's:
FF-F9 and FF-F11.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from helpers import own_names
from helpers.fakes.dns_server import HANG, SERVFAIL, DnsServer
from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.fakes.onvif_clock import told as told_clocks
from helpers.fakes.recorder_web import Answer, Instead
from helpers.loopback import served
from helpers.product import Product, Running, Swept
from helpers.recorder_estate import ZONE, Recorder
from helpers.recorder_estate import told as told_recorders
from helpers.support import Peers

BUG = "error inside healthmon"
DIGITS = "7" * 5000


def sentences(sheet: Swept) -> list[str]:
    """Everything that the sheet says."""
    rows = [*sheet.sheet["faults"], *sheet.sheet["warnings"], *sheet.sheet["not_checked"]]
    return [row["sentence"] for row in rows]


# ------------------------------------------------------------------------------------------ FF-F11

GREETINGS = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
    b"HTTP/1.1 102 Processing\r\nX: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
)


def test_ff_f11_an_interim_answer_before_the_question_is_no_bug(tmp_path: Path) -> None:
    """Whether it comes before the question is a matter of luck: many are asked."""
    cameras = [ClockCamera("GMT0", greeting=one) for one in GREETINGS * 10]
    sheet = told_clocks(tmp_path, ZONE, cameras, Product.sweep)
    assert [one for one in sentences(sheet) if BUG in one] == []


def isapi(root: str, inside: str) -> Answer:
    return Answer(f'<{root} xmlns="http://www.hikvision.com/ver20/XMLSchema">{inside}</{root}>')


def nested(depth: int) -> Answer:
    body = '{"ChanStatus":' * depth + "1" + "}" * depth
    return Answer(body, kind="application/json")


TRACK = "<Track><id>{id}</id><Enable>true</Enable><Duration>P{days}D</Duration></Track>"
NUMBERS: dict[str, tuple[str, Instead]] = {
    "track id": ("hikvision", Instead("GET .*record/tracks", isapi("TrackList", TRACK.format(id=DIGITS + "01", days=1)))),
    "duration": ("hikvision", Instead("GET .*record/tracks", isapi("TrackList", TRACK.format(id=101, days=DIGITS)))),
    "channel": ("hikvision", Instead("chanStatus", Answer('{"ChanStatus": [{"chanNo": ' + DIGITS + "}]}"))),
    "uptime": ("hikvision", Instead("System/status", isapi("DeviceStatus", f"<deviceUpTime>{DIGITS}</deviceUpTime>"))),
    "nested": ("hikvision", Instead("chanStatus", nested(900))),
    "nested deeper": ("hikvision", Instead("chanStatus", nested(60_000))),
    "time": ("hikvision", Instead("System/time", isapi("Time", f"<localTime>{DIGITS}-01-01T00:00:00</localTime>"))),
    "found": ("dahua", Instead("findNextFile", Answer(f"found={DIGITS}\r\n", kind="text/plain"))),
    "lost": ("dahua", Instead("getEventIndexes", Answer(f"channels[0]={DIGITS}\r\n", kind="text/plain"))),
    "count": ("axis", Instead("record/list", Answer(f'<root><recordings numberofrecordings="{DIGITS}"/></root>'))),
    "up": ("axis", Instead("systemready", Answer('{"data": {"uptime": ' + DIGITS + "}}"))),
    "dates": ("onvif", Instead("GetRecordingSearchResults", Answer(f"<a>{DIGITS}</a>"))),
}  # fmt: skip


def numbered() -> Swept:
    recorders = [Recorder(make, [instead]) for make, instead in NUMBERS.values()]
    recorders += [Recorder("hikvision", more=bosch()) for _ in TEXTS]
    for recorder, text in zip(recorders[-len(TEXTS) :], TEXTS, strict=True):
        recorder.web.instead = [
            Instead("rcp.xml", Answer(f"<rcp><result><str>{text}</str></result></rcp>"))
        ]
    with TemporaryDirectory() as folder:
        return told_recorders(Path(folder), recorders, Product.sweep)


# What a Bosch device tells as octets.
TEXTS = ("41\u2028 42", "41\u00a042", "\uff14\uff11", "4\u0661", "41 4", DIGITS)


def bosch() -> dict[str, Any]:
    return {"make": "bosch", "tracks": "yes", "experimental_clock": "yes"}


def test_ff_f11_whatever_a_recorder_writes_is_no_bug() -> None:
    sheet = numbered()
    names = [*NUMBERS, *TEXTS]
    found = {
        names[n - 1][:20]: [one for one in sheet.sentences(f"{kind}{n:03d}") if BUG in one]
        for n in range(1, len(names) + 1)
        for kind in "RC"
    }
    assert {name: said for name, said in found.items() if said} == {}


LOGINS: tuple[Any, ...] = (
    [],
    None,
    {"127.0.0.1": 5},
    {"127.0.0.1": {"view": []}},
    {"refusals": {"127.0.0.1": "x"}},
    {"refusals": [["127.0.0.1", "view", "soon"]]},
    {"127.0.0.1 view": {"until": "x"}},
    [[1, 2, 3]],
    [{"host": 1, "account": None, "until": "never"}],
    {"a": {"b": {"c": {"d": []}}}},
)


def test_ff_f11_a_memory_of_logins_with_wrong_types_ends_nothing(tmp_path: Path) -> None:
    def asked(product: Product) -> dict[str, str]:
        product.sweep()
        files = list((tmp_path / "state").glob("logins*"))
        ended = {}
        for tree in (*LOGINS, *shapes_of(files)[::3]):
            (tmp_path / "state").mkdir(exist_ok=True)
            (tmp_path / "state" / "logins.json").write_text(json.dumps(tree))
            done = product.run("sweep")
            if done.code not in (0, 1, 2) or "Traceback" in done.err or BUG in done.text:
                ended[json.dumps(tree)] = done.text[-300:]
        return ended

    recorder = Recorder("hikvision")
    recorder.web.right = lambda _asked: None
    recorder.web.open = lambda _asked: False
    recorder.more = {"credential": "wrong"}
    known = {"view": {"username": "healthmon", "secret": {"file": "secret"}}}
    known["wrong"] = {"username": "nobody", "secret": {"file": "secret"}}
    assert told_recorders(tmp_path, [recorder], asked, credentials=known) == {}


def shapes_of(files: list[Path]) -> list[Any]:
    """The file as the product has written it, with each value in turn of another type."""
    found: list[Any] = []
    for file in files:
        tree = json.loads(file.read_text())
        for path in paths_of(tree):
            found += [replaced(tree, path, wrong) for wrong in ("x", [], {}, None, -1e400)]
    return found[:40]


def paths_of(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    return [path, *(one for step, value in steps for one in paths_of(value, (*path, step)))]


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copied = dict(tree) if isinstance(tree, dict) else list(tree)
    copied[path[0]] = replaced(copied[path[0]], path[1:], value)
    return copied


# ------------------------------------------------------------------------------------------- FF-F9


def open_faults(agent: Running) -> set[tuple[str, str]]:
    """(device, code) of every open fault."""
    rows = agent.series("healthmon_fault_active")
    return {(labels["device"], labels["code"]) for labels, value in rows if value == 1}


@pytest.mark.long(90)
@pytest.mark.parametrize(
    ("how", "first"), [(HANG, False), (SERVFAIL, True)], ids=["silent", "SERVFAIL from the start"]
)
def test_ff_f9_our_own_name_server_is_one_fault_of_ours(
    how: int, first: bool, tmp_path: Path, peers: Peers
) -> None:
    own_names.own_addresses()
    defaults = {"interval": "1 s", "clock_interval": "1 s", "timeout": "5 s"}
    defaults |= {"cause": {"hold": "2 s", "quiet": "2 s", "longest": "4 s"}}

    def watched(product: Product, ours: DnsServer) -> None:
        with product.agent(peers) as agent:
            if not first:
                agent.until(lambda: len(agent.series("healthmon_device_up")) >= 8, 60)
                own_names.fail(ours, how)
            agent.until(lambda: open_faults(agent), 90)
            began = time.monotonic()
            agent.until(lambda: time.monotonic() - began > 10, 60)
            assert {device for device, _ in open_faults(agent)} == {"healthmon"}
            assert len(open_faults(agent)) == 1
            began = time.monotonic()
            agent.process.terminate()
            agent.process.wait(60)
            assert time.monotonic() - began < 3 * 5, "five seconds on an idle machine"
        log = json.loads(product.run("faults", "--json").out)
        assert [row["device"] for row in log] == ["healthmon"]
        assert "DNS" in log[0]["sentence"] or "name server" in log[0]["sentence"]

    async def run() -> None:
        async with (
            served(ClockCamera().talk, host=own_names.GOOD) as web,
            time_servers() as servers,
        ):
            cameras = own_names.named_cameras([web.port] * 8)
            tree: dict[str, Any] = {"cameras": cameras, "time_servers": servers}
            tree["estate"] = {"name": "Field", "time_zone": ZONE}
            before = own_names.before(tmp_path)
            product = Product(tmp_path, tree | {"defaults": defaults}, before=before)
            with DnsServer(own_names.HERE, own_names.names(8)) as ours:
                if first:
                    own_names.fail(ours, how)
                await asyncio.to_thread(watched, product, ours)

    asyncio.run(run())
