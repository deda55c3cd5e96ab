"""Devices as configured, and the checks of them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Final, Literal, get_args

from healthmon.model.enums import CheckName, Kind
from healthmon.model.footage import PlaybackPlan, RecordingPlan
from healthmon.model.ptz import PtzPlan
from healthmon.model.readings import Readings

CheckKey = tuple[str, str, str]
# Codecs that a stream can be commissioned with.
Codec = Literal["h264", "h265", "mjpeg", "mpeg4"]
Deployment = Literal["deployed", "in_store", "in_transit"]
# What a device is outside the time between its joined and its retired date.
OutOfService = Literal["retired", "not_yet_joined"]
OUT_OF_SERVICE: Final = get_args(OutOfService)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where OK ends: (degraded, fault) pairs or single figures, in base units. Defaults are
    config.yaml's.
    """

    clock: tuple[float, float] = (2.0, 10.0)
    first_packet: float = 2.0
    frames_ratio: float = 0.8
    loss: tuple[float, float] = (0.01, 0.2)
    key_interval: float = 10.0
    latency: float = 1.0
    certificate_days: tuple[float, float] = (21.0, 0.0)
    ups_runtime: tuple[float, float] = (1200.0, 600.0)
    ups_load: tuple[float, float] = (0.8, 1.0)
    ups_charge: float = 0.5
    ups_temperature: float = 40.0
    ups_electronics: float = 60.0
    ups_test_days: float = 90.0
    ups_on_battery_fault: float = 60.0
    recorder_temperature: float = 60.0
    recorder_cpu: float = 0.95
    recorder_restart: float = 3600.0
    workstation_cpu: float = 0.95
    workstation_disk: float = 0.95
    port_errors: float = 0.001
    port_speed: float | None = None
    poe_power: float = 0.9
    relay_delay: tuple[float, float] = (5.0, 15.0)


@dataclass(frozen=True, slots=True)
class Tls:
    """How a device's certificate is trusted: by a CA (`ca_file` or the system's) or by its pinned
    key.

    `pin` is the SHA-256 of the SubjectPublicKeyInfo in hex; with a pin the name and the chain are
    not looked at.
    """

    pin: str | None = None
    ca_file: str | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class SnmpAccess:
    """SNMP of a device. `credential` names the community (v1, v2c: its password) or the USM user
    (v3).
    """

    credential: str
    port: int = 161
    version: str = "2c"
    auth_protocol: str = "SHA"
    priv_protocol: str = "AES"


@dataclass(frozen=True, slots=True)
class PortAccess:
    """The switch port that a device hangs on: `name` is the port's name, alias or number, `poe` its
    "group.port".
    """

    switch: str
    switch_name: str
    address: str
    snmp: SnmpAccess
    name: str
    poe: str | None = None


@dataclass(frozen=True, slots=True)
class NutAccess:
    """A UPS behind NUT's upsd: `ups` is its name there."""

    ups: str
    port: int = 3493


@dataclass(frozen=True, slots=True)
class ApcupsdAccess:
    """A UPS behind apcupsd's network information server."""

    port: int = 3551


