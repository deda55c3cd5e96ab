"""The words of the house: what a device is, what a look saw, how it was judged. Frozen values, standard typing only.

Flow: config -> inventory (`Device`, `Ask`) -> schedule runs a probe -> `Observation` -> verdict (`Verdict`)
-> faults (`Fault`, `Change`) -> exporters. Units are base units: seconds, bytes, ratios, volts, celsius; wall times are
Unix seconds (UTC). None means "not reported"; it is never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal

Deployment = Literal["deployed", "in_store", "in_transit"]


class State(IntEnum):
    """How well something is; a larger value is worse. UNKNOWN is neither well nor a fault."""

    OK = 0
    DEGRADED = 1
    UNKNOWN = 2
    FAULT = 3


class Kind(StrEnum):
    """What a device is. `AGENT` is healthmon itself (its clock reference, its network)."""

    CAMERA = "camera"
    RECORDER = "recorder"
    UPS = "ups"
    LINK = "link"
    AGENT = "agent"


class Question(StrEnum):
    """What is asked of a device; one probe file each."""

    REACH = "reach"
    STREAM = "stream"
    CLOCK = "clock"
    UPS = "ups"
    IDENTITY = "identity"
    CERTIFICATE = "certificate"
    REFERENCE = "reference"


class Reason(StrEnum):
    """Why a look gave no value: a closed list, the same words as ``healthmon.wire.errors``."""

    TIMEOUT = "timeout"
    CONNECT_TIMEOUT = "connect_timeout"
    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    DNS = "dns"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"
    TLS = "tls"
    AUTH_FAILED = "auth_failed"
    AUTH_LATCHED = "auth_latched"
    LOCKED_OUT = "locked_out"
    BASIC_REFUSED = "basic_refused"
    NO_CREDENTIAL = "no_credential"
    BUSY = "busy"
    NOT_FOUND = "not_found"
    UNSUPPORTED = "unsupported"
    NO_VIDEO_TRACK = "no_video_track"
    ADDRESS_MISMATCH = "address_mismatch"
    NO_REFERENCE = "no_reference"
    NOT_REPORTED = "not_reported"
    BEHIND_PARENT = "behind_parent"
    NOT_REACHED = "not_reached"
    AGENT_RESOURCE = "agent_resource"
    AGENT_NETWORK = "agent_network"
    AGENT_STALLED = "agent_stalled"
    BUG = "bug"


OUR_TROUBLE = frozenset({Reason.AGENT_RESOURCE, Reason.AGENT_NETWORK, Reason.AGENT_STALLED, Reason.BUG})
NO_WAY_THERE = frozenset({Reason.CONNECT_TIMEOUT, Reason.REFUSED, Reason.UNREACHABLE, Reason.DNS, Reason.NOT_REACHED})


@dataclass(frozen=True, slots=True)
class Span:
    """A closed interval of seconds [low, high] that holds the true value."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """The best single figure."""
        return (self.low + self.high) / 2

    @property
    def error(self) -> float:
        """Half the width: the bound of the error of `middle`."""
        return (self.high - self.low) / 2


# ---------------------------------------------------------------------------------------------- what is watched


@dataclass(frozen=True, slots=True)
class Limits:
    """Where OK ends: (degraded, fault) pairs or single figures, in base units. Defaults are config.yaml's."""

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
    ups_test_days: float = 90.0
    ups_on_battery_fault: float = 60.0


@dataclass(frozen=True, slots=True)
class Tls:
    """How a device's certificate is trusted: by a CA (`ca_file` or the system's) or by its pinned key.

    `pin` is the SHA-256 of the SubjectPublicKeyInfo in hex; with a pin the name and the chain are not looked at.
    """

    pin: str | None = None
    ca_file: str | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class SnmpAccess:
    """SNMP of a device. `credential` names the community (v1, v2c: its password) or the USM user (v3)."""

    credential: str
    port: int = 161
    version: str = "2c"
    auth_protocol: str = "SHA"
    priv_protocol: str = "AES"


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
    """How a device is spoken to. A port of None means that the service is not there or must not be asked."""

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


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One video stream: `path` (with query) pinned by the operator, or None to be found by ONVIF.

    The rest is what was commissioned, None where the register says nothing.
    """

    name: str = "main"
    path: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    frames_per_second: float | None = None
    bits_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Commissioned:
    """The identity that was written down when the device was installed; None where the register says nothing."""

    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A camera, recorder, UPS or link of the configuration. Only a deployable is ever other than deployed."""

    id: str
    name: str
    kind: Kind
    site: str
    address: str
    variant: str = ""
    location: str = ""
    parents: tuple[str, ...] = ()
    recorder: str | None = None
    channel: str | None = None
    contractor: str | None = None
    priority: int = 3
    coverage_zone: str = ""
    time_zone: str = "Europe/London"
    disabled: bool = False
    deployment: Deployment = "deployed"
    access: Access = field(default_factory=Access)
    streams: tuple[StreamSpec, ...] = ()
    commissioned: Commissioned | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Ask:
    """One question put to one device at an interval. `part` is the stream's name, else empty.

    `gate` is the address that is spoken to by one look at a time; `timeout` is the absolute deadline of a look in
    seconds; `cost` is what a look takes of the site's bandwidth budget, bits per second; `watch` is how long a stream
    is played, seconds.
    """

    device: str
    question: Question
    part: str = ""
    gate: str = ""
    site: str = ""
    interval: float = 60.0
    timeout: float = 10.0
    cost: float = 0.0
    watch: float = 2.0

    @property
    def key(self) -> tuple[str, Question, str]:
        """What identifies the ask (and its observations) for ever."""
        return (self.device, self.question, self.part)


