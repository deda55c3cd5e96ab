"""WS-Discovery: one Probe by multicast on one interface, and everything that answers it.

OASIS WS-Discovery (the version of April 2005, which ONVIF Core 7.3 names): SOAP over UDP to
239.255.255.250, port 3702. Hundreds of cameras answer within half a second, so the datagrams are
only taken from the socket while they come, and read when the time is over. Whatever an answer
names is told and contacted by nobody here.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import re
import socket
import struct
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from healthmon.protocols.errors import ExchangeError, ProtocolError, from_os
from healthmon.protocols.values import xml
from healthmon.protocols.values.xml import Element

GROUP, PORT = "239.255.255.250", 3702
LISTEN_SECONDS = 3.0
# SOAP-over-UDP 3.1.3: a multicast message is sent twice, 50 to 250 ms apart.
REPEAT_SECONDS = 0.2
BUFFER_BYTES = 8 * 1024 * 1024
MOST_ANSWERS, MOST_BYTES = 8192, 8 * 1024 * 1024
LONGEST_ANSWER = 16 * 1024  # ONVIF devices send 1 to 3 KB
MOST_ADDRESSES, MOST_SCOPES, LONGEST = 16, 64, 256
_SIOCGIFADDR = 0x8915
_SO_RCVBUFFORCE = 33  # Linux, for who may (CAP_NET_ADMIN)
_ONE_DATAGRAM = 64 * 1024
_WSD = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_WSA = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_SCOPE = "onvif://www.onvif.org/"
_PORTS = {"http": 80, "https": 443}
_PATH = re.compile(r"/[!-~]{0,255}")
_UNIQUE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Service:
    """Where a device says that its device service is: `host` and `port` as named, and the path."""

    host: str
    port: int
    path: str
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One device that has answered. `sender` is the address that its answer came from.

    `own` are the services that it names at the sender's address, `elsewhere` the addresses of other
    hosts that it names, as written. `names`, `hardware` and `locations` are those of its scopes.
    """

    endpoint: str
    sender: str
    own: tuple[Service, ...] = ()
    elsewhere: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matches:
    """All who answered, each once for an endpoint reference and sender. `answers` is how many
    datagrams came, `unread` how many of them were no answer to our Probe.
    """

    found: tuple[Match, ...]
    answers: int = 0
    unread: int = 0


def probe_message(message_id: str) -> bytes:
    """A Probe for network video transmitters and any other ONVIF device (ONVIF Core 7.3.2)."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{_WSA}">'
        f"<s:Header><a:Action>{_WSD}/Probe</a:Action><a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        f'<s:Body><Probe xmlns="{_WSD}"/></s:Body></s:Envelope>'
    ).encode()


async def search(interface: str, seconds: float = LISTEN_SECONDS) -> Matches:
    """Send a Probe on `interface` (its name) and listen for `seconds`. Raises ExchangeError where
    the interface has no IPv4 address or is down.
    """
    loop = asyncio.get_running_loop()
    message_id = str(uuid.uuid4())
    heap = _Heap()
    try:
        sock = _multicast_socket(interface)
    except OSError as error:
        raise from_os(error, f"interface {interface}") from None
    try:
        loop.add_reader(sock, heap.drain, sock)
        message = probe_message(message_id)
        sock.sendto(message, (GROUP, PORT))
        await asyncio.sleep(REPEAT_SECONDS)
        sock.sendto(message, (GROUP, PORT))
        await asyncio.sleep(max(0.0, seconds - REPEAT_SECONDS))
        heap.drain(sock)
    except OSError as error:
        raise from_os(error, f"multicast on interface {interface}") from None
    finally:
        loop.remove_reader(sock)
        sock.close()
    return merged(heap.datagrams, message_id)


class _Heap:
    """Datagrams as they came, with who sent them."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, str]] = []
        self._bytes = 0

    def drain(self, sock: socket.socket) -> None:
        """Take all that is there; beyond the caps it is thrown away."""
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while True:
                data, peer = sock.recvfrom(_ONE_DATAGRAM)
                if len(self.datagrams) < MOST_ANSWERS and self._bytes < MOST_BYTES:
                    self.datagrams.append((data, peer[0]))
                    self._bytes += len(data)


