"""The examples of CONTRIBUTING.md are complete: each is installed as a package and run by the
installed command.
"""

from __future__ import annotations

import json
import re
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.product import Product

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
DAY = 86400
HOST, RECORDER = "127.0.0.9", "127.0.0.10"


def blocks(heading: str) -> dict[str, str]:
    """File name -> content of the code blocks of one section."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


def installed(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """The package of one example as an installer leaves it; the environment that finds it."""
    project = tomllib.loads(files["pyproject.toml"])["project"]
    package = folder / "site"
    info = package / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    for name, content in files.items():
        if name.endswith(".py"):
            (package / name).write_text(content)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head)
    groups = project["entry-points"].items()
    lines = [
        f"[{group}]\n" + "\n".join(f"{name} = {place}" for name, place in points.items())
        for group, points in groups
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return {"PYTHONPATH": str(package)}


def configuration(files: dict[str, str]) -> Any:
    """The configuration of one example, with addresses of this machine."""
    text = files["config.yaml"].replace("192.0.2.11", HOST).replace("192.0.2.51", RECORDER)
    tree = yaml.load(text, yaml.BaseLoader)
    return tree | {"sites": [{"id": "market"}]}


class Answers(BaseHTTPRequestHandler):
    """A web server with fixed pages that keeps what is posted."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(200 if self.path in self.server.pages else 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, json.loads(body)))
        self._send(200)

    def _send(self, status: int) -> None:
        body = json.dumps(self.server.pages.get(self.path, {})).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


class Server(ThreadingHTTPServer):
    """On loopback, with `pages` and what was `posted`."""

    daemon_threads = True

    def __init__(self, host: str, pages: dict[str, Any]) -> None:
        super().__init__((host, 0), Answers)
        self.pages, self.posted = pages, []

    @property
    def port(self) -> int:
        return self.server_address[1]


@contextmanager
def serving(host: str = HOST, pages: dict[str, Any] | None = None) -> Iterator[Server]:
    with Server(host, pages or {}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("is_open", [True, False])
def test_the_check_of_the_example_is_run(tmp_path: Path, is_open: bool) -> None:
    files = blocks("Add a check")
    tree = configuration(files)
    with serving() as server:
        port = str(server.port)
        tree["cameras"][0] |= {"rtsp": "no", "http": {"port": port}}
        if is_open:
            tree["cameras"][0]["checks"]["telnet"]["port"] = port
        product = Product(tmp_path, tree, environment=installed(tmp_path, files))
        done = product.run("probe", "C001", "--check", "telnet", "--explain")
    number = port if is_open else "2323"
    words = "open" if is_open else "closed"
    assert (done.code, f"Telnet port {number} is {words}" in done.out) == (int(is_open), True)
    assert 'healthmon_telnet_open{device="C001",kind="camera",site="market"' in done.out


def test_the_vendor_of_the_example_is_read(tmp_path: Path) -> None:
    files = blocks("Add a vendor")
    now = time.time()
    pages = {
        "/api/device": {
            "model": "EV 16",
            "firmware": "2.4",
            "disks": [{"slot": 1, "state": "good"}, {"slot": 2, "state": "bad"}],
        },
        "/api/channels": [
            {"id": 1, "recording": True, "oldest": now - 31.5 * DAY, "newest": now - 5}
        ],
    }
    tree = configuration(files)
    with serving(RECORDER, pages) as server:
        tree["recorders"][0]["http"]["port"] = str(server.port)
        tree["cameras"][0] |= {"rtsp": "no", "http": "no", "ports": ["9"]}
        product = Product(tmp_path, tree, environment=installed(tmp_path, files))
        camera = product.run("probe", "C001", "--check", "recording")
        recorder = product.run("probe", "R1", "--check", "recorder")
    assert (camera.code, "recorded: newest picture" in camera.out) == (0, True), camera.text
    assert (recorder.code, "1 of 2 disks bad: 2 failed" in recorder.out) == (1, True), recorder.text


def test_the_channel_of_the_example_delivers(tmp_path: Path) -> None:
    files = blocks("Add a notification channel")
    with serving() as server:
        url = f"http://{HOST}:{server.port}/page"
        files["config.yaml"] = files["config.yaml"].replace("http://192.0.2.25:8080/page", url)
        product = Product(tmp_path, configuration(files), environment=installed(tmp_path, files))
        done = product.run("notify", "test", "duty")
        assert done.code == 0, done.text
        ((path, body),) = server.posted
    assert path == "/page"
    assert body["id"].startswith("test-")
    assert "TEST" in body["text"]
