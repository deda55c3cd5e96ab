"""Which of a PTZ camera's learned views a picture shows. Pure; worker only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from healthmon.picture import messages
from healthmon.picture.decoding import Decoded
from healthmon.picture.reference import (
    PLAIN_PEAK,
    SAME_OUTLINES,
    Baseline,
    gradient,
    located,
    outlines,
)

MARGIN = 1.5  # of the best view's agreement over that of the next
UNLIKE = 0.06  # no view agrees as well as this: it is another one


@dataclass(frozen=True, slots=True)
class Recognised:
    """The `key` of the view and what was learned of it; "" where none agrees well enough. `unlike`:
    the picture is of none of them.
    """

    key: str
    baseline: Baseline
    unlike: bool = False


def unbundled(data: bytes) -> list[tuple[str, bytes]]:
    """The views (key, what was learned) of one blob, a message with their `keys`. Raises ValueError
    where it is damaged.
    """
    size = messages.HEAD.size
    if len(data) < size:
        return []
    first, _ = messages.lengths(data[:size])
    told = messages.unpacked(data[size : size + first], data[size + first :])
    return list(zip(map(str, told.fields["keys"]), told.blobs, strict=True))


def recognised(picture: Decoded, views: list[tuple[str, bytes]]) -> Recognised:
    """The view that `picture` shows, by its outlines and with a margin over all others."""
    seen = outlines(gradient(picture.grey))
    found = [(key, Baseline.read(data)) for key, data in views]
    scores = [(_agreement(baseline, picture, seen), key, baseline) for key, baseline in found]
    scores.sort(key=lambda one: one[0], reverse=True)
    best = scores[0][0] if scores else 0.0
    second = scores[1][0] if len(scores) > 1 else 0.0
    if best >= SAME_OUTLINES and best >= MARGIN * second:
        return Recognised(scores[0][1], scores[0][2])
    return Recognised("", Baseline(), unlike=best < UNLIKE)


def _agreement(baseline: Baseline, picture: Decoded, seen: Any) -> float:
    """How well the outlines lie on those of the view in this light."""
    light = baseline.nearest(picture)
    if light is None or not light.count:
        return 0.0
    where = located(light.known_edges(), seen)
    return max(where.peak, where.other if where.is_sway else 0.0)


def has_moved(first: Decoded, last: Decoded) -> bool:
    """Whether the camera itself moved between two key frames: the outlines lie elsewhere, or are
    others.
    """
    where = located(outlines(gradient(first.grey)), outlines(gradient(last.grey)))
    if where.other >= PLAIN_PEAK and where.other > where.peak:
        return True
    return where.peak < PLAIN_PEAK and _has_outlines(first) and _has_outlines(last)


def _has_outlines(picture: Decoded) -> bool:
    """Whether there is enough in the picture that it would lie on itself."""
    return float(outlines(gradient(picture.grey)).mean()) > 1.0
