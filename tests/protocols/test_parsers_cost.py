"""No answer within its cap holds the event loop up: every parser against the worst that its
patterns might meet (G8).
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from healthmon.checks.evaluation.wording import plain
from healthmon.protocols import quirks
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.http import digest
from healthmon.protocols.onvif import soap
from healthmon.protocols.rtsp import framing, sdp
from healthmon.protocols.snmp import ber
from healthmon.protocols.transport import lockout_guard
from healthmon.protocols.ups import apcupsd, nut
from healthmon.protocols.values import dates, posix_tz
from healthmon.protocols.values import json as jsonread
from healthmon.protocols.vendor import dahua_cgi, isapi, rcp

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

MOST_SECONDS = 0.3  # of CPU, on a machine that may be slow
ALARM_SECONDS = 5.0
PIECES = (
    *" ,;:=\"'\\/.<>&#%()[]{}\t\r\n-+_0aA",
    "a=",
    'a="',
    '\\"',
    "a ",
    " a",
    "9 ",
    "a,",
    "[0].",
    "&#",
    "<a>",
    "=,",
)


def repeated(size: int) -> Iterator[str]:
    """Each piece again and again, alone and after a beginning that patterns wait for."""
    for piece in PIECES:
        yield piece * (size // len(piece))
    for start, piece in itertools.product(('Digest realm="', "x ", "a="), PIECES):
        yield start + piece * ((size - len(start)) // len(piece))


def text(
    parse: Callable[[str], object], size: int, start: str = ""
) -> tuple[Callable[[str], object], int, str]:
    return parse, size, start


def octets(
    parse: Callable[[bytes], object], size: int, start: str = ""
) -> tuple[Callable[[str], object], int, str]:
    return (lambda given: parse(given.encode()), size, start)


PARSERS = {
    "challenges": text(lambda given: digest.parse_challenges([given]), 16_000),
    "challenges in many fields": text(
        lambda given: digest.parse_challenges([given[:400]] * 40), 16_000, "Digest "
    ),
    "the next nonce": text(
        lambda given: digest.renewed(digest.Challenge("digest"), given), 16_000, "nextnonce"
    ),
    "a description": octets(sdp.video_of, 64_000, "v=0\r\n"),
    "a video section": octets(sdp.video_of, 64_000, "v=0\r\nm=video "),
    "formats": octets(sdp.video_of, 64_000, "v=0\r\nm=video 0 RTP/AVP 96\r\na=fmtp:96 sprop-vps"),
    "a map": octets(sdp.video_of, 64_000, "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 "),
    "a size": octets(sdp.video_of, 64_000, "v=0\r\nm=video 0 RTP/AVP 96\r\na=framesize:96 "),
    "a control path": text(lambda given: sdp.path_of(given, given, "/live"), 16_000),
    "headers": text(lambda given: framing.headers(given.split("\n")), 16_000),
    "attempts left": text(lockout_guard.attempts_left, 2_000, "9 "),
    "locked": text(lambda said: lockout_guard.says_locked(said, answered=True), 2_000, "too many "),
    "an address": text(quirks.target_of, 64_000, "http://192.0.2.1/x "),
    "an envelope": octets(soap.envelope_body, 250_000, "<Envelope><Body>"),
    "a fault": octets(
        lambda given: soap.fault_of(soap.envelope_body(given)), 250_000, "<Envelope><Body><Fault>"
    ),
    "variables of NUT": text(nut.parsed, 128_000, "VAR "),
    "fields of apcupsd": octets(apcupsd.parsed, 128_000),
    "an SNMP answer": octets(ber.parse, 65_000, "0"),
    "a date": text(dates.http_date, 16_000, "Tue, 24 Nov 2026 "),
    "a zone rule": text(posix_tz.posix_zone, 16_000, "GMT0BST,"),
    "a table": octets(dahua_cgi.table, 250_000, "list.info[0].x"),
    "JSON": octets(jsonread.parse, 250_000),
    "octets in words": text(rcp.octets, 64_000, "0a "),
    "a duration": text(dates.duration, 16_000, "PT"),
    "a moment": text(dates.moment, 16_000, "2026-01-01T"),
    "a line for people": text(plain, 250_000),
}


@contextlib.contextmanager
def alarm() -> Iterator[None]:
    """End what would never end."""

    def ring(*_: object) -> None:
        raise TimeoutError("it does not end")

    old = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, ALARM_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def cost(parse: Callable[[str], object], given: str) -> float:
    """CPU seconds of one answer; the better of two where the first seems dear."""
    times = []
    for _ in range(2):
        began = time.process_time()
        with alarm(), contextlib.suppress(ExchangeError, ValueError, TypeError, IndexError):
            parse(given)
        times.append(time.process_time() - began)
        if times[0] < MOST_SECONDS / 2:
            break
    return min(times)


NESTED: dict[str, tuple[Callable[[bytes], object], str]] = {
    "tracks in tracks": (
        isapi.tracks,
        f"<TrackList>{('<Track><id>101</id>' * 250 + '</Track>' * 250) * 37}</TrackList>",
    ),
    "lists in lists": (isapi.channel_states, f"[{','.join(['[' * 60 + ']' * 60] * 2100)}]"),
    "empty lists": (jsonread.parse, f"[{','.join(['[]'] * 80_000)}]"),
}


@pytest.mark.parametrize("name", NESTED)
def test_ff_f11_what_is_nested_costs_little(name: str) -> None:
    """50 ms, and thrice that on a machine that is slow."""
    parse, given = NESTED[name]
    assert cost(lambda told: parse(told.encode()), given) < 0.15


@pytest.mark.parametrize("name", PARSERS)
def test_g8_no_answer_within_the_cap_holds_the_loop_up(name: str) -> None:
    parse, size, start = PARSERS[name]
    for given in repeated(size - len(start)):
        assert cost(parse, start + given) < MOST_SECONDS, (start + given)[:60]
