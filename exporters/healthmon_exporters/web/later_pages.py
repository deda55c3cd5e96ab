"""The addresses of the operators' pages before these are loaded (docs/adr/0057)."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from healthmon_exporters.web.rules import OPERATORS, GuardedRoute

# The endpoints of pages by "GET /desk".
Endpoints = Mapping[str, Callable[[Request], Awaitable[Response]]]


def endpoints(routes: Iterable[GuardedRoute]) -> dict[str, Any]:
    """The endpoint of each page."""
    return {f"{method} {one.path}": one.endpoint for one in routes for method in one.permissions}


def later_routes(loaded: Callable[[], Awaitable[Endpoints]]) -> list[GuardedRoute]:
    """Every page of the operators, each answered by the endpoint that is `loaded` when the first of
    them is asked for. Permissions are asked before.
    """
    pages = [page.split(" ") for page in OPERATORS]
    return [
        GuardedRoute(path, functools.partial(_answer, loaded, method, path), methods=(method,))
        for method, path in pages
    ]


async def _answer(
    loaded: Callable[[], Awaitable[Endpoints]], method: str, path: str, request: Request
) -> Response:
    endpoint = (await loaded()).get(f"{method} {path}")
    if endpoint is None:
        raise HTTPException(404)
    return await endpoint(request)
