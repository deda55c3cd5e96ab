"""Dahua's HTTP API (and its relabelled kin): ``key=value`` lines -> typed records; every field may
be None. Pure.

Source: "HTTP API for DVR/NVR/IPC" (global.cgi, magicBox.cgi, storageDevice.cgi, configManager.cgi,
eventManager.cgi, recordManager, mediaFileFind.cgi). Times are the recorder's local time without an
offset. Channels count from 1 in requests and from 0 in tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from healthmon.protocols.errors import ExchangeError, ProtocolError, RejectedError
from healthmon.protocols.values import dates
from healthmon.protocols.values import json as jsonread
from healthmon.protocols.values.scalars import flag, number, whole, words
from healthmon.protocols.vendor.refusals import refusal

TIME = "/cgi-bin/global.cgi?action=getCurrentTime"
SYSTEM = "/cgi-bin/magicBox.cgi?action=getSystemInfo"
SOFTWARE = "/cgi-bin/magicBox.cgi?action=getSoftwareVersion"
STORAGE = "/cgi-bin/storageDevice.cgi?action=getDeviceAllInfo"
STATES = "/cgi-bin/api/recordManager/getStateAll"
LOST = "/cgi-bin/eventManager.cgi?action=getEventIndexes&code=VideoLoss"
COVERED = "/cgi-bin/eventManager.cgi?action=getEventIndexes&code=VideoBlind"
CONFIG = "/cgi-bin/configManager.cgi?action=getConfig&name="
FIND = "/cgi-bin/mediaFileFind.cgi?action="
PAGE = 100
MOST_ROWS, MOST_LINES = 1024, 20_000
_INDEXED = re.compile(r"(?:list\.|table\.)?(\w+)\[(\d{1,4})\](?:\.(.+))?")
_OBJECT = re.compile(r"[0-9A-Za-z]{1,32}")
Table = dict[str, str]


@dataclass(frozen=True, slots=True)
class DiskRow:
    """One device of getDeviceAllInfo; bytes over its partitions. `failed` where a partition says
    IsError.
    """

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
    """The lines of an answer. Raises what an "Error" of the device means, ProtocolError for
    no table.
    """
    text = _text(body)
    if _is_error(text):
        raise refusal(text)
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


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace").lstrip("\ufeff").strip()


def _is_error(text: str) -> bool:
    return text[:5].lower() == "error"


def refused(status: int, body: bytes) -> ExchangeError | None:
    """What the "Error" lines of a reply that is no 200 mean; None where its status says all."""
    text = _text(body)
    if not _is_error(text):
        return None
    error = refusal(text)
    if type(error) is RejectedError:
        return None
    return type(error)(f"HTTP {status}: {error}")


def rows(told: Table, name: str) -> dict[int, Table]:
    """The entries ``name[0].field``, ``name[1].field`` ... of a table by their index."""
    found: dict[int, Table] = {}
    for key, value in told.items():
        match = _INDEXED.fullmatch(key)
        if match and match[1] == name and len(found) <= MOST_ROWS:
            found.setdefault(int(match[2]), {})[match[3] or ""] = value
    return found


def current_time(body: bytes) -> datetime | None:
    """getCurrentTime: naive local time. Raises as `table`."""
    found = dates.moment(table(body).get("result"))
    return found.replace(tzinfo=None) if found is not None else None


def system(body: bytes) -> tuple[str | None, str | None]:
    """getSystemInfo: (model, serial). Raises as `table`."""
    told = table(body)
    return words(told.get("updateSerial") or told.get("deviceType")), words(
        told.get("serialNumber")
    )


def software(body: bytes) -> str | None:
    """getSoftwareVersion: the version without its build date. Raises as `table`."""
    return words((table(body).get("version") or "").partition(",")[0])


def disks(body: bytes) -> tuple[DiskRow, ...]:
    """The disks of getDeviceAllInfo. Raises as `table`."""
    return tuple(_disk(index, row) for index, row in sorted(rows(table(body), "info").items()))


def _disk(index: int, row: Table) -> DiskRow:
    parts = _partitions(row)
    totals = [number(part.get("TotalBytes"), 0, 1e18) for part in parts]
    used = [number(part.get("UsedBytes"), 0, 1e18) for part in parts]
    capacity = sum(value or 0.0 for value in totals) if any(totals) else None
    return DiskRow(
        words(row.get("Name")) or f"disk {index + 1}",
        words((row.get("State") or "").lower()),
        capacity,
        _free(capacity, used),
        _any_failed(parts),
    )


def _partitions(row: Table) -> list[Table]:
    """The partitions of a disk, ``Detail[0].TotalBytes`` and so on put together by number."""
    parts: dict[str, Table] = {}
    for key, value in row.items():
        if key.startswith("Detail["):
            where, _, name = key.partition(".")
            parts.setdefault(where, {})[name] = value
    return list(parts.values())


def _free(capacity: float | None, used: Sequence[float | None]) -> float | None:
    """Bytes that are free; None where a partition does not tell what is used of it."""
    if capacity is None or any(value is None for value in used):
        return None
    return max(0.0, capacity - sum(value or 0.0 for value in used))


def _any_failed(parts: Iterable[Table]) -> bool | None:
    """Whether a partition says IsError; None where none says anything."""
    told = [flag(part.get("IsError")) for part in parts]
    errors = [failed for failed in told if failed is not None]
    return any(errors) if errors else None


def record_modes(body: bytes) -> dict[str, int]:
    """RecordMode by channel: 0 by schedule, 1 always, 2 never. Raises as `table`."""
    found = {
        str(index + 1): whole(row.get("Mode"), 2)
        for index, row in rows(table(body), "RecordMode").items()
    }
    return {channel: mode for channel, mode in found.items() if mode is not None}


def titles(body: bytes) -> dict[str, str]:
    """ChannelTitle by channel. Raises as `table`."""
    found = {
        str(index + 1): words(row.get("Name"))
        for index, row in rows(table(body), "ChannelTitle").items()
    }
    return {channel: name for channel, name in found.items() if name}


def ntp(body: bytes) -> tuple[bool | None, str | None]:
    """NTP: (enabled, server). Raises as `table`."""
    told = table(body)
    return flag(told.get("table.NTP.Enable")), words(told.get("table.NTP.Address"))


def blind_detection(body: bytes) -> dict[str, bool]:
    """BlindDetect by channel: whether a covered view is looked for at all. Raises as `table`."""
    found = {
        str(index + 1): flag(row.get("Enable"))
        for index, row in rows(table(body), "BlindDetect").items()
    }
    return {channel: on for channel, on in found.items() if on is not None}


def having(body: bytes) -> frozenset[str]:
    """The channels that have the event of a getEventIndexes now; "Error: No Events" is none. It is
    asked and not subscribed to. Raises as `table`.
    """
    text = _text(body)
    if _is_error(text) and "no events" in text.lower():
        return frozenset()
    told = table(body)
    found = {whole(row.get(""), MOST_ROWS) for row in rows(told, "channels").values()}
    return frozenset(str(index + 1) for index in found if index is not None)


def states(body: bytes) -> dict[str, bool]:
    """recordManager/getStateAll: whether each channel's main stream is being recorded. Raises
    ProtocolError.
    """
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
    """The object of mediaFileFind factory.create. Raises as `table`."""
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
    """One answer of findNextFile. Raises as `table`."""
    told = table(body)
    found = whole(told.get("found"), MOST_LINES)
    items = rows(told, "items")
    spans = (
        (dates.moment(row.get("StartTime")), dates.moment(row.get("EndTime")))
        for _, row in sorted(items.items())
    )
    whole_spans = tuple(
        (start.replace(tzinfo=None), end.replace(tzinfo=None))
        for start, end in spans
        if start and end
    )
    return FilePage(whole_spans, found if found is not None else len(items))
