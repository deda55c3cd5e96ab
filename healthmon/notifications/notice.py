"""The one thing that leaves by every notification channel: a `Notice`, complete in itself, with a
stable versioned JSON form.

The dispatcher makes it when a change is stored; whoever sends it needs no store, configuration or
device any more. The JSON form (docs/notice.schema.json) is at once what waits in the outbox and the
body of a webhook.
"""

from __future__ import annotations

import functools
import json
import types
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from healthmon.model.enums import State

VERSION = 1


class What(StrEnum):
    """What a notice says. `merged`: the recovery overtook the fault, both are notified at once
    ("was down 12:01-12:14").
    """

    OPENED = "opened"
    CHANGED = "changed"
    CLOSED = "closed"
    REMOVED = "removed"
    REMINDER = "reminder"
    DIGEST = "digest"
    MERGED = "merged"
    TEST = "test"


ENDED = frozenset({What.CLOSED, What.REMOVED, What.MERGED})


class NoticeError(ValueError):
    """A text that is not a notice of a version that is known here; the message says why in one
    line.
    """


@dataclass(frozen=True, slots=True)
class Notice:
    """Everything that is to be said about one change of one fault (or one digest, or one test).

    `id` is the idempotency id: the same notice has the same id however often it is sent. `number`
    is the fault's number, None for a digest or test. Times are UTC; `since` and `until` bound the
    fault, `at` is when it was made. `priority` is 1 (most urgent) to 4. `sentence` holds value and
    limits. `cause` is the likely cause in words, `cause_number` the fault that explains this one.
    `affected` are names of what else the fault takes with it, `blind_zones` the zones that it
    leaves without a working camera, in words. The end of a fault keeps the `state`, `code`,
    `priority` and `sentence` that the fault had last. `response_seconds` is the time from `since` until
    the contract's response is due, by its hours. `lines` are the lines of a digest. Text is "" and a
    list is () where nothing is known.
    """

    id: str
    what: What
    at: datetime
    sentence: str
    number: int | None = None
    device: str = ""
    name: str = ""
    kind: str = ""
    site: str = ""
    site_name: str = ""
    location: str = ""
    address: str = ""
    make: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    code: str = ""
    priority: int = 3
    state: State = State.FAULT
    since: datetime | None = None
    until: datetime | None = None
    cause: str = ""
    cause_number: int | None = None
    affected: tuple[str, ...] = ()
    blind_zones: tuple[str, ...] = ()
    contractor: str = ""
    contractor_name: str = ""
    contractor_phone: str = ""
    contractor_email: str = ""
    response_seconds: float | None = None
    access_notes: str = ""
    tried: tuple[str, ...] = ()
    acknowledged_by: str = ""
    estate: str = ""
    time_zone: str = "UTC"
    lines: tuple[str, ...] = ()

    @property
    def fault(self) -> str:
        """The fault's number as people say it: ``F000123``; "" where there is none."""
        return fault_number(self.number)

    @property
    def ended(self) -> bool:
        """Whether the fault is over."""
        return self.what in ENDED

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, first the version; times as ``2026-11-24T12:01:05Z``, the state as
        a word.
        """
        return {"version": VERSION} | {
            field.name: _plain(getattr(self, field.name)) for field in fields(self)
        }

    def to_json(self) -> str:
        """One line of JSON by docs/notice.schema.json; the same notice gives the same text."""
        return json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Notice:
        """The notice that `to_json` wrote; keys that are not known are passed over. Raises
        NoticeError.
        """
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError):
            raise NoticeError("not JSON") from None
        if not isinstance(tree, dict):
            raise NoticeError("not a JSON object")
        if tree.get("version") != VERSION:
            raise NoticeError(f"not a notice of version {VERSION}")
        types_ = _hints()
        try:
            return cls(
                **{
                    field.name: _read(tree, field.name, types_)
                    for field in fields(cls)
                    if field.name in tree
                }
            )
        except TypeError as error:
            raise NoticeError(f"not a notice: {error}") from None


def fault_number(number: int | None) -> str:
    """``F000123``; "" for None."""
    return "" if number is None else f"F{number:06d}"


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with ``Z``; microseconds only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@functools.cache
def _hints() -> dict[str, Any]:
    """The types of the fields; looking them up each time would take most of the reading."""
    return get_type_hints(Notice)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, State):
        return value.name.lower()
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, What) else value


def _read(tree: dict[str, Any], name: str, types_: dict[str, Any]) -> Any:
    kinds = _kinds(types_[name])
    for kind in kinds:
        try:
            return _READ[kind](tree[name])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue
    raise NoticeError(f"'{name}' is not {' or '.join(_WORDS[kind] for kind in kinds)}")


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (tuple,) if get_origin(annotation) is tuple else (annotation,)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _decimal(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError
    return float(value)


def _time(value: Any) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(entry) for entry in value)


def _none(value: Any) -> None:
    if value is not None:
        raise TypeError


_READ: dict[Any, Any] = {
    str: _text,
    int: _whole,
    float: _decimal,
    datetime: _time,
    tuple: _texts,
    type(None): _none,
    State: lambda value: State[_text(value).upper()],
    What: What,
}
_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    datetime: "a time with its zone",
    tuple: "a list of texts",
    type(None): "null",
    State: "a state",
    What: "one of " + ", ".join(What),
}
_SCHEMAS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    tuple: {"type": "array", "items": {"type": "string"}},
    type(None): {"type": "null"},
    State: {"enum": [state.name.lower() for state in State]},
    What: {"enum": [what.value for what in What]},
}
_SAID = {
    "id": "the idempotency id: the same notice has the same id however often it is sent",
    "what": "what happened; merged means that fault and recovery are in one notice",
    "at": "when the notice was made",
    "sentence": "what was measured, with its limits",
    "number": "the fault's number; null for a digest or test",
    "priority": "1 (most urgent) to 4",
    "state": "how bad it is; degraded is a warning",
    "since": "the first bad result",
    "until": "the first good result after the fault",
    "cause": "the likely cause in words",
    "cause_number": "the number of the fault that explains this one",
    "affected": "names of what else the fault takes with it",
    "blind_zones": "zones that have no working camera now, and which cameras can look there instead",
    "response_seconds": "seconds from `since` until the contract's response is due, by its hours and bank holidays",
    "access_notes": "how to get to the device",
    "tried": "what was already tried",
    "time_zone": "the estate's zone of the IANA database; every time in this object is UTC",
    "lines": "the lines of a digest",
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Notice.to_json`: what a webhook's receiver may rely on."""
    types_ = _hints()
    properties: dict[str, Any] = {"version": {"const": VERSION}}
    for field in fields(Notice):
        found = [_SCHEMAS[kind] for kind in _kinds(types_[field.name])]
        properties[field.name] = dict(found[0]) if len(found) == 1 else {"anyOf": found}
        if field.name in _SAID:
            properties[field.name]["description"] = _SAID[field.name]
    properties["priority"] |= {"minimum": 1, "maximum": 4}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "healthmon notice",
        "description": "One notification. Later versions may add keys; they take none away without a new version.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }
