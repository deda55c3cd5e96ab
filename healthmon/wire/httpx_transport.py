"""httpx (and with it zeep) through the one door: our capped exchange instead of a connection pool of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from healthmon.wire.errors import AddressError
from healthmon.wire.http import Place, Reply

Send = Callable[[str, str, list[tuple[str, str]], bytes], Awaitable[Reply]]

# What the exchange itself writes; httpx's own fields would contradict it.
_OWN = {
    "host",
    "connection",
    "accept-encoding",
    "content-length",
    "transfer-encoding",
    "user-agent",
}


class DoorTransport(httpx.AsyncBaseTransport):
    """Sends every request by `send` (method, path with query, header fields, body), to `place` and to nobody else."""

    def __init__(self, place: Place, send: Send) -> None:
        self._place = place
        self._send = send

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. Raises AddressError for a URL of another host or port, else WireError (never httpx's own)."""
        url, place = request.url, self._place
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.host, port, url.scheme == "https") != (
            place.host.lower(),
            place.port,
            place.tls is not None,
        ):
            raise AddressError("a URL leads to another address; it was not contacted")
        fields = [
            (name, value) for name, value in request.headers.items() if name.lower() not in _OWN
        ]
        body = await request.aread()
        reply = await self._send(request.method, url.raw_path.decode("ascii"), fields, body)
        return httpx.Response(
            reply.status, headers=list(reply.headers), content=reply.body, request=request
        )


def client(place: Place, send: Send) -> httpx.AsyncClient:
    """An httpx client for one place: no redirects, no proxies of the environment, deadlines left to the caller."""
    return httpx.AsyncClient(
        transport=DoorTransport(place, send),
        base_url=place.origin,
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113 - the deadline stands around the whole look
    )
