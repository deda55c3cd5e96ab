"""What config.yaml asks of a recorder as data: single values that fill a field or stand within
limits. Reading only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from healthmon.model.footage import DiskState, Schedule

Of = Literal["recorder", "channel", "disk", "fan"]
Decoder = Literal["text", "flag", "number", "ratio", "moment", "schedule", "disk", "source"]
FIELDS: dict[Of, dict[str, Decoder]] = {
    "recorder": {
        "manufacturer": "text", "model": "text", "serial": "text", "firmware": "text", "uptime_seconds": "number",
        "cpu_ratio": "ratio", "temperature_celsius": "number", "power_watts": "number", "overwriting": "flag",
        "time_source": "source", "time_server": "text", "clock": "moment",
    },
    "channel": {
        "name": "text", "recording": "flag", "state": "text", "oldest": "moment", "newest": "moment", "signal": "flag",
        "schedule": "schedule", "retention_seconds": "number", "locked_until": "moment", "error": "text",
    },
    "disk": {
        "state": "disk", "capacity_bytes": "number", "free_bytes": "number", "temperature_celsius": "number",
        "detail": "text",
    },
    "fan": {"well": "flag", "rpm": "number"},
}  # fmt: skip
CHOICES: dict[Decoder, tuple[str, ...]] = {
    "flag": ("yes", "no"), "schedule": get_args(Schedule), "disk": get_args(DiskState), "source": ("ntp", "manual"),
}  # fmt: skip
CHANNEL = "{channel}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a recorder.

    `source` is where it stands: a path (`protocols.values.selectors`), an OID, or an RCP+ command with `type` and
    `num`. It belongs to the recorder or to one channel, disk or fan called `item`, "" where a table
    or "{channel}" in `source` or `num` says which. It `fills` a field of `FIELDS`, numbers times
    `factor`, after `words` have been put for what the device says. Numbers outside [`low`, `high`]
    and words that are not `well` are told as the recorder's own alarm, under `name`.
    """

    source: str
    of: Of = "recorder"
    item: str = ""
    fills: str = ""
    name: str = ""
    factor: float = 1.0
    unit: str = ""
    words: tuple[tuple[str, str], ...] = ()
    low: float | None = None
    high: float | None = None
    well: tuple[str, ...] = ()
    type: str = ""
    num: str = ""

    @property
    def label(self) -> str:
        """What it is called in sentences."""
        return self.name or self.fills.replace("_", " ") or self.source


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request and the values in its answer.

    A POST is one that the configuration calls read-only. `rows` is the path to the rows of a table
    and `key` the path in a row to the name of its channel, disk or fan; without them the whole
    answer is one row.
    """

    path: str
    method: Literal["GET", "POST"] = "GET"
    body: str = ""
    media_type: str = "application/json"
    rows: str = ""
    key: str = ""
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything that a recorder is asked besides what its make asks by itself.

    `storage` are volumes of HOST-RESOURCES-MIB by the beginning of their description ("D:",
    "/recordings"). `tracks`: read the track list of a Video Recording Manager. `clock`: read the
    clock by RCP+ 0x0a0f, which is experimental.
    """

    requests: tuple[Request, ...] = ()
    objects: tuple[Reading, ...] = ()
    rcp: tuple[Reading, ...] = ()
    storage: tuple[str, ...] = ()
    tracks: bool = False
    clock: bool = False
