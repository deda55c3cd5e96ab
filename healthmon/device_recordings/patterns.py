"""What values that tell of a place or a person look like, and the forms that stand for them.

The substitutes are of ranges that nobody has: 192.0.2.0/24 (RFC 5737), 2001:db8::/32 (RFC 3849),
locally administered MAC addresses 02:00:00:..., example.invalid (RFC 2606), X and 0 for letters and
digits.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator

IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
MAC = re.compile(
    r"(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])"
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
USER_INFO = re.compile(r"(?<=//)[^/@\s\"'<>]+@")
PEM = re.compile(r"-----BEGIN [^-]+-----(?:.*?-----END [^-]+-----)?", re.DOTALL)
UUID = re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b")
BLOB = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9+/]{40,}={0,2}(?![\w/+=.-])")
WORD = re.compile(r"(?<![A-Za-z0-9-])[A-Za-z0-9][A-Za-z0-9-]{6,}[A-Za-z0-9](?![A-Za-z0-9-])")
_DAY = re.compile(r"^\d{4}[-_]?\d\d[-_]?\d\d(?:T?\d{6}Z?|T[\d-]*Z?)?$")
_SETS = re.compile(r"\bsprop-(?:parameter-sets|vps|sps|pps)=([A-Za-z0-9+/=,]+)")
# Parameter sets of H.264 (nal_unit_type 7, 8, 13, 15) and H.265 (32 to 34) say how a picture is coded.
SETS_264, SETS_265 = (7, 8, 13, 15), (32, 33, 34)
LONGEST_SET, MAC_DIGITS = 200, 12
LONGEST_NUMBER, LEAST_DIGITS = 16, 5


def addresses_4(text: str) -> Iterator[re.Match[str]]:
    """IPv4 addresses of machines: no masks, no loopback, and none of the range for documents."""
    for found in IPV4.finditer(text):
        try:
            address = ipaddress.IPv4Address(found[0])
        except ValueError:
            continue
        plain = address in _DOCUMENTS or address.is_loopback or address.is_unspecified
        if not (plain or found[0].startswith("255.")):
            yield found


def addresses_6(text: str) -> Iterator[re.Match[str]]:
    """IPv6 addresses of machines; the time of day is none."""
    for found in IPV6.finditer(text):
        try:
            address = ipaddress.IPv6Address(found[0])
        except ValueError:
            continue
        if not (address in _DOCUMENTS_6 or address.is_loopback or address.is_unspecified):
            yield found


def is_substitute(value: str) -> bool:
    """Whether a value is of a form that nobody has: `shape`'s, an address for documents, our MAC
    addresses.
    """
    mac = re.sub(r"[ :-]", "", value).lower()
    if is_ours(value) or (len(mac) == MAC_DIGITS and mac.startswith("020000")):
        return True
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return value.endswith(".example.invalid")
    return address in _DOCUMENTS or address in _DOCUMENTS_6


_DOCUMENTS = ipaddress.IPv4Network("192.0.2.0/24")
_DOCUMENTS_6 = ipaddress.IPv6Network("2001:db8::/32")


def macs(text: str) -> Iterator[re.Match[str]]:
    """MAC addresses that are not ours."""
    return (found for found in MAC.finditer(text) if found[0].lower()[:8] not in _OUR_MACS)


_OUR_MACS = ("02:00:00", "02-00-00")


def emails(text: str) -> Iterator[re.Match[str]]:
    """E-mail addresses that are not ours."""
    return (found for found in EMAIL.finditer(text) if not found[0].endswith("@example.invalid"))


def blobs(text: str) -> Iterator[re.Match[str]]:
    """Long Base64 that is not ours."""
    for found in BLOB.finditer(text):
        if not (is_ours(found[0]) or found[0].isdigit()):
            yield found


def uuids(text: str) -> Iterator[re.Match[str]]:
    """UUIDs that are not ours."""
    return (found for found in UUID.finditer(text) if not is_ours(found[0]))


def serials(text: str) -> Iterator[re.Match[str]]:
    """Words that look like a serial number: letters and at least five digits, or more digits than a
    time or a size has.
    """
    for found in WORD.finditer(text):
        if not (_DAY.match(found[0]) or is_ours(found[0])) and _is_like_a_serial(found):
            yield found


def _is_like_a_serial(found: re.Match[str]) -> bool:
    word, digits = found[0], sum(c.isdigit() for c in found[0])
    if digits == len(word):
        fraction = found.string[found.start() - 1 : found.start()] == "."
        return digits > LONGEST_NUMBER and not fraction
    return digits >= LEAST_DIGITS and any(c.isalpha() for c in word)


def parameter_sets(text: str) -> Iterator[re.Match[str]]:
    """``sprop-...=`` of a session description whose values are parameter sets of the stream."""
    return (
        found
        for found in _SETS.finditer(text)
        if all(map(is_parameter_set, filter(None, found[1].split(","))))
    )


def is_ours(word: str) -> bool:
    """Whether it is a substitute made by `shape`."""
    middle = re.sub(r"^\d{1,4}(?=[Xx])|\d{0,4}[^A-Za-z0-9]*$", "", word)
    return bool(set(middle) & set("Xx0")) and not set(middle) - set("Xx0-_+/={}. :")


def shape(value: str, number: int) -> str:
    """A substitute as long as `value`: X, x and 0 for its letters and digits, its `number` at the
    end; what stands between stays.
    """
    plain = [
        "0" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in value
    ]
    places = [at for at, c in enumerate(plain) if c.isalnum()]
    digits = str(number)[-4:]
    for at, digit in zip(
        places[-len(digits) :], digits[-len(places) :] if places else "", strict=False
    ):
        plain[at] = digit
    return "".join(plain)


def is_parameter_set(word: str) -> bool:
    """Whether Base64 is a parameter set of H.264 or H.265 (RFC 6184 8.1, RFC 7798 7.1)."""
    try:
        raw = base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    if not 4 <= len(raw) <= LONGEST_SET or raw[0] & 0x80:
        return False
    return (raw[0] & 0x60 != 0 and raw[0] & 31 in SETS_264) or (
        raw[1] == 1 and raw[0] >> 1 in SETS_265
    )
