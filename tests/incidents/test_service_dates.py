"""The periods in which a device is in service: by its dates in config.yaml, and by what people have
recorded since.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from healthmon.incidents import service_dates
from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.incidents.service_dates import RETIRED, RETURNED, Period, in_service
from healthmon.model.device import Check, Device, asked
from healthmon.model.enums import CheckName, Kind

LONDON = ZoneInfo("Europe/London")
CAMERA = Device("C1", "North", Kind.CAMERA, "s", "192.0.2.1")


def at(text: str) -> float:
    """A local moment of London."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).timestamp()


def said(device: Device, did: str, moment: str, number: int) -> Operation:
    """The operation that somebody has recorded at `moment`."""
    made = service_dates.service_operation(device, did, None, "J1", ("khan", ""), at(moment))
    return replace(made, id=number)


def test_a_device_without_dates_is_in_service_for_ever() -> None:
    assert in_service(CAMERA) == (Period(-math.inf, math.inf),)


def test_days_count_from_their_local_midnight_on_both_sides_of_the_clock_change() -> None:
    device = replace(CAMERA, joined="2026-03-01", retired="2026-07-05")
    (period,) = in_service(device)
    assert (period.start, period.end) == (at("2026-03-01 00:00"), at("2026-07-05 00:00"))
    assert period.holds(at("2026-07-04 23:59"))
    assert not period.holds(at("2026-07-05 00:00"))
    whole = period.within(at("2026-03-28 00:00"), at("2026-03-30 00:00"))
    assert whole == 47 * 3600
    assert period.within(at("2026-08-01 00:00"), at("2026-09-01 00:00")) == 0


def test_a_device_that_returns_has_two_periods_whatever_order_the_record_is_in() -> None:
    record = [
        said(CAMERA, RETURNED, "2026-06-01 09:00", 8),
        said(CAMERA, RETIRED, "2026-05-01 12:00", 7),
        said(replace(CAMERA, id="C2"), RETIRED, "2026-04-01 12:00", 6),
    ]
    assert in_service(CAMERA, record) == (
        Period(-math.inf, at("2026-05-01 12:00")),
        Period(at("2026-06-01 09:00"), math.inf),
    )


def test_who_edits_the_file_later_knows_better() -> None:
    record = [said(CAMERA, RETIRED, "2026-05-01 12:00", 1)]
    edited = replace(CAMERA, retired="2026-04-20")
    assert in_service(edited, record) == (Period(end=at("2026-04-20 00:00")),)


@pytest.mark.parametrize(
    ("now", "standing", "words"),
    [
        ("2026-02-28 23:59", "not_yet_joined", "joins on 2026-03-01"),
        ("2026-03-01 00:00", "deployed", "deployed"),
        ("2026-07-05 00:00", "retired", "retired on 2026-07-05"),
    ],
)
def test_what_a_device_is_at_a_moment(now: str, standing: str, words: str) -> None:
    dated = replace(CAMERA, joined="2026-03-01", retired="2026-07-05")
    found = service_dates.with_dates(dated, (), at(now))
    assert (found.deployment, found.standing) == (standing, words)


def test_the_next_date_that_changes_something() -> None:
    devices = [replace(CAMERA, joined="2026-03-01", retired="2026-07-05"), CAMERA]
    moments = [
        service_dates.next_change(devices, (), at(now)) for now in ("2026-01-01", "2026-04-01")
    ]
    assert moments == [at("2026-03-01"), at("2026-07-05")]
    assert service_dates.next_change(devices, (), at("2026-07-05")) == math.inf


def test_a_day_to_come_belongs_in_the_file_and_a_reason_is_needed() -> None:
    now, who = at("2026-05-01 12:00"), ("khan", "")
    with pytest.raises(OperationError, match="that day is in the future"):
        service_dates.service_operation(CAMERA, RETIRED, date(2026, 5, 2), "J1", who, now)
    with pytest.raises(OperationError, match="job number or a reason is needed"):
        service_dates.service_operation(CAMERA, RETIRED, None, " ", who, now)
    made = service_dates.service_operation(CAMERA, RETIRED, date(2026, 4, 2), "J1", who, now)
    assert service_dates.service_words(made, LONDON) == "retired on 2026-04-02, J1"
    assert made.kind is OperationKind.SERVICE


def test_nothing_is_asked_about_a_retired_device_by_way_of_others() -> None:
    gone = replace(CAMERA, recorder="R1", channel="3", deployment="retired")
    recorder = Device("R1", "Recorder", Kind.RECORDER, "s", "192.0.2.2")
    other = replace(CAMERA, id="C2", recorder="R1", channel="4")
    link = Device("L1", "Police", Kind.LINK, "s", "192.0.2.3")
    wanted = [
        Check("R1", CheckName.REACH),
        Check("R1", CheckName.STREAM, "channel 4"),
        Check("C2", CheckName.RECORDING, "R1"),
        Check("L1", CheckName.RELAY, "C2"),
    ]
    others = [
        Check("C1", CheckName.REACH),
        Check("C1", CheckName.RECORDING, "R1"),
        Check("R1", CheckName.STREAM, "channel 3"),
        Check("L1", CheckName.RELAY, "C1"),
    ]
    devices = {one.id: one for one in (gone, recorder, other, link)}
    assert list(asked([*others, *wanted], devices)) == wanted
    devices["R1"] = replace(recorder, deployment="retired")
    assert list(asked(wanted, devices)) == [wanted[3]]
