"""What a yes and a no do to a picture that needs a person: the fault, its clock, its messages, and what is
asked again.
"""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from healthmon.evidence import faults
from healthmon.incidents.acts import Act, ActKind, act
from healthmon.incidents.confirmation import Change, Fault, FaultBook
from healthmon.incidents.contract_clock import Standing, Terms, WorkingTime, clock_of
from healthmon.incidents.incident import EstateState, Incident, confirmed_by
from healthmon.incidents.inspections import inspections_of
from healthmon.incidents.life_cycle import LifeCycle, Stage
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.incidents.picture_answers import answers_of
from healthmon.incidents.reducer import IncidentReducer
from healthmon.model.device import Device
from healthmon.model.enums import Kind, State
from healthmon.model.picture import Answer
from healthmon.model.results import Verdict
from healthmon_exporters.reports.open_faults import OpenFaults

NOW = 1_800_000_000.0
CAMERA = Device("C1", "North", Kind.CAMERA, "s", "127.0.0.1", contractor="acme")
AROUND = EstateState(devices={"C1": CAMERA})
ALWAYS = Terms(WorkingTime(ZoneInfo("Europe/London")), 3600.0, 7200.0, from_report=True)


def fault(device: str = "C1", code: str = "view_covered", since: float = NOW) -> Fault:
    words = f"{code} 30 % (limit 9 %)"
    aspect = "exposure" if code == "picture_too_dark" else "view"
    where = (device, "picture", "main", aspect)
    return Fault(*where, code, State.DEGRADED, words, since, since + 60, light=5.0)


def told(reducer: IncidentReducer, *found: Fault) -> Incident:
    """The incident of these faults, which people were notified of."""
    reducer.apply([Change("opened", one, NOW) for one in found], AROUND, NOW)
    (event,) = reducer.tick(AROUND, NOW + 100)
    return event.incident


def by(kind: ActKind, number: int = 7, at: float = NOW + 500, **details: str) -> Act:
    return replace(act(kind, "Smith", at, **details), id=number, number=1)


def test_a_yes_makes_it_a_fault_of_a_name_and_starts_the_clock():
    reducer = IncidentReducer()
    incident = told(reducer, fault())
    assert (incident.looked_at_first, incident.priority) == (True, 4)
    assert clock_of(LifeCycle.of(incident, ()), ALWAYS, NOW + 600).started is None
    life = LifeCycle.of(incident, [by(ActKind.CONFIRM)])
    (event,), over = reducer.answer(life, AROUND, NOW + 500)
    assert (event.what, event.incident.confirmed, over) == ("changed", "Smith", ())
    assert (event.incident.state, event.incident.priority) == (State.FAULT, 3)
    assert not event.incident.looked_at_first
    clock = clock_of(life, ALWAYS, NOW + 600)
    assert clock.started == NOW + 500
    assert clock.response is not None
    assert clock.response.standing is Standing.RUNNING
    assert reducer.answer(life, AROUND, NOW + 501) == ([], ()), "it is said once"
    undone = LifeCycle.of(incident, [by(ActKind.CONFIRM), by(ActKind.UNDO, 8, act="7")])
    (event,), _ = reducer.answer(undone, AROUND, NOW + 700)
    assert event.incident.looked_at_first
    assert clock_of(undone, ALWAYS, NOW + 800).started is None


def test_a_no_ends_it_as_a_false_alarm_and_an_undo_opens_it_again():
    reducer, book = IncidentReducer(), FaultBook()
    incident = told(reducer, fault())
    book.restore(incident.faults)
    no = LifeCycle.of(incident, [by(ActKind.DISMISS)])
    (event,), over = reducer.answer(no, AROUND, NOW + 500)
    assert (event.what, over, reducer.incidents) == ("removed", incident.faults, {})
    assert event.incident.ended == "a false alarm: Smith has looked"
    book.dismiss(over)
    assert book.open() == ()
    assert reducer.reconcile(book.open(), NOW + 501, AROUND) == []
    assert no.stage is Stage.CLOSED
    assert "false alarm" in no.refusal(by(ActKind.CONFIRM, 9), NOW + 600)
    acts = [by(ActKind.DISMISS), by(ActKind.UNDO, 8, act="7")]
    undone = LifeCycle.of(event.incident, acts)
    assert (undone.incident.closed, undone.incident.ended) == (None, "")
    (event,), back = reducer.reopen(undone, NOW + 700)
    assert (event.what, back) == ("changed", incident.faults)
    assert event.id not in ("F000001-1", "F000001-2")
    assert reducer.reopen(undone, NOW + 701) == ([], ())


