"""A real browser for the tests of pages: Debian's Chromium without a screen, driven by WebDriver."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exporter_estate import made
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from support import need
from wall_estate import estate, judged

from healthmon_exporters import listener, web
from healthmon_exporters.wall.details import Look, details
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.wall.snapshot import Snapshot

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",  # what DNS rebinding does to a name
)


class Browser:
    """One window. `run` runs a function body of JavaScript in the page."""

    def __init__(self, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(
            "/usr/bin/chromedriver", env={"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        )
        self.driver = webdriver.Chrome(options=options, service=service)

    def run(self, body: str, *arguments: Any) -> Any:
        return self.driver.execute_script(body, *arguments)

    def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        return self.driver.execute_cdp_cmd(name, arguments)

    def size(self, width: int, height: int) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def open(self, address: str) -> None:
        self.driver.get("about:blank")
        self.console()
        self.driver.get_log("performance")
        self.driver.get(address)

    def console(self) -> list[str]:
        """What the page has written or caused to be written to the console."""
        return [one["message"] for one in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Every address that was asked for since `open`."""
        events = [
            json.loads(one["message"])["message"] for one in self.driver.get_log("performance")
        ]
        return [
            e["params"]["request"]["url"]
            for e in events
            if e["method"] == "Network.requestWillBeSent"
        ]

    def tree(self) -> list[dict[str, Any]]:
        """The accessibility tree as a screen reader gets it: role, name and properties of every node that is told."""
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [
            {
                "role": node["role"]["value"],
                "name": node.get("name", {}).get("value", ""),
                **{one["name"]: one["value"].get("value") for one in node.get("properties", ())},
            }
            for node in nodes
            if not node["ignored"]
        ]


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    need("/usr/bin/chromium", "/usr/bin/chromedriver")
    browser = Browser(folder)
    try:
        yield browser
    finally:
        browser.driver.quit()


def wait(condition: Callable[[], Any], seconds: float = 30, pause: float = 0.05) -> Any:
    """What `condition` gives once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(pause)
    raise AssertionError(f"not so after {seconds} s")


class WallServer:
    """A real web server with a wall in a thread of its own; the test sets `now`. `broken` makes the model fail."""

    def __init__(self, users: Path | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.now: Snapshot = estate(10)
        self._users, self._tls = users, tls
        self.reloads = 0
        self.broken = False
        self.wall = Wall(self._snapshot, self._details, time.monotonic)
        self._ready, self._stop = threading.Event(), threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections the browser holds open."""
        return len(self._running.guests)

    def _snapshot(self) -> Snapshot:
        if self.broken:
            raise RuntimeError("a bug")
        return self.now

    def _details(self, name: str) -> dict[str, Any] | None:
        device = next((d for d in self.now.devices if d.id == name), None)
        if device is None:
            return None
        looks = [
            Look(ask, 20.0, judged(self.now, ask)) for ask in self.now.asks if ask.device == name
        ]
        return details(
            device, "Market Place", looks, [f for f in self.now.faults if f.device == name], ""
        )

    async def _nothing(self, *_: str) -> None:
        return None

    async def _reload(self) -> str:
        self.reloads += 1
        return ""

    async def _serve(self) -> None:

        # One thread that is there from the start, so that tests can count what they leave behind.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        await asyncio.to_thread(int)
        site = web.Site(made(), self._nothing, lambda: True, self._reload, list, wall=self.wall)
        app = web.application(site, lambda: self._users)
        running = await listener.serve(app, "127.0.0.1", 0, tls=self._tls)
        self.port, self._running = running.port, running
        self._ready.set()
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        await self.wall.live.close()
        await running.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
