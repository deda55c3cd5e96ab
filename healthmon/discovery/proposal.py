"""What was seen -> proposed entries for config.yaml, with how sure they are and why. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from healthmon.discovery.found import Found, FoundProfile, FoundStream, OnvifDevice, SnmpDevice
from healthmon.discovery.known import KnownDevice, KnownDevices
from healthmon.discovery.vendor_words import calls_itself_recorder, make_of
from healthmon.discovery.wiring import Wire, wires
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
    entry: dict[str, Any] = field(default_factory=dict)
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
    names of the `credential` and of the SNMP `community`.
    """

    site: str = ""
    credential: str = ""
    community: str = ""


def proposals(found: Sequence[Found], known: KnownDevices, setting: Setting) -> list[Proposal]:
    """At least one for each address, in the order of the addresses."""
    wired = wires(found)
    told = []
    for one in found:
        wire = wired.get(one.address)
        place = (wire, _parent(wire.switch, known)) if wire else None
        told += _of_address(one, known, setting, place)
    return _with_own_names(told, known)


def _with_own_names(told: list[Proposal], known: KnownDevices) -> list[Proposal]:
    """No two devices have one name: those of one model get their addresses behind it."""
    taken = Counter(one.entry["name"] for one in told if one.new)
    taken.update(device.name for device in known.devices)
    for one in told:
        if one.new and taken[one.entry["name"]] > 1:
            one.entry["name"] = f"{one.entry['name'][:100]} {one.address}"
    return told


def _parent(address: str, known: KnownDevices) -> tuple[str, bool]:
    """The id of the switch at `address`, and whether its ports can be named: it is read by SNMP. ""
    for a known device that is no link.
    """
    same = known.at(address)
    if same is None:
        return _id("links", address, known), True
    return (same.id, same.snmp) if same.link else ("", False)


def _of_address(
    found: Found,
    known: KnownDevices,
    setting: Setting,
    place: tuple[Wire, tuple[str, bool]] | None,
) -> list[Proposal]:
    section, sure, reasons = classified(found)
    same = known.at(found.address)
    moved = _moved(found, known) if same is None else None
    told = []
    for name in found.ups or ("",):
        entry = _entry(section, found, known, setting) if section else {}
        if section == "ups":
            entry |= _of_ups(found, name, setting)
        why = reasons + (_wired(entry, *place) if section and place else [])
        known_id = same.id if same else ""
        told.append(Proposal(found, section, sure, tuple(why), entry, known_id, moved))
    return told


def _moved(found: Found, known: KnownDevices) -> KnownDevice | None:
    """The device of config.yaml that this one is, by its serial number or MAC address."""
    told = (found.onvif, found.recorder, *found.ups.values())
    serial = next((one.serial for one in told if one is not None and one.serial), "")
    by_ups = (one.mac for one in found.ups.values() if one is not None and one.mac)
    macs = (*(found.onvif.macs if found.onvif else ()), *by_ups, found.mac)
    return known.elsewhere(found.address, serial, macs)


def _wired(entry: dict[str, Any], wire: Wire, parent: tuple[str, bool]) -> list[str]:
    """Put the switch and its port into `entry`; the reason for it."""
    switch, named = parent
    if switch:
        entry["parent"] = switch
        if named:
            entry["port"] = wire.port
    return [f"{wire.sure} on port {wire.port} of the switch {wire.switch}: {wire.why}"]


# ------------------------------------------------------------------------------------------------ what it is


def classified(found: Found) -> tuple[Section, Sure, list[str]]:
    """What a device is, how sure that is, and why."""
    if found.onvif is not None:
        return _by_onvif(found, found.onvif)
    return _by_snmp_or_ups(found) or _by_ports(found)


def _by_snmp_or_ups(found: Found) -> tuple[Section, Sure, list[str]] | None:
    if found.snmp is not None and found.snmp.bridge is not None:
        return "links", "sure", [f"a switch by SNMP: {found.snmp.description or 'no description'}"]
    if found.ups:
        models = ", ".join(dict.fromkeys(one.model or one.backend for one in found.ups.values()))
        return "ups", "sure", [f"it gives the state of a UPS: {models}"]
    for spoken, name in (("nut", "NUT"), ("apcupsd", "apcupsd")):
        if found.has(spoken):
            return "ups", "guess", [f"port of {name} is open"]
    return None


def _by_ports(found: Found) -> tuple[Section, Sure, list[str]]:
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
    if found.snmp is not None:
        return "", "guess", [f"it answers SNMP: {found.snmp.description or 'no description'}"]
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
    entry: dict[str, Any] = {
        "id": _id(section, found.address, known),
        "name": _name(found),
        "site": setting.site or known.site_near(found.address) or NEW_SITE,
        "address": found.address,
    }
    if location := _location(found):
        entry["location"] = location
    if section in ("cameras", "recorders"):
        told = _of_video(section, found, setting)
        entry |= {name: value for name, value in told.items() if value}
    if section == "links" and found.snmp is not None:
        entry["snmp"] = _snmp(found.snmp, setting)
    return entry


def _id(section: Section, address: str, known: KnownDevices) -> str:
    prefix = {"cameras": "camera", "recorders": "recorder", "ups": "ups", "links": "link"}
    return known.free_id(_ID.sub("-", f"{prefix[section]}-{address}"))


def _snmp(device: SnmpDevice, setting: Setting) -> dict[str, str]:
    user = device.user
    told = {"credential": user.credential.name if user else setting.community}
    if device.version != "2c":
        told["version"] = device.version
    if user is not None:
        told |= {"auth_protocol": user.auth, "priv_protocol": user.priv}
    if device.port != 161:
        told["port"] = str(device.port)
    return told


def _of_ups(found: Found, name: str, setting: Setting) -> dict[str, Any]:
    """How one UPS of an address is read. Of several each has an id of its own."""
    entry: dict[str, Any] = {}
    if (port := found.first("nut")) is not None:
        entry["nut"] = {"ups": name or "ups", "port": str(port)}
    elif (port := found.first("apcupsd")) is not None:
        entry["apcupsd"] = {"port": str(port)}
    elif found.snmp is not None:
        entry["snmp"] = _snmp(found.snmp, setting)
    if len(found.ups) > 1:
        entry["id"] = _ID.sub("-", f"ups-{found.address}-{name}")
    one = found.ups.get(name)
    if one is not None and one.model:
        entry["name"] = f"{one.model} ({name})" if name else one.model
    return entry


def _name(found: Found) -> str:
    """What the device calls itself, else its model, else its address."""
    device, match = found.onvif, found.match
    told = (*(device.names if device else ()), *(match.names if match else ()))
    own = (found.snmp.name if found.snmp else "", device.model if device else "")
    return next((one for one in (*told, *own) if one), found.address)[:128]


def _location(found: Found) -> str:
    """Where the device says that it is."""
    by_onvif = next(iter(found.onvif.locations if found.onvif else ()), "")
    return by_onvif or (found.snmp.location if found.snmp else "")


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
