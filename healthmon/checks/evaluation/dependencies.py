"""A parent's fault explains its children: what cannot be reached behind a dead switch is unknown,
not a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Reason, State
from healthmon.model.results import Verdict

Down = Mapping[str, float]


def unreachable(verdicts: Iterable[Verdict]) -> bool:
    """Whether these verdicts of one device say that it cannot be reached at all, also where a dead
    parent explains that.
    """
    return any(
        v.check_type == CheckName.REACH
        and v.aspect == "reach"
        and (v.state is State.FAULT or v.reason is Reason.BEHIND_PARENT)
        for v in verdicts
    )


def dead_ancestor(device: Device, devices: Mapping[str, Device], down: Down) -> Device | None:
    """The highest unreachable device above `device`, or None."""
    found, seen, above = None, {device.id}, list(device.parents)
    while above:
        name = above.pop(0)
        if name in seen or name not in devices:
            continue
        seen.add(name)
        if name in down:
            found = devices[name]
        above += devices[name].parents
    return found


def behind(
    verdict: Verdict, parent: Device, since: float, clock: Callable[[float], str]
) -> Verdict:
    """`verdict` as UNKNOWN behind `parent`, which has not answered since `since`; `clock` writes a
    time of day.
    """
    if verdict.state is State.OK:
        return verdict
    sentence = f"behind {parent.name} {parent.id} (no answer since {clock(since)})"
    return replace(
        verdict,
        state=State.UNKNOWN,
        code=Reason.BEHIND_PARENT.value,
        sentence=sentence,
        reason=Reason.BEHIND_PARENT,
    )
