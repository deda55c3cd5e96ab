"""A step of the wall clock is announced once; what waits to be written is moved with the store."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from healthmon.runtime.wall_clock import WallClock
from healthmon.store import Batch, Outgoing, Segment, Settled


@dataclass
class Machine:
    up: float = 1000.0
    ahead: float = 1_800_000_000.0
    told: list[float] = field(default_factory=list)

    def clock(self) -> WallClock:
        return WallClock(self.wall, lambda: self.up, [self.told.append])

    def wall(self) -> float:
        return self.up + self.ahead


@pytest.mark.parametrize("step", [-3600.0, 3600.0, -1.5, 86400.0 * 3650])
def test_a_step_is_told_once_and_then_the_time_is_right(step: float) -> None:
    machine = Machine()
    clock = machine.clock()
    assert clock.now() == machine.wall()
    machine.ahead += step
    machine.up += 7
    assert clock.now() == machine.wall()
    assert clock.now() == machine.wall()
    assert machine.told == [step]


def test_a_clock_that_is_slewed_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(1000):
        machine.up += 1
        machine.ahead += 0.0005
        clock.now()
    assert machine.told == []


@pytest.mark.parametrize(("moment", "told"), [(500.0, [-500.0]), (0.0, []), (-500.0, [])])
def test_a_clock_that_is_before_the_last_run_was_set_back(moment: float, told: list[float]) -> None:
    machine = Machine()
    clock = machine.clock()
    clock.stood_at(machine.wall() + moment)
    clock.now()
    assert machine.told == told


def test_what_waits_to_be_written_is_moved_once() -> None:
    row = Outgoing("n", "desk", "C001", 1, "{}", 100.0, 110.0)
    over, open_ = Segment("C001", "reach", "ok", 1.0, 5.0), Segment("C001", "reach", "fault", 5.0)
    waits, done = Settled("n", "desk", "pending", 110.0), Settled("m", "desk", "sent", 110.0)
    batch = Batch(outgoing=[row], segments=[over, open_], settled=[waits, done])
    batch.add(Batch(steps=[-50.0]))
    batch.add(Batch(outgoing=[row]))
    assert batch.steps == [-50.0]
    assert [(one.created, one.due) for one in batch.outgoing] == [(50.0, 60.0), (100.0, 110.0)]
    assert [(one.since, one.until) for one in batch.segments] == [(1.0, 5.0), (-45.0, None)]
    assert [one.at for one in batch.settled] == [60.0, 110.0]
