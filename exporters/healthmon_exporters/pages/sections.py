"""The pages of the operators together: the wall, the desk and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from healthmon_exporters.pages.accessibility import AccessibilityPage, Publisher
from healthmon_exporters.pages.handover import HandoverPages
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.shift_feed import ShiftFeed
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.later_pages import Endpoints, endpoints
from healthmon_exporters.web.rules import GuardedRoute


@dataclass(frozen=True, slots=True)
class Sections:
    """What the pages of the operators are made of; what is None has no pages."""

    wall: Wall | None = None
    pages: Pages | None = None
    shift: ShiftFeed | None = None
    publisher: Callable[[], Publisher] | None = None

    async def endpoints(self, control: AccessControl) -> Endpoints:
        """The endpoint of each page by "GET /desk"."""
        return endpoints(self.routes(control))

    def routes(self, control: AccessControl) -> list[GuardedRoute]:
        """For the application."""
        wall = self.wall.routes() if self.wall else []
        if self.pages is None:
            return wall
        shift, by, renderer = self.shift, self.publisher, self.pages.renderer
        handover = HandoverPages(shift, control, renderer).routes() if shift else []
        statement = AccessibilityPage(by, renderer).routes() if by else []
        return [*wall, *self.pages.routes(), *handover, *statement]
