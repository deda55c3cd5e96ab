"""Measurements of a camera and of a clock. None means "not reported"; it is never a zero."""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.model.enums import Reason, Span


@dataclass(frozen=True, slots=True)
class Port:
    """One way to a device; `name` is rtsp, http, https, icmp, snmp, nut, apcupsd or tcp, `seconds`
    its connect time.
    """

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

    `frames` counts access units (distinct RTP timestamps), `media_seconds` how far the RTP clock
    advanced, `sender_clock` the device's wall clock minus ours by the RTCP sender report,
    `date_clock` the same by RTSP ``Date``. `silence` is how long before the end of the check the
    last packet came, `cut_after` how many seconds after PLAY the device ended the connection before
    the end of the check. `key_wait` is how long none was seen, over checks once one was (`key_known`).
    `equal_keyframes` counts key frames in a row, over checks, whose payload did not change (1 = it
    changed). `foreign_from` is the address that most of the `foreign` packets came from, where it is
    not the device's, `foreign_channel` the channel within TCP that was not agreed on
    which most frames came, and how many.
    `onvif_profile` is the token of the profile by which ONVIF named its path.
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
    key_known: bool = False
    frames_per_second: float | None = None
    bits_per_second: float | None = None
    lost: int = 0
    reordered: int = 0
    foreign: int = 0
    jitter: float | None = None
    media_seconds: float | None = None
    sequence_moved: bool = True
    silence: float | None = None
    cut_after: float | None = None
    equal_keyframes: int = 0
    sender_clock: Span | None = None
    date_clock: Span | None = None
    path_changed_from: str | None = None
    foreign_from: str = ""
    foreign_channel: tuple[int, int] | None = None
    onvif_profile: str = ""

    @property
    def loss(self) -> float | None:
        """Lost packets as a ratio of those expected; None before the second packet."""
        expected = self.packets + self.lost
        return self.lost / expected if expected > 1 else None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One clock of a device: `offset` = device minus our own wall clock, or why there is none
    (`reason`, `detail`).

    `source` is onvif, onvif_local, http_date, rtsp_date, rtcp or snmp. `stated` is what the device
    said, as text; where there is no offset it is no date that exists.
    """

    source: str
    offset: Span | None
    reason: Reason | None = None
    detail: str = ""
    stated: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """True time minus our own wall clock, and how it is known: `servers` took part in the majority
    of `asked`.

    `offset` None means that no trustworthy reference exists; `reason_text` says why in words. With
    an `offset` it says why this is still the one of `at`: the servers gave none since.
    """

    offset: Span | None
    at: float
    servers: int = 0
    asked: int = 0
    reason_text: str = ""
    members: tuple[TimeServer, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeServer:
    """One NTP server as last asked: `state` is good, false (outvoted), unsynchronised, silent or
    bad. `leap` is its leap indicator: 0 none, 1 a second more at the end of the day, 2 one less;
    None where it has not answered.
    """

    address: str
    state: str
    offset: Span | None = None
    stratum: int | None = None
    detail: str = ""
    leap: int | None = None


@dataclass(frozen=True, slots=True)
class TimeSource:
    """The NTP servers that a device is set to ask (ONVIF GetNTP), or why they are not known
    (`reason`, `detail`). By DHCP (`by_dhcp`) it may have some without telling them.
    """

    servers: tuple[str, ...] = ()
    by_dhcp: bool = False
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks of one device in one check, those that failed too: a way to a clock that is closed
    is no fault.

    An `onvif_local` reading is the device's civil time minus true civil time where it stands.
    `zone` is the device's own zone as text, "" where it was asked and told none. `daylight` says
    that switching to summer time is enabled, never that it is summer: some devices mean "summer
    time is on now" by it, others "the rule is used". `source` is None where it was not
    asked for its time servers.
    """

    readings: tuple[ClockReading, ...]
    reference: Reference | None
    mode: str | None = None
    zone: str | None = None
    daylight: bool | None = None
    source: TimeSource | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered: each field at most 128 printable characters, None where the device does not
    say.

    `alternates_with` is the serial (or MAC, or key) of another device that lately answered in turn
    on the same address.
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
    """The certificate on a TLS port: `trusted` by the configured CA or pin, `problem` in words
    where it is not.
    """

    port: int
    not_before: float
    not_after: float
    subject: str
    issuer: str
    key: str
    trusted: bool
    problem: str = ""
    weak: str = ""
