"""ONVIF: the time without a login by a prepared request; stream paths and identity by onvif-zeep's bindings.

Addresses that a device names (XAddr, stream URI) are used for their path only: the host is always the configured one.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from healthmon.secret import Credential
from healthmon.wire import soap, trace
from healthmon.wire.errors import NotFoundError, ProtocolError, UnsupportedError, WireError
from healthmon.wire.http import Place, Reply
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net
from healthmon.wire.soap_login import Login, post

DEVICE_PATH = "/onvif/device_service"


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """What GetSystemDateAndTime said. `utc` is aware, `local` is naive; None where missing or not a date (`invalid`).

    `began` and `ended` bracket the answer on our own clock (Unix seconds); `http_date` is the reply's Date field.
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


@dataclass(frozen=True, slots=True)
class DeviceInformation:
    """GetDeviceInformation; None where the device leaves a field out."""

    manufacturer: str | None
    model: str | None
    firmware: str | None
    serial: str | None
    hardware: str | None


# ------------------------------------------------------------------------------------------------ time


async def device_time(net: Net, place: Place, path: str = DEVICE_PATH, *, login: Login | None = None) -> DeviceTime:
    """Ask GetSystemDateAndTime, without a login unless the device insists and `login` is given.

    Raises NoCredentialError where it insists and none is given, ProtocolError, UnsupportedError and other WireErrors.
    """
    reply = await post(net, place, path, soap.GET_SYSTEM_DATE_AND_TIME, login)
    answer = soap.find(soap.envelope_body(reply.body), "GetSystemDateAndTimeResponse", "SystemDateAndTime")
    if answer is None:
        raise ProtocolError("GetSystemDateAndTime: the answer holds no SystemDateAndTime")
    wrong: list[str] = []
    utc = _moment(soap.find(answer, "UTCDateTime"), "UTC", wrong)
    local = _moment(soap.find(answer, "LocalDateTime"), "local", wrong)
    mode = (soap.text(answer, "DateTimeType") or "").lower()
    daylight = (soap.text(answer, "DaylightSavings") or "").lower()
    found = DeviceTime(
        utc=utc.replace(tzinfo=UTC) if utc else None,
        local=local,
        zone=(soap.text(answer, "TimeZone", "TZ") or "")[:64] or None,
        daylight=daylight in {"true", "1"} if daylight else None,
        mode=mode if mode in {"ntp", "manual"} else None,
        began=reply.began,
        ended=reply.ended,
        http_date=http_date(reply),
        invalid="; ".join(wrong),
    )
    trace.note("<", f"UTC {found.utc}, local {found.local}, zone {found.zone}, {found.mode}; {found.invalid}")
    return found


def _moment(element: etree._Element | None, name: str, wrong: list[str]) -> datetime | None:
    """A tt:DateTime as a naive datetime; what is not a date is said in `wrong`."""
    if element is None:
        return None
    parts = [soap.text(element, "Date", part) for part in ("Year", "Month", "Day")]
    parts += [soap.text(element, "Time", part) for part in ("Hour", "Minute", "Second")]
    if not any(parts):
        return None
    stated = "{}-{}-{} {}:{}:{}".format(*((part or "?")[:8] for part in parts))
    try:
        year, month, day, hour, minute, second = (int(part or "") for part in parts)
        leap = int(second == 60)
        # Second 60 is a leap second (ISO 8601); it is the first instant of the next minute for us.
        return datetime(year, month, day, hour, minute, second - leap) + timedelta(seconds=leap)  # noqa: DTZ001 - naive by nature
    except (ValueError, OverflowError):
        wrong.append(f"{name} {stated} is not a date")
        return None


def http_date(reply: Reply) -> datetime | None:
    """The Date field of a reply as an aware datetime, or None where it is missing or no date (RFC 9110 5.6.7)."""
    try:
        found = parsedate_to_datetime((reply.header("date") or "")[:64])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# ------------------------------------------------------------------------------------------------ rare calls


