"""What commands load: `run` and `sweep` while they ask cameras by ONVIF for all they ask, and those
that only read the record.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.fakes import onvif_camera
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import onvif_row
from helpers.loopback import served
from helpers.product import COMMAND, Product
from helpers.store_samples import full
from helpers.support import Peers

from healthmon.store import Store

HEAVY = {"av", "httpx", "lxml", "numpy", "onvif", "pysnmp", "requests", "zeep"}
# config.yaml is read, and options are read, by a process that ends.
MODELS = {"pydantic", "pydantic_core", "typer", "yaml"}
# What people use comes with the first page or act; what only they need comes with it.
OF_OPERATORS = (
    "healthmon.evidence.reading",
    "healthmon.runtime.page_feed",
    "healthmon_exporters.pages.",
)
OF_OPERATORS += ("healthmon_exporters.reports.shift_html", "healthmon_exporters.wall.routes")
FOR_OPERATORS = {"jinja2", "statistics"}
# What judges pictures comes where they are enabled.
OF_PICTURES = {
    "healthmon.checks.evaluation.picture",
    "healthmon.checks.evaluation.picture_ptz",
    "healthmon.checks.evaluation.picture_zones",
    "healthmon.checks.evaluation.recorded_picture",
    "healthmon.checks.evaluation.screen_clock",
    "healthmon.checks.probes.judged_picture",
    "healthmon.checks.probes.picture",
    "healthmon.checks.probes.ptz",
    "healthmon.checks.probes.recorded_picture",
    "healthmon.checks.probes.ptz_memory",
    "healthmon.checks.probes.snapshot",
    "healthmon.incidents.inspections",
    "healthmon.picture.baselines",
    "healthmon.picture.messages",
    "healthmon.picture.pool",
    "healthmon.picture.service",
    "healthmon.picture.sources",
    "healthmon.picture.views",
    "healthmon.protocols.media.key_frame",
    "healthmon.protocols.media.refresh",
    "healthmon.protocols.onvif.ptz",
}
# Of libraries, and of modules of ours that nothing in an agent asks for.
UNUSED = {
    "anyio._backends._asyncio",
    "anyio._core._eventloop",
    "bz2",
    "email.parser",
    "healthmon.checks.evaluation.certificate",
    "healthmon.checks.probes.host",
    "html.entities",
    "http.cookies",
    "http.server",
    "socketserver",
    "urllib.request",
    "wsgiref",
    "xml.sax",
    "healthmon.store.erasure",
}
INTERVALS = ("interval", "clock_interval", "identity_interval")  # all is asked for in seconds
RARE = {"GetDeviceInformation", "GetNetworkInterfaces", "GetProfiles", "GetStreamUri"}


def modules(text: str) -> set[str]:
    """The modules in what ``-X importtime`` prints."""
    names = re.findall(r"^import time:[^|]*\|[^|]*\|\s*([\w.]+)$", text, re.MULTILINE)
    assert "healthmon" in names
    return set(names)


def loaded(text: str) -> set[str]:
    """The packages in what ``-X importtime`` prints."""
    return {name.partition(".")[0] for name in modules(text)}


async def test_neither_run_nor_sweep_loads_a_heavy_library(
    tmp_path: Path, module_peers: Peers
) -> None:
    web = onvif_camera.Camera(login="none")
    async with served(web) as pages, served(Camera().talk) as rtsp:
        row = onvif_row(rtsp.port, pages.port)
        before = (sys.executable, "-X", "importtime")
        tree = {"cameras": [row], "defaults": dict.fromkeys(INTERVALS, "5 s")}
        product = Product(tmp_path, tree, before=before)

        def swept() -> str:
            return product.sweep().err

        def run() -> tuple[str, str]:
            """What is loaded when it was scraped, and when it was asked for a page too."""
            with product.agent(module_peers) as agent:
                agent.until(lambda: web.bodies.keys() >= RARE, 180)
                assert agent.value("healthmon_build_info") == 1
                scraped = agent.log.read_text(errors="replace")
                assert agent.get("/desk")[0] == 200
                return scraped, agent.log.read_text(errors="replace")

        assert HEAVY & loaded(await asyncio.to_thread(swept)) == set()
        assert web.bodies.keys() >= RARE
        web.bodies.clear()
        told, with_page = await asyncio.to_thread(run)
        assert (HEAVY | MODELS | FOR_OPERATORS) & loaded(told) == set()
        assert [name for name in modules(told) if name.startswith(OF_OPERATORS)] == []
        assert (UNUSED | OF_PICTURES) & modules(told) == set()
        assert [name for name in OF_PICTURES if importlib.util.find_spec(name) is None] == []
        assert "healthmon.runtime.page_feed" in modules(with_page)


@pytest.mark.parametrize("command", [("faults", "--json"), ("history", "C001", "--json")])
def test_what_reads_the_record_loads_no_model(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The models of the configuration and of devices cost more than the rest of such a command."""
    product = Product(tmp_path, before=(sys.executable, "-X", "importtime"))
    (tmp_path / "state").mkdir()
    store = Store.open(f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}")
    store.record(full())
    store.close()
    done = product.run(*command)
    assert (done.code, "F000007" in done.out) == (0, True), done.text[-3000:]
    found = modules(done.err)
    heavy = ("healthmon.model.device", "healthmon.config.schema", "healthmon.config.loading")
    assert [name for name in heavy if name in found] == []
    assert (HEAVY | {"asyncio", "cryptography", "rich"}) & loaded(done.err) == set()


def test_the_version_needs_no_library(tmp_path: Path) -> None:
    argv = [sys.executable, "-X", "importtime", str(COMMAND), "version"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("healthmon ")
    assert {"typer", "pydantic", "rich", "yaml"} & loaded(done.stderr) == set()
