"""Dahua's HTTP API (and its relabelled kin): ``key=value`` lines -> typed records; every field may be None. Pure.

Source: "HTTP API for DVR/NVR/IPC" (global.cgi, magicBox.cgi, storageDevice.cgi, configManager.cgi, eventManager.cgi,
recordManager, mediaFileFind.cgi). Times are the recorder's local time without an offset. Channels count from 1 in
questions and from 0 in tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from healthmon.wire import jsonread, moments
from healthmon.wire.errors import ProtocolError, UnsupportedError
from healthmon.wire.told import flag, number, whole, words

TIME = "/cgi-bin/global.cgi?action=getCurrentTime"
SYSTEM = "/cgi-bin/magicBox.cgi?action=getSystemInfo"
SOFTWARE = "/cgi-bin/magicBox.cgi?action=getSoftwareVersion"
STORAGE = "/cgi-bin/storageDevice.cgi?action=getDeviceAllInfo"
STATES = "/cgi-bin/api/recordManager/getStateAll"
LOST = "/cgi-bin/eventManager.cgi?action=getEventIndexes&code=VideoLoss"
CONFIG = "/cgi-bin/configManager.cgi?action=getConfig&name="
FIND = "/cgi-bin/mediaFileFind.cgi?action="
PAGE = 100
MOST_ROWS, MOST_LINES = 1024, 20_000
_INDEXED = re.compile(r"(?:list\.|table\.)?(\w+)\[(\d{1,4})\](?:\.(.+))?")
_OBJECT = re.compile(r"[0-9A-Za-z]{1,32}")
Table = dict[str, str]


@dataclass(frozen=True, slots=True)
class DiskRow:
    """One device of getDeviceAllInfo; bytes over its partitions. `failed` where a partition says IsError."""

    name: str
    state: str | None
    capacity: float | None
    free: float | None
    failed: bool | None


@dataclass(frozen=True, slots=True)
class FilePage:
    """One answer of findNextFile: (start, end) in local time; `found` is how many it holds."""

    spans: tuple[tuple[datetime, datetime], ...]
    found: int


def table(body: bytes) -> Table:
    """The lines of an answer. Raises UnsupportedError where the device answers "Error", ProtocolError for no table."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if text[:5].lower() == "error":
        raise UnsupportedError(f"the recorder answers: {' '.join(text[:80].split())}")
    pairs = [line.partition("=") for line in text.splitlines()[:MOST_LINES] if "=" in line]
    found = {
        key.strip(): value.strip()
        for key, _, value in pairs
        if key.strip() and " " not in key.strip()
    }
    if not found and text.upper() != "OK":
        raise ProtocolError(
            "answer is an HTML page" if "<html" in text[:2048].lower() else "answer is no table"
        )
    return found


def rows(told: Table, name: str) -> dict[int, Table]:
    """The entries ``name[0].field``, ``name[1].field`` ... of a table by their index."""
    found: dict[int, Table] = {}
    for key, value in told.items():
        match = _INDEXED.fullmatch(key)
        if match and match[1] == name and len(found) <= MOST_ROWS:
            found.setdefault(int(match[2]), {})[match[3] or ""] = value
    return found


def current_time(body: bytes) -> datetime | None:
    """getCurrentTime: naive local time. Raises UnsupportedError, ProtocolError."""
    found = moments.moment(table(body).get("result"))
    return found.replace(tzinfo=None) if found is not None else None


def system(body: bytes) -> tuple[str | None, str | None]:
    """getSystemInfo: (model, serial). Raises UnsupportedError, ProtocolError."""
    told = table(body)
    return words(told.get("updateSerial") or told.get("deviceType")), words(
        told.get("serialNumber")
    )


def software(body: bytes) -> str | None:
    """getSoftwareVersion: the version without its build date. Raises UnsupportedError, ProtocolError."""
    return words((table(body).get("version") or "").partition(",")[0])


def disks(body: bytes) -> tuple[DiskRow, ...]:
    """The disks of getDeviceAllInfo. Raises UnsupportedError, ProtocolError."""
    return tuple(_disk(index, row) for index, row in sorted(rows(table(body), "info").items()))


