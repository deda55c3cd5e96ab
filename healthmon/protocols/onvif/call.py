"""One ONVIF operation of any service: a prepared envelope, the answer found by local names.

Addresses that a device names (XAddr, stream URI) are used for their path only: the host is always
the configured one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from healthmon.protocols import quirks, trace
from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import soap
from healthmon.protocols.onvif.soap_auth import Held, Login, post
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.values import xml
from healthmon.protocols.values.xml import Element


@dataclass(frozen=True, slots=True)
class Calls:
    """Where the operations of one service are sent, and with which login. `namespace` is that of
    the service's WSDL.

    `held` is what one check has learned about the login.
    """

    connector: Connector
    place: Endpoint
    path: str
    login: Login
    namespace: str = soap.NS_DEVICE
    held: Held = field(default_factory=Held)

    def at(self, namespace: str, path: str) -> Calls:
        """The same device and login, another of its services."""
        return replace(self, namespace=namespace, path=path)


async def call(calls: Calls, operation: str, inside: str = "") -> Element:
    """The response element of one operation; `inside` is the XML of its arguments, in the order of
    the WSDL.

    Raises what `post` raises, and ProtocolError for an answer that holds no response.
    """
    trace.stage(f"answer to ONVIF {operation}")
    envelope = soap.envelope(calls.namespace, operation, inside)
    # RFC 3902, parameter action: most devices go by the Body, some by this.
    kind = f'{soap.CONTENT_TYPE}; action="{calls.namespace}/{operation}"'
    answer = await post(
        calls.connector,
        calls.place,
        calls.path,
        envelope,
        calls.login,
        calls.held,
        fields=[("Content-Type", kind)],
    )
    found = xml.find(answer.body, f"{operation}Response")
    if found is None:
        raise ProtocolError(f"{operation}: the answer holds no {operation}Response")
    return found


def path_of(uri: str, host: str, what: str) -> str:
    """Path and query of `uri`; another host in it is noted and goes no further. Raises
    ProtocolError where it holds what may not be sent.
    """
    named, path = quirks.target_of(uri.replace("&amp;", "&"))  # some escape it twice
    if "[" in named:
        raise ProtocolError(f"the address of the {what} is not a URI")
    if any(ord(c) <= 32 or ord(c) > 126 for c in path):
        raise ProtocolError(f"the address of the {what} holds characters that may not be sent")
    if named and named.lower() != host.lower():
        trace.note(
            ".",
            f"{what}: the device names host {named[:64]}; not contacted, {host} is used (address_mismatch)",
        )
    return path
