"""The addresses of the pages."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.access.roles import Permission
from healthmon.incidents.acts import Act, ActError, ActKind, NoticedBy, act
from healthmon.incidents.local_time import moment
from healthmon.model.plain_text import sentence
from healthmon.store.rows import Wanted
from healthmon_exporters.pages.act_forms import details_of_kind
from healthmon_exporters.pages.clock_routes import ClockPages
from healthmon_exporters.pages.feed import Feed, NoRecordError, NotDoneError
from healthmon_exporters.pages.field_routes import FieldPages
from healthmon_exporters.pages.handover import note_done
from healthmon_exporters.pages.inspection_routes import InspectionPages
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.pages.report_routes import ReportPages
from healthmon_exporters.pages.rows import DeviceRow, Shown
from healthmon_exporters.pages.shift_routes import ShiftRoutes
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.rules import GuardedRoute, person_of

MOST_FAULTS = 500
_OF_RAISING = ("device", "what", "noticed_by", "site", "priority", "happened")
_NUMBER = re.compile(r"[Ff]?0*(\d{1,18})")


class Pages:
    """The pages of one agent, of what `feed` gives."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.renderer = Renderer(feed.estate, feed.zone, simulated=feed.simulated)
        self._inspections = InspectionPages(feed.inspections, self.renderer)

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            *ShiftRoutes(self._feed.walk, self.renderer).routes(),
            GuardedRoute("/desk", self._desk),
            GuardedRoute("/faults", self._faults),
            GuardedRoute("/faults/{number}", self._fault_page),
            GuardedRoute("/faults/{number}/acts", self._act, methods=("POST",)),
            GuardedRoute("/raise", self._raise_form),
            GuardedRoute("/raise", self._raise, methods=("POST",)),
            GuardedRoute("/devices", self._devices),
            GuardedRoute("/devices/{name}", self._device),
            *FieldPages(self._feed.field, self.renderer).routes(),
            *ClockPages(self._feed.clocks, self.renderer).routes(),
            *self._inspections.routes(),
            *ReportPages(self._feed.reports, self.renderer).routes(),
        ]

    async def _desk(self, request: Request) -> Response:
        try:
            desk, shift = await self._feed.desk(), await self._feed.walk.state()
            answered, done = await self._inspections.last(request), note_done(request)
            return self._page(request, "desk", desk=desk, shift=shift, answered=answered, done=done)
        except NoRecordError as error:
            return self._no_record(request, error)

    async def _faults(self, request: Request) -> Response:
        asked = request.query_params
        since, until = asked.get("since", ""), asked.get("until", "")
        try:
            wanted = self._wanted(request)
        except (ValueError, OverflowError):
            return self._gone(request, "A date is written as 2026-11-29.", 400)
        try:
            rows = await self._feed.faults(wanted, MOST_FAULTS + 1)
        except NoRecordError as error:
            return self._no_record(request, error)
        return self._page(
            request,
            "faults",
            rows=rows[:MOST_FAULTS],
            more=len(rows) > MOST_FAULTS,
            wanted=wanted,
            since=since,
            until=until,
            sites=self._feed.sites(),
        )

    def _wanted(self, request: Request) -> Wanted:
        """The faults that a filter asks for; its days are local ones. Raises ValueError,
        OverflowError.
        """
        asked, zone = request.query_params, ZoneInfo(self._feed.zone())
        given = {}
        if since := asked.get("since"):
            given["since"] = _midnight(date.fromisoformat(since), zone)
        if until := asked.get("until"):
            given["until"] = _midnight(date.fromisoformat(until) + timedelta(days=1), zone)
        return Wanted(
            open_only=asked.get("state", "open") != "all" and not given,
            site=asked.get("site", ""),
            device=asked.get("device", "").strip(),
            **given,
        )

    async def _fault_page(self, request: Request, problem: str = "", tried: str = "") -> Response:
        """The page of a fault; after an act (`?done`) it says first what that has done."""
        text = request.path_params["number"]
        number = fault_number(text)
        try:
            page = await self._feed.fault(number) if number else None
        except NoRecordError as error:
            return self._no_record(request, error)
        if page is None:
            return self._gone(request, "There is no such fault.")
        if text != page.row.title and request.method == "GET":
            return RedirectResponse(f"/faults/{page.row.title}", 307)
        may_act = person_of(request.scope).may(Permission.ACT)
        shown = page if may_act else replace(page, forms=())
        done = page.last_done if "done" in request.query_params else ""
        values = {"fault": shown, "may_act": may_act, "tried": tried, "done": done}
        return self._page(request, "fault", 409 if problem else 200, problem=problem, **values)

    async def _act(self, request: Request) -> Response:
        form = await read_form(request)
        kind = form.get("act", "")
        try:
            made = self._act_of(request, form)
            await self._feed.act(made)
        except (ActError, ValueError, NotDoneError) as error:
            return await self._fault_page(request, problem=sentence(str(error)), tried=kind)
        except NoRecordError as error:
            return self._no_record(request, error)
        return RedirectResponse(f"/faults/F{made.number:06d}?done", 303)

    def _act_of(self, request: Request, form: Mapping[str, str]) -> Act:
        """The act of a form. Raises ActError, ValueError with what is wrong in words."""
        try:
            kind = ActKind(form.get("act", ""))
        except ValueError:
            raise ActError("that is no act") from None
        details = {name: form[name] for name in details_of_kind(kind) if form.get(name)}
        if kind is ActKind.UNDO:
            details = {"act": form.get("of", "")}
        now = time.time()
        happened = self._happened(form, now)
        made = act(kind, person_of(request.scope).name, now, happened, **details)
        number = fault_number(request.path_params.get("number", ""))
        return replace(made, number=number, form=form.get("once", ""))

    def _happened(self, form: Mapping[str, str], now: float) -> float:
        """When it happened by the local time of a form, now where it says nothing. Raises
        ValueError.
        """
        zone = ZoneInfo(self._feed.zone())
        text = form.get("happened", "")
        return moment(text, zone, datetime.fromtimestamp(now, zone).date()) if text else now

    async def _raise_form(self, request: Request) -> Response:
        return self._raise_page(request, dict(request.query_params))

    def _raise_page(
        self, request: Request, given: Mapping[str, str], problem: str = ""
    ) -> Response:
        return self._page(
            request,
            "raise",
            409 if problem else 200,
            problem=problem,
            given={name: given.get(name, "") for name in _OF_RAISING},
            devices=self._feed.devices(),
            sites=self._feed.sites(),
            noticed_by=tuple(NoticedBy),
        )

    async def _raise(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            made = self._act_of(request, {**form, "act": ActKind.RAISE.value})
            number = await self._feed.raise_fault(made)
        except (ActError, ValueError, NotDoneError) as error:
            return self._raise_page(request, form, sentence(str(error)))
        except NoRecordError as error:
            return self._no_record(request, error)
        return RedirectResponse(f"/faults/F{number:06d}" if number else "/faults", 303)

    async def _devices(self, request: Request) -> Response:
        asked = request.query_params
        q, state = asked.get("q", "").strip(), asked.get("state", "")
        every = self._feed.devices()
        return self._page(
            request,
            "devices",
            rows=_matching(every, q, state),
            total=len(every),
            q=q,
            state=state,
            states=[shown.value for shown in Shown],
        )

    async def _device(self, request: Request) -> Response:
        try:
            page = await self._feed.device(request.path_params["name"])
        except NoRecordError as error:
            return self._no_record(request, error)
        if page is None:
            return self._gone(request, "There is no such device in the configuration.")
        return self._page(request, "device", page=page)

    def _page(self, request: Request, name: str, status: int = 200, **values: object) -> Response:
        return self.renderer.page(request, name, status, **values)

    def _gone(self, request: Request, words: str, status: int = 404) -> Response:
        return self.renderer.message(request, words, status)

    def _no_record(self, request: Request, error: NoRecordError) -> Response:
        return self.renderer.no_record(request, error)


def fault_number(text: str) -> int:
    """123 of ``F000123``, ``f123`` or ``123``; 0 for what is no number of a fault."""
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found else 0


def _midnight(day: date, zone: ZoneInfo) -> float:
    """The begin of a local day, as Unix seconds."""
    return datetime.combine(day, time_of_day(), zone).timestamp()


def _matching(rows: Sequence[DeviceRow], q: str, state: str) -> list[DeviceRow]:
    """The devices in this state whose texts hold every word of `q`."""
    words = q.casefold().split()
    return [
        row
        for row in rows
        if (not state or row.shown == state) and all(word in _text(row) for word in words)
    ]


def _text(row: DeviceRow) -> str:
    text = f"{row.id} {row.name} {row.kind} {row.site} {row.location} {row.contractor}"
    return text.casefold()
