"""Is there a picture, does it move, and does it show what it should? Judged by measurements only.

What cannot be judged gives no verdict: it is neither well nor a fault. No picture and a frozen one
are faults. All else is for a person to look at before anybody is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from healthmon.checks.evaluation import (
    picture_daylight,
    picture_ptz,
    picture_text,
    picture_zones,
    screen_clock,
)
from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import not_seen, verdict
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.picture import (
    LEAST_APART,
    MOVED_CELL,
    STILL_CELL,
    SURE_OFFSET,
    Change,
    Comparison,
    PictureReading,
)
from healthmon.model.results import Observation, Verdict

NO_STRUCTURE = 0.97  # of the tiles between the bands of text
SLATE, BARS = 0.75, 0.9
TOO_DARK_HIGH, TOO_DARK_MEAN = 45.0, 20.0
BURNED = 0.4
STILL_FINE, STILL_MEAN = 0.25, 2.5
STILL_SHARE = 0.4  # of the least change between two key frames while it lived
SAME_CHECKS, SAME_SECONDS = 3, 600.0  # in a row: a quiet street is not always as quiet
SURELY_TICKS = 12  # checks in a row that saw something move
SURELY_LEARNED = 8  # learned pictures in all of which something moved
GOOD_PEAK, LOST_PEAK = 0.06, 0.05
NO_PEAK, NO_SHARE = 0.025, 0.3  # of outlines that agree by chance, of the lowest learned agreement
ZOOM_PEAK, ZOOM_RATIO = 0.052, 1.3
SAME_COARSE, SURELY_COARSE, BLUR_COARSE = 0.35, 0.5, 0.7
SURE_ZOOM = 0.07  # a peak that the blocks of an encoder do not reach
SEEN_COARSE = 0.8  # of a picture with next to nothing in it
STAYED_COARSE, SURELY_MOVED = 0.65, 2.7  # light and dark do not agree after a move of 3 %
FAR_PEAK, FAR_COARSE = 0.045, 0.15  # no view agrees so little with itself, in whatever light
AS_LEARNED = 0.6  # of the learned brightness
LEAST_DETAIL = 0.2
LEAST_DEPTH, SURE_DEPTH = 0.2, 0.45  # of light and dark: with less of it left, fog hides the rest
SHARP = 0.75  # of the learned sharpness: the encoder takes no more
WIDTH, HEIGHT = 320, 180
_BLANK = {
    "black": "picture_black",
    "white": "picture_white",
    "one grey": "picture_flat",
    "a blank card": "picture_flat",
    "a test card": "picture_flat",
}
_VIEW = {
    "moved": "view_moved",
    "covered": "view_covered",
    "zoomed": "view_zoomed",
    "changed": "view_changed",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that scenes decide (`python -m benchmarks picture_eval` measures them): a view has
    `moved` where its outlines lie elsewhere so many times better, is `covered` from this share of
    its tiles on, and `blurred` below this share of the learned sharpness against coarse detail, or below the
    other one against light and dark, which a strong blur leaves.
    """

    moved: float = 1.3
    covered: float = 0.06
    blurred: float = 0.72
    strongly_blurred: float = 0.68


LIMITS = Limits()


def evaluate(
    observation: Observation, device: Device, limits: Limits = LIMITS
) -> tuple[Verdict, ...]:
    """Aspects: present, privacy, moving, exposure, view, focus, screen_clock or why there is none
    (clock_reading), text, daylight, and preset of a PTZ camera.
    """
    picture = observation.value
    if not isinstance(picture, PictureReading):
        return (not_seen(observation, "present", "picture"),)
    if picture.problem:
        return (_not_judged(observation, picture.problem),)
    return (
        *_judged(observation, device, picture, limits),
        *screen_clock.verdicts(observation, device, picture),
        *picture_text.texts(observation, device, picture),
        *picture_daylight.daylight(observation, device, picture),
    )


