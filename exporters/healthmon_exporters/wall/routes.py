"""The wall's addresses: the page, its events, the same model as JSON, one device in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from healthmon_exporters.wall.live import Live, dumps
from healthmon_exporters.wall.page import page
from healthmon_exporters.wall.snapshot import Snapshot

JSON = "application/json"
# A proxy must pass events on as they come.
EVENTS = {"X-Accel-Buffering": "no"}


class Wall:
    """The wall of one agent. `details` gives one device in words, None for what is not configured."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        details: Callable[[str], dict[str, Any] | None],
        newest: Callable[[], float | None],
    ) -> None:
        self.live = Live(snapshot, newest)
        self._details = details

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/wall", self._page),
            Route("/wall.json", self._model),
            Route("/wall/events", self._events),
            Route("/wall/device", self._device),
        ]

    async def _page(self, _request: Request) -> Response:
        made = page()
        headers = {"Content-Security-Policy": made.policy}
        return Response(made.body, headers=headers, media_type="text/html; charset=utf-8")

    async def _model(self, _request: Request) -> Response:
        return Response(await self.live.current(), media_type=JSON)

    async def _events(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(headers=EVENTS, media_type="text/event-stream")
        return StreamingResponse(self.live.stream(), headers=EVENTS, media_type="text/event-stream")

    async def _device(self, request: Request) -> Response:
        found = self._details(request.query_params.get("id", ""))
        if found is None:
            return Response(dumps({"error": "not a configured device id"}), 404, media_type=JSON)
        return Response(dumps(found), media_type=JSON)
