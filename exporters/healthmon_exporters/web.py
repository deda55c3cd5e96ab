"""The web server: Starlette on uvicorn in the agent's own event loop. A scrape is answered from memory.

Limits: 64 connections, 5 s to send a request header, 10 s to take an answer. 127.0.0.1 by default; anything wider needs
TLS and users.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import html
import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from healthmon_exporters import runbooks
from healthmon_exporters.prometheus import OPENMETRICS, TEXT, Metrics
from healthmon_exporters.wall.routes import Wall

MOST_CONNECTIONS = 64
HEADER_SECONDS = 5.0
CLOSE_SECONDS = 1.0
WRITE_SECONDS = 10.0
REFRESH_SECONDS = 60
SCRYPT = {"n": 2**14, "r": 8, "p": 1}
Probe = Callable[[str, str], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made of."""

    metrics: Metrics
    probe: Probe
    ready: Callable[[], bool]
    reload: Callable[[], Awaitable[str]]
    targets: Callable[[], list[dict[str, Any]]]
    estate: str = "CCTV"
    simulated: bool = False
    wall: Wall | None = None
    alive: Callable[[], bool] = lambda: True


def application(site: Site, users: Path | None = None) -> ASGIApp:
    """The ASGI application of `site`, behind Basic authentication where a users file is given."""

    async def metrics(request: Request) -> Response:
        openmetrics = "application/openmetrics-text" in request.headers.get("accept", "")
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        body = await site.metrics.body(openmetrics=openmetrics, zipped=zipped)
        headers = {"Content-Encoding": "gzip"} if zipped else {}
        return Response(body, headers=headers, media_type=OPENMETRICS if openmetrics else TEXT)

    async def discovery(_request: Request) -> Response:
        return JSONResponse(site.targets(), headers={"X-Prometheus-Refresh-Interval-Seconds": str(REFRESH_SECONDS)})

    async def probe(request: Request) -> Response:
        return await _probe(site, request)

    async def healthy(_request: Request) -> Response:
        well = site.alive()
        return PlainTextResponse("healthy\n" if well else "work stands still\n", 200 if well else 503)

    async def ready(_request: Request) -> Response:
        well = site.ready()
        return PlainTextResponse("ready\n" if well else "first round not finished\n", 200 if well else 503)

    async def reload(_request: Request) -> Response:
        problems = await site.reload()
        return PlainTextResponse(problems + "\n" if problems else "reloaded\n", 500 if problems else 200)

    async def landing(_request: Request) -> Response:
        return Response(_page(site), media_type="text/html; charset=utf-8")

    routes = [
        Route("/", landing),
        Route("/metrics", metrics),
        Route("/sd", discovery),
        Route("/probe", probe),
        Route("/-/healthy", healthy),
        Route("/-/ready", ready),
        Route("/-/reload", reload, methods=["POST"]),
        *runbooks.routes(),
    ]
    if site.wall is not None:
        routes += site.wall.routes()
    app: ASGIApp = Starlette(routes=routes)
    return _Users(app, users) if users is not None else app


async def _probe(site: Site, request: Request) -> Response:
    """One look at a configured device, within the scrape's own time limit."""
    target, module = request.query_params.get("target", ""), request.query_params.get("module", "")
    try:
        limit = max(0.5, float(request.headers.get("x-prometheus-scrape-timeout-seconds", "30")) - 0.5)
    except ValueError:
        limit = 30.0
    try:
        async with asyncio.timeout(min(limit, 120.0)):
            text = await site.probe(target, module)
    except TimeoutError:
        return PlainTextResponse("the look did not end within the scrape's time limit\n", 504)
    if text is None:
        return PlainTextResponse("target is not a configured device id, or module is not asked of it\n", 404)
    return Response(text, media_type=TEXT)


