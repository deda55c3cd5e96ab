"""The profiles of a device that has Media2 only, which onvif-zeep does not know: by our own prepared
envelopes. Media2 5.2 and 5.11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from healthmon.protocols.onvif.call import Calls, call
from healthmon.protocols.onvif.media import MEDIA2
from healthmon.protocols.onvif.profiles import Profile, profiles_of
from healthmon.protocols.onvif.soap import escaped
from healthmon.protocols.values import xml
from healthmon.protocols.values.xml import Element

_NAMES_ONLY = "<IncludeCapability>false</IncludeCapability>"
_ENCODERS = "<Type>VideoSource</Type><Type>VideoEncoder</Type><Type>PTZ</Type>"


async def profiles(
    device: Calls, path_of: Callable[[str], str], most_streams: int
) -> list[dict[str, Any]]:
    """As `onvif_reader` tells them; [] where there is no Media2. `path_of` takes the path out of an
    address. Raises ExchangeError.
    """
    address = await _address(device)
    if not address:
        return []
    media = device.at(MEDIA2, path_of(address))
    elements = xml.children(await call(media, "GetProfiles", _ENCODERS), "Profiles")
    by_token = {xml.attribute(one, "token"): one for one in elements}
    found = []
    for number, one in enumerate(profiles_of(elements)):
        uri = await _stream(media, one) if number < most_streams else ""
        path = path_of(uri) if uri else ""
        found.append({**_plain(one), **_configured(by_token[one.token]), "path": path})
    return found


async def _address(device: Calls) -> str:
    """The XAddr of Media2, "" without one."""
    for one in xml.children(await call(device, "GetServices", _NAMES_ONLY), "Service"):
        if xml.text(one, "Namespace") == MEDIA2:
            return xml.text(one, "XAddr") or ""
    return ""


def _plain(profile: Profile) -> dict[str, Any]:
    width, height = profile.size or ("", "")
    told = {"token": profile.token, "name": profile.name, "codec": profile.codec or ""}
    return {**told, "width": width, "height": height}


def _configured(element: Element) -> dict[str, Any]:
    """The video source of a profile, and whether it has PTZ."""
    source = xml.text(element, "Configurations", "VideoSource", "SourceToken") or ""
    ptz = xml.find(element, "Configurations", "PTZ") is not None
    return {"source": source, "ptz": ptz}


async def _stream(media: Calls, profile: Profile) -> str:
    inside = f"<Protocol>RTSP</Protocol><ProfileToken>{escaped(profile.token)}</ProfileToken>"
    return xml.text(await call(media, "GetStreamUri", inside), "Uri") or ""
