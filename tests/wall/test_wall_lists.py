"""The lists behind the wall's numbers, and the wall of one site: who is counted is listed, in whole sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.wall_estate import estate, line, troubled

from healthmon.incidents.incident import OTHER, PERSON, RAISED, SITE
from healthmon.model.enums import Kind
from healthmon_exporters.wall.lists import MOST_LISTED, TITLES, listed
from healthmon_exporters.wall.model import model
from healthmon_exporters.wall.snapshot import Snapshot


def rows(snapshot: Snapshot, name: str) -> list[dict]:
    found = listed(snapshot, name)
    assert found is not None
    assert found["total"] == len(found["rows"]) + found["more"]
    return found["rows"]


@pytest.mark.parametrize(("cameras", "faults"), [(20, 3), (150, 6), (60, 60), (10, 0)])
def test_a_number_and_its_list_are_of_the_same_devices(cameras: int, faults: int) -> None:
    snapshot = troubled(cameras, faults)
    for number in model(snapshot)["numbers"]:
        listed_open = [row for row in rows(snapshot, number["id"]) if not row.get("maintenance")]
        assert len(listed_open) == (number["value"] or 0), number["id"]


def test_every_sentence_is_whole() -> None:
    snapshot = troubled(20, 3)
    sentences = [row["sentence"] for row in rows(snapshot, "at_fault")]
    assert sentences[0] == "no pictures: connected, 0 frames in 8 s (limit 2 s)"
    assert all(row["number"] for row in rows(snapshot, "at_fault"))
    assert {row["state"] for row in rows(snapshot, "warnings")} == {"warning"}
    assert all(row["sentence"] for row in rows(snapshot, "not_checked"))


def test_all_faults_are_listed_in_the_order_of_the_wall() -> None:
    snapshot = troubled(100, 70)
    made = model(snapshot)
    found = rows(snapshot, "faults")
    assert len(found) == made["fault_total"] > len(made["faults"])
    assert [row["id"] for row in found[: len(made["faults"])]] == [
        one["id"] for one in made["faults"]
    ]


def test_a_long_list_is_cut_and_counted() -> None:
    found = listed(troubled(600, 600), "faults")
    assert found is not None
    assert (len(found["rows"]), found["more"]) == (MOST_LISTED, found["total"] - MOST_LISTED)


def test_there_is_no_other_list() -> None:
    assert listed(estate(3), "passwords") is None
    assert set(TITLES) >= {number["id"] for number in model(estate(3))["numbers"]}


def moved(snapshot: Snapshot, *names: str) -> Snapshot:
    """`snapshot` with these devices at the site "hill"."""
    devices = tuple(replace(d, site="hill") if d.id in names else d for d in snapshot.devices)
    return replace(snapshot, devices=devices, site_names={"hill": "Hill Street"})


def raised(snapshot: Snapshot, **more: object) -> Snapshot:
    """`snapshot` with a fault that a person has raised."""
    made = line(
        snapshot.devices[0], check_type=PERSON, code=RAISED, sentence="gate is open", number=812
    )
    return replace(snapshot, faults=(*snapshot.faults, replace(made, **more)))


def test_what_a_person_raised_about_something_else_stands_on_the_wall() -> None:
    """Also where its site is shown alone, and not where another site is."""
    whole = moved(estate(6), "C001")
    whole = raised(whole, device=OTHER, name="Something else, Hill Street", site="hill")
    for snapshot in (whole, whole.of_site("hill")):
        (one,) = model(snapshot)["faults"]
        assert (one["number"], one["name"]) == (812, "Something else, Hill Street")
        assert one["sentence"] == "gate is open"
        assert [row["number"] for row in rows(snapshot, "faults")] == [812]
    assert model(whole.of_site(whole.devices[1].site))["faults"] == []


def test_what_a_person_raised_about_a_device_that_is_off_stands_on_the_wall() -> None:
    whole = raised(estate(6))
    away = replace(whole, absent=frozenset({whole.devices[0].id}))
    assert [one["number"] for one in model(away)["faults"]] == [812]
    assert [one["number"] for one in model(whole)["faults"]] == [812], "once"


def test_the_wall_of_a_site_has_its_devices_and_faults_only() -> None:
    whole = moved(troubled(20, 3), "C001", "C005")
    lost = replace(
        line(whole.devices[0]), device=SITE + "hill", name="Hill Street site", site="hill"
    )
    whole = replace(whole, faults=(*whole.faults, lost))
    made = model(whole.of_site("hill"))
    assert made["estate"] == f"{whole.estate}, Hill Street"
    assert {one["id"] for one in made["cameras"]} == {"C001", "C005"}
    assert {one["id"] for one in made["faults"]} == {"C001", SITE + "hill"}
    assert made["numbers"][0]["value"] == 1
    assert [row["id"] for row in rows(whole.of_site("hill"), "at_fault")] == ["C001"]
    assert made["reference"] == model(whole)["reference"], (
        "healthmon's own clock is that of every wall"
    )
    rest = next(d.site for d in whole.devices if d.kind is Kind.CAMERA and d.site != "hill")
    assert "C001" not in {one["id"] for one in model(whole.of_site(rest))["cameras"]}
