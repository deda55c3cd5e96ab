"""Lets nobody in who has not logged in, while there is a users file."""

from __future__ import annotations

import functools
import math
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from healthmon.access import events
from healthmon.access.roles import NOBODY, Person
from healthmon_exporters.web.access_control import AccessControl, Identity, client_of
from healthmon_exporters.web.forms import page_of
from healthmon_exporters.web.password_check import BusyError
from healthmon_exporters.web.refusals import refused
from healthmon_exporters.web.rules import IDENTITY_LASTS, ON_REFUSAL, PERSON, PROVIDER, is_public

CHALLENGE = 'Basic realm="healthmon", charset="UTF-8"'


class Login:
    """In front of `app`: it gets who asks within the scope of each request."""

    def __init__(self, app: ASGIApp, control: AccessControl) -> None:
        self._app, self._control = app, control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            identity = await self._control.identify(request)
        except BusyError as busy:
            await too_many(request, busy)(scope, receive, send)
            return
        if refusal := _refusal(request, identity):
            await refusal(scope, receive, send)
            return
        scope[PERSON], scope[IDENTITY_LASTS] = identity.person, identity.lasts
        oidc = self._control.oidc()
        scope[PROVIDER] = oidc.settings.provider if oidc else ""
        scope[ON_REFUSAL] = functools.partial(self._refused, request)
        await self._app(scope, receive, send)

    def _refused(self, request: Request, person: Person, words: str) -> None:
        self._control.known.report(events.refused(person, words, client_of(request)))


def _refusal(request: Request, identity: Identity) -> Response | None:
    """The answer to who may not come in, None for who may."""
    if identity.person is NOBODY and not is_public(request.scope):
        return _login_needed(request)
    if identity.by_cookie and request.method not in ("GET", "HEAD") and _unknown_origin(request):
        words = "a browser's request must say which page it comes from (Origin); nothing was done"
        return refused(request.headers, words, 403, person=identity.person)
    return None


def _unknown_origin(request: Request) -> bool:
    """Whether a request does not say which page it comes from. `Guard` refuses those of others."""
    return "origin" not in request.headers and "sec-fetch-site" not in request.headers


def _login_needed(request: Request) -> Response:
    """A browser gets the page where to log in, a program the question for name and password. A form
    that comes after the end of a login is not lost: its page still has what was typed.
    """
    if "text/html" in request.headers.get("accept", ""):
        ended = {} if request.method == "GET" else {"ended": "1"}
        back = urlencode({"next": page_of(request)} | ended)
        return RedirectResponse(f"/login?{back}", 303)
    return PlainTextResponse("login needed\n", 401, {"WWW-Authenticate": CHALLENGE})


def too_many(request: Request, busy: BusyError) -> Response:
    """The answer to whoever must wait before a password is checked."""
    seconds = math.ceil(busy.seconds)
    words = f"too many logins; try again in {seconds} s"
    return refused(request.headers, words, 429, person=NOBODY, more={"Retry-After": str(seconds)})
