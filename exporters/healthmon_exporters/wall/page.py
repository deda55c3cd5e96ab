"""The one page of the wall: this package's assets put together, colours of the palette, a strict
policy by hashes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

from healthmon_exporters.web import palette
from healthmon_exporters.web.csp import policy

_SCRIPTS = ("words.js", "life.js", "draw.js", "layout.js", "details.js", "lists.js", "main.js")
_COLOURS = {
    **{name.replace("_", "-"): colour for name, colour in palette.STATES.items()},
    **{f"ink-{name.replace('_', '-')}": colour for name, colour in palette.INK.items()},
    "background": palette.BACKGROUND,
    "surface": palette.SURFACE,
    "text": palette.TEXT,
    "quiet": palette.QUIET_TEXT,
    "focus": palette.FOCUS,
}


@dataclass(frozen=True, slots=True)
class Page:
    """The document and the Content-Security-Policy that lets exactly its own style and
    script run.
    """

    body: bytes
    policy: str


@functools.cache
def page() -> Page:
    """The page; it holds nothing of the estate, which comes by the events."""
    style = (
        ":root{"
        + "".join(f"--{name}:{colour};" for name, colour in _COLOURS.items())
        + "}\n"
        + _asset("wall.css")
    )
    script = '"use strict";\n(() => {\n' + "\n".join(_asset(name) for name in _SCRIPTS) + "})();\n"
    text = _asset("wall.html").replace("/*STYLE*/", style).replace("/*SCRIPT*/", script)
    rules = policy("connect-src 'self'", "img-src data:", style=style, script=script)
    return Page(text.encode(), rules)


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
