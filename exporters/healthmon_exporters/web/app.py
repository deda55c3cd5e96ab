"""The agent's pages: a Starlette application, behind `Guard` and `Login`. Each page has its rule
(`rules`). A scrape is answered from memory.
"""

from __future__ import annotations

import asyncio
import functools
import html
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from healthmon.model.count_words import count_of
from healthmon_exporters.metrics.exposition import OPENMETRICS, TEXT, Metrics
from healthmon_exporters.web import runbooks
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.agent_pages import REFRESH_SECONDS, AgentPages
from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.guards import Guard, not_bare
from healthmon_exporters.web.known_users import KnownUsers
from healthmon_exporters.web.later_pages import Endpoints, later_routes
from healthmon_exporters.web.login import Login
from healthmon_exporters.web.login_pages import LoginPages
from healthmon_exporters.web.oidc_pages import OidcPages
from healthmon_exporters.web.probe_handler import RefusedError
from healthmon_exporters.web.refusals import not_there
from healthmon_exporters.web.rules import GuardedRoute, person_of
from healthmon_exporters.web.small_pages import STYLE

_STYLE = f"{STYLE}body{{max-width:46rem}}li{{margin:.5rem 0}}"
_OF_OPERATORS = (
    ("/desk", "Desk: open faults and the shift"),
    ("/faults", "The fault log"),
    ("/devices", "Devices"),
    ("/wall", "The wall of the control room"),
)
# So many devices are named that have had no result yet.
MOST_NAMED = 5
Probe = Callable[[str, str], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made of. `operators` gives the endpoints of the operators' pages when the
    first of them is asked for; None where there are none. `waiting` gives the ids of the devices that
    have had no result yet.
    """

    metrics: Metrics
    probe: Probe
    ready: Callable[[], bool]
    reload: Callable[[], Awaitable[str]]
    targets: Callable[[], list[dict[str, Any]]]
    estate: str = "CCTV"
    simulated: bool = False
    operators: Callable[[AccessControl], Awaitable[Endpoints]] | None = None
    alive: Callable[[], bool] = lambda: True
    waiting: Callable[[], Sequence[str]] = tuple
    last_failure: Callable[[str], str | None] = lambda _device: None
    agent_pages: AgentPages = field(default_factory=AgentPages)


def application(
    site: Site,
    users: Callable[[], Path | None] = lambda: None,
    names: Callable[[], Collection[str]] = tuple,
    control: AccessControl | None = None,
) -> ASGIApp:
    """The ASGI application of `site`. It asks for a login while there is a users file, and is
    reached by `names`. `control` is the access control by that file, where it is used elsewhere
    too.
    """
    control = control or AccessControl(KnownUsers(users))
    pages = Starlette(routes=routes(site, control), exception_handlers={HTTPException: _not_there})
    return Guard(Login(pages, control), names)


async def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for it only
    return not_there(request, person_of(request.scope), error)


class _PiecesResponse(StreamingResponse):
    """An answer that is ready: nothing is to be ended when who asks goes away, for which Starlette
    would load a second kind of tasks (anyio), 1 MB.
    """

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.stream_response(send)


async def _each(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def routes(site: Site, control: AccessControl) -> list[BaseRoute]:
    """Every page of `site`, each with its rule."""

    async def metrics(request: Request) -> Response:
        openmetrics = "application/openmetrics-text" in request.headers.get("accept", "")
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        pieces = await site.metrics.body(openmetrics=openmetrics, zipped=zipped)
        headers = {"Content-Length": str(sum(map(len, pieces)))}
        if zipped:
            headers["Content-Encoding"] = "gzip"
        media_type = OPENMETRICS if openmetrics else TEXT
        return _PiecesResponse(_each(pieces), headers=headers, media_type=media_type)

    async def discovery(_request: Request) -> Response:
        return JSONResponse(
            site.targets(), headers={"X-Prometheus-Refresh-Interval-Seconds": str(REFRESH_SECONDS)}
        )

    async def probe(request: Request) -> Response:
        return await _probe(site, request)

    async def healthy(_request: Request) -> Response:
        well = site.alive()
        return PlainTextResponse(
            "healthy\n" if well else "checks have stopped\n", 200 if well else 503
        )

    async def ready(_request: Request) -> Response:
        well = site.ready()
        return PlainTextResponse(
            "ready\n" if well else _not_ready(site.waiting()), 200 if well else 503
        )

    async def reload(request: Request) -> Response:
        if refusal := not_bare(request.headers):
            return refusal
        problems = await site.reload()
        return PlainTextResponse(
            problems + "\n" if problems else "reloaded\n", 500 if problems else 200
        )

    async def landing(_request: Request) -> Response:
        rules = {"Content-Security-Policy": policy("img-src data:", style=_STYLE)}
        return HTMLResponse(_page(site), headers=rules)

    login = LoginPages(control, site.estate)
    found = [
        GuardedRoute("/", landing),
        GuardedRoute("/metrics", metrics),
        GuardedRoute("/sd", discovery),
        GuardedRoute("/probe", probe),
        GuardedRoute("/last-failure", functools.partial(_last_failure, site)),
        GuardedRoute("/-/healthy", healthy),
        GuardedRoute("/-/ready", ready),
        GuardedRoute("/-/reload", reload, methods=("POST",)),
        *site.agent_pages.routes(),
        *login.routes(),
        *OidcPages(control, login).routes(),
        *runbooks.routes(),
    ]
    return [*found, *_of_operators(site, control)]


def _of_operators(site: Site, control: AccessControl) -> list[GuardedRoute]:
    if site.operators is None:
        return []
    return later_routes(functools.partial(site.operators, control))


async def _probe(site: Site, request: Request) -> Response:
    """One check of a configured device, within the scrape's own time limit."""
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
        return PlainTextResponse("the check did not end within the scrape's timeout\n", 504)
    if text is None:
        return PlainTextResponse(
            "target is not a configured device id, or module is not one of its checks\n", 404
        )
    return Response(text, media_type=TEXT)


async def _last_failure(site: Site, request: Request) -> Response:
    """The last failed run of each check of a device, in words."""
    text = site.last_failure(request.query_params.get("target", ""))
    if text is None:
        return PlainTextResponse("target is not a configured device id\n", 404)
    return PlainTextResponse(text)


def _not_ready(devices: Sequence[str]) -> str:
    """What the first round waits for."""
    named, more = ", ".join(devices[:MOST_NAMED]), len(devices) - MOST_NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    count = count_of(len(devices), "device has", "devices have")
    return f"first round not finished: {count} no result yet: {named}{rest}\n"


def _page(site: Site) -> str:
    note = (
        "<p><strong>SIMULATED ESTATE: none of these devices exists.</strong></p>"
        if site.simulated
        else ""
    )
    links = (
        *(_OF_OPERATORS if site.operators else ()),
        ("/runbooks/", "What to do when an alert comes"),
        ("/login", "Log in or out"),
        ("/metrics", "Metrics for Prometheus"),
        ("/sd", "HTTP service discovery of devices"),
        ("/sd/agents", "HTTP service discovery of agents"),
        ("/-/healthy", "Whether the agent is healthy"),
        ("/-/ready", "Whether the first round is finished"),
    )
    items = "".join(f'<li><a href="{path}">{words}</a> {path}</li>' for path, words in links)
    title = html.escape(f"healthmon: {site.estate}")
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    head += '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
    head += f"<style>{_STYLE}</style>"
    return f"{head}<main><h1>{title}</h1>{note}<ul>{items}</ul></main></html>"
