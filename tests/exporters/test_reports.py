"""Reports in every form, of a month that is in the record."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers import evidence_months
from helpers.evidence_record import camera_entry, configuration, record
from helpers.naive_evidence import DAY, LONDON

from healthmon.config.schema import Config
from healthmon.evidence.period import Period
from healthmon.runtime.report_making import Wish, made
from healthmon.store import Store
from healthmon_exporters.reports import report_forms
from healthmon_exporters.reports.report_kinds import KINDS

pytestmark = pytest.mark.slow


@dataclass
class Kept:
    """A month in a store, with its configuration."""

    config: Config
    store: Store
    file: Path

    def report(self, kind: str, period: str = "2026-10", *, public: bool = False) -> dict[str, Any]:
        month = Period.of(period, LONDON)
        now = Period.of("2026-10", LONDON).until + 3 * DAY
        return made(Wish(kind, month, now, public), self.config, self.store, lambda _d, _t: None)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("reports")
    planted = evidence_months.month(2026, 10, interval=1800)
    cameras = [camera_entry(number, one) for number, one in enumerate(planted.cameras)]
    cameras[0]["contractor"] = "fixit"
    more = {
        "contractors": [{"id": "fixit", "name": "Fixit Masts Ltd", "response": "4 h"}],
        "cameras": cameras,
    }
    config = configuration(planted, folder, **more)
    store = Store.open(f"sqlite:///{folder}/history.db")
    record(planted, store)
    yield Kept(config, store, folder / "config.yaml")
    store.close()


def table(document: dict[str, Any], caption: str) -> list[list[str]]:
    """The rows of one table."""
    found = (made for section in document["sections"] for made in section["tables"])
    return next(made["rows"] for made in found if made["caption"].startswith(caption))


def texts(document: dict[str, Any]) -> dict[str, str]:
    """The report in each form that is text."""
    forms = {name: form for name, form in report_forms.FORMS.items() if name != ".pdf"}
    return {name: form(document).decode() for name, form in forms.items()}


def test_the_inner_form_names_the_worst_cameras(kept: Kept) -> None:
    for text in texts(kept.report("monthly")).values():
        assert "Lamppost C002" in text
        assert "Measured over the whole period" in text


def test_the_same_figures_stand_in_every_form(kept: Kept) -> None:
    document = kept.report("monthly")
    figure = next(one for one in document["figures"] if one["key"] == "availability")
    assert re.fullmatch(r"\d\d\.\d\d %", figure["words"])
    found = texts(document)
    for text in found.values():
        assert figure["words"] in text
    rows = list(csv.DictReader(io.StringIO(found[".csv"])))
    value = next(r for r in rows if r["part"].startswith("figure 2:") and r["column"] == "value")
    assert float(value["value"]) == figure["value"]
    assert json.loads(found[".json"])["figures"][1]["value"] == figure["value"]
    assert len(document["figures"]) == 15
    assert all(one["formula"] and one["rests_on"] for one in document["figures"])


def test_foi_answers_the_five_questions(kept: Kept) -> None:
    document = kept.report("foi", "2026", public=True)
    headings = [one["heading"][:2] for one in document["sections"]]
    assert headings == ["1.", "2.", "3.", "4.", "5."]
    text = texts(document)[".txt"]
    assert "4 cameras at the end of the period" in text
    assert "Faults open today (04 Nov 2026 00:00): 1." in text
    assert "2026-10  6" in text
    assert "vandalised" in text
    assert "outdated" in text
    faults = {one["number"]: one for one in document["faults"]}
    assert faults["F000002"]["restored"] - faults["F000002"]["began"] == 71 * 3600
    assert "A shift check of all cameras is due 2 times a day." in text
    assert "F000002" in text
    assert "Measured from 29 Sep 2026" in text


def test_a_period_before_the_record_is_not_measured_and_not_zero(kept: Kept) -> None:
    document = kept.report("monthly", "2026-08")
    figures = {one["key"]: one for one in document["figures"]}
    for key in ("availability", "recording", "retention", "clocks", "lost", "shifts", "times"):
        assert figures[key]["words"] == "not measured", key
    for key in ("faults", "repeats", "power", "no_fault"):
        assert figures[key]["words"] == "not measured", f"{key}: none was recorded, which is not 0"
    assert figures["coverage"]["words"] == "0.00 %"
    assert "nothing is known of the time before" in " ".join(document["notes"])
    assert [one["month"] for one in document["months"]] == ["2026-08"]


def test_months_before_the_record_and_after_today_are_no_bad_months(kept: Kept) -> None:
    document = kept.report("monthly")
    assert [one["month"] for one in document["months"]] == ["2026-09", "2026-10"]
    rows = table(kept.report("foi", "2026"), "Faults per month")
    assert rows[:2] == [["2026-01", "not measured"], ["2026-02", "not measured"]]
    assert rows[-2:] == [["2026-10", "6"], ["2026-11", "0"]]


def test_contractors_are_timed_and_not_named_in_public(kept: Kept) -> None:
    document = kept.report("contractor")
    inner = texts(document)[".txt"]
    assert "Fault by fault" in inner
    assert "utility 20.0 h" in inner
    rows = {row[0]: row for row in table(document, "Fault by fault")}
    assert rows["F000002"][-1] == "response late"
    # Of the devices without a contractor the record has "Fixit", as people have typed it.
    assert {rows[f"F{number:06d}"][2] for number in (2, 3, 5)} == {"Fixit Masts Ltd"}
    captions = [made["caption"] for made in document["sections"][0]["tables"]]
    assert [one.partition(":")[0] for one in captions] == ["Fixit Masts Ltd", "no contractor"]
    assert captions[1] == "no contractor: 3 faults; no promise of a contract was settled"
    assert "Fault by fault" not in texts(kept.report("contractor", public=True))[".txt"]


def test_the_generator_is_held_against_its_start(kept: Kept) -> None:
    kept.config.ups[0].__dict__["generator_start"] = 60.0
    try:
        text = texts(kept.report("monthly"))[".txt"]
        public = texts(kept.report("monthly", public=True))[".txt"]
    finally:
        kept.config.ups[0].__dict__["generator_start"] = None
    assert "the generator did NOT take over in time: longest time on battery 900 s" in " ".join(
        text.split()
    )
    assert "Generators took over in time at 0 of 2 mains failures." in public


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """An estate without cameras, with a record in which nothing is."""
    folder = tmp_path_factory.mktemp("bare")
    month = evidence_months.month(2026, 10, interval=7200)
    config = configuration(month, folder, cameras=[])
    store = Store.open(f"sqlite:///{folder}/history.db")
    yield Kept(config, store, folder / "config.yaml")
    store.close()


@pytest.mark.parametrize("period", ["2026-09", "2026-10", "2026-11"])
@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_was_measured_no_form_says_0(kind: str, period: str, bare: Kept) -> None:
    document = bare.report(kind, period)
    assert document["notes"][0].startswith("Nothing has been measured yet")
    counts = ("cameras", "planned")  # of the configuration, and not of the record
    for figure in document["figures"]:
        known = [figure["value"], *(line["value"] for line in figure["lines"])]
        assert figure["key"] in counts or known == [None] * len(known), figure["title"]
    for text in texts(document).values():
        assert "No fault began" not in text
        assert "nan" not in text.split()
    if kind == "foi":
        assert "Faults open today" in texts(document)[".txt"]
        assert "Faults that began in the period: not measured." in texts(document)[".txt"]


def test_a_period_that_goes_on_says_until_when_it_is_counted(kept: Kept) -> None:
    document = kept.report("monthly", "2026-11")
    assert "The period is not over: the figures are as of 04 Nov 2026 00:00." in document["notes"]
    figures = {one["key"]: one for one in document["figures"]}
    # Three days of four cameras, of which the agent has seen one hour.
    assert figures["coverage"]["hours"] < 4 * 72
    assert 0 < figures["coverage"]["value"] < 100 / 24
    assert figures["shifts"]["rests_on"].startswith("6 shift checks due, 0 made in time")


def test_the_day_on_which_the_record_begins_is_counted_from_then(kept: Kept) -> None:
    document = kept.report("monthly", "2026-09")
    assert document["notes"][0].startswith("Measured from 29 Sep 2026 00:00; nothing is known")
    figures = {one["key"]: one for one in document["figures"]}
    # Two days of shift changes; what was due before the record was nobody's to make.
    assert figures["shifts"]["rests_on"].startswith("4 shift checks due")
    assert figures["availability"]["hours"] < 5 * 48
