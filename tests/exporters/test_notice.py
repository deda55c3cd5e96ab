"""The notice keeps its form: there and back, by its schema, and nothing broken is read as
a notice.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from helpers.notices import OPENED
from hypothesis import given
from hypothesis import strategies as st

from healthmon.model.enums import State
from healthmon.notifications.notice import (
    Notice,
    NoticeError,
    What,
    fault_number,
    instant,
    json_schema,
)

ROOT = Path(__file__).parents[2]
TIMES = st.datetimes(timezones=st.just(UTC))
BUILT = st.builds(
    Notice,
    id=st.text(),
    what=st.sampled_from(What),
    at=TIMES,
    sentence=st.text(),
    number=st.none() | st.integers(0, 10**9),
    name=st.text(),
    priority=st.integers(1, 4),
    state=st.sampled_from(State),
    since=st.none() | TIMES,
    until=st.none() | TIMES,
    affected=st.lists(st.text()).map(tuple),
    response_seconds=st.none() | st.floats(0, 1e7),
    tried=st.lists(st.text()).map(tuple),
    lines=st.lists(st.text()).map(tuple),
)


@given(BUILT)
def test_a_notice_comes_back_as_it_was_and_keeps_to_its_schema(notice: Notice) -> None:
    text = notice.to_json()
    assert Notice.from_json(text) == notice
    assert Notice.from_json(text).to_json() == text
    assert "\n" not in text
    jsonschema.validate(json.loads(text), json_schema())


def test_the_schema_in_the_documents_is_up_to_date() -> None:
    assert json.loads((ROOT / "docs" / "notice.schema.json").read_text()) == json_schema()
    assert set(json_schema()["properties"]) == {
        "version",
        *(field.name for field in fields(Notice)),
    }


def test_the_form_of_version_1_is_for_ever() -> None:
    tree = json.loads(OPENED.to_json())
    assert tree["version"] == 1
    assert tree["what"] == "opened"
    assert tree["state"] == "fault"
    assert tree["since"] == "2026-11-24T12:01:05Z"
    assert tree["affected"] == ["Riverside slipway"]
    assert (tree["number"], tree["priority"], tree["response_seconds"]) == (123, 2, 14400.0)


def test_times_leave_in_utc_whatever_zone_they_had() -> None:
    london = timezone(timedelta(hours=1))
    moved = replace(OPENED, since=OPENED.since.astimezone(london) if OPENED.since else None)
    assert moved.to_json() == OPENED.to_json()
    assert instant(datetime(2026, 7, 1, 13, 0, tzinfo=london)) == "2026-07-01T12:00:00Z"


def test_keys_of_a_later_version_are_passed_over_and_missing_ones_have_defaults() -> None:
    tree = OPENED.as_dict() | {"weather": "rain"}
    del tree["acknowledged_by"]
    assert Notice.from_json(json.dumps(tree)) == OPENED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 1"),
        ({"what": "exploded"}, "'what' is not one of opened"),
        ({"at": "2026-11-24T12:00:00"}, "'at' is not a time with its zone"),
        ({"number": "123"}, "'number' is not a whole number or null"),
        ({"number": True}, "'number' is not a whole number or null"),
        ({"affected": ["a", 1]}, "'affected' is not a list of texts"),
        ({"affected": "abc"}, "'affected' is not a list of texts"),
        ({"state": "sad"}, "'state' is not a state"),
        ({"name": None}, "'name' is not a text"),
        ({"response_seconds": "4 h"}, "'response_seconds' is not a number or null"),
    ],
)
def test_what_is_not_a_notice_is_said(change: dict[str, object], words: str) -> None:
    with pytest.raises(NoticeError, match=words):
        Notice.from_json(json.dumps(OPENED.as_dict() | change))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}', "[" * 100000, "null"])
def test_garbage_is_no_notice(text: str) -> None:
    with pytest.raises(NoticeError):
        Notice.from_json(text)


def test_fault_numbers_as_people_say_them() -> None:
    assert fault_number(123) == "F000123"
    assert fault_number(12345678) == "F12345678"
    assert fault_number(None) == ""
