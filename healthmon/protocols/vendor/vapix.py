"""Axis VAPIX: replies -> typed records; every field may be None. Nothing here opens a connection.

Source: VAPIX library (developer.axis.com): Edge storage API (disks/list.cgi, disks/gethealth.cgi,
record/list.cgi), Time API, NTP API, Basic device information API, Systemready API.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.values import dates, xml
from healthmon.protocols.values import json as jsonread
from healthmon.protocols.values.scalars import flag, number, whole, words
from healthmon.protocols.values.xml import Element, named
from healthmon.protocols.vendor.refusals import refusal

DISKS = "/axis-cgi/disks/list.cgi?diskid=all"
HEALTH = "/axis-cgi/disks/gethealth.cgi"
RECORDINGS = "/axis-cgi/record/list.cgi"
TIME, NTP = "/axis-cgi/time.cgi", "/axis-cgi/ntp.cgi"
DEVICE_INFO, READY = "/axis-cgi/basicdeviceinfo.cgi", "/axis-cgi/systemready.cgi"
JSON = "application/json"
KILOBYTE = 1024.0
KELVIN = 273.15
MOST_ROWS = 4096


@dataclass(frozen=True, slots=True)
class DiskRow:
    """One disk of disks/list.cgi; bytes and seconds. `keep` is CleanupMaxAge where the policy is
    fifo.
    """

    id: str
    name: str | None
    status: str | None
    capacity: float | None
    free: float | None
    full: bool | None
    read_only: bool | None
    locked: bool | None
    fifo: bool | None
    keep: float | None


@dataclass(frozen=True, slots=True)
class DiskHealth:
    """One disk of disks/gethealth.cgi: life spent as a ratio, degrees Celsius, passed; None where
    not supported.
    """

    wear: float | None
    celsius: float | None
    passed: bool | None


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording of record/list.cgi, Unix seconds; `stop` None while it goes on. `source` is "1"
    where not reported.
    """

    source: str
    disk: str | None
    start: float
    stop: float | None
    going_on: bool
    kind: str | None
    locked: bool = False


@dataclass(frozen=True, slots=True)
class RecordingList:
    """A page of record/list.cgi; `matched` is how many recordings fit the request, on this page or
    not.
    """

    rows: tuple[RecordingRow, ...]
    matched: int | None


def disks(body: bytes) -> tuple[DiskRow, ...]:
    """disks/list.cgi. An answer without a list of disks is no answer. Raises ProtocolError."""
    root = _xml(body, "disks")
    return tuple(_disk(one) for one in named(root, "disk") if one.get("diskid"))[:MOST_ROWS]


def _disk(one: Element) -> DiskRow:
    sizes = [number(one.get(name), 0, 1e13) for name in ("totalsize", "freesize")]
    capacity, free = (size * KILOBYTE if size is not None else None for size in sizes)
    policy = {"fifo": True, "none": False}.get((one.get("cleanuppolicy") or "").lower())
    days = number(one.get("cleanupmaxage"), 0, 7000)
    return DiskRow(
        words(one.get("diskid")) or "disk",
        words(one.get("name")),
        words((one.get("status") or "").lower()),
        capacity,
        free,
        flag(one.get("full")),
        flag(one.get("readonly")),
        flag(one.get("locked")),
        policy,
        days * 86400 if policy and days else None,
    )


def disk_health(body: bytes) -> dict[str, DiskHealth]:
    """disks/gethealth.cgi by disk id; negative values say "not supported". Raises ProtocolError."""
    root = _xml(body, "HealthStatusSuccess")
    found: dict[str, DiskHealth] = {}
    for one in named(root, "HealthStatus"):
        wear, kelvin = number(one.get("wear"), 0, 1000), number(one.get("temperature"), 200, 420)
        found[words(one.get("diskid")) or "disk"] = DiskHealth(
            wear / 100 if wear is not None else None,
            kelvin - KELVIN if kelvin is not None else None,
            flag(one.get("overallhealth")),
        )
    return found


