"""What the wall says of an estate: worst first, nothing calm that is not known, nothing counted
twice.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from helpers.wall_estate import AT, NOW, estate, line, seen, troubled

from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.measurements import Reference
from healthmon.model.ups import Ups
from healthmon_exporters.wall.live import dumps
from healthmon_exporters.wall.model import MOST_CAMERAS, model
from healthmon_exporters.wall.snapshot import Snapshot, Sweep


def tile(snapshot: Snapshot, name: str) -> dict:
    return next(one for one in model(snapshot)["cameras"] if one["id"] == name)


def number(snapshot: Snapshot, name: str) -> dict:
    return next(one for one in model(snapshot)["numbers"] if one["id"] == name)


def at_fault(snapshot: Snapshot, name: str, kind: int = 0, **more: object) -> Snapshot:
    """`snapshot` with a confirmed fault of one device."""
    device = next(d for d in snapshot.devices if d.id == name)
    fault = line(device, kind, **more)
    found = seen(
        snapshot, name, CheckName(fault.check_type), state=fault.state, sentence=fault.sentence
    )
    return replace(found, faults=(*snapshot.faults, fault))


def test_a_well_estate_is_well_and_says_how_much_was_checked():
    made = model(estate(10))
    assert {one["state"] for one in made["cameras"]} == {"ok"}
    assert [(n["id"], n["value"], n["state"]) for n in made["numbers"]] == [
        ("at_fault", 0, "ok"),
        ("not_recorded", 0, "ok"),
        ("clock_wrong", 0, "ok"),
        ("on_battery", 0, "ok"),
        ("not_checked", 0, "ok"),
    ]
    assert made["numbers"][0]["note"] == "10 checked"
    assert made["faults"] == []
    assert made["reference"] == {"state": "ok", "words": "±12 ms, 3 servers"}
    assert made["sweep"] == {"at": round(AT - 4000), "signed_by": ["J. Smith"]}
    assert made["others"]["kinds"] == {
        "ups": {"total": 1, "ok": 1},
        "recorder": {"total": 2, "ok": 2},
        "link": {"total": 8, "ok": 8},
    }
    assert made["others"]["devices"][-1]["figure"] == "mains, 41 min left, charge 100 %"


def test_before_the_first_result_nothing_is_known():
    made = model(estate(10, seen={}))
    assert {one["state"] for one in made["cameras"]} == {"unknown"}
    assert [n["value"] for n in made["numbers"]] == [None, None, None, None, 10]
    assert all(n["state"] == "unknown" for n in made["numbers"])


@pytest.mark.parametrize(("age", "state"), [(129.0, "ok"), (131.0, "unknown")])
def test_a_result_is_believed_for_two_intervals_and_the_timeout(age, state):
    snapshot = seen(estate(10), "C003", CheckName.STREAM, landed=NOW - age)
    assert tile(snapshot, "C003")["state"] == state
    assert tile(snapshot, "C003").get("words") == (
        None if state == "ok" else "no fresh result: Pictures"
    )
    assert number(snapshot, "not_checked")["value"] == (state == "unknown")


def test_a_fault_whose_check_has_gone_silent_is_not_shown_as_one_of_now():
    snapshot = at_fault(estate(10), "C003")
    assert tile(snapshot, "C003")["state"] == "fault"
    silent = replace(snapshot, now=NOW + 200)
    made = model(silent)
    assert {one["state"] for one in made["cameras"]} == {"unknown"}
    assert made["faults"] == []
    assert made["numbers"][0]["value"] is None


def test_worst_comes_first_and_every_state_has_its_word():
    made = model(troubled(20, 5))
    states = [one["state"] for one in made["cameras"]]
    assert states[:11] == ["fault"] * 5 + ["unknown"] * 2 + ["warning"] * 2 + ["doubt", "ok"]
    ranks = ["fault", "unknown", "warning", "doubt", "ok"]
    assert states == sorted(states, key=ranks.index)
    assert all(one.get("words") for one in made["cameras"] if one["state"] != "ok")
    assert made["cameras"][4]["taken"], "what somebody has taken on stands behind what nobody has"
    assert made["cameras"][-1]["maintenance"], "maintenance stands last"
    assert made["numbers"][0]["note"] == "2 warnings, 2 of 20 not checked"


def test_a_fault_counts_once_under_each_heading():
    snapshot = at_fault(at_fault(estate(10), "C001", 1), "C001", 3)
    snapshot = at_fault(at_fault(snapshot, "C002", 2), "R1", 1)
    values = {n["id"]: n["value"] for n in model(snapshot)["numbers"]}
    assert values == {
        "at_fault": 2,
        "not_recorded": 1,
        "clock_wrong": 1,
        "on_battery": 0,
        "not_checked": 0,
    }
    made = model(snapshot)
    assert [one["id"] for one in made["faults"]] == ["C001", "C002", "R1"]
    assert made["faults"][0]["more"] == "and 1 more of this device"
    assert made["faults"][0]["sentence"].startswith("RTSP 554 refused"), "that it is lost says most"


def test_footage_that_is_kept_too_long_is_no_footage_that_is_missing():
    snapshot = at_fault(estate(10), "C001", 2, code="retention_long")
    assert number(snapshot, "not_recorded")["value"] == 0
    assert number(snapshot, "at_fault")["value"] == 1


def test_what_is_in_maintenance_is_told_but_not_counted():
    snapshot = replace(
        at_fault(estate(10), "C001", maintenance="works"), maintenance={"C001": "works"}
    )
    shown = number(snapshot, "at_fault")
    assert (shown["value"], shown["state"], shown["note"]) == (
        0,
        "ok",
        "1 in maintenance, 10 checked",
    )
    assert tile(snapshot, "C001")["maintenance"]
    assert model(snapshot)["faults"][0]["maintenance"] == "works"


def test_the_severity_of_a_number_is_that_of_its_worst():
    drift = at_fault(estate(10), "C001", 3, state=State.DEGRADED)
    assert (number(drift, "clock_wrong")["value"], number(drift, "clock_wrong")["state"]) == (
        1,
        "warning",
    )
    assert number(at_fault(drift, "C002", 3), "clock_wrong")["state"] == "fault"
    assert tile(drift, "C001")["state"] == "warning"


def test_bad_once_is_looked_at_again_and_is_no_fault():
    snapshot = seen(estate(10), "C001", CheckName.REACH, state=State.FAULT, sentence="no answer")
    assert tile(snapshot, "C001") == {
        "id": "C001",
        "name": "Riverside north",
        "state": "doubt",
        "words": "looking again: no answer",
    }
    assert number(snapshot, "at_fault")["value"] == 0


def test_zero_is_no_news_when_most_was_not_checked():
    snapshot = estate(10)
    for name in ("C001", "C002", "C003", "C004"):
        snapshot = seen(
            snapshot, name, CheckName.CLOCK, state=State.UNKNOWN, sentence="no reference"
        )
    assert number(snapshot, "clock_wrong") == {
        "id": "clock_wrong",
        "label": "Clock wrong",
        "value": 0,
        "state": "ok",
        "note": "4 of 10 not checked",
    }
    for name in ("C005", "C006"):
        snapshot = seen(
            snapshot, name, CheckName.CLOCK, state=State.UNKNOWN, sentence="no reference"
        )
    assert (number(snapshot, "clock_wrong")["value"], number(snapshot, "clock_wrong")["state"]) == (
        None,
        "unknown",
    )


def test_what_is_not_asked_is_not_zero():
    snapshot = estate(10)
    checks = [
        check
        for check in snapshot.checks
        if check.check_type not in (CheckName.RECORDING, CheckName.UPS)
    ]
    shown = number(replace(snapshot, checks=checks), "not_recorded")
    assert (shown["value"], shown["state"], shown["note"]) == (None, "none", "not monitored")
    assert number(replace(snapshot, checks=checks), "on_battery")["value"] is None


@pytest.mark.parametrize("held", ["parent", "own network", "absent"])
def test_what_something_else_explains_is_not_this_cameras_fault(held):
    snapshot = at_fault(estate(10), "C001", 1, held=held)
    snapshot = seen(
        snapshot,
        "C001",
        CheckName.REACH,
        state=State.UNKNOWN,
        sentence="behind Market Place switch S01",
    )
    assert tile(snapshot, "C001")["state"] == "unknown"
    assert model(snapshot)["faults"] == []


def test_a_lost_site_is_one_entry_and_its_cameras_stay_at_fault():
    snapshot = estate(20)
    for device in [d for d in snapshot.devices if d.kind is Kind.CAMERA][:12]:
        snapshot = at_fault(snapshot, device.id, 1, held="site", cause_number=7, number=100)
    site = replace(
        line(snapshot.devices[0], 1),
        device="site:market",
        name="Market Place site",
        number=7,
        affected=12,
    )
    made = model(replace(snapshot, faults=(*snapshot.faults, replace(site, code="common_cause"))))
    assert [one["id"] for one in made["faults"]] == ["site:market"]
    assert made["faults"][0]["more"] == "12 devices behind it"
    assert made["numbers"][0]["value"] == 12


def test_the_order_of_the_faults_is_that_of_the_work():
    snapshot = at_fault(estate(10), "C001", priority=3, since=AT - 50)
    snapshot = at_fault(snapshot, "C002", priority=2, since=AT - 9000)
    snapshot = at_fault(snapshot, "C003", priority=2, since=AT - 100)
    snapshot = at_fault(snapshot, "C004", priority=1, acknowledged_by="J. Smith")
    snapshot = at_fault(snapshot, "C005", priority=1, maintenance="works")
    assert [one["id"] for one in model(snapshot)["faults"]] == [
        "C003",
        "C002",
        "C001",
        "C004",
        "C005",
    ]
    assert model(snapshot)["faults"][3]["taken"]


def test_power_says_where_it_comes_from():
    ups = {"UPS1": Ups("snmp", source="battery", runtime_seconds=2460, charge_ratio=0.88)}
    device = next(d for d in estate().devices if d.id == "UPS1")
    fault = replace(
        line(device),
        check_type="ups",
        instance="",
        code="on_battery",
        sentence="on battery 3 min 10 s",
    )
    snapshot = replace(
        seen(estate(10, ups=ups), "UPS1", CheckName.UPS, state=State.FAULT), faults=(fault,)
    )
    made = model(snapshot)
    assert made["others"]["devices"][0]["figure"] == "ON BATTERY, 41 min left, charge 88 %"
    assert made["numbers"][3]["value"] == 1
    named = replace(fault, name="Mast")
    assert model(replace(snapshot, faults=(named,)))["faults"][0]["name"] == "UPS Mast"
    assert made["faults"][0]["name"] == "Control room UPS"


def test_a_device_that_is_not_watched_is_off_and_counts_nowhere():
    snapshot = estate(10)
    stored = replace(snapshot.devices[0], deployment="in_store")
    snapshot = replace(
        snapshot, devices=[stored, *snapshot.devices[1:]], absent=frozenset({"C001"})
    )
    assert tile(snapshot, "C001") == {
        "id": "C001",
        "name": "Riverside north",
        "state": "off",
        "words": "in store",
    }
    assert number(snapshot, "at_fault")["note"] == "9 checked"
    assert number(snapshot, "not_checked")["note"] == "of 9 cameras"


def test_ids_stand_in_the_order_in_which_people_count():
    snapshot = estate(3)
    names = ["C10", "C9", "C100"]
    made = [replace(d, id=name) for d, name in zip(snapshot.devices, names, strict=False)]
    assert [one["id"] for one in model(replace(snapshot, devices=made, checks=[]))["cameras"]] == [
        "C9",
        "C10",
        "C100",
    ]


def test_without_a_reference_and_without_a_sweep_it_says_so():
    made = model(
        estate(10, reference=Reference(None, AT, reason_text="no server answers"), sweep=None)
    )
    assert made["reference"]["words"] == "NONE: no server answers"
    assert made["sweep"] is None
    assert model(estate(10, reference=None))["reference"]["words"] == "not known yet"
    assert model(estate(10, sweep=Sweep(AT)))["sweep"]["signed_by"] == []


def test_six_hundred_cameras_all_at_fault_are_a_hundred_kilobytes_at_most():
    text = dumps(model(troubled(600, 600)))
    assert len(text) <= 100_000
    assert json.loads(text)["fault_total"] == 600


def test_a_huge_estate_is_cut_and_counted():
    made = model(troubled(3000, 2))
    assert (len(made["cameras"]), made["camera_total"]) == (MOST_CAMERAS, 3000)
    assert made["cameras"][0]["state"] == "fault"
    assert sum(made["counts"].values()) == 3000
