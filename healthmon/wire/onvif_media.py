"""ONVIF media services: where a device streams. Media (ver10) first, Media2 (ver20) where there is no other.

ONVIF Core 8.1.2 (GetCapabilities, GetServices), Media 5.2 and 5.16, Media2 5.2 and 5.11.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from healthmon.secret import Credential
from healthmon.wire import soap
from healthmon.wire.errors import NotFoundError, ProtocolError, UnsupportedError
from healthmon.wire.http import Place
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net
from healthmon.wire.onvif_call import Calls, call, call_plain, path_of
from healthmon.wire.soap_login import Login

MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
_PORTS = {"rtsp": 554, "rtsps": 322}


class Address(NamedTuple):
    """Where a device says that it streams: path with query, and the port, which may be another behind a router."""

    path: str
    port: int | None


async def stream_address(
    net: Net,
    place: Place,
    path: str,
    credential: Credential | None,
    guard: LoginGuard,
    *,
    skew: float | None = None,
    profile_index: int = 0,
) -> Address:
    """The RTSP URI of video profile `profile_index`; whatever host the device names is dropped.

    Raises NotFoundError where there is no such profile, UnsupportedError without a media service.
    """
    device = Calls(net, place, path, Login(credential, guard, skew))
    first = await _by_capabilities(device)
    if first is not None:
        try:
            return await _first_generation(first, profile_index)
        except UnsupportedError:
            pass  # the service is named, but the device streams by the second generation only
    services = await _services(device)
    if MEDIA2 in services:
        return await _second_generation(services[MEDIA2], profile_index)
    if MEDIA in services and first is None:
        return await _first_generation(services[MEDIA], profile_index)
    raise UnsupportedError("the device names no media service")


async def _by_capabilities(device: Calls) -> Calls | None:
    try:
        answer = await call(device, "GetCapabilities", Category="All")
    except (UnsupportedError, NotFoundError, ProtocolError):
        return None
    address = soap.text(answer, "Capabilities", "Media", "XAddr")
    return (
        device.at("media", path_of(address, device.place.host, "media service"))
        if address
        else None
    )


async def _services(device: Calls) -> dict[str, Calls]:
    """The media services of GetServices by namespace."""
    answer = await call(device, "GetServices", IncludeCapability=False)
    found: dict[str, Calls] = {}
    for service in soap.children(answer, "Service"):
        namespace, address = soap.text(service, "Namespace"), soap.text(service, "XAddr")
        if namespace in (MEDIA, MEDIA2) and address:
            found[namespace] = device.at(
                "media", path_of(address, device.place.host, "media service")
            )
    return found


async def _first_generation(media: Calls, index: int) -> Address:
    profiles = soap.children(await call(media, "GetProfiles"), "Profiles")
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    answer = await call(
        media, "GetStreamUri", StreamSetup=setup, ProfileToken=_token(profiles, index)
    )
    return _stream(media, soap.text(answer, "MediaUri", "Uri"))


async def _second_generation(media: Calls, index: int) -> Address:
    asked = await call_plain(media, MEDIA2, "GetProfiles", (("Type", "VideoEncoder"),))
    fields = (
        ("Protocol", "RTSP"),
        ("ProfileToken", _token(soap.children(asked, "Profiles"), index)),
    )
    return _stream(media, soap.text(await call_plain(media, MEDIA2, "GetStreamUri", fields), "Uri"))


def _token(profiles: list[etree._Element], index: int) -> str:
    """The token of profile `index`, those without a video encoder not counted where others have one."""
    video = [profile for profile in profiles if _encodes(profile)] or profiles
    if index >= len(video):
        raise NotFoundError(f"profile {index + 1} of {len(video)} does not exist")
    token = soap.attribute(video[index], "token")
    if not token:
        raise ProtocolError("GetProfiles: a profile has no token")
    return token


def _encodes(profile: etree._Element) -> bool:
    first = soap.find(profile, "VideoEncoderConfiguration")
    return first is not None or soap.find(profile, "Configurations", "VideoEncoder") is not None


def _stream(media: Calls, uri: str | None) -> Address:
    if not uri:
        raise ProtocolError("GetStreamUri: the answer holds no URI")
    # User information first: some write a password as it is, with a slash or a question mark.
    host = rf"(?:{re.escape(media.place.host)}|(?:\d{{1,3}}\.){{3}}\d{{1,3}})(?:[:/?]|$)"
    uri = re.sub(rf"(?i)^([a-z]+://)(?:(?!://).)*@(?={host})", r"\1", uri.strip())
    path = path_of(uri, media.place.host, "stream")
    try:
        parts = urlsplit(uri)
        return Address(path, parts.port or _PORTS.get(parts.scheme.lower()))
    except ValueError:
        return Address(path, None)
