"""What the pages of clock statements are made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from healthmon_exporters.pages.field_feed import Marked


@dataclass(frozen=True, slots=True)
class ClockFeed:
    """Functions of the agent. `make` records a statement on a camera for a time as it was typed and a
    reason, and gives its number; it raises NotDoneError with why not. `shown` is a statement in the form
    html, pdf, json or txt, None where there is none. Both raise NoRecordError.
    """

    make: Callable[[str, str, str, Marked], Awaitable[int]]
    shown: Callable[[int, str], Awaitable[bytes | None]]
