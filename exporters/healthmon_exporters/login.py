"""Basic authentication (RFC 7617) against the users file, in front of every page.

A password is checked once; after that its keyed mark is enough until the file changes. Checks are slow on purpose,
so they stand in a short queue, one at a time: whoever tries passwords gets a fifth of one core at most.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from healthmon_exporters import users

log = logging.getLogger("healthmon.web")

CHALLENGE = 'Basic realm="healthmon", charset="UTF-8"'
MOST_WAITING = 8
MOST_OF_ONE = 2
# A refused login keeps its turn this many times as long as its check took.
REST = 4.0
TELL_SECONDS = 60.0
Stamp = tuple[int, int, int]


class Login:
    """Lets those in who stand in the users file that `path` gives at the moment. A changed file counts at once."""

    def __init__(self, app: ASGIApp, path: Callable[[], Path | None]) -> None:
        self._app, self._path = app, path
        self._key = secrets.token_bytes(32)
        self._good: set[bytes] = set()
        self._known: dict[str, str] = {}
        self._stamp: tuple[Path, Stamp] | None = None
        self._turn = asyncio.Lock()
        self._waiting: Counter[str] = Counter()
        self._told, self._refused = -TELL_SECONDS, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        path = self._path()
        answer = (
            await self._refusal(Request(scope), path) if scope["type"] == "http" and path else None
        )
        await (answer or self._app)(scope, receive, send)

    async def _refusal(self, request: Request, path: Path) -> PlainTextResponse | None:
        """The answer to whoever may not come in, None for who may."""
        needed = PlainTextResponse("login needed\n", 401, {"WWW-Authenticate": CHALLENGE})
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not self._fresh(path):
            return needed
        if self._mark(value.strip()) in self._good:
            return None
        client = request.client.host if request.client else ""
        if self._waiting.total() >= MOST_WAITING or self._waiting[client] >= MOST_OF_ONE:
            return PlainTextResponse(
                "too many logins at once; try again in a second\n", 429, {"Retry-After": "1"}
            )
        return None if await self._checked(client, value.strip()) else needed

    def _mark(self, value: str) -> bytes:
        """What is kept of a good login: nobody can make it, and it ends with the state of the file."""
        return hmac.digest(self._key, f"{self._stamp} {value}".encode(), "sha256")

    def _fresh(self, path: Path) -> bool:
        """Take the file over if it has changed; False when it cannot be read: then nobody is known."""
        try:
            found = path.stat()
            stamp = (path, (found.st_mtime_ns, found.st_ino, found.st_size))
            if stamp == self._stamp:
                return True
            self._known, problems = users.read(path)
        except OSError:
            self._stamp, self._known, self._good = None, {}, set()
            return False
        self._stamp, self._good = stamp, set()
        for problem in problems:
            log.warning("%s", problem)
        return True

    async def _checked(self, client: str, value: str) -> bool:
        """Whether it is a login, after waiting for a turn."""
        self._waiting[client] += 1
        try:
            async with self._turn:
                began = asyncio.get_running_loop().time()
                mark, (name, password) = self._mark(value), _split(value)
                good = await asyncio.to_thread(users.verify, self._known.get(name), password)
                if good:
                    self._good.add(mark)
                    return True
                now = asyncio.get_running_loop().time()
                self._tell(client, now)
                await asyncio.sleep(REST * (now - began))
                return False
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]

    def _tell(self, client: str, now: float) -> None:
        """Log refused logins, a line a minute at most; what was typed is not in it."""
        self._refused += 1
        if now - self._told >= TELL_SECONDS:
            log.warning("logins refused: %d, the last from %s", self._refused, client)
            self._told, self._refused = now, 0


def _split(value: str) -> tuple[str, str]:
    """Name and password; two empty words for what is neither."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
