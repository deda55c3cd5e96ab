"""What time is it? Asks the configured servers and outvotes liars (Marzullo, RFC 5905 11.2.1)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Check, Device
from healthmon.model.enums import Span
from healthmon.model.measurements import Reference, TimeServer
from healthmon.protocols import ntp
from healthmon.protocols.errors import ExchangeError, ResourceError
from healthmon.protocols.host import clock as hostclock

TRIES = 2
HELD_OFF = {"RATE": 300.0, "DENY": 3600.0, "RSTR": 3600.0}
KEPT_SECONDS = 900.0
WIDENING = 50e-6
HOST_ERROR = 0.5
MOST_STEP = 0.05


async def probe(device: Device, check: Check, context: ProbeContext) -> Reference:
    """True time minus our wall clock, or a reference without offset and the reason in words.

    Raises ResourceError where this machine had nothing to ask with: that is no server's fault.
    """
    del device, check
    asked = (_queried(context, host, port) for host, port in context.time_servers)
    members: list[TimeServer] = []
    for found in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(found, BaseException):
            raise found
        members.append(found)
    return decided(members, hostclock.read(), time.time())


async def _queried(context: ProbeContext, host: str, port: int) -> TimeServer:
    """What one server says; it is asked again only where nothing came back, because that may have
    been lost.

    A server that sends a kiss code is left alone for a while (RFC 5905 section 7.4).
    """
    until, words = context.kiss_of_death_until.get((host, port), (0.0, ""))
    if time.monotonic() < until:
        return TimeServer(host, "bad", detail=words)
    failure: Exception = TimeoutError()
    for _ in range(TRIES):
        try:
            reply = await ntp.query(context.connector, host, port)
        except TimeoutError as error:
            failure = error
        except ResourceError:
            raise
        except ExchangeError as error:
            failure = error
            break
        else:
            span = Span(reply.offset - reply.error, reply.offset + reply.error)
            return TimeServer(host, "good", span, reply.stratum, leap=reply.leap)
    state, words = ntp.state_of(failure)
    if isinstance(failure, ntp.UnsynchronisedError) and failure.kiss in HELD_OFF:
        context.kiss_of_death_until[host, port] = (time.monotonic() + HELD_OFF[failure.kiss], words)
    return TimeServer(host, state, detail=words)


def majority(spans: Sequence[Span]) -> tuple[Span, int] | None:
    """The interval of all points that more than half of `spans` hold, and how many agree at best;
    None without such.

    The true offset is inside whenever most of the spans are right, even where wrong ones overlap
    right ones.
    """
    need = len(spans) // 2 + 1
    held = {
        point: sum(s.low <= point <= s.high for s in spans)
        for s in spans
        for point in (s.low, s.high)
    }
    points = [point for point, count in held.items() if count >= need]
    return (Span(min(points), max(points)), max(held.values())) if points else None


def _contradicts(host: hostclock.HostClock | None, span: Span) -> bool:
    """Whether the synchronised clock of this machine is another than `span` says."""
    if host is None or not host.synchronised:
        return False
    return abs(span.middle) > host.error + span.error


def decided(
    members: Sequence[TimeServer], host: hostclock.HostClock | None, now: float
) -> Reference:
    """The reference that `members` (and, alone or as second opinion, the kernel's clock)
    support.
    """
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
    if count == 1 and _contradicts(host, span):
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

    Nor is it one when our wall clock was stepped since, by `stepped` seconds against the monotonic
    clock.
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
