"""The pages of a handover: two people sign the sheet of the shift check in one dialogue, each by their
own password; notes for the next shift are written and ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.access import events, oidc_claims
from healthmon.access.roles import Permission, Person
from healthmon.access.users import User
from healthmon.model.plain_text import sentence
from healthmon.store.entered import new_note, plain_text
from healthmon.store.handovers import NewNote, Party, Signing
from healthmon.store.rows import Signature
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.pages.shift_feed import LastSheet, ShiftFeed, Signed
from healthmon_exporters.web import cookies
from healthmon_exporters.web.access_control import AccessControl, client_of
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.login_pages import begin_session
from healthmon_exporters.web.password_check import BusyError
from healthmon_exporters.web.rules import GuardedRoute, person_of

NOTE_DONE = {
    "noted": "The note is kept for the next shift.",
    "ended": "The note is ended. It stays on record.",
    "kept": "The note is shown again.",
}
_KEPT_FIELDS = ("outgoing", "outgoing_note", "incoming", "incoming_note", "reason", "note")
_DONE = {Party.OUTGOING.value: "has handed over", Party.INCOMING.value: "has accepted"}


class _RefusedError(Exception):
    """A signature that is not taken; the text says why, in one sentence."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


class HandoverPages:
    """Of one agent: what `feed` gives, signed by the users of `control`."""

    def __init__(self, feed: ShiftFeed, control: AccessControl, renderer: Renderer) -> None:
        self._feed, self._control, self._renderer = feed, control, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/handover", self._show),
            GuardedRoute("/handover", self._sign, methods=("POST",)),
            GuardedRoute("/notes", self._write_note, methods=("POST",)),
            GuardedRoute("/notes/{number}", self._change_note, methods=("POST",)),
        ]

    async def _show(self, request: Request) -> Response:
        try:
            return await self._page(request, {})
        except NoRecordError as error:
            return self._renderer.no_record(request, error)

    async def _page(
        self, request: Request, given: Mapping[str, str], problem: str = "", status: int = 200
    ) -> Response:
        """The page with what was typed (`given`), but never a password. Raises NoRecordError."""
        sheet, notes = await self._feed.last_sheet(), await self._feed.notes()
        person = person_of(request.scope)
        return self._renderer.page(
            request,
            "handover",
            status,
            problem=problem,
            done=_done(request, sheet) if not problem else "",
            sheet=sheet,
            notes=notes,
            shift_since=await self._feed.shift_since(),
            users=self._control.file() is not None,
            again={party: self._again_name(request, party) for party in Party},
            given={name: given.get(name, "") for name in _KEPT_FIELDS}
            if given
            else _own(person, sheet),
        )

    def _again_name(self, request: Request, party: Party) -> str:
        """Who has just logged in again to sign as `party`; "" for nobody."""
        person = self._control.logged_in_again(request, party)
        return person.name if person else ""

    # ------------------------------------------------------------------------------------- signing

    async def _sign(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            signings, users = await self._checked(request, form)
            await self._feed.hand_over(_signed(form, signings, person_of(request.scope).name))
        except (_RefusedError, NotDoneError, ValueError) as error:
            status = error.status if isinstance(error, _RefusedError) else 409
            return await self._refused(request, form, sentence(str(error)), status)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        for party in users:
            self._control.used_login(request, party)
        response = RedirectResponse("/handover?done", 303)
        await self._switch(request, response, users.get(Party.INCOMING))
        return response

    async def _refused(
        self, request: Request, form: Mapping[str, str], words: str, status: int
    ) -> Response:
        try:
            return await self._page(request, form, words, status)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)

    async def _checked(
        self, request: Request, form: Mapping[str, str]
    ) -> tuple[list[Signing], dict[Party, User | Person]]:
        """Who signs, each known by the password or by a fresh login. Raises _RefusedError: then nobody has signed."""
        names = {party: form.get(party.value, "").strip() for party in Party}
        signing = [party for party in Party if names[party] or form.get(f"{party}_password")]
        if not signing:
            raise _RefusedError("nobody has signed: name and password are needed", 409)
        if len(signing) == len(Party) and len(set(names.values())) == 1:
            raise _RefusedError("one person cannot hand over and accept: two people sign", 409)
        users = {party: await self._user(request, party, names[party], form) for party in signing}
        made = [
            Signing(party, user.name, plain_text("the remark", form.get(f"{party}_note", "")))
            for party, user in users.items()
        ]
        return made, users

    async def _user(
        self, request: Request, party: Party, name: str, form: Mapping[str, str]
    ) -> User | Person:
        """Who signs as `party`. Raises _RefusedError."""
        password = form.get(f"{party}_password", "")
        if oidc_claims.is_users_name(name) and not password:
            return self._again(request, party, name)
        if not name or not password:
            missing = "password" if name else "name"
            words = f"the {missing} of the {party} person is missing; leave both empty where nobody"
            raise _RefusedError(f"{words} signs as {party}", 409)
        try:
            user = await self._control.confirmed(client_of(request), name, password)
        except BusyError as busy:
            words = f"too many wrong passwords; try again in {math.ceil(busy.seconds)} s"
            raise _RefusedError(words, 429) from None
        if user is None:
            words = f"the name or the password of the {party} person is wrong; nothing was signed"
            raise _RefusedError(words, 403)
        if not user.person.may(Permission.SIGN):
            raise _RefusedError(user.person.refusal(Permission.SIGN), 403)
        return user

    def _again(self, request: Request, party: Party, name: str) -> Person:
        """A user of the identity provider, who has just logged in again to sign as `party`. Raises
        _RefusedError.
        """
        person = self._control.logged_in_again(request, party)
        if person is None or person.name != name:
            words = (
                f"a signature of {name} needs a new login: use the button above the name of the "
                f"{party} person"
            )
            raise _RefusedError(f"{words}; that counts for five minutes", 403)
        if not person.may(Permission.SIGN):
            raise _RefusedError(person.refusal(Permission.SIGN), 403)
        return person

    async def _switch(
        self, request: Request, response: Response, user: User | Person | None
    ) -> None:
        """The desk is that of the incoming person now, where a browser was logged in."""
        if user is None or not cookies.token_of(request, cookies.SESSION):
            return
        self._control.known.report(events.logged_in(user, client_of(request)))
        await begin_session(self._control, request, response, user)

    # --------------------------------------------------------------------------------------- notes

    async def _write_note(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            made = new_note(
                form.get("token", ""), person_of(request.scope).name, form.get("note", "")
            )
            await self._feed.write_note(made)
        except (NotDoneError, ValueError) as error:
            return self._renderer.message(request, sentence(str(error)), 409)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        return RedirectResponse(f"{_back(form)}?noted", 303)

    async def _change_note(self, request: Request) -> Response:
        form, name = await read_form(request), person_of(request.scope).name
        text, what = request.path_params["number"], form.get("what", "")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
        change = {"ended": self._feed.end_note, "kept": self._feed.keep_note}.get(what)
        if change is None:
            return self._renderer.message(request, "A note can be ended, or shown again.", 400)
        try:
            await change(number, name)
        except NotDoneError as error:
            return self._renderer.message(request, sentence(str(error)), 409)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        return RedirectResponse(f"{_back(form)}?{what}", 303)


def _own(person: Person, sheet: LastSheet | None) -> dict[str, str]:
    """An empty form: who is logged in hands over, or accepts what somebody else has handed over."""
    given = dict.fromkeys(_KEPT_FIELDS, "")
    handed_over_by = sheet.of(Party.OUTGOING) if sheet is not None else ""
    if handed_over_by == person.name:
        return given
    party = Party.INCOMING if handed_over_by else Party.OUTGOING
    return given | {party.value: person.name}


def _signed(form: Mapping[str, str], signings: list[Signing], by: str) -> Signed:
    """What the form asks for. Raises ValueError in words."""
    sweep = form.get("sweep", "")
    if not (sweep.isascii() and sweep.isdigit() and len(sweep) < 18):
        raise ValueError("the form names no sheet; load the page again")
    return Signed(
        int(sweep), signings, plain_text("the reason", form.get("reason", "")), _note(form, by)
    )


def _note(form: Mapping[str, str], by: str) -> NewNote | None:
    text = form.get("note", "").strip()
    return new_note(form.get("token", ""), by, text) if text else None


def _back(form: Mapping[str, str]) -> str:
    return "/handover" if form.get("back") == "/handover" else "/desk"


def _done(request: Request, sheet: LastSheet | None) -> str:
    """What was done by the form before; "" for nothing."""
    if "done" in request.query_params and sheet is not None:
        return signed_words(sheet.signatures)
    return note_done(request)


def note_done(request: Request) -> str:
    """What was done with a note, in one sentence; "" for nothing."""
    return next((words for name, words in NOTE_DONE.items() if name in request.query_params), "")


def signed_words(signatures: Iterable[Signature]) -> str:
    """As in "smith has handed over, jones has accepted."."""
    found = [f"{one.name} {_DONE[one.party]}" for one in signatures if one.party]
    return f"{', '.join(found)}." if found else ""
