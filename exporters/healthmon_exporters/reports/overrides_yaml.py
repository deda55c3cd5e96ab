"""What people have changed on the pages, as parts of config.yaml."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.units import LOCAL_TIME
from healthmon.incidents.operations import Operation
from healthmon.incidents.windows import Window, windows_of
from healthmon_exporters.reports.yaml_text import dump

HEAD = "# What people have changed on the pages of healthmon; local times ({zone}).\n"
NOTHING = "# Nothing is changed.\n"


def text(operations: Iterable[Operation], zone: ZoneInfo, now: float) -> str:
    """The `operations` in force at `now` (Unix seconds) as YAML. Windows get whole minutes, outwards."""
    windows = [_window(one, zone) for one in windows_of(operations, now)]
    tree = {"maintenance": windows} if windows else {}
    return HEAD.format(zone=zone.key) + (dump(tree) if tree else NOTHING)


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
