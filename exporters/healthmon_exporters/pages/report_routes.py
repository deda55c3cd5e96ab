"""The addresses of reports and duties."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.model.plain_text import sentence
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.field_routes import marked
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.pages.report_feed import FORMS, DutyForm, ReportFeed, ReportRequest
from healthmon_exporters.reports.report_html import STYLE
from healthmon_exporters.reports.report_kinds import KINDS
from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.rules import GuardedRoute

_PERIOD = re.compile(r"[0-9/-]{0,9}")
_OF_DUTY = ("key", "day", "evidence", "note")


class ReportPages:
    """The pages of reports and duties of one agent."""

    def __init__(self, feed: ReportFeed, renderer: Renderer) -> None:
        self._feed, self._renderer = feed, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/reports", self._reports),
            GuardedRoute("/reports/file", self._file),
            GuardedRoute("/duties", self._duties),
            GuardedRoute("/duties", self._declare, methods=("POST",)),
        ]

    async def _reports(self, request: Request) -> Response:
        kinds = [(kind, title) for kind, (title, _make) in KINDS.items()]
        periods = self._feed.periods()
        making = self._feed.making()
        title = KINDS[making.wanted.kind][0] if making else ""
        return self._renderer.page(
            request,
            "reports",
            kinds=kinds,
            periods=periods,
            forms=FORMS,
            making=making,
            title=title,
        )

    async def _file(self, request: Request) -> Response:
        """The report itself, in the form that is asked for."""
        asked = request.query_params
        wanted = ReportRequest(
            asked.get("kind", ""),
            asked.get("period", "").strip(),
            asked.get("public") == "yes",
            asked.get("form", "html"),
        )
        known = wanted.kind in KINDS and wanted.form in FORMS and _PERIOD.fullmatch(wanted.period)
        if not known:
            return self._renderer.message(request, "There is no such report.", 404)
        try:
            body = await self._feed.made(wanted)
        except NotDoneError as error:
            return self._renderer.message(request, sentence(str(error)), 503)
        if body is None:  # the page says how far it is, and where it is when it is ready
            return RedirectResponse("/reports", 303)
        headers = {"Content-Security-Policy": policy(style=STYLE)}
        if wanted.form != "html":
            name = f"{wanted.kind}-{wanted.period.replace('/', '-')}.{wanted.form}"
            headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(body, headers=headers, media_type=FORMS[wanted.form])

    async def _duties(self, request: Request) -> Response:
        return await self._duties_page(request, {})

    async def _duties_page(
        self, request: Request, given: Mapping[str, str], problem: str = ""
    ) -> Response:
        try:
            rows = await self._feed.duties()
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        shown = {name: given.get(name, "") for name in _OF_DUTY}
        status = 409 if problem else 200
        return self._renderer.page(
            request, "duties", status, rows=rows, given=shown, problem=problem
        )

    async def _declare(self, request: Request) -> Response:
        """Declare that a duty was done."""
        form = await read_form(request)
        try:
            texts = {name: form.get(name, "") for name in _OF_DUTY}
            await self._feed.declare(DutyForm(**texts), marked(request, form))
        except NotDoneError as error:
            return await self._duties_page(request, form, f"Nothing was done: {error}.")
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        return RedirectResponse("/duties", 303)
