"""The view of a PTZ camera: as of a fixed one while it rests at a preset that it has learned, and else
as it was judged last.

A view that only its picture tells can be well or covered, but not moved: where the camera should
look is not known. What was bad when it was judged last raises nothing again: nothing new was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from healthmon.checks.evaluation.wording import plain, time_of_day, verdict
from healthmon.model.device import Device
from healthmon.model.enums import State
from healthmon.model.picture import Comparison, LastView, PictureReading, PtzView
from healthmon.model.results import Observation, Verdict

Judge = Callable[[Observation, PictureReading, Comparison], Verdict | None]
_NEEDS_A_PLACE = frozenset({"view_moved", "view_zoomed", "view_changed"})


def views(
    observation: Observation, device: Device, picture: PictureReading, judge: Judge
) -> Iterator[Verdict]:
    """Aspect "view" of a PTZ camera, by the `judge` of fixed ones, where it is known; aspect "preset"
    says where the camera is, or when the view was judged last. That is no judgement: always OK.
    """
    ptz = picture.ptz or PtzView()
    view = _now(observation, device, picture, judge) or _last(observation, device, picture, judge)
    if view is not None:
        yield view
        words = f"at {plain(ptz.view)}" if ptz.view else _why(picture, ptz)
    else:
        words = _not_checked(observation, device, picture, judge)
    yield verdict(observation, "preset", State.OK, "ok", words)


def _now(
    observation: Observation, device: Device, picture: PictureReading, judge: Judge
) -> Verdict | None:
    """The view as it is now, None where it is not known."""
    ptz, known = picture.ptz or PtzView(), picture.baseline
    if known is None or known.peak is None or not ptz.view:
        return None
    found = _judged(judge(observation, picture, known), sure=ptz.sure)
    if found is None:
        return None
    at = time_of_day(observation.at, observation.at, device)
    return replace(found, sentence=f"{found.sentence}; judged {at} at {plain(ptz.view)}")


def _judged(found: Verdict | None, *, sure: bool) -> Verdict | None:
    return None if found is not None and not sure and found.code in _NEEDS_A_PLACE else found


def _last(
    observation: Observation, device: Device, picture: PictureReading, judge: Judge
) -> Verdict | None:
    """The view as it was when it was judged last, where it was well and that is not too long ago."""
    ptz = picture.ptz or PtzView()
    if ptz.last is None or observation.at - ptz.last.at > ptz.lasts:
        return None
    found = _then(observation, picture, ptz.last, judge)
    if found is None or found.state is not State.OK:
        return None
    return replace(found, sentence=f"{_when(observation, device, ptz.last)}: {found.sentence}")


def _then(
    observation: Observation, picture: PictureReading, last: LastView, judge: Judge
) -> Verdict | None:
    then = replace(picture, width=last.width, height=last.height)
    return _judged(judge(observation, then, last.comparison), sure=last.sure)


def _when(observation: Observation, device: Device, last: LastView) -> str:
    at = time_of_day(last.at, observation.at, device)
    return f"view last judged {at} at {plain(last.view)}"


def _not_checked(
    observation: Observation, device: Device, picture: PictureReading, judge: Judge
) -> str:
    """Why the view counts as not checked, and where to send the camera."""
    ptz = picture.ptz or PtzView()
    why, last = _why(picture, ptz), ptz.last
    if last is None:
        return f"view not checked: {why}"
    when = _when(observation, device, last)
    found = _then(observation, picture, last, judge)
    if found is not None and found.state is not State.OK:
        when = f"{when}: {found.sentence}"
    return f"{when}; since then {why}: send {device.id} to {plain(last.view)}"


def _why(picture: PictureReading, ptz: PtzView) -> str:
    """Why the view was not compared this time."""
    if ptz.why:
        return ptz.why
    known = picture.baseline
    if known is not None and known.peak is None:
        learned = f"{known.learned} of {known.needed} pictures"
        return f"{plain(ptz.view)} is being learned in this light, {learned}"
    return "too little of the view can be seen"
