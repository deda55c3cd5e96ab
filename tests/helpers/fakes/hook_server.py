"""A webhook's receiver on a real HTTP server (uvicorn, starlette): it keeps what it got and answers
as it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Got:
    """One request: method, path with query, fields (lower-case names), body."""

    method: str
    path: str
    fields: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came in, and what is answered: `answer` may be changed at any time."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answer: Callable[[], Response] = lambda: Response(status_code=204)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/cctv?team=1"


@contextlib.asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A running receiver; it is stopped at the end, with whatever it still holds open."""
    told = Receiver()

    async def take(request: Request) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        told.got.append(Got(request.method, path, dict(request.headers), await request.body()))
        return told.answer()

    application = Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST"])])
    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    told.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
