"""The building blocks of the configuration: values that carry their unit, and `Strict`, which
refuses unknown keys.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from healthmon.config import units
from healthmon.model.plain_text import one_line


def _text(parse: Any, example: str) -> tuple[Any, Any]:
    def read(value: object) -> object:
        return parse(value) if isinstance(value, str) else value

    return BeforeValidator(read), WithJsonSchema(
        {"type": ["string", "number", "boolean"], "examples": [example]}
    )


def or_no(value: object) -> object:
    """None for a section that is switched off by ``no``."""
    return None if units.is_no(value) else value


def as_list(value: object) -> object:
    """A single text or mapping where a list may stand."""
    return [value] if isinstance(value, str | dict) else value


Seconds = Annotated[float, *_text(units.seconds, "60 s")]
BitRate = Annotated[float, *_text(units.bits_per_second, "4 Mbit/s")]
Bytes = Annotated[float, *_text(units.size_in_bytes, "20 MB")]
Ratio = Annotated[float, *_text(units.ratio, "20 %")]
Celsius = Annotated[float, *_text(units.celsius, "40 C")]
Flag = Annotated[bool, *_text(units.flag, "yes")]
Whole = Annotated[int, *_text(units.number, "3")]
Degrees = Annotated[float, *_text(units.degrees, "-0.12")]
Decimal = Annotated[float, *_text(units.decimal, "12.5")]
Port = Annotated[int, *_text(units.number, "554"), Field(ge=1, le=65535)]
Host = Annotated[str, *_text(units.host, "192.0.2.11")]
Peer = Annotated[str, *_text(units.peer, "192.0.2.11")]
Hosts = Annotated[tuple[Host, ...], BeforeValidator(as_list)]
Size = Annotated[tuple[int, int], *_text(units.size, "1920x1080")]
Priority = Annotated[int, *_text(units.priority, "P2")]
Url = Annotated[str, *_text(units.url, "https://alerts.example.com/hook")]
Mail = Annotated[str, *_text(units.mail, "faults@example.com")]
ClockTime = Annotated[str, *_text(units.clock_time, "07:00")]
LocalTime = Annotated[str, *_text(units.local_time, "2026-12-01 08:00")]
Hours = Annotated[tuple[str, str], *_text(units.hours, "08:00-18:00")]
Date = Annotated[str, *_text(units.date, "2026-11-23")]
Zone = Annotated[str, *_text(units.zone, "Europe/London")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Line = Annotated[str, AfterValidator(one_line)]
Name = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(one_line)]
Priorities = Annotated[tuple[Priority, ...], BeforeValidator(as_list)]
Ids = Annotated[tuple[str, ...], BeforeValidator(as_list)]
# The id of something else in the file; ``no`` for none.
Reference = Annotated[str | None, BeforeValidator(or_no)]
Endpoint = Annotated[str, Field(pattern=r"^/[!-~]*$", max_length=512)]
PowerPort = Annotated[str, Field(pattern=r"^[0-9]{1,10}\.[0-9]{1,10}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class Strict(BaseModel):
    """Frozen, and no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsTrust(Strict):
    """How a certificate is trusted."""

    pin: Key | None = None
    ca_file: str | None = None
    server_name: str | None = None