def _not_judged(observation: Observation, why: str) -> Verdict:
    reason = Reason.NOT_REPORTED
    sentence = f"picture not checked: {why}"
    return verdict(observation, "present", State.UNKNOWN, reason.value, sentence, reason=reason)


def _judged(
    observation: Observation, device: Device, picture: PictureReading, limits: Limits
) -> Iterator[Verdict]:
    there = present(observation, picture)
    yield there
    if there.state is State.FAULT:
        return
    yield from picture_zones.zones(observation, picture)
    yield from _moving(observation, picture)
    known = picture.baseline
    light = known.light if known else None
    yield replace(_allowed(_exposure(observation, picture), picture), light=light)
    if picture.ptz is not None:
        for one in picture_ptz.views(observation, device, picture, view):
            if one.code not in picture.dismissed:
                yield replace(one, light=light)
    if known is None or known.peak is None:
        yield from _far(observation, picture)
        return
    for one in _compared(limits, observation, picture, known):
        if one.code not in picture.dismissed:
            yield replace(one, light=light)


def _far(observation: Observation, picture: PictureReading) -> Iterator[Verdict]:
    """Of a light that is not learned only another view can be told: one that shares nothing with the
    nearest light that is.
    """
    known = picture.baseline
    if known is None or known.far_peak is None or picture.ptz is not None:
        return
    dismissed = "view_changed" in picture.dismissed
    if dismissed or known.far_peak >= FAR_PEAK or (known.far_coarse or 0.0) >= FAR_COARSE:
        return
    sentence = f"another view: agreement with the nearest learned light {known.far_peak:.2f} (limit {FAR_PEAK})"
    yield verdict(
        observation, "view", State.DEGRADED, "view_changed", sentence, value=known.far_peak
    )


def _compared(
    limits: Limits, observation: Observation, picture: PictureReading, known: Comparison
) -> Iterator[Verdict]:
    found = view(observation, picture, known, limits)
    if found is not None and picture.ptz is None:
        yield found
    if found is None or found.state is State.OK:
        yield from _focus(limits, observation, known)


def _allowed(exposure: Verdict, picture: PictureReading) -> Verdict:
    """`exposure`, well where a person has called it a false alarm: until its light is learned anew,
    then as long as it is like what was learned.
    """
    known = picture.baseline
    usual = known.level if known is not None else None
    alike = usual is not None and AS_LEARNED * usual <= picture.mean <= usual / AS_LEARNED
    allowed = exposure.code in picture.dismissed or (exposure.code in picture.allowed and alike)
    if not allowed:
        return exposure
    sentence = f"{exposure.sentence}; a person has looked: no fault"
    return replace(exposure, state=State.OK, code="ok", sentence=sentence)


def present(observation: Observation, picture: PictureReading) -> Verdict:
    """Nothing to see: black, white, of one grey, or a test card. A picture that shows something of the
    learned view is one, however little it shows.
    """
    seen = picture.baseline is not None and _shows(picture.baseline)
    for share, limit, words in _nothing(picture):
        if share >= limit and not seen:
            sentence = f"no picture: {words} ({share * 100:.0f} % of it, limit {limit * 100:.0f} %)"
            sentence += _source(picture)
            return verdict(
                observation, "present", State.FAULT, _BLANK[words], sentence, value=share
            )
    levels = f"grey levels {picture.low:.0f} to {picture.high:.0f}"
    sentence = f"picture there: {levels}{_source(picture)}"
    return verdict(observation, "present", State.OK, "ok", sentence)


def _shows(known: Comparison) -> bool:
    """Whether a picture lies on the learned view, here, elsewhere or at another zoom, or is as light and
    dark.
    """
    here = (known.peak or 0.0) >= GOOD_PEAK or (known.coarse or 0.0) >= SEEN_COARSE
    elsewhere = (known.other_peak or 0.0) >= SURE_OFFSET
    return here or elsewhere or (known.zoom_peak or 0.0) >= SURE_ZOOM


