"""The addresses that may be contacted: those of the ranges that were given, and no other. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

MOST_WITHOUT_YES = 4096  # a /20
MOST = 65536  # a /16


class RangeError(Exception):
    """What was given is no range of addresses; one line says why."""


def addresses(ranges: Iterable[str]) -> tuple[str, ...]:
    """Every IPv4 address of `ranges`, each once, in the order given: ``10.1.2.11``,
    ``10.1.2.0/24``, ``10.1.3.10-40`` or ``10.1.3.10-10.1.4.20``.

    Of a network wider than /31 its own address and the broadcast address are left out. Raises
    RangeError, also for more than a /16 in sum.
    """
    found: dict[str, None] = {}
    for text in ranges:
        first, last = _bounds(text.strip())
        if last - first >= MOST or len(found) + last - first >= MOST:
            raise RangeError(f"{text}: more than {MOST} addresses (/16) in sum; give fewer")
        for number in range(first, last + 1):
            found[str(ipaddress.IPv4Address(number))] = None
    return tuple(found)


def _bounds(text: str) -> tuple[int, int]:
    """The first and the last address of one range as numbers. Raises RangeError."""
    try:
        if "/" in text:
            return _of_network(text)
        first, dash, last = text.partition("-")
        start = ipaddress.IPv4Address(first.strip())
        end = _end(start, last.strip()) if dash else start
    except ValueError:
        raise RangeError(
            f"{text}: no range of IPv4 addresses; use 10.1.2.0/24, 10.1.3.10-40 or 10.1.2.11"
        ) from None
    if end < start:
        raise RangeError(f"{text}: the range ends before it begins")
    _checked(text, start, end)
    return int(start), int(end)


def _of_network(text: str) -> tuple[int, int]:
    """Raises ValueError for what is no network, RangeError for one that is not meant."""
    address, _, length = text.partition("/")
    network = ipaddress.IPv4Network(f"{address.strip()}/{length.strip()}", strict=False)
    if str(network.network_address) != address.strip():
        raise RangeError(f"{text}: {address.strip()} is inside a network; write {network}")
    first, last = int(network[0]), int(network[-1])
    _checked(text, network[0], network[-1])
    return (first, last) if network.prefixlen >= 31 else (first + 1, last - 1)


def _end(start: ipaddress.IPv4Address, last: str) -> ipaddress.IPv4Address:
    """The end of ``10.1.3.10-40`` or ``10.1.3.10-10.1.4.20``. Raises ValueError."""
    if "." in last:
        return ipaddress.IPv4Address(last)
    return ipaddress.IPv4Address(f"{str(start).rpartition('.')[0]}.{last}")


def _checked(text: str, start: ipaddress.IPv4Address, end: ipaddress.IPv4Address) -> None:
    """Refuse what is nobody's own network. Raises RangeError."""
    for address in (start, end):
        if address.is_multicast or address.is_unspecified or address.is_reserved:
            raise RangeError(f"{text}: {address} is no address of a device")