# ---------------------------------------------------------------------------------------------- what a look saw


@dataclass(frozen=True, slots=True)
class Port:
    """One way to a device; `name` is rtsp, http, https, icmp, snmp, nut, apcupsd or tcp, `seconds` its connect time."""

    name: str
    number: int
    seconds: float | None
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which ways to a device answered. ICMP stands last and never decides alone."""

    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """What was measured from RTP and RTCP in `watched` seconds after PLAY, without decoding.

    `frames` counts access units (distinct RTP timestamps), `media_seconds` how far the RTP clock advanced,
    `sender_clock` the device's wall clock minus ours by the RTCP sender report, `date_clock` the same by RTSP ``Date``.
    `silence` is how long before the end of the look the last packet came.
    `equal_keyframes` counts key frames in a row, over looks, whose payload did not change (1 = it changed).
    """

    path: str
    transport: str
    watched: float
    codec: str | None = None
    profile: str | None = None
    width: int | None = None
    height: int | None = None
    first_packet: float | None = None
    first_keyframe: float | None = None
    packets: int = 0
    bytes: int = 0
    frames: int = 0
    keyframes: int = 0
    key_interval: float | None = None
    key_wait: float | None = None
    frames_per_second: float | None = None
    bits_per_second: float | None = None
    lost: int = 0
    reordered: int = 0
    foreign: int = 0
    jitter: float | None = None
    media_seconds: float | None = None
    sequence_moved: bool = True
    silence: float | None = None
    equal_keyframes: int = 0
    sender_clock: Span | None = None
    date_clock: Span | None = None
    path_changed_from: str | None = None

    @property
    def loss(self) -> float | None:
        """Lost packets as a ratio of those expected; None before the second packet."""
        expected = self.packets + self.lost
        return self.lost / expected if expected > 1 else None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One clock of a device: `offset` = device minus our own wall clock, or why there is none.

    `source` is onvif, onvif_local, http_date, rtsp_date, rtcp or snmp. `stated` is what the device said, as text.
    """

    source: str
    offset: Span | None
    reason: Reason | None = None
    detail: str = ""
    stated: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """True time minus our own wall clock, and how it is known: `servers` took part in the majority of `asked`.

    `offset` None means that no trustworthy reference exists; `reason_text` says why in words.
    """

    offset: Span | None
    at: float
    servers: int = 0
    asked: int = 0
    reason_text: str = ""
    members: tuple[TimeServer, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeServer:
    """One NTP server as last asked: `state` is good, false (outvoted), unsynchronised, silent or bad."""

    address: str
    state: str
    offset: Span | None = None
    stratum: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks of one device in one look. `local` readings are the device's civil time minus true civil time."""

    readings: tuple[ClockReading, ...]
    reference: Reference | None
    mode: str | None = None
    zone: str | None = None
    daylight: bool | None = None


@dataclass(frozen=True, slots=True)
class Ups:
    """One UPS. `source` is normal, battery, bypass, boost, trim, eco, test, off, other or None (not reported).

    Every field may be None: zeros at a disconnect, sentinels and vanished rows are not values.
    `communication` False means that the card answers but has lost its UPS.
    """

    backend: str
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    communication: bool | None = None
    source: str | None = None
    on_battery_seconds: float | None = None
    runtime_seconds: float | None = None
    charge_ratio: float | None = None
    load_ratio: float | None = None
    input_volts: tuple[float, ...] = ()
    output_volts: tuple[float, ...] = ()
    battery_volts: float | None = None
    temperature_celsius: float | None = None
    input_source: str | None = None
    input_bad: bool | None = None
    battery_low: bool | None = None
    battery_replace: bool | None = None
    overload: bool | None = None
    test_result: str | None = None
    test_at: float | None = None
    transfers: int | None = None
    alarms: tuple[str, ...] = ()
    data_age: float | None = None
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered: each field at most 128 printable characters, None where the device does not say.

    `alternates_with` is the serial (or MAC, or key) of another device that lately answered in turn on the same address.
    """

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    hardware: str | None = None
    macs: tuple[str, ...] = ()
    system: str | None = None
    uptime: float | None = None
    key: str | None = None
    alternates_with: str | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate on a TLS port: `trusted` by the configured CA or pin, `problem` in words where it is not."""

    port: int
    not_before: float
    not_after: float
    subject: str
    issuer: str
    key: str
    trusted: bool
    problem: str = ""
    weak: str = ""


Seen = Reach | Stream | Clock | Ups | Identity | Certificate | Reference


@dataclass(frozen=True, slots=True)
class Observation:
    """The one record that leaves every probe: what was seen, or why nothing was (`value` None and a `reason`).

    `at` is the wall time of the look's end, `duration` its seconds. `detail` is one plain line without secrets.
    """

    device: str
    question: Question
    part: str
    at: float
    duration: float
    value: Seen | None
    reason: Reason | None = None
    detail: str = ""


# ---------------------------------------------------------------------------------------------- how it is judged


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judged aspect of one observation. The sentence holds value and limits, and not the device's name.

    (device, question, part, aspect) is for ever the same thing; `code` is a word of a closed list that names the
    fault ("no_pictures", "clock_zone", "on_battery") and is "ok" when the state is OK. `reason` is set when UNKNOWN.
    `began` is when the device itself says that it began (a UPS' seconds on battery), None where it cannot say.
    """

    device: str
    question: Question
    part: str
    aspect: str
    state: State
    code: str
    sentence: str
    at: float
    value: float | None = None
    reason: Reason | None = None
    began: float | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(device, question, part, aspect)."""
        return (self.device, self.question, self.part, self.aspect)
