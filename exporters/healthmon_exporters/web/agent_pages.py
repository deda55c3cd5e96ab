"""The pages by which the agents of one estate ask each other, and by which Prometheus finds them. An agent
that stands by has them too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from healthmon_exporters.web.rules import GuardedRoute

PAGE = "/-/agent"
REFRESH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent says of itself: whether it has the estate, and for how long (seconds) the database
    of a server has answered it each time; None for a file.
    """

    has_estate: bool
    database_seconds: float | None

    @classmethod
    def of(cls, body: bytes) -> AgentReport:
        """From the page. Raises ValueError where it is none."""
        try:
            said = json.loads(body)
            seconds = said["database_seconds"]
            return cls(said["has_estate"] is True, None if seconds is None else float(seconds))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ValueError("it is no page of an agent") from None


@dataclass(frozen=True, slots=True)
class AgentPages:
    """`report` is that of this agent; `addresses` gives the web addresses of all agents."""

    report: Callable[[], AgentReport] = lambda: AgentReport(has_estate=True, database_seconds=None)
    addresses: Callable[[], Collection[str]] = tuple

    def routes(self) -> list[GuardedRoute]:
        """Each page with its rule."""

        async def report(_request: Request) -> Response:
            return JSONResponse(asdict(self.report()))

        async def discovery(_request: Request) -> Response:
            refresh = {"X-Prometheus-Refresh-Interval-Seconds": str(REFRESH_SECONDS)}
            return JSONResponse([_target(one) for one in self.addresses()], headers=refresh)

        return [GuardedRoute(PAGE, report), GuardedRoute("/sd/agents", discovery)]


def _target(address: str) -> dict[str, Any]:
    """A group of targets of one agent (Prometheus, HTTP SD). It stays one while the agent is away."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return {"targets": [f"{host}:{port}"], "labels": {"__scheme__": parts.scheme}}
