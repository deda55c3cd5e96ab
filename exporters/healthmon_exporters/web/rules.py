"""The permission that each page needs: one table, and the route that holds to it. A page without a
rule cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from healthmon.access.roles import NOBODY, NOT_LOGGED_IN, Permission, Person
from healthmon_exporters.web.refusals import refused

# The key of a request's scope (ASGI) under which the one who asks is kept.
PERSON: Final = "healthmon.person"
# The key of what tells whether they still may come in, for an answer that goes on.
IDENTITY_LASTS: Final = "healthmon.identity_lasts"
# The key of what the identity provider is called where people can log in by one.
PROVIDER: Final = "healthmon.provider"
# The key of what is told of a refusal: the person and the words.
ON_REFUSAL: Final = "healthmon.on_refusal"

# The pages of the operators: their modules are loaded when the first of them is asked for.
OPERATORS: Final[Mapping[str, Permission]] = MappingProxyType(
    {
        "GET /desk": Permission.READ,
        "GET /shift-check": Permission.READ,
        "POST /shift-check": Permission.SWEEP,
        "GET /walk": Permission.READ,
        "POST /walk": Permission.ACT,
        "POST /walk/undo": Permission.ACT,
        "GET /sheets": Permission.READ,
        "GET /sheets/{name}": Permission.READ,
        "GET /faults": Permission.READ,
        "GET /faults/{number}": Permission.READ,
        "POST /faults/{number}/acts": Permission.ACT,
        "POST /inspections": Permission.ACT,
        "GET /raise": Permission.ACT,
        "POST /raise": Permission.ACT,
        "GET /devices": Permission.READ,
        "GET /devices/{name}": Permission.READ,
        "POST /devices/{name}/check": Permission.CHECK,
        "POST /devices/{name}/picture": Permission.PICTURE,
        "POST /devices/{name}/replaced": Permission.DEVICES,
        "POST /devices/{name}/moved": Permission.DEVICES,
        "POST /devices/{name}/service": Permission.DEVICES,
        "GET /devices/{name}/clock-statement": Permission.READ,
        "POST /devices/{name}/clock-statement": Permission.STATEMENTS,
        "GET /clock-statements/{name}": Permission.READ,
        "GET /maintenance": Permission.READ,
        "POST /maintenance": Permission.SHORT_MAINTENANCE,
        "POST /maintenance/{window}": Permission.SHORT_MAINTENANCE,
        "GET /sites/{site}": Permission.READ,
        "POST /sites/{site}/arrived": Permission.ACT,
        "POST /sites/{site}/left": Permission.ACT,
        "GET /reports": Permission.READ,
        "GET /reports/file": Permission.REPORTS,
        "GET /duties": Permission.READ,
        "POST /duties": Permission.REPORTS,
        "GET /accessibility": Permission.LOGIN,
        "GET /handover": Permission.READ,
        "POST /handover": Permission.SIGN,
        "POST /notes": Permission.NOTE,
        "POST /notes/{number}": Permission.NOTE,
        "GET /wall": Permission.WALL,
        "GET /wall.json": Permission.WALL,
        "GET /wall/events": Permission.WALL,
        "GET /wall/device": Permission.WALL,
        "GET /wall/list": Permission.WALL,
    }
)
RULES: Final[Mapping[str, Permission]] = MappingProxyType(
    {
        "GET /": Permission.READ,
        "GET /metrics": Permission.METRICS,
        "GET /sd": Permission.READ,
        "GET /sd/agents": Permission.METRICS,
        "GET /probe": Permission.CHECK,
        "GET /last-failure": Permission.READ,
        "GET /-/healthy": Permission.HEALTH,
        "GET /-/ready": Permission.HEALTH,
        "GET /-/agent": Permission.AGENT,
        "POST /-/reload": Permission.RELOAD,
        "GET /runbooks/": Permission.READ,
        "GET /runbooks/{name}": Permission.READ,
        "GET /login": Permission.LOGIN,
        "POST /login": Permission.LOGIN,
        "POST /logout": Permission.LOGIN,
        "GET /login/oidc": Permission.LOGIN,
        "GET /login/oidc/again": Permission.LOGIN,
        "GET /login/oidc/done": Permission.LOGIN,
        "GET /kiosk": Permission.LOGIN,
        "POST /kiosk": Permission.LOGIN,
        **OPERATORS,
    }
)
PUBLIC: Final = frozenset(page for page, rule in RULES.items() if rule in NOT_LOGGED_IN)


class GuardedRoute(Route):
    """A page that answers only those who may see it. Raises KeyError for one without a rule."""

    def __init__(self, path: str, endpoint: Any, *, methods: Sequence[str] = ("GET",)) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.permissions = {method: RULES[f"{method} {path}"] for method in methods}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, by 403 where it is not allowed."""
        permission = self.permissions.get(_method(scope))
        person = person_of(scope)
        if permission is None or person.may(permission):
            await super().handle(scope, receive, send)  # 405 for another method
            return
        words = person.refusal(permission)
        if on_refusal := scope.get(ON_REFUSAL):
            on_refusal(person, words)
        answer = refused(Headers(scope=scope), words, 403, person=person)
        await answer(scope, receive, send)


def person_of(scope: Scope) -> Person:
    """Who asks; nobody where no login has been seen."""
    found = scope.get(PERSON, NOBODY)
    return found if isinstance(found, Person) else NOBODY


def provider_of(scope: Scope) -> str:
    """What the identity provider is called, "" where there is none."""
    return str(scope.get(PROVIDER, ""))


def may_go_on(scope: Scope) -> bool:
    """Whether an answer that goes on may still be given: to a user, session or wall screen that
    was not taken away meanwhile.
    """
    lasts: Callable[[], bool] = scope.get(IDENTITY_LASTS, lambda: True)
    return lasts()


def is_public(scope: Scope) -> bool:
    """Whether the page is for those who have not logged in."""
    return f"{_method(scope)} {scope['path']}" in PUBLIC


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return "GET" if method == "HEAD" else method
