"""The wall's addresses: the page, its events, the same model as JSON, one device and one list in
words. With ``?site=ID`` all of them are about one site.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from healthmon_exporters.wall.lists import listed
from healthmon_exporters.wall.live import Live, dumps
from healthmon_exporters.wall.page import page
from healthmon_exporters.wall.snapshot import Snapshot
from healthmon_exporters.web import cookies
from healthmon_exporters.web.rules import GuardedRoute, may_go_on, person_of

JSON = "application/json"
# A proxy must pass events on as they come.
EVENTS = {"X-Accel-Buffering": "no"}


class Wall:
    """The wall of one agent. `details` gives one device in words, None for what is not
    configured.
    """

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        details: Callable[[str], dict[str, Any] | None],
        newest: Callable[[], float | None],
    ) -> None:
        self.live = Live(snapshot, newest)
        self._of_site: dict[str, Live] = {}
        self._snapshot, self._newest, self._details = snapshot, newest, details

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/wall", self._page),
            GuardedRoute("/wall.json", self._model),
            GuardedRoute("/wall/events", self._events),
            GuardedRoute("/wall/device", self._device),
            GuardedRoute("/wall/list", self._list),
        ]

    async def close(self) -> None:
        """Send every screen away."""
        for live in (self.live, *self._of_site.values()):
            await live.close()

    def _seen_by(self, request: Request) -> Live:
        """What the screen shows: the whole estate, or the site that it names. Raises HTTPException
        404 where there is no such site.
        """
        site = request.query_params.get("site", "")
        if not site:
            return self.live
        if site not in self._of_site:
            if all(device.site != site for device in self._snapshot().devices):
                raise HTTPException(404, "no such site")
            self._of_site[site] = Live(lambda: self._snapshot().of_site(site), self._newest)
        return self._of_site[site]

    async def _page(self, request: Request) -> Response:
        self._seen_by(request)
        made = page()
        headers = {"Content-Security-Policy": made.policy}
        response = Response(made.body, headers=headers, media_type="text/html; charset=utf-8")
        if person_of(request.scope).is_kiosk:
            token = cookies.token_of(request, cookies.KIOSK)
            cookies.put(response, request, cookies.KIOSK, token)
        return response

    async def _model(self, request: Request) -> Response:
        return Response(await self._seen_by(request).current(), media_type=JSON)

    async def _events(self, request: Request) -> Response:
        live = self._seen_by(request)
        if request.method == "HEAD":
            return Response(headers=EVENTS, media_type="text/event-stream")
        events = live.stream(functools.partial(may_go_on, request.scope))
        return StreamingResponse(events, headers=EVENTS, media_type="text/event-stream")

    async def _device(self, request: Request) -> Response:
        found = self._details(request.query_params.get("id", ""))
        if found is None:
            return Response(dumps({"error": "not a configured device id"}), 404, media_type=JSON)
        return Response(dumps(found), media_type=JSON)

    async def _list(self, request: Request) -> Response:
        snapshot = self._seen_by(request).snapshot()
        found = await asyncio.to_thread(listed, snapshot, request.query_params.get("id", "faults"))
        if found is None:
            return Response(dumps({"error": "not a list of the wall"}), 404, media_type=JSON)
        return Response(dumps(found), media_type=JSON)
