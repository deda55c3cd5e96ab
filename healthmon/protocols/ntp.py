"""SNTP client (RFC 5905, RFC 4330): one answer of one server as an interval of (server minus our
wall clock).
"""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
from dataclasses import dataclass

from healthmon.protocols import trace
from healthmon.protocols.errors import ExchangeError, ProtocolError, RefusedError, from_os
from healthmon.protocols.transport.connector import Connector

NTP_TO_UNIX = 2208988800
ERA = 1 << 32
FLOOR = 0.001
DRIFT = 15e-6
STEP = 0.005
MOST_ROOT_DISTANCE = 1.0
_KISSES = {
    "RATE": "asks for fewer requests (RATE)",
    "DENY": "refuses to answer this machine (DENY)",
    "RSTR": "refuses to answer this machine (RSTR)",
}
_PACKET = struct.Struct(">BBbb11I")


@dataclass(frozen=True, slots=True)
class NtpReply:
    """A server's answer: `offset` = server minus our wall clock, `error` its bound, seconds. `leap` is
    its leap indicator: 0 none, 1 the last minute of the day has 61 seconds, 2 it has 59 (RFC 5905
    section 7.3).
    """

    offset: float
    error: float
    stratum: int
    delay: float
    leap: int = 0


class UnsynchronisedError(ProtocolError):
    """The server says itself that it has no time (LI 3, stratum 0 or 16).

    `kiss` is the code that comes with stratum 0 (RFC 5905 section 7.4): RATE asks for fewer
    requests, DENY and RSTR for none.
    """

    def __init__(self, kiss: str = "") -> None:
        super().__init__(
            _KISSES.get(kiss) or f"says that it is not synchronised{f' ({kiss})' if kiss else ''}"
        )
        self.kiss = kiss


class _Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[tuple[bytes, float, float]] = (
            asyncio.get_running_loop().create_future()
        )
        self.cookie = b""

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take the first answer that echoes our cookie; others are strangers' or late."""
        del addr
        if len(data) >= 48 and data[24:32] == self.cookie and not self.answer.done():
            self.answer.set_result((data, time.time(), time.monotonic()))

    def error_received(self, exc: Exception) -> None:
        """The port is closed."""
        if not self.answer.done():
            self.answer.set_exception(from_os(exc, "NTP"))


async def query(connector: Connector, host: str, port: int = 123, *, wait: float = 1.5) -> NtpReply:
    """Ask one server once. Raises UnsynchronisedError, ProtocolError, RefusedError, TimeoutError
    after `wait`.
    """
    trace.stage(f"answer of time server {host}")
    transport, client = await connector.udp(host, port, _Client)
    try:
        client.cookie = secrets.token_bytes(8)
        packet = bytes([0x23]) + bytes(39) + client.cookie
        wall, mono = time.time(), time.monotonic()
        transport.sendto(packet)
        async with asyncio.timeout(wait):
            data, wall_end, mono_end = await client.answer
    finally:
        client.answer.cancel()
        transport.close()
    if abs((wall_end - wall) - (mono_end - mono)) > STEP:
        raise ProtocolError("our own clock was stepped during the query")
    return parsed(data, wall, wall_end)


def _kiss(refid: int) -> str:
    """The kiss code of a reference identifier (RFC 5905 section 7.4), "" where it is none."""
    text = refid.to_bytes(4, "big").rstrip(b"\0").decode("ascii", "replace")
    return text if text.isalpha() and text.isascii() else ""


def parsed(data: bytes, sent: float, received: float) -> NtpReply:
    """The reply in `data` to a query sent and received at wall times. Raises UnsynchronisedError,
    ProtocolError.
    """
    first, stratum, _poll, precision, delay, dispersion, refid, *stamps = _PACKET.unpack_from(data)
    if first & 7 != 4:
        raise ProtocolError("not a time server's answer")
    if first >> 6 == 3 or not 1 <= stratum <= 15:
        raise UnsynchronisedError(_kiss(refid) if stratum == 0 else "")
    came, left = (_unix(stamps[n], stamps[n + 1], received) for n in (4, 6))
    held = left - came
    possible = any(stamps[4:6]) and any(stamps[6:8])
    if not possible or not -FLOOR <= held <= received - sent + FLOOR:
        raise ProtocolError("answer with impossible times")
    root = delay / 65536 / 2 + dispersion / 65536
    if root > MOST_ROOT_DISTANCE:
        raise ProtocolError(f"too far from its source (root distance {root:.1f} s)")
    trip = max(0.0, (received - sent) - held)
    error = root + trip / 2 + 2.0 ** max(-30, min(precision, 0)) + DRIFT * (received - sent)
    offset = ((came - sent) + (left - received)) / 2
    return NtpReply(offset, max(FLOOR, error), stratum, trip, first >> 6)


def _unix(seconds: int, fraction: int, near: float) -> float:
    """An NTP timestamp as Unix seconds, in the era that is nearest to `near` (RFC 5905
    section 6).
    """
    unix = seconds - NTP_TO_UNIX + fraction / ERA
    return unix + round((near - unix) / ERA) * ERA


def state_of(error: Exception) -> tuple[str, str]:
    """(state, words) of a server that gave no reply, for the list of time servers."""
    if isinstance(error, UnsynchronisedError):
        return "bad" if error.kiss in _KISSES else "unsynchronised", str(error)
    if isinstance(error, TimeoutError):
        return "silent", "no answer"
    if isinstance(error, RefusedError):
        return "silent", "port closed"
    return "bad", str(error) if isinstance(error, ExchangeError) else type(error).__name__
