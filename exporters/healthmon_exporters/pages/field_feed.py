"""What people do to devices and sites, as the pages show it and ask for it. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marked:
    """Who sends a form, and its mark: a form that comes twice is entered once."""

    by: str
    once: str


@dataclass(frozen=True, slots=True)
class Checking:
    """Checks that a person asked for: `ended` of `total` have a result. `resting` are devices that
    are left alone, with for how many seconds more.
    """

    by: str
    at: float
    ended: int
    total: int
    running: bool
    resting: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class FieldFeed:
    """Functions of the agent. Each records what was done, or raises NoRecordError, NotDoneError.
    `check` has a device checked now.
    """

    check: Callable[[str, Marked], Awaitable[None]]
