"""What every request must be and every answer carries: the name it was sent to, the page it came
from, safe headers.

Without a login a web page in a browser beside the agent could read the estate by DNS rebinding: a
name of its own that suddenly leads to 127.0.0.1. Such a request still says that name in ``Host``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.refusals import refused

SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy(),
    "Cross-Origin-Resource-Policy": "same-origin",
    # Without a referrer within the agent a browser would hide where a form comes from (Fetch, "append a
    # request Origin header"), and `Guard` would refuse it. No other site gets any.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
_OURS = ("", "same-origin", "none")


class Guard:
    """In front of `app`. `names` are the names, beside IP addresses and localhost, that the agent
    is reached by.
    """

    def __init__(self, app: ASGIApp, names: Callable[[], Collection[str]]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""

        async def safely(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] == "http":
            await (self._refusal(Request(scope)) or self._app)(scope, receive, safely)

    def _refusal(self, request: Request) -> Response | None:
        headers = request.headers
        if not _known(headers.getlist("host"), self._names()):
            words = "this name is not known here; add it to `hosts` of `agent` in config.yaml, or use the IP address"
            return PlainTextResponse(f"{words}\n", 421)
        if "transfer-encoding" in headers and "content-length" in headers:
            return PlainTextResponse(
                "Content-Length beside Transfer-Encoding\n", 400, {"Connection": "close"}
            )
        if _foreign(request):
            words = "this was requested by a page of another site, so nothing was done"
            return refused(headers, words, 403)
        return None


def _known(hosts: list[str], names: Collection[str]) -> bool:
    """Whether the Host of a request (RFC 9110, 7.2) is an IP address, localhost or one of `names`,
    with any port.

    A browser always sends one; a request of HTTP/1.0 without it cannot be by a name.
    """
    if not hosts:
        return True
    found = _HOST.fullmatch(hosts[0])
    if found is None:
        return False
    host = found[1].lower().removesuffix(".")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost" or host in names
    return True


def _foreign(request: Request) -> bool:
    """Whether a page of another site asks (Fetch Metadata, Origin). A link that leads here is no
    asking.
    """
    site, mode = (
        request.headers.get("sec-fetch-site", ""),
        request.headers.get("sec-fetch-mode", ""),
    )
    if request.method in ("GET", "HEAD"):
        framed = request.headers.get("sec-fetch-dest", "document") != "document"
        return site not in _OURS and (mode != "navigate" or framed)
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    return site not in _OURS or (
        origin is not None and origin.partition("://")[2].lower() != host.lower()
    )


def not_bare(headers: Headers) -> PlainTextResponse | None:
    """The answer to a POST that is more than an order without a body, None for one that is; a form
    is none.
    """
    remedy = "send no body: curl -X POST\n"
    if headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS:
        return PlainTextResponse(f"forms are not taken; {remedy}", 415, {"Connection": "close"})
    if headers.get("content-length", "0").strip("0") or "transfer-encoding" in headers:
        return PlainTextResponse(f"no body is taken; {remedy}", 413, {"Connection": "close"})
    return None