def _source(picture: PictureReading) -> str:
    return "; from a snapshot, the stream gives no picture" if picture.snapshot else ""


def _nothing(picture: PictureReading) -> tuple[tuple[float, float, str], ...]:
    return (
        (picture.dark, NO_STRUCTURE, "black"),
        (picture.bright, NO_STRUCTURE, "white"),
        (picture.flat, NO_STRUCTURE, "one grey"),
        (picture.uniform, SLATE, "a blank card"),
        (picture.bars, BARS, "a test card"),
    )


def _moving(observation: Observation, picture: PictureReading) -> Iterator[Verdict]:
    """Whether the picture changes from key frame to key frame: behind an encoder that lives, the
    bytes always do. Nothing where it cannot be told: a snapshot may be an old one.
    """
    pairs = () if picture.snapshot else (picture.session, picture.between)
    changes = [one for one in pairs if one is not None and one.apart >= LEAST_APART]
    if not changes:
        return
    most = max(changes, key=lambda one: one.cell)
    for change in changes:
        if why := _frozen(change, most, changes, picture):
            sentence = f"picture frozen: in {duration(change.apart)} {why}"
            yield verdict(
                observation, "moving", State.FAULT, "picture_frozen", sentence, value=most.cell
            )
            return
    if why := _unchanged(changes, picture):
        sentence = f"picture frozen: {why}"
        yield verdict(
            observation, "moving", State.FAULT, "picture_frozen", sentence, value=most.cell
        )
    elif most.cell >= MOVED_CELL:
        sentence = f"picture moves: a part of it changed by {most.cell:.0f} grey levels (limit {MOVED_CELL:.0f})"
        yield verdict(observation, "moving", State.OK, "ok", sentence, value=most.cell)


def _frozen(
    change: Change, most: Change, changes: Sequence[Change], picture: PictureReading
) -> str:
    """Why a picture is frozen, in words; "" where it may be a quiet scene. The clock in it may tick:
    it is written over the picture.
    """
    limit = _least_change(picture.baseline)
    still = all((one.cell if one.scene is None else one.scene) < STILL_CELL for one in changes)
    if still and change.fine is not None and change.fine <= limit:
        behind = " behind a clock that ticks" if most.cell >= MOVED_CELL else ""
        return f"it changed by {change.fine:.2f} grey levels{behind} (limit {limit:.2f})"
    if most.cell < STILL_CELL and _clock_stands(change, picture):
        return (
            f"no part of it changed by more than {change.cell:.0f} grey levels "
            f"(limit {STILL_CELL:.0f}), where one did in every earlier check"
        )
    return ""


def _unchanged(changes: Sequence[Change], picture: PictureReading) -> str:
    """Why a picture is frozen that has been the same for several checks, in words; "" where it has not,
    or something moves in it. An encoder at a low rate changes it more than the noise of a sensor
    would; light and things, which take longer, it cannot change.
    """
    known, last = picture.baseline, picture.between
    if known is None or last is None or not picture.is_same:
        return ""
    number, seconds = picture.same + 1, picture.same_for + last.apart
    if number < SAME_CHECKS or seconds < SAME_SECONDS:
        return ""
    if any(one.scene_moved for one in changes):
        return ""
    return (
        f"the same in {number} checks in a row ({duration(seconds)}), tiles of it changed by "
        f"{last.drift:.2f} grey levels (limit {known.most_same:.2f})"
    )


def _least_change(known: Comparison | None) -> float:
    """The change between two key frames (grey levels at full size) down to which a picture is frozen:
    less than the noise of any sensor, and surely less than any change learned while this one lived.
    Never more: the noise of a camera falls with more light, and after rain.
    """
    if known is None or known.low_change is None:
        return STILL_FINE
    return min(STILL_FINE, STILL_SHARE * known.low_change)


