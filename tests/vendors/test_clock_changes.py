"""A recorder that is well has no fault on the nights on which the clocks change, whatever form it
tells its time in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from helpers.days import live_at, ordinary
from helpers.recorder_rig import rig, simulated

from healthmon.model.enums import State
from healthmon.vendors.clocks import placed

MAKES = [
    ("hikvision", "fixed"), ("hikvision", "local times"), ("hikvision", "old"), ("axis", "fixed"),
    ("dahua", "fixed"), ("dahua", "old"), ("http", "fixed"), ("snmp", "fixed"), ("bosch", "fixed"),
]  # fmt: skip
NIGHTS = [
    datetime(2026, 10, 25, 0, 40, tzinfo=UTC),  # 01:40 for the first time
    datetime(2026, 10, 25, 1, 40, tzinfo=UTC),  # and for the second
    datetime(2026, 10, 25, 2, 40, tzinfo=UTC),
    datetime(2027, 3, 28, 0, 40, tzinfo=UTC),
    datetime(2027, 3, 28, 1, 40, tzinfo=UTC),  # 02:40: an hour has been left out
]
LONDON = ZoneInfo("Europe/London")


@pytest.mark.slow
@pytest.mark.parametrize("night", NIGHTS, ids=lambda night: f"{night:%b-%H.%M}")
@pytest.mark.parametrize(("make", "variant"), MAKES)
async def test_a_well_recorder_is_well_when_the_clocks_change(
    make: str, variant: str, night: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_at(night.timestamp(), monkeypatch)
    async with rig(simulated(make, variant=variant), make) as made:
        for _ in range(2):
            found = await made.look()
            bad = {key: v.sentence for key, v in found.items() if v.state is State.FAULT}
            assert bad == {}
        assert found["R1", "clock"].state is State.OK, found["R1", "clock"].sentence


@pytest.mark.parametrize(
    ("local", "zone", "near", "expected"),
    [
        # In the hour that comes twice: the moment that is nearer.
        ("2026-10-25 01:40", LONDON, "2026-10-25 00:40", "2026-10-25 00:40"),
        ("2026-10-25 01:40", LONDON, "2026-10-25 01:40", "2026-10-25 01:40"),
        ("2026-10-25 01:05", LONDON, "2026-10-25 01:40", "2026-10-25 01:05"),
        ("2026-10-25 01:40", LONDON, None, "2026-10-25 00:40"),
        # In the hour that is left out: as at other times, by the offset before.
        ("2027-03-28 01:40", LONDON, "2027-03-28 00:40", "2027-03-28 01:40"),
        ("2027-03-28 01:40", LONDON, "2027-03-28 01:40", "2027-03-28 01:40"),
        # On other days nothing is moved, however far away it is.
        ("2026-07-01 13:00", LONDON, "2026-07-01 11:00", "2026-07-01 12:00"),
        ("2026-07-01 13:00", UTC, "2026-07-01 11:00", "2026-07-01 13:00"),
    ],
)
def test_local_time_is_placed(local: str, zone: tzinfo, near: str | None, expected: str) -> None:
    def unix(text: str) -> float:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    found = placed(datetime.fromisoformat(local), zone, near=unix(near) if near else None)
    assert found == unix(expected)


def test_a_time_with_an_offset_is_not_moved() -> None:
    told = datetime.fromisoformat("2026-10-25T01:40:00+01:00")
    assert placed(told, LONDON, near=told.timestamp() + 3600) == told.timestamp()


@pytest.mark.parametrize(
    ("day", "moved"),
    [("2026-10-25 01:30", True), ("2026-10-24 02:00", True), ("2026-11-01 06:00", True), ("2026-11-29 12:00", False)],
)  # fmt: skip
def test_an_ordinary_day_is_one_without_a_clock_change(day: str, moved: bool) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    found = ordinary(moment)
    assert (found - moment == timedelta(days=2)) is moved
    assert ordinary(found) == found
