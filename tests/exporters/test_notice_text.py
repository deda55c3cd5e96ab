"""The fault report in words: complete, on local time, and safe whatever a device says of itself."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from helpers.notices import CLOSED, DIGEST, MERGED, OPENED, TEST
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as parser

from healthmon.model.enums import State
from healthmon.notifications import text
from healthmon.notifications.notice import What


def test_the_contractors_report_is_complete() -> None:
    assert text.report(OPENED) == (
        "NEW FAULT Example District CCTV\n"
        "\n"
        "Fault number:       F000123\n"
        "Priority:           P2 (fault)\n"
        "Device:             C003 Riverside car park (camera)\n"
        "Measured:           no pictures: 0 packets in 2.0 s (limit 2.0 s)\n"
        "Since:              Tue 24 Nov 2026 12:01 GMT\n"
        "Make:               Example\n"
        "Model:              PTZ 30\n"
        "Serial number:      A100001\n"
        "Firmware:           7.10.0095\n"
        "Site:               Riverside\n"
        "Location:           lamp column 14, outside the bank\n"
        "Network address:    192.0.2.21\n"
        "Likely cause:       the link to Riverside is down; see fault F000121\n"
        "Also affected:      1: Riverside slipway\n"
        "Blind zones:        riverside has no working camera (C003, C004); no other camera can look there\n"
        "Already tried:      asked 3 times since 12:01; RTSP and HTTP ports answer\n"
        "Repaired by:        Acme CCTV Maintenance\n"
        "Contact:            01632 960001, faults@example.com\n"
        "Contract response:  by Tue 24 Nov 2026 16:01 GMT\n"
        "Access:             key 7 from the control room; lane closure needed\n"
        "\n"
        "healthmon, message F000123-1, Tue 24 Nov 2026 12:02 GMT\n"
    )


def test_html_says_the_same_as_the_text() -> None:
    tree = parser.fromstring(text.report_html(OPENED))
    cells = [(row[0].text_content(), row[1].text_content()) for row in tree.iter("tr")]
    assert cells == text.rows(OPENED)
    assert len(cells) == 20


def test_an_ended_fault_says_how_long_it_lasted_and_asks_for_no_response_time() -> None:
    said = text.report(CLOSED)
    assert "Until:              Tue 24 Nov 2026 12:14 GMT (lasted 13 min)\n" in said
    assert "Was measured:" in said
    assert ", by " not in said


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (
            OPENED,
            "P2 FAULT F000123 Riverside car park: no pictures: 0 packets in 2.0 s (limit 2.0 s)",
        ),
        (
            replace(OPENED, state=State.DEGRADED, sentence="x"),
            "P2 WARNING F000123 Riverside car park: x",
        ),
        (replace(CLOSED, sentence="x"), "P2 OVER F000123 Riverside car park: x"),
        (
            replace(MERGED, sentence="x"),
            "P2 WAS AT FAULT F000123 Riverside car park 12:01-12:14: x",
        ),
        (
            replace(OPENED, what=What.REMINDER, sentence="x"),
            "P2 STILL OPEN F000123 Riverside car park: x",
        ),
        (DIGEST, "SUMMARY: Example District CCTV: 2 faults since the last digest"),
        (TEST, "TEST: Example District CCTV: This is a test."),
    ],
)
def test_the_subject_is_one_line_that_says_it(notice, line) -> None:
    assert text.subject(notice) == line


def test_local_time_tells_the_hour_that_comes_twice_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert text.local(first, "Europe/London") == "Sun 25 Oct 2026 01:30 BST"
    assert text.local(first + timedelta(hours=1), "Europe/London") == "Sun 25 Oct 2026 01:30 GMT"
    over = replace(MERGED, since=first, until=first + timedelta(hours=1), sentence="x")
    assert "25 Oct 01:30 BST-25 Oct 01:30 GMT" in text.subject(over)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *(
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (7500, "2 h 5 min"),
            (7200, "2 h"),
        ),
        *((86400, "1 d"), (100 * 3600, "4 d 4 h"), (-5, "0 s")),
    ],
)
def test_lengths(seconds, words) -> None:
    assert text.length(timedelta(seconds=seconds)) == words


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(
        OPENED,
        make="",
        model="",
        serial="",
        since=None,
        response_seconds=None,
        affected=(),
        tried=(),
    )
    labels = [label for label, _ in text.rows(bare)]
    assert not {
        "Make",
        "Model",
        "Serial number",
        "Since",
        "Contract response",
        "Already tried",
    } & set(labels)


def test_a_digest_lists_its_lines_and_many_names_are_counted() -> None:
    assert "\nF000120 Market Place north: clock 4.1 s behind\n" in text.report(DIGEST)
    assert "<li>F000119 Market Place south: well again</li>" in text.report_html(DIGEST)
    storm = replace(OPENED, affected=tuple(f"Camera {n}" for n in range(40)))
    said = " ".join(text.report(storm).split())
    assert "40: Camera 0; Camera 1;" in said
    assert "Camera 19 and 20 more" in said


TAGS = {"html", "head", "meta", "title", "body", "h1", "p", "table", "tr", "th", "td"}
HOSTILE = st.text(alphabet=st.sampled_from("<>&\"'\r\n\x00\x1b\u2028\u202e\ud800ab:")) | st.text(
    max_size=3000
)


@given(HOSTILE)
def test_a11_whatever_a_device_says_stays_one_escaped_line(said: str) -> None:
    notice = replace(OPENED, name=said, model=said, sentence=said, location=said)
    subject = text.subject(notice)
    assert len(subject) <= text.SUBJECT_LENGTH
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in subject}
    assert "\u202e" not in subject
    assert len(subject.splitlines()) == 1
    for made in (text.report(notice), text.report_html(notice)):
        made.encode()
        assert len(made) < 8 * text.VALUE_LENGTH * 3
    assert all(len(line) <= 100 for line in text.report(notice).split("\n"))
    tree = parser.fromstring(text.report_html(notice))
    assert {element.tag for element in tree.iter()} <= TAGS


def test_a_zone_that_this_machine_does_not_know_is_shown_as_utc() -> None:
    assert "12:01 UTC" in text.report(replace(OPENED, time_zone="Mars/Olympus"))
