"""What the agent hands to the wall: a case's faults become lines, a device its checks in words."""

from __future__ import annotations

from dataclasses import replace

from helpers.results import result_of
from helpers.wall_estate import AT, camera

from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Ack, EstateState, Incident
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, State
from healthmon.model.results import Observation, Verdict
from healthmon.runtime import wall_feed
from healthmon_exporters.wall.details import CheckLine, Standing, details
from healthmon_exporters.wall.snapshot import LatestResults

CAMERA = camera(1)
FAULT = Fault(
    "C001", "reach", "", "reach", "unreachable", State.FAULT, "no answer", AT - 60, AT - 30
)
CASE = Incident(7, "C001", "market", (FAULT,), AT - 60, AT - 60, priority=2)
WORLD = EstateState(
    {"C001": CAMERA}, maintenance={"C001": "works"}, site_names={"market": "Market Standing"}
)


def test_a_line_holds_number_acknowledgement_cause_and_maintenance():
    incident = replace(
        CASE,
        ack=Ack("J. Smith", "parts", AT),
        cause="follows F000003",
        cause_number=3,
        held="maintenance",
    )
    (made,) = wall_feed._lines_of(incident, WORLD)
    assert (made.number, made.name, made.priority, made.since) == (7, CAMERA.name, 2, AT - 60)
    assert (made.acknowledged_by, made.cause, made.cause_number) == (
        "J. Smith",
        "follows F000003",
        3,
    )
    assert (made.held, made.maintenance) == ("maintenance", "works")


def test_a_site_is_called_by_its_name_and_a_device_that_is_gone_by_its_id():
    (site,) = wall_feed._lines_of(
        replace(CASE, device="site:market", affected=("C001", "C002")), WORLD
    )
    assert (site.name, site.affected) == ("Market Standing site", 2)
    (gone,) = wall_feed._lines_of(replace(CASE, device="C999"), WORLD)
    assert gone.name == "C999"


def test_the_board_keeps_the_worst_of_the_latest_result():
    latest_results = LatestResults()
    observation = Observation("C001", CheckName.CLOCK, "", AT, 0.1, None)

    def judged(aspect: str, state: State) -> Verdict:
        return Verdict(
            "C001", CheckName.CLOCK, "", aspect, state, state.name, f"{aspect} says so", AT
        )

    latest_results.clock = lambda: 10.0
    latest_results.apply(
        result_of(observation, (judged("a", State.OK), judged("b", State.DEGRADED)))
    )
    seen = latest_results.seen["C001", CheckName.CLOCK, ""]
    assert (seen.state, seen.sentence, seen.landed, latest_results.newest) == (
        State.DEGRADED,
        "b says so",
        10.0,
        10.0,
    )
    latest_results.apply(result_of(observation, (judged("a", State.OK),)))
    assert latest_results.seen["C001", CheckName.CLOCK, ""].sentence == ""
    latest_results.apply(result_of(observation, ()))
    assert latest_results.seen["C001", CheckName.CLOCK, ""].state is State.UNKNOWN
    latest_results.keep(())
    assert latest_results.seen == {}


def test_details_say_what_is_too_old_and_what_was_never_seen():
    check = Check("C001", CheckName.STREAM, "main", interval=60, timeout=10)
    verdict = Verdict(
        "C001", CheckName.STREAM, "main", "pictures", State.OK, "ok", "pictures flow", AT
    )
    looks = [
        CheckLine(check, 130.0, (verdict,)),
        CheckLine(check, 131.0, (verdict,)),
        CheckLine(replace(check, instance="sub"), None),
    ]
    made = details(
        CAMERA, Standing("Market Standing", "works"), looks, wall_feed._lines_of(CASE, WORLD)
    )
    assert [(row["check"], row["state"], row["sentence"]) for row in made["checks"]] == [
        ("Pictures", "ok", "pictures flow"),
        ("Pictures", "unknown", "no fresh result; the last was: pictures flow"),
        ("Pictures sub", "unknown", "no result yet"),
    ]
    assert made["faults"][0]["number"] == 7
    assert made["kind"] == "ptz camera"
