"""Who asks for a page: by name and password (Basic, RFC 7617), by the session of a browser (of a local
user, or of one whom the identity provider has told), or as a wall screen.

A password is checked once; after that its keyed mark is enough until the users file changes.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request

from healthmon.access import events
from healthmon.access.last_use import LastUse
from healthmon.access.roles import ANYBODY, NOBODY, Person
from healthmon.access.users import User
from healthmon_exporters.web import cookies
from healthmon_exporters.web.fresh_logins import FreshLogins
from healthmon_exporters.web.known_users import KnownUsers
from healthmon_exporters.web.password_check import PasswordCheck
from healthmon_exporters.web.sessions import Sessions

if TYPE_CHECKING:
    from healthmon_exporters.web.oidc_login import OidcLogin


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `by_cookie`: a browser says so by itself, whichever page has made the request.

    `lasts` tells whether they still may come in, for answers that go on.
    """

    person: Person
    by_cookie: bool = False
    lasts: Callable[[], bool] = lambda: True


@dataclass(slots=True)
class AccessControl:
    """Of one agent: its users, their sessions, the check of their passwords."""

    known: KnownUsers
    # The login by the identity provider in force, None where there is none.
    oidc: Callable[[], OidcLogin | None] = lambda: None
    check: PasswordCheck = field(default_factory=PasswordCheck)
    sessions: Sessions = field(default_factory=Sessions)
    fresh: FreshLogins = field(default_factory=FreshLogins)
    _last_use: LastUse = field(default_factory=LastUse)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _good: dict[bytes, str] = field(default_factory=dict)
    _good_of: object = None

    async def identify(self, request: Request) -> Identity:
        """Who asks by `request`. Raises BusyError."""
        file = self.known.file()
        if file is None:
            return Identity(ANYBODY)
        self.sessions.load(file)
        if "authorization" in request.headers:
            found = await self._by_password(request)
        else:
            found = self._by_session(request) or self._by_kiosk(request)
        if found is None:
            return Identity(NOBODY)
        await self._used(file, found.person)
        return found

    def file(self) -> Path | None:
        """The users file in force, with its sessions."""
        file = self.known.file()
        if file is not None:
            self.sessions.load(file)
        return file

    async def log_in(self, request: Request, name: str, password: str) -> User | None:
        """The user who has this name and password, None where nobody has. Raises BusyError."""
        client = client_of(request)
        user = await self.confirmed(client, name, password)
        if user is not None:
            self.known.report(events.logged_in(user, client))
        return user

    async def confirmed(self, client: str, name: str, password: str) -> User | None:
        """The user who has this name and password, for an act that needs the password again, such
        as a signature; None where nobody has. `client` is where it comes from. Raises BusyError.
        """
        self.known.file()
        user = self.known.user(name)
        if await self.check.passes(client, name, user, password):
            return user
        self.known.report(events.login_refused(user, client))
        return None

    def logged_in_again(self, request: Request, purpose: str) -> Person | None:
        """Who has just given the password to the identity provider, in this browser and for
        `purpose`; None where nobody has. `used_login` ends it.
        """
        oidc, browser = self.oidc(), cookies.token_of(request, cookies.OIDC)
        return (
            self.fresh.person(browser, purpose, oidc.settings.stamp) if oidc and browser else None
        )

    def used_login(self, request: Request, purpose: str) -> None:
        """The login for `purpose` has served: it counts for nothing else."""
        self.fresh.use(cookies.token_of(request, cookies.OIDC), purpose)

    async def _by_password(self, request: Request) -> Identity | None:
        scheme, _, value = request.headers["authorization"].partition(" ")
        if scheme.lower() != "basic" or self.known.stamp is None:
            return None
        if self._good_of != self.known.stamp:
            self._good, self._good_of = {}, self.known.stamp
        mark = self._mark(value.strip())
        name, password = _split(value.strip())
        if mark not in self._good:
            if await self.log_in(request, name, password) is None:
                return None
            if self._mark(value.strip()) == mark:  # the file has not changed meanwhile
                self._good[mark] = name
        user = self.known.user(name)
        if user is None:
            return None
        return Identity(user.person, lasts=lambda: self._stays(user))

    def _stays(self, user: User) -> bool:
        """Whether `user` is let in as the same one as before."""
        self.known.file()
        return self.known.user(user.name) == user

    def _by_session(self, request: Request) -> Identity | None:
        token = cookies.token_of(request, cookies.SESSION)
        person = self._session_person(token)
        if person is None:
            return None

        def lasts() -> bool:
            self.known.file()
            return self._session_person(token) == person

        return Identity(person, by_cookie=True, lasts=lasts)

    def _session_person(self, token: str) -> Person | None:
        session = self.sessions.of(token) if token else None
        if session is None:
            return None
        if session.role:
            oidc = self.oidc()
            return session.person(oidc.settings.stamp, time.time()) if oidc else None
        user = self.known.user(session.name)
        return user.person if user and session.counts(user, time.time()) else None

    def _by_kiosk(self, request: Request) -> Identity | None:
        token = cookies.token_of(request, cookies.KIOSK)
        person = self.known.kiosk(token) if token else None
        if person is None:
            return None

        def lasts() -> bool:
            self.known.file()
            return self.known.kiosk(token) == person

        return Identity(person, by_cookie=True, lasts=lasts)

    async def _used(self, file: Path, person: Person) -> None:
        name = f"{person.role} {person.name}" if person.is_kiosk else person.name
        if at := self._last_use.used(file, name, time.time()):
            await asyncio.to_thread(self._last_use.write, file, at)

    def _mark(self, value: str) -> bytes:
        """What is kept of a good login: nobody can make it, and it ends with the state of
        the file.
        """
        return hmac.digest(self._key, f"{self.known.stamp} {value}".encode(), "sha256")


def client_of(request: Request) -> str:
    """The address that asks."""
    return request.client.host if request.client else ""


def _split(value: str) -> tuple[str, str]:
    """Name and password; two empty words for what is neither."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
