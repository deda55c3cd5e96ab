"""What people do to devices and sites by commands on this machine: by the functions that the pages use,
with the same checks, record and refusals. The values come from outside: each is checked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from healthmon.access.roles import Permission
from healthmon.runtime.field_work import FieldWork
from healthmon.runtime.maintenance_work import window_words
from healthmon.runtime.visit_work import words_of
from healthmon.store import Author
from healthmon.store.entered import plain_text
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.field_feed import (
    Marked,
    MoveForm,
    ServiceForm,
    VisitForm,
    WindowForm,
)
from healthmon_exporters.pages.rows import Shown

PERMISSIONS: Final[Mapping[str, Permission]] = MappingProxyType(
    {
        "visit": Permission.ACT,
        "window": Permission.SHORT_MAINTENANCE,
        "site": Permission.READ,
        "identity": Permission.READ,
        "replaced": Permission.DEVICES,
        "moved": Permission.DEVICES,
        "service": Permission.DEVICES,
        "statement": Permission.STATEMENTS,
        "baseline": Permission.ACT,
        "ptz_send": Permission.ACT,
    }
)
May = Callable[[Permission], bool]
_OF_WINDOW = ("start", "end", "devices", "site", "reason")
_SHORTEST_MARK = 16


class FieldEntry:
    """The acts of `PERMISSIONS` on the devices and sites of one agent."""

    def __init__(self, work: FieldWork) -> None:
        self._work = work
        self._kinds: Mapping[str, Callable[[_Given], Awaitable[dict[str, Any]]]] = {
            "visit": self._visit,
            "window": self._window,
            "site": self._site,
            "identity": self._identity,
            "replaced": self._replaced,
            "moved": self._moved,
            "service": self._service,
            "statement": self._statement,
            "baseline": self._baseline,
            "ptz_send": self._ptz_send,
        }

    async def enter(
        self, kind: str, values: Mapping[str, Any], author: Author, may: May
    ) -> dict[str, Any]:
        """Do what `values` say by an account that `may` do so and so; what came of it. Raises
        ValueError in words for what is not done.
        """
        try:
            return await self._kinds[kind](_Given(values, author, may))
        except (NotDoneError, NoRecordError) as error:
            raise ValueError(f"nothing was done: {error}") from None

    async def _visit(self, given: _Given) -> dict[str, Any]:
        site, mark = given.text("site"), given.mark()
        if given.text("do") == "arrived":
            form = VisitForm(given.text("engineer"), given.text("reference"))
            made = await self._work.visits.arrive(site, form, mark)
        else:
            made = await self._work.visits.leave(site, given.text("note"), mark)
        return {"words": f"{site}: engineer {made.get('did')}: {words_of(made, self._work.zone)}"}

    async def _site(self, given: _Given) -> dict[str, Any]:
        """Whether checks that a person asked for run at a site, and what is not well there."""
        page = await self._work.visits.page(given.text("site"))
        if page is None:
            raise NotDoneError(f"there is no site {given.text('site')} in the configuration")
        ill = [row for row in page.devices if row.shown not in (Shown.OK, Shown.OFF)]
        lines = [f"{row.id} {row.name}: {row.shown}: {row.sentence}" for row in ill]
        checking = page.checking is not None and page.checking.running
        return {"checking": checking, "not_well": lines}

    async def _window(self, given: _Given) -> dict[str, Any]:
        do, name, mark = given.text("do"), given.text("window"), given.mark()
        windows = self._work.windows
        if do == "end":
            made = await windows.end(name, mark)
        else:
            known = windows.form_of(name) if do == "change" else {}
            values = {one: given.text(one) or known.get(one, "") for one in _OF_WINDOW}
            form = WindowForm(**values, long=given.may(Permission.MAINTENANCE))
            made = await (windows.change(name, form, mark) if known else windows.make(form, mark))
        words = window_words(made, self._work.site_names(), self._work.zone)
        return {"window": made.subject, "words": f"{made.subject} {made.get('did')}: {words}"}

    async def _identity(self, given: _Given) -> dict[str, Any]:
        name = given.text("device")
        found = self._work.devices.known_identity(name)
        rows = [[one.name, one.old, one.new, one.differs] for one in found.fields]
        return {"fields": rows, "seen": found.seen, "differs": found.differs, "at": found.at}

    async def _replaced(self, given: _Given) -> dict[str, Any]:
        name, job = given.text("device"), given.text("reference")
        await self._work.devices.accept(name, job, given.text("seen"), given.mark())
        return {"words": f"{name}: what answers now is accepted as the device, job {job}"}

    async def _moved(self, given: _Given) -> dict[str, Any]:
        name = given.text("device")
        form = MoveForm(given.text("state"), given.text("location"), given.text("dpia"))
        await self._work.devices.move(name, form, given.mark())
        place = f"{form.state.replace('_', ' ')} {form.location}".rstrip()
        return {"words": f"{name} is {place}"}

    async def _service(self, given: _Given) -> dict[str, Any]:
        name = given.text("device")
        form = ServiceForm(given.text("do"), given.text("day"), given.text("reference"))
        return {"words": f"{name} {await self._work.devices.serve(name, form, given.mark())}"}

    async def _statement(self, given: _Given) -> dict[str, Any]:
        device, mark = given.text("device"), given.mark()
        number = await self._work.clocks.make(device, given.text("at"), given.text("reason"), mark)
        return {"number": number}

    async def _baseline(self, given: _Given) -> dict[str, Any]:
        return {
            "words": await self._work.inspections.learn_anew(given.text("device"), given.mark())
        }

    async def _ptz_send(self, given: _Given) -> dict[str, Any]:
        device, preset = given.text("device"), given.text("preset")
        return {"words": await self._work.ptz.send(device, preset, given.mark())}


class _Given:
    """The values of one act, by which account, and what that `may` do."""

    def __init__(self, values: Mapping[str, Any], author: Author, may: May) -> None:
        self._values, self.author, self.may = values, author, may

    def text(self, name: str) -> str:
        """One of the values, as one plain line. Raises ValueError."""
        return plain_text(name, self._values.get(name, ""))

    def mark(self) -> Marked:
        """In whose name it is done, with the mark of the command. Raises ValueError."""
        once, by = self.text("once"), self.text("name")
        if len(once) < _SHORTEST_MARK:
            raise ValueError("the command gave no mark")
        if not by:
            raise ValueError("a name is needed: --name 'A. Smith'")
        return Marked(by, once, self.author)
