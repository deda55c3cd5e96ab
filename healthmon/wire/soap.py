"""SOAP as cameras speak it: one prepared request, a parser that fetches and expands nothing, faults in classes.

Elements are found by local name: firmwares get namespaces and prefixes wrong more often than names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from healthmon.wire.errors import (
    BusyError,
    LockedOutError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
    WireError,
)
from healthmon.wire.logins import says_locked

CONTENT_TYPE = "application/soap+xml; charset=utf-8"
REPLY_CAP = 256 * 1024
_ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"

# ONVIF Core, GetSystemDateAndTime: access class PRE_AUTH, so that no login is needed.
GET_SYSTEM_DATE_AND_TIME = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
    b"</s:Body></s:Envelope>"
)


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
_BARE_AMPERSAND = re.compile(rb"&(?!#?\w{1,32};)")
# XML 1.0 2.2: these may not stand in a document; some firmwares write them, or names in an encoding of their own.
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault: its codes and its reason, each as one short text."""

    codes: str
    text: str

    @property
    def refused(self) -> bool:
        """The login was missing or not accepted (ter:NotAuthorized, wsse:FailedAuthentication and the like)."""
        return bool(_REFUSED.search(self.codes) or _REFUSED.search(self.text))


def request(namespace: str, operation: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    """A SOAP 1.2 envelope with `operation` of `namespace` and its `fields` as texts, in order."""
    root = etree.Element(f"{{{_ENVELOPE}}}Envelope", nsmap={"s": _ENVELOPE})
    asked = etree.SubElement(
        etree.SubElement(root, f"{{{_ENVELOPE}}}Body"), f"{{{namespace}}}{operation}"
    )
    for name, value in fields:
        etree.SubElement(asked, f"{{{namespace}}}{name}").text = value
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def parse(body: bytes) -> etree._Element:
    """The root element of an XML reply. Raises ProtocolError for anything else, and for every DOCTYPE."""
    raw = body if body.startswith(_UTF_16) else body.strip(b"\0 \t\r\n")  # some pad what they send
    try:
        try:
            root = etree.fromstring(raw, _parser())
        except etree.XMLSyntaxError:
            root = etree.fromstring(_mended(raw), _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        what = "an HTML page" if b"<html" in body[:2048].lower() else "no readable XML"
        raise ProtocolError(
            f"answer is {what} ({str(error)[:60]})" if body else "answer is empty"
        ) from None
    info: Any = root.getroottree().docinfo
    if info.doctype:
        what = (
            "an HTML page"
            if local(root).lower() == "html"
            else "XML with a DOCTYPE, which is not read"
        )
        raise ProtocolError(f"answer is {what}")
    return root


def _mended(raw: bytes) -> bytes:
    """`raw` with a URI's bare ampersands as references, and without bytes that are no characters."""
    text = _BARE_AMPERSAND.sub(b"&amp;", raw).decode("utf-8", "replace")
    return _NO_CHARACTER.sub("", text).encode()


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def envelope_body(reply: bytes) -> etree._Element:
    """The Body of a SOAP 1.1 or 1.2 envelope. Raises ProtocolError."""
    root = parse(reply)
    body = find(root, "Body") if local(root) == "Envelope" else None
    if body is None:
        kind = (
            "an HTML page"
            if local(root).lower() == "html"
            else f"no SOAP envelope ({local(root)[:40]})"
        )
        raise ProtocolError(f"answer is {kind}")
    return body


def local(element: etree._Element) -> str:
    """The name of `element` without namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def find(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The first child called names[0], in it the first called names[1] ..., or None."""
    for name in names:
        if element is None:
            return None
        element = next((child for child in element if local(child) == name), None)
    return element


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """Every child called `name`."""
    return [child for child in element if local(child) == name]


def text(element: etree._Element | None, *names: str) -> str | None:
    """The stripped text at `names` below `element`; None where it is missing or empty."""
    found = find(element, *names)
    return ((found.text or "").strip() or None) if found is not None else None


def attribute(element: etree._Element, name: str) -> str | None:
    """The attribute `name` in whatever namespace; None where it is missing or empty."""
    return (
        next(
            (
                str(value)
                for key, value in element.attrib.items()
                if str(key).rpartition("}")[2] == name
            ),
            "",
        )
        or None
    )


def fault_of(body: etree._Element) -> Fault | None:
    """The fault in a SOAP body (1.1 faultcode/faultstring, 1.2 Code/Subcode/Reason), or None."""
    fault = find(body, "Fault")
    if fault is None:
        return None
    words = {"Value", "faultcode"}
    codes = " ".join(_texts(fault, words))[:200]
    said = " ".join(_texts(fault, {"Text", "faultstring"}))[:300]
    return Fault(codes, said)


def _texts(element: etree._Element, names: set[str]) -> Iterator[str]:
    for child in element.iter():
        if local(child) in names and child.text and child.text.strip():
            yield " ".join(child.text.split())


def failure(fault: Fault) -> WireError:
    """The WireError of a fault that is not a refused login (ONVIF Core, generic faults: ter:... subcodes)."""
    said = f"SOAP fault {fault.text or fault.codes}"[:160]
    low = (fault.codes + fault.text).lower()
    if says_locked(fault.text):
        return LockedOutError(said)
    if any(word in low for word in ("noprofile", "noentity", "noconfig", "nosource")):
        return NotFoundError(said)
    if _UNSUPPORTED.search(low):
        return UnsupportedError(said)
    if "maxsessions" in low or "outofmemory" in low or "busy" in low:
        return BusyError(said)
    return ProtocolError(said)
