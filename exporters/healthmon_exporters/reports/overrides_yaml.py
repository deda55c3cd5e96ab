"""What people have changed on the pages, as parts of config.yaml."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.units import LOCAL_TIME
from healthmon.incidents.device_changes import KINDS
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.incidents.service_dates import service_keys, service_words
from healthmon.incidents.windows import Window, windows_of
from healthmon_exporters.reports.yaml_text import dump

HEAD = "# What people have changed on the pages of healthmon; local times ({zone}).\n"
NOTHING = "# Nothing is changed.\n"


def text(operations: Iterable[Operation], zone: ZoneInfo, now: float) -> str:
    """The `operations` in force at `now` (Unix seconds) as YAML. Windows get whole minutes, outwards."""
    known = tuple(operations)
    windows = [_window(one, zone) for one in windows_of(known, now)]
    parts = [dump({"maintenance": windows})] if windows else []
    parts += [_of_device(one, zone) for one in known if one.kind in KINDS]
    return HEAD.format(zone=zone.key) + ("".join(parts) or NOTHING)


def words_of(one: Operation, zone: ZoneInfo) -> str:
    """What has become of a device, in words."""
    if one.kind is OperationKind.MOVED:
        words = f"is {one.get('state').replace('_', ' ')} {one.get('location')}".rstrip()
        return f"{words}, DPIA {one.get('dpia')}" if one.get("dpia") else words
    if one.kind is OperationKind.SERVICE:
        return service_words(one, zone)
    return f"replaced, job {one.get('reference')}"


def _of_device(one: Operation, zone: ZoneInfo) -> str:
    """The keys for the entry of a device, as comments: the entry itself stays where it is."""
    if one.kind is OperationKind.MOVED:
        keys: dict[str, Any] = {"state": one.get("state"), "location": one.get("location")}
    elif one.kind is OperationKind.SERVICE:
        keys = service_keys(one, zone)
    else:
        keys = {"commissioned": {name: text for name, text in one.details["new"].items() if text}}
    lines = (f"#   {line}\n" for line in dump(keys).splitlines())
    return f"# {one.subject} {words_of(one, zone)} ({one.by}): in its entry\n{''.join(lines)}"


def _window(window: Window, zone: ZoneInfo) -> dict[str, Any]:
    whole = {
        "devices": list(window.devices),
        "sites": list(window.sites),
        "start": _local(window.start // 60 * 60, zone),
        "end": _local(math.ceil(window.end / 60) * 60, zone),
        "reason": window.reason,
    }
    return {name: value for name, value in whole.items() if value}


def _local(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime(LOCAL_TIME)
