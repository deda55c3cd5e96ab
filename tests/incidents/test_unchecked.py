"""What is told of checks that are hindered: after how long, of which, and until when (FF-F23)."""

from __future__ import annotations

import pytest

from healthmon.incidents.confirmation import FaultBook
from healthmon.incidents.unchecked import UncheckedWatch
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, State
from healthmon.model.results import CheckResult, Observation, Verdict

HOUR = 3600.0
BUSY = "pictures not checked: all its sessions are in use (DESCRIBE answered 453)"


def result(
    reason: Reason | None = Reason.BUSY,
    state: State = State.UNKNOWN,
    check_type: CheckName = CheckName.STREAM,
    instance: str = "main",
) -> CheckResult:
    check = Check("C1", check_type, instance)
    observation = Observation("C1", check_type, instance, 5000.0, 1.0, None, reason)
    code = reason.value if reason else "ok"
    told = Verdict("C1", check_type, instance, "pictures", state, code, BUSY, 5000.0)
    return CheckResult(check, observation, (told,))


class Watched:
    """A watch and its fault book on a clock of their own."""

    def __init__(self) -> None:
        self.watch, self.book, self.now = UncheckedWatch(HOUR), FaultBook(), 0.0

    def say(self, one: CheckResult, times: int = 1) -> None:
        for _ in range(times):
            self.book.apply((*one.verdicts, *self.watch.note(one, self.book, self.now)))

    def wait(self, seconds: float) -> list[str]:
        self.now += seconds
        for _ in range(3):
            self.book.apply(self.watch.due(self.book, self.now))
        return [fault.sentence for fault in self.book.open() if fault.code == "not_checked"]


def test_ff_f23_it_is_told_after_the_set_time_by_its_cause_and_ends_when_it_is_checked_again():
    room = Watched()
    room.say(result())
    assert room.wait(HOUR - 1) == []
    words = "pictures not checked for 1 h 0 min (limit 1 h 0 min): all its sessions are in use"
    assert room.wait(1) == [f"{words} (DESCRIBE answered 453)"]
    assert room.book.open()[0].since == 5000.0 - HOUR
    room.say(result(None, State.OK), 2)
    assert room.wait(10 * HOUR) == []


def test_ff_f23_a_fault_is_a_result_too():
    room = Watched()
    room.say(result())
    room.say(result(Reason.TIMEOUT, State.FAULT))
    assert room.wait(10 * HOUR) == []


@pytest.mark.parametrize(
    "reason",
    [Reason.NOT_REACHED, Reason.BEHIND_PARENT, Reason.UNSUPPORTED, Reason.DATA_BUDGET, Reason.BUG],
)
def test_beside_f23_what_is_known_or_our_own_is_not_told(reason: Reason):
    room = Watched()
    room.say(result(reason))
    assert room.wait(10 * HOUR) == []


def test_beside_f23_a_fault_of_reachability_explains_it():
    room = Watched()
    room.say(result())
    room.book.apply(
        [Verdict("C1", CheckName.REACH, "", "reach", State.DEGRADED, "slow", "", 0.0)] * 2
    )
    assert room.wait(10 * HOUR) == []


def test_ff_f23_of_several_checks_of_a_device_the_first_is_told():
    room = Watched()
    room.say(result())
    room.wait(1)
    room.say(result(check_type=CheckName.CLOCK, instance=""))
    assert len(room.wait(10 * HOUR)) == 1


def test_ff_f23_what_is_asked_of_a_recorder_is_told_of_the_recorder():
    room = Watched()
    room.say(result(check_type=CheckName.RECORDING, instance="R1"))
    assert room.wait(10 * HOUR) == []


def test_ff_f23_a_check_that_is_no_longer_made_is_forgotten():
    room = Watched()
    room.say(result())
    room.watch.keep(set())
    assert room.wait(10 * HOUR) == []


def test_ff_f23_a_later_run_goes_on_from_what_the_last_one_has_kept():
    first, later = Watched(), Watched()
    first.say(result())
    first.wait(HOUR - 10)
    later.now = 77.0
    later.watch.resume(first.watch.ages(first.now), later.now)
    assert later.watch.ages(later.now) == first.watch.ages(first.now)
    later.say(result())
    assert later.wait(9) == []
    assert len(later.wait(1)) == 1


def test_ff_f23_what_is_checked_in_the_later_run_begins_anew():
    first, later = Watched(), Watched()
    first.say(result())
    first.wait(HOUR - 10)
    later.watch.resume(first.watch.ages(first.now), later.now)
    later.say(result(None, State.OK))
    later.say(result())
    assert later.wait(HOUR - 1) == []
