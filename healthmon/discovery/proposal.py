"""What was seen -> proposed entries for config.yaml, with how sure they are and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from healthmon.discovery.found import Found, FoundProfile, FoundStream, OnvifDevice
from healthmon.discovery.known import KnownDevice, KnownDevices
from healthmon.discovery.vendor_words import calls_itself_recorder, make_of
from healthmon.protocols.onvif.device import DEVICE_PATH
from healthmon.vendors.registry import all_vendors

Sure = Literal["sure", "likely", "guess"]
Section = Literal["cameras", "recorders", "ups", "links", ""]
NEW_SITE = "discovered"
_STREAM_NAMES = ("main", "sub")
_CODECS = frozenset({"h264", "h265", "mjpeg"})
_ID = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One address that has answered. `section` is where `entry` belongs in config.yaml, "" where
    nothing can be proposed. `known` is the id of the device of config.yaml at this address, `moved`
    the one that has the same serial number or MAC address at another address.
    """

    found: Found
    section: Section
    sure: Sure
    reasons: tuple[str, ...]
    entry: Mapping[str, Any] = field(default_factory=dict)
    known: str = ""
    moved: KnownDevice | None = None

    @property
    def address(self) -> str:
        """Where it was found."""
        return self.found.address

    @property
    def new(self) -> bool:
        """Whether its entry is to be added."""
        return bool(self.section) and not self.known and self.moved is None


@dataclass(frozen=True, slots=True)
class Setting:
    """What every entry gets: the `site` that was named ("" for the one of its neighbours) and the
    name of the `credential`.
    """

    site: str = ""
    credential: str = ""


def proposals(found: Iterable[Found], known: KnownDevices, setting: Setting) -> list[Proposal]:
    """One for each address, in the order of the addresses."""
    return [_proposal(one, known, setting) for one in found]


def _proposal(found: Found, known: KnownDevices, setting: Setting) -> Proposal:
    section, sure, reasons = classified(found)
    same = known.at(found.address)
    device = found.onvif
    moved = None
    if same is None:
        moved = known.elsewhere(
            found.address,
            device.serial if device else "",
            (*(device.macs if device else ()), found.mac),
        )
    entry = _entry(section, found, known, setting) if section else {}
    known_id = same.id if same else ""
    return Proposal(found, section, sure, tuple(reasons), entry, known_id, moved)


# ------------------------------------------------------------------------------------------------ what it is


def classified(found: Found) -> tuple[Section, Sure, list[str]]:
    """What a device is, how sure that is, and why."""
    if found.onvif is not None:
        return _by_onvif(found, found.onvif)
    if found.has("nut"):
        return "ups", "guess", ["port of NUT is open"]
    if found.has("apcupsd"):
        return "ups", "guess", ["port of apcupsd is open"]
    make = make_of(found.hints, (port.number for port in found.open))
    named = [f"by its words or ports: {make.name}"] if make else []
    if calls_itself_recorder(found.hints):
        return "recorders", "guess", [*named, "it calls itself a recorder"]
    if found.streams:
        named.append(f"RTSP describes {found.streams[0].path}")
        return "cameras", "likely", [*named, "no ONVIF"]
    if found.has("rtsp"):
        return "cameras", "guess", [*named, "port of RTSP is open, no ONVIF"]
    if make is not None:
        return "cameras", "guess", [*named, "no ONVIF"]
    return "", "guess", ["a web server only, or a port without an answer"]


def _by_onvif(found: Found, device: OnvifDevice) -> tuple[Section, Sure, list[str]]:
    reasons = ["it answers ONVIF"]
    told = (device.model, *device.names, *device.hardware, *_match_words(found))
    records = {"replay", "recording"} & set(device.services)
    if records and device.sources > 1:
        return "recorders", "sure", [*reasons, f"it records {device.sources} video sources"]
    if calls_itself_recorder(told):
        return "recorders", "likely", [*reasons, "its model or name says recorder"]
    if device.coded:
        reasons.append(f"profiles with video: {device.coded}")
        return "cameras", "sure" if device.model else "likely", reasons
    if device.model:
        return "cameras", "likely", [*reasons, "no profile with video was read"]
    return "cameras", "likely", [*reasons, "its identity was not given without a login"]


