"""No answer within its cap holds the event loop up: every parser against the worst that its patterns might meet (G8)."""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from healthmon.verdict import posix
from healthmon.verdict.words import plain
from healthmon.wire import (
    apcupsd,
    ber,
    dahua_cgi,
    digest,
    jsonread,
    logins,
    moments,
    nut,
    rcp,
    rtsp_head,
    sdp,
    soap,
)
from healthmon.wire.errors import WireError

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
    "headers": text(lambda given: rtsp_head.headers(given.split("\n")), 16_000),
    "attempts left": text(logins.attempts_left, 2_000, "9 "),
    "locked": text(logins.says_locked, 2_000, "too many "),
    "an envelope": octets(soap.envelope_body, 250_000, "<Envelope><Body>"),
    "a fault": octets(
        lambda given: soap.fault_of(soap.envelope_body(given)), 250_000, "<Envelope><Body><Fault>"
    ),
    "variables of NUT": text(nut.parsed, 128_000, "VAR "),
    "fields of apcupsd": octets(apcupsd.parsed, 128_000),
    "an SNMP answer": octets(ber.parse, 65_000, "0"),
    "a date": text(moments.http_date, 16_000, "Tue, 24 Nov 2026 "),
    "a zone rule": text(posix.posix_zone, 16_000, "GMT0BST,"),
    "a table": octets(dahua_cgi.table, 250_000, "list.info[0].x"),
    "JSON": octets(jsonread.parse, 250_000),
    "octets in words": text(rcp.octets, 64_000, "0a "),
    "a duration": text(moments.duration, 16_000, "PT"),
    "a moment": text(moments.moment, 16_000, "2026-01-01T"),
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
        with alarm(), contextlib.suppress(WireError, ValueError, TypeError, IndexError):
            parse(given)
        times.append(time.process_time() - began)
        if times[0] < MOST_SECONDS / 2:
            break
    return min(times)


@pytest.mark.parametrize("name", PARSERS)
def test_g8_no_answer_within_the_cap_holds_the_loop_up(name: str) -> None:
    parse, size, start = PARSERS[name]
    for given in repeated(size - len(start)):
        assert cost(parse, start + given) < MOST_SECONDS, (start + given)[:60]
