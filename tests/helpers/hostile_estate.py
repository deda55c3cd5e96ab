"""A ward of wicked devices and well ones, each at an address of its own, in a thread; and one real
sweep of them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from helpers.fakes.rtsp_server import Camera
from helpers.loopback import Handler, Served, served

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}", "TZ": "UTC"}
PASSWORD = "canary-5ecret"
OTHER = 8554  # the port on 127.0.0.2 that hostile devices name
MIB = 2**20
Made = TypeVar("Made")
# The program, and at its end the most memory that it has ever had. (What wait4 tells counts its
# parent's too.) Other tests give way to it where that is allowed: what is held up says nothing of cameras.
MEASURED = """
import atexit, contextlib, os, pathlib, re, sys
with contextlib.suppress(OSError):
    os.setpriority(os.PRIO_PROCESS, 0, -10)
from healthmon.cli.main import main
place = pathlib.Path(sys.argv.pop(1))
peak = lambda: re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]
atexit.register(lambda: place.write_text(peak()))
main()
"""


@dataclass
class Bed:
    """One device: what serves its RTSP and HTTP port, the address that it has, and what its servers
    counted.
    """

    id: str
    rtsp: Handler | None = None
    http: Handler | None = None
    camera: Camera | None = None
    tls: ssl.SSLContext | None = None
    more: dict[str, Any] = field(default_factory=dict)
    address: str = ""
    counted: dict[str, Served] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Its entry in config.yaml."""
        ports: dict[str, Any] = {name: {"port": one.port} for name, one in self.counted.items()}
        row = {
            "id": self.id,
            "name": self.id,
            "site": "s",
            "address": self.address,
            "kind": "fixed",
        }
        row |= {
            "credential": "view",
            "rtsp": "no",
            "http": "no",
            "streams": [{"path": "/live"}],
        } | ports
        for name, value in self.more.items():
            row[name] = (
                row[name] | value
                if isinstance(value, dict) and isinstance(row.get(name), dict)
                else value
            )
        return row

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for name, handler in (("rtsp", self.rtsp), ("http", self.http)):
                if handler is not None:
                    tls = self.tls if name == "rtsp" else None
                    self.counted[name] = await stack.enter_async_context(
                        served(handler, host=self.address, tls=tls)
                    )
            yield


@dataclass
class Swept:
    """What came of the sweep: the sheet, all that was written, the most memory (bytes), how long it
    took (seconds).
    """

    sheet: dict[str, Any]
    text: str
    memory: int
    seconds: float

    def of(self, device: str) -> list[dict[str, Any]]:
        """The rows of one device."""
        rows = [*self.sheet["faults"], *self.sheet["warnings"], *self.sheet["not_checked"]]
        return [row for row in rows if device in row["devices"]]

    def said(self, device: str, *check_types: str) -> list[tuple[str, str]]:
        """(code, sentence) of the rows of one device about `questions`."""
        return [
            (row["code"], row["sentence"])
            for row in self.of(device)
            if row["question"] in check_types
        ]


class Ward:
    """Serves the beds in a thread of its own while `open`; `sweep` runs the real program as a
    process, behind the words of `before`.
    """

    def __init__(self, folder: Path, beds: list[Bed], before: tuple[str, ...] = ()) -> None:
        self.folder, self.beds, self.before = folder, beds, before
        for number, bed in enumerate(beds, 2):
            bed.address = f"127.50.{number // 250}.{number % 250 + 1}"
            if bed.camera is not None:
                bed.camera.source = bed.address

    @contextlib.contextmanager
    def open(self, change: Callable[[dict[str, Any]], None] = lambda _tree: None) -> Any:
        ready, end, loops = threading.Event(), asyncio.Event(), []

        async def serve() -> None:
            loops.append(asyncio.get_running_loop())
            async with contextlib.AsyncExitStack() as stack:
                for bed in self.beds:
                    await stack.enter_async_context(bed.serving())
                self.write(change)
                ready.set()
                await end.wait()

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        assert ready.wait(60)
        try:
            yield self
        finally:
            loops[0].call_soon_threadsafe(end.set)
            thread.join(60)

    def write(self, change: Callable[[dict[str, Any]], None]) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        tree: dict[str, Any] = {
            "estate": {"name": "Ward"},
            "agent": {"state_directory": str(self.folder / "state")},
            "defaults": {"timeout": "3 s", "watch": "1 s"},
            "sites": [{"id": "s", "bandwidth": "10 Gbit/s"}],
            "credentials": {"view": {"username": "healthmon", "secret": {"file": "secret"}}},
            "cameras": [bed.row() for bed in self.beds],
        }
        change(tree)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))

    def sweep(self, *argv: str) -> Swept:
        """One sweep by the real program."""
        told = self.folder / "memory"
        full = [
            sys.executable,
            "-c",
            MEASURED,
            str(told),
            "sweep",
            "--json",
            "--config",
            str(self.folder / "config.yaml"),
        ]
        began = time.monotonic()
        done = subprocess.run(
            [*self.before, *full, *argv],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            timeout=120,
            check=False,
        )
        assert done.returncode in (0, 1, 2), done.stderr[-3000:]
        text = done.stdout + done.stderr
        return Swept(
            json.loads(done.stdout), text, int(told.read_text()) * 1024, time.monotonic() - began
        )


@contextlib.contextmanager
def nobody_home() -> Iterator[list[str]]:
    """127.0.0.2 listens on the ports that the wicked name; who came there is known at the end."""
    knocked: list[str] = []
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.2", OTHER)))
        udp = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)
        ]
        for number, one in enumerate(udp):
            one.bind(("127.0.0.2", OTHER + number))
        yield knocked
        for one, listen in (
            (tcp, tcp.accept),
            *((one, lambda one=one: one.recv(1)) for one in udp),
        ):
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                knocked.append(str(listen()))


def undisturbed(build: Callable[[], Made], swept: Callable[[Made], Swept]) -> Made:
    """What `build` makes, and again (ten times at most) where the agent says that it was held up
    itself.

    Then the machine was too busy to show anything of cameras. That it says so and blames none is
    held elsewhere.
    """
    for _ in range(10):
        made = build()
        if '"agent_stalled"' not in json.dumps(swept(made).sheet):
            break
    return made
