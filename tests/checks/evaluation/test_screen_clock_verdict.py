"""The clock in the picture: what is told of its time, by intervals."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from healthmon.checks.evaluation.picture import evaluate
from healthmon.model.clock_hours import AFTERNOON, BEYOND, FORENOON, evidence
from healthmon.model.device import Device
from healthmon.model.enums import Kind, Reason, Span, State
from healthmon.model.measurements import Clock, ClockReading, Reference
from healthmon.model.picture import PictureReading, ScreenClock
from healthmon.model.results import Observation

LONDON = ZoneInfo("Europe/London")
WINTER = datetime(2026, 11, 30, 9, 50, 20, 300_000, LONDON)
SUMMER = datetime(2026, 7, 4, 9, 50, 20, 300_000, LONDON)
TRUE = Span(-0.05, 0.05)


CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "127.0.0.1")


def shown(text: str, *, at: datetime = WINTER, names: str = "first middle year", **more):
    """A clock that shows HH:MM:SS and three numbers of a date, when it is `at`."""
    time, _, date = text.partition(" ")
    numbers = list(zip(("hour", "minute", "second"), map(int, time.split(":")), strict=True))
    numbers += list(zip(names.split(), map(int, date.split("-")), strict=True)) if date else []
    sure = more.pop("sure", True)
    return ScreenClock("top left", tuple(numbers), 0.9, sure, at.timestamp(), **more)


def told(*clocks: ScreenClock, **more):
    return [one for one in verdicts(*clocks, **more) if one.aspect == "screen_clock"]


def unread(*clocks: ScreenClock, **more) -> str:
    """Why there is no verdict."""
    (found,) = (one for one in verdicts(*clocks, **more) if one.aspect == "clock_reading")
    return found.sentence


def verdicts(*clocks: ScreenClock, **more):
    reading = PictureReading(
        width=640, height=360, mean=90, high=200, moved=0, clocks=clocks, **{"true": TRUE, **more}
    )
    seen = Observation("C1", "picture", "main", clocks[0].at, 0.1, reading)
    return evaluate(seen, CAMERA)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("09:50:20 30-11-2026", "ok", "is right within 2.2"),
        ("09:50:19 30-11-2026", "ok", "is right within"),
        ("09:50:20", "ok", "is right within"),
        ("09:50:45 30-11-2026", "screen_clock_offset", "ahead (limit 10 s)"),
        ("09:49:40", "screen_clock_offset", "behind (limit 10 s)"),
        (
            "10:50:20 30-11-2026",
            "screen_clock_zone",
            "1 h 0 min ahead: summer time was not switched off",
        ),
        ("04:50:20 30-11-2026", "screen_clock_zone", "5 h 0 min behind: wrong time zone"),
        ("09:50:20 30-11-2025", "screen_clock_date", "shows a wrong date: 30 Nov 2025"),
        ("09:50:20 29-11-2026", "screen_clock_date", "(30 Nov 2026 is right)"),
        ("00:10:20 01-01-2000", "screen_clock_date", "01 Jan 2000 00:10:20"),
    ],
)
def test_what_a_clock_shows_is_told_in_words(text: str, code: str, words: str):
    (one,) = told(shown(text))
    assert (one.code, one.state is State.OK) == (code, code == "ok")
    assert words in one.sentence
    assert one.sentence.startswith("clock at the top left of the picture")


def test_summer_time_that_is_not_switched_on_is_named():
    (one,) = told(shown("08:50:20 04-07-2026", at=SUMMER))
    assert (one.code, one.state) == ("screen_clock_zone", State.DEGRADED)
    assert "1 h 0 min behind: summer time was not switched on" in one.sentence


def test_a_clock_that_shows_the_same_for_some_time_stands_still():
    assert [one.code for one in told(shown("09:50:20", still=2.0))] == ["ok"]
    (one,) = told(shown("09:50:20 30-11-2026", still=300.0))
    assert one.code == "screen_clock_stopped"
    assert "stands still: 30 Nov 2026 09:50:20 for 5 min" in one.sentence


def test_the_order_of_day_and_month_is_settled_by_the_date_and_the_configuration():
    (one,) = told(shown("09:50:20 11-30-2026"))
    assert one.code == "ok", "the month comes first, and the date is right"
    (one,) = told(shown("09:50:20 11-30-2026"), clock_order="dmy")
    assert one.code == "screen_clock_format"
    assert "writes month day year, configured is day month year" in one.sentence
    fourth = datetime(2026, 4, 5, 9, 50, 20, tzinfo=LONDON)
    for order in ("dmy", "mdy"):
        text = "09:50:20 05-04-2026" if order == "dmy" else "09:50:20 04-05-2026"
        assert [one.code for one in told(shown(text, at=fourth), clock_order=order)] == ["ok"]
    (one,) = told(shown("09:50:20 26-11-30", names="first middle last"))
    assert one.code == "ok"


def test_a_date_with_a_month_in_letters_is_judged_by_day_and_year():
    assert [one.code for one in told(shown("09:50:20 30-2026", names="day year"))] == ["ok"]
    wrong = told(shown("09:50:20 29-2026", names="day year"))
    assert [one.code for one in wrong] == ["screen_clock_date"]


def test_a_clock_of_twelve_hours_is_judged_within_them():
    afternoon = WINTER.replace(hour=21)
    (one,) = told(shown("09:50:20 30-11-2026", at=afternoon), clock_hours=12)
    assert one.code == "ok"
    (one,) = told(shown("09:50:20 30-11-2026", at=afternoon), clock_hours=24)
    assert one.code == "screen_clock_zone"


@pytest.mark.parametrize("date", ["", " 30-11-2026"])
def test_whether_a_clock_counts_to_twelve_is_settled_by_what_it_has_shown(date: str):
    afternoon, night = WINTER.replace(hour=21), WINTER.replace(hour=0)
    read = shown(f"09:50:20{date}", at=afternoon)
    assert told(read) == []
    assert "12 h behind, or counts to 12" in unread(read)
    assert told(shown(f"12:50:20{date}", at=night)) == []
    (one,) = told(replace(read, hours=(FORENOON, AFTERNOON)))
    assert one.code == "ok", "it was right before noon, and less 12 hours after noon"
    for more in ({}, {"clock_hours": 12}):
        (one,) = told(replace(read, hours=(FORENOON, AFTERNOON, BEYOND)), **more)
        assert one.code == "screen_clock_zone", "it has shown 13:00 once: it counts to 24"
    assert [one.code for one in told(shown(f"21:50:20{date}", at=afternoon))] == ["ok"]
    assert [one.code for one in told(shown(f"09:50:20{date}"))] == ["ok"]


@pytest.mark.parametrize(
    ("shows", "true", "tells"),
    [
        (0, 0, BEYOND),
        (13, 1, BEYOND),
        (9, 9, FORENOON),
        (9, 21, AFTERNOON),
        (12, 0, AFTERNOON),
        (12, 12, ""),
        (8, 9, ""),
        (9, 20, ""),
    ],
)
def test_what_an_hour_tells(shows: int, true: int, tells: str):
    assert evidence(shows, true) == tells


def test_what_is_not_read_surely_or_is_no_time_says_nothing():
    for clock, why in (
        (shown("10:50:20", sure=False), "was not read surely: something is behind or over"),
        (
            replace(shown("10:50:20", sure=False), margin=0.41),
            "was not read surely (margin 0.41, limit 0.6)",
        ),
        (shown("29:50:20"), "shows no time or date: hour 29 minute 50 second 20"),
        (shown("09:50:20 39-19-2026"), "shows no time or date"),
    ):
        assert told(clock) == []
        assert f"clock at the top left of the picture {why}" in unread(clock)
    assert told(shown("09:50:20"), true=None) == [], "nobody knows the true time"
    assert "true time is not known" in unread(shown("09:50:20"), true=None)


def test_the_worst_of_two_clocks_is_told_with_its_place():
    right = shown("09:50:20")
    wrong = replace(shown("09:18:20"), place="bottom right")
    (one,) = told(right, wrong)
    assert one.code == "screen_clock_offset"
    assert "bottom right" in one.sentence
    assert told(right, replace(right, sure=False)) == [], "one of the two is not known"


def device_clock(ahead: float, *, error: float = 0.3, **more: float) -> Clock:
    """The camera's clocks: ONVIF's is `ahead` of true time, others by name."""
    offsets = {"onvif": ahead, **more}
    readings = tuple(
        ClockReading(name, Span(one - error, one + error)) for name, one in offsets.items()
    )
    return Clock(readings, Reference(TRUE, WINTER.timestamp(), 3, 3))


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("10:50:20 30-11-2026", 3600.0),
        ("09:49:40", -40.0),
        ("09:51:20", 60.0),
        ("00:10:20 01-01-2000", -849_346_800.0),
    ],
)
def test_a_clock_that_is_off_as_the_device_clock_is_one_fault_that_of_the_device(text, ahead):
    own, same = told(shown(text)), told(shown(text), device_clock=device_clock(ahead))
    assert [one.state for one in own] == [State.DEGRADED]
    (one,) = same
    assert (one.state, one.code, one.value) == (State.OK, "ok", own[0].value)
    assert one.sentence == f"{own[0].sentence}; as the device clock, which has its own fault"


@pytest.mark.parametrize(
    "clock",
    [
        device_clock(0.0),
        device_clock(-3600.0),
        device_clock(3592.0),
        device_clock(3600.0, onvif_local=0.0),  # only its UTC is wrong: people see the right time
        replace(device_clock(3600.0), reference=None),
        Clock((ClockReading("onvif", None, Reason.TIMEOUT),), Reference(TRUE, 0.0, 3, 3)),
    ],
)
def test_a_clock_that_is_off_by_itself_is_its_own_fault(clock: Clock):
    (one,) = told(shown("10:50:20 30-11-2026"), device_clock=clock)
    assert (one.state, one.code) == (State.DEGRADED, "screen_clock_zone")


def test_a_clock_that_stands_still_is_its_own_fault_whatever_the_device_shows():
    still = shown("10:50:20 30-11-2026", still=300.0)
    (one,) = told(still, device_clock=device_clock(3600.0))
    assert one.code == "screen_clock_stopped"