def recordings_path(condition: str, *, newest_first: bool, most: int, start: int = 0) -> str:
    """record/list.cgi for `condition` ("recordingid=all", "starttime=...") in order of the start
    times.
    """
    order = "descending" if newest_first else "ascending"
    page = f"&startatresultnumber={start}" if start else ""
    return f"{RECORDINGS}?{condition}&sortorder={order}&maxnumberofresults={most}{page}"


def recordings(body: bytes) -> RecordingList:
    """record/list.cgi. Raises ProtocolError."""
    root = _xml(body, "recordings")
    rows = (_recording(one) for one in named(root, "recording"))
    head = next(named(root, "recordings"))
    return RecordingList(
        tuple(row for row in rows if row is not None)[:MOST_ROWS],
        whole(head.get("numberofrecordings")),
    )


def _recording(one: Element) -> RecordingRow | None:
    start, stop = dates.unix(one.get("starttime")), dates.unix(one.get("stoptime"))
    if start is None or (stop is not None and stop < start):
        return None
    going_on = (one.get("recordingstatus") or "").lower() == "recording"
    return RecordingRow(
        words(one.get("source")) or "1", words(one.get("diskid")), start, stop, going_on,
        words((one.get("recordingtype") or "").lower()), flag(one.get("locked")) is True,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ JSON


def call(method: str, version: str = "1.0", **params: object) -> bytes:
    """The body of one JSON method, which must begin with "get" or be "systemready": nothing is ever
    set.
    """
    if not method.startswith("get") and method != "systemready":
        raise ValueError(f"{method} is no reading method")
    told: dict[str, object] = {"apiVersion": version, "context": "healthmon", "method": method}
    return json.dumps(told | ({"params": params} if params else {})).encode()


def data(body: bytes) -> dict[str, Any]:
    """The ``data`` of a JSON answer. Raises what the device's own error means, else
    ProtocolError.
    """
    told = jsonread.parse(body)
    if not isinstance(told, dict):
        raise ProtocolError("answer is no JSON object")
    if isinstance(error := told.get("error"), dict):
        raise refusal(words(error.get("message")) or "error")
    if not isinstance(found := told.get("data"), dict):
        raise ProtocolError("the answer holds no data")
    return found


def date_time(body: bytes) -> float | None:
    """Time API, getDateTimeInfo: the clock, Unix seconds. Raises as `data`."""
    text = data(body).get("dateTime")
    return dates.unix(text) if isinstance(text, str) else None


@dataclass(frozen=True, slots=True)
class NtpInfo:
    """getNTPInfo: whether the NTP client runs, is synchronised, and its first server."""

    enabled: bool | None
    synced: bool | None
    server: str | None


def ntp_info(body: bytes) -> NtpInfo:
    """NTP API, getNTPInfo. Raises as `data`."""
    client = data(body).get("client")
    client = client if isinstance(client, dict) else {}
    names = (
        "advertisedServers"
        if str(client.get("serversSource")).upper() == "DHCP"
        else "staticServers"
    )
    servers = client.get(names)
    first = servers[0] if isinstance(servers, list) and servers else None
    enabled, synced = client.get("enabled"), client.get("synced")
    return NtpInfo(
        enabled if isinstance(enabled, bool) else None,
        synced if isinstance(synced, bool) else None,
        words(first),
    )


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """getAllProperties."""

    model: str | None
    serial: str | None
    firmware: str | None


def device_info(body: bytes) -> DeviceInfo:
    """Basic device information API, getAllProperties. Raises as `data`."""
    told = data(body).get("propertyList")
    told = told if isinstance(told, dict) else {}
    model = words(told.get("ProdShortName")) or words(told.get("ProdNbr"))
    return DeviceInfo(model, words(told.get("SerialNumber")), words(told.get("Version")))


def uptime(body: bytes) -> float | None:
    """Systemready API: seconds since the start. Raises as `data`."""
    return number(data(body).get("uptime"), 0, 20 * 365 * 86400)


def _xml(body: bytes, wanted: str) -> Element:
    """The root of an XML answer that holds `wanted`. Raises ProtocolError."""
    root = xml.parse(body)
    if next(named(root, wanted), None) is None:
        said = next(
            (words(one.get("errormsg")) for one in root.iter() if one.get("errormsg")), None
        )
        raise refusal(said) if said else ProtocolError(f"the answer holds no {wanted}")
    return root
