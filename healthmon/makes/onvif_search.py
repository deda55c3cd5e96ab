"""Search sessions of ONVIF Profile G: begun, read page by page, ended whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import TypeVar

from healthmon.makes.contact import Contact
from healthmon.wire import profile_g as g
from healthmon.wire import profile_g_asks as asks
from healthmon.wire.errors import ProtocolError, WireError

PAGE = 50
EVENT_PAGE = 200
WAIT = 5.0
MOST_PAGES = 100
PAUSE = 0.5
END_SECONDS = 1.0
T = TypeVar("T")


async def recordings(contact: Contact, path: str) -> tuple[g.Found, ...]:
    """Every recording by FindRecordings. Raises WireError."""
    begun = g.search_token((await contact.soap(path, asks.FIND_RECORDINGS)).body, "FindRecordings")
    page = asks.get_results("GetRecordingSearchResults", begun, PAGE, WAIT)
    done, found = await _results(contact, path, begun, page, g.recordings_page)
    if not done:
        raise ProtocolError("FindRecordings: the search does not come to an end")
    return tuple({one.token: one for one in found}.values())


async def events(
    contact: Contact, path: str, span: tuple[float, float], topics: str
) -> tuple[bool, list[g.Event]]:
    """(whether it is all, events) of `topics` from span[0] to span[1], Unix seconds. Raises WireError."""
    begun = g.search_token(
        (await contact.soap(path, asks.find_events(*span, topics))).body, "FindEvents"
    )
    page = asks.get_results("GetEventSearchResults", begun, EVENT_PAGE, WAIT)
    return await _results(contact, path, begun, page, g.events_page)


async def _results(
    contact: Contact,
    path: str,
    token: str,
    page: bytes,
    parse: Callable[[bytes], tuple[bool, Iterable[T]]],
) -> tuple[bool, list[T]]:
    """Every page of a search session; one that is not completed (completion ends it) is ended, also when cut."""
    found: list[T] = []
    done = False
    try:
        for _ in range(MOST_PAGES):
            done, some = parse((await contact.soap(path, page)).body)
            before = len(found)
            found += some
            if done:
                break
            if len(found) == before:
                await asyncio.sleep(PAUSE)
    finally:
        if not done:
            await asyncio.shield(asyncio.create_task(_end(contact, path, token)))
    return done, found


async def _end(contact: Contact, path: str, token: str) -> None:
    with contextlib.suppress(WireError, TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            await contact.soap(path, asks.end_search(token))
