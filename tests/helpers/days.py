"""The wall clock of this process at another moment, for tests whose devices live in this process."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

# Where simulated devices stand.
ZONES = ("Europe/London", "America/New_York")
AWAY = timedelta(days=2)


def live_at(moment: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on `time.time` is as if it were `moment` now; the clock goes on. Other clocks stay."""
    ahead, real = moment - time.time(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead)


def near_a_clock_change(moment: datetime, zone: str) -> bool:
    """Whether the offset of `zone` changes within a day of `moment`."""
    place = ZoneInfo(zone)
    span = timedelta(days=1)
    return (moment - span).astimezone(place).utcoffset() != (moment + span).astimezone(
        place
    ).utcoffset()


def ordinary(moment: datetime) -> datetime:
    """`moment`, or two days later where a clock changes within a day of it: then an hour's error
    cannot be told from the hour that comes twice.
    """
    changes = any(near_a_clock_change(moment, zone) for zone in ZONES)
    return moment + AWAY if changes else moment


@pytest.fixture
def ordinary_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today is a day on which no clock changes."""
    now = datetime.fromtimestamp(time.time(), UTC)
    if (then := ordinary(now)) != now:
        live_at(then.timestamp(), monkeypatch)
