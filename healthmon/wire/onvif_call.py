"""One ONVIF operation of any service: the request by onvif-zeep's bindings, the answer found by local names.

Addresses that a device names (XAddr, stream URI) are used for their path only: the host is always the configured one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from healthmon.wire import soap, trace
from healthmon.wire.errors import ProtocolError, WireError
from healthmon.wire.http import Place, Reply
from healthmon.wire.net import Net
from healthmon.wire.soap_login import Held, Login, post


@dataclass(frozen=True, slots=True)
class Calls:
    """Where the operations of one service are sent, and with which login. `service` is onvif-zeep's name of it.

    `held` is what one look has learned about the login.
    """

    net: Net
    place: Place
    path: str
    login: Login
    service: str = "devicemgmt"
    held: Held = field(default_factory=Held)

    def at(self, service: str, path: str) -> Calls:
        """The same device and login, another of its services."""
        return replace(self, service=service, path=path)


async def call(calls: Calls, operation: str, **arguments: object) -> etree._Element:
    """The response element of one operation; `arguments` are those of the WSDL.

    Raises what `post` raises, and ProtocolError for an answer that holds no response.
    """
    trace.stage(f"answer to ONVIF {operation}")
    docs = await _docs(calls.service, operation)

    async def send(_method: str, path: str, fields: list[tuple[str, str]], body: bytes) -> Reply:
        return await post(
            calls.net, calls.place, path, body, calls.login, calls.held, fields=fields
        )

    try:
        reply = await docs.proxy(calls.service, operation, calls.place, calls.path, send)(
            **arguments
        )
    except WireError:
        raise
    except Exception as error:  # noqa: BLE001 - zeep has no one root of its errors
        raise ProtocolError(f"{operation}: request not possible ({type(error).__name__})") from None
    return _response(reply.content, operation)


async def call_plain(
    calls: Calls, namespace: str, operation: str, fields: tuple[tuple[str, str], ...] = ()
) -> etree._Element:
    """The same for a service that onvif-zeep has no WSDL of: `fields` are the texts inside the operation, in order."""
    trace.stage(f"answer to ONVIF {operation}")
    envelope = soap.request(namespace, operation, fields)
    reply = await post(calls.net, calls.place, calls.path, envelope, calls.login, calls.held)
    return _response(reply.body, operation)


def _response(body: bytes, operation: str) -> etree._Element:
    found = soap.find(soap.envelope_body(body), f"{operation}Response")
    if found is None:
        raise ProtocolError(f"{operation}: the answer holds no {operation}Response")
    return found


def path_of(uri: str, host: str, what: str) -> str:
    """Path and query of `uri`; another host in it is noted and goes no further. Raises ProtocolError for no URI."""
    try:
        parts = urlsplit(uri.strip().replace("&amp;", "&"))  # some escape it twice
        named = parts.hostname or host
    except ValueError:
        raise ProtocolError(f"the address of the {what} is not a URI") from None
    if any(ord(c) <= 32 or ord(c) > 126 for c in parts.path + parts.query):
        raise ProtocolError(f"the address of the {what} holds characters that may not be sent")
    if named.lower() != host.lower():
        trace.note(
            ".",
            f"{what}: the device names host {named[:64]}; not contacted, {host} is used (address_mismatch)",
        )
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


async def _docs(service: str, operation: str) -> Any:
    """The module with the parsed WSDLs; the slow first time happens in a thread."""

    def prepare() -> Any:
        from healthmon.wire import onvif_docs

        onvif_docs.document(service, operation)
        return onvif_docs

    global _loaded
    if _loaded is None or not _loaded.ready(service, operation):
        _loaded = await asyncio.to_thread(prepare)
    return _loaded


_loaded: Any = None
