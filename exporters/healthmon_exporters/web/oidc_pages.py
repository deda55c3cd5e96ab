"""Where a browser leaves for the identity provider, and where it comes back. They need no script."""

from __future__ import annotations

import re
import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.access import events
from healthmon.access.oidc_claims import LoginRefusedError
from healthmon.model.plain_text import sentence
from healthmon_exporters.web import cookies
from healthmon_exporters.web.access_control import AccessControl, client_of
from healthmon_exporters.web.login_pages import LoginPages, begin_session, local_path
from healthmon_exporters.web.rules import GuardedRoute

_PURPOSE = re.compile("[a-z]{1,20}")


class OidcPages:
    """Beside the pages of `login`, where what went wrong is told."""

    def __init__(self, control: AccessControl, login: LoginPages) -> None:
        self._control, self._login = control, login

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/login/oidc", self._begin),
            GuardedRoute("/login/oidc/again", self._again),
            GuardedRoute("/login/oidc/done", self._done),
        ]

    async def _begin(self, request: Request) -> Response:
        return await self._leave(request, "")

    async def _again(self, request: Request) -> Response:
        """A fresh login, to sign as `?as`: the browser stays logged in as it is."""
        return await self._leave(request, named_purpose(request.query_params.get("as", "")))

    async def _leave(self, request: Request, purpose: str) -> Response:
        back, oidc = local_path(request.query_params.get("next", "")), self._control.oidc()
        if oidc is None or self._control.file() is None:
            return RedirectResponse("/login", 303)
        token = cookies.token_of(request, cookies.OIDC) or secrets.token_urlsafe(32)
        try:
            address = await oidc.begin(token, client_of(request), back, purpose)
        except LoginRefusedError as error:
            return self._login.page(request, back, sentence(str(error)), 502)
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
            return self._login.page(request, error.back, sentence(str(error)), 403)
        if arrived.purpose:
            self._control.fresh.keep(browser, arrived.purpose, arrived.person, oidc.settings.stamp)
            event = events.provider_login_again(
                arrived.person, arrived.subject, arrived.purpose, client
            )
            self._control.known.report(event)
            return RedirectResponse(arrived.back, 303)
        self._control.known.report(events.provider_login(arrived.person, arrived.subject, client))
        response = RedirectResponse(arrived.back, 303)
        await begin_session(self._control, request, response, arrived.person)
        cookies.drop(response, request, cookies.OIDC)
        return response


def named_purpose(text: str) -> str:
    """`text` as what a fresh login is for, such as "outgoing"."""
    return text if _PURPOSE.fullmatch(text) else "signer"
