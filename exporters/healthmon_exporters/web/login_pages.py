"""The pages where people log in and out, and where a wall screen is connected with its code. They
need no script.
"""

from __future__ import annotations

import asyncio
import html
import math
import re
import time
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from healthmon.access import events, users
from healthmon.access.roles import Permission, Person
from healthmon.access.users import User
from healthmon.config.problems import ConfigError
from healthmon.model.plain_text import sentence
from healthmon_exporters.web import cookies
from healthmon_exporters.web.access_control import AccessControl, client_of
from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.password_check import BusyError
from healthmon_exporters.web.rules import GuardedRoute, person_of
from healthmon_exporters.web.small_pages import STYLE

# A code that is wrong is answered after this time, so that codes cannot be tried quickly.
WRONG_CODE_SECONDS = 1.0
_ENDED = "Your login has ended and nothing was recorded. Log in to come back to what you typed."
_WRONG = "The name or the password is wrong."
# A path of this agent: no other host, no scheme, no header of its own.
_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9._~/?=&%:@+,;-]{0,1000}")
_STYLE = (
    f"{STYLE}body{{max-width:26rem;margin:10vh auto}}h2{{font-size:1.2rem}}"
    "label{display:block;margin:1rem 0}input{width:100%}"
    "input,button{font:inherit;padding:.5rem .7rem;min-height:2.8rem;box-sizing:border-box}"
    ".way{display:block;padding:.7rem;border:.15rem solid;text-align:center;font-weight:bold}"
)
_HEADERS = {"Content-Security-Policy": policy("img-src data:", style=_STYLE, forms=True)}


