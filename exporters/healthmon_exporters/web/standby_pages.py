"""The pages of an agent that stands by: the same guard, login and rules as an agent's, and no figures
but that it stands by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from healthmon_exporters.metrics.device_series import escaped
from healthmon_exporters.metrics.exposition import TEXT
from healthmon_exporters.metrics.families import EPOCH, EPOCH_HELP
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.agent_pages import AgentPages
from healthmon_exporters.web.guards import Guard
from healthmon_exporters.web.known_users import KnownUsers
from healthmon_exporters.web.login import Login
from healthmon_exporters.web.rules import GuardedRoute

_METRICS = f"""\
# HELP healthmon_standing_by Whether this agent stands by for another one that has the estate.
# TYPE healthmon_standing_by gauge
healthmon_standing_by 1
# HELP {EPOCH} {EPOCH_HELP}
# TYPE {EPOCH} gauge
{EPOCH}{{estate="ESTATE"}} 0
"""


def application(
    words: Callable[[], str],
    agent_pages: AgentPages,
    users: Callable[[], Path | None],
    names: Callable[[], Collection[str]],
    estate: str = "CCTV",
) -> ASGIApp:
    """`words` say who has the `estate`; `users` and `names` as those of an agent."""
    figures = _METRICS.replace("ESTATE", escaped(estate))

    async def stands_by(_request: Request) -> Response:
        return PlainTextResponse(f"this agent stands by: {words()}\n", 503)

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("healthy\n")

    async def metrics(_request: Request) -> Response:
        return Response(figures, media_type=TEXT)

    control = AccessControl(KnownUsers(users))
    routes = [
        GuardedRoute("/", stands_by),
        GuardedRoute("/metrics", metrics),
        GuardedRoute("/-/healthy", healthy),
        GuardedRoute("/-/ready", stands_by),
        *agent_pages.routes(),
    ]
    return Guard(Login(Starlette(routes=routes), control), names)
