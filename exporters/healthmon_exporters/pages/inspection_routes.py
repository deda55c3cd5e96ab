"""The answers of the desk to pictures that a person is asked to look at."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.field_feed import Marked
from healthmon_exporters.pages.inspection_feed import InspectionAnswer, InspectionFeed
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.rules import GuardedRoute, person_of

MOST = 500
_NUMBERS = re.compile(r"\d{1,12}(?: \d{1,12})*")
_PAIRS = re.compile(r"\d{1,12}:\d{1,12}(?: \d{1,12}:\d{1,12})*")


class InspectionPages:
    """Takes the answers; the list itself is on the desk."""

    def __init__(self, feed: InspectionFeed, renderer: Renderer) -> None:
        self._feed, self._renderer = feed, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [GuardedRoute("/inspections", self._answer, methods=("POST",))]

    async def _answer(self, request: Request) -> Response:
        form = await read_form(request)
        mark = Marked(person_of(request.scope).name, form.get("once", ""))
        try:
            if form.get("answer") == "undo":
                pairs = _pairs(form.get("of", ""))
                await self._feed.undo(pairs, mark)
                numbers = [number for number, _ in pairs]
            else:
                numbers = _numbers(form.get("faults", ""))
                await self._feed.answer(numbers, _yes(form.get("answer", "")), mark)
        except (ValueError, NotDoneError) as error:
            return self._renderer.message(request, str(error), 409)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        return RedirectResponse(f"/desk?answered={'+'.join(map(str, numbers))}", 303)

    async def last(self, request: Request) -> InspectionAnswer | None:
        """What the person of this page has just answered. Raises NoRecordError."""
        text = request.query_params.get("answered", "")
        try:
            return await self._feed.answered(_numbers(text)) if text else None
        except (ValueError, NotDoneError):
            return None


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("The answer is yes or no.")
    return text == "yes"


def _numbers(text: str) -> list[int]:
    """Raises ValueError."""
    if not _NUMBERS.fullmatch(text):
        raise ValueError("That is no fault.")
    return _few([int(one) for one in text.split()])


def _pairs(text: str) -> list[tuple[int, int]]:
    """Raises ValueError."""
    if not _PAIRS.fullmatch(text):
        raise ValueError("There is no answer that can be undone.")
    halves = [one.partition(":") for one in text.split()]
    _few([int(number) for number, _, _ in halves])
    return [(int(number), int(act)) for number, _, act in halves]


def _few(numbers: Sequence[int]) -> list[int]:
    if len(numbers) > MOST:
        raise ValueError(f"At most {MOST} faults are answered together.")
    return list(dict.fromkeys(numbers))