class LoginPages:
    """Of the agent `estate`, by its access control."""

    def __init__(self, control: AccessControl, estate: str) -> None:
        self._control, self._estate = control, estate

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/login", self._show),
            GuardedRoute("/login", self._log_in, methods=("POST",)),
            GuardedRoute("/logout", self._log_out, methods=("POST",)),
            GuardedRoute("/kiosk", self._show_kiosk),
            GuardedRoute("/kiosk", self._connect, methods=("POST",)),
        ]

    async def _show(self, request: Request) -> Response:
        asked = request.query_params
        problem = _ENDED if "ended" in asked else ""
        return self.page(request, local_path(asked.get("next", "")), problem)

    async def _log_in(self, request: Request) -> Response:
        form = await read_form(request)
        back = local_path(form.get("next", ""))
        if self._control.file() is None:
            return self.page(request, back)
        name, password = form.get("name", "").strip(), form.get("password", "")
        if not (name and password):
            return self.page(request, back, _WRONG, 403)
        try:
            user = await self._control.log_in(request, name, password)
        except BusyError as busy:
            seconds = math.ceil(busy.seconds)
            words = f"Too many logins. Try again in {seconds} s."
            answer = self.page(request, back, words, 429)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if user is None:
            return self.page(request, back, _WRONG, 403)
        response = RedirectResponse(back, 303)
        await begin_session(self._control, request, response, user)
        return response

    async def _log_out(self, request: Request) -> Response:
        self._control.file()
        person = person_of(request.scope)
        if person.name:
            self._control.known.report(events.logged_out(person.name, client_of(request)))
        self._control.sessions.end(cookies.token_of(request, cookies.SESSION))
        await asyncio.to_thread(self._control.sessions.keep)
        response = RedirectResponse("/login", 303)
        cookies.drop(response, request, cookies.SESSION)
        cookies.drop(response, request, cookies.OIDC)
        return response

    async def _show_kiosk(self, _request: Request) -> Response:
        return self._kiosk_page()

    async def _connect(self, request: Request) -> Response:
        file, code = self._control.file(), (await read_form(request)).get("code", "")
        if file is None:
            return self._kiosk_page("This agent has no users file; the wall needs no code.", 403)
        try:
            found = await asyncio.to_thread(users.connect_kiosk, file, code, time.time())
        except ConfigError:
            words = "The agent cannot write the users file, so that no screen can be connected."
            return self._kiosk_page(words, 500)
        client = client_of(request)
        if found is None:
            self._control.known.report(events.kiosk_refused(client))
            await asyncio.sleep(WRONG_CODE_SECONDS)
            words = "The code is wrong, was used already or is older than 15 minutes."
            return self._kiosk_page(words, 403)
        self._control.known.report(events.kiosk_connected(found[0], client))
        response = RedirectResponse("/wall", 303)
        cookies.put(response, request, cookies.KIOSK, found[1])
        return response

    def page(self, request: Request, back: str, problem: str = "", status: int = 200) -> Response:
        """The page where people log in and are then sent `back`; it begins with a `problem`."""
        person = person_of(request.scope)
        now = ""
        if person.role is not None:
            name = html.escape(person.name)
            now = (
                f"<p>You are logged in as <strong>{name}</strong> ({person.role}).</p>"
                '<form method="post" action="/logout"><button>Log out</button></form>'
                "<h2>Log in as somebody else</h2>"
            )
        elif person.may(Permission.READ):
            now = (
                "<p>This agent has no users file. Everybody on this machine can read its pages.</p>"
            )
        form = (
            f'<form method="post" action="/login"><input type="hidden" name="next" value="{html.escape(back)}">'
            '<label>Name <input name="name" autocomplete="username" required autofocus></label>'
            '<label>Password <input name="password" type="password" autocomplete="current-password" required></label>'
            "<button>Log in</button></form>"
            '<p><a href="/kiosk">Connect a wall screen with its code</a></p>'
        )
        return self._page("Log in", problem, now + self._provider(back, problem) + form, status)

    def _provider(self, back: str, problem: str) -> str:
        """The way to the identity provider, where there is one, and whether it works."""
        oidc = self._control.oidc()
        if oidc is None:
            return ""
        name, address = html.escape(oidc.settings.provider), urlencode({"next": back})
        told = ""
        if oidc.trouble:
            why = "" if problem else f"{html.escape(sentence(oidc.trouble))} "
            told = f"<p>{why}Local users can log in below.</p>"
        link = f'<a class="way" href="/login/oidc?{address}">Log in with the {name} account</a>'
        return f"{told}<p>{link}</p><h2>Local users</h2>"

    def _kiosk_page(self, problem: str = "", status: int = 200) -> Response:
        form = (
            "<p>An administrator gets the code by <code>healthmon user kiosk add NAME</code>. It works once.</p>"
            '<form method="post" action="/kiosk"><label>Code <input name="code" autocomplete="off" '
            'autocapitalize="characters" spellcheck="false" required autofocus></label>'
            "<button>Show the wall</button></form>"
        )
        return self._page("Connect this wall screen", problem, form, status)

    def _page(self, title: str, problem: str, body: str, status: int) -> Response:
        estate = html.escape(self._estate)
        alert = f'<p role="alert">{html.escape(problem)}</p>' if problem else ""
        text = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: {estate}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,">'
            f"<style>{_STYLE}</style><main><h1>{title}: {estate}</h1>{alert}{body}</main></html>"
        )
        return HTMLResponse(text, status, _HEADERS)


async def begin_session(
    control: AccessControl, request: Request, response: Response, user: User | Person
) -> None:
    """From `response` on the browser is logged in as `user`, and as nobody else. A person is one whom
    the identity provider in force has told.
    """
    sessions, oidc = control.sessions, control.oidc()
    sessions.end(cookies.token_of(request, cookies.SESSION))
    if isinstance(user, User):
        token = sessions.begin(user)
    elif oidc is not None:
        token = sessions.begin_by_provider(user, oidc.settings.stamp, oidc.settings.session)
    else:
        return
    await asyncio.to_thread(sessions.keep)
    cookies.put(response, request, cookies.SESSION, token)


def local_path(path: str) -> str:
    """`path` where it leads to a page of this agent, else the first page."""
    return path if _PATH.fullmatch(path) else "/"