@dataclass(frozen=True, slots=True)
class Access:
    """How a device is spoken to. A port of None means that the service is not there or must not be
    asked.
    """

    rtsp_port: int | None = None
    rtsps: bool = False
    http_port: int | None = None
    https: bool = False
    onvif_path: str | None = None
    credential: str | None = None
    allow_basic: bool = False
    tls: Tls | None = None
    snmp: SnmpAccess | None = None
    nut: NutAccess | None = None
    apcupsd: ApcupsdAccess | None = None
    ports: tuple[int, ...] = ()

    @property
    def tls_ports(self) -> dict[str, int]:
        """The ports that speak TLS by the name of their service, https first."""
        named = (
            ("https", self.http_port if self.https else None),
            ("rtsps", self.rtsp_port if self.rtsps else None),
        )
        return {name: port for name, port in named if port is not None}


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One video stream: `path` (with query) pinned by the operator, or None to be found by ONVIF,
    in the profile whose token or name is `profile`.

    The rest is what was commissioned, None where the register says nothing.
    """

    name: str = "main"
    path: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    frames_per_second: float | None = None
    bits_per_second: float | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class RelaySpec:
    """A camera's stream as it is handed over at `path`; `source` names the stream of the camera
    that it comes from.

    Codec and size are those of the source unless they are given. The source is checked every so
    many seconds.
    """

    camera: str
    path: str
    source: str
    every: float = 60.0
    codec: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Commissioned:
    """The identity that was written down when the device was installed; None where the register
    says nothing.
    """

    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A camera, recorder, UPS or link of the configuration. Only a deployable is ever other than
    deployed while it is in service: from the local day `joined` until the day `retired`, as in
    "2026-11-30", "" for none (`healthmon.incidents.service_dates`).

    `make` is how a recorder is asked what it has recorded ("onvif", "hikvision" ...), "" where it
    is not asked, and `readings` what it is asked besides; `playback` is how its footage is proven,
    None where it is not. `ptz` is how a PTZ camera may be moved, None where it never is.
    `recording` is what is expected of a camera. `access_notes` is how a repairer gets in. `daily_bytes`
    is what looks at a metered device may use in a local day. `ntp` are the time servers that a camera
    should be set to, empty where nothing is expected; they are never contacted for it.
    `osd_text` must stand in its picture, "" where nothing is expected. `position` is (latitude,
    longitude) in degrees, None where they are not known.
    """

    id: str
    name: str
    kind: Kind
    site: str
    address: str
    variant: str = ""
    location: str = ""
    access_notes: str = ""
    parents: tuple[str, ...] = ()
    port: PortAccess | None = None
    recorder: str | None = None
    channel: str | None = None
    contractor: str | None = None
    priority: int = 3
    coverage_zone: str = ""
    covers: tuple[str, ...] = ()
    time_zone: str = "Europe/London"
    ntp: tuple[str, ...] = ()
    osd_text: str = ""
    position: tuple[float, float] | None = None
    disabled: bool = False
    daily_bytes: float | None = None
    deployment: Deployment | OutOfService = "deployed"
    joined: str = ""
    retired: str = ""
    access: Access = field(default_factory=Access)
    streams: tuple[StreamSpec, ...] = ()
    relays: tuple[RelaySpec, ...] = ()
    commissioned: Commissioned | None = None
    make: str = ""
    readings: Readings = field(default_factory=Readings)
    recording: RecordingPlan = field(default_factory=RecordingPlan)
    playback: PlaybackPlan | None = None
    ptz: PtzPlan | None = None
    limits: Limits = field(default_factory=Limits)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_service(self) -> bool:
        """Whether it has joined and is not retired, at the time for which it was made."""
        return self.deployment not in OUT_OF_SERVICE

    @property
    def standing(self) -> str:
        """Where it is, in words: "in store", "retired on 2026-11-30"."""
        if self.deployment == "not_yet_joined":
            return f"joins on {self.joined}"
        day = f" on {self.retired}" if self.deployment == "retired" and self.retired else ""
        return self.deployment.replace("_", " ") + day


_FIGURES = ("interval", "timeout", "cost", "watch")


@functools.lru_cache(256, typed=True)
def _shared(figure: float) -> float:
    """The same object for equal ones: most devices are checked in the same few ways."""
    return figure


_ASKED_ELSEWHERE = (CheckName.RECORDING, CheckName.PLAYBACK, CheckName.PORT)


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one device, run at an interval. `instance` names the stream, recorder, switch
    or relayed camera, and the TLS service where there are two.

    `lock_key` is the address that answers one run at a time; `timeout` is the absolute deadline of
    a run in seconds; `cost` is what a run takes of the site's bandwidth budget, bits per second;
    `watch` is how long a stream is played, seconds; equal figures are one object. `phase_of` is the
    id of the device whose place in the interval the check keeps, "" for its own. A `sampled` check
    waits for its turn in the interval from the first round on; that it has no result yet is no gap.
    `key` identifies the check (and its results) for ever; one object, because much is kept by it.
    """

    device: str
    check_type: str
    instance: str = ""
    lock_key: str = ""
    site: str = ""
    interval: float = 60.0
    timeout: float = 10.0
    cost: float = 0.0
    watch: float = 2.0
    phase_of: str = ""
    sampled: bool = False
    key: CheckKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.device, self.check_type, self.instance))
        for name in _FIGURES:
            object.__setattr__(self, name, _shared(getattr(self, name)))

    def __reduce__(self) -> tuple[type[Check], tuple[Any, ...]]:
        return Check, _GIVEN(self)

    @property
    def spoken_to(self) -> str:
        """The id of the device that answers: footage is asked of the recorder, a switch port of the
        switch.
        """
        return self.instance if self.check_type in _ASKED_ELSEWHERE else self.device

    @property
    def max_age(self) -> float:
        """For how many seconds a result may be believed: two intervals and the time that a check
        may take.
        """
        return 2 * self.interval + self.timeout


# What a check is made of: many are handed from one process to another.
_GIVEN: Final = attrgetter(*(one.name for one in fields(Check) if one.init))


def asked(planned: Iterable[Check], devices: Mapping[str, Device]) -> tuple[Check, ...]:
    """Those of the `planned` checks that are made: a device in store or in transit is asked nothing,
    and neither is one that is retired, or another one about it.
    """
    found = tuple(one for one in planned if devices[one.device].deployment == "deployed")
    gone = {device.id: device for device in devices.values() if not device.in_service}
    if not gone:
        return found
    shown = {(one.recorder or "", f"channel {one.channel}") for one in gone.values()}
    return tuple(one for one in found if not _about_gone(one, gone.keys(), shown))


def _about_gone(check: Check, gone: AbstractSet[str], shown: AbstractSet[tuple[str, str]]) -> bool:
    """Whether a check asks one of the devices that are `gone`, looks at its picture behind a
    recorder (`shown`), or at its relayed stream.
    """
    if check.spoken_to in gone or (check.device, check.instance) in shown:
        return True
    return check.check_type == CheckName.RELAY and check.instance in gone
