"""What is remembered of the views of a camera between checks."""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.protocols.onvif.ptz import Mask, Position, Preset, Services, Status


@dataclass(slots=True)
class PtzMemory:
    """`services`, `profile` and `presets` were told at `read_at` (monotonic); no question is asked
    until `retry_at`, after one that was not answered. `elsewhere`: the camera has told another
    position than zero. `moving` counts the answers in a row that say MOVING. `masks` are the privacy
    masks, `texts` the texts in its picture (asked where it `wants_texts`), None where it tells nothing of
    them. `before` is the status just before the picture. At `seen_at` it
    rested at `rests_at`, as in every answer since `rests_since` (monotonic).
    """

    services: Services | None = None
    profile: str = ""
    presets: tuple[Preset, ...] = ()
    read_at: float = -1e9
    retry_at: float = -1e9
    elsewhere: bool = False
    moving: int = 0
    masks: tuple[Mask, ...] | None = None
    wants_texts: bool = False
    texts: tuple[str, ...] | None = None
    before: Status | None = None
    rests_at: Position | None = None
    rests_since: float = 0.0
    seen_at: float = -1e9
