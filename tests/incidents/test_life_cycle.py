"""The life of a fault: tables of what people may do at each stage, then any sequence of acts at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.fault_samples import BY_HAND, MACHINE, SINCE
from hypothesis import given
from hypothesis import strategies as st

from healthmon.incidents.acts import (
    ALLOWED,
    CAUSES,
    NEEDED,
    Act,
    ActError,
    ActKind,
    CauseGroup,
    PauseOwner,
    act,
)
from healthmon.incidents.growing_life import GrowingLife
from healthmon.incidents.incident import Incident
from healthmon.incidents.life_cycle import LifeCycle, Stage

NOW = SINCE + 50_000.0
RESTORED = replace(MACHINE, closed=SINCE + 20_000)
DETAILS = {
    ActKind.RAISE: {"what": "dome is dirty", "noticed_by": "police"},
    ActKind.ACKNOWLEDGE: {"reason": "contractor called"},
    ActKind.REPORT: {"to": "acme", "how": "phone", "reference": "J1"},
    ActKind.CLOSE: {"cause": "lens"},
    ActKind.PAUSE: {"owner": "highways", "reason": "permit"},
}


class Record:
    """A fault and its acts, as a store keeps them: ids go up, a refused act is not kept."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.acts: list[Act] = []

    @property
    def life(self) -> LifeCycle:
        return LifeCycle.of(self.incident, self.acts)

    def do(self, kind: ActKind, at: float = NOW, by: str = "A. Smith", **more: str) -> str:
        """The refusal, "" where the act is kept."""
        details = {**DETAILS.get(kind, {}), **more}
        if kind is ActKind.UNDO:
            last = self.life.last_act
            details = {"act": str(last.id if last else 0), **more}
        made = act(kind, by, NOW, at, **details)
        refused = self.life.refusal(made, NOW)
        if not refused:
            self.acts.append(replace(made, id=len(self.acts) + 1))
        return refused


def record(incident: Incident, *kinds: str) -> Record:
    made = Record(incident)
    for kind in kinds:
        assert made.do(ActKind(kind)) == ""
    return made


@pytest.mark.parametrize(
    ("incident", "kinds", "stage"),
    [
        (MACHINE, "", Stage.OPEN),
        (MACHINE, "confirm", Stage.OPEN),
        (MACHINE, "acknowledge", Stage.ACKNOWLEDGED),
        (MACHINE, "acknowledge report", Stage.REPORTED),
        (MACHINE, "report attend", Stage.ATTENDED),
        (MACHINE, "report attend fix", Stage.FIX_CLAIMED),
        (RESTORED, "", Stage.SELF_HEALED),
        (RESTORED, "report", Stage.SELF_HEALED),
        (RESTORED, "report verify", Stage.VERIFIED),
        (RESTORED, "accept", Stage.ACCEPTED),
        (RESTORED, "verify accept close", Stage.CLOSED),
        (RESTORED, "close undo", Stage.SELF_HEALED),
        (BY_HAND, "", Stage.OPEN),
        (BY_HAND, "attend fix", Stage.FIX_CLAIMED),
        (BY_HAND, "attend fix verify", Stage.VERIFIED),
        (BY_HAND, "verify close", Stage.CLOSED),
        (BY_HAND, "verify undo", Stage.OPEN),
    ],
)
def test_how_far_a_fault_has_come(incident: Incident, kinds: str, stage: Stage) -> None:
    assert record(incident, *kinds.split()).life.stage is stage


def test_what_is_said_to_be_fixed_and_is_not_restored_stays_open() -> None:
    found = record(MACHINE, "attend", "fix")
    for kind in (ActKind.VERIFY, ActKind.ACCEPT, ActKind.CLOSE):
        assert found.do(kind) == "healthmon still sees the fault: no answer"
    assert found.life.stage is Stage.FIX_CLAIMED
    found.incident = replace(MACHINE, closed=NOW)
    assert found.do(ActKind.CLOSE) == ""


