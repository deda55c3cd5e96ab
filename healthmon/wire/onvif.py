"""ONVIF: the time without a login by a prepared request; identity by onvif-zeep's bindings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from healthmon.secret import Credential
from healthmon.wire import moments, soap, trace
from healthmon.wire.errors import ProtocolError
from healthmon.wire.http import Place, Reply
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net
from healthmon.wire.onvif_call import Calls, call
from healthmon.wire.soap_login import Login, post

DEVICE_PATH = "/onvif/device_service"


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """What GetSystemDateAndTime said. `utc` is aware, `local` is naive; None where missing or not a date.

    `invalid` and `invalid_local` are what stood there instead of a date, as text.

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
    invalid_local: str = ""


@dataclass(frozen=True, slots=True)
class DeviceInformation:
    """GetDeviceInformation; None where the device leaves a field out."""

    manufacturer: str | None
    model: str | None
    firmware: str | None
    serial: str | None
    hardware: str | None


# ------------------------------------------------------------------------------------------------ time


async def device_time(
    net: Net, place: Place, path: str = DEVICE_PATH, *, login: Login | None = None
) -> DeviceTime:
    """Ask GetSystemDateAndTime, without a login unless the device insists and `login` is given.

    Raises NoCredentialError where it insists and none is given, ProtocolError, UnsupportedError and other WireErrors.
    """
    return time_of(await post(net, place, path, soap.GET_SYSTEM_DATE_AND_TIME, login))


def time_of(reply: Reply) -> DeviceTime:
    """The answer to GetSystemDateAndTime. Raises ProtocolError."""
    answer = soap.find(
        soap.envelope_body(reply.body), "GetSystemDateAndTimeResponse", "SystemDateAndTime"
    )
    if answer is None:
        raise ProtocolError("GetSystemDateAndTime: the answer holds no SystemDateAndTime")
    utc, invalid = _moment(soap.find(answer, "UTCDateTime"))
    local, invalid_local = _moment(soap.find(answer, "LocalDateTime"))
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
        http_date=moments.http_date(reply.header("date")),
        invalid=invalid,
        invalid_local=invalid_local,
    )
    trace.note(
        "<",
        f"UTC {found.utc or invalid}, local {local or invalid_local}, zone {found.zone}, {found.mode}",
    )
    return found


def _moment(element: etree._Element | None) -> tuple[datetime | None, str]:
    """(a tt:DateTime as a naive datetime, what stands there instead of a date); zeros all over say nothing."""
    if element is None:
        return None, ""
    parts = [soap.text(element, "Date", part) for part in ("Year", "Month", "Day")]
    parts += [soap.text(element, "Time", part) for part in ("Hour", "Minute", "Second")]
    if not any((part or "0").strip("0") for part in parts):
        return None, ""
    try:
        found = moments.civil(*(int(part or "") for part in parts))
    except ValueError:
        found = None
    stated = "{}-{}-{} {}:{}:{}".format(*((part or "?")[:8] for part in parts))
    return found, "" if found else f"{stated} is not a date"


# ------------------------------------------------------------------------------------------------ identity


def calls(
    net: Net,
    place: Place,
    path: str,
    credential: Credential | None,
    guard: LoginGuard,
    *,
    skew: float | None = None,
) -> Calls:
    """Where and as whom the device service at `path` is asked; `skew` is as in `Login`."""
    return Calls(net, place, path, Login(credential, guard, skew))


async def device_information(device: Calls) -> DeviceInformation:
    """GetDeviceInformation. Raises the login errors of `LoginGuard`, AuthFailedError, ProtocolError and others."""
    answer = await call(device, "GetDeviceInformation")
    names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber", "HardwareId")
    return DeviceInformation(*(soap.text(answer, name) for name in names))


async def network_interfaces(device: Calls) -> tuple[str, ...]:
    """The MAC addresses of GetNetworkInterfaces, as the device writes them. Raises as device_information.

    UnsupportedError also where the login has been accepted for something else: the account has not the right.
    """
    answer = await call(device, "GetNetworkInterfaces")
    macs = (
        soap.text(one, "Info", "HwAddress") for one in soap.children(answer, "NetworkInterfaces")
    )
    return tuple(mac for mac in macs if mac)
