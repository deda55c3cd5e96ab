"""One complete notice of each kind for the tests of the ways out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from healthmon.model.enums import State
from healthmon.notifications.notice import Notice, What

SINCE = datetime(2026, 11, 24, 12, 1, 5, tzinfo=UTC)
UNTIL = datetime(2026, 11, 24, 12, 14, 40, tzinfo=UTC)

OPENED = Notice(
    id="F000123-1",
    what=What.OPENED,
    at=datetime(2026, 11, 24, 12, 2, 10, tzinfo=UTC),
    sentence="no pictures: 0 packets in 2.0 s (limit 2.0 s)",
    number=123,
    device="C003",
    name="Riverside car park",
    kind="camera",
    site="riverside",
    site_name="Riverside",
    location="lamp column 14, outside the bank",
    address="192.0.2.21",
    make="Example",
    model="PTZ 30",
    serial="A100001",
    firmware="7.10.0095",
    code="no_pictures",
    priority=2,
    state=State.FAULT,
    since=SINCE,
    cause="the link to Riverside is down",
    cause_number=121,
    affected=("Riverside slipway",),
    blind_zones=("riverside has no working camera (C003, C004); no other camera can look there",),
    contractor="acme",
    contractor_name="Acme CCTV Maintenance",
    contractor_phone="01632 960001",
    contractor_email="faults@example.com",
    response_seconds=14400.0,
    access_notes="key 7 from the control room; lane closure needed",
    tried=("asked 3 times since 12:01", "RTSP and HTTP ports answer"),
    estate="Example District CCTV",
    time_zone="Europe/London",
)
CLOSED = replace(OPENED, id="F000123-3", what=What.CLOSED, until=UNTIL, at=UNTIL)
MERGED = replace(CLOSED, id="F000123-2", what=What.MERGED)
DIGEST = Notice(
    id="D-2026-11-24T07:00Z-office",
    what=What.DIGEST,
    at=datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
    sentence="2 faults since the last digest",
    priority=3,
    estate="Example District CCTV",
    time_zone="Europe/London",
    lines=(
        "F000120 Market Place north: clock 4.1 s behind",
        "F000119 Market Place south: well again",
    ),
)
TEST = Notice(
    id="test-1",
    what=What.TEST,
    at=SINCE,
    sentence="This is a test.",
    state=State.OK,
    priority=4,
    estate="Example District CCTV",
)