@pytest.mark.parametrize(
    ("kind", "at", "healed"),
    [
        (ActKind.ATTEND, SINCE + 10_000, False),
        (ActKind.FIX, SINCE + 10_000, False),
        (ActKind.ATTEND, SINCE + 30_000, True),
        (ActKind.REPORT, SINCE + 10_000, True),
    ],
)
def test_what_is_restored_before_anybody_came_is_self_healed(
    kind: ActKind, at: float, healed: bool
) -> None:
    found = Record(RESTORED)
    assert found.do(kind, at) == ""
    assert found.life.self_healed is healed
    assert found.life.stage is (Stage.SELF_HEALED if healed else Stage.RESTORED)


def test_a_raised_fault_is_restored_by_the_last_fix_before_a_person_has_verified_it() -> None:
    found = Record(BY_HAND)
    assert found.do(ActKind.FIX, SINCE + 100) == ""
    assert found.do(ActKind.FIX, SINCE + 200) == ""
    assert "nobody has verified" in found.do(ActKind.CLOSE)
    assert found.do(ActKind.VERIFY, SINCE + 300) == ""
    assert found.life.restored == SINCE + 200
    assert not found.life.self_healed
    assert record(BY_HAND, "verify").life.restored == NOW


def test_a_raised_fault_that_was_none_is_closed_without_being_verified() -> None:
    found = Record(BY_HAND)
    assert found.do(ActKind.CLOSE, cause="no_fault") == ""
    assert found.life.stage is Stage.CLOSED


@pytest.mark.parametrize(
    ("incident", "before", "kind", "words"),
    [
        (RESTORED, "close", "attend", "undo that first"),
        (RESTORED, "", "acknowledge", "is over"),
        (RESTORED, "", "pause", "is over"),
        (MACHINE, "pause", "pause", "paused already (highways: permit)"),
        (MACHINE, "", "resume", "is not paused"),
        (MACHINE, "", "undo", "no act that can be undone"),
        (BY_HAND, "", "raise", "raised already"),
    ],
)
def test_what_cannot_be_done_says_why(
    incident: Incident, before: str, kind: str, words: str
) -> None:
    assert words in record(incident, *before.split()).do(ActKind(kind))


def test_times_that_cannot_be_true_are_refused() -> None:
    assert "in the future" in Record(MACHINE).do(ActKind.ATTEND, NOW + 3600)
    assert "before the fault began" in Record(MACHINE).do(ActKind.ATTEND, SINCE - 2 * 86400)
    found = Record(MACHINE)
    assert found.do(ActKind.PAUSE, SINCE + 100) == ""
    assert "before the pause began" in found.do(ActKind.RESUME, SINCE + 50)
    assert found.do(ActKind.RESUME, SINCE + 200) == ""
    assert "earlier pause" in found.do(ActKind.PAUSE, SINCE + 150)


def test_an_undo_of_an_act_that_is_not_the_last_any_more_is_refused() -> None:
    found = record(MACHINE, "report", "attend")
    assert "acted meanwhile" in found.do(ActKind.UNDO, act="1")
    assert found.do(ActKind.UNDO) == ""
    assert found.life.stage is Stage.REPORTED
    assert found.do(ActKind.UNDO) == ""
    assert found.life.stage is Stage.OPEN
    assert [one.kind for one in found.life.acts] == ["report", "attend", "undo", "undo"]


def test_a_pause_lasts_until_it_is_resumed_or_the_fault_is_over() -> None:
    found = Record(MACHINE)
    assert found.do(ActKind.PAUSE, SINCE + 100) == ""
    assert found.life.paused is not None
    assert found.life.paused.owner is PauseOwner.HIGHWAYS
    found.incident = RESTORED
    assert found.life.paused is None
    assert found.do(ActKind.RESUME, SINCE + 300) == "", "its end can be recorded later"
    assert [(one.since, one.until) for one in found.life.pauses] == [(SINCE + 100, SINCE + 300)]


@pytest.mark.parametrize(
    ("kind", "by", "details", "words"),
    [
        (ActKind.CONFIRM, " \n", {}, "needs the name"),
        (ActKind.PAUSE, "A", {"owner": "weather", "reason": "x"}, "choose one of contractor,"),
        (ActKind.PAUSE, "A", {"owner": "police"}, "needs reason"),
        (ActKind.CLOSE, "A", {}, "needs cause; choose one of vandalism,"),
        (ActKind.RAISE, "A", {"what": "x"}, "needs noticed by; choose one of operator,"),
        (ActKind.ATTEND, "A", {"cause": "lens"}, "has no 'cause'"),
        (
            ActKind.REPORT,
            "A",
            {"to": "x" * 1001},
            "to has 1,001 characters; at most 1,000 are kept",
        ),
    ],
)
def test_an_act_that_is_not_complete_says_what_is_missing(kind, by, details, words) -> None:
    with pytest.raises(ActError, match=words):
        act(kind, by, NOW, **details)