async def device_information(
    net: Net, place: Place, path: str, credential: Credential | None, guard: LoginGuard, *, skew: float = 0.0
) -> DeviceInformation:
    """GetDeviceInformation. Raises the login errors of `LoginGuard`, AuthFailedError, ProtocolError and others."""
    answer = await _call(_Calls(net, place, path, Login(credential, guard, skew)), "GetDeviceInformation")
    told = functools.partial(_told, answer)
    return DeviceInformation(
        told("Manufacturer"), told("Model"), told("FirmwareVersion"), told("SerialNumber"), told("HardwareId")
    )


async def network_interfaces(
    net: Net, place: Place, path: str, credential: Credential | None, guard: LoginGuard, *, skew: float = 0.0
) -> tuple[str, ...]:
    """The MAC addresses of GetNetworkInterfaces, as the device writes them."""
    answer = await _call(_Calls(net, place, path, Login(credential, guard, skew)), "GetNetworkInterfaces")
    macs = (_told(getattr(one, "Info", None), "HwAddress") for one in answer or ())
    return tuple(mac for mac in macs if mac)


async def stream_path(
    net: Net,
    place: Place,
    path: str,
    credential: Credential | None,
    guard: LoginGuard,
    *,
    skew: float = 0.0,
    profile_index: int = 0,
) -> str:
    """Path and query of the RTSP URI of profile `profile_index`; whatever host the device names is dropped.

    Raises NotFoundError where there is no such profile, UnsupportedError without a media service.
    """
    calls = _Calls(net, place, path, Login(credential, guard, skew))
    capabilities = await _call(calls, "GetCapabilities", Category="All")
    media = getattr(capabilities, "Media", None)
    address = _told(media, "XAddr")
    if not address:
        raise UnsupportedError("the device names no media service")
    calls = _Calls(net, place, path_of(address, place.host, "media service"), calls.login, "media")
    profiles = await _call(calls, "GetProfiles") or []
    if profile_index >= len(profiles):
        raise NotFoundError(f"profile {profile_index + 1} of {len(profiles)} does not exist")
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    answer = await _call(calls, "GetStreamUri", StreamSetup=setup, ProfileToken=profiles[profile_index].token)
    uri = _told(answer, "Uri")
    if not uri:
        raise ProtocolError("GetStreamUri: the answer holds no URI")
    return path_of(uri, place.host, "stream")


def path_of(uri: str, host: str, what: str) -> str:
    """Path and query of `uri`; another host in it is noted and goes no further. Raises ProtocolError for no URI."""
    try:
        parts = urlsplit(uri.strip())
        named = parts.hostname or host
    except ValueError:
        raise ProtocolError(f"the address of the {what} is not a URI") from None
    if any(ord(c) <= 32 or ord(c) > 126 for c in parts.path + parts.query):
        raise ProtocolError(f"the address of the {what} holds characters that may not be sent")
    if named.lower() != host.lower():
        trace.note(".", f"{what}: the device names host {named[:64]}; not contacted, {host} is used (address_mismatch)")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class _Calls:
    """Where the operations of one service are sent, and with which login."""

    net: Net
    place: Place
    path: str
    login: Login
    service: str = "devicemgmt"


async def _call(calls: _Calls, operation: str, **arguments: object) -> Any:
    """One ONVIF operation by the WSDL's binding; the answer is zeep's object."""
    trace.stage(f"answer to ONVIF {operation}")
    docs = await _docs(calls.service)

    async def send(_method: str, path: str, fields: list[tuple[str, str]], body: bytes) -> Reply:
        return await post(calls.net, calls.place, path, body, calls.login, fields=fields)

    service = docs.service(calls.service, calls.place, calls.path, send)
    try:
        return await service[operation](**arguments)
    except WireError:
        raise
    except Exception as error:  # noqa: BLE001 - zeep raises AttributeError, IndexError and others for odd answers
        raise ProtocolError(f"{operation}: answer not understood ({type(error).__name__})") from None


async def _docs(service: str) -> Any:
    """The module with the parsed WSDLs; the slow first time happens in a thread."""

    def prepare() -> Any:
        from healthmon.wire import onvif_docs

        onvif_docs.document(service)
        return onvif_docs

    global _loaded
    if _loaded is None or not _loaded.ready(service):
        _loaded = await asyncio.to_thread(prepare)
    return _loaded


_loaded: Any = None


def _told(thing: object, name: str) -> str | None:
    value = getattr(thing, name, None)
    return str(value).strip() or None if value is not None else None
