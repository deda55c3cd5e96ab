"""The typed configuration: pydantic models built from strings. Unknown keys are refused; values carry their unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from healthmon.config.fields import (
    BitRate,
    Bytes,
    Celsius,
    Decimal,
    Flag,
    Host,
    Id,
    Ids,
    LocalTime,
    Mail,
    Name,
    Place,
    Port,
    PowerPort,
    Priority,
    Ratio,
    Seconds,
    Size,
    Strict,
    TlsTrust,
    Whole,
    Zone,
    as_list,
    or_no,
)
from healthmon.config.notify_schema import Heartbeat, Route, Target, Times
from healthmon.config.readings_schema import HttpRequest, RcpCommand, SnmpObject
from healthmon.config.recorder_schema import Make, Playback, RecordingValues
from healthmon.model import Deployment


class Estate(Strict):
    """The whole. `shifts` are the local times of day at which a sweep is due; a missed one is told."""

    name: Name = "CCTV"
    time_zone: Zone = "Europe/London"
    shifts: Times = ()


class Site(Strict):
    """A place with a network connection; `bandwidth` is what all looks there may take together.

    `access` is how a repairer gets in; it stands in the contractor's fault report.
    """

    id: Id
    name: Name = ""
    bandwidth: BitRate = 100e6
    access: str = ""


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
    ups_test: Seconds | None = None
    ups_on_battery: Seconds | None = None
    recorder_temperature: Celsius | None = None
    recorder_cpu: Ratio | None = None
    recorder_restart: Seconds | None = None
    port_errors: Ratio | None = None
    port_speed: BitRate | None = None
    poe_power: Ratio | None = None
    relay_delay: tuple[Seconds, Seconds] | None = None


class Confirm(Strict):
    """A fault is confirmed by `failures` bad results of the last `of`, cleared by `clear` good ones.

    It flaps from `flaps` changes in its last 21 results until there are no more than `rests`.
    """

    failures: Whole = Field(default=2, ge=1, le=21)
    of: Whole = Field(default=3, ge=1, le=21)
    clear: Whole = Field(default=2, ge=1, le=21)
    flaps: Whole = Field(default=4, ge=2, le=21)
    rests: Whole = Field(default=1, ge=0, le=20)


class Cause(Strict):
    """How long a fault waits for its cause to show before it is told, and when many losses are one.

    A fault is told after `hold`. Lost devices of one site are told when none has been added for `quiet`, at most after
    `longest`; `many` of them and `share` of the site are one fault, which later ones `join`. When a parent is back, its
    children have `settle` to come back. A mains failure explains what follows within `power`.
    """

    hold: Seconds = Field(default=20.0, ge=1, le=600)
    quiet: Seconds = Field(default=10.0, ge=1, le=600)
    longest: Seconds = Field(default=40.0, ge=1, le=1200)
    many: Whole = Field(default=4, ge=2)
    share: Ratio = 0.3
    join: Seconds = Field(default=180.0, ge=1)
    settle: Seconds = Field(default=180.0, ge=1)
    power: Seconds = Field(default=180.0, ge=1)


class Database(Strict):
    """Where history is kept when not in a file of the state directory: PostgreSQL, for estates beyond one machine."""

    url: Annotated[str, Field(pattern=r"^postgresql://[^/]+/.+$")]
    credential: str | None = None


class History(Strict):
    """How long what has ended is kept."""

    keep: Seconds = Field(default=400 * 86400.0, ge=86400)


class Defaults(Strict):
    """What a device has unless it says otherwise."""

    interval: Seconds = Field(default=60.0, ge=1)
    clock_interval: Seconds = Field(default=300.0, ge=1)
    identity_interval: Seconds = Field(default=600.0, ge=1)
    certificate_interval: Seconds = Field(default=3600.0, ge=1)
    ups_interval: Seconds = Field(default=30.0, ge=1)
    recording_interval: Seconds = Field(default=300.0, ge=1)
    reference_interval: Seconds = Field(default=60.0, ge=1)
    timeout: Seconds = Field(default=12.0, ge=0.2, le=120)
    watch: Seconds = Field(default=2.0, ge=0.2, le=60)
    concurrency: Whole = Field(default=200, ge=1, le=5000)
    confirm: Confirm = Confirm()
    cause: Cause = Cause()
    limits: LimitValues = LimitValues()
    recording: RecordingValues = RecordingValues()


class Source(Strict):
    """Where a secret stands: exactly one of a file, an environment variable, a systemd credential."""

    file: str | None = None
    environment: str | None = None
    systemd: str | None = None


class Account(Strict):
    """An account by name. There is no key for the password itself."""

    username: str = ""
    secret: Source
    private: Source | None = None


class TimeServer(Strict):
    """An NTP server."""

    address: Host
    port: Port = 123


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
    """A video stream and what was commissioned."""

    name: Name = "main"
    path: Place | None = None
    codec: Literal["h264", "h265", "mjpeg"] | None = None
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
    """A device on a paid network (4G): the data that looks may use in a local day, both ways, headers counted."""

    per_day: Bytes = Field(ge=100e3)


class Watched(Strict):
    """What every device has. `port` is its port on the parent switch, `poe` that port's "group.port" in RFC 3621."""

    id: Id
    name: Name
    site: str
    address: Host
    location: str = ""
    access: str = ""
    zone: str = ""
    priority: Priority = 3
    parent: Ids = ()
    contractor: str | None = None
    disabled: Flag = False
    interval: Seconds | None = Field(default=None, ge=1)
    timeout: Seconds | None = Field(default=None, ge=0.2, le=120)
    limits: LimitValues = LimitValues()
    snmp: Snmp | None = None
    ports: tuple[Port, ...] = ()
    metered: Metered | None = None
    port: Name | None = None
    poe: PowerPort | None = None


