"""Clock statements: what readings prove of a moment, in words that a court can read, and recorded so that
a page can be compared with the record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import rfc8785

from healthmon.evidence.clock_offsets import Basis, offset_at
from healthmon.evidence.clock_statement import Wish, statement, subject_of
from healthmon.incidents.operations import OperationError
from healthmon.model.device import Device
from healthmon.model.enums import AGENT, Kind
from healthmon.runtime.clock_work import recorded
from healthmon.store import Batch, ClockRow, Segment, Store
from healthmon.store.erasure import Named
from healthmon_exporters.reports import report_html, report_text
from healthmon_exporters.reports.clock_document import document

LONDON = ZoneInfo("Europe/London")
HOUR, DAY = 3600.0, 86_400.0
AT = datetime(2026, 11, 28, 14, 5, tzinfo=UTC).timestamp()
NOW = AT + 30 * DAY
DETAIL = json.dumps({"agreed": ["192.0.2.1", "192.0.2.2"], "asked": 3, "leap": 0})


def row(since: float, until: float, low: float, high: float, **more: Any) -> ClockRow:
    """Readings of the clock of C001 from `since` until `until` after AT."""
    made = ClockRow(
        "C001", "device", AT + since, AT + until, 9, 300.0, low, high, (low + high) / 2, "onvif", "ok"
    )  # fmt: skip
    return replace(made, **more)


# ------------------------------------------------------------------------------------- the offset


def test_a_moment_within_agreeing_readings_has_their_bounds() -> None:
    found = offset_at([row(-100, 100, -0.5, 0.7)], AT)
    assert (found.basis, found.low, found.high) == (Basis.AROUND, -0.5, 0.7)
    assert found.best == pytest.approx(0.1)


def test_between_two_readings_that_agree_it_is_interpolated_with_the_bounds_of_both() -> None:
    found = offset_at([row(-400, -300, 0.0, 1.0), row(100, 400, 0.8, 2.0)], AT)
    assert found.basis is Basis.BETWEEN
    assert (found.low, found.high) == (0.0, 2.0)
    assert found.best == pytest.approx(0.5 + 0.75 * (1.4 - 0.5))
    assert found.steps == ()


def test_between_two_readings_that_do_not_agree_only_the_worst_bound_is_said() -> None:
    found = offset_at([row(-400, -300, -0.5, 0.5), row(300, 400, 3599.5, 3600.5)], AT)
    assert (found.basis, found.low, found.high, found.best) == (Basis.CHANGED, -0.5, 3600.5, None)
    (step,) = found.steps
    assert (step.since, step.until, step.old, step.new) == (AT - 300, AT + 300, 0.0, 3600.0)


def test_a_reading_on_one_side_proves_nothing_of_the_moment() -> None:
    before, after = row(-400, -300, -0.5, 0.5), row(300, 400, -0.5, 0.5)
    for rows, basis in (([before], Basis.BEFORE), ([after], Basis.AFTER)):
        found = offset_at(rows, AT)
        assert (found.basis, found.low, found.high, found.best) == (basis, None, None, None)


def test_readings_of_another_day_are_none() -> None:
    rows = [row(-3 * DAY, -DAY - 1, -0.5, 0.5), row(DAY + 1, 3 * DAY, -0.5, 0.5)]
    assert offset_at(rows, AT).basis is Basis.NONE
    assert offset_at(rows, AT + 2).basis is Basis.AFTER, "24 hours are near enough"


# -------------------------------------------------------------------------------------- the store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(f"sqlite:///{tmp_path}/history.db")
    made.record(Batch(segments=[Segment(AGENT, "reference", "ok", AT - 40 * DAY, AT + 9 * DAY)]))
    put(
        made,
        row(-HOUR, HOUR, -0.01, 0.02, device=AGENT, clock="reference", detail=DETAIL, method="ntp"),
    )
    yield made
    made.close()


def put(store: Store, *rows: ClockRow) -> None:
    store.record(Batch(clocks={one.key: one for one in rows}))


def device(name: str, kind: Kind = Kind.CAMERA, **more: Any) -> Device:
    return Device(
        name, f"Name of {name}", kind, "s", "192.0.2.9", time_zone="Europe/London", **more
    )


DEVICES = {
    "C001": device("C001", recorder="R1"),
    "C002": device("C002"),
    "R1": device("R1", Kind.RECORDER),
}


def stated(store: Store, typed: str, name: str = "C001", **more: Any) -> dict[str, Any]:
    """The document of a statement that is recorded and read again."""
    wish = replace(Wish(typed, "crime reference 42", "A. Smith", NOW, f"once-{typed}"), **more)
    subject = subject_of(DEVICES, name, "Secretown CCTV", "abc")
    kept = recorded(store, statement(store, subject, wish), None)
    found = store.statement(kept.id)
    assert found is not None
    return document(*found, LONDON, simulated=False)


def clock(made: dict[str, Any], title: str, moment: int = 0) -> dict[str, Any]:
    clocks = made["facts"]["moments"][moment]["clocks"]
    return next(one for one in clocks if one["title"] == title)


def test_a_statement_says_offset_method_reference_and_both_stamps(store: Store) -> None:
    put(
        store,
        row(-HOUR, HOUR, 3599.5, 3600.5, verdict="clock_zone"),
        row(-HOUR, HOUR, -0.002, 0.003, clock="stream", method="rtcp"),
        row(-HOUR, HOUR, -12.5, -11.5, device="R1", clock="recorder", method="hikvision"),
    )
    made = stated(store, "2026-11-28 14:05")
    (moment,) = made["facts"]["moments"]
    assert moment["utc"] == "2026-11-28T14:05:00Z"
    assert moment["local"] == "28 Nov 2026 14:05:00 GMT"
    assert moment["running"] == "healthmon ran then."
    assert moment["reference"] == (
        "healthmon's own clock: right within 0.1 s, by 2 of 3 time servers that agree: 192.0.2.1, "
        "192.0.2.2; no leap second announced"
    )
    camera, recorder = clock(made, "clock of C001"), clock(made, "recording clock of R1")
    assert camera["offset"] == "3,600.0 s (1 h 0 min) ahead of UTC, +-0.5 s"
    assert (camera["low_ms"], camera["high_ms"], camera["best_ms"]) == (3599500, 3600500, 3600000)
    assert camera["showed"] == "28 Nov 2026 15:04:59.5 GMT to 28 Nov 2026 15:05:00.5 GMT"
    assert camera["verdict"].startswith("Wrong time zone")
    assert recorder["offset"] == "12.0 s behind UTC, +-0.5 s"
    assert recorder["how"].endswith("as the recorder tells it (hikvision)")
    assert recorder["stamp_means"] == "28 Nov 2026 14:05:11.5 GMT to 28 Nov 2026 14:05:12.5 GMT"
    assert clock(made, "time stamps in the stream of C001")["offset"] == "right within 0.1 s"
    assert "compare it by eye" in clock(made, "time in the picture of C001")["how"]


def _shown(first: str, last: str) -> str:
    return f"28 Nov 2026 {first} GMT to 28 Nov 2026 {last} GMT"


@pytest.mark.parametrize(
    ("before", "after", "typed", "means"),
    [
        # Set forward over it between 14:10 and 14:15.
        (-3600, 0, "14:05", "at no time at which it was read"),
        # A clock that stood still for these minutes, or was slewed.
        (0, -300, "14:10", "28 Nov 2026 14:09:59.5 GMT to 28 Nov 2026 14:15:00.5 GMT"),
        (-3600, 0, "13:05", "28 Nov 2026 14:04:59.5 GMT to 28 Nov 2026 14:05:00.5 GMT"),
        # Set back: it came twice.
        (
            3600,
            0,
            "14:50",
            f"{_shown('13:49:59.5', '13:50:00.5')}; or {_shown('14:49:59.5', '14:50:00.5')}",
        ),
    ],
    ids=["left out", "stood still", "before it was set", "twice"],
)
def test_a_stamp_is_read_by_what_the_clock_was_off_when_it_showed_it(
    store: Store, before: float, after: float, typed: str, means: str
) -> None:
    put(
        store,
        row(-9 * HOUR, 300, before - 0.5, before + 0.5),
        row(600, 9 * HOUR, after - 0.5, after + 0.5),
    )
    made = clock(stated(store, f"2026-11-28 {typed}"), "clock of C001")
    assert made["stamp_means"] == means
    (step,) = made["steps"]
    assert step.startswith("between 28 Nov 2026 14:10:00 GMT and 28 Nov 2026 14:15:00 GMT it went ")


def test_a_stamp_that_no_reading_allows_is_none(store: Store) -> None:
    put(store, row(-HOUR, HOUR, 99_999.0, 99_999.5))
    made = clock(stated(store, "2026-11-28 14:05"), "clock of C001")
    assert made["stamp_means"] == "at no time at which it was read"


def test_what_is_not_known_is_said(store: Store) -> None:
    put(store, row(-3 * DAY, -2 * DAY, -0.5, 0.5))
    made = stated(store, "2026-11-28 14:05")
    camera = clock(made, "clock of C001")
    assert camera["offset"] == camera["showed"] == camera["stamp_means"] == "not known"
    assert camera["how"] == "no reading within 24 hours; last read 26 Nov 2026 14:05:00 GMT"
    assert clock(made, "recording clock of R1")["how"] == "no reading within 24 hours"
    alone = stated(store, "2026-11-28 14:05", "C002", once="of C002")["facts"]["moments"][0]
    assert [one["device"] for one in alone["clocks"]] == ["C002"] * 3


def test_a_time_in_which_healthmon_did_not_run_is_said(store: Store) -> None:
    store.record(Batch(segments=[Segment(AGENT, "reference", "ok", AT + 12 * DAY)]))
    made = stated(store, "2026-12-08 14:05:00")["facts"]["moments"][0]
    assert made["running"] == (
        "healthmon did NOT run then; it had stopped at 07 Dec 2026 14:05:00 GMT; it ran again from "
        "10 Dec 2026 14:05:00 GMT."
    )
    assert made["reference"].startswith("healthmon's own clock: not read at that moment")


def test_without_a_reference_that_is_said(store: Store) -> None:
    detail = json.dumps({"agreed": [], "asked": 2, "leap": None})
    own = row(2 * DAY, 3 * DAY, 0, 0, device=AGENT, clock="reference", method="none", detail=detail)
    put(store, replace(own, low=None, high=None, worst=None))
    made = stated(store, "2026-11-30 18:00")["facts"]["moments"][0]
    assert made["reference"] == (
        "healthmon had no trustworthy time reference then (2 time servers asked)"
    )


def test_the_hour_that_comes_twice_is_stated_twice_and_the_one_left_out_not_at_all(
    store: Store,
) -> None:
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
    put(store, row(twice - AT, twice - AT + HOUR - 1, -0.5, 0.5))
    put(store, row(twice - AT + HOUR, twice - AT + 2 * HOUR, 3599.5, 3600.5))
    made = stated(store, "2026-10-25 01:30")
    first, second = made["facts"]["moments"]
    assert (first["local"], second["local"]) == (
        "25 Oct 2026 01:30:00 BST",
        "25 Oct 2026 01:30:00 GMT",
    )
    assert clock(made, "clock of C001", 0)["offset"] == "right within 0.5 s"
    assert clock(made, "clock of C001", 1)["offset"].startswith("3,600.0 s (1 h 0 min) ahead")
    assert len(stated(store, "2026-10-25T01:30:00Z")["facts"]["moments"]) == 1
    with pytest.raises(OperationError, match="leaves this time out; no right clock showed it"):
        stated(store, "2026-03-29 01:30")


def test_in_the_hour_that_comes_twice_the_one_that_has_been_is_stated(store: Store) -> None:
    now = datetime(2026, 10, 25, 0, 45, tzinfo=UTC).timestamp()
    (only,) = stated(store, "2026-10-25 01:30", now=now)["facts"]["moments"]
    assert only["local"] == "25 Oct 2026 01:30:00 BST"


@pytest.mark.parametrize(
    ("typed", "name", "more", "words"),
    [
        ("2027-11-28 14:05", "C001", {}, "is in the future"),
        ("yesterday", "C001", {}, "'yesterday' is not a time; write"),
        ("2026-11-28 14:05", "R1", {}, "R1 is no camera"),
        ("2026-11-28 14:05", "C404", {}, "C404: no such device"),
        ("2026-11-28 14:05", "C001", {"reason": ""}, "say for what the statement is"),
    ],
)
def test_what_cannot_be_stated_is_refused_in_words(
    store: Store, typed: str, name: str, more: dict[str, str], words: str
) -> None:
    with pytest.raises(OperationError, match=words):
        stated(store, typed, name, **more)
    assert list(store.chain(0.0)) == []


def test_the_page_can_be_compared_with_the_audit_chain(store: Store) -> None:
    put(store, row(-HOUR, HOUR, -0.5, 0.5))
    made = stated(store, "2026-11-28 14:05")
    facts = hashlib.sha256(rfc8785.dumps(made["facts"])).hexdigest()
    assert made["sha256"] == facts
    entry = next(one for one in store.chain(0.0) if one.kind == "clock_statement")
    assert json.loads(entry.plain) == {
        "asked": "2026-11-28 14:05",
        "camera": "C001",
        "operation": made["number"],
        "sha256": facts,
    }
    assert made["entry"].startswith(f"{entry.n}:")
    for form in (report_text.text(made, 100), report_html.page(made)):
        whole = " ".join(form.split())
        assert facts in whole
        assert made["entry"].partition(":")[2] in whole
        assert "A. Smith" in whole
        assert "crime reference 42" in whole
    narrow = report_text.text(made, 80).splitlines()
    heads = [line.strip().partition(":")[0] for line in narrow if line.startswith("    ")]
    assert {"Ahead of or behind UTC", "How it is known", "At this moment it showed"} <= set(heads)
    again = stated(store, "2026-11-28 14:05", now=NOW + 99)
    assert again["number"] == made["number"], "a form that comes twice is one statement"
    assert store.broken_links() == []


def test_a_statement_that_was_changed_by_hand_says_so_and_is_found(store: Store) -> None:
    put(store, row(-HOUR, HOUR, -0.5, 0.5))
    made = stated(store, "2026-11-28 14:05")
    with store._engine.transaction():
        changed = (
            "UPDATE operations SET body = replace(body, 'right within 0.5 s', 'right within 0.1 s')"
        )
        store._engine.execute(changed)
    found = store.statement(made["number"])
    assert found is not None
    page = document(*found, LONDON, simulated=False)
    assert "THE RECORD NO LONGER HAS THESE FACTS" in page["sections"][-1]["paragraphs"][0]
    assert len(store.broken_links()) == 1
    assert store.statement(made["number"] + 1) is None


def test_names_are_no_part_of_the_hash_so_that_they_can_be_erased(store: Store) -> None:
    put(store, row(-HOUR, HOUR, -0.5, 0.5))
    made = stated(store, "2026-11-28 14:05")
    store.erase_person(Named("A. Smith"), "Manager", lambda body, _replace: body)
    found = store.statement(made["number"])
    assert found is not None
    page = document(*found, LONDON, simulated=False)
    assert "A. Smith" not in json.dumps(page)
    assert "NO LONGER" not in json.dumps(page)
    assert store.broken_links() == []


def test_a_year_before_1970_is_refused_as_a_slip(store: Store) -> None:
    with pytest.raises(OperationError, match="0206-11-28 14:05 is before 1970: check the year"):
        stated(store, "0206-11-28 14:05")
