"""A check, a vendor and a notification channel from outside: one module each in a package that is
installed beside healthmon, found by its entry point.

The package is a folder on the path with its metadata, as an installer leaves it; the command is the
installed one.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from helpers.product import Product
from helpers.support import Peers

CHECK = """
from dataclasses import dataclass
from pydantic import BaseModel, ConfigDict, Field
from healthmon.checks.check_type import CheckType
from healthmon.checks.evaluation.codes import Code
from healthmon.checks.metrics import MetricFamilies
from healthmon.model.enums import State
from healthmon.model.results import Verdict


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    level: float
    limit: float = Field(default=10.0, gt=0)


@dataclass(frozen=True)
class Level:
    metres: float


async def probe(device, check, context):
    return Level(device.settings[check.check_type].level)


def evaluate(observation, device):
    limit = device.settings[observation.check_type].limit
    level = observation.value
    if level is None:
        state, code, words = State.UNKNOWN, "ok", "water not measured"
    elif level.metres > limit:
        state, code, words = State.FAULT, "water_high", f"water {level.metres:g} m (limit {limit:g} m)"
    else:
        state, code, words = State.OK, "ok", f"water {level.metres:g} m (limit {limit:g} m)"
    value = level.metres if level else None
    return (Verdict(observation.device, observation.check_type, "", "level", state, code, words,
                    observation.at, value, observation.reason),)


def samples(observation, verdicts):
    if observation.value is not None:
        yield "healthmon_water_level_metres", (), observation.value.metres


CHECK = CheckType(
    "water", "Water level", probe, evaluate,
    MetricFamilies({"healthmon_water_level_metres": ("gauge", "Height of the water.")}, samples),
    {"water_high": Code("agent", "Water too high", "The water at the cabinet is above its limit.")},
    settings=Settings,
)
"""
VENDOR = """
from healthmon.model.footage import DAY, RecorderAnswer, RecorderHealth, Recording
from healthmon.vendors.registry import Call, VendorInfo
import time

ABOUT = VendorInfo(
    "toyvision", "Toyvision", (Call("GET /state", "everything"),), frozenset({"recording.newest"}),
    "any account",
)


async def read(contact, wanted):
    now = time.time()
    recordings = tuple(Recording(one, oldest=now - 31 * DAY, newest=now - 5) for one in wanted)
    return RecorderAnswer(RecorderHealth("toyvision", "Toyvision", "T1"), recordings)
"""
CHANNEL = """
from pathlib import Path
from pydantic import BaseModel
from healthmon_exporters.notify.channel import Channel


class Settings(BaseModel):
    path: Path


class Pager:
    def __init__(self, name, path):
        self.name, self.path = name, path

    async def send(self, notice):
        with self.path.open("a") as file:
            file.write(notice.id + "\\n")

    async def aclose(self):
        pass


