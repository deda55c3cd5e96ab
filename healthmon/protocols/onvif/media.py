"""ONVIF media services: where a device streams. Media (ver10) first, Media2 (ver20) where there is
no other.

ONVIF Core 8.1.2 (GetCapabilities, GetServices), Media 5.2 and 5.16, Media2 5.2 and 5.11.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from healthmon.protocols.errors import (
    AddressError,
    ForbiddenError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
)
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif.call import Calls, call, path_of
from healthmon.protocols.onvif.profiles import Choice, chosen, profiles_of
from healthmon.protocols.onvif.soap import escaped
from healthmon.protocols.onvif.soap_auth import Login
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.values import xml
from healthmon.secret import Credential

T = TypeVar("T")
Asked = Callable[[Calls, Choice], Awaitable[T]]
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
_ALL = "<Category>All</Category>"
_NAMES_ONLY = "<IncludeCapability>false</IncludeCapability>"
_SETUP = (
    "<StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>"
    "<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></StreamSetup>"
)
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
# These are the same for every camera: a pattern with the host in it would be compiled, and kept, for
# each. A second "://" begins an address inside the path.
_SCHEME_AND_REST = re.compile(r"(?P<scheme>[a-z]+://)(?P<rest>(?:(?!://).)*)", re.IGNORECASE)
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_END_OF_HOST = re.compile(r"[:/?]|$")


class Address(NamedTuple):
    """Where a device says that it streams: path with query, and the port, which may be another
    behind a router; `profile` is the token of the profile that it streams there.
    """

    path: str
    port: int | None
    profile: str


async def stream_address(
    connector: Connector,
    place: Endpoint,
    path: str,
    credential: Credential | None,
    guard: LockoutGuard,
    *,
    skew: float | None = None,
    choice: Choice = Choice(),  # noqa: B008 - it never changes
    allow_basic: bool = False,
) -> Address:
    """The RTSP URI of the profile that `choice` looks for; whatever host the device names is
    dropped.

    Raises NotFoundError where there is no such profile, UnsupportedError without a media service.
    """
    device = Calls(connector, place, path, Login(credential, guard, skew, allow_basic))
    return await _by_either(device, choice, _first_generation, _second_generation)


async def snapshot_path(
    connector: Connector,
    place: Endpoint,
    path: str,
    credential: Credential | None,
    guard: LockoutGuard,
    *,
    skew: float | None = None,
    choice: Choice = Choice(),  # noqa: B008 - it never changes
    allow_basic: bool = False,
) -> str:
    """Path and query of the JPEG of the profile that `choice` looks for (GetSnapshotUri, Media 5.15.3,
    Media2 5.12). Only a URI at `place` itself is taken; where that is configured by a name, a URI with
    an address counts for its path.

    Raises AddressError for a URI elsewhere, and what `stream_address` raises.
    """
    device = Calls(connector, place, path, Login(credential, guard, skew, allow_basic))
    uri = await _by_either(device, choice, _first_snapshot, _second_snapshot)
    return _path_at(place, _without_user(uri.strip(), place.host))


async def _by_either(device: Calls, choice: Choice, first: Asked[T], second: Asked[T]) -> T:
    """What the media service of the first generation answers, that of the second where there is no
    other.
    """
    media = await _by_capabilities(device)
    if media is not None:
        try:
            return await first(media, choice)
        except (ForbiddenError, UnsupportedError):
            pass  # the service is named, but the device streams by the second generation only
    services = await _services(device)
    if MEDIA2 in services:
        return await second(services[MEDIA2], choice)
    if MEDIA in services and media is None:
        return await first(services[MEDIA], choice)
    raise UnsupportedError("the device names no media service")


async def _by_capabilities(device: Calls) -> Calls | None:
    try:
        answer = await call(device, "GetCapabilities", _ALL)
    except (ForbiddenError, UnsupportedError, NotFoundError, ProtocolError):
        return None
    address = xml.text(answer, "Capabilities", "Media", "XAddr")
    return (
        device.at(MEDIA, path_of(address, device.place.host, "media service")) if address else None
    )


async def _services(device: Calls) -> dict[str, Calls]:
    """The media services of GetServices by namespace."""
    answer = await call(device, "GetServices", _NAMES_ONLY)
    found: dict[str, Calls] = {}
    for service in xml.children(answer, "Service"):
        namespace, address = xml.text(service, "Namespace"), xml.text(service, "XAddr")
        if namespace in (MEDIA, MEDIA2) and address:
            found[namespace] = device.at(
                namespace, path_of(address, device.place.host, "media service")
            )
    return found


async def _first_generation(media: Calls, choice: Choice) -> Address:
    token = await _token(media, choice)
    inside = f"{_SETUP}<ProfileToken>{escaped(token)}</ProfileToken>"
    answer = await call(media, "GetStreamUri", inside)
    return _stream(media, xml.text(answer, "MediaUri", "Uri"), token)


async def _second_generation(media: Calls, choice: Choice) -> Address:
    token = await _token(media, choice, "<Type>VideoEncoder</Type>")
    inside = f"<Protocol>RTSP</Protocol><ProfileToken>{escaped(token)}</ProfileToken>"
    return _stream(media, xml.text(await call(media, "GetStreamUri", inside), "Uri"), token)


async def _first_snapshot(media: Calls, choice: Choice) -> str:
    answer = await call(media, "GetSnapshotUri", await _profile(media, choice))
    return _told_uri(xml.text(answer, "MediaUri", "Uri"))


async def _second_snapshot(media: Calls, choice: Choice) -> str:
    profile = await _profile(media, choice, "<Type>VideoEncoder</Type>")
    return _told_uri(xml.text(await call(media, "GetSnapshotUri", profile), "Uri"))


async def _profile(media: Calls, choice: Choice, inside: str = "") -> str:
    return f"<ProfileToken>{escaped(await _token(media, choice, inside))}</ProfileToken>"


def _told_uri(uri: str | None) -> str:
    if not uri:
        raise ProtocolError("GetSnapshotUri: the answer holds no URI")
    return uri


def _path_at(place: Endpoint, uri: str) -> str:
    """Path and query of `uri`. Raises AddressError where it is not at `place`."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ProtocolError("GetSnapshotUri: the answer holds no URI") from None
    scheme = "https" if place.tls else "http"
    if parts.scheme.lower() != scheme or (port or _PORTS[scheme]) != place.port:
        raise AddressError(f"the snapshot is not at the configured {scheme} port {place.port}")
    if host.lower() != place.host.lower() and _is_address(place.host):
        raise AddressError(f"the snapshot is at another host ({host[:64]}); not contacted")
    return path_of(uri, place.host, "snapshot")


