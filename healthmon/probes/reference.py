"""What time is it? Asks the configured servers and outvotes liars (Marzullo, RFC 5905 11.2.1)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from healthmon.model import Ask, Device, Reference, Span, TimeServer
from healthmon.probes.tools import Tools
from healthmon.wire import hostclock, ntp
from healthmon.wire.errors import ResourceError, WireError

TRIES = 2
HELD_OFF = {"RATE": 300.0, "DENY": 3600.0, "RSTR": 3600.0}
KEPT_SECONDS = 900.0
WIDENING = 50e-6
HOST_ERROR = 0.5
MOST_STEP = 0.05


async def look(device: Device, ask: Ask, tools: Tools) -> Reference:
    """True time minus our wall clock, or a reference without offset and the reason in words.

    Raises ResourceError where this machine had nothing to ask with: that is no server's fault.
    """
    del device, ask
    asked = (_asked(tools, host, port) for host, port in tools.time_servers)
    members: list[TimeServer] = []
    for found in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(found, BaseException):
            raise found
        members.append(found)
    return decided(members, hostclock.read(), time.time())


async def _asked(tools: Tools, host: str, port: int) -> TimeServer:
    """What one server says; it is asked again only where nothing came back, because that may have been lost.

    A server that sends a kiss code is left alone for a while (RFC 5905 section 7.4).
    """
    until, words = tools.kissed.get((host, port), (0.0, ""))
    if time.monotonic() < until:
        return TimeServer(host, "bad", detail=words)
    failure: Exception = TimeoutError()
    for _ in range(TRIES):
        try:
            reply = await ntp.query(tools.net, host, port)
        except TimeoutError as error:
            failure = error
        except ResourceError:
            raise
        except WireError as error:
            failure = error
            break
        else:
            span = Span(reply.offset - reply.error, reply.offset + reply.error)
            return TimeServer(host, "good", span, reply.stratum)
    state, words = ntp.state_of(failure)
    if isinstance(failure, ntp.UnsynchronisedError) and failure.kiss in HELD_OFF:
        tools.kissed[host, port] = (time.monotonic() + HELD_OFF[failure.kiss], words)
    return TimeServer(host, state, detail=words)


def majority(spans: Sequence[Span]) -> tuple[Span, int] | None:
    """The interval of all points that more than half of `spans` hold, and how many agree at best; None without such.

    The true offset is inside whenever most of the spans are right, even where wrong ones overlap right ones.
    """
    need = len(spans) // 2 + 1
    held = {
        point: sum(s.low <= point <= s.high for s in spans)
        for s in spans
        for point in (s.low, s.high)
    }
    points = [point for point, count in held.items() if count >= need]
    return (Span(min(points), max(points)), max(held.values())) if points else None


def decided(
    members: Sequence[TimeServer], host: hostclock.HostClock | None, now: float
) -> Reference:
    """The reference that `members` (and, alone or as second opinion, the kernel's clock) support."""
    spans = [member.offset for member in members if member.offset is not None]
    found = majority(spans)
    if found is None and spans:
        return _none(
            members, now, f"{len(spans)} time servers contradict each other and none has a majority"
        )
    if found is None:
        return _from_host(members, host, now)
    span, count = found
    judged = tuple(_judged(member, span) for member in members)
    if (
        count == 1
        and host is not None
        and host.synchronised
        and abs(span.middle) > host.error + span.error
    ):
        words = (
            "the only time server that answers contradicts the synchronised clock of this machine"
        )
        return _none(judged, now, words)
    return Reference(span, now, count, len(members), members=judged)


def _judged(member: TimeServer, span: Span) -> TimeServer:
    offset = member.offset
    if offset is None or (offset.low <= span.high and span.low <= offset.high):
        return member
    return replace(
        member, state="false", detail=f"{offset.middle - span.middle:+.1f} s off; outvoted"
    )


def _from_host(
    members: Sequence[TimeServer], host: hostclock.HostClock | None, now: float
) -> Reference:
    if host is not None and host.synchronised and host.error < HOST_ERROR:
        return Reference(
            Span(-host.error, host.error), now, 0, len(members), members=tuple(members)
        )
    asked = (
        "no time server is configured" if not members else "no time server gives a usable answer"
    )
    return _none(members, now, f"{asked} and the clock of this machine is not synchronised")


def _none(members: Sequence[TimeServer], now: float, words: str) -> Reference:
    return Reference(None, now, 0, len(members), words, tuple(members))


def aged(reference: Reference, now: float, stepped: float = 0.0) -> Reference:
    """`reference` as of `now`: its error grows by 50 ppm, and after 15 minutes it is none.

    Nor is it one when our wall clock was stepped since, by `stepped` seconds against the monotonic clock.
    """
    if reference.offset is None:
        return reference
    if abs(stepped) > MOST_STEP:
        words = f"the clock of this machine was stepped by {stepped:+.1f} s since a time server last answered"
        return replace(reference, offset=None, reason_text=words)
    age = abs(now - reference.at)
    if age > KEPT_SECONDS:
        words = f"the last good answer of a time server is {age / 60:.0f} min old"
        return replace(reference, offset=None, reason_text=words)
    wider = WIDENING * age
    return replace(
        reference, offset=Span(reference.offset.low - wider, reference.offset.high + wider)
    )
