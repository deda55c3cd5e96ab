"""What a configuration asks for against what it allows: the arithmetic, and the sentences."""

from __future__ import annotations

import pytest

from healthmon.inventory.capacity import LEAST_SLOTS, MOST_SLOTS, problems, slots_for, slots_in_use
from healthmon.model.device import Check
from healthmon.model.enums import CheckName


def cameras(count: int, *, address: str = "", **more) -> list[Check]:
    streams = {"site": "town", "cost": 4e6, "watch": 2.0, "interval": 60.0, **more}
    return [
        Check(f"C{n}", CheckName.STREAM, "main", lock_key=address or f"192.0.2.{n}", **streams)
        for n in range(count)
    ]


def test_streams_of_two_seconds_a_minute_take_the_slots_that_they_are_played_in():
    assert slots_in_use(cameras(10_000)) == pytest.approx(10_000 * 2.4 / 60)
    assert slots_in_use([Check("C1", CheckName.REACH, interval=30.0)]) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("count", "slots"), [(0, LEAST_SLOTS), (150, LEAST_SLOTS), (10_000, 800), (10**5, MOST_SLOTS)]
)
def test_the_agent_allows_twice_what_runs_on_average_within_bounds(count, slots):
    assert slots_for(cameras(count)) == slots


def test_a_concurrency_that_holds_the_checks_is_no_problem_and_one_that_does_not_is_told():
    checks = cameras(10_000)
    assert list(problems(checks, {}, 400)) == []
    assert list(problems(checks, {}, None)) == []
    [told] = problems(checks, {}, 200)
    assert told.startswith("defaults: concurrency 200 cannot hold the checks: 400 of 10000 run")
    assert "2.0 times less often" in told
    assert "800 are allowed then" in told


def test_more_than_one_agent_can_run_is_told_where_no_concurrency_is_written():
    [told] = problems(cameras(150_000), {}, None)
    assert "6000 of 150000 checks" in told
    assert f"at most {MOST_SLOTS}" in told


def test_a_site_holds_as_many_streams_as_fit_into_its_bandwidth():
    # 100 streams of 2.4 s in 60 s: 4 at the same time.
    assert list(problems(cameras(100), {"town": 16e6}, None)) == []
    [told] = problems(cameras(100), {"town": 15e6, "park": 1e6}, None)
    assert told.startswith("sites: town: bandwidth 15 Mbit/s holds 3 streams of 4 Mbit/s")
    assert "4.0 of 100 are due" in told
    assert "1.3 times less often" in told


def test_a_stream_that_is_larger_than_its_site_is_played_alone():
    assert list(problems(cameras(25), {"town": 2e6}, None)) == []
    [told] = problems(cameras(26), {"town": 2e6}, None)
    assert "holds 1 stream of" in told


def test_an_address_is_asked_one_thing_at_a_time():
    relayed = [
        Check("R1", CheckName.STREAM, f"channel {n}", lock_key="192.0.2.7", cost=4e6)
        for n in range(32)
    ]
    [told] = problems(relayed, {}, None)
    assert told.startswith("R1 (192.0.2.7): it is asked one thing at a time, and its 32 checks")
    assert "77 s of each minute" in told
    assert list(problems(relayed[:25], {}, None)) == []


def test_of_many_full_addresses_a_few_are_named():
    full = [check for n in range(9) for check in cameras(40, address=f"192.0.2.{n}")]
    told = list(problems(full, {}, None))
    assert len(told) == 6
    assert told[-1] == "and 4 more addresses"


def test_a_timeout_that_is_longer_than_the_interval_is_told_once_for_all_devices():
    [told] = problems(cameras(7, interval=10.0, timeout=12.0), {}, None)
    assert told.startswith("C0: a stream check may take 12 s and is due every 10 s and 6 more")
    assert "every 20 s" in told
    assert list(problems(cameras(7, interval=12.0, timeout=12.0), {}, None)) == []