def _is_address(host: str) -> bool:
    return ":" in host or _IPV4.fullmatch(host) is not None


async def _token(media: Calls, choice: Choice, inside: str = "") -> str:
    """The token of the chosen profile. Raises NotFoundError, ProtocolError."""
    profiles = xml.children(await call(media, "GetProfiles", inside), "Profiles")
    return chosen(profiles_of(profiles), choice).token


def _stream(media: Calls, uri: str | None, profile: str) -> Address:
    if not uri:
        raise ProtocolError("GetStreamUri: the answer holds no URI")
    uri = _without_user(uri.strip(), media.place.host)
    path = path_of(uri, media.place.host, "stream")
    try:
        parts = urlsplit(uri)
        return Address(path, parts.port or _PORTS.get(parts.scheme.lower()), profile)
    except ValueError:
        return Address(path, None, profile)


def _without_user(uri: str, host: str) -> str:
    """`uri` without its user information, which ends at the last "@" before `host` or an IPv4 address:
    some write a password as it is, with a slash or a question mark.
    """
    found = _SCHEME_AND_REST.match(uri)
    if found is None:
        return uri
    start, end = found.span("rest")
    while (at := uri.rfind("@", start, end)) >= 0:
        if _begins_with_host(uri[at + 1 :], host):
            return found["scheme"] + uri[at + 1 :]
        end = at
    return uri


def _begins_with_host(text: str, host: str) -> bool:
    """Whether `text` begins with `host` or an IPv4 address, as a whole."""
    named = _IPV4.match(text)
    if named is not None and _END_OF_HOST.match(text, named.end()):
        return True
    same = text[: len(host)].lower() == host.lower()
    return same and _END_OF_HOST.match(text, len(host)) is not None
