"""SOAP as cameras speak it: prepared envelopes, the Body of an answer, faults in classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from healthmon.protocols.errors import (
    BusyError,
    ExchangeError,
    LockedOutError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
)
from healthmon.protocols.transport.lockout_guard import says_locked
from healthmon.protocols.values import xml
from healthmon.protocols.values.xml import Element

CONTENT_TYPE = "application/soap+xml; charset=utf-8"
REPLY_CAP = 256 * 1024
NS_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
_ENVELOPE_11 = "http://schemas.xmlsoap.org/soap/envelope/"
_ACTION = re.compile(r'\baction="([^"]*)"')

_REFUSED = re.compile(
    r"""not.?authori[sz]ed | unauthori[sz]ed | failed.?authentication | failed.?check | security.?token
    | authentication.(?:is.)?(?:fail|required|error) | user.?or.?password | (?:access|permission).denied
    | (?:invalid|incorrect|wrong|bad).(?:user.?name|password) | password.{0,12}(?:invalid|incorrect|wrong|error)
    | login.(?:required|fail)""",
    re.IGNORECASE | re.VERBOSE,
)
_UNSUPPORTED = re.compile(
    r"not.?(?:supported|implemented) | unsupported | operationprohibited | unknown.?(?:action|method|operation)",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault: its codes and its reason, each as one short text."""

    codes: str
    text: str

    @property
    def refused(self) -> bool:
        """The login was missing or not accepted (ter:NotAuthorized, wsse:FailedAuthentication and
        the like).
        """
        return bool(_REFUSED.search(self.codes) or _REFUSED.search(self.text))


def escaped(text: str) -> str:
    """`text` as it stands between two tags. `html.escape` does the same, but `html` brings a table of
    2,231 names, 0.5 MB.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def envelope(namespace: str, operation: str, inside: str = "") -> bytes:
    """A SOAP 1.2 envelope with `operation` of `namespace`; `inside` is XML, its prefix ``tt``
    onvif.xsd. `soap_auth` knows where its login goes.
    """
    return around(
        f'<{operation} xmlns="{namespace}" xmlns:tt="http://www.onvif.org/ver10/schema">{inside}</{operation}>'
    )


def around(request: str) -> bytes:
    """A SOAP 1.2 envelope around the XML of a `request`."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{_ENVELOPE}"><s:Body>{request}</s:Body></s:Envelope>'
    ).encode()


def as_soap_12(reply: bytes) -> bytes:
    """An answer in SOAP 1.1 with the namespace of 1.2, for a reader that knows one of them."""
    return reply.replace(_ENVELOPE_11.encode(), _ENVELOPE.encode())


def as_soap_11(
    fields: Iterable[tuple[str, str]], message: bytes
) -> tuple[bytes, list[tuple[str, str]]]:
    """Our own SOAP 1.2 message and its header fields as SOAP 1.1 (section 6: the action has
    a field of its own).
    """
    told = list(fields)
    kind = next((value for name, value in told if name == "Content-Type"), "")
    action = _ACTION.search(kind)
    own = [
        ("Content-Type", "text/xml; charset=utf-8"),
        ("SOAPAction", f'"{action[1] if action else ""}"'),
    ]
    others = [(name, value) for name, value in told if name != "Content-Type"]
    return message.replace(_ENVELOPE.encode(), _ENVELOPE_11.encode(), 1), own + others


# ONVIF Core, GetSystemDateAndTime: access class PRE_AUTH, so that no login is needed.
GET_SYSTEM_DATE_AND_TIME = envelope(NS_DEVICE, "GetSystemDateAndTime")


def envelope_body(reply: bytes) -> Element:
    """The Body of a SOAP 1.1 or 1.2 envelope. Raises ProtocolError."""
    root = xml.parse(reply)
    body = xml.find(root, "Body") if root.name == "Envelope" else None
    if body is None:
        html = root.name.lower() == "html"
        kind = "an HTML page" if html else f"no SOAP envelope ({root.name[:40]})"
        raise ProtocolError(f"answer is {kind}")
    return body


def fault_of(body: Element | None) -> Fault | None:
    """The fault in a SOAP body (1.1 faultcode/faultstring, 1.2 Code/Subcode/Reason), or None."""
    fault = xml.find(body, "Fault")
    if fault is None:
        return None
    words = {"Value", "faultcode"}
    codes = " ".join(_texts(fault, words))[:200]
    said = " ".join(_texts(fault, {"Text", "faultstring"}))[:300]
    return Fault(codes, said)


def _texts(element: Element, names: set[str]) -> Iterator[str]:
    for child in element.iter():
        if child.name in names and child.text.strip():
            yield " ".join(child.text.split())


def failure(fault: Fault) -> ExchangeError:
    """The ExchangeError of a fault that is not a refused login (ONVIF Core, generic faults: ter:...
    subcodes).
    """
    said = f"SOAP fault {fault.text or fault.codes}"[:160]
    low = (fault.codes + fault.text).lower()
    if says_locked(fault.text, answered=False):
        return LockedOutError(said)
    if any(word in low for word in ("noprofile", "noentity", "noconfig", "nosource")):
        return NotFoundError(said)
    if _UNSUPPORTED.search(low):
        return UnsupportedError(said)
    if "maxsessions" in low or "outofmemory" in low or "busy" in low:
        return BusyError(said)
    return ProtocolError(said)
