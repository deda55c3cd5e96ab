"""A shift check that has no sheet, because something ended it: what the desk says of it. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from healthmon.incidents.local_time import shown
from healthmon.notifications.shifts import ShiftPlan
from healthmon.store import BegunCheck


def cut_off(begun: BegunCheck, plan: ShiftPlan, zone: str, boot: str) -> str:
    """What was cut off, how far it was and by what, in sentences; `boot` is the computer's present
    one.
    """
    started = shown(begun.since, ZoneInfo(zone))
    name = f"The shift check that {begun.by} started {started}"
    if plan.times:
        due = plan.named(plan.due_of(begun.since))
        name = f"The check of {due}, started by {begun.by} {started},"
    return (
        f"{name} was cut off: {_cause(begun, boot)}. "
        f"{_least(begun)}{begun.done:,} of {begun.total:,} checks were made; "
        f"{begun.devices_done:,} of {begun.devices:,} devices were done. "
        "It has no sheet and does not count as made. Start it again."
    )


def _cause(begun: BegunCheck, boot: str) -> str:
    if begun.ended:
        return begun.ended
    if begun.boot and boot and begun.boot != boot:
        return "the computer was restarted or lost its power"
    return "healthmon was killed or has crashed"


def _least(begun: BegunCheck) -> str:
    """The record is told how far a check is every few seconds."""
    return "" if begun.ended else "At least "