def test_texts_of_an_act_are_one_plain_line() -> None:
    made = act(ActKind.REPORT, "A.\x1b[2J  Smith", NOW, to="acme\n\tLtd", note="  ")
    assert (made.by, made.details) == ("A. [2J Smith", {"to": "acme Ltd"})


def test_every_cause_has_a_group_but_for_what_was_no_fault() -> None:
    assert {name for name, cause in CAUSES.items() if cause.group is None} == {
        "planned",
        "no_fault",
    }
    assert {cause.group for cause in CAUSES.values()} == {*CauseGroup, None}


def test_an_act_comes_back_from_its_row() -> None:
    made = replace(act(ActKind.CLOSE, "A", NOW, NOW - 5, cause="lens", action="wiped"), id=3)
    row = (3, 0, "close", "A", NOW, NOW - 5, made.body())
    assert Act.of_row(row) == made


ANY_ACT = st.tuples(st.sampled_from(list(ActKind)), st.floats(SINCE, NOW))


@given(
    st.sampled_from([MACHINE, RESTORED, BY_HAND]), st.lists(ANY_ACT, max_size=15), st.integers(0, 9)
)
def test_any_sequence_keeps_every_act_and_undo_goes_back_step_by_step(
    incident: Incident, tries: list[tuple[ActKind, float]], restored: int
) -> None:
    found = Record(incident)
    for number, (kind, at) in enumerate(tries):
        if number == restored and incident is MACHINE:
            found.incident = RESTORED
        kept = len(found.acts)
        found.do(kind, at)
        assert len(found.acts) in (kept, kept + 1)
    life = found.life
    assert len(life.acts) == len(found.acts), "nothing is taken out of the record"
    if life.closed:
        assert life.stage is Stage.CLOSED
        assert life.restored is not None or life.closed.get("cause") == "no_fault"
    assert all(one.until is None or one.until >= one.since for one in life.pauses)
    assert sum(one.until is None for one in life.pauses) <= 1
    left = len([one for one in life.standing if one.kind is not ActKind.RAISE])
    for _ in range(left):
        assert found.do(ActKind.UNDO) == ""
    assert found.life.last_act is None
    assert found.life.stage in (Stage.OPEN, Stage.SELF_HEALED)


def test_every_kind_of_act_has_its_details() -> None:
    assert set(NEEDED) | set(ALLOWED) == set(ActKind)


@pytest.mark.parametrize("off", [61.0, 1e11, -367 * 86400.0, -6e10, float("nan")])
def test_a_fault_is_raised_at_a_time_that_can_be(off: float) -> None:
    with pytest.raises(ActError, match="time"):
        act(ActKind.RAISE, "A. Smith", 2e9, 2e9 + off, what="dark", noticed_by="operator")
    act(ActKind.RAISE, "A. Smith", 2e9, 2e9 - 30 * 86400, what="dark", noticed_by="operator")


@given(
    st.sampled_from([MACHINE, RESTORED, BY_HAND]),
    st.lists(st.tuples(st.sampled_from(ActKind), st.integers(0, 40)), max_size=30),
)
def test_a_life_that_grows_is_the_one_of_all_its_acts(
    incident: Incident, wanted: list[tuple[ActKind, int]]
) -> None:
    record, growing = Record(incident), GrowingLife(LifeCycle.of(incident, ()))
    for kind, hours in wanted:
        last = record.life.last_act
        details = {"act": str(last.id if last else 0)} if kind is ActKind.UNDO else {}
        made = act(
            kind, "A. Smith", NOW, NOW - 3600 * hours, **{**DETAILS.get(kind, {}), **details}
        )
        refusal = growing.refusal(made)
        assert refusal == record.life.refusal(made, NOW)
        if not refusal:
            record.acts.append(replace(made, id=len(record.acts) + 1))
            growing.add(record.acts[-1])
    assert growing.life == record.life
