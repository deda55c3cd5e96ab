"""What the last move of a PTZ camera means, and how line C9 of the sheet tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from healthmon.checks.evaluation.pan_tilt import evaluate
from healthmon.checks.function_check.cells import Mark, Surroundings, function_check
from healthmon.checks.function_check.lines import LINES
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.ptz import MoveOutcome, PtzMove, PtzPlan, PtzReading
from healthmon.model.results import Observation, Verdict

NOW = 1_780_000_000.0  # 28 May 2026, 21:26:40 in London
CAMERA = Device("C1", "C1", Kind.CAMERA, "s", "192.0.2.1", variant="ptz", ptz=PtzPlan())
MOVE = PtzMove(
    "1", "preset Market", "2", "preset Bridge", NOW - 3600, MoveOutcome.ARRIVED, 3.2, away=False
)


def judged(last: PtzMove | None, why: str = "it was moved not long ago") -> Verdict:
    value = PtzReading(last, why)
    (found,) = evaluate(Observation("C1", CheckName.PAN_TILT, "", NOW, 0.1, value), CAMERA)
    return found


def outcome(name: MoveOutcome, **more: object) -> PtzMove:
    return replace(MOVE, outcome=name, **more)


@pytest.mark.parametrize(
    ("last", "state", "code", "sentence"),
    [
        (
            MOVE,
            State.OK,
            "ok",
            "pan and tilt answer: from preset Market to preset Bridge in 3 s and back, 20:26",
        ),
        (
            replace(MOVE, away=True),
            State.FAULT,
            "ptz_not_returned",
            (
                "the camera was sent to preset Bridge at 20:26 and has not come back: "
                "send C1 to preset Market"
            ),
        ),
        (
            outcome(MoveOutcome.NO_MOVE),
            State.FAULT,
            "ptz_no_move",
            "sent to preset Bridge at 20:26, within 15 s it stayed at preset Market",
        ),
        (
            outcome(MoveOutcome.NOT_ARRIVED, began=NOW - 9 * 86400),
            State.FAULT,
            "ptz_not_arrived",
            "sent to preset Bridge at 19 May 21:26, within 15 s it did not come to rest there",
        ),
        (
            outcome(MoveOutcome.REFUSED, detail="forbidden"),
            State.OK,
            "ok",
            "pan and tilt not checked: at 20:26 it refused to be moved: forbidden",
        ),
        (
            outcome(MoveOutcome.TAKEN),
            State.OK,
            "ok",
            "pan and tilt not checked: at 20:26 an operator took it while it was moved",
        ),
        (
            replace(MOVE, began=NOW - 3 * 86400),
            State.OK,
            "ok",
            (
                "pan and tilt not checked: it was last moved 25 May 21:26; since then "
                "it was moved not long ago"
            ),
        ),
        (None, State.OK, "ok", "pan and tilt not checked: it was moved not long ago"),
    ],
)
def test_the_last_move_in_words(
    last: PtzMove | None, state: State, code: str, sentence: str
) -> None:
    found = judged(last, "" if last is not None and last.away else "it was moved not long ago")
    assert (found.state, found.code) == (state, code)
    assert found.sentence == sentence


def test_a_camera_that_gave_no_answer_is_not_checked() -> None:
    seen = Observation("C1", CheckName.PAN_TILT, "", NOW, 0.1, None, Reason.TIMEOUT)
    (found,) = evaluate(seen, CAMERA)
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.TIMEOUT)


@pytest.mark.parametrize(
    ("camera", "last", "mark", "why"),
    [
        (CAMERA, MOVE, Mark.WELL, "pan and tilt answer"),
        (CAMERA, outcome(MoveOutcome.NO_MOVE), Mark.FAIL, "it stayed at preset Market"),
        (CAMERA, None, Mark.NOT_CHECKED, "pan and tilt not checked: an operator may be using it"),
        (replace(CAMERA, ptz=None), ..., Mark.NOT_CHECKED, "it is never moved: config.yaml"),
        (replace(CAMERA, variant="fixed"), ..., Mark.NOT_APPLICABLE, "not a PTZ camera"),
    ],
)
def test_line_c9_has_a_mark_and_a_reason_for_every_camera(
    camera: Device, last: PtzMove | None, mark: Mark, why: str
) -> None:
    verdicts = () if last is ... else (judged(last, "an operator may be using it"),)
    table = function_check({"C1": camera}, (camera,), verdicts, Surroundings())
    column = next(number for number, line in enumerate(LINES) if line.number == "C9")
    cell = table.cells["C1"][column]
    assert cell.mark is mark
    assert cell.why.startswith(why) or cell.why.endswith(why)
