"""The cookies of logins and wall screens (RFC 6265): for this host only, never for scripts, by TLS
only where there is TLS.
"""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

SESSION = "healthmon-session"
KIOSK = "healthmon-kiosk"
# Ties a login by the identity provider to the browser that has begun it.
OIDC = "healthmon-oidc"
# Browsers keep no cookie for longer (RFC 6265bis, 5.5). It is renewed each time the wall is opened.
KIOSK_SECONDS = 400 * 86400


def token_of(request: Request, name: str) -> str:
    """The value of our cookie `name`, "" without one."""
    return request.cookies.get(_full(request, name), "")


def put(response: Response, request: Request, name: str, token: str) -> None:
    """Have the browser keep a login until it is closed (`SESSION`, `OIDC`), or a wall screen (`KIOSK`)
    for good.
    """
    same_site: Literal["lax", "strict"] = "strict" if name == KIOSK else "lax"
    response.set_cookie(
        _full(request, name),
        token,
        max_age=KIOSK_SECONDS if name == KIOSK else None,
        secure=_by_tls(request),
        httponly=True,
        samesite=same_site,
    )


def drop(response: Response, request: Request, name: str) -> None:
    """Have the browser forget it."""
    response.delete_cookie(
        _full(request, name), secure=_by_tls(request), httponly=True, samesite="lax"
    )


def _by_tls(request: Request) -> bool:
    return request.url.scheme == "https"


def _full(request: Request, name: str) -> str:
    """By TLS with the prefix that binds a cookie to this host (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if _by_tls(request) else name
