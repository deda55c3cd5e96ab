"""The look of the pages that need no template: login, runbooks, refusals, the list of addresses."""

from __future__ import annotations

from typing import Final

# `Canvas` is white or black as the reader's system has it; a focus is seen in forced colours too.
STYLE: Final = (
    ":root{color-scheme:light dark;background:Canvas;color:CanvasText}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "h1{font-size:1.4rem}:focus-visible{outline:3px solid;outline-offset:2px}"
    "[role=alert]{border-left:.4rem solid;padding-left:.7rem;font-weight:bold}"
)