def _disk(index: int, row: Table) -> DiskRow:
    parts: dict[str, Table] = {}
    for key, value in row.items():
        if key.startswith("Detail["):
            where, _, name = key.partition(".")
            parts.setdefault(where, {})[name] = value
    totals = [number(part.get("TotalBytes"), 0, 1e18) for part in parts.values()]
    used = [number(part.get("UsedBytes"), 0, 1e18) for part in parts.values()]
    errors = [told for part in parts.values() if (told := flag(part.get("IsError"))) is not None]
    capacity = sum(value or 0.0 for value in totals) if any(totals) else None
    known = capacity is not None and all(value is not None for value in used)
    return DiskRow(
        words(row.get("Name")) or f"disk {index + 1}",
        words((row.get("State") or "").lower()),
        capacity,
        max(0.0, (capacity or 0.0) - sum(value or 0.0 for value in used)) if known else None,
        any(errors) if errors else None,
    )


def record_modes(body: bytes) -> dict[str, int]:
    """RecordMode by channel: 0 by schedule, 1 always, 2 never. Raises UnsupportedError, ProtocolError."""
    found = {
        str(index + 1): whole(row.get("Mode"), 2)
        for index, row in rows(table(body), "RecordMode").items()
    }
    return {channel: mode for channel, mode in found.items() if mode is not None}


def titles(body: bytes) -> dict[str, str]:
    """ChannelTitle by channel. Raises UnsupportedError, ProtocolError."""
    found = {
        str(index + 1): words(row.get("Name"))
        for index, row in rows(table(body), "ChannelTitle").items()
    }
    return {channel: name for channel, name in found.items() if name}


def ntp(body: bytes) -> tuple[bool | None, str | None]:
    """NTP: (enabled, server). Raises UnsupportedError, ProtocolError."""
    told = table(body)
    return flag(told.get("table.NTP.Enable")), words(told.get("table.NTP.Address"))


def lost(body: bytes) -> frozenset[str]:
    """VideoLoss of getEventIndexes: the channels that have it; "Error: No Events" is none. Raises UnsupportedError."""
    try:
        told = table(body)
    except UnsupportedError as error:
        if "no events" in str(error).lower():
            return frozenset()
        raise
    found = {whole(row.get(""), MOST_ROWS) for row in rows(told, "channels").values()}
    return frozenset(str(index + 1) for index in found if index is not None)


def states(body: bytes) -> dict[str, bool]:
    """recordManager/getStateAll: whether each channel's main stream is being recorded. Raises ProtocolError."""
    told = jsonread.parse(body)
    listed = (told.get("state") or told.get("State")) if isinstance(told, dict) else None
    if not isinstance(listed, list):
        raise ProtocolError("getStateAll: the answer holds no channels")
    found: dict[str, bool] = {}
    for index, row in enumerate(listed[:MOST_ROWS]):
        main: Any = row.get("Main") if isinstance(row, dict) else None
        state = whole(main.get("State"), 1) if isinstance(main, dict) else None
        if state is not None:
            found[str(index + 1)] = bool(state)
    return found


# ------------------------------------------------------------------------------------------------ files


def finder(body: bytes) -> str:
    """The object of mediaFileFind factory.create. Raises UnsupportedError, ProtocolError."""
    told = table(body)
    found = told.get("result") or told.get("object") or ""
    if not _OBJECT.fullmatch(found):
        raise ProtocolError("mediaFileFind: the answer names no finder")
    return found


def find_path(made: str, channel: str, start: str, end: str) -> str:
    """Where findFile is asked for one channel between two local times (``2026-11-23 21:00:00``)."""
    span = f"condition.StartTime={quote(start)}&condition.EndTime={quote(end)}"
    return f"{FIND}findFile&object={made}&condition.Channel={channel}&{span}&condition.Types[0]=dav"


def files(body: bytes) -> FilePage:
    """One answer of findNextFile. Raises UnsupportedError, ProtocolError."""
    told = table(body)
    found = whole(told.get("found"), MOST_LINES)
    items = rows(told, "items")
    spans = (
        (moments.moment(row.get("StartTime")), moments.moment(row.get("EndTime")))
        for _, row in sorted(items.items())
    )
    whole_spans = tuple(
        (start.replace(tzinfo=None), end.replace(tzinfo=None))
        for start, end in spans
        if start and end
    )
    return FilePage(whole_spans, found if found is not None else len(items))