def _page(site: Site) -> str:
    note = "<p><strong>SIMULATED ESTATE: none of these devices exists.</strong></p>" if site.simulated else ""
    links = (
        *((("/wall", "the wall of the control room"),) if site.wall else ()),
        ("/metrics", "metrics for Prometheus"),
        ("/sd", "HTTP service discovery"),
        ("/runbooks/", "what to do when an alert comes"),
        ("/-/healthy", "healthy"),
        ("/-/ready", "ready"),
    )
    items = "".join(f'<li><a href="{path}">{path}</a> {words}</li>' for path, words in links)
    title = html.escape(f"healthmon: {site.estate}")
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    return f"{head}<h1>{title}</h1>{note}<ul>{items}</ul></html>"


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a limit for the header and for the number of connections."""

    _open: set[_Protocol] = set()  # noqa: RUF012 - shared by all connections on purpose
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(_Protocol._open) >= MOST_CONNECTIONS:
            victim = next((p for p in _Protocol._open if p.cycle is None or p.cycle.response_complete), self)
            victim.transport.abort()
            _Protocol._open.discard(victim)
            if victim is self:
                return
        _Protocol._open.add(self)
        self._timer = self.loop.call_later(HEADER_SECONDS, self._late)

    def _late(self) -> None:
        """No request within the limit, or an answer that is not taken."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            self._timer = self.loop.call_later(WRITE_SECONDS, self._stuck, self.transport.get_write_buffer_size())

    def _stuck(self, before: int) -> None:
        now = self.transport.get_write_buffer_size()
        idle = self.cycle is None or self.cycle.response_complete
        if (now and now >= before) or (idle and not now):
            self.transport.abort()
        elif not self.transport.is_closing():
            self._timer = self.loop.call_later(WRITE_SECONDS, self._stuck, now)

    def connection_lost(self, exc: Exception | None) -> None:
        _Protocol._open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)


class _Users:
    """Basic authentication against ``name:salt$hash`` lines made by `hash_password` (scrypt, RFC 7914)."""

    def __init__(self, app: ASGIApp, path: Path) -> None:
        self._app, self._path = app, path
        self._key = secrets.token_bytes(32)
        self._good: set[bytes] = set()
        self._stamp = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or await self._known(Request(scope)):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse("login needed\n", 401, {"WWW-Authenticate": 'Basic realm="healthmon"'})
        await refusal(scope, receive, send)

    async def _known(self, request: Request) -> bool:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            stamp = self._path.stat().st_mtime_ns
        except OSError:  # without its file there is nobody who is known
            return False
        if self._stamp != stamp:
            self._stamp, self._good = stamp, set()
        mark = hmac.digest(self._key, value.encode(), "sha256")
        if mark in self._good:
            return True
        good = await asyncio.to_thread(self._check, value)
        if good:
            self._good.add(mark)
        return good

    def _check(self, value: str) -> bool:
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return False
        lines = (line.strip().partition(":") for line in self._path.read_text().splitlines())
        known = {user: stored for user, _, stored in lines}
        salt, _, wanted = known.get(name, "00$00").partition("$")
        return hmac.compare_digest(hash_password(password, bytes.fromhex(salt)).partition("$")[2], wanted)


def hash_password(password: str, salt: bytes | None = None) -> str:
    """``salt$hash`` in hex for the users file."""
    used = secrets.token_bytes(16) if salt is None else salt
    made = hashlib.scrypt(password.encode(), salt=used, maxmem=64 * 1024 * 1024, **SCRYPT)
    return f"{used.hex()}${made.hex()}"


class _Server(uvicorn.Server):
    """A server that leaves signals to the agent."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


@dataclass(slots=True)
class Running:
    """A server that is serving."""

    server: uvicorn.Server
    task: asyncio.Task[None]

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.server.servers[0].sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop what is open; an answer that never ends (the events of the wall) is cut off."""
        self.server.should_exit = self.server.force_exit = True
        state, ended = self.server.server_state, set[asyncio.Task[None]]()
        while not ended:  # since Python 3.12 a server that is closed waits until its last connection has ended
            ended, _ = await asyncio.wait((self.task,), timeout=CLOSE_SECONDS)
            for connection in tuple(state.connections):
                connection.transport.abort()
        if state.tasks:
            await asyncio.wait(tuple(state.tasks), timeout=HEADER_SECONDS)


async def serve(
    app: ASGIApp, host: str, port: int, *, tls: tuple[str, str] | None = None, users: Path | None = None
) -> Running:
    """Serve `app`; `tls` is (certificate, key). Raises OSError when the port cannot be had or the door is too open."""
    loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    if not loopback and not (tls and users):
        raise PermissionError("anything wider than 127.0.0.1 needs TLS and a users file")
    config = uvicorn.Config(
        app, host, port, http=_Protocol, ws="none", lifespan="off", log_level="warning", access_log=False,
        server_header=False, timeout_keep_alive=int(HEADER_SECONDS), h11_max_incomplete_event_size=16384,
        ssl_certfile=tls[0] if tls else None, ssl_keyfile=tls[1] if tls else None,
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(_serve(server))
    while not server.started:
        if task.done():
            await task
            raise OSError(f"port {port} on {host} cannot be had")
        await asyncio.sleep(0.01)
    return Running(server, task)


async def _serve(server: uvicorn.Server) -> None:
    """Uvicorn ends the process when it cannot bind; here that is an error of the port."""
    try:
        await server.serve()
    except SystemExit:
        raise OSError("the port cannot be had (is healthmon running already?)") from None
