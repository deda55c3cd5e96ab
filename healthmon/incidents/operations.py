"""Operations: what people do to devices and sites beside acts on faults, each a dated record with a
name. Pure.

An operation is never changed or taken out of the record: of one kind and subject the newest one is
in force, as long as it lasts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class OperationError(ValueError):
    """An operation that cannot be recorded; the text says why and what to do, in one line."""


class OperationKind(StrEnum):
    """What a person can do to a device or a site."""

    CHECK = "check"
    WINDOW = "window"
    VISIT = "visit"
    REPLACED = "replaced"
    MOVED = "moved"
    SERVICE = "service"
    DUTY = "duty"
    IMPORTED = "imported"
    STATEMENT = "statement"
    BASELINE = "baseline"
    PTZ_MOVE = "ptz_move"
    PICTURE_SHOWN = "picture_shown"


@dataclass(frozen=True, slots=True)
class Operation:
    """`kind` done to `subject` (a device, a site, a window) by `by` at `at`, in force until `until`;
    None without an end. Unix seconds.

    `details` are JSON values. `once` is the mark of the form it came by: what comes twice with one
    mark is one operation. `id` is given by the store and keeps the order; 0 before.
    """

    kind: OperationKind
    subject: str
    by: str
    at: float
    until: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    once: str = ""
    id: int = 0

    def get(self, name: str) -> str:
        """One of the details that are texts; "" where it has none."""
        found = self.details.get(name, "")
        return found if isinstance(found, str) else ""

    def body(self) -> str:
        """The details as JSON, for the store."""
        return json.dumps(dict(self.details), ensure_ascii=False, sort_keys=True)

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Operation:
        """The operation of (id, kind, subject, name, at, until, once, body). Raises ValueError."""
        identity, kind, subject, by, at, until, once, body = row
        details = json.loads(body)
        return cls(OperationKind(kind), subject, by, at, until, details, once, identity)
