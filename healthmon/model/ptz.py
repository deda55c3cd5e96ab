"""A PTZ camera that may be moved, and what came of moving it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MoveOutcome(StrEnum):
    """What came of sending a camera to a preset."""

    ARRIVED = "arrived"
    NO_MOVE = "no_move"
    NOT_ARRIVED = "not_arrived"
    REFUSED = "refused"
    TAKEN = "taken"
    BROKEN_OFF = "broken_off"


@dataclass(frozen=True, slots=True)
class PtzPlan:
    """A camera may be moved: once in `every` seconds, between the local times of `hours` ("09:00",
    "16:00"), after `quiet` seconds in which nothing moved it. It has `arrive` seconds to come to a
    preset. `presets` are those that it may be sent to, by name or token; empty for all.
    """

    every: float = 86400.0
    hours: tuple[str, str] = ("09:00", "16:00")
    quiet: float = 600.0
    arrive: float = 15.0
    presets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PtzMove:
    """One move from the preset `home` to the preset `to` (tokens; the names as people say them), begun at
    `began` (Unix seconds). It is `away` until it has been seen at home again, or somebody else has
    taken the camera.

    `seconds` is how long it took to arrive. `stopped` is where it stood when it had not come home
    (pan, tilt), `tries` how often it was sent home. `detail` are more words.
    """

    home: str
    home_name: str
    to: str
    to_name: str
    began: float
    outcome: MoveOutcome = MoveOutcome.BROKEN_OFF
    seconds: float | None = None
    away: bool = True
    tries: int = 0
    stopped: tuple[float, float] | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PtzReading:
    """The last move of a camera, None where it was never moved; `why` it was not moved in this run.
    What came of the last move counts for `lasts` seconds.
    """

    last: PtzMove | None
    why: str = ""
    lasts: float = 2 * 86400.0
