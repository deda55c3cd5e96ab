"""The desk: one real fault is one message. Tables on a fake clock, then any sequence at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.cases import Ack, Case, Told, World
from healthmon.cause import Blind, Rules, blind_zones
from healthmon.desk import Desk
from healthmon.faults import ONE_OFF, WINDOW, FaultBook, Policy
from healthmon.model import Device, Kind, Question, State, Verdict

OK, BAD = State.OK, State.FAULT


def camera(number: int, site: str = "riverside", parents: tuple[str, ...] = (), **more) -> Device:
    return Device(
        f"C{number:03d}",
        f"Camera {number}",
        Kind.CAMERA,
        site,
        "192.0.2.1",
        parents=parents,
        **more,
    )


def switch(name: str = "S07", site: str = "riverside", parents: tuple[str, ...] = ()) -> Device:
    return Device(name, "Bridge switch", Kind.LINK, site, "192.0.2.2", parents=parents)


def said(
    device: str,
    state: State,
    at: float,
    question: Question = Question.REACH,
    code: str = "unreachable",
):
    aspect = "reach" if question is Question.REACH else "main"
    return Verdict(device, question, "", aspect, state, code if state else "ok", "no answer", at)


class Room:
    """A fault book and a desk on a fake clock; `down` is kept as the app keeps it."""

    def __init__(
        self, *devices: Device, rules: Rules | None = None, policy: Policy = ONE_OFF
    ) -> None:
        self.world = World(
            {d.id: d for d in devices}, {}, {}, site_names={"riverside": "Riverside"}
        )
        self.book, self.desk, self.told = FaultBook(policy), Desk(rules or Rules()), []
        self.now = 1000.0

    def say(
        self,
        device: str,
        state: State,
        question: Question = Question.REACH,
        code: str = "unreachable",
    ) -> None:
        if question is Question.REACH:
            down = dict(self.world.down)
            down.setdefault(device, self.now) if state is BAD else down.pop(device, None)
            self.world = replace(self.world, down=down)
        changes = self.book.take([said(device, state, self.now, question, code)])
        self.told += self.desk.take(changes, self.world, self.now)

    def wait(self, seconds: float, step: float = 1.0) -> None:
        for _ in range(int(seconds / step)):
            self.now += step
            self.told += self.desk.tick(self.world, self.now)

    def words(self) -> list[tuple[str, str]]:
        return [(t.what, t.case.device) for t in self.told]


def cameras(count: int, **more) -> list[Device]:
    return [camera(n, **more) for n in range(count)]


def test_one_lost_camera_is_told_once_after_its_cause_had_time_to_show():
    room = Room(*cameras(20))
    room.say("C003", BAD)
    room.wait(19)
    assert room.told == []
    room.wait(5)
    room.say("C003", OK)
    assert room.words() == [("opened", "C003"), ("closed", "C003")]
    assert [t.id for t in room.told] == ["F000001-1", "F000001-2"]


def test_n2_a_switch_with_forty_cameras_is_one_message_within_a_minute_and_one_recovery():
    room = Room(
        switch(), *cameras(40, parents=("S07",)), *[camera(n, "hill") for n in range(50, 60)]
    )
    for n in range(40):
        room.say(f"C{n:03d}", BAD)
        room.wait(0.25, 0.25)
    room.say("S07", BAD)
    room.wait(50)
    assert room.words() == [("opened", "S07")]
    lost = room.told[0].case
    assert len(lost.affected) == 40
    assert lost.priority == 1
    for name in ["S07", *[f"C{n:03d}" for n in range(40)]]:
        room.say(name, OK)
    room.wait(600)
    assert room.words() == [("opened", "S07"), ("closed", "S07")]
    assert room.desk.cases == {}
    assert room.desk.suppressed["parent"] == 40


def test_children_that_stay_lost_after_their_parent_is_back_are_told_then():
    room = Room(switch(), *cameras(3, parents=("S07",)), camera(99))
    for name in ("C000", "C001", "S07"):
        room.say(name, BAD)
    room.wait(60)
    for name in ("S07", "C000"):
        room.say(name, OK)
    room.wait(100)
    assert room.words() == [("opened", "S07"), ("closed", "S07")]
    room.wait(120)
    assert room.words()[2:] == [("opened", "C001")]


def test_the_switch_port_names_the_cause_of_a_lost_camera_in_one_message():
    room = Room(switch(), *cameras(6, parents=("S07",)), camera(99))
    words = (
        "port Gi1/0/4 of Bridge switch S07 is down and finds no device to power: cable or device"
    )
    room.say("C003", BAD)
    room.world = replace(room.world, ports={"C003": words})
    room.say("C003", BAD, Question.PORT, "port_down")
    room.wait(60)
    (told,) = room.told
    assert (told.case.lead.code, told.case.cause) == ("unreachable", words)
    assert {fault.code for fault in told.case.faults} == {"unreachable", "port_down"}


def test_a_port_switched_off_on_purpose_is_said_so_and_mains_failure_comes_behind_it():
    power = Device("UPS1", "Cabinet UPS", Kind.UPS, "riverside", "192.0.2.3")
    room = Room(power, *cameras(6))
    room.world = replace(
        room.world, ports={"C001": "port 1 of Bridge switch S07 is switched off on purpose"}
    )
    room.say("UPS1", BAD, Question.UPS, "on_battery")
    room.wait(30)
    room.say("C001", BAD)
    room.wait(60)
    cause = room.told[-1].case.cause
    assert cause.startswith(
        "port 1 of Bridge switch S07 is switched off on purpose; follows the mains failure at "
    )


def test_a_port_explains_only_a_device_that_is_lost():
    room = Room(*cameras(3))
    room.world = replace(room.world, ports={"C001": "port 1 is down"})
    room.say("C001", BAD, Question.CLOCK, "clock_drift")
    room.wait(60)
    assert [told.case.cause for told in room.told] == [""]


def test_g11_without_a_parent_most_of_a_site_is_one_case_in_words():
    room = Room(*cameras(20), *[camera(n, "hill") for n in range(50, 90)])
    for n in range(17):
        room.say(f"C{n:03d}", BAD)
        room.wait(1)
    room.wait(40)
    (told,) = room.told
    assert (
        told.case.lead.sentence
        == "17 of 20 devices at Riverside lost within 16 s: common cause likely (power or link)"
    )
    room.say("C018", BAD)
    room.wait(60)
    assert len(room.told) == 1, "a latecomer joins"
    for n in range(19):
        room.say(f"C{n:03d}", OK)
    room.wait(2)
    assert room.words()[1:] == [("closed", "site:riverside")]


def test_the_few_that_stay_lost_when_their_site_is_back_become_cases_of_their_own():
    room = Room(*cameras(20))
    for n in range(10):
        room.say(f"C{n:03d}", BAD)
    room.wait(40)
    for n in range(1, 10):
        room.say(f"C{n:03d}", OK)
    room.wait(300)
    assert room.words() == [
        ("opened", "site:riverside"),
        ("closed", "site:riverside"),
        ("opened", "C000"),
    ]
    assert room.told[1].case.lead.sentence == "9 are back; still lost: C000"
    assert room.told[2].case.cause_number == room.told[0].case.number


def test_two_of_twenty_are_two_faults_not_a_storm():
    room = Room(*cameras(20))
    room.say("C000", BAD)
    room.say("C001", BAD)
    room.wait(60)
    assert room.words() == [("opened", "C000"), ("opened", "C001")]


def test_n3_our_own_network_is_no_camera_fault():
    room = Room(*cameras(10))
    room.world = replace(room.world, own_network=frozenset(room.world.devices))
    for n in range(10):
        room.say(f"C{n:03d}", BAD)
    room.wait(120)
    assert room.told == []
    for n in range(10):
        room.say(f"C{n:03d}", OK)
    room.world = replace(room.world, own_network=frozenset())
    room.wait(600)
    assert (room.told, room.desk.cases) == ([], {})
    assert room.desk.suppressed["own network"] == 10


def test_o10_a_fault_in_maintenance_is_not_told_until_the_window_has_passed():
    room = Room(*cameras(5))
    room.world = replace(room.world, maintenance={"C001": "lens cleaning"})
    room.say("C001", BAD)
    room.wait(300)
    assert room.told == []
    room.world = replace(room.world, maintenance={})
    room.wait(30)
    assert room.words() == [("opened", "C001")]


def test_o10_what_was_repaired_within_the_window_is_never_told():
    room = Room(*cameras(5))
    room.world = replace(room.world, maintenance={"C001": "lens cleaning"})
    room.say("C001", BAD)
    room.wait(60)
    room.say("C001", OK)
    room.world = replace(room.world, maintenance={})
    room.wait(600)
    assert room.told == []
    assert room.desk.suppressed["maintenance"] == 1


def test_a_deployable_in_store_is_expected_absent():
    room = Room(*cameras(5))
    room.world = replace(room.world, absent=frozenset({"C001"}))
    room.say("C001", BAD)
    room.wait(600)
    assert room.told == []


def test_what_goes_wrong_together_on_one_device_is_one_case_led_by_the_worst():
    room = Room(*cameras(5))
    room.say("C001", BAD, Question.STREAM, "no_pictures")
    room.say("C001", BAD, Question.CLOCK, "clock_offset")
    room.say("C001", BAD)
    room.wait(60)
    (told,) = room.told
    assert told.case.lead.code == "unreachable"
    assert len(told.case.faults) == 3
    for question, code in ((Question.REACH, ""), (Question.STREAM, ""), (Question.CLOCK, "")):
        room.say("C001", OK, question, code)
    assert [w for w, _ in room.words()] == ["opened", "closed"]


def test_a_power_event_is_the_cause_of_what_follows():
    ups = Device("U1", "CCTV UPS", Kind.UPS, "riverside", "192.0.2.3")
    room = Room(ups, *cameras(9), camera(50, "hill"))
    room.say("U1", BAD, Question.UPS, "on_battery")
    room.wait(60)
    room.say("C001", BAD)
    room.say("C050", BAD)
    room.wait(60)
    causes = {t.case.device: t.case.cause for t in room.told}
    assert causes["C001"] == "follows the mains failure at CCTV UPS (case F000001)"
    assert causes["C050"] == ""
    assert {t.case.device: t.case.priority for t in room.told}["U1"] == 1


def test_acknowledgement_is_kept_with_name_and_reason():
    room = Room(*cameras(2))
    room.say("C001", BAD)
    room.wait(30)
    ack = Ack("J Smith", "engineer is on the way", room.now)
    assert room.desk.acknowledge(1, ack)
    assert room.desk.cases[1].ack == ack
    assert not room.desk.acknowledge(77, ack)


@pytest.mark.parametrize("what", ["told", "held"])
def test_a_restart_tells_nothing_twice(what):
    room = Room(*cameras(9))
    room.say("C001", BAD)
    room.wait(30 if what == "told" else 5)
    again = Desk()
    again.restore([Case.of(c.as_dict()) for c in room.desk.cases.values()], room.desk.last_number)
    assert again.reconcile(room.book.open(), room.now, room.world) == []
    later = [t for n in range(60) for t in again.tick(room.world, room.now + n)]
    assert len(later) == (0 if what == "told" else 1)


def test_after_a_crash_cases_agree_with_the_faults_again():
    room = Room(*cameras(9))
    room.say("C001", BAD)
    room.wait(30)
    closed = room.desk.reconcile([], room.now, room.world)
    assert [t.what for t in closed] == ["closed"]


def test_blind_zones_have_no_working_camera_and_say_who_can_look_there():
    zoned = [
        camera(1, coverage_zone="A"),
        camera(2, coverage_zone="A"),
        camera(3, coverage_zone="B"),
        camera(4, covers=("B",)),
        camera(5, covers=("B",)),
        camera(6, covers=("B",), deployment="in_store"),
    ]
    found = blind_zones({d.id: d for d in zoned}, {"C002", "C004", "C006"})
    assert found == (Blind("B", ("C003",), ("C004",)),)
    assert found[0].words == "B has no working camera (C003); C004 can look there"


EVENTS = st.tuples(
    st.sampled_from(["S07", "C000", "C001", "C002", "C003", "C004", "C005"]),
    st.sampled_from([OK, BAD, State.UNKNOWN]),
    st.sampled_from([Question.REACH, Question.STREAM]),
    st.integers(0, 50),
)


@settings(max_examples=300)
@given(st.lists(EVENTS, max_size=40), st.sets(st.integers(0, 39)))
def test_no_sequence_loses_or_repeats_a_message_or_leaves_a_case_open(events, restarts):
    room = Room(switch(), *cameras(6, parents=("S07",)), policy=Policy(2, 3, 2))
    for number, (device, state, question, pause) in enumerate(events):
        room.say(
            device, state, question, "unreachable" if question is Question.REACH else "no_pictures"
        )
        room.wait(pause, 5)
        if number in restarts:
            kept = [Case.of(c.as_dict()) for c in room.desk.cases.values()]
            last = room.desk.last_number
            room.desk = Desk()
            room.desk.restore(kept, last)
            room.told += room.desk.reconcile(room.book.open(), room.now, room.world)
    for _ in range(WINDOW + 2):
        for device in room.world.devices:
            room.say(device, OK)
            room.say(device, OK, Question.STREAM)
        room.wait(60, 10)
    assert room.book.open() == ()
    assert room.desk.cases == {}
    ids = [t.id for t in room.told]
    assert len(ids) == len(set(ids))
    per_case: dict[int, list[Told]] = {}
    for told in room.told:
        per_case.setdefault(told.case.number, []).append(told)
    for said_of_it in per_case.values():
        words = [t.what for t in said_of_it if t.what != "changed"]
        assert words == ["opened", "closed"]
        assert said_of_it[0].what == "opened"
        assert said_of_it[-1].what == "closed"
