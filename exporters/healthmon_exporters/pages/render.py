"""Templates to answers: every value is escaped, exactly this package's style and script may run."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from healthmon.access.roles import Permission
from healthmon.checks.evaluation.durations import duration
from healthmon.incidents.local_time import shown
from healthmon.model.count_words import count_of
from healthmon_exporters.pages.footage_bar import WORDS as FOOTAGE_WORDS
from healthmon_exporters.pages.strips import WORDS, Strip
from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.forms import page_of
from healthmon_exporters.web.rules import person_of, provider_of

PAGES = (
    ("/desk", "Desk"),
    ("/walk", "Walk"),
    ("/handover", "Handover"),
    ("/faults", "Faults"),
    ("/devices", "Devices"),
    ("/maintenance", "Maintenance"),
    ("/reports", "Reports"),
    ("/wall", "Wall"),
    ("/runbooks/", "Runbooks"),
)


class Renderer:
    """Makes the pages of the estate `estate`, with local times of `zone`."""

    def __init__(self, estate: str, zone: Callable[[], str], *, simulated: bool) -> None:
        self._estate, self._zone, self._simulated = estate, zone, simulated

    def page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        """The template `name` with `values` as an answer."""
        environment = _environment()
        template = environment.get_template(f"{name}.html")
        zone, person = self._zone(), person_of(request.scope)
        body = template.render(
            {"problem": "", "done": ""}
            | values
            | {
                "estate": self._estate,
                "simulated": self._simulated,
                "zone": zone,
                "pages": PAGES,
                "here": request.url.path,
                "person": person.name,
                "provider": provider_of(request.scope),
                "may": lambda word: person.may(Permission(word)),
                "new_mark": new_mark,
                "back": page_of(request),
                "local": ZoneInfo(zone),
            }
        )
        return HTMLResponse(body, status, headers=_headers())

    def day_after(self, day: str) -> float:
        """When the local day after `day` (``2026-11-29``) begins, as Unix seconds. Raises ValueError,
        OverflowError.
        """
        after = date.fromisoformat(day) + timedelta(days=1)
        return datetime.combine(after, time(), ZoneInfo(self._zone())).timestamp()

    def message(self, request: Request, words: str, status: int) -> Response:
        """A page that only says why there is no other."""
        return self.page(request, "message", status, problem=words)

    def no_record(self, request: Request, error: Exception) -> Response:
        """The page where the record cannot be read."""
        return self.message(request, f"The record cannot be read now: {error}", 503)


@functools.cache
def _headers() -> dict[str, str]:
    rules = policy(
        "connect-src 'self'", "img-src data:", style=_style(), script=_script(), forms=True
    )
    return {"Content-Security-Policy": rules}


@functools.cache
def _environment() -> Any:
    """The templates. Jinja2 is loaded with the first page: few agents are asked for one at once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"style": Markup(_style()), "script": Markup(_script())}  # noqa: S704 - files of this package
    made.globals["footage_words"] = FOOTAGE_WORDS
    made.filters |= {
        "moment": pass_context(lambda context, at: shown(at, context["local"])),
        "duration": duration,
        "strip_words": strip_words,
        "count_of": count_of,
    }
    return made


@functools.cache
def _style() -> str:
    return _asset("pages.css") + _asset("shift.css")


@functools.cache
def _script() -> str:
    parts = ("pages.js", "drafts.js", "shift.js")
    return '"use strict";\n(() => {\n' + "".join(map(_asset, parts)) + "})();\n"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def new_mark() -> str:
    """The mark of one form: what is sent twice with it is entered once."""
    return secrets.token_urlsafe(18)


def strip_words(strip: Strip) -> str:
    """A strip for those who do not see it: which part of the time it was in which state."""
    shares = [(words, strip.share(state)) for state, words in WORDS.items()]
    return ", ".join(
        f"{words} {share:.1%} of the time on record" for words, share in shares if share
    )
