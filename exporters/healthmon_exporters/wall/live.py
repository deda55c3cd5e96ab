"""The wall's model sent to every screen by server-sent events (WHATWG HTML, 9.2), rendered once for
all of them.

Nothing runs while nobody looks. A screen that is slow to take what it is sent misses models and
gets the newest; a heartbeat every 3 s says that the agent lives, and stops when the model can no
longer be made: then screens go grey.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from healthmon_exporters.wall.model import model
from healthmon_exporters.wall.snapshot import Snapshot

log = logging.getLogger("healthmon.wall")

MOST_SCREENS = 16
TICK_SECONDS = 1.0
BEAT_SECONDS = 3.0
# The wall may take this share of a processor core; a large estate is rendered less often.
SHARE = 0.05
RETRY_MILLISECONDS = 2000
CROWDED_SECONDS = 30.0


@dataclass(eq=False, slots=True)
class _Screen:
    """One open stream: the model that it has, why it must leave, and after how many seconds it may
    come back.
    """

    bell: asyncio.Event = field(default_factory=asyncio.Event)
    has: int = 0
    leave: str = ""
    pause: float = 0.0

    def send_away(self, reason: str, pause: float) -> None:
        """Let it say why, then end."""
        if not self.leave:
            self.leave, self.pause = reason, pause
        self.bell.set()


class Live:
    """`snapshot` is called in the event loop, the model made in a thread; `newest` is when the last
    result landed.
    """

    def __init__(
        self, snapshot: Callable[[], Snapshot], newest: Callable[[], float | None]
    ) -> None:
        self.snapshot, self._newest = snapshot, newest
        self._screens: list[_Screen] = []
        self._ticker: asyncio.Task[None] | None = None
        self._text = b""
        self._version = 0
        self._made = -float("inf")
        self._good = False
        self._turn = asyncio.Lock()

    @property
    def screens(self) -> int:
        """How many streams are open."""
        return len(self._screens)

    async def current(self) -> bytes:
        """The model as JSON, at most one tick old."""
        async with self._turn:
            if time.monotonic() - self._made >= TICK_SECONDS:
                await self._make()
        return self._text

    async def _make(self) -> float:
        """Render the model; the seconds that it took."""
        snapshot, began = self.snapshot(), time.monotonic()
        text = await asyncio.to_thread(_rendered, snapshot)
        if text != self._text:
            self._text, self._version = text, self._version + 1
        self._made = time.monotonic()
        return self._made - began

    async def stream(self, may_go_on: Callable[[], bool] = lambda: True) -> AsyncIterator[bytes]:
        """The events of one screen. The oldest of too many is sent away with a word of farewell;
        so is one that no longer may see the wall.
        """
        screen = _Screen()
        self._screens.append(screen)
        for old in self._screens[:-MOST_SCREENS]:
            old.send_away(f"more than {MOST_SCREENS} screens are open", CROWDED_SECONDS)
        if self._ticker is None or self._ticker.done():
            self._good = False  # what was made when somebody last looked is too old to be shown
            self._ticker = asyncio.create_task(self._tick())
        try:
            yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
            while not screen.leave:
                if self._good:
                    news = _event("wall", self._text) if screen.has != self._version else b""
                    screen.has = self._version
                    yield news + self._heartbeat()
                await screen.bell.wait()
                screen.bell.clear()
                if not may_go_on():
                    screen.send_away("its login or its code was taken away", CROWDED_SECONDS)
            yield _event("bye", dumps({"reason": screen.leave, "seconds": screen.pause}))
        finally:
            self._screens.remove(screen)

    def _heartbeat(self) -> bytes:
        """The time of the agent, a tick that no step of a clock moves, the age of the newest result
        in seconds.
        """
        now, newest = time.monotonic(), self._newest()
        age = None if newest is None else round(now - newest, 1)
        return _event(
            "beat", dumps({"at": round(time.time(), 3), "tick": round(now, 3), "age": age})
        )

    async def _tick(self) -> None:
        """Render and ring while somebody looks."""
        rung, version, told = -float("inf"), 0, False
        while self._screens:
            took = 0.0
            try:
                async with self._turn:
                    took = await self._make()
                self._good, told = True, False
            except Exception:
                if not told:
                    log.exception("the wall cannot be rendered")
                self._good, told = False, True
            now = time.monotonic()
            if self._good and (version != self._version or now - rung >= BEAT_SECONDS - 0.1):
                rung, version = now, self._version
                for screen in self._screens:
                    screen.bell.set()
            await asyncio.sleep(min(BEAT_SECONDS, max(TICK_SECONDS, took / SHARE)))

    async def close(self) -> None:
        """Send every screen away."""
        for screen in self._screens:
            screen.send_away("healthmon is ending", RETRY_MILLISECONDS / 1000)
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)


def _rendered(snapshot: Snapshot) -> bytes:
    return dumps(model(snapshot))


def dumps(tree: Any) -> bytes:
    """Compact JSON in one line, as an event needs it."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
