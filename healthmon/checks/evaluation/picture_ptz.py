"""The view of a PTZ camera: as of a fixed one while it rests at a preset that it has learned, and else
as it was judged last.

A view that only its picture tells can be well or covered, but not moved: where the camera should
look is not known. What was bad when it was judged last raises nothing again: nothing new was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.wording import plain, verdict
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.picture import Comparison, PictureReading, PtzView
from healthmon.model.results import Observation, Verdict

Judge = Callable[[Observation, PictureReading, Comparison], Verdict | None]
_NEEDS_A_PLACE = frozenset({"view_moved", "view_zoomed", "view_changed"})


def views(
    observation: Observation, device: Device, picture: PictureReading, judge: Judge
) -> Iterator[Verdict]:
    """Aspect "view" of a PTZ camera, by the `judge` of fixed ones."""
    ptz, known = picture.ptz, picture.baseline
    if ptz is None:
        return
    if known is not None and known.peak is not None and ptz.view:
        found = _judged(judge(observation, picture, known), sure=ptz.sure)
        if found is not None:
            at = _clock(observation.at, observation.at, device)
            yield _with(found, f"{found.sentence}; judged {at} at {plain(ptz.view)}")
            return
    yield _last(observation, device, picture, judge)


def _judged(found: Verdict | None, *, sure: bool) -> Verdict | None:
    return None if found is not None and not sure and found.code in _NEEDS_A_PLACE else found


def _last(
    observation: Observation, device: Device, picture: PictureReading, judge: Judge
) -> Verdict:
    """How the view was judged last, or that it was not for too long."""
    ptz = picture.ptz or PtzView()
    why = _why(picture, ptz)
    last = ptz.last
    if last is None:
        return _unknown(observation, f"view not checked: {why}")
    where = plain(last.view)
    when = f"view last judged {_clock(last.at, observation.at, device)} at {where}"
    if observation.at - last.at > ptz.lasts:
        return _unknown(observation, f"{when}; {why}: send {device.id} to {where}")
    then = replace(picture, width=last.width, height=last.height)
    found = _judged(judge(observation, then, last.comparison), sure=last.sure)
    if found is None or found.state is not State.OK:
        words = f": {found.sentence}" if found is not None else ""
        return _unknown(observation, f"{when}{words}; not checked since: {why}")
    return _with(found, f"{when}: {found.sentence}")


def _why(picture: PictureReading, ptz: PtzView) -> str:
    """Why the view was not compared this time."""
    if ptz.why:
        return ptz.why
    known = picture.baseline
    if known is not None and known.peak is None:
        return f"{plain(ptz.view)} is being learned in this light, {known.learned} of {known.needed} pictures"
    return "too little of the view can be seen"


def _clock(at: float, now: float, device: Device) -> str:
    """The time of day where the camera stands, with the date where it was another day."""
    zone = ZoneInfo(device.time_zone)
    then, today = (datetime.fromtimestamp(one, zone) for one in (at, now))
    return f"{then:%H:%M}" if then.date() == today.date() else f"{then:%d %b %H:%M}"


def _unknown(observation: Observation, sentence: str) -> Verdict:
    reason = Reason.NOT_REPORTED
    return verdict(observation, "view", State.UNKNOWN, reason.value, sentence, reason=reason)


def _with(found: Verdict, sentence: str) -> Verdict:
    return replace(found, sentence=sentence)
