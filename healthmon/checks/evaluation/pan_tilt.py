"""Does a PTZ camera go where it is sent, and come back? Judged by its last move.

A camera that is not back is a fault at once: it looks elsewhere because of us. One that was not moved
is neither well nor a fault.
"""

from __future__ import annotations

from healthmon.checks.evaluation.wording import not_seen, plain, time_of_day, verdict
from healthmon.model.device import Device
from healthmon.model.enums import State
from healthmon.model.ptz import MoveOutcome, PtzMove, PtzReading
from healthmon.model.results import Observation, Verdict

ASPECT, WAITING = "pan_tilt", "waiting"
_FAULTS = {MoveOutcome.NO_MOVE: "ptz_no_move", MoveOutcome.NOT_ARRIVED: "ptz_not_arrived"}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspect "pan_tilt" where a move tells; aspect "waiting" says why none does: that is no judgement,
    always OK.
    """
    reading = observation.value
    if not isinstance(reading, PtzReading):
        return (not_seen(observation, ASPECT, "pan and tilt"),)
    last = reading.last
    if last is not None:
        if last.away:
            return (_not_returned(observation, device, last, reading.why),)
        if found := _judged(observation, device, last, reading.lasts):
            return (found,)
    sentence = f"pan and tilt not checked: {_why(observation, device, reading)}"
    return (verdict(observation, WAITING, State.OK, "ok", sentence),)


def _not_returned(observation: Observation, device: Device, last: PtzMove, why: str) -> Verdict:
    at = time_of_day(last.began, observation.at, device)
    more = f" ({plain(why)})" if why else ""
    sentence = (
        f"the camera was sent to {plain(last.to_name)} at {at} and has not come back{more}: "
        f"send {device.id} to {plain(last.home_name)}"
    )
    return verdict(observation, ASPECT, State.FAULT, "ptz_not_returned", sentence)


def _judged(
    observation: Observation, device: Device, last: PtzMove, lasts: float
) -> Verdict | None:
    """What the last move shows. What was well counts for so many seconds; a fault until it moves."""
    at = time_of_day(last.began, observation.at, device)
    if last.outcome is MoveOutcome.ARRIVED and observation.at - last.began <= lasts:
        sentence = (
            f"pan and tilt answer: from {plain(last.home_name)} to {plain(last.to_name)} in "
            f"{last.seconds or 0.0:.0f} s and back, {at}"
        )
        return verdict(observation, ASPECT, State.OK, "ok", sentence, value=last.seconds)
    if last.outcome not in _FAULTS:
        return None
    words = "it did not come to rest there"
    if last.outcome is MoveOutcome.NO_MOVE:
        words = f"it stayed at {plain(last.home_name)}"
    limit = f"{device.ptz.arrive:.0f} s" if device.ptz is not None else "its time"
    sentence = f"sent to {plain(last.to_name)} at {at}, within {limit} {words}"
    return verdict(observation, ASPECT, State.FAULT, _FAULTS[last.outcome], sentence)


def _why(observation: Observation, device: Device, reading: PtzReading) -> str:
    last = reading.last
    if last is None:
        return reading.why
    at = time_of_day(last.began, observation.at, device)
    known = {
        MoveOutcome.REFUSED: f"at {at} it refused to be moved: {plain(last.detail)}",
        MoveOutcome.TAKEN: f"at {at} an operator took it while it was moved",
        MoveOutcome.BROKEN_OFF: f"at {at} its move was broken off; it is back",
        MoveOutcome.ARRIVED: f"it was last moved {at}; since then {reading.why}",
    }
    return known.get(last.outcome, reading.why)
