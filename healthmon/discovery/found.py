"""What was seen at one address. A value that was not told is None or empty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from healthmon.discovery.ports import KnownPort
from healthmon.model.device import SnmpAccess
from healthmon.model.footage import RecorderHealth
from healthmon.model.ups import Ups
from healthmon.protocols.onvif.ws_discovery import Match
from healthmon.secret import Credential
from healthmon.vendors.bridges import Bridge

LoginState = Literal["not tried", "not needed", "wanted", "accepted", "refused", "held back"]


@dataclass(slots=True)
class FoundProfile:
    """A media profile: codec as config.yaml writes it, `size` in pixels; `path` is that of its
    stream.
    """

    token: str
    name: str = ""
    codec: str | None = None
    size: tuple[int, int] | None = None
    path: str = ""
    ptz: bool = False
    source: str = ""


@dataclass(slots=True)
class OnvifDevice:
    """An ONVIF device service that has told its time. `skew` is its clock minus ours, seconds.

    `services` are the kinds of service that it names (media, ptz, recording, search, replay).
    `elsewhere` are addresses of other hosts or ports that it names and that were not contacted.
    """

    port: int
    path: str
    tls_pin: str = ""
    skew: float | None = None
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    macs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    profiles: tuple[FoundProfile, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def coded(self) -> int:
        """How many of its profiles have video."""
        return sum(one.codec is not None for one in self.profiles)

    @property
    def sources(self) -> int:
        """How many video sources its profiles show."""
        return len({one.source for one in self.profiles if one.codec and one.source})

    @property
    def ptz(self) -> bool:
        """Whether a profile has a PTZ configuration."""
        return any(one.ptz for one in self.profiles)


@dataclass(frozen=True, slots=True)
class FoundStream:
    """A stream that RTSP describes at `path`."""

    path: str
    codec: str = ""
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """An SNMPv3 user of config.yaml, with the protocols that its messages are authenticated and
    encrypted by.
    """

    credential: Credential
    auth: str = "SHA"
    priv: str = "AES"


@dataclass(slots=True)
class SnmpDevice:
    """What has answered SNMP of `version` "2c" or "1", or "3" to the `user`; `bridge` is there where it
    is a switch.
    """

    version: str
    port: int
    description: str = ""
    name: str = ""
    location: str = ""
    bridge: Bridge | None = None
    user: SnmpUser | None = None

    def access(self) -> SnmpAccess:
        """How it is asked, by the name of its account."""
        if self.user is None:
            return SnmpAccess("community", self.port, self.version)
        name, auth, priv = self.user.credential.name, self.user.auth, self.user.priv
        return SnmpAccess(name, self.port, self.version, auth, priv)


@dataclass(slots=True)
class Found:
    """One address that has answered. `open` are its open ports; `mac` is what our own neighbour
    table says; `hints` are what its servers call themselves; `streams` are those that RTSP
    describes; `recorder` and `channels` are what its vendor's protocol has told; `ups` are its
    UPSes by the names that NUT gives them, "" where there is one without; `notes` are what could
    not be read and why, in the order in which it happened.
    """

    address: str
    open: tuple[KnownPort, ...] = ()
    mac: str = ""
    match: Match | None = None
    onvif: OnvifDevice | None = None
    hints: tuple[str, ...] = ()
    streams: tuple[FoundStream, ...] = ()
    recorder: RecorderHealth | None = None
    channels: tuple[str, ...] = ()
    snmp: SnmpDevice | None = None
    ups: dict[str, Ups] = field(default_factory=dict)
    login: LoginState = "not tried"
    incomplete: bool = False
    notes: list[str] = field(default_factory=list)

    def has(self, *spoken: str) -> bool:
        """Whether one of its open ports speaks one of `spoken`."""
        return any(port.spoken in spoken for port in self.open)

    def first(self, spoken: str) -> int | None:
        """The number of its first open port that speaks `spoken`."""
        return next((port.number for port in self.open if port.spoken == spoken), None)
