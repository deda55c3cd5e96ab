"""One HTTP request to a configured address, and what its answer means: delivered, try again, or
never.

The request goes through the connector (`protocols.transport.connector`): to the configured host
only, capped, never redirected, under one absolute deadline. Its status alone decides: what is wrong
with the body of a "taken" would only make us send again. Errors name the host and never the path,
which may be a secret of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from healthmon.notifications.sender import SendError
from healthmon.protocols.errors import AddressError, ExchangeError
from healthmon.protocols.http.exchange import Endpoint, Reply, exchange, status_alone
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.values import dates

ANSWER_CAP = 256 * 1024
LONGEST_WAIT = 86400.0
_TRY_AGAIN = frozenset({408, 425, 429})
_WORDS = {
    400: "the receiver does not understand the message",
    401: "the receiver wants another login",
    403: "the receiver does not allow it",
    404: "the receiver knows no such address",
    410: "the address was given up",
    413: "the message is too large for the receiver",
    429: "too many messages; the receiver asks to wait",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A configured web address, taken apart: `place` is contacted, `path` (with query) is asked
    for.
    """

    place: Endpoint
    path: str

    @classmethod
    def of(cls, url: str, trust: ssl.SSLContext | None, server_name: str | None = None) -> Address:
        """From an ``http`` or ``https`` URL; `trust` is used for https, whose certificate must name
        the URL's host.
        """
        parts = urlsplit(url)
        host, tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(
            Endpoint(host, port, trust if tls else None, (server_name or host) if tls else None),
            path,
        )


@dataclass(slots=True)
class Web:
    """Sends requests to one address. `seconds` is the deadline of each, from the look-up of the
    name to its answer.
    """

    address: Address
    seconds: float
    connector: Connector

    @classmethod
    def to(cls, address: Address, seconds: float) -> Web:
        """With a connector of its own that opens to this host only."""
        return cls(address, seconds, Connector.of([address.place.host], connect_seconds=seconds))

    async def request(
        self, method: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Reply:
        """The answer, which is 2xx. Raises SendError for every other one and for none."""
        reply = await self.answer(method, headers, body)
        refuse(reply, self.address.place.host)
        return reply

    async def answer(
        self, method: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Reply:
        """The answer, whatever its status. Raises SendError where there is none."""
        place = self.address.place
        try:
            async with asyncio.timeout(self.seconds):
                return await exchange(
                    self.connector,
                    place,
                    method,
                    self.address.path,
                    headers=headers,
                    body=body,
                    cap=ANSWER_CAP,
                    enough=status_alone,
                )
        except TimeoutError:
            raise SendError(f"{place.host}: no complete answer in {self.seconds:g} s") from None
        except ExchangeError as error:
            raise SendError(
                f"{place.host}: {error}", permanent=isinstance(error, AddressError)
            ) from None

    def close(self) -> None:
        """End the resolver's threads."""
        self.connector.close()


def refuse(reply: Reply, host: str) -> None:
    """Raise SendError unless `reply` is 2xx.

    4xx is permanent except 408, 425 and 429 (RFC 9110 15.5.9, RFC 8470, RFC 6585); so is a
    redirect, which is not followed. 5xx is to be tried again.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        text = (
            f"{host}: HTTP {status}, a redirect, which is not followed; "
            "write the final address into the configuration"
        )
        raise SendError(text, permanent=True)
    words = f" ({_WORDS[status]})" if status in _WORDS else ""
    permanent = 400 <= status < 500 and status not in _TRY_AGAIN
    raise SendError(
        f"{host}: HTTP {status}{words}", permanent=permanent, retry_after=retry_after(reply)
    )


def retry_after(reply: Reply) -> float | None:
    """Seconds by ``Retry-After`` (RFC 9110 section 10.2.3: seconds or a date), at most a day; None
    where unreadable. A date is by the receiver's clock, which its ``Date`` shows.
    """
    value = (reply.header("retry-after") or "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    now = dates.http_date(reply.header("date")) or datetime.now(UTC)
    return min(max(0.0, (at - now).total_seconds()), LONGEST_WAIT)
