"""Which values of an answer tell of a place or a person, by the name that they have there.

Names are compared without case, prefix and punctuation: ``tt:HwAddress``, ``"serial_number"`` and
``ups.serial=`` are ``hwaddress``, ``serialnumber`` and ``serial``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What a value is -> parts of its name; ^ and $ are its beginning and end. The first that fits counts.
_PARTS = {
    "serial": "serial imei imsi iccid assettag partnumber deviceid machineid vin$",
    "mac": "^mac macaddr hwaddr physaddr bssid",
    "token": "password passwd ^pwd secret nonce opaque cookie apikey publickey privatekey uuid ^udn$ guid"
    " ^session certificate fingerprint inline",
    "account": "^user$ ^username$ ^login$ loginname accountname ^owner$ operator$",
    "host": "hostname ^fqdn$ dnsname domainname ddns",
    "place": "^lat$ ^lon$ ^lng$ latitude longitude ^coord altitude",
    "email": "email mailaddr",
    "name": "^name$ ^realm$ friendlyname devicename cameraname channelname channeltitle unitname sourcename"
    " ^upsname ^title$ location contact ^description$ ^label$ ^alias$ ssid ^notes?$ ^site$ ^room$ ^building$"
    " identname attacheddevices",
}
_NAMED = {kind: re.compile("|".join(parts.split())) for kind, parts in _PARTS.items()}
# ONVIF's references: consistent everywhere, so that what a device names again is found again.
_TOKEN = re.compile(r"token$")
_XML = re.compile(r"<(?:[\w-]+:)?([\w.-]+)(?:\s[^<>]*)?>([^<>]*)</")
_ATTRIBUTE = re.compile(r"([\w.:-]+)\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')")
_JSON = re.compile(r"\"([\w. -]+)\"\s*:\s*(?:\"((?:[^\"\\]|\\.)*)\"|(-?\d+(?:\.\d+)?))")
_LINE = re.compile(
    r"^[ \t]*([\w. \[\]-]{1,80}?)[ \t]*[=:][ \t]*([^\r\n<>{}]*?)[ \t\r]*$", re.MULTILINE
)
_NUT = re.compile(r"^VAR \S+ ([\w.]+) \"((?:[^\"\\\n]|\\.)*)\"", re.MULTILINE)
_NAMESPACE = r"https?://(?:www\.onvif\.org|schemas\.xmlsoap\.org|www\.w3\.org)/.*"
_FIXED = re.compile(rf"^(?:{_NAMESPACE}|true|false|yes|no|none|\d{{1,3}}|)$", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """A value with the place where it stands, and what it is."""

    kind: str
    value: str
    start: int
    end: int


def kind_of(name: str) -> str:
    """What a value called `name` is: serial, mac, token, account, host, place, email, name,
    reference; "" for what may stay.
    """
    local = name.rpartition(":")[2] if " " not in name else name
    last = re.split(r"[.\]]", local)[-1] or local
    plain = re.sub(r"[^a-z0-9]", "", last.lower())
    if _TOKEN.search(plain):
        return "reference"
    return next((kind for kind, parts in _NAMED.items() if parts.search(plain)), "")


def found_in(text: str) -> Iterator[Field]:
    """The values of `text` (XML, JSON, lines, header fields) that may not stay."""
    for pattern in (_XML, _JSON, _NUT, _LINE, _ATTRIBUTE):
        for match in pattern.finditer(text):
            group = 2 if match[2] is not None else 3
            kind = kind_of(match[1])
            if pattern is _ATTRIBUTE and match[1].lower() == "name":
                continue  # of ONVIF's SimpleItem and the like: a word of the specification
            if kind and not _FIXED.match(match[group]):
                yield Field(kind, match[group], match.start(group), match.end(group))
