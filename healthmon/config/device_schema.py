"""The devices of the configuration: what may be said of a camera, a recorder, a UPS, a link."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from healthmon.config.extensions import CheckSettings, VendorName
from healthmon.config.fields import (
    BitRate,
    Bytes,
    Celsius,
    Date,
    Decimal,
    Endpoint,
    Flag,
    Hosts,
    Hours,
    Id,
    Ids,
    Line,
    Name,
    Peer,
    Port,
    PowerPort,
    Priority,
    Ratio,
    Reference,
    Seconds,
    Size,
    Strict,
    TlsTrust,
    as_list,
    or_no,
)
from healthmon.config.readings_schema import HttpRequest, RcpCommand, SnmpObject
from healthmon.config.recorder_schema import Playback, RecordingValues
from healthmon.model.device import Codec, Deployment


class LimitValues(Strict):
    """Where OK ends; pairs are [warning, fault]."""

    clock: tuple[Seconds, Seconds] | None = None
    first_packet: Seconds | None = None
    frames: Ratio | None = None
    loss: tuple[Ratio, Ratio] | None = None
    key_interval: Seconds | None = None
    latency: Seconds | None = None
    certificate: tuple[Seconds, Seconds] | None = None
    ups_runtime: tuple[Seconds, Seconds] | None = None
    ups_load: tuple[Ratio, Ratio] | None = None
    ups_charge: Ratio | None = None
    ups_temperature: Celsius | None = None
    ups_electronics: Celsius | None = None
    ups_test: Seconds | None = None
    ups_on_battery: Seconds | None = None
    recorder_temperature: Celsius | None = None
    recorder_cpu: Ratio | None = None
    recorder_restart: Seconds | None = None
    workstation_cpu: Ratio | None = None
    workstation_disk: Ratio | None = None
    port_errors: Ratio | None = None
    port_speed: BitRate | None = None
    poe_power: Ratio | None = None
    relay_delay: tuple[Seconds, Seconds] | None = None


class Tcp(Strict):
    """A TCP service of a device."""

    port: Port | None = None
    tls: Flag = False


class Snmp(Strict):
    """SNMP of a device; `credential` names the community (its secret) or the v3 user."""

    credential: str
    port: Port = 161
    version: Literal["1", "2c", "3"] = "2c"
    auth_protocol: Literal["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"] = "SHA"
    priv_protocol: Literal["none", "DES", "AES", "AES-192", "AES-256"] = "AES"


class Nut(Strict):
    """A UPS behind NUT's upsd."""

    ups: Name
    port: Port = 3493


class Apcupsd(Strict):
    """A UPS behind apcupsd."""

    port: Port = 3551


class Stream(Strict):
    """A video stream and what was commissioned. Without `path` it is found by ONVIF: in `profile`
    (a token or a name), else in the profile that was commissioned.
    """

    name: Name = "main"
    path: Endpoint | None = None
    profile: Name | None = None
    codec: Codec | None = None
    size: Size | None = None
    frame_rate: Decimal | None = None
    bit_rate: BitRate | None = None


class Commissioned(Strict):
    """The identity written down at installation."""

    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    mac: str | None = None


class Metered(Strict):
    """A device on a paid network (4G): the data that looks may use in a local day, both ways,
    headers counted.
    """

    per_day: Bytes = Field(ge=100e3)


class Watched(Strict):
    """What every device has; ``no`` is for a contractor, credential, recorder, `snmp` or `metered` of
    the defaults that this one has not. `port` is its port on the parent switch, `poe` that port's
    "group.port" in RFC 3621. `joined` and `retired` are the days from which it is and is no longer in
    service. `checks` are checks of installed packages, by name with their settings.
    """

    id: Id
    name: Name
    site: str
    address: Peer
    location: Line = ""
    access: Line = ""
    zone: Line = ""
    priority: Priority = 3
    parent: Ids = ()
    contractor: Reference = None
    disabled: Flag = False
    joined: Date | None = None
    retired: Date | None = None
    interval: Seconds | None = Field(default=None, ge=1)
    timeout: Seconds | None = Field(default=None, ge=0.2, le=120)
    limits: LimitValues = LimitValues()
    snmp: Annotated[Snmp | None, BeforeValidator(or_no)] = None
    ports: tuple[Port, ...] = ()
    metered: Annotated[Metered | None, BeforeValidator(or_no)] = None
    port: Name | None = None
    poe: PowerPort | None = None
    commissioned: Commissioned | None = None
    checks: CheckSettings = Field(default_factory=dict)


