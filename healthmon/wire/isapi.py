"""Hikvision's ISAPI: replies -> typed records; every field may be None. Nothing here opens a connection.

Source: "Intelligent Security API (General)" developer guides, 2019-2021 (messages XML_DeviceInfo, XML_Time,
XML_DeviceStatus, XML_Storage, XML_InputProxyChannelStatusList, XML_TrackList, JSON_ChanStatus). Namespaces differ
between firmwares: elements are found by local name. Searches are in `isapi_search`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from healthmon.wire import jsonread, moments, soap
from healthmon.wire.errors import ProtocolError, UnsupportedError
from healthmon.wire.soap import text
from healthmon.wire.told import flag, named, number, whole, words

DEVICE_INFO = "/ISAPI/System/deviceInfo"
TIME = "/ISAPI/System/time"
STATUS = "/ISAPI/System/status"
STORAGE = "/ISAPI/ContentMgmt/Storage"
INPUTS = "/ISAPI/ContentMgmt/InputProxy/channels/status"
TRACKS = "/ISAPI/ContentMgmt/record/tracks"
CHANNELS = "/ISAPI/System/workingstatus/chanStatus?format=json"
MOST_CHANNELS = 1024
MEGABYTE = 1024.0 * 1024.0


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """XML_DeviceInfo."""

    model: str | None
    serial: str | None
    firmware: str | None


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """XML_Time: `local` as written, `mode` ntp or manual, `zone` a POSIX zone string."""

    local: str | None
    mode: str | None
    zone: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """XML_DeviceStatus: seconds since the start, load of the busiest CPU as a ratio (0 is "not reported")."""

    uptime: float | None
    cpu: float | None


@dataclass(frozen=True, slots=True)
class Hdd:
    """One hdd or nas of XML_Storage; bytes. `status` is the device's word."""

    name: str
    status: str | None
    capacity: float | None
    free: float | None


@dataclass(frozen=True, slots=True)
class Input:
    """One network camera that the recorder has: XML_InputProxyChannelStatus."""

    channel: str
    name: str | None
    online: bool | None


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel of JSON_ChanStatus. `fault` is why a channel is not recorded, in the guide's words."""

    channel: str
    name: str | None
    online: bool | None
    recording: bool | None
    signal: bool | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Track:
    """One main stream track of XML_TrackList: `mode` is DefaultRecordingMode, `keep` its expiry in seconds."""

    id: str
    channel: str
    enabled: bool | None
    mode: str | None
    loop: bool | None
    keep: float | None


def device_info(body: bytes) -> DeviceInfo:
    """XML_DeviceInfo. Raises ProtocolError."""
    root = root_of(body, "DeviceInfo")
    return DeviceInfo(
        text(root, "model"), text(root, "serialNumber"), text(root, "firmwareVersion")
    )


def device_time(body: bytes) -> DeviceTime:
    """XML_Time. Raises ProtocolError."""
    root = root_of(body, "Time")
    mode = (text(root, "timeMode") or "").lower()
    return DeviceTime(
        text(root, "localTime"),
        {"ntp": "ntp", "manual": "manual"}.get(mode),
        (text(root, "timeZone") or "")[:80] or None,
    )


def status(body: bytes) -> Status:
    """XML_DeviceStatus. Raises ProtocolError."""
    root = root_of(body, "DeviceStatus")
    loads = [number(text(cpu, "cpuUtilization"), 0, 100) for cpu in named(root, "CPU")]
    load = max((value for value in loads if value), default=None)
    return Status(
        number(text(root, "deviceUpTime"), 0, 20 * 365 * 86400),
        load / 100 if load is not None else None,
    )


