"""Search sessions of ONVIF Profile G: begun, read page by page, ended whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from healthmon.protocols.errors import ExchangeError, ProtocolError
from healthmon.protocols.onvif import profile_g
from healthmon.protocols.onvif import profile_g_requests as checks
from healthmon.protocols.values.xml import Element
from healthmon.vendors.client import VendorClient

PAGE = 50
EVENT_PAGE = 200
WAIT = 5.0
MOST_PAGES = 100
MOST_REPEATED = 5
PAUSE = 0.5
END_SECONDS = 1.0
T = TypeVar("T")


async def recordings(contact: VendorClient, path: str) -> tuple[profile_g.Found, ...]:
    """Every recording by FindRecordings. Raises ExchangeError."""
    begun = profile_g.search_token(
        (await contact.soap(path, checks.FIND_RECORDINGS)).body, "FindRecordings"
    )
    page = checks.get_results("GetRecordingSearchResults", begun, PAGE, WAIT)
    done, found = await _results(
        contact, path, begun, page, profile_g.recordings_page, lambda one: one.token
    )
    if not done:
        raise ProtocolError("FindRecordings: the search does not come to an end")
    return tuple({one.token: one for one in found}.values())


async def events(
    contact: VendorClient, path: str, span: tuple[float, float], topics: str
) -> tuple[bool, list[profile_g.Event]]:
    """(whether it is all, events) of `topics` from span[0] to span[1], Unix seconds. Raises
    ExchangeError.
    """
    begun = profile_g.search_token(
        (await contact.soap(path, checks.find_events(*span, topics))).body, "FindEvents"
    )
    page = checks.get_results("GetEventSearchResults", begun, EVENT_PAGE, WAIT)
    return await _results(contact, path, begun, page, profile_g.events_page, _event)


def _event(event: profile_g.Event) -> Hashable:
    said = (*event.source.values(), *event.data.values())
    return (event.at, event.topic, event.recording, event.track, *said)


async def _results(
    contact: VendorClient,
    path: str,
    token: str,
    page: bytes,
    parse: Callable[[Element], tuple[bool, Iterable[T]]],
    name: Callable[[T], Hashable],
) -> tuple[bool, list[T]]:
    """Every page of a search session; one that is not completed (completion ends it) is ended, also
    when cut. A page with nothing but what was told before brings nothing; `name` tells what is the
    same.
    """
    found: list[T] = []
    known: set[Hashable] = set()
    done, again = False, 0
    try:
        for _ in range(MOST_PAGES):
            done, some = parse((await contact.soap(path, page)).body)
            found += some
            names = {name(one) for one in some}
            again = again + 1 if names and names <= known else 0
            if done or again == MOST_REPEATED:
                break
            if names <= known:
                await asyncio.sleep(PAUSE)
            known |= names
    finally:
        if not done:
            await asyncio.shield(asyncio.create_task(_end(contact, path, token)))
    return done, found


async def _end(contact: VendorClient, path: str, token: str) -> None:
    with contextlib.suppress(ExchangeError, TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            await contact.soap(path, checks.end_search(token))
