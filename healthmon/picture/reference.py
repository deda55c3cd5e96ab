"""What a camera's own good pictures look like, and how far a picture is from them. Worker only.

A light is learned from ten pictures that lie hours apart, so that people and vehicles are in none of
its medians. Then only the medians are kept: no single picture stays. Everything is compared between
the bands at top and bottom that hold text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthmon.model.picture import COLOUR, GREY, SURE_OFFSET
from healthmon.picture import measuring, messages
from healthmon.picture.decoding import BAND, HEIGHT, WIDTH, Decoded, Grey
from healthmon.picture.decoding import noise as noise_of
from healthmon.picture.measuring import Hidden
from healthmon.picture.messages import Message

LEARNED = 10
ENOUGH = 6  # pictures from which on a light is judged while it is still being learned
SAME_OUTLINES = 0.12  # a peak that no other view and no other light reaches
MOST_LIGHTS = 4
WEAK_OUTLINES, WEAK_COARSE = 0.07, 0.6  # both together are reached by no other light either
SURE_COARSE = 0.75  # of a blurred picture, which has no outlines
SAME_LIGHT, NEAR_LIGHT, FAR_LIGHT = 1.0, 1.4, 3.0
MOST_FLAT = 0.95  # a picture with more flat tiles is not learned from
ROWS, COLUMNS = 5, 8
AT_ZERO, AROUND = 2, 4  # pixels of 320: a camera on a pole sways
MOST_SWAY = 16
LOST_STRUCTURE, LOST_ENERGY, LEAST_ENERGY = 0.5, 0.75, 1.0
NO_ENERGY = 0.4  # of what the rest kept: gone, whatever shines through
LEAST_LEFT = 0.05  # of light and dark
UNUSUAL = 0.6  # of the least that a tile has kept in its own good pictures
BURNED_OUT = 245.0  # grey levels of a tile that the sun or a lamp has made white
OTHER_LEVEL = 0.3  # beyond the learned brightness of a tile (a logarithm)
SURE_STRUCTURE = 0.3  # correlation of a tile with itself
LEAST_AREA, LEAST_SURE, MOST_GONE = 5, 2, 0.6  # tiles; of these that tell
PLAIN_PEAK = 0.06
ZOOMS = tuple(1.06**step for step in (*range(-10, -1), *range(2, 11)))
LEAST_DETAIL = 30.0  # energy of the eighth picture from which on a patch has something to be sharp
_TOP, _BOTTOM = BAND, HEIGHT - BAND
_SMALL = 1.0
LEAST_FINE = 20.0  # the same of the half picture: an encoder at a low rate leaves less of anything
Energies = NDArray[np.float64]


@dataclass(slots=True)
class Light:
    """One light: `level` and `colour` are its means. While it is learned, `greys` and `scales` hold
    its pictures; then `grey` is their median, `edges` the mean of their outlines, `usual` how its
    tiles are, `focus` what its patches hold at four scales; `low_peak`, `low_focus` and `low_crisp`
    are the least that one of its own pictures had against the others. `changes` are the changes (grey
    levels at full size) between two key frames of those sessions that had two, `drifts` those of
    its tiles from one check to the next, the last one learned when it had `drifted` (Unix seconds).
    """

    level: float
    colour: float
    last: float
    began: float
    greys: list[Grey] = field(default_factory=list)
    scales: list[Energies] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    drifts: list[float] = field(default_factory=list)
    drifted: float = -1e18
    grey: Grey | None = None
    edges: Grey | None = None
    focus: Energies | None = None
    low_peak: float = 1.0
    low_focus: float = 1.0
    low_crisp: float = 1.0
    usual: Tiles | None = None

    @property
    def count(self) -> int:
        """How many pictures it was learned from so far."""
        return LEARNED if self.grey is not None else len(self.greys)

    @property
    def low_change(self) -> float | None:
        """The least of its changes; None where too few are known."""
        return min(self.changes) if len(self.changes) >= ENOUGH else None

    @property
    def low_drift(self) -> float | None:
        """The least of its drifts; None where too few are known."""
        return min(self.drifts) if len(self.drifts) >= ENOUGH else None

    def learns(self, now: float, drift: float, *, lived: bool, apart: float) -> bool:
        """Whether a `drift` is learned; see `Baseline.drifted`."""
        lower = lived and bool(self.drifts) and drift < min(self.drifts)
        return lower or self._has_room(now, apart)

    def keep(self, now: float, drift: float, apart: float) -> None:
        """Learn a `drift`, in place of the least one where none is due."""
        if self._has_room(now, apart):
            self.drifted = now
        else:
            self.drifts.remove(min(self.drifts))
        self.drifts.append(drift)

    def _has_room(self, now: float, apart: float) -> bool:
        return len(self.drifts) < LEARNED and now - self.drifted >= apart

    def known_edges(self) -> Grey:
        """The mean of the outlines, also while the light is being learned."""
        if self.edges is not None:
            return self.edges
        edges = [outlines(gradient(grey)) for grey in self.greys]
        return np.asarray(np.mean(edges, axis=0), np.float32)

    def known_grey(self) -> Grey:
        """The median picture, also while the light is being learned."""
        return self.grey if self.grey is not None else np.median(self.greys, axis=0)

    def likeness(self, picture: Decoded, seen: Grey) -> float:
        """The agreement of the outlines `seen` in the picture with this light, where it or that of light
        and dark is so high that no picture in another light reaches it; else 0.
        """
        peak = located(self.known_edges(), seen).peak
        if peak >= SAME_OUTLINES:
            return peak
        coarse = _coarse(_means(self.known_grey()), _means(picture.grey))
        near = self.distance(_level(picture), picture.chroma[2]) <= NEAR_LIGHT
        weak = peak >= WEAK_OUTLINES and coarse >= WEAK_COARSE
        return peak if weak or (near and coarse >= SURE_COARSE) else 0.0

    def distance(self, level: float, colour: float) -> float:
        """How far a picture is from this light: 1 is twice as bright, or grey instead of coloured."""
        brightness = abs(float(np.log2((level + 8) / (self.level + 8))))
        return brightness + abs(min(colour, 12.0) - min(self.colour, 12.0)) / 8


@dataclass(slots=True)
class Baseline:
    """All lights of one view. Of the pictures that it learned, `pairs` came with a second key frame,
    and in `moving` of these something had moved in between: a clock ticks in all of them.
    `changed` says whether it has learned since it was read; `aside` are lights that are not used.
    `masks` are the privacy masks that the camera has reported as drawn.
    """

    lights: list[Light] = field(default_factory=list)
    pairs: int = 0
    moving: int = 0
    changed: bool = False
    masks: list[str] = field(default_factory=list)
    aside: list[Light] = field(default_factory=list)

    def put_aside(self, began: Collection[float]) -> None:
        """Use the lights that were `began` then no longer: a person has said that they do not tell.
        Each is kept until another one is learned in its place.
        """
        self.aside = [one for one in self.lights if one.began in began]
        self.lights = [one for one in self.lights if one.began not in began]
        self._let_go()

    def _let_go(self) -> None:
        """Forget the lights put aside in whose place another one is learned."""
        learned = [one for one in self.lights if one.count >= ENOUGH]
        waiting = [old for old in self.aside if not any(_replaces(one, old) for one in learned)]
        self.changed = self.changed or len(waiting) < len(self.aside)
        self.aside = waiting

    @classmethod
    def read(cls, data: bytes) -> Baseline:
        """The baseline that `packed` has written; an empty one of anything else."""
        size = messages.HEAD.size
        if len(data) < size:
            return cls()
        try:
            first, _ = messages.lengths(data[:size])
            told = messages.unpacked(data[size : size + first], data[size + first :])
            blobs = iter(told.blobs)
            lights = [_light(one, blobs) for one in told.fields["lights"]]
            masks = [str(one) for one in told.fields.get("masks", ())]
            moved = int(told.fields["moving"])
            return cls(lights, int(told.fields["pairs"]), moved, masks=masks)
        except (ValueError, KeyError, TypeError, StopIteration):
            return cls()

    def packed(self) -> bytes:
        """As it is kept."""
        blobs: list[bytes] = []
        lights = [_fields(one, blobs) for one in (*self.lights, *self.aside)]
        fields = {"lights": lights, "pairs": self.pairs, "moving": self.moving}
        fields |= {"masks": self.masks}
        return Message(fields, tuple(blobs)).packed()

    def nearest(self, picture: Decoded) -> Light | None:
        """The light of `picture`, None where it is a new one. A picture whose outlines lie on those of
        a light is of that light, however bright it is: a cloud, or a bag over half of it.
        """
        found = self._closest(picture, self.lights, SAME_LIGHT)
        if found is not None and found.count >= ENOUGH:
            return found
        seen = outlines(gradient(picture.grey))
        alike = [(one.likeness(picture, seen), one) for one in self._learned()]
        best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
        return best[1] if best[0] > 0 else found

    def _learned(self) -> list[Light]:
        return [one for one in self.lights if one.count >= ENOUGH]

    def _closest(self, picture: Decoded, lights: list[Light], most: float) -> Light | None:
        """The one of the `lights` in whose brightness and colour the picture is, None beyond `most`."""
        level, colour = _level(picture), picture.chroma[2]
        found = min(lights, key=lambda one: one.distance(level, colour), default=None)
        return found if found is not None and found.distance(level, colour) <= most else None

    def learn(
        self,
        picture: Decoded,
        now: float,
        *,
        moved: bool | None = None,
        noise: float | None = None,
        apart: float = 7200.0,
    ) -> None:
        """Take `picture` at `now` (Unix seconds), where the last one of its light is `apart`
        seconds ago. `moved` says whether something did within its session, `noise` how much a scene
        in which nothing does changed (grey levels at full size); None where that is not known.
        """
        _, spreads = measuring.tiles_of(picture.grey[_TOP:_BOTTOM])
        if float((spreads < measuring.FLAT_SPREAD).mean()) > MOST_FLAT:
            return
        light = self.nearest(picture)
        if light is None:
            light = Light(_level(picture), picture.chroma[2], -1e18, now)
            self._make_room()
            self.lights.append(light)
        if light.grey is not None or now - light.last < apart:
            return
        light.greys.append(picture.grey)
        light.scales.append(scales_of(picture))
        light.changes += [] if noise is None else [noise]
        light.level += (_level(picture) - light.level) / light.count
        light.colour += (picture.chroma[2] - light.colour) / light.count
        light.last, self.changed = now, True
        self.pairs += moved is not None
        self.moving += moved is True
        if len(light.greys) >= LEARNED:
            _finish(light)
        self._let_go()

    def lived(self, picture: Decoded, fine: float) -> None:
        """Note that the view changed by `fine` between two key frames while it surely lived, in the light
        of `picture`: the noise of a room falls when its lamps go on.
        """
        light = self.nearest(picture)
        if light is not None and light.changes and fine < min(light.changes):
            light.changes.remove(min(light.changes))
            light.changes.append(fine)
            self.changed = True

    def drifted(
        self, picture: Decoded, now: float, drift: float, *, lived: bool, apart: float = 7200.0
    ) -> None:
        """Take the `drift` since the check before, in the light of `picture`, where the last one taken is
        `apart` seconds ago; a lower one at any time where the view has surely `lived`.
        """
        if any(one.learns(now, drift, lived=lived, apart=apart) for one in self.lights):
            light = self.nearest(picture)
            if light is not None and light.learns(now, drift, lived=lived, apart=apart):
                light.keep(now, drift, apart)
                self.changed = True

    def _make_room(self) -> None:
        """Forget the light that has waited longest to be learned."""
        if len(self.lights) >= MOST_LIGHTS:
            self.lights.remove(min(self.lights, key=lambda one: (one.count == LEARNED, one.last)))

    def compared(self, picture: Decoded, hidden: Hidden | None = None) -> dict[str, Any]:
        """How `picture` differs from what was learned in its light; only `learned` and `needed`
        where that is not enough. The `hidden` pixels between the bands take no part.
        """
        light = self.nearest(picture)
        ticking = {"pairs": self.pairs, "moving": self.moving}
        learned: dict[str, Any] = {
            "learned": light.count if light else 0,
            "needed": LEARNED,
        } | (ticking | self._colours())
        if light is not None:
            learned |= {"light": light.began, "level": light.level}
        if light is None or light.count < ENOUGH:
            return learned | self._from_afar(picture)
        if light.grey is None:
            light = replace(light, greys=list(light.greys), scales=list(light.scales))
            _finish(light)
        found = _compared(light, picture, hidden) | learned | {"low_peak": light.low_peak}
        found |= {"low_change": light.low_change, "low_drift": light.low_drift}
        return found | {"low_focus": light.low_focus, "low_crisp": light.low_crisp}

    def _colours(self) -> dict[str, Any]:
        """Whether a light in colour was learned, and how bright those without colour are."""
        grey = [one.level for one in self._learned() if one.colour <= GREY]
        coloured = any(one.colour >= COLOUR for one in self._learned())
        return {"coloured": coloured, "grey_level": max(grey, default=None)}

    def _from_afar(self, picture: Decoded) -> dict[str, Any]:
        """How far a picture in a light that is not learned agrees with the nearest one that is."""
        light = self._closest(picture, self._learned(), FAR_LIGHT)
        if light is None:
            return {}
        where = located(light.known_edges(), outlines(gradient(picture.grey)))
        coarse = _coarse(_means(light.known_grey()), _means(picture.grey))
        return {"far_peak": max(where.peak, where.other), "far_coarse": coarse}


def _replaces(light: Light, old: Light) -> bool:
    """Whether `light` was learned later than `old` in the same brightness and colour."""
    return light.began > old.began and light.distance(old.level, old.colour) <= SAME_LIGHT


def _level(picture: Decoded) -> float:
    return float(picture.grey[_TOP:_BOTTOM].mean())


def _finish(light: Light) -> None:
    """Make the medians of a light, see how far each of its pictures is from the rest, and let the
    pictures go.
    """
    stack = np.stack(light.greys)
    edges = [outlines(gradient(grey)) for grey in light.greys]
    light.edges = np.asarray(np.mean(edges, axis=0), np.float32)
    light.grey = np.median(stack, axis=0).astype(np.float32)
    light.focus = np.median(np.stack(light.scales), axis=0)
    light.usual = Tiles.of(light.grey, light.greys)
    peaks, focus, crisp = [], [], []
    count = len(edges)
    for own, grey, scales in zip(edges, light.greys, light.scales, strict=True):
        rest = np.asarray((light.edges * count - own) / (count - 1), np.float32)
        peaks.append(located(rest, own).peak)
        left = light_left(_means(light.grey), _means(grey))
        focus.append(sharpness(light.focus, scales) or 1.0)
        crisp.append(sharpness(light.focus, scales, left=left) or 1.0)
    light.low_peak, light.low_focus = float(min(peaks)), float(min(focus))
    light.low_crisp = float(min(crisp))
    light.greys, light.scales = [], []


def _compared(light: Light, picture: Decoded, hidden: Hidden | None) -> dict[str, Any]:
    assert light.grey is not None  # noqa: S101 - it is learned
    assert light.edges is not None  # noqa: S101
    assert light.focus is not None  # noqa: S101
    assert light.usual is not None  # noqa: S101
    known, seen, usual = gradient(light.grey), gradient(picture.grey), light.usual
    learned, detailed = light.edges, light.focus
    noises = steepness_of_noise(light.grey), steepness_of_noise(picture.grey)
    if hidden is not None:
        known, seen, learned = (np.where(hidden, 0, one) for one in (known, seen, learned))
        usual = usual.outside(hidden)
        detailed = np.where(measuring.hidden_patches(hidden, picture)[:, None], 0, detailed)
    edges = outlines(seen)
    where = located(learned, edges)
    then, now = _means(light.grey), _means(picture.grey)
    view = View(known, seen, picture.grey, noises[1])
    share, hides, tiles = min(covered(usual, view, offset) for offset in where.sways())
    found: dict[str, Any] = {
        "peak": where.peak,
        "other_peak": where.other,
        "right": where.offset[0],
        "down": where.offset[1],
        "coarse": _coarse(then, now),
        "detail": _detail(known, seen, noises),
        "covered": share,
        "hidden": hides,
        "tiles": tiles,
    }
    found |= _focused(detailed, picture, light_left(then, now))
    if where.peak < PLAIN_PEAK and where.other < SURE_OFFSET:
        found["zoom"], found["zoom_peak"] = _zoomed(light.grey, edges)
    return found


def _focused(known: Energies, picture: Decoded, left: Grey) -> dict[str, Any]:
    """How fine the picture is, and how much is `left` of light and dark (40 ratios); nothing where it
    has another size than what is `known`.
    """
    scales = scales_of(picture)
    if scales.shape != known.shape:
        return {}
    judged = known[:, 3] >= LEAST_DETAIL
    return {
        "focus": sharpness(known, scales, picture.noise),
        "crisp": sharpness(known, scales, picture.noise, left=left),
        "depth": float(np.median(left[judged])) if judged.any() else 0.0,
    }


def _detail(known: Grey, seen: Grey, noises: tuple[float, float]) -> float:
    """How much structure there is, as a ratio, without the `noises` of both."""
    then, now = float(known.mean()), float(seen.mean())
    return float(_without(now, noises[1]) / max(0.1, _without(then, noises[0])))


def gradient(grey: Grey) -> Grey:
    """How steep the picture is at each pixel between the bands of text."""
    part = grey[_TOP - 1 : _BOTTOM + 1]
    steep = np.zeros((_BOTTOM - _TOP, WIDTH), np.float32)
    down = part[2:, 1:-1] - part[:-2, 1:-1]
    right = part[1:-1, 2:] - part[1:-1, :-2]
    np.sqrt(down * down + right * right, out=steep[:, 1:-1])
    return steep


def outlines(steep: Grey) -> Grey:
    """The logarithm of the gradient: a weak outline in shadow counts like a strong one in the sun."""
    return np.log1p(steep)


@dataclass(frozen=True, slots=True)
class Where:
    """Phase correlation of two pictures: the peak where both lie on each other, the highest `other`
    one and its `offset` (pixels right and down, of 320 x 180).
    """

    peak: float
    other: float
    offset: tuple[int, int]

    @property
    def is_sway(self) -> bool:
        """Whether the offset is that of a camera that sways rather than of one that was moved."""
        return max(abs(self.offset[0]), abs(self.offset[1])) <= MOST_SWAY and (
            self.other >= PLAIN_PEAK
        )

    def sways(self) -> set[tuple[int, int]]:
        """The offsets by which the picture may lie on the other one though nobody moved the camera."""
        return {(0, 0), self.offset if self.is_sway else (0, 0)}


_WINDOW = np.outer(np.hanning(_BOTTOM - _TOP), np.hanning(WIDTH)).astype(np.float32)


def located(known: Grey, seen: Grey) -> Where:
    """Where the outlines `seen` lie on those that are `known`."""
    first = np.fft.rfft2((known - known.mean()) * _WINDOW)
    second = np.fft.rfft2((seen - seen.mean()) * _WINDOW)
    cross = second * np.conj(first)
    surface = np.fft.irfft2(cross / (np.abs(cross) + 1e-6), s=known.shape)
    rolled = np.roll(surface, (AROUND, AROUND), axis=(0, 1))
    near = rolled[AROUND - AT_ZERO : AROUND + AT_ZERO + 1, AROUND - AT_ZERO : AROUND + AT_ZERO + 1]
    peak = float(near.max())
    rolled[: 2 * AROUND + 1, : 2 * AROUND + 1] = -1
    down, right = np.unravel_index(int(rolled.argmax()), rolled.shape)
    other = float(rolled[down, right])
    return Where(
        peak,
        other,
        (_signed(int(right) - AROUND, WIDTH), _signed(int(down) - AROUND, known.shape[0])),
    )


def _signed(offset: int, size: int) -> int:
    return offset - size if offset > size // 2 else offset


def steepness_of_noise(grey: Grey) -> float:
    """How steep the noise alone makes the picture, on the average of its pixels."""
    tiles = _in_tiles(grey[_TOP:_BOTTOM]).reshape(ROWS * COLUMNS, -1, WIDTH // COLUMNS)
    return 1.77 * noise_of(tiles)  # of two differences of two pixels


def _without(steep: Any, noise: float) -> Any:
    """The steepness without that of the noise."""
    return np.sqrt(np.maximum(steep**2 - noise**2, 0.0))


@dataclass(frozen=True, slots=True)
class Tiles:
    """How the 5 x 8 tiles of a view usually are, each array 5 x 8: `strength` is the median steepness of
    its pictures without their noise; `kept` is the least share of it that one of them had, and
    `alike` the least correlation of a tile with that of the median picture, `mostly` the middle one.
    `dark` and `bright` are the least and the most of its brightness against that of the middle tile
    (logarithms).
    """

    strength: Grey
    kept: Grey
    alike: Grey
    mostly: Grey
    dark: Grey
    bright: Grey

    @classmethod
    def of(cls, median: Grey, greys: list[Grey]) -> Tiles:
        """By the median picture of a light and the pictures that it was learned from."""
        known = _in_tiles(gradient(median))
        own = [_in_tiles(gradient(grey)) for grey in greys]
        held = [_held(*one) for one in zip(own, map(steepness_of_noise, greys), strict=True)]
        strength = np.asarray(np.median(held, axis=0), np.float32)
        kept = np.min([_kept(strength, one)[1] for one in held], axis=0)
        alike = [_alike(known, one) for one in own]
        levels = [_levels(_in_tiles(grey[_TOP:_BOTTOM]).mean(axis=2)) for grey in greys]
        least, most, middle = (partial(one, axis=0) for one in (np.min, np.max, np.median))
        parts = kept, least(alike), middle(alike), least(levels), most(levels)
        return cls(strength, *(np.asarray(one, np.float32) for one in parts))

    def outside(self, hidden: Hidden) -> Tiles:
        """The same without the `hidden` pixels, which are as steep as nothing."""
        seen = 1 - _in_tiles(hidden.astype(np.float32)).mean(axis=2)
        return replace(self, strength=self.strength * seen)


def _held(tiles: Grey, noise: float) -> Grey:
    """The steepness of each tile without the noise."""
    return np.asarray(_without(tiles.mean(axis=2), noise), np.float32)


def _kept(strength: Grey, held: Grey) -> tuple[Hidden, Grey]:
    """Which tiles have something to see, and which share of it each has `held`, against the most of
    them: fog takes from all. Sun through leaves adds to all, which takes from none.
    """
    judged = strength >= max(LEAST_ENERGY, 0.3 * float(np.median(strength)))
    kept = held / np.maximum(strength, 0.1)
    rest = float(np.percentile(kept[judged], 75)) if judged.any() else 1.0
    return judged, np.asarray(kept / np.clip(rest, 0.05, 1.0), np.float32)


@dataclass(frozen=True, slots=True)
class View:
    """The gradients of the picture that is `known` and of the one that is `seen`, which has these `grey`
    levels and this `noise` (its steepness).
    """

    known: Grey
    seen: Grey
    grey: Grey
    noise: float


def covered(usual: Tiles, view: View, offset: tuple[int, int]) -> tuple[float, float, list[int]]:
    """The share of the tiles with something to see that lost their structure and their energy, without
    what noise adds, after a move by the `offset`; that of all tiles before which something else stands;
    the numbers of both (row by row from top left). What a tile has lost in a good picture too, as by a
    shadow or by leaves in the wind, does not count, nor a tile that seldom looks like itself.
    """
    right, down = offset
    moved = bool(right or down)
    after = np.roll(view.seen, (-down, -right), axis=(0, 1)) if moved else view.seen
    now = _in_tiles(after)
    held = _held(now, view.noise)
    judged, kept = _kept(usual.strength, held)
    judged &= usual.mostly >= SURE_STRUCTURE
    if judged.sum() < ROWS * COLUMNS // 8:
        return 0.0, 0.0, []
    alike = _alike(_in_tiles(view.known), now)
    changed = alike < np.clip(UNUSUAL * usual.alike, 0.0, LOST_STRUCTURE)
    faded = changed & (kept < np.minimum(LOST_ENERGY, UNUSUAL * usual.kept))
    grey = np.roll(view.grey, (-down, -right), axis=(0, 1)) if moved else view.grey
    means = _in_tiles(grey[_TOP:_BOTTOM]).mean(axis=2)
    seen = means < BURNED_OUT
    lost = judged & seen & (faded | (kept < np.minimum(NO_ENERGY, UNUSUAL * usual.kept)))
    hidden = _hidden(usual, alike, _levels(means), seen)
    numbers = [int(one) for one in np.flatnonzero((lost | hidden).ravel())]
    return float(lost.sum() / judged.sum()), float(hidden.mean()), numbers


def _levels(means: Grey) -> Grey:
    """How bright each tile is against the middle one (logarithms)."""
    levels = np.log(means + 8)
    return np.asarray(levels - np.median(levels), np.float32)


def _hidden(usual: Tiles, alike: Grey, levels: Grey, seen: Hidden) -> Hidden:
    """The tiles of the greatest connected area that is brighter or darker than it ever was and whose
    outlines are gone, whatever outlines came instead: the border of a cover, or its folds. Shadow,
    fog and glare change less, or leave most of the outlines.
    """
    other = (levels > usual.bright + OTHER_LEVEL) | (levels < usual.dark - OTHER_LEVEL)
    other &= seen
    best = np.zeros_like(other)
    if int(other.sum()) < LEAST_AREA:
        return best
    sure = usual.mostly >= SURE_STRUCTURE
    gone = sure & (alike < LOST_STRUCTURE * usual.mostly)
    for area in _areas(other):
        told = int((area & sure).sum())
        enough = area.sum() >= LEAST_AREA and told >= LEAST_SURE
        if enough and (area & gone).sum() >= MOST_GONE * told and area.sum() > best.sum():
            best = area
    return best


def _areas(tiles: Hidden) -> Iterator[Hidden]:
    """The connected areas of the `tiles`."""
    left = tiles.copy()
    while left.any():
        area = np.zeros_like(left)
        area.flat[int(left.argmax())] = True
        while True:
            wide = np.pad(area, 1)
            grown = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
            grown = (grown & left) | area
            if (grown == area).all():
                break
            area = grown
        yield area
        left &= ~area


def _in_tiles(values: Grey) -> Grey:
    """The pixels of each of 5 x 8 tiles, in one row."""
    high, wide = values.shape[0] // ROWS, values.shape[1] // COLUMNS
    cut = values[: high * ROWS, : wide * COLUMNS].reshape(ROWS, high, COLUMNS, wide)
    return np.asarray(cut.transpose(0, 2, 1, 3).reshape(ROWS, COLUMNS, high * wide), np.float32)


def _alike(then: Grey, now: Grey) -> Grey:
    """The correlation of each tile with its own past."""
    first = then - then.mean(axis=-1, keepdims=True)
    second = now - now.mean(axis=-1, keepdims=True)
    scale = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    return np.asarray((first * second).sum(axis=-1) / np.maximum(scale, 1e-3), np.float32)


def _coarse(known: Grey, seen: Grey) -> float:
    """How well light and dark agree, without outlines: the means of 14 x 32 tiles, each against those
    around it, as a correlation. A blur takes none of it; other views share none.
    """
    return float(_alike(_contrasts(known), _contrasts(seen)))


def _contrasts(means: Grey) -> Grey:
    return _clipped(np.log(means + 8)).ravel()


def light_left(known: Grey, seen: Grey) -> Grey:
    """How much of light and dark is left in each of the 5 x 8 tiles and those around it, as ratios, by
    the means of 14 x 32 tiles: a blur takes none of it, fog takes some, and half the light half.
    """
    then, now = _clipped(known), _clipped(seen)
    both, own = _around(then * now), _around(then * then)
    return np.asarray((both / np.maximum(own, 1e-3)).ravel(), np.float32)


_ROWS, _COLUMNS = (_BOTTOM - _TOP) // 10, WIDTH // 10
_EDGE = np.ix_(
    np.clip(np.arange(-2, _ROWS + 2), 0, _ROWS - 1),
    np.clip(np.arange(-2, _COLUMNS + 2), 0, _COLUMNS - 1),
)  # the border repeated


def _around(values: Grey) -> Grey:
    """The mean of 14 x 32 `values` in each of 5 x 8 tiles and those that touch it."""
    rows = np.concatenate([values, values[-1:]]).reshape(ROWS, 3, COLUMNS, 4)
    return measuring.box(np.pad(rows.sum(axis=(1, 3)), 1), 3, 3)


def _means(grey: Grey) -> Grey:
    """Those of 14 x 32 tiles between the bands."""
    return np.asarray(measuring.windows(np.add, grey[_TOP:_BOTTOM], 10, 10) / 100, np.float32)


def _clipped(levels: Grey) -> Grey:
    """Each of 14 x 32 `levels` against those around it."""
    found = levels - measuring.box(levels[_EDGE], 5, 5)
    most = 2.5 * float(found.std())  # who passes counts little
    return np.asarray(np.clip(found, -most, most), np.float32)


def _zoomed(known: Grey, edges: Grey) -> tuple[float, float]:
    """The zoom by which the known picture fits best, and its peak."""
    best, highest = 1.0, 0.0
    for zoom in ZOOMS:
        where = located(outlines(gradient(_scaled(known, zoom))), edges)
        peak = max(where.peak, where.other)
        if peak > highest:
            best, highest = zoom, peak
    return best, highest


def _scaled(grey: Grey, zoom: float) -> Grey:
    """The picture enlarged about its middle; what was outside repeats the border."""
    rows = np.clip((np.arange(HEIGHT) - HEIGHT / 2) / zoom + HEIGHT / 2, 0, HEIGHT - 1)
    columns = np.clip((np.arange(WIDTH) - WIDTH / 2) / zoom + WIDTH / 2, 0, WIDTH - 1)
    top, left = rows.astype(int), columns.astype(int)
    below, beside = np.minimum(top + 1, HEIGHT - 1), np.minimum(left + 1, WIDTH - 1)
    down, right = (rows - top)[:, None], (columns - left)[None, :]
    upper = grey[np.ix_(top, left)] * (1 - right) + grey[np.ix_(top, beside)] * right
    lower = grey[np.ix_(below, left)] * (1 - right) + grey[np.ix_(below, beside)] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def scales_of(picture: Decoded) -> Energies:
    """What each patch of the full `picture` holds at four scales: the energy of the Laplacian of the
    full, half, quarter and eighth picture, without that of the noise. Shape (patches, 4).
    """
    noise = _of_noise(picture.noise)
    pieces: NDArray[Any] = picture.pieces.astype(np.float32)
    found = []
    for step in range(4):
        if step:
            rows = pieces[:, ::2] + pieces[:, 1::2]
            pieces = (rows[:, :, ::2] + rows[:, :, 1::2]) * np.float32(0.25)
        laplacian = pieces[:, 1:-1, 1:-1] * np.float32(-4)
        laplacian += pieces[:, :-2, 1:-1]
        laplacian += pieces[:, 2:, 1:-1]
        laplacian += pieces[:, 1:-1, :-2]
        laplacian += pieces[:, 1:-1, 2:]
        flat = laplacian.reshape(len(laplacian), -1)
        energy = np.einsum("ij,ij->i", flat, flat) / flat.shape[1] - noise[step]
        found.append(np.maximum(energy, 0.0))
    return np.stack(found, axis=1).astype(np.float64)


def sharpness(
    known: Energies, seen: Energies, noise: float = 0.0, *, left: Grey | None = None
) -> float | None:
    """How fine the picture is compared with what was learned, 1 being the same: the three finer scales
    against the coarsest, or against what is `left` of light and dark (40 ratios), by the middle one of
    its patches. A scale at which the `noise` (grey levels) of the picture holds more than what was
    learned does not count. None where too few patches hold anything.
    """
    clear = known[:, :3] >= _of_noise(noise)[:3]
    judged = (known[:, 3] >= LEAST_DETAIL) & (known[:, 1] >= LEAST_FINE) & clear.any(axis=1)
    if int(judged.sum()) < 4:
        return None
    moved = np.log(seen[judged] + _SMALL) - np.log(known[judged] + _SMALL)
    against = moved[:, 3] if left is None else 2 * np.log(np.maximum(left[judged], LEAST_LEFT))
    fine = np.average(moved[:, :3], axis=1, weights=clear[judged]) - against
    return float(np.exp(np.median(fine) / 2))


def _of_noise(spread: float) -> NDArray[np.float64]:
    """What noise of this spread holds at the four scales."""
    return np.asarray(20 * spread**2 / 4.0 ** np.arange(4), np.float64)


_PLAIN = ("level", "colour", "last", "began", "low_peak", "low_focus", "low_crisp")


def _fields(light: Light, blobs: list[bytes]) -> dict[str, Any]:
    """The numbers of `light`; its pictures go to `blobs`."""
    found: dict[str, Any] = {name: getattr(light, name) for name in _PLAIN}
    found |= {"count": light.count, "needed": LEARNED, "changes": light.changes}
    found |= {"drifts": light.drifts, "drifted": light.drifted}
    found |= {"single": len(light.greys), "patches": len(light.scales[0]) if light.scales else 0}
    for grey, scales in zip(light.greys, light.scales, strict=True):
        blobs += [np.rint(grey).astype(np.uint8).tobytes(), scales.tobytes()]
    if light.grey is not None and light.edges is not None and light.focus is not None:
        found["patches"] = len(light.focus)
        blobs += [np.rint(light.grey).astype(np.uint8).tobytes()]
        blobs += [light.edges.astype(np.float16).tobytes(), light.focus.tobytes()]
    if light.usual is not None:
        found["usual"] = True
        parts = astuple(light.usual)
        blobs.append(np.stack(parts).astype(np.float32).tobytes())
    return found


def _light(fields: dict[str, Any], blobs: Any) -> Light:
    """The light that `_fields` has written. Raises ValueError, KeyError, StopIteration."""
    fields = {"low_crisp": 1.0} | fields  # it was not kept once
    plain: dict[str, Any] = {name: float(fields[name]) for name in _PLAIN}
    light = Light(**plain, changes=[float(one) for one in fields.get("changes", ())])
    light.drifts = [float(one) for one in fields.get("drifts", ())]
    light.drifted = float(fields.get("drifted", light.drifted))
    shape = (int(fields["patches"]), 4)
    for _ in range(int(fields["single"])):
        light.greys.append(_grey(next(blobs)))
        light.scales.append(np.frombuffer(next(blobs), np.float64).reshape(shape))
    if light.greys:
        return light
    edges_shape = (_BOTTOM - _TOP, WIDTH)
    light.grey = _grey(next(blobs))
    light.edges = np.frombuffer(next(blobs), np.float16).reshape(edges_shape).astype(np.float32)
    light.focus = np.frombuffer(next(blobs), np.float64).reshape(shape)
    light.usual = _usual(next(blobs)) if fields.get("usual") else Tiles.of(light.grey, [light.grey])
    return light


def _usual(data: bytes) -> Tiles:
    parts = np.frombuffer(data, np.float32).reshape(-1, ROWS, COLUMNS)
    if len(parts) == 3:  # it kept no more once
        any_level = np.full((ROWS, COLUMNS), np.inf, np.float32)
        parts = np.stack([*parts, parts[2], -any_level, any_level])
    return Tiles(*parts)


def _grey(data: bytes) -> Grey:
    return np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH).astype(np.float32)
