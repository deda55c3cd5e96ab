"""ONVIF: the time without a login needs no login, the identity does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from healthmon.protocols import trace
from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.http.exchange import Endpoint, Reply
from healthmon.protocols.onvif import soap
from healthmon.protocols.onvif.call import Calls, call
from healthmon.protocols.onvif.soap_auth import Login, post
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.values import dates, xml
from healthmon.protocols.values.xml import Element
from healthmon.secret import Credential

DEVICE_PATH = "/onvif/device_service"
_MOST_SERVERS = 8
_HOST_KINDS = ("IPv4Address", "IPv6Address", "DNSname")
_NO_HOST = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what an empty setting looks like


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """What GetSystemDateAndTime said. `utc` is aware, `local` is naive; None where missing or not a
    date.

    `invalid` and `invalid_local` are what stood there instead of a date, as text.

    `began` and `ended` bracket the answer on our own clock (Unix seconds); `http_date` is the
    reply's Date field.
    """

    utc: datetime | None
    local: datetime | None
    zone: str | None
    daylight: bool | None
    mode: str | None
    began: float
    ended: float
    http_date: datetime | None
    invalid: str = ""
    invalid_local: str = ""


@dataclass(frozen=True, slots=True)
class DeviceInformation:
    """GetDeviceInformation; None where the device leaves a field out."""

    manufacturer: str | None
    model: str | None
    firmware: str | None
    serial: str | None
    hardware: str | None


@dataclass(frozen=True, slots=True)
class NtpServers:
    """What GetNTP said: the servers by DHCP and by hand, at most 8 of each; `from_dhcp` says which
    are used.
    """

    from_dhcp: bool
    by_dhcp: tuple[str, ...]
    by_hand: tuple[str, ...]


# ------------------------------------------------------------------------------------------------ time


async def device_time(
    connector: Connector, place: Endpoint, path: str = DEVICE_PATH, *, login: Login | None = None
) -> DeviceTime:
    """Ask GetSystemDateAndTime, without a login unless the device insists and `login` is given.

    Raises NoCredentialError where it insists and none is given, ProtocolError, UnsupportedError and
    other WireErrors.
    """
    envelope = soap.GET_SYSTEM_DATE_AND_TIME
    return time_of(*await post(connector, place, path, envelope, login))


def time_of(reply: Reply, body: Element) -> DeviceTime:
    """The answer to GetSystemDateAndTime and the SOAP body in it. Raises ProtocolError."""
    answer = xml.find(body, "GetSystemDateAndTimeResponse", "SystemDateAndTime")
    if answer is None:
        raise ProtocolError("GetSystemDateAndTime: the answer holds no SystemDateAndTime")
    utc, invalid = _moment(xml.find(answer, "UTCDateTime"))
    local, invalid_local = _moment(xml.find(answer, "LocalDateTime"))
    mode = (xml.text(answer, "DateTimeType") or "").lower()
    found = DeviceTime(
        utc=utc.replace(tzinfo=UTC) if utc else None,
        local=local,
        zone=(xml.text(answer, "TimeZone", "TZ") or "")[:64] or None,
        daylight=_flag(xml.text(answer, "DaylightSavings")),
        mode=mode if mode in {"ntp", "manual"} else None,
        began=reply.began,
        ended=reply.ended,
        http_date=dates.http_date(reply.header("date")),
        invalid=invalid,
        invalid_local=invalid_local,
    )
    times = f"UTC {found.utc or invalid}, local {local or invalid_local}"
    trace.note("<", f"{times}, zone {found.zone}, {found.mode}")
    return found


async def ntp_servers(device: Calls) -> NtpServers:
    """GetNTP. Raises as device_information; ForbiddenError where the account has not the right."""
    return ntp_of(await call(device, "GetNTP"))


def ntp_of(answer: Element) -> NtpServers:
    """The GetNTPResponse element. What is set to nothing (0.0.0.0, ::) is not set."""
    told = xml.find(answer, "NTPInformation")
    dhcp, hand = (_hosts(told, name) for name in ("NTPFromDHCP", "NTPManual"))
    used = _flag(xml.text(told, "FromDHCP")) or False
    trace.note(
        "<",
        f"time servers: by DHCP {', '.join(dhcp) or 'none'}, by hand {', '.join(hand) or 'none'}",
    )
    return NtpServers(used, dhcp, hand)


def _hosts(told: Element | None, name: str) -> tuple[str, ...]:
    """The addresses and names in the tt:NetworkHost elements called `name`."""
    hosts = list(xml.children(told, name))[:_MOST_SERVERS] if told is not None else []
    found = (xml.text(host, kind) for host in hosts for kind in _HOST_KINDS)
    return tuple(dict.fromkeys(text[:128] for text in found if text and text not in _NO_HOST))


def _flag(text: str | None) -> bool | None:
    """An xs:boolean, None where nothing stands there."""
    return text.lower() in {"true", "1"} if text else None


def _moment(element: Element | None) -> tuple[datetime | None, str]:
    """(a tt:DateTime as a naive datetime, what stands there instead of a date); zeros all over say
    nothing.
    """
    parts = _parts_of(element) if element is not None else []
    if all(_is_zero(part) for part in parts):
        return None, ""
    try:
        found = dates.civil(*(int((part or "").partition(".")[0]) for part in parts))
    except ValueError:
        found = None
    stated = "{}-{}-{} {}:{}:{}".format(*((part or "?")[:8] for part in parts))
    return found, "" if found else f"{stated} is not a date"


def _is_zero(part: str | None) -> bool:
    return not (part or "0").strip("0")


def _parts_of(element: Element) -> list[str | None]:
    """Year, month, day, hour, minute, second as they are written."""
    day = [xml.text(element, "Date", part) for part in ("Year", "Month", "Day")]
    return day + [xml.text(element, "Time", part) for part in ("Hour", "Minute", "Second")]


# ------------------------------------------------------------------------------------------------ identity


def calls(
    connector: Connector,
    place: Endpoint,
    path: str,
    credential: Credential | None,
    guard: LockoutGuard,
    *,
    skew: float | None = None,
    allow_basic: bool = False,
) -> Calls:
    """Where and as whom the device service at `path` is asked; `skew` is as in `Login`."""
    return Calls(connector, place, path, Login(credential, guard, skew, allow_basic))


async def device_information(device: Calls) -> DeviceInformation:
    """GetDeviceInformation. Raises the login errors of `LoginGuard`, AuthFailedError, ProtocolError
    and others.
    """
    answer = await call(device, "GetDeviceInformation")
    names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber", "HardwareId")
    return DeviceInformation(*(xml.text(answer, name) for name in names))


async def network_interfaces(device: Calls) -> tuple[str, ...]:
    """The MAC addresses of GetNetworkInterfaces, as the device writes them. Raises as
    device_information.

    ForbiddenError where the login has been accepted for something else: the account has not
    the right.
    """
    answer = await call(device, "GetNetworkInterfaces")
    macs = (xml.text(one, "Info", "HwAddress") for one in xml.children(answer, "NetworkInterfaces"))
    return tuple(mac for mac in macs if mac)