def _clock_stands(change: Change, picture: PictureReading) -> bool:
    """Whether a still picture is one in which a clock should have ticked."""
    return change.spans_tick and change.mean <= STILL_MEAN and _always_moves(picture)


def _always_moves(picture: PictureReading) -> bool:
    """Whether something moved in all the checks before: the digits of a clock do."""
    known = picture.baseline
    learned = known is not None and known.pairs >= SURELY_LEARNED and known.moving == known.pairs
    return learned or picture.moved >= SURELY_TICKS


def _exposure(observation: Observation, picture: PictureReading) -> Verdict:
    if picture.burned >= BURNED:
        sentence = f"over-exposed: {picture.burned * 100:.0f} % of the picture is white (limit {BURNED * 100:.0f} %)"
        return verdict(
            observation,
            "exposure",
            State.DEGRADED,
            "picture_overexposed",
            sentence,
            value=picture.burned,
        )
    if picture.high < TOO_DARK_HIGH and picture.mean < TOO_DARK_MEAN:
        sentence = (
            f"too dark: mean grey level {picture.mean:.0f}, brightest {picture.high:.0f} "
            f"(limits {TOO_DARK_MEAN:.0f} / {TOO_DARK_HIGH:.0f})"
        )
        return verdict(
            observation,
            "exposure",
            State.DEGRADED,
            "picture_too_dark",
            sentence,
            value=picture.mean,
        )
    sentence = f"exposure fits: mean grey level {picture.mean:.0f}"
    return verdict(observation, "exposure", State.OK, "ok", sentence, value=picture.mean)


def view(
    observation: Observation, picture: PictureReading, known: Comparison, limits: Limits = LIMITS
) -> Verdict | None:
    """Where the camera looks, and whether something is in its way. None where it cannot be told."""
    found = (
        _moved(limits, picture, known)
        or _zoomed(known)
        or _covered(limits, known)
        or _nothing_alike(known)
    )
    if found is not None:
        what, sentence, value = found
        return verdict(observation, "view", State.DEGRADED, _VIEW[what], sentence, value=value)
    if (known.peak or 0.0) < min(GOOD_PEAK, 0.6 * known.low_peak):
        return None
    sentence = f"view as learned: agreement {known.peak:.2f} (limit {GOOD_PEAK})"
    return verdict(observation, "view", State.OK, "ok", sentence, value=known.peak)


_Found = tuple[str, str, float]


def _moved(limits: Limits, picture: PictureReading, known: Comparison) -> _Found | None:
    across, down = known.right / WIDTH, known.down / HEIGHT
    if max(abs(across), abs(down)) < 0.03 or not _fits_elsewhere(limits, known):  # a pole sways
        return None
    parts = []
    if known.right:
        words = "right" if known.right > 0 else "left"
        size = abs(round(across * picture.width))
        parts.append(f"{size} px {words}, {abs(across) * 100:.0f} % of the width")
    if known.down:
        words = "down" if known.down > 0 else "up"
        size = abs(round(down * picture.height))
        parts.append(f"{size} px {words}, {abs(down) * 100:.0f} % of the height")
    return "moved", f"the picture has moved {' and '.join(parts)} (limit 3 %)", across


def _fits_elsewhere(limits: Limits, known: Comparison) -> bool:
    """Whether the outlines fit better elsewhere. Where light and dark stayed it may be a pattern of the
    sensor, of the encoder or of a scaled picture.
    """
    peak, other = known.peak or 0.0, known.other_peak or 0.0
    stayed = (known.coarse or 0.0) >= STAYED_COARSE
    return other >= max(GOOD_PEAK, (SURELY_MOVED if stayed else limits.moved) * peak)


