"""The text that must stand in a picture (line C18), by what the camera says that it writes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.shift_estate import camera, said

from healthmon.checks.evaluation.codes import group_of
from healthmon.checks.evaluation.picture import evaluate
from healthmon.checks.function_check.cells import Cell, Mark, Surroundings, function_check
from healthmon.checks.function_check.lines import BY_NUMBER, LINES
from healthmon.checks.function_check.picture_reasons import NO_TEXT
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.picture import PictureReading
from healthmon.model.results import Observation
from healthmon.protocols.onvif.osd import texts_of
from healthmon.protocols.values import xml

CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "192.0.2.1", osd_text="High Street 1")


def told(*texts: str, device: Device = CAMERA, **more):
    reading = PictureReading(mean=90, high=200, texts=texts, **more)
    seen = Observation("C1", CheckName.PICTURE, "main", 0.0, 0.1, reading)
    return [one for one in evaluate(seen, device) if one.aspect == "text"]


@pytest.mark.parametrize(
    ("texts", "state", "words"),
    [
        (("High Street 1",), State.OK, 'text in the picture is "High Street 1"'),
        (("CAM 07", "HIGH  STREET", "1 north"), State.OK, '"CAM 07", "HIGH STREET", "1 north"'),
        (("High Street 2",), State.DEGRADED, 'is "High Street 2", must have "High Street 1"'),
        ((), State.DEGRADED, 'text in the picture is none, must have "High Street 1"'),
    ],
)
def test_what_the_camera_writes_is_compared_with_the_configured_text(texts, state, words):
    (one,) = told(*texts)
    assert one.state is state
    assert words in one.sentence
    assert one.code == ("ok" if state is State.OK else "osd_text_differs")


def test_a_person_decides():
    assert group_of("osd_text_differs") == "view"
    (one,) = told("Gate", dismissed=("osd_text_differs",))
    assert one.state is State.OK
    assert one.sentence.endswith("a person has looked: no fault")


def test_without_a_configured_text_or_an_answer_nothing_is_said():
    assert told("Gate", device=replace(CAMERA, osd_text="")) == []
    reading = PictureReading(mean=90, high=200)
    seen = Observation("C1", CheckName.PICTURE, "main", 0.0, 0.1, reading)
    assert "text" not in {one.aspect for one in evaluate(seen, CAMERA)}


@pytest.mark.parametrize(
    ("text", "aspect", "expected"),
    [
        ("Gate", ("text", State.OK, "is Gate"), Cell(Mark.WELL, "is Gate")),
        ("Gate", ("text", State.DEGRADED, "differs"), Cell(Mark.WARNING, "differs")),
        ("Gate", ("present", State.OK, "there"), Cell(Mark.NOT_CHECKED, BY_NUMBER["C18"].missing)),
        ("", ("present", State.OK, "there"), Cell(Mark.NOT_CHECKED, NO_TEXT)),
    ],
)
def test_line_c18_says_pass_warning_or_not_checked_with_its_reason(text, aspect, expected):
    one = camera(1, osd_text=text)
    verdicts = [said("C001", CheckName.PICTURE, *aspect)]
    found = function_check({"C001": one}, [one], verdicts, Surroundings(pictures=True))
    assert found.cells["C001"][LINES.index(BY_NUMBER["C18"])] == expected


def test_only_plain_texts_count_and_each_is_one_line():
    answer = """<a><OSDs token="1"><Type>Text</Type><TextString><Type>Plain</Type>
      <PlainText>High&#10;Street  1</PlainText></TextString></OSDs>
      <OSDs token="2"><Type>Text</Type><TextString><Type>DateAndTime</Type></TextString></OSDs>
      <OSDs token="3"><Type>Image</Type></OSDs>
      <OSDs token="4"><Type>Text</Type><TextString><Type>Plain</Type><PlainText/></TextString></OSDs></a>"""
    assert texts_of(xml.parse(answer.encode())) == ("High Street 1",)