CHANNEL = Channel("pager", Settings, lambda setup: Pager(setup.name, setup.settings.path))
"""


def installed(folder: Path, group: str, name: str, code: str) -> dict[str, str]:
    """The package `toy_<name>` with its entry point in `folder`; the environment that finds it."""
    package = folder / "site"
    info = package / f"toy_{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (package / f"toy_{name}.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toy-{name}\nVersion: 1.0\n")
    what = {"healthmon.checks": ":CHECK", "healthmon.channels": ":CHANNEL"}.get(group, "")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = toy_{name}{what}\n")
    return {"PYTHONPATH": str(package)}


def camera(**more: object) -> dict[str, object]:
    row = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.9", "kind": "fixed"}
    return {**row, "rtsp": "no", "http": "no", **more}


def page_of(module: str, environment: dict[str, str]) -> str:
    """The document that a package writes of itself."""
    argv = [sys.executable, "-m", module]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return done.stdout


@contextmanager
def answering(address: str) -> Iterator[int]:
    """A TCP port that accepts connections."""
    with socket.create_server((address, 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def web_server(address: str) -> Iterator[int]:
    """A web server that answers."""
    server = ThreadingHTTPServer((address, 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def water(tmp_path: Path) -> dict[str, str]:
    return installed(tmp_path, "healthmon.checks", "water", CHECK)


def test_a_check_from_outside_is_swept_probed_and_validated(tmp_path: Path, water: dict[str, str]):
    with answering("127.0.0.9") as port:
        tree = {"cameras": [camera(ports=[port], checks={"water": {"level": 12, "limit": 8}})]}
        product = Product(tmp_path, tree, environment=water)
        swept = product.sweep()
        assert swept.code == 1
        assert "water 12 m (limit 8 m)" in " ".join(swept.sentences("C1", "faults"))
        probed = product.run("probe", "C1", "--check", "water", "--explain")
        assert probed.code == 1
        assert "x  level: water 12 m (limit 8 m)" in probed.out
        assert 'healthmon_water_level_metres{device="C1"' in probed.out
        product.write({"cameras": [camera(ports=[port], checks={"water": {"level": "deep"}})]})
        bad = product.run("check-config")
        assert bad.code == 3
        assert (
            "camera C1: 'checks': water.level: input should be a valid number"
            in bad.text.lower().replace("camera c1", "camera C1")
        )
        product.write({"cameras": [camera(ports=[port], checks={"watr": {}})]})
        bad = product.run("check-config")
        assert bad.code == 3
        assert "no such check: 'watr' (did you mean 'water'?)" in bad.text
    page = page_of("healthmon.checks", water)
    assert "Water level" in page
    assert "`healthmon_water_level_metres`" in page
    assert "`water_high`" in page


def test_a_check_from_outside_is_in_metrics_and_on_the_wall(
    tmp_path: Path, peers: Peers, water: dict[str, str]
):
    with answering("127.0.0.9") as port:
        row = camera(ports=[port], interval="1 s", checks={"water": {"level": 12, "limit": 8}})
        product = Product(tmp_path, {"cameras": [row]}, environment=water)
        with product.agent(peers) as agent:
            agent.until(lambda: agent.value("healthmon_water_level_metres", device="C1") == 12, 60)
            agent.until(lambda: agent.faults("C1") == {"water_high"}, 60)
            assert (
                "# HELP healthmon_water_level_metres Height of the water."
                in agent.get("/metrics")[1]
            )
            wall = agent.get("/wall.json")[1]
            assert "Water too high" in wall
            assert "water 12 m (limit 8 m)" in wall
            details = agent.get("/wall/device?id=C1")[1]
            assert '"Water level"' in details


def test_without_the_package_its_name_is_a_mistake_of_the_file(tmp_path: Path):
    product = Product(tmp_path, {"cameras": [camera(ports=[9], checks={"water": {"level": 1}})]})
    bad = product.run("check-config")
    assert bad.code == 3
    assert "no such check: 'water'; no installed package adds one of that name" in bad.text


def test_a_package_that_cannot_be_imported_is_left_out_in_one_line(tmp_path: Path):
    broken = installed(tmp_path, "healthmon.checks", "water", "import nothing_of_that_name\n")
    product = Product(tmp_path, {"cameras": [camera(ports=[9])]}, environment=broken)
    done = product.run("check-config")
    assert done.code == 0, done.text
    assert "Traceback" not in done.text


def test_a_vendor_from_outside_is_read_swept_and_documented(tmp_path: Path):
    found = installed(tmp_path, "healthmon.vendors", "toyvision", VENDOR)
    with answering("127.0.0.9") as port, web_server("127.0.0.10") as other:
        recorder = {"id": "R1", "name": "Recorder", "site": "s", "address": "127.0.0.10"}
        recorder |= {"rtsp": "no", "http": {"port": other}, "make": "toyvision"}
        row = camera(ports=[port], recorder="R1", channel="1")
        product = Product(tmp_path, {"cameras": [row], "recorders": [recorder]}, environment=found)
        swept = product.sweep()
        assert [r for r in swept.rows("C1") if r["question"] == "recording"] == []
        probed = product.run("probe", "C1", "--check", "recording")
        assert (probed.code, "recorded: newest picture" in probed.out) == (0, True), probed.text
        recorder["make"] = "toyvison"
        product.write({"cameras": [row], "recorders": [recorder]})
        bad = product.run("check-config")
        assert "(did you mean 'toyvision'?)" in bad.text
    assert "Toyvision" in page_of("healthmon.vendors", found)


def test_a_channel_from_outside_is_tried_and_told(tmp_path: Path, peers: Peers):
    found = installed(tmp_path, "healthmon.channels", "pager", CHANNEL)
    told = tmp_path / "told"
    tree = {
        "cameras": [camera(ports=[9], interval="1 s")],
        "defaults": {"cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}},
        "notify": {"desk": {"channel": {"pager": {"path": str(told)}}}},
        "routes": [{"to": ["desk"]}],
    }
    product = Product(tmp_path, tree, environment=found)
    done = product.run("notify", "test", "desk")
    assert (done.code, told.read_text().count("\n")) == (0, 1), done.text
    with product.agent(peers) as agent:
        agent.until(lambda: told.read_text().count("\n") >= 2, 90)
    assert told.read_text().splitlines()[1].startswith("F000001-")
    product.write(tree | {"notify": {"desk": {"channel": {"pagr": {}}}}})
    bad = product.run("check-config")
    assert "no such notification channel: 'pagr' (did you mean 'pager'?)" in bad.text
