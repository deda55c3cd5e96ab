"""The little of BER (X.690) that a scripted SNMP agent needs; of its own, not the product's."""

from __future__ import annotations

from functools import lru_cache


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """The tag and body of every element in `data`. Raises IndexError where it is cut short."""
    found, at = [], 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size >= 0x80:
            long = size - 0x80
            size = int.from_bytes(data[at : at + long], "big")
            at += long
        found.append((tag, data[at : at + size]))
        at += size
    if at > len(data):
        raise IndexError("cut short")
    return found


def tlv(tag: int, body: bytes) -> bytes:
    """One element."""
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    return bytes((tag, 0x82)) + len(body).to_bytes(2, "big") + body


@lru_cache(maxsize=8192)
def name_of(oid: str) -> bytes:
    """The body of an object identifier."""
    first, second, *rest = map(int, oid.split("."))
    body = bytearray([first * 40 + second])
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        body += bytes(reversed(groups))
    return bytes(body)
