"""The agent's pages: a Starlette application, behind `Guard` and `Login`. A scrape is answered from memory."""

from __future__ import annotations

import asyncio
import html
import math
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from healthmon_exporters import runbooks
from healthmon_exporters.guards import Guard, not_bare
from healthmon_exporters.login import Login
from healthmon_exporters.probing import RefusedError
from healthmon_exporters.prometheus import OPENMETRICS, TEXT, Metrics
from healthmon_exporters.wall.routes import Wall

REFRESH_SECONDS = 60
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


def application(
    site: Site,
    users: Callable[[], Path | None] = lambda: None,
    names: Callable[[], Collection[str]] = tuple,
) -> ASGIApp:
    """The ASGI application of `site`. It asks for a login while there is a users file, and is reached by `names`."""

    async def metrics(request: Request) -> Response:
        openmetrics = "application/openmetrics-text" in request.headers.get("accept", "")
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        body = await site.metrics.body(openmetrics=openmetrics, zipped=zipped)
        headers = {"Content-Encoding": "gzip"} if zipped else {}
        return Response(body, headers=headers, media_type=OPENMETRICS if openmetrics else TEXT)

    async def discovery(_request: Request) -> Response:
        return JSONResponse(
            site.targets(), headers={"X-Prometheus-Refresh-Interval-Seconds": str(REFRESH_SECONDS)}
        )

    async def probe(request: Request) -> Response:
        return await _probe(site, request)

    async def healthy(_request: Request) -> Response:
        well = site.alive()
        return PlainTextResponse(
            "healthy\n" if well else "work stands still\n", 200 if well else 503
        )

    async def ready(_request: Request) -> Response:
        well = site.ready()
        return PlainTextResponse(
            "ready\n" if well else "first round not finished\n", 200 if well else 503
        )

    async def reload(request: Request) -> Response:
        if refusal := not_bare(request.headers):
            return refusal
        problems = await site.reload()
        return PlainTextResponse(
            problems + "\n" if problems else "reloaded\n", 500 if problems else 200
        )

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
    return Guard(Login(Starlette(routes=routes), users), names)


async def _probe(site: Site, request: Request) -> Response:
    """One look at a configured device, within the scrape's own time limit."""
    target, module = request.query_params.get("target", ""), request.query_params.get("module", "")
    try:
        limit = max(
            0.5, float(request.headers.get("x-prometheus-scrape-timeout-seconds", "30")) - 0.5
        )
    except ValueError:
        limit = 30.0
    try:
        async with asyncio.timeout(min(limit, 120.0)):
            text = await site.probe(target, module)
    except RefusedError as refused:
        retry = {"Retry-After": str(math.ceil(refused.seconds))}
        return PlainTextResponse(f"{refused}\n", refused.status, retry)
    except TimeoutError:
        return PlainTextResponse("the look did not end within the scrape's time limit\n", 504)
    if text is None:
        return PlainTextResponse(
            "target is not a configured device id, or module is not asked of it\n", 404
        )
    return Response(text, media_type=TEXT)


def _page(site: Site) -> str:
    note = (
        "<p><strong>SIMULATED ESTATE: none of these devices exists.</strong></p>"
        if site.simulated
        else ""
    )
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
