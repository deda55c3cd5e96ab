"""What counts of all that was said, when several blocks, flags and alarms speak of one thing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from healthmon.model import ups as says
from healthmon.model.enums import State
from healthmon.model.ups import UpsCondition
from healthmon.vendors.ups.apc import ABNORMAL
from healthmon.vendors.ups.figures import live
from healthmon.vendors.ups.tables import Flow, SelfTest, Source, Statement

_ORDER = tuple(Source)
_TESTS = tuple(SelfTest)
TESTING = (SelfTest.RUNNING, SelfTest.CALIBRATING)
ON_BATTERY = (Source.BATTERY, Source.TEST)  # where the seconds on battery are those of now


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decides: all that was said, and whether mains and output have a voltage (None: not
    told).
    """

    said: Collection[Statement]
    mains: bool | None = None
    output: bool | None = None
    output_volts: float = 0.0

    @staticmethod
    def of(
        said: Collection[Statement],
        volts_in: tuple[float, ...],
        volts_out: tuple[float, ...] = (),
    ) -> Evidence:
        """The evidence, with the volts of the lines of mains and output."""
        return Evidence(said, live(volts_in), live(volts_out), max(volts_out, default=0.0))


def source_of(evidence: Evidence) -> tuple[Source | None, tuple[str, ...]]:
    """The source that counts, the worst that was reported, and what contradicts itself.

    "Off" counts only without a voltage at the output. A self-test explains a battery at work as
    long as there is mains. An eco mode runs over the bypass by design.
    """
    told = {said for said in evidence.said if isinstance(said, Source)}
    conflicts: tuple[str, ...] = ()
    if Source.OFF in told and evidence.output:
        told.discard(Source.OFF)
        conflicts = (
            f"it says that its output is off, but there are {evidence.output_volts:.0f} V",
        )
    _by_battery(told, evidence)
    if Source.ECO in told:
        told.discard(Source.BYPASS)
    found = min(told, key=_ORDER.index, default=None)
    return found, conflicts if found in (None, Source.OTHER) else ()


def _by_battery(told: set[Source], evidence: Evidence) -> None:
    """Weigh the battery's part: discharging, tested, or carrying the load."""
    said = evidence.said
    if Flow.DISCHARGING in said and (not told - {Source.OTHER} or evidence.mains is False):
        told.add(Source.BATTERY)
    elif Flow.HOLDING in said and not told:
        told.add(Source.NORMAL)
    if _is_testing(told, evidence) and told & {Source.BATTERY, Source.TEST}:
        # Without mains the battery carries the load, whatever is tested.
        told -= {Source.BATTERY, Source.TEST}
        told.add(Source.BATTERY if evidence.mains is False else Source.TEST)


def _is_testing(told: set[Source], evidence: Evidence) -> bool:
    return Source.TEST in told or any(each in evidence.said for each in TESTING)


def result_of(said: Iterable[Statement]) -> str | None:
    """The result of the last self-test that matters most; a calibration is none."""
    told = [
        each for each in said if isinstance(each, SelfTest) and each is not SelfTest.CALIBRATING
    ]
    return min(told, key=_TESTS.index, default=None)


def conditions_of(said: Collection[Statement]) -> tuple[UpsCondition, ...]:
    """The conditions, each once, without those that another one explains."""
    found = [each for each in dict.fromkeys(said) if isinstance(each, UpsCondition)]
    explained: set[UpsCondition] = set()
    if Source.BATTERY in said or any(_is_named_fault(each) for each in found):
        explained.add(ABNORMAL)
    if says.BYPASS_NOT_FITTED in found:
        explained.add(says.BYPASS_MISSING)
    return tuple(each for each in found if each not in explained)


def _is_named_fault(condition: UpsCondition) -> bool:
    return condition.state is not State.OK and condition is not ABNORMAL
