"""The agent's Unix socket: commands of people on this machine hand their acts over, and the operating
system says who they are.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from healthmon_exporters.web.listener import PEER

MOST_BYTES = 64 * 1024
# What may be longer: the acts of a contractor's file, and the faults of an older log.
MOST_OF_KIND = {"import": 8 * 1024 * 1024, "old-faults": 8 * 1024 * 1024}


@dataclass(frozen=True, slots=True)
class Answered:
    """The status and the values of an answer."""

    status: int
    values: dict[str, Any]


# The act, its values and the number of the user by whom it is made.
Acting = Callable[[str, dict[str, Any], int], Awaitable[Answered]]


def application(acting: Acting) -> ASGIApp:
    """The ASGI application of the socket: ``POST /acts/{kind}`` with a JSON object."""

    async def act(request: Request) -> Response:
        kind = request.path_params["kind"]
        most = MOST_OF_KIND.get(kind, MOST_BYTES)
        try:
            values = json.loads(await _body(request, most))
        except ClientDisconnect:
            return Response(status_code=400)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            problem = f"not a JSON object of at most {most:,} bytes"
            return JSONResponse({"problem": problem}, 400)
        _, uid, _ = getattr(request.state, PEER)
        answered = await acting(kind, values, uid)
        return JSONResponse(answered.values, answered.status)

    return Starlette(routes=[Route("/acts/{kind}", act, methods=["POST"])])


async def _body(request: Request, most: int) -> bytes:
    """Raises ValueError for one that is longer than `most`."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > most:
            raise ValueError("too long")
    return bytes(found)
