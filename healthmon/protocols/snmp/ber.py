"""BER for reading by SNMP v1 and v2c (RFC 1157, RFC 3416; X.690), and what of v3 is needed besides
pysnmp. Decoding raises ProtocolError and nothing else.

A SetRequest cannot be made here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from healthmon.protocols import quirks
from healthmon.protocols.errors import ProtocolError

Value = int | float | bytes | str | None
_GET, _GET_NEXT, _RESPONSE, _GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5
V3 = 3  # SNMPv3 in the version field
_INTEGERS = {0x02, 0x41, 0x42, 0x43, 0x46, 0x47}
_STRINGS = {0x04, 0x40}
_OPAQUE = 0x44
# Numbers inside an Opaque: their tag and length (as net-snmp writes them), and their form.
_REALS = {b"\x9f\x78\x04": ">f", b"\x9f\x79\x08": ">d"}


@dataclass(frozen=True, slots=True)
class Response:
    """A GetResponse; absent objects (noSuchObject, noSuchInstance, NULL) are left out of
    `values`.
    """

    request_id: int
    error: int
    index: int
    values: dict[str, Value]


def get_request(version: int, community: bytes, request_id: int, oids: Sequence[str]) -> bytes:
    """A GetRequest message; `version` is 0 for v1 and 1 for v2c."""
    return _message(version, community, _GET, _int(request_id) + _int(0) + _int(0), oids)


def next_request(version: int, community: bytes, request_id: int, oid: str, rows: int) -> bytes:
    """What follows `oid`: GetNextRequest (v1, one row) or GetBulkRequest of at most `rows` (v2c;
    RFC 3416 4.2.3).
    """
    if version == 0:
        return _message(version, community, _GET_NEXT, _int(request_id) + _int(0) + _int(0), [oid])
    return _message(version, community, _GET_BULK, _int(request_id) + _int(0) + _int(rows), [oid])


def _message(version: int, community: bytes, kind: int, head: bytes, oids: Sequence[str]) -> bytes:
    bindings = b"".join(_tlv(0x30, object_id(oid) + b"\x05\x00") for oid in oids)
    pdu = _tlv(kind, head + _tlv(0x30, bindings))
    return _tlv(0x30, _int(version) + _tlv(0x04, community) + pdu)


def _tlv(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _int(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=1024)  # the same few objects are asked of every device
def object_id(text: str) -> bytes:
    """An OBJECT IDENTIFIER as it is in a message."""
    parts = [int(part) for part in text.split(".")]
    body = bytearray()
    for part in (parts[0] * 40 + parts[1], *parts[2:]):
        chunk = [part & 0x7F]
        while part := part >> 7:
            chunk.append(0x80 | (part & 0x7F))
        body += bytes(reversed(chunk))
    return _tlv(0x06, bytes(body))


def discovery_request(message_id: int) -> bytes:
    """An SNMPv3 message without a user, which every agent answers with a report that names its
    engine (RFC 3414 section 4).
    """
    header = _tlv(0x30, _int(message_id) + _int(65507) + _tlv(0x04, b"\x04") + _int(3))
    user = _tlv(0x04, b"") + _int(0) + _int(0) + _tlv(0x04, b"") * 3
    pdu = _tlv(_GET, _int(message_id) + _int(0) + _int(0) + _tlv(0x30, b""))
    scoped = _tlv(0x30, _tlv(0x04, b"") * 2 + pdu)
    return _tlv(0x30, _int(V3) + header + _tlv(0x04, _tlv(0x30, user)) + scoped)


def message_id(data: bytes) -> int:
    """The msgID of a message of SNMPv3, which its answer repeats (RFC 3412 section 6). Raises
    ProtocolError for anything else.
    """
    try:
        message = _Reader(data, 0, len(data)).enter(0x30)
        version, identity = message.integer(), message.enter(0x30).integer()
    except (IndexError, ValueError) as error:
        raise ProtocolError("no SNMPv3 message") from error
    if version != V3:
        raise ProtocolError("no SNMPv3 message")
    return identity


def request_id(data: bytes) -> int:
    """The request-id of the GetResponse in `data`, whose values are not looked at. Raises
    ProtocolError for anything else.
    """
    try:
        return _response(data).integer()
    except (IndexError, ValueError) as error:
        raise ProtocolError("SNMP answer cut short or malformed") from error


def parse(data: bytes) -> Response:
    """The GetResponse in `data`. Raises ProtocolError for anything else."""
    try:
        return _parse(data)
    except (IndexError, ValueError) as error:
        raise ProtocolError("SNMP answer cut short or malformed") from error


def _response(data: bytes) -> _Reader:
    """The elements of the GetResponse in `data`."""
    message = _Reader(data, 0, len(data)).enter(0x30)
    message.integer()
    message.read(0x04)
    return message.enter(_RESPONSE)


def _parse(data: bytes) -> Response:
    pdu = _response(data)
    identity, error, index = pdu.integer(), pdu.integer(), pdu.integer()
    bindings = pdu.enter(0x30)
    values: dict[str, Value] = {}
    unread = False
    while bindings.left():
        pair = bindings.enter(0x30)
        name = _dotted(pair.read(0x06))
        tag, body = pair.any()
        if (value := _value(tag, body)) is not None:
            values[name] = value
        unread |= tag in _INTEGERS and not body
    if unread and not values:
        raise ValueError("nothing in it can be read")
    return Response(identity, error, index, values)


def _value(tag: int, body: bytes) -> Value:
    """One value; None where the object is absent, or its kind unknown. Raises ValueError."""
    if tag in _INTEGERS:
        return None if quirks.is_no_integer(body) else _whole(body, signed=tag == 0x02)
    if tag in _STRINGS:
        return body
    if tag == 0x06:
        return _dotted(body)
    return opaque(body) if tag == _OPAQUE else None


def opaque(body: bytes) -> float | bytes | None:
    """The number in an Opaque, None where it is not finite; other bytes as they are."""
    form = _REALS.get(body[:3])
    if form is None or len(body) != 3 + struct.calcsize(form):
        return body
    number = float(struct.unpack(form, body[3:])[0])
    return number if math.isfinite(number) else None


class _Reader:
    """Walks the elements of one constructed value, which ends where `data` or the value around it
    does.
    """

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def left(self) -> bool:
        return self._at < self._end

    def _next(self) -> tuple[int, int]:
        """The tag of the next element and where its body begins; it ends where the one after it
        does (`_at`).
        """
        data, start = self._data, self._at + 2
        tag, size = data[start - 2], data[start - 1]
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4:
                raise ValueError("length form")
            size = int.from_bytes(data[start : start + count], "big")
            start += count
        self._at = start + size
        if self._at > self._end:
            raise ValueError("cut short")
        return tag, start

    def any(self) -> tuple[int, bytes]:
        tag, start = self._next()
        return tag, self._data[start : self._at]

    def _of(self, tag: int) -> int:
        """Where the body of the next element begins, which must be a `tag`."""
        found, start = self._next()
        if found != tag:
            raise ValueError("unexpected tag")
        return start

    def read(self, tag: int) -> bytes:
        start = self._of(tag)
        return self._data[start : self._at]

    def enter(self, tag: int) -> _Reader:
        start = self._of(tag)
        return _Reader(self._data, start, self._at)

    def integer(self) -> int:
        return _whole(self.read(0x02), signed=True)


def _whole(body: bytes, *, signed: bool) -> int:
    """An integer of at most 64 bits (Counter64 with its leading zero octet)."""
    if not 1 <= len(body) <= 9:
        raise ValueError("integer size")
    return int.from_bytes(body, "big", signed=signed)


@lru_cache(maxsize=1024)
def _dotted(body: bytes) -> str:
    if not body or len(body) > 256:
        raise ValueError("object identifier size")
    parts: list[int] = []
    value = 0
    for byte in body:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(value)
            value = 0
    first = min(parts[0] // 40, 2)
    return ".".join(map(str, (first, parts[0] - 40 * first, *parts[1:])))