def storage(body: bytes) -> tuple[Hdd, ...]:
    """XML_Storage: hard disks and network disks; a megabyte of it has 1024 x 1024 bytes. Raises ProtocolError."""
    root = root_of(body, "storage", "hddList", "nasList")
    found: list[Hdd] = []
    for kind in ("hdd", "nas"):
        for one in named(root, kind):
            name = (
                text(one, "hddName")
                or text(one, "nasName")
                or f"{kind} {text(one, 'id') or len(found) + 1}"
            )
            sizes = [number(text(one, field), 0, 1e9) for field in ("capacity", "freeSpace")]
            capacity, free = (size * MEGABYTE if size is not None else None for size in sizes)
            found.append(Hdd(name, (text(one, "status") or "").lower() or None, capacity, free))
    return tuple(found[:MOST_CHANNELS])


def inputs(body: bytes) -> tuple[Input, ...]:
    """XML_InputProxyChannelStatusList. Raises ProtocolError."""
    root = root_of(body, "InputProxyChannelStatusList")
    found = (
        Input(channel, text(one, "name"), flag(text(one, "online")))
        for one in named(root, "InputProxyChannelStatus")
        if (channel := text(one, "id"))
    )
    return tuple(found)[:MOST_CHANNELS]


def tracks(body: bytes) -> tuple[Track, ...]:
    """The main stream tracks of XML_TrackList (id 101, 201 ...: channel and stream). Raises ProtocolError."""
    root = root_of(body, "TrackList")
    found: list[Track] = []
    for one in named(root, "Track"):
        track = text(one, "id") or ""
        if not track.isdecimal() or not track.endswith("01"):
            continue
        expires = any(flag(switch.text) for switch in named(one, "durationEnabled"))
        found.append(
            Track(
                track,
                str(int(track) // 100),
                flag(text(one, "Enable")),
                text(one, "DefaultRecordingMode"),
                flag(text(one, "LoopEnable")),
                moments.duration(text(one, "Duration")) if expires else None,
            )
        )
    return tuple(found[:MOST_CHANNELS])


_RECORD_FAULTS = {1: "disk exception", 2: "network camera offline", 3: "recording exception"}


def channel_states(body: bytes) -> tuple[ChannelState, ...]:
    """JSON_ChanStatus, in whichever wrapper the firmware puts it. Raises ProtocolError."""
    rows = next(_lists(jsonread.parse(body), "ChanStatus", "JSON_ChanStatus"), None)
    if rows is None:
        raise ProtocolError("chanStatus: the answer holds no channels")
    found: list[ChannelState] = []
    for row in rows[:MOST_CHANNELS]:
        told = {key.strip(): value for key, value in row.items()} if isinstance(row, dict) else {}
        number = whole(told.get("chanNo"))
        if number is not None:
            found.append(_channel_state(str(number), told))
    return tuple(found)


def _channel_state(channel: str, told: dict[str, Any]) -> ChannelState:
    online, record, signal = (whole(told.get(key)) for key in ("online", "record", "signal"))
    return ChannelState(
        channel,
        words(told.get("name")),
        {0: False, 1: True}.get(online) if online is not None else None,
        {0: False, 1: True}.get(record) if record is not None else None,
        {0: True, 1: False}.get(signal) if signal is not None else None,
        _RECORD_FAULTS.get(whole(told.get("recordStatus")) or 0),
    )


# ------------------------------------------------------------------------------------------------ reading


def root_of(body: bytes, *names: str) -> etree._Element:
    """The root element if it is one of `names`. Raises UnsupportedError for a ResponseStatus, else ProtocolError."""
    root = soap.parse(body)
    kind = soap.local(root)
    if kind in names:
        return root
    if kind == "ResponseStatus":
        said = text(root, "subStatusCode") or text(root, "statusString") or "refused"
        raise UnsupportedError(f"the recorder answers: {said[:60]}")
    raise ProtocolError(f"answer is no {names[0]} ({kind[:40]})")


def _lists(tree: Any, *names: str) -> Iterator[list[Any]]:
    """Lists under any of `names` in `tree`; one channel stands for a list of one."""
    if not isinstance(tree, dict):
        return
    for name in names:
        value = tree.get(name)
        if isinstance(value, list):
            yield value
        elif isinstance(value, dict) and "chanNo" in value:
            yield [value]
    for value in tree.values():
        yield from _lists(value, *names)
