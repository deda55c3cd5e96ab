"""The desk: one real fault is one message. Tables on a fake clock, then any sequence at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.incidents.acts import ActKind, act
from healthmon.incidents.confirmation import ONE_OFF, WINDOW, FaultBook, Policy
from healthmon.incidents.correlation import BlindZone, CorrelationRules, blind_zones
from healthmon.incidents.incident import Ack, EstateState, Incident, IncidentEvent
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.reducer import IncidentReducer
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Verdict

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
    check_type: CheckName = CheckName.REACH,
    code: str = "unreachable",
):
    aspect = "reach" if check_type == CheckName.REACH else "main"
    return Verdict(device, check_type, "", aspect, state, code if state else "ok", "no answer", at)


class Room:
    """A fault book and a desk on a fake clock; `down` is kept as the app keeps it."""

    def __init__(
        self, *devices: Device, rules: CorrelationRules | None = None, policy: Policy = ONE_OFF
    ) -> None:
        self.estate_state = EstateState(
            {d.id: d for d in devices}, {}, {}, site_names={"riverside": "Riverside"}
        )
        self.book, self.reducer, self.told = (
            FaultBook(policy),
            IncidentReducer(rules or CorrelationRules()),
            [],
        )
        self.now = 1000.0

    def say(
        self,
        device: str,
        state: State,
        check_type: CheckName = CheckName.REACH,
        code: str = "unreachable",
    ) -> None:
        if check_type == CheckName.REACH:
            down = dict(self.estate_state.down)
            down.setdefault(device, self.now) if state is BAD else down.pop(device, None)
            self.estate_state = replace(self.estate_state, down=down)
        changes = self.book.apply([said(device, state, self.now, check_type, code)])
        self.told += self.reducer.apply(changes, self.estate_state, self.now)

    def wait(self, seconds: float, step: float = 1.0) -> None:
        for _ in range(int(seconds / step)):
            self.now += step
            self.told += self.reducer.tick(self.estate_state, self.now)

    def words(self) -> list[tuple[str, str]]:
        return [(t.what, t.incident.device) for t in self.told]


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
    lost = room.told[0].incident
    assert len(lost.affected) == 40
    assert lost.priority == 1
    for name in ["S07", *[f"C{n:03d}" for n in range(40)]]:
        room.say(name, OK)
    room.wait(600)
    assert room.words() == [("opened", "S07"), ("closed", "S07")]
    assert room.reducer.incidents == {}
    assert room.reducer.suppressed["parent"] == 40


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
    room.estate_state = replace(room.estate_state, ports={"C003": words})
    room.say("C003", BAD, CheckName.PORT, "port_down")
    room.wait(60)
    (told,) = room.told
    assert (told.incident.lead.code, told.incident.cause) == ("unreachable", words)
    assert {fault.code for fault in told.incident.faults} == {"unreachable", "port_down"}


def test_a_port_switched_off_on_purpose_is_said_so_and_mains_failure_comes_behind_it():
    power = Device("UPS1", "Cabinet UPS", Kind.UPS, "riverside", "192.0.2.3")
    room = Room(power, *cameras(6))
    room.estate_state = replace(
        room.estate_state, ports={"C001": "port 1 of Bridge switch S07 is switched off on purpose"}
    )
    room.say("UPS1", BAD, CheckName.UPS, "on_battery")
    room.wait(30)
    room.say("C001", BAD)
    room.wait(60)
    cause = room.told[-1].incident.cause
    assert cause.startswith(
        "port 1 of Bridge switch S07 is switched off on purpose; follows the mains failure at "
    )


def test_a_port_explains_only_a_device_that_is_lost():
    room = Room(*cameras(3))
    room.estate_state = replace(room.estate_state, ports={"C001": "port 1 is down"})
    room.say("C001", BAD, CheckName.CLOCK, "clock_drift")
    room.wait(60)
    assert [told.incident.cause for told in room.told] == [""]


def test_g11_without_a_parent_most_of_a_site_is_one_case_in_words():
    room = Room(*cameras(20), *[camera(n, "hill") for n in range(50, 90)])
    for n in range(17):
        room.say(f"C{n:03d}", BAD)
        room.wait(1)
    room.wait(40)
    (told,) = room.told
    assert (
        told.incident.lead.sentence
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
    assert room.told[1].incident.lead.sentence == "9 are back; still lost: C000"
    assert room.told[2].incident.cause_number == room.told[0].incident.number


def test_two_of_twenty_are_two_faults_not_a_storm():
    room = Room(*cameras(20))
    room.say("C000", BAD)
    room.say("C001", BAD)
    room.wait(60)
    assert room.words() == [("opened", "C000"), ("opened", "C001")]


def test_n3_our_own_network_is_no_camera_fault():
    room = Room(*cameras(10))
    room.estate_state = replace(room.estate_state, own_network=frozenset(room.estate_state.devices))
    for n in range(10):
        room.say(f"C{n:03d}", BAD)
    room.wait(120)
    assert room.told == []
    for n in range(10):
        room.say(f"C{n:03d}", OK)
    room.estate_state = replace(room.estate_state, own_network=frozenset())
    room.wait(600)
    assert (room.told, room.reducer.incidents) == ([], {})
    assert room.reducer.suppressed["own network"] == 10


def test_o10_a_fault_in_maintenance_is_not_told_until_the_window_has_passed():
    room = Room(*cameras(5))
    room.estate_state = replace(room.estate_state, maintenance={"C001": "lens cleaning"})
    room.say("C001", BAD)
    room.wait(300)
    assert room.told == []
    room.estate_state = replace(room.estate_state, maintenance={})
    room.wait(30)
    assert room.words() == [("opened", "C001")]


def test_o10_what_was_repaired_within_the_window_is_never_told():
    room = Room(*cameras(5))
    room.estate_state = replace(room.estate_state, maintenance={"C001": "lens cleaning"})
    room.say("C001", BAD)
    room.wait(60)
    room.say("C001", OK)
    room.estate_state = replace(room.estate_state, maintenance={})
    room.wait(600)
    assert room.told == []
    assert room.reducer.suppressed["maintenance"] == 1


def test_a_deployable_in_store_is_expected_absent():
    room = Room(*cameras(5))
    room.estate_state = replace(room.estate_state, absent=frozenset({"C001"}))
    room.say("C001", BAD)
    room.wait(600)
    assert room.told == []


def test_what_goes_wrong_together_on_one_device_is_one_case_led_by_the_worst():
    room = Room(*cameras(5))
    room.say("C001", BAD, CheckName.STREAM, "no_pictures")
    room.say("C001", BAD, CheckName.CLOCK, "clock_offset")
    room.say("C001", BAD)
    room.wait(60)
    (told,) = room.told
    assert told.incident.lead.code == "unreachable"
    assert len(told.incident.faults) == 3
    for check_type, code in ((CheckName.REACH, ""), (CheckName.STREAM, ""), (CheckName.CLOCK, "")):
        room.say("C001", OK, check_type, code)
    assert [w for w, _ in room.words()] == ["opened", "closed"]


def test_a_power_event_is_the_cause_of_what_follows():
    ups = Device("U1", "CCTV UPS", Kind.UPS, "riverside", "192.0.2.3")
    room = Room(ups, *cameras(9), camera(50, "hill"))
    room.say("U1", BAD, CheckName.UPS, "on_battery")
    room.wait(60)
    room.say("C001", BAD)
    room.say("C050", BAD)
    room.wait(60)
    causes = {t.incident.device: t.incident.cause for t in room.told}
    assert causes["C001"] == "follows the mains failure at CCTV UPS (fault F000001)"
    assert causes["C050"] == ""
    assert {t.incident.device: t.incident.priority for t in room.told}["U1"] == 1


@pytest.mark.parametrize("code", ["battery_low", "not_protecting"])
def test_ff_f17_trouble_of_a_ups_on_mains_is_no_mains_failure(code: str):
    """A low battery takes nothing down; a bypass what hangs behind the UPS, at that moment."""
    ups = Device("U1", "CCTV UPS", Kind.UPS, "riverside", "192.0.2.3")
    behind = [camera(number, parents=("U1",)) for number in (1, 2)]
    room = Room(ups, *behind, *cameras(9)[3:])
    room.say("U1", BAD, CheckName.UPS, code)
    room.wait(60)
    room.say("C001", BAD)
    room.say("C005", BAD)
    room.wait(3600)
    room.say("C002", BAD)
    room.wait(60)
    causes = {t.incident.device: t.incident.cause for t in room.told}
    words = "follows the trouble of the UPS CCTV UPS (fault F000001)"
    assert causes["C001"] == (words if code == "not_protecting" else "")
    assert causes["C002"] == causes["C005"] == ""


def test_ff_f17_a_battery_that_is_low_after_the_mains_are_back_explains_nothing_more():
    ups = Device("U1", "CCTV UPS", Kind.UPS, "riverside", "192.0.2.3")
    room = Room(ups, *cameras(9))
    room.say("U1", BAD, CheckName.UPS, "on_battery")
    room.book.apply(())
    low = replace(said("U1", BAD, room.now, CheckName.UPS, "battery_low"), aspect="battery")
    room.reducer.apply(room.book.apply([low]), room.estate_state, room.now)
    room.wait(60)
    room.say("U1", OK, CheckName.UPS)
    room.wait(3600)
    room.say("C001", BAD)
    room.wait(60)
    causes = {t.incident.device: t.incident.cause for t in room.told}
    assert causes["C001"] == ""


def gap(device: str, began: float, at: float) -> Verdict:
    found = said(device, BAD, at, CheckName.RECORDING, "recording_gap")
    return replace(found, aspect="gaps", began=began)


@pytest.mark.parametrize("restarted", [False, True])
def test_ff_f24_an_outage_explains_the_gap_that_it_leaves_and_no_later_one(restarted: bool):
    room = Room(*cameras(2))
    room.say("C001", BAD, CheckName.RECORDING, "not_recording")
    room.wait(60)
    if restarted:
        before = room.reducer
        room.reducer = IncidentReducer(before.rules)
        room.reducer.restore(before.incidents.values(), before.last_number)
    room.say("C001", OK, CheckName.RECORDING)
    changes = room.book.apply([gap("C001", 990.0, room.now), gap("C000", 990.0, room.now)])
    room.reducer.apply(changes, room.estate_state, room.now)
    room.wait(60)
    room.book.apply([replace(gap("C001", 0.0, room.now), state=OK, code="ok")])
    changes = room.book.apply([gap("C001", room.now, room.now)])
    room.reducer.apply(changes, room.estate_state, room.now)
    room.wait(60)
    told = [(t.incident.device, t.incident.cause) for t in room.told if t.what == "opened"]
    words = "footage from when it was not recorded (fault F000001)"
    assert told[1:] == [("C001", words), ("C000", ""), ("C001", "")]


def test_acknowledgement_is_kept_with_name_and_reason():
    room = Room(*cameras(2))
    room.say("C001", BAD)
    room.wait(30)
    ack = Ack("J Smith", "engineer is on the way", room.now)
    assert room.reducer.acknowledge(1, ack)
    assert room.reducer.incidents[1].ack == ack
    assert not room.reducer.acknowledge(77, ack)
    assert room.reducer.acknowledge(1, None)
    assert room.reducer.incidents[1].ack is None


def raised(room: Room, **details: str) -> int:
    made = act(ActKind.RAISE, "A", room.now, what="dirty", noticed_by="police", **details)
    return room.reducer.raise_fault(replace(made, id=3), room.estate_state)


def test_what_a_person_has_raised_is_notified_at_once_and_nothing_explains_or_ends_it():
    room = Room(switch(), *cameras(2, parents=("S07",)))
    number = raised(room, device="C001", priority="1")
    incident = room.reducer.incidents[number]
    assert (incident.site, incident.priority, incident.raised) == ("riverside", 1, True)
    told = room.reducer.tick(replace(room.estate_state, down={"S07": 0.0}), room.now)
    assert [(one.what, one.incident.number) for one in told] == [("opened", number)]
    room.say("C001", BAD)
    assert len(room.reducer.incidents) == 2, "a fault that the machine sees is another one"
    told = room.reducer.reconcile((), room.now, room.estate_state)
    assert set(room.reducer.incidents) == {number}, "no check has to see it"
    assert number not in [one.incident.number for one in told]


def test_what_a_person_has_raised_ends_and_begins_again_by_persons():
    room = Room(*cameras(1))
    number = raised(room)
    room.reducer.tick(room.estate_state, room.now)
    incident = room.reducer.incidents[number]
    assert incident.device == "other"
    close = replace(act(ActKind.CLOSE, "A", room.now, cause="no_fault"), id=9, number=number)
    closed = LifeCycle.of(incident, [close])
    (told,) = room.reducer.follow(closed, room.now)
    assert (told.what, told.incident.closed, room.reducer.incidents) == ("closed", room.now, {})
    assert room.reducer.follow(closed, room.now) == [], "it is taken over once"
    undo = replace(act(ActKind.UNDO, "A", room.now, act="9"), id=10, number=number)
    again = LifeCycle.of(replace(told.incident, closed=None), [close, undo])
    assert room.reducer.follow(again, room.now) == []
    (told,) = room.reducer.tick(room.estate_state, room.now)
    assert (told.what, told.incident.number, told.incident.closed) == ("opened", number, None)
    assert told.id not in (f"F{number:06d}-1", f"F{number:06d}-2")


@pytest.mark.parametrize("what", ["told", "held"])
def test_a_restart_tells_nothing_twice(what):
    room = Room(*cameras(9))
    room.say("C001", BAD)
    room.wait(30 if what == "told" else 5)
    again = IncidentReducer()
    again.restore(
        [Incident.of(c.as_dict()) for c in room.reducer.incidents.values()],
        room.reducer.last_number,
    )
    assert again.reconcile(room.book.open(), room.now, room.estate_state) == []
    later = [t for n in range(60) for t in again.tick(room.estate_state, room.now + n)]
    assert len(later) == (0 if what == "told" else 1)


def test_after_a_crash_cases_agree_with_the_faults_again():
    room = Room(*cameras(9))
    room.say("C001", BAD)
    room.wait(30)
    closed = room.reducer.reconcile([], room.now, room.estate_state)
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
    assert found == (BlindZone("B", ("C003",), ("C004",)),)
    assert found[0].words == "B has no working camera (C003); C004 can look there"


EVENTS = st.tuples(
    st.sampled_from(["S07", "C000", "C001", "C002", "C003", "C004", "C005"]),
    st.sampled_from([OK, BAD, State.UNKNOWN]),
    st.sampled_from([CheckName.REACH, CheckName.STREAM]),
    st.integers(0, 50),
)


@settings(max_examples=300)
@given(st.lists(EVENTS, max_size=40), st.sets(st.integers(0, 39)))
def test_no_sequence_loses_or_repeats_a_message_or_leaves_a_case_open(events, restarts):
    room = Room(switch(), *cameras(6, parents=("S07",)), policy=Policy(2, 3, 2))
    for number, (device, state, check_type, pause) in enumerate(events):
        room.say(
            device,
            state,
            check_type,
            "unreachable" if check_type == CheckName.REACH else "no_pictures",
        )
        room.wait(pause, 5)
        if number in restarts:
            kept = [Incident.of(c.as_dict()) for c in room.reducer.incidents.values()]
            last = room.reducer.last_number
            room.reducer = IncidentReducer()
            room.reducer.restore(kept, last)
            room.told += room.reducer.reconcile(room.book.open(), room.now, room.estate_state)
    for _ in range(WINDOW + 2):
        for device in room.estate_state.devices:
            room.say(device, OK)
            room.say(device, OK, CheckName.STREAM)
        room.wait(60, 10)
    assert room.book.open() == ()
    assert room.reducer.incidents == {}
    ids = [t.id for t in room.told]
    assert len(ids) == len(set(ids))
    per_case: dict[int, list[IncidentEvent]] = {}
    for told in room.told:
        per_case.setdefault(told.incident.number, []).append(told)
    for said_of_it in per_case.values():
        words = [t.what for t in said_of_it if t.what != "changed"]
        assert words == ["opened", "closed"]
        assert said_of_it[0].what == "opened"
        assert said_of_it[-1].what == "closed"
