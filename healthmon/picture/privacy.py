"""The privacy zones of a view in one picture, by what was learned and what the camera reports. Worker
only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthmon.picture import zones
from healthmon.picture.decoding import Decoded
from healthmon.picture.reference import Baseline, gradient, located, outlines

MOST_HIDDEN = 0.9  # beyond it too little is left of the picture to judge


def hidden_by_zones(
    baseline: Baseline, picture: Decoded, asked: dict[str, Any], told: dict[str, Any]
) -> NDArray[np.bool_] | None:
    """The pixels that privacy zones cover, None where none are known or nearly all are. Puts into
    `told` how much of each zone is `kept`, and which masks are off.

    What is learned of the masks that the camera reports in `asked` is kept in the baseline.
    """
    drawn = _reported(baseline, asked, told)
    medians = [light.grey for light in baseline.lights if light.grey is not None]
    found = zones.zones_of(medians, drawn)
    if not found:
        return None
    offsets = _offsets(baseline, picture) if asked.get("ptz") else [(0, 0)]
    told["kept"] = [zone.kept(picture.grey, offsets) for zone in found]
    hidden = zones.hidden(found)
    return hidden if hidden is not None and float(hidden.mean()) <= MOST_HIDDEN else None


def _offsets(baseline: Baseline, picture: Decoded) -> list[tuple[int, int]]:
    """Where the zones of a PTZ camera may be: as learned, or as far off as its view."""
    light = baseline.nearest(picture)
    if light is None or light.edges is None:
        return [(0, 0)]
    where = located(light.edges, outlines(gradient(picture.grey)))
    return [(0, 0), where.offset] if where.is_sway else [(0, 0)]


def _reported(
    baseline: Baseline, asked: dict[str, Any], told: dict[str, Any]
) -> list[dict[str, Any]]:
    """The masks that the camera reports as drawn in one colour, where their place is that of the
    picture: a PTZ camera reports places of another view.
    """
    masks = asked.get("masks")
    if masks is None:
        return []
    on = [one for one in masks if one["enabled"]]
    tokens = {str(one["token"]) for one in on}
    told["masks_off"] = sorted(set(baseline.masks) - tokens)
    fresh = sorted(tokens - set(baseline.masks))
    if fresh and asked.get("learn"):
        baseline.masks += fresh
        baseline.changed = True
    return [] if asked.get("ptz") else [one for one in on if one["kind"] == "color"]
