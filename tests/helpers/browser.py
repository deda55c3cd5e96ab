"""A real browser (`chromium`) and a real web server with a wall, for the tests of pages."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.wall.details import CheckLine, Standing, details
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.wall.snapshot import Snapshot
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener
from helpers.chromium import Browser, started, wait
from helpers.exporter_estate import made
from helpers.wall_estate import estate, judged

__all__ = ["Browser", "WallServer", "started", "wait"]


class WallServer:
    """A real web server with a wall in a thread of its own; the test sets `now`. `broken` makes the
    model fail.
    """

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
        assert self._ready.wait(60)

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
            CheckLine(check, 20.0, judged(self.now, check))
            for check in self.now.checks
            if check.device == name
        ]
        lines = [line for line in self.now.faults if line.device == name]
        return details(device, Standing("Market Place"), looks, lines)

    async def _nothing(self, *_: str) -> None:
        return None

    async def _reload(self) -> str:
        self.reloads += 1
        return ""

    async def _serve(self) -> None:

        # One thread that is there from the start, so that tests can count what they leave behind.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        await asyncio.to_thread(int)
        site = web.Site(
            made(),
            self._nothing,
            lambda: True,
            self._reload,
            list,
            operators=Sections(wall=self.wall).endpoints,
        )
        engine = web.application(site, lambda: self._users)
        running = await listener.serve(engine, "127.0.0.1", 0, tls=self._tls)
        self.port, self._running = running.port, running
        self._ready.set()
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        await self.wall.close()
        await running.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
