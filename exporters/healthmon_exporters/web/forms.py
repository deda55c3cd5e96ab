"""What a person sends by a form of a page."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"
# The longest form has six texts of 1000 characters; a character has up to 12 bytes as a form sends it.
MOST_BYTES = 80_000
MOST_FIELDS = 20
BODY_SECONDS = 10.0


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form; none where it is no form, too large or too slow."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return {}
    raw = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > MOST_BYTES:
                    return {}
    except TimeoutError:
        return {}
    try:
        fields = parse_qs(raw.decode(), max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def page_of(request: Request) -> str:
    """The page that is asked for, or the one that a form was on: where to come back to."""
    if request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return f"{request.url.path}{query}"
    path = urlsplit(request.headers.get("referer", "")).path or request.url.path
    # A form that is sent to its own page says there what it is about, such as the camera of a walk.
    query = request.url.query if request.url.path == path else ""
    return f"{path}?{query}" if query else path