@pytest.mark.parametrize("code", ["picture_black", "no_pictures"])
def test_what_was_measured_is_no_false_alarm(code: str):
    measured = replace(fault(code=code), state=State.FAULT)
    life = LifeCycle.of(told(IncidentReducer(), measured), ())
    assert "is a fault that was measured" in life.refusal(by(ActKind.DISMISS), NOW + 500)
    assert life.refusal(by(ActKind.CONFIRM), NOW + 500) == ""


def test_only_a_confirmed_picture_counts_as_a_fault_and_a_false_alarm_as_one():
    incident = told(IncidentReducer(), fault())
    assert not faults.is_reported(LifeCycle.of(incident, ()))
    yes = LifeCycle.of(incident, [by(ActKind.CONFIRM)])
    assert faults.is_reported(yes)
    assert faults.record(yes, None, "acme", NOW).is_real
    no = LifeCycle.of(incident, [by(ActKind.DISMISS)])
    assert faults.is_reported(no)
    found = faults.record(no, None, "acme", NOW)
    assert (found.is_real, found.cause, found.closed) == (False, "no_fault", NOW + 500)


def test_an_answer_holds_for_its_cause_until_the_view_is_learned_anew():
    incident = told(IncidentReducer(), fault())
    lives = [LifeCycle.of(incident, [by(ActKind.DISMISS)])]
    where = ("C1", "main")
    assert answers_of(lives, ()) == {where: (Answer("view_covered", 5.0, NOW + 500),)}
    earlier = Operation(OperationKind.BASELINE, "C1", "Smith", NOW + 499)
    assert where in answers_of(lives, [earlier])
    assert answers_of(lives, [replace(earlier, at=NOW + 501), earlier]) == {}
    undone = [by(ActKind.DISMISS), by(ActKind.UNDO, 8, act="7")]
    assert answers_of([LifeCycle.of(incident, undone)], ()) == {}


def one(number: int, code: str, since: float, site: str = "s", **more: object) -> Incident:
    values = {
        "number": number,
        "device": f"C{number}",
        "site": site,
        "since": since,
        "waits": since,
    }
    return Incident(faults=(fault(f"C{number}", code, since),), **values, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code", ["picture_too_dark", "picture_overexposed", "night_mode_by_day", "day_mode_by_night"]
)
def test_a_change_of_light_in_a_whole_site_is_one_line(code: str) -> None:
    dark = [one(n, code, NOW + n) for n in (1, 2, 3)]
    late = one(4, code, NOW + 4000)
    elsewhere = one(5, code, NOW + 5, "t")
    covered = [one(n, "view_covered", NOW + n) for n in (6, 7, 8)]
    found = inspections_of([*covered, elsewhere, late, *reversed(dark)])
    assert [[c.number for c in each.incidents] for each in found] == [
        [1, 2, 3], [5], [6], [7], [8], [4],
    ]  # fmt: skip
    assert found[0].sentence.startswith(f"3 cameras together; the first: {code} 30 %")
    assert [len(each.incidents) for each in inspections_of(dark[:2])] == [1, 1]


@pytest.mark.parametrize("more", [{"held": "maintenance"}, {"confirmed": "Smith"}, {"closed": NOW}])
def test_nobody_is_asked_about_what_is_explained_answered_or_over(more: dict[str, object]):
    assert inspections_of([one(1, "view_covered", NOW, **more)]) == []


def test_a_confirmed_picture_fails_on_the_sheet_and_an_unanswered_one_does_not():
    seen = Verdict(*fault().key, State.DEGRADED, "view_covered", "covered 30 %", NOW)
    incident = told(IncidentReducer(), fault())
    (asked,) = OpenFaults((incident,)).believed([seen])
    assert asked == seen
    (failed,) = OpenFaults((confirmed_by(incident, "Smith", CAMERA),)).believed([seen])
    assert failed.state is State.FAULT
    assert failed.sentence.endswith("Smith has looked: a fault")


def test_a_person_who_is_erased_stands_nowhere_in_an_answer():
    incident = told(IncidentReducer(), fault())
    yes = confirmed_by(incident, "Smith", CAMERA)
    no = replace(incident, ended="a false alarm: Smith has looked", closed=NOW)
    for one in (yes, no):
        gone = one.rewritten(lambda text: text.replace("Smith", "person-1"))
        assert "Smith" in str(one.as_dict())
        assert "Smith" not in str(gone.as_dict())
    assert yes.rewritten(lambda text: text.replace("Smith", "person-1")).confirmed == "person-1"