class VideoDevice(Watched):
    """What cameras and recorders have."""

    credential: Reference = None
    allow_basic: Flag = False
    rtsp: Annotated[Tcp | None, BeforeValidator(or_no)] = Tcp()
    http: Annotated[Tcp | None, BeforeValidator(or_no)] = Tcp()
    onvif: Annotated[Endpoint | None, BeforeValidator(or_no)] = "/onvif/device_service"
    tls: TlsTrust | None = None
    streams: tuple[Stream, ...] = ()
    watch: Seconds | None = Field(default=None, ge=0.2, le=60)


class PtzCheck(Strict):
    """Whether a PTZ camera may be moved to prove that it can (`active`): once in `every` seconds,
    within `hours` (local time), after `quiet` seconds in which nothing moved it, to `presets` (all
    where none are named). It must `arrive` within so many seconds.
    """

    active: Flag = False
    every: Seconds = Field(default=86400.0, ge=3600, le=31 * 86400)
    hours: Hours = ("09:00", "16:00")
    quiet: Seconds = Field(default=600.0, ge=60, le=86400)
    arrive: Seconds = Field(default=15.0, ge=5, le=30)
    presets: Annotated[tuple[Name, ...], BeforeValidator(as_list)] = ()


class Camera(VideoDevice):
    """A camera; `state` is where a deployable one is now, `covers` the zones that it can look at
    besides its own, `ntp` the time servers that it should be set to (those of `defaults`),
    `osd_text` the text that must stand in its picture. Without `ptz` it is never moved.
    """

    kind: Literal["fixed", "ptz", "deployable"]
    state: Deployment = "deployed"
    recorder: Reference = None
    channel: str | None = None
    covers: Ids = ()
    ntp: Hosts | None = None
    osd_text: Line = ""
    ptz: PtzCheck | None = None
    recording: RecordingValues = RecordingValues()


class Recorder(VideoDevice):
    """A recorder; `channel_path` with {channel} is where it relays the cameras that name it.

    `make` is how it is asked what it has recorded, ``no`` where it must not be asked. Without
    `playback` only recorders of make onvif prove their footage. `requests` (make http), `objects`
    and `storage` (snmp, bosch), `rcp`, `tracks` and `experimental_clock` (bosch) say what is read
    besides.
    """

    channel_path: Endpoint | None = None
    make: Annotated[VendorName | None, BeforeValidator(or_no)] = "onvif"
    recording: RecordingValues = RecordingValues()
    playback: Annotated[Playback | None, BeforeValidator(or_no)] = Playback()
    requests: tuple[HttpRequest, ...] = ()
    objects: tuple[SnmpObject, ...] = ()
    rcp: tuple[RcpCommand, ...] = ()
    storage: Ids = ()
    tracks: Flag = False
    experimental_clock: Flag = False


class UpsDevice(Watched):
    """A UPS, asked in one of three ways. `generator_start` is within how long a generator takes over
    behind it; reports hold the time on battery against it.
    """

    nut: Nut | None = None
    apcupsd: Apcupsd | None = None
    generator_start: Seconds | None = Field(default=None, ge=1, le=3600)


class Workstation(Watched):
    """A computer of the control room: VMS server, decoder, desk PC. Its services are those under
    `rtsp`, `http` and `ports`; by `snmp` it reports its load and how full the volumes of `storage`
    are, named by the beginning of their description ("C:", "/var").
    """

    rtsp: Annotated[Tcp | None, BeforeValidator(or_no)] = None
    http: Annotated[Tcp | None, BeforeValidator(or_no)] = None
    tls: TlsTrust | None = None
    storage: Ids = ()


class RelayStream(Strict):
    """A camera's stream as it is handed over. `stream` is the camera's own (its first), codec and
    size as there.
    """

    camera: str
    path: Endpoint
    stream: Name | None = None
    codec: Codec | None = None
    size: Size | None = None


class Link(Watched):
    """A switch, radio or line that other devices stand behind, or a point where pictures are handed
    over (`relay`).
    """

    credential: Reference = None
    allow_basic: Flag = False
    rtsp: Annotated[Tcp | None, BeforeValidator(or_no)] = None
    http: Annotated[Tcp | None, BeforeValidator(or_no)] = None
    tls: TlsTrust | None = None
    relay: Annotated[tuple[RelayStream, ...], BeforeValidator(as_list)] = ()
