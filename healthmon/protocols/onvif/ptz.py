"""ONVIF: where a PTZ camera looks, its presets, and the privacy masks of a camera. All of it is read
only but `goto`, which sends a camera to a preset that it has.

ONVIF PTZ 5.4 (GetStatus) and 5.5 (GetPresets), Media2 5.12 (GetMasks), Core 8.1.2 (GetServices).
"""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.protocols.errors import (
    ForbiddenError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
)
from healthmon.protocols.onvif.call import Calls, call, path_of
from healthmon.protocols.onvif.media import MEDIA, MEDIA2
from healthmon.protocols.onvif.soap import escaped
from healthmon.protocols.values import xml
from healthmon.protocols.values.scalars import flag, number, words
from healthmon.protocols.values.xml import Element

PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
MOST_PRESETS = 512  # some devices list every number that a preset could have
MOST_MASKS = 64
MOST_POINTS = 64
FARTHEST = 1e6
LONGEST_TOKEN = 64  # pt:ReferenceToken
_NAMES_ONLY = "<IncludeCapability>false</IncludeCapability>"
_ALL = "<Category>All</Category>"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a camera looks, in its own space: mostly -1 to 1, for `zoom` 0 to 1; some tell degrees."""

    pan: float
    tilt: float
    zoom: float | None


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset. Its `position` is None where the device does not tell it."""

    token: str
    name: str
    position: Position | None


@dataclass(frozen=True, slots=True)
class Status:
    """GetStatus: None where the device does not tell; `error` are its own words."""

    position: Position | None
    moving: bool | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Mask:
    """A privacy mask: its corners (right and up, -1 to 1), `kind` is color, pixelated or blurred."""

    token: str
    corners: tuple[tuple[float, float], ...]
    kind: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Services:
    """The paths of three services; None where the device does not name them."""

    ptz: str | None
    media: str | None
    media2: str | None


async def services(device: Calls) -> Services:
    """GetServices; GetCapabilities where an old device does not know that. Raises ExchangeError."""
    try:
        answer = await call(device, "GetServices", _NAMES_ONLY)
    except (ForbiddenError, UnsupportedError, NotFoundError, ProtocolError):
        return await _by_capabilities(device)
    found: dict[str, str] = {}
    for service in xml.children(answer, "Service"):
        namespace, address = xml.text(service, "Namespace"), xml.text(service, "XAddr")
        if namespace in (PTZ, MEDIA, MEDIA2) and address:
            found[namespace] = path_of(address, device.place.host, "service")
    return Services(found.get(PTZ), found.get(MEDIA), found.get(MEDIA2))


async def _by_capabilities(device: Calls) -> Services:
    answer = await call(device, "GetCapabilities", _ALL)
    addresses = (xml.text(answer, "Capabilities", name, "XAddr") for name in ("PTZ", "Media"))
    host = device.place.host
    ptz, media = (path_of(one, host, "service") if one else None for one in addresses)
    return Services(ptz, media, None)


async def profile(device: Calls, known: Services) -> str:
    """The token of the first profile that can be panned. Raises NotFoundError where there is none,
    and other ExchangeErrors.
    """
    if known.media is not None:
        answer = await call(device.at(MEDIA, known.media), "GetProfiles")
    elif known.media2 is not None:
        answer = await call(device.at(MEDIA2, known.media2), "GetProfiles", "<Type>PTZ</Type>")
    else:
        raise UnsupportedError("the device names no media service")
    for one in xml.children(answer, "Profiles"):
        panned = xml.find(one, "PTZConfiguration") or xml.find(one, "Configurations", "PTZ")
        if panned is not None and (token := xml.attribute(one, "token")):
            return token[:LONGEST_TOKEN]
    raise NotFoundError("no profile of the device has a PTZ configuration")


async def presets(ptz: Calls, token: str) -> tuple[Preset, ...]:
    """GetPresets of the profile `token`. Raises ExchangeError."""
    return presets_of(await call(ptz, "GetPresets", _of_profile(token)))


async def status(ptz: Calls, token: str) -> Status:
    """GetStatus of the profile `token`. Raises ExchangeError."""
    return status_of(await call(ptz, "GetStatus", _of_profile(token)))


async def goto(ptz: Calls, token: str, preset: str) -> None:
    """GotoPreset (ONVIF PTZ 5.5.3): send the camera of the profile `token` to its own `preset`. Who calls
    this has asked whether the configuration allows it. Raises ExchangeError.
    """
    wanted = f"<PresetToken>{escaped(preset)}</PresetToken>"
    await call(ptz, "GotoPreset", _of_profile(token) + wanted)


async def masks(media2: Calls) -> tuple[Mask, ...]:
    """GetMasks. Raises ExchangeError; UnsupportedError where the device has no masks to tell of."""
    return masks_of(await call(media2, "GetMasks"))


def _of_profile(token: str) -> str:
    return f"<ProfileToken>{escaped(token)}</ProfileToken>"


def presets_of(answer: Element) -> tuple[Preset, ...]:
    """The GetPresetsResponse element. One without a token cannot be told apart and is left out."""
    found: dict[str, Preset] = {}
    for one in xml.children(answer, "Preset")[:MOST_PRESETS]:
        token = words(xml.attribute(one, "token"), LONGEST_TOKEN)
        if token and token not in found:
            name = words(xml.text(one, "Name")) or token
            found[token] = Preset(token, name, _position(xml.find(one, "PTZPosition")))
    return tuple(found.values())


def status_of(answer: Element) -> Status:
    """The GetStatusResponse element. What moves in one axis moves."""
    told = xml.find(answer, "PTZStatus")
    moves = xml.find(told, "MoveStatus")
    states = [(xml.text(moves, axis) or "").upper() for axis in ("PanTilt", "Zoom")]
    moving = True if "MOVING" in states else False if "IDLE" in states else None
    return Status(_position(xml.find(told, "Position")), moving, _error(told))


def _error(told: Element | None) -> str:
    """The device's words of what is wrong; some write that nothing is."""
    said = words(xml.text(told, "Error")) or ""
    return "" if said.lower() in ("no error", "no", "none", "ok", "0") else said


def _position(element: Element | None) -> Position | None:
    turned, zoomed = xml.find(element, "PanTilt"), xml.find(element, "Zoom")
    if turned is None:
        return None
    pan, tilt = (number(turned.get(axis), -FARTHEST, FARTHEST) for axis in ("x", "y"))
    zoom = number(zoomed.get("x"), -FARTHEST, FARTHEST) if zoomed is not None else None
    return None if pan is None or tilt is None else Position(pan, tilt, zoom)


def masks_of(answer: Element) -> tuple[Mask, ...]:
    """The GetMasksResponse element. One without an area is left out."""
    found: dict[str, Mask] = {}
    for one in xml.children(answer, "Masks")[:MOST_MASKS]:
        token = words(xml.attribute(one, "token"), LONGEST_TOKEN)
        corners = _corners(xml.find(one, "Polygon"))
        if token and token not in found and len(corners) > 2:
            kind = (words(xml.text(one, "Type")) or "color").lower()
            found[token] = Mask(token, corners, kind, flag(xml.text(one, "Enabled")) is True)
    return tuple(found.values())


def _corners(polygon: Element | None) -> tuple[tuple[float, float], ...]:
    points = xml.children(polygon, "Point")[:MOST_POINTS] if polygon is not None else []
    read = ((number(one.get("x"), -2, 2), number(one.get("y"), -2, 2)) for one in points)
    return tuple((x, y) for x, y in read if x is not None and y is not None)
