"""What people have answered where healthmon asked them to look at a picture, as the picture checks use
it. Pure.

A "no" holds for its cause until the camera has learned the light anew in which it was asked, or a
person has had the whole view learned anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from healthmon.incidents.confirmation import Fault
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.operations import Operation
from healthmon.model.picture import Answer

# By (device, stream).
Answers = dict[tuple[str, str], tuple[Answer, ...]]


def answers_of(dismissed: Iterable[LifeCycle], learned: Iterable[Operation]) -> Answers:
    """The false alarms that count, of each stream and fault code the newest in each light; `learned`
    are the operations by which views are learned anew.
    """
    anew = _newest(learned)
    found: dict[tuple[str, str], dict[tuple[str, float | None], Answer]] = {}
    for life in dismissed:
        said = life.dismissed
        if said is None or said.at <= anew.get(life.incident.device, 0.0):
            continue
        for fault in (*life.incident.past, *life.incident.faults):
            of_stream = found.setdefault((fault.device, fault.instance), {})
            of_stream[fault.code, fault.light] = _answer(fault, said.at)
    return {where: tuple(answers.values()) for where, answers in found.items()}


def _answer(fault: Fault, at: float) -> Answer:
    return Answer(fault.code, fault.light, at)


def _newest(learned: Iterable[Operation]) -> Mapping[str, float]:
    """When the view of each camera was last learned anew on somebody's word."""
    found: dict[str, float] = {}
    for one in learned:
        found[one.subject] = max(one.at, found.get(one.subject, 0.0))
    return found
