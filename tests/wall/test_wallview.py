"""What the agent hands to the wall: a case's faults become lines, a device its checks in words."""

from __future__ import annotations

from dataclasses import replace

from wall_estate import AT, camera

from healthmon import wallview
from healthmon.cases import Ack, Case, World
from healthmon.faults import Fault
from healthmon.model import Ask, Observation, Question, State, Verdict
from healthmon_exporters.wall.details import Look, details
from healthmon_exporters.wall.snapshot import Board

CAMERA = camera(1)
FAULT = Fault(
    "C001", "reach", "", "reach", "unreachable", State.FAULT, "no answer", AT - 60, AT - 30
)
CASE = Case(7, "C001", "market", (FAULT,), AT - 60, AT - 60, priority=2)
WORLD = World(
    {"C001": CAMERA}, maintenance={"C001": "works"}, site_names={"market": "Market Place"}
)


def test_a_line_holds_number_acknowledgement_cause_and_maintenance():
    case = replace(
        CASE,
        ack=Ack("J. Smith", "parts", AT),
        cause="follows F000003",
        cause_number=3,
        held="maintenance",
    )
    (made,) = wallview._lines_of(case, WORLD)
    assert (made.number, made.name, made.priority, made.since) == (7, CAMERA.name, 2, AT - 60)
    assert (made.acknowledged_by, made.cause, made.cause_number) == (
        "J. Smith",
        "follows F000003",
        3,
    )
    assert (made.held, made.maintenance) == ("maintenance", "works")


def test_a_site_is_called_by_its_name_and_a_device_that_is_gone_by_its_id():
    (site,) = wallview._lines_of(
        replace(CASE, device="site:market", affected=("C001", "C002")), WORLD
    )
    assert (site.name, site.affected) == ("Market Place site", 2)
    (gone,) = wallview._lines_of(replace(CASE, device="C999"), WORLD)
    assert gone.name == "C999"


def test_the_board_keeps_the_worst_of_the_latest_result():
    board = Board()
    observation = Observation("C001", Question.CLOCK, "", AT, 0.1, None)

    def judged(aspect: str, state: State) -> Verdict:
        return Verdict(
            "C001", Question.CLOCK, "", aspect, state, state.name, f"{aspect} says so", AT
        )

    board.take(
        ("C001", Question.CLOCK, ""),
        observation,
        (judged("a", State.OK), judged("b", State.DEGRADED)),
        10.0,
    )
    seen = board.seen["C001", Question.CLOCK, ""]
    assert (seen.state, seen.sentence, seen.landed, board.newest) == (
        State.DEGRADED,
        "b says so",
        10.0,
        10.0,
    )
    board.take(("C001", Question.CLOCK, ""), observation, (judged("a", State.OK),), 11.0)
    assert board.seen["C001", Question.CLOCK, ""].sentence == ""
    board.take(("C001", Question.CLOCK, ""), observation, (), 12.0)
    assert board.seen["C001", Question.CLOCK, ""].state is State.UNKNOWN
    board.keep(())
    assert board.seen == {}


def test_details_say_what_is_too_old_and_what_was_never_seen():
    ask = Ask("C001", Question.STREAM, "main", interval=60, timeout=10)
    verdict = Verdict(
        "C001", Question.STREAM, "main", "pictures", State.OK, "ok", "pictures flow", AT
    )
    looks = [
        Look(ask, 130.0, (verdict,)),
        Look(ask, 131.0, (verdict,)),
        Look(replace(ask, part="sub"), None),
    ]
    made = details(CAMERA, "Market Place", looks, wallview._lines_of(CASE, WORLD), "works")
    assert [(row["check"], row["state"], row["sentence"]) for row in made["checks"]] == [
        ("Pictures", "ok", "pictures flow"),
        ("Pictures", "unknown", "no fresh result; the last was: pictures flow"),
        ("Pictures sub", "unknown", "no result yet"),
    ]
    assert made["faults"][0]["number"] == 7
    assert made["kind"] == "ptz camera"