def _match_words(found: Found) -> tuple[str, ...]:
    return (*found.match.names, *found.match.hardware) if found.match else ()


# ------------------------------------------------------------------------------------------------ entries


def _entry(section: Section, found: Found, known: KnownDevices, setting: Setting) -> dict[str, Any]:
    prefix = {"cameras": "camera", "recorders": "recorder", "ups": "ups", "links": "link"}[section]
    entry: dict[str, Any] = {
        "id": known.free_id(_ID.sub("-", f"{prefix}-{found.address}")),
        "name": _name(found),
        "site": setting.site or known.site_near(found.address) or NEW_SITE,
        "address": found.address,
    }
    if location := next(iter(found.onvif.locations if found.onvif else ()), ""):
        entry["location"] = location
    if section in ("cameras", "recorders"):
        told = _of_video(section, found, setting)
        entry |= {name: value for name, value in told.items() if value}
    if section == "ups":
        entry |= {"nut": {"ups": "ups"}} if found.has("nut") else {"apcupsd": {}}
    return entry


def _name(found: Found) -> str:
    """What the device calls itself, else its model, else its address."""
    device, match = found.onvif, found.match
    told = (*(device.names if device else ()), *(match.names if match else ()))
    model = device.model if device else ""
    return next((one for one in (*told, model) if one), found.address)[:128]


def _of_video(section: Section, found: Found, setting: Setting) -> dict[str, Any]:
    device = found.onvif
    entry: dict[str, Any] = {}
    if section == "cameras":
        entry["kind"] = "ptz" if device is not None and device.ptz else "fixed"
    else:
        entry["make"] = recorder_make(found)
    if setting.credential and found.login not in ("refused", "not needed"):
        entry["credential"] = setting.credential
    entry |= _services(found)
    entry["streams"] = _streams(found) if section == "cameras" else []
    entry["commissioned"] = _commissioned(found)
    return entry


def recorder_make(found: Found) -> str:
    """The name of the vendor module that reads it; ``no`` where nothing does."""
    device = found.onvif
    make = make_of((*found.hints, device.manufacturer if device else ""))
    if make is not None and make.name in all_vendors():
        return make.name
    return "onvif" if device else "no"


def _services(found: Found) -> dict[str, Any]:
    """`http`, `rtsp`, `onvif` and `tls`, as far as they are not what an entry has without a word."""
    device = found.onvif
    told: dict[str, Any] = {}
    port = device.port if device else found.first("http")
    if device is not None and device.tls_pin:
        told["http"] = {"port": str(device.port), "tls": "yes"}
        told["tls"] = {"pin": device.tls_pin}
    elif port is None:
        told["http"] = "no"
    elif port != 80:
        told["http"] = {"port": str(port)}
    rtsp = found.first("rtsp")
    if rtsp is None:
        told["rtsp"] = "no"
    elif rtsp != 554:
        told["rtsp"] = {"port": str(rtsp)}
    if device is None:
        told["onvif"] = "no"
    elif device.path != DEVICE_PATH:
        told["onvif"] = device.path
    return told


def _streams(found: Found) -> list[dict[str, Any]]:
    """Those of ONVIF by their profiles, else those of RTSP by their paths."""
    profiles = found.onvif.profiles if found.onvif else ()
    told: list[tuple[str, str, FoundProfile | FoundStream]]
    told = [("profile", one.token, one) for one in profiles]
    told = told or [("path", one.path, one) for one in found.streams]
    return [
        _stream({"name": name, key: value}, one)
        for name, (key, value, one) in zip(_STREAM_NAMES, told, strict=False)
    ]


def _stream(told: dict[str, Any], stream: FoundProfile | FoundStream) -> dict[str, Any]:
    if stream.codec in _CODECS:
        told["codec"] = stream.codec
    if stream.size:
        told["size"] = f"{stream.size[0]}x{stream.size[1]}"
    return told


def _commissioned(found: Found) -> dict[str, str]:
    """What the device has said of itself, by ONVIF, else by its vendor's protocol."""
    identity = found.onvif if found.onvif and found.onvif.model else found.recorder
    told = {name: getattr(identity, name, None) or "" for name in ("model", "serial", "firmware")}
    told["mac"] = next(iter(found.onvif.macs if found.onvif else ()), found.mac)
    return {name: value for name, value in told.items() if value}
