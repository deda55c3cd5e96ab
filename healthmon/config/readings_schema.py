"""What config.yaml asks of a recorder as data: HTTP requests, SNMP objects, RCP+ commands. Reading
only.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from healthmon.config.fields import Endpoint, Flag, Ids, Name, Strict
from healthmon.model.readings import Of

_STEP = r"(@?[\w:.-]+|\*)(\[(\d{1,4}|@?[\w:.-]+=[^\[\]/]{0,64})\])?"
_PATH = re.compile(rf"\.|{_STEP}(/{_STEP})*")
_OID = re.compile(r"\.?[0-2](\.\d{1,10}){3,60}(\.\{channel\})?(\.\d{1,10})*", re.ASCII)
_FIGURE = re.compile(r"-?\d{1,15}(\.\d{1,12})?(e-?\d{1,2})?", re.ASCII)


def _figure(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _FIGURE.fullmatch(value.strip()):
        raise ValueError(f"'{value[:40]}' is not a number; write for example 0.1 or -20")
    return float(value)


def _path(value: object) -> object:
    if isinstance(value, str) and (len(value) > 256 or not _PATH.fullmatch(value)):
        raise ValueError(
            f"'{value[:60]}' is not a path; write for example cameras/name or disks/disk[0]/@status"
        )
    return value


def _oid(value: object) -> object:
    if isinstance(value, str) and not _OID.fullmatch(value.strip()):
        raise ValueError(
            f"'{value[:60]}' is not an object with its instance; write for example 1.3.6.1.2.1.1.3.0"
        )
    return value.strip().removeprefix(".") if isinstance(value, str) else value


Figure = Annotated[
    float,
    BeforeValidator(_figure),
    WithJsonSchema({"type": ["string", "number"], "examples": ["0.1"]}),
]
ReadPath = Annotated[
    str, BeforeValidator(_path), WithJsonSchema({"type": "string", "examples": ["cameras/name"]})
]
Oid = Annotated[
    str,
    BeforeValidator(_oid),
    WithJsonSchema({"type": "string", "examples": ["1.3.6.1.2.1.1.3.0"]}),
]
Command = Annotated[str, Field(pattern=r"^0x[0-9a-f]{4}$")]
RcpType = Literal[
    "F_FLAG", "T_OCTET", "T_WORD", "T_INT", "T_DWORD", "P_OCTET", "P_STRING", "P_UNICODE"
]


class Value(Strict):
    """One value: it `fills` a field, or has limits (`low`, `high`, `well`), or both.

    Numbers are multiplied by `factor`; `words` says what the device's own words mean.
    """

    fills: str | None = None
    name: Name | None = None
    factor: Figure = 1.0
    unit: Annotated[str, Field(max_length=16)] = ""
    words: dict[str, str] = Field(default_factory=dict)
    low: Figure | None = None
    high: Figure | None = None
    well: Ids = ()


class PathValue(Value):
    """A value in a JSON or XML answer."""

    at: ReadPath


class Item(Value):
    """A value that stands alone: of the recorder, or of a channel, disk or fan called `item`."""

    of: Of = "recorder"
    item: Name | None = None


class SnmpObject(Item):
    """An object read by SNMP GET; ``{channel}`` stands for the channel of each camera."""

    oid: Oid


class RcpCommand(Item):
    """A command read by RCP+ over CGI; `num` is a number or ``{channel}``."""

    command: Command
    type: RcpType
    num: Annotated[str, Field(pattern=r"^([0-9]{1,5}|\{channel\})$")] = "1"


class HttpRequest(Strict):
    """A GET, or a POST that `read_only` says changes nothing; ``{channel}`` in `path` asks once for
    each camera.

    `rows` is the path to the rows of a table, `key` the path in a row to its channel's, disk's or
    fan's name.
    """

    path: Endpoint
    method: Literal["GET", "POST"] = "GET"
    read_only: Flag = False
    body: Annotated[str, Field(max_length=4096)] = ""
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$")] = "application/json"
    of: Of = "recorder"
    item: Name | None = None
    rows: ReadPath | None = None
    key: ReadPath | None = None
    values: tuple[PathValue, ...]
