"""The Content-Security-Policy (level 3) of a page that needs nothing but what it carries itself."""

from __future__ import annotations

import base64
import hashlib

_CLOSED = ("base-uri 'none'", "frame-ancestors 'self'")


def policy(*more: str, style: str = "", script: str = "", forms: bool = False) -> str:
    """Nothing is loaded; exactly this inline `style` and `script` may run; `more` are further
    rules. With `forms` the page may send forms to the agent.
    """
    inline = [
        f"{name}-src '{_hash(text)}'"
        for name, text in (("style", style), ("script", script))
        if text
    ]
    form_action = "form-action 'self'" if forms else "form-action 'none'"
    return "; ".join(("default-src 'none'", *inline, *more, form_action, *_CLOSED))


def _hash(text: str) -> str:
    """The source expression of CSP level 3, 2.3.1."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
