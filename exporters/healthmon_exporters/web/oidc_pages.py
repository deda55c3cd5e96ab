"""Where a browser leaves for the identity provider, and where it comes back. They need no script."""

from __future__ import annotations

import asyncio
import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.access import events
from healthmon.access.oidc_claims import LoginRefusedError
from healthmon_exporters.web import cookies
from healthmon_exporters.web.access_control import AccessControl, client_of
from healthmon_exporters.web.login_pages import LoginPages, local_path
from healthmon_exporters.web.rules import GuardedRoute


class OidcPages:
    """Beside the pages of `login`, where what went wrong is told."""

    def __init__(self, control: AccessControl, login: LoginPages) -> None:
        self._control, self._login = control, login

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/login/oidc", self._begin),
            GuardedRoute("/login/oidc/done", self._done),
        ]

    async def _begin(self, request: Request) -> Response:
        back, oidc = local_path(request.query_params.get("next", "")), self._control.oidc()
        if oidc is None or self._control.file() is None:
            return RedirectResponse("/login", 303)
        token = cookies.token_of(request, cookies.OIDC) or secrets.token_urlsafe(32)
        try:
            address = await oidc.begin(token, client_of(request), back)
        except LoginRefusedError as error:
            return self._login.page(request, back, sentence(error), 502)
        response = RedirectResponse(address, 303)
        cookies.put(response, request, cookies.OIDC, token)
        return response

    async def _done(self, request: Request) -> Response:
        oidc, client = self._control.oidc(), client_of(request)
        if oidc is None or self._control.file() is None:
            return RedirectResponse("/login", 303)
        browser = cookies.token_of(request, cookies.OIDC)
        try:
            arrived = await oidc.finish(browser, request.query_params)
        except LoginRefusedError as error:
            event = events.provider_refused(str(error), error.name, client)
            self._control.known.report(event)
            return self._login.page(request, "/", sentence(error), 403)
        self._control.known.report(events.provider_login(arrived.person, arrived.subject, client))
        sessions, settings = self._control.sessions, oidc.settings
        sessions.end(cookies.token_of(request, cookies.SESSION))
        token = sessions.begin_by_provider(arrived.person, settings.stamp, settings.session)
        await asyncio.to_thread(sessions.keep)
        response = RedirectResponse(arrived.back, 303)
        cookies.put(response, request, cookies.SESSION, token)
        cookies.drop(response, request, cookies.OIDC)
        return response


def sentence(error: LoginRefusedError) -> str:
    """A refusal as a sentence."""
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
