"""Hikvision's ISAPI: replies -> typed records; every field may be None. Nothing here opens a
connection.

Source: "Intelligent Security API (General)" developer guides, 2019-2021 (messages XML_DeviceInfo,
XML_Time, XML_DeviceStatus, XML_Storage, XML_InputProxyChannelStatusList, XML_TrackList,
JSON_ChanStatus). Namespaces differ between firmwares: elements are found by local name. Searches
are in `isapi_search`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from healthmon.protocols.errors import ExchangeError, ProtocolError
from healthmon.protocols.values import dates, xml
from healthmon.protocols.values import json as jsonread
from healthmon.protocols.values.scalars import flag, number, whole, words
from healthmon.protocols.values.xml import Element, named, text
from healthmon.protocols.vendor.refusals import refusal

DEVICE_INFO = "/ISAPI/System/deviceInfo"
TIME = "/ISAPI/System/time"
STATUS = "/ISAPI/System/status"
STORAGE = "/ISAPI/ContentMgmt/Storage"
INPUTS = "/ISAPI/ContentMgmt/InputProxy/channels/status"
TRACKS = "/ISAPI/ContentMgmt/record/tracks"
CHANNELS = "/ISAPI/System/workingstatus/chanStatus?format=json"
MOST_CHANNELS = 1024
MOST_TRACKS = 4 * MOST_CHANNELS
MEGABYTE = 1024.0 * 1024.0
_MAIN_TRACK = re.compile(r"([0-9]{1,7})01")


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
    """XML_DeviceStatus: seconds since the start, load of the busiest CPU as a ratio (0 is "not
    reported").
    """

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
    """One channel of JSON_ChanStatus. `fault` is why a channel is not recorded, in the guide's
    words.
    """

    channel: str
    name: str | None
    online: bool | None
    recording: bool | None
    signal: bool | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Track:
    """One main stream track of XML_TrackList: `mode` is DefaultRecordingMode, `keep` its expiry in
    seconds.
    """

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
    """XML_Storage: hard disks and network disks; a megabyte of it has 1024 x 1024 bytes. Raises
    ProtocolError.
    """
    root = root_of(body, "storage", "hddList", "nasList")
    found: list[Hdd] = []
    for kind in ("hdd", "nas"):
        for one in named(root, kind):
            found.append(_disk(one, kind, len(found) + 1))
    return tuple(found[:MOST_CHANNELS])


def _disk(one: Element, kind: str, number_of_disk: int) -> Hdd:
    name = text(one, "hddName") or text(one, "nasName")
    return Hdd(
        name or f"{kind} {text(one, 'id') or number_of_disk}",
        (text(one, "status") or "").lower() or None,
        _bytes(text(one, "capacity")),
        _bytes(text(one, "freeSpace")),
    )


def _bytes(megabytes: str | None) -> float | None:
    size = number(megabytes, 0, 1e9)
    return size * MEGABYTE if size is not None else None


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
    """The main stream tracks of XML_TrackList (id 101, 201 ...: channel and stream). Raises
    ProtocolError.
    """
    root = root_of(body, "TrackList")
    found = (_track(one) for one in islice(named(root, "Track"), MOST_TRACKS))
    return tuple(track for track in found if track is not None)[:MOST_CHANNELS]


def _track(one: Element) -> Track | None:
    """A main stream's track; None for another."""
    track = text(one, "id") or ""
    main = _MAIN_TRACK.fullmatch(track)
    if main is None:
        return None
    expires = any(flag(switch.text) for switch in named(one, "durationEnabled"))
    return Track(
        track,
        str(int(main[1])),
        flag(text(one, "Enable")),
        text(one, "DefaultRecordingMode"),
        flag(text(one, "LoopEnable")),
        dates.duration(text(one, "Duration")) if expires else None,
    )


_RECORD_FAULTS = {1: "disk exception", 2: "network camera offline", 3: "recording exception"}


def channel_states(body: bytes) -> tuple[ChannelState, ...]:
    """JSON_ChanStatus, in whichever wrapper the firmware puts it. Raises ProtocolError."""
    tree = jsonread.parse(body)
    rows = next(_lists(tree, "ChanStatus", "JSON_ChanStatus"), None)
    if rows is None:
        raise _json_refusal(tree) or ProtocolError("chanStatus: the answer holds no channels")
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


def root_of(body: bytes, *names: str) -> Element:
    """The root element if it is one of `names`. Raises what a ResponseStatus means, else
    ProtocolError.
    """
    root = xml.parse(body)
    kind = root.name
    if kind in names:
        return root
    if kind == "ResponseStatus":
        raise refusal(_status_words(root))
    raise ProtocolError(f"answer is no {names[0]} ({kind[:40]})")


def refused(body: bytes) -> ExchangeError | None:
    """What the ResponseStatus (XML or JSON) of a reply that is no 200 means; None without one."""
    try:
        if body.lstrip()[:1] == b"{":
            return _json_refusal(jsonread.parse(body))
        root = xml.parse(body)
    except ExchangeError:
        return None
    return refusal(_status_words(root)) if root.name == "ResponseStatus" else None


def _status_words(status: Element) -> str:
    return text(status, "subStatusCode") or text(status, "statusString") or "refused"


def _json_refusal(tree: Any) -> ExchangeError | None:
    """JSON_ResponseStatus."""
    told = tree if isinstance(tree, dict) else {}
    said = words(told.get("subStatusCode")) or words(told.get("statusString"))
    return refusal(said) if said else None


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