class VideoDevice(Watched):
    """What cameras and recorders have."""

    credential: str | None = None
    allow_basic: Flag = False
    rtsp: Annotated[Tcp | None, BeforeValidator(or_no)] = Tcp()
    http: Annotated[Tcp | None, BeforeValidator(or_no)] = Tcp()
    onvif: Annotated[Place | None, BeforeValidator(or_no)] = "/onvif/device_service"
    tls: TlsTrust | None = None
    streams: tuple[Stream, ...] = ()
    commissioned: Commissioned | None = None
    watch: Seconds | None = Field(default=None, ge=0.2, le=60)


class Camera(VideoDevice):
    """A camera; `state` is where a deployable one is now, `covers` the zones that it can look at besides its own."""

    kind: Literal["fixed", "ptz", "deployable"]
    state: Deployment = "deployed"
    recorder: str | None = None
    channel: str | None = None
    covers: Ids = ()
    recording: RecordingValues = RecordingValues()


class Recorder(VideoDevice):
    """A recorder; `channel_path` with {channel} is where it relays the cameras that name it.

    `make` is how it is asked what it has recorded, ``no`` where it must not be asked. Without `playback` only
    recorders of make onvif prove their footage. `requests` (make http), `objects` and `storage` (snmp, bosch), `rcp`,
    `tracks` and `experimental_clock` (bosch) say what is read besides.
    """

    channel_path: Place | None = None
    make: Annotated[Make | None, BeforeValidator(or_no)] = "onvif"
    recording: RecordingValues = RecordingValues()
    playback: Annotated[Playback | None, BeforeValidator(or_no)] = Playback()
    requests: tuple[HttpRequest, ...] = ()
    objects: tuple[SnmpObject, ...] = ()
    rcp: tuple[RcpCommand, ...] = ()
    storage: Ids = ()
    tracks: Flag = False
    experimental_clock: Flag = False


class UpsDevice(Watched):
    """A UPS, asked in one of three ways."""

    nut: Nut | None = None
    apcupsd: Apcupsd | None = None


class RelayStream(Strict):
    """A camera's stream as it is handed over. `stream` is the camera's own (its first), codec and size as there."""

    camera: str
    path: Place
    stream: Name | None = None
    codec: Literal["h264", "h265", "mjpeg"] | None = None
    size: Size | None = None


class Link(Watched):
    """A switch, radio or line that other devices stand behind, or a point where pictures are handed over (`relay`)."""

    credential: str | None = None
    allow_basic: Flag = False
    rtsp: Annotated[Tcp | None, BeforeValidator(or_no)] = None
    http: Annotated[Tcp | None, BeforeValidator(or_no)] = None
    tls: TlsTrust | None = None
    relay: Annotated[tuple[RelayStream, ...], BeforeValidator(as_list)] = ()


class Contractor(Strict):
    """Who repairs."""

    id: Id
    name: Name
    phone: str = ""
    email: Mail | Literal[""] = ""
    response: Seconds = 14400.0


class Window(Strict):
    """A maintenance window. Times are local (``2026-12-01 08:00``); `repeat` goes on until `until`."""

    devices: Ids = ()
    sites: Ids = ()
    contractors: Ids = ()
    start: LocalTime
    end: LocalTime
    repeat: Literal["daily", "weekly"] | None = None
    until: LocalTime | None = None
    reason: Name = "maintenance"


class ServerTls(Strict):
    """The web server's own certificate."""

    certificate: str
    key: str


class AgentSection(Strict):
    """The agent itself."""

    listen: Host = "127.0.0.1"
    port: Port = 9877
    state_directory: str | None = None
    tls: ServerTls | None = None
    users_file: str | None = None


class Config(Strict):
    """config.yaml."""

    estate: Estate = Estate()
    agent: AgentSection = AgentSection()
    defaults: Defaults = Defaults()
    database: Database | None = None
    history: History = History()
    credentials: dict[str, Account] = Field(default_factory=dict)
    time_servers: tuple[TimeServer, ...] = ()
    sites: tuple[Site, ...] = ()
    contractors: tuple[Contractor, ...] = ()
    links: tuple[Link, ...] = ()
    cameras: tuple[Camera, ...] = ()
    recorders: tuple[Recorder, ...] = ()
    ups: tuple[UpsDevice, ...] = ()
    maintenance: tuple[Window, ...] = ()
    notify: dict[Id, Target] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    heartbeat: Heartbeat | None = None
    folder: Annotated[str, Field(exclude=True)] = ""
    digest: Annotated[str, Field(exclude=True)] = ""
    warnings: Annotated[tuple[str, ...], Field(exclude=True)] = ()
