"""A whole shift check without devices: cameras, their verdicts, a record, the sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.checks.function_check.cells import function_check
from healthmon.checks.function_check.totals import totals
from healthmon.checks.function_check.walk import Outcome, Tick, Walk, undo_of
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Ack, Incident
from healthmon.model.device import Device
from healthmon.model.enums import AGENT, CheckName, Kind, Reason, Span, State
from healthmon.model.measurements import Reference
from healthmon.model.results import Verdict
from healthmon_exporters.reports import sheet_rows
from healthmon_exporters.reports.open_faults import OpenFaults
from healthmon_exporters.reports.shift_sheet import Sheet
from healthmon_exporters.reports.surroundings import Around, Record

ZONE = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 29, 18, 55, tzinfo=ZONE).timestamp()
OK, WARNING, UNKNOWN, FAULT = State.OK, State.DEGRADED, State.UNKNOWN, State.FAULT
PLACES = ("Market Place", "Riverside car park", "High Street north", "Leisure centre entrance")
_WELL = (
    (CheckName.REACH, "reach", "answers in 2 ms"),
    (CheckName.IDENTITY, "identity", "Bosch FLEXIDOME 4471: serial, MAC as commissioned"),
    (CheckName.STREAM, "login", "login accepted or not needed"),
    (CheckName.STREAM, "pictures", "25.0 pictures/s"),
    (CheckName.STREAM, "commissioned", "H264 1920x1080 as commissioned"),
    (CheckName.CLOCK, "offset", "clock 0.1 s ahead (limits 2 s / 10 s)"),
    (CheckName.CLOCK, "source", "clock is set by NTP"),
    (CheckName.RECORDING, "recording", "recorded: newest picture 4 s old (limit 5 min)"),
    (CheckName.RECORDING, "gaps", "no gap in the last 24 h"),
    (CheckName.RECORDING, "retention", "footage kept 31 d 12 h (limits 31 d / 32 d)"),
)


def camera(number: int, **more) -> Device:
    """Camera `number` at one of the places; recorded, behind a switch."""
    place = PLACES[number % len(PLACES)]
    variant = "ptz" if number % 3 else "fixed"
    known = {"variant": variant, "recorder": "R1", "parents": ("S1",), "contractor": "acme"}
    known |= {"site": "town", "address": "192.0.2.1"}
    return Device(f"C{number:03d}", f"{place} {number}", Kind.CAMERA, **(known | more))


def estate(cameras: int) -> dict[str, Device]:
    """`cameras`, a recorder, a UPS and a switch."""
    made = [
        *(camera(number) for number in range(1, cameras + 1)),
        Device("R1", "Recorder 1", Kind.RECORDER, "town", "192.0.2.51"),
        Device("UPS1", "Control room", Kind.UPS, "town", "192.0.2.61"),
        Device("S1", "Town switch", Kind.LINK, "town", "192.0.2.71"),
    ]
    return {device.id: device for device in made}


def said(
    device: str, check: CheckName, aspect: str, state: State, sentence: str, code: str = "ok"
) -> Verdict:
    """One verdict of the sweep."""
    reason = Reason.TIMEOUT if state is UNKNOWN else None
    return Verdict(device, check, "", aspect, state, code, sentence, NOW, reason=reason)


def well(devices: dict[str, Device]) -> Iterator[Verdict]:
    """Everything well."""
    for device in devices.values():
        if device.kind is Kind.CAMERA:
            for check, aspect, sentence in _WELL:
                yield said(device.id, check, aspect, OK, sentence)
    yield said("R1", CheckName.REACH, "reach", OK, "answers in 1 ms")
    yield said("R1", CheckName.RECORDER, "recorder", OK, "recorder answers: Bosch DIVAR IP")
    yield said("UPS1", CheckName.UPS, "power", OK, "on mains, charge 100 %")
    yield said("S1", CheckName.REACH, "reach", OK, "answers in 1 ms")
    yield said(AGENT, CheckName.REFERENCE, "reference", OK, "3 of 3 time servers agree")


def troubled(devices: dict[str, Device]) -> list[Verdict]:
    """Camera 17 without pictures, 58 an hour ahead, 101 lost, 102 not asked for its clock."""
    bad = [
        said("C017", CheckName.STREAM, "pictures", FAULT,
             "no pictures: connected, 0 frames in 8 s (limit 2 s)", "no_pictures"),
        said("C058", CheckName.CLOCK, "offset", FAULT,
             "clock 1 h 00 min 00.2 s ahead: summer time was not switched off", "clock_zone"),
        said("C101", CheckName.REACH, "reach", FAULT, "no answer on RTSP 554", "unreachable"),
        *(said("C101", check, aspect, UNKNOWN, f"{aspect} not checked: the device could not be reached", "not_reached")
          for check, aspect, _ in _WELL[1:]),
        said("C102", CheckName.CLOCK, "offset", UNKNOWN,
             "clock not checked: connected, no answer in time", "timeout"),
        said("C103", CheckName.CLOCK, "source", WARNING, "clock is set by hand, not by NTP", "clock_manual"),
    ]  # fmt: skip
    by_key = {verdict.key: verdict for verdict in (*well(devices), *bad)}
    return [
        verdict
        for verdict in by_key.values()
        if verdict.device in devices or verdict.device == AGENT
    ]


def incident(number: int, verdict: Verdict, since: float, **more) -> Incident:
    """The open incident of a verdict."""
    fault = Fault(*verdict.key, verdict.code, verdict.state, verdict.sentence, since, since)
    return Incident(number, verdict.device, "town", (fault,), since, since, **more)


def sheet(
    cameras: int = 150, *, simulated: bool = False, name: str = "Example District CCTV"
) -> Sheet:
    """The sheet of a troubled estate with a record."""
    devices = estate(cameras)
    verdicts = troubled(devices)
    bad = {verdict.device: verdict for verdict in verdicts if verdict.state is FAULT}
    power = said(
        "UPS1", CheckName.UPS, "power", FAULT, "on battery 3 min 10 s, 41 min left", "on_battery"
    )
    frozen = said("C003", CheckName.STREAM, "pictures", FAULT,
                  "picture frozen: the last 5 key frames are the same (limit 3)", "frozen_picture")  # fmt: skip
    incidents = [
        incident(123, frozen, NOW - 7800, ack=Ack("A. Smith", "contractor called", NOW - 600))
    ]
    incidents += [incident(124, bad["C017"], NOW - 900)] if "C017" in bad else []
    over = incident(120, power, NOW - 20000, closed=NOW - 19000)
    record = Record(NOW - 43200, tuple(incidents), (over,), NOW - 5, NOW - 43000)
    around = Around(record, NOW, clock, devices).surroundings(verdicts)
    faults = OpenFaults(record.incidents, clock)
    believed = faults.believed(verdicts)
    known = sheet_rows.Known(faults=faults, contractors={"acme": "Acme Security Ltd"})
    own = [device for device in devices.values() if device.kind is Kind.CAMERA]
    every = {**devices, AGENT: Device(AGENT, AGENT, Kind.AGENT, "", "")}
    return Sheet(
        estate=name,
        zone=ZONE.key,
        at=NOW,
        took=11.4,
        devices=list(devices.values()),
        reference=Reference(Span(-0.004, 0.004), NOW, servers=3, asked=3),
        rows=sheet_rows.rows(every, verdicts, known, set(devices)),
        simulated=simulated,
        asked=1500,
        totals=totals(devices.values(), believed),
        config_digest="0123456789abcdef",
        around=around,
        function_check=function_check(every, own, believed, around),
        contractors=known.contractors,
    )


def walked(made: Sheet, comment: str = "dome is dirty") -> Sheet:
    """The sheet with a walk: four cameras due, one well, one not well, one skipped, one not seen; and
    one that was not due.
    """
    walk = Walk(NOW - 3600, NOW + 3600, 7 * 86400.0, ("C001", "C002", "C004", "C005"),
                {"C017": "open fault F000124", "C101": "fault in this check"}, 3)  # fmt: skip
    ticks = (("C001", Outcome.WELL), ("C002", Outcome.NOT_WELL), ("C004", Outcome.SKIPPED),
             ("C006", Outcome.WELL), ("C005", Outcome.WELL))  # fmt: skip
    ticks = [
        Tick(camera, outcome, "A. <Smith>", NOW + 60 * number, 1, str(number), id=number)
        for number, (camera, outcome) in enumerate(ticks, 1)
    ]
    ticks[1] = replace(ticks[1], comment=comment, act=9, number=125)
    ticks.append(replace(undo_of(ticks[4], "B. Jones", NOW + 400, "u"), id=6))
    return replace(made, walk=walk, ticks=tuple(ticks))


def clock(moment: float) -> str:
    """The time of day."""
    return f"{datetime.fromtimestamp(moment, ZONE):%H:%M}"