def _multicast_socket(interface: str) -> socket.socket:
    """A UDP socket on the address of `interface`, for its multicast only. Raises OSError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        index = socket.if_nametoindex(interface)
        request = struct.pack("256s", interface.encode()[:15])
        address = fcntl.ioctl(sock, _SIOCGIFADDR, request)[20:24]
        _enlarge(sock)
        chosen = struct.pack("4s4si", socket.inet_aton(GROUP), address, index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, chosen)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        sock.bind((socket.inet_ntoa(address), 0))
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _enlarge(sock: socket.socket) -> None:
    """As large a buffer as this user may have: what the kernel drops is never told."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, BUFFER_BYTES)


# ------------------------------------------------------------------------------------------------ reading


def merged(datagrams: Iterable[tuple[bytes, str]], message_id: str) -> Matches:
    """What the datagrams (bytes, address of the sender) say, the same device once. Units that were
    cloned with one endpoint reference stay apart by their senders.
    """
    found: dict[tuple[str, str], Match] = {}
    answers = unread = 0
    read: set[tuple[bytes, str]] = set()
    for data, sender in datagrams:
        answers += 1
        if (data, sender) in read:
            continue
        read.add((data, sender))
        try:
            matches = probe_matches(data, sender, message_id)
        except ExchangeError:
            unread += 1
            continue
        for match in matches:
            found.setdefault((match.endpoint, match.sender), match)
    return Matches(tuple(found.values()), answers, unread)


def probe_matches(data: bytes, sender: str, message_id: str) -> list[Match]:
    """The ProbeMatches in one datagram. Raises ProtocolError for what is none, and for the answer
    to another Probe.
    """
    if len(data) > LONGEST_ANSWER:
        raise ProtocolError("answer is longer than is read")
    root = xml.parse(data)
    related = _UNIQUE.search(xml.text(root, "Header", "RelatesTo") or "")
    if related is not None and related[0].lower() != message_id.lower():
        raise ProtocolError("answer to another Probe")
    matches = xml.find(root, "Body", "ProbeMatches")
    if matches is None:
        raise ProtocolError("answer holds no ProbeMatches")
    return [_match(one, sender) for one in xml.children(matches, "ProbeMatch")[:MOST_ADDRESSES]]


def _match(element: Element, sender: str) -> Match:
    own: list[Service] = []
    elsewhere: list[str] = []
    for address in (xml.text(element, "XAddrs") or "").split()[:MOST_ADDRESSES]:
        service = service_at(address)
        if service is None or service.host != sender:
            elsewhere.append(address[:LONGEST])
        else:
            own.append(service)
    scopes = (xml.text(element, "Scopes") or "").split()[:MOST_SCOPES]
    return Match(
        (xml.text(element, "EndpointReference", "Address") or "")[:LONGEST],
        sender,
        tuple(dict.fromkeys(own)),
        tuple(dict.fromkeys(elsewhere)),
        scoped(scopes, "name"),
        scoped(scopes, "hardware"),
        scoped(scopes, "location"),
        scoped(scopes, "Profile"),
    )


def service_at(address: str) -> Service | None:
    """An XAddr in its parts; None for what is no HTTP address that may be used."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    if parts.scheme not in _PORTS or not parts.hostname or port == 0 or not _PATH.fullmatch(path):
        return None
    return Service(parts.hostname, port or _PORTS[parts.scheme], path, parts.scheme == "https")


def scoped(scopes: Iterable[str], kind: str) -> tuple[str, ...]:
    """The values of the scopes of one `kind` (ONVIF Core 7.3.2.2), unescaped."""
    start = f"{_SCOPE}{kind}/".lower()
    told = (one[len(start) :] for one in scopes if one.lower().startswith(start))
    plain = (" ".join(unquote(one, errors="replace").split())[:LONGEST] for one in told)
    return tuple(dict.fromkeys(one for one in plain if one))