def _covered(limits: Limits, known: Comparison) -> _Found | None:
    """Whether something is in the way: an area is hidden, or has lost its structure, which a strong blur
    does too.
    """
    limit, hidden, lost = limits.covered, known.hidden or 0.0, known.covered or 0.0
    share = max(hidden, lost)
    blurred = hidden < limit and _is_blurred(limits, known)
    if share < limit or not _is_same(known) or blurred:
        return None
    sentence = f"covered: {share * 100:.0f} % of the view (limit {limit * 100:.0f} %)"
    return "covered", sentence, share


def _is_same(known: Comparison) -> bool:
    """Whether something of the learned view is still there."""
    peak = known.peak or 0.0
    outlines = peak >= LOST_PEAK or (known.other_peak or 0.0) >= SURE_OFFSET
    none = peak < min(NO_PEAK, NO_SHARE * known.low_peak)
    return outlines or (known.coarse or 0.0) >= (SURELY_COARSE if none else SAME_COARSE)


def _zoomed(known: Comparison) -> _Found | None:
    peak, other = known.zoom_peak or 0.0, known.other_peak or 0.0
    if known.zoom is None or peak < max(ZOOM_PEAK, ZOOM_RATIO * (known.peak or 0.0), other):
        return None
    return (
        "zoomed",
        f"another zoom: {known.zoom:.2f} times that of the learned view",
        known.zoom,
    )


def _nothing_alike(known: Comparison) -> _Found | None:
    """Another view, or next to nothing left of it; a blurred one still is as light and dark as it
    was.
    """
    peak = known.peak or 0.0
    if peak >= min(LOST_PEAK, known.low_peak) or _is_same(known):
        return None
    detail, share = known.detail or 0.0, known.covered or 1.0
    if detail < LEAST_DETAIL:
        left = f"{detail * 100:.0f} % of its detail is left (limit {LEAST_DETAIL * 100:.0f} %)"
        return "covered", f"covered: {share * 100:.0f} % of the view, {left}", share
    sentence = f"another view: agreement with the learned one {peak:.2f} (limit {LOST_PEAK})"
    return "changed", sentence, peak


def _focus(limits: Limits, observation: Observation, known: Comparison) -> Iterator[Verdict]:
    """Nothing where there is too little to be sharp: fog, rain, a plain scene."""
    found = _sharpness(limits, known)
    if found is None:
        return
    blurred, words, value = found
    if blurred:
        yield verdict(
            observation,
            "focus",
            State.DEGRADED,
            "picture_defocused",
            f"out of focus: {words}",
            value=value,
        )
    else:
        yield verdict(observation, "focus", State.OK, "ok", f"sharp: {words}", value=value)


def _sharpness(limits: Limits, known: Comparison) -> tuple[bool, str, float] | None:
    """Whether it is blurred, by either measure. None where it cannot be told."""
    depth = known.depth or 0.0
    if known.focus is None or known.crisp is None or depth < LEAST_DEPTH:
        return None
    first = (known.focus, limits.blurred, known.low_focus)
    second = (known.crisp, limits.strongly_blurred, known.low_crisp)
    value, most, low = min(first, second, key=lambda one: one[0] / _limit(*one[1:]))
    limit = _limit(most, low)
    blurred = value < limit
    if not blurred and (known.focus < limits.blurred or known.crisp < SHARP or depth < SURE_DEPTH):
        return None
    words = f"{value * 100:.0f} % of the learned sharpness (limit {limit * 100:.0f} %)"
    return blurred, words, value


def _limit(most: float, low: float) -> float:
    """The sharpness below which a picture is blurred: as far below the least sharp learned picture as that
    one is below the usual one, at `most`. Between that and the limit of most cameras the encoder alone
    may have taken the sharpness.
    """
    return min(most, low**2)


def _is_blurred(limits: Limits, known: Comparison) -> bool:
    """Whether a picture that lost its outlines is out of focus rather than covered: light and dark are
    where they were.
    """
    sharp = _sharpness(limits, known)
    return sharp is not None and sharp[0] and (known.coarse or 0.0) >= BLUR_COARSE
