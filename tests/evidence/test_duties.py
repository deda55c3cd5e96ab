"""Duties: the register, what is due, and what a declaration must say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import evidence_months
from helpers.evidence_record import configuration
from helpers.naive_evidence import LONDON

from healthmon.config.schema import Config
from healthmon.evidence import duties
from healthmon.evidence.duties import DAY, Standing
from healthmon.evidence.kpis import Kpi
from healthmon.incidents.operations import OperationError
from healthmon_exporters.reports import annual_review

NOW = 1_790_000_000.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    more = {
        "duties": [
            {"id": "signage", "every": "365 d"},
            {"id": "mast", "name": "Radio mast inspected", "every": "100 d", "lead": "10 d"},
            {"id": "generator_test", "disabled": "yes"},
        ]
    }
    return configuration(evidence_months.month(2026, 10), tmp_path, **more)


def declared(config: Config, days: float, key: str = "mast", at: int = 1, **texts: str):  # type: ignore[no-untyped-def]
    duty, _, subject = key.partition("@")
    given = {"by": "Ann", "once": f"m{at}", "evidence": "report 7"} | texts
    made = duties.declaration(config, duty, subject, given, (NOW - days * DAY, NOW))
    return replace(made, id=at)


def test_the_register_is_the_default_list_as_config_changes_it(config: Config) -> None:
    found = {one.id: one for one in duties.register(config)}
    assert found["signage"].interval == 365 * DAY
    assert found["signage"].per == "site"
    assert found["mast"].name == "Radio mast inspected"
    assert "generator_test" not in found
    assert {"dpia", "ups_service", "code_of_practice", "locations"} <= set(found)
    subjects = [one.key for one in duties.states(config, [], NOW, NOW)]
    assert {"signage@a", "signage@b", "ups_service@UPS1", "mast"} <= set(subjects)


@pytest.mark.parametrize(
    ("days", "standing"),
    [(0, Standing.DONE), (89, Standing.DONE), (91, Standing.SOON), (101, Standing.OVERDUE)],
)
def test_a_duty_is_warned_of_before_it_is_due(
    config: Config, days: float, standing: Standing
) -> None:
    states = duties.states(config, [declared(config, days)], NOW, NOW)
    found = next(one for one in states if one.key == "mast")
    assert (found.standing, found.by, found.evidence) == (standing, "Ann", "report 7")
    assert duties.warnings([found]) == (
        [f"Duties {standing}: 1"] if standing is not Standing.DONE else []
    )


def test_what_was_done_last_counts_and_not_what_was_entered_last(config: Config) -> None:
    newest, late_entry = declared(config, 5, at=1), declared(config, 300, at=2)
    states = duties.states(config, [newest, late_entry], NOW, NOW)
    assert next(one for one in states if one.key == "mast").standing is Standing.DONE


def test_what_nobody_ever_declared_is_due_a_lead_time_after_the_first_start(config: Config) -> None:
    fresh = duties.states(config, [], NOW, NOW)
    assert {one.standing for one in fresh} == {Standing.UNDECLARED}
    old = duties.states(config, [], NOW, NOW - 40 * DAY)
    assert {one.standing for one in old} == {Standing.OVERDUE}


@pytest.mark.parametrize(
    ("key", "days", "evidence", "words"),
    [
        ("masts", 0, "x", "masts: no such duty; they are"),
        ("mast@a", 0, "x", "mast is done for the whole estate: leave a out"),
        ("signage", 0, "x", "signage is done for each site: choose one of a, b"),
        ("mast", -2, "x", "that day is in the future"),
        ("mast", 0, " ", "evidence is needed"),
        ("mast", 0, "x" * 300, "evidence is longer than 200 characters"),
    ],
)
def test_a_wrong_declaration_is_refused_with_the_remedy(
    config: Config, key: str, days: float, evidence: str, words: str
) -> None:
    with pytest.raises(OperationError, match=words):
        declared(config, days, key, evidence=evidence)


@pytest.mark.parametrize("public", [False, True])
def test_every_row_of_the_annual_review_is_answered(config: Config, public: bool) -> None:
    figures = [
        Kpi(1, key, key, None if key == "recording" else 99.0, "%", "f", "0 hours")
        for key, _ in annual_review.MEASURED
    ]
    states = duties.states(config, [declared(config, 101)], NOW, NOW - 40 * DAY)
    rows = annual_review.rows(figures, states, LONDON, public=public)
    assert all(all(cell.strip() for cell in row) for row in rows)
    kinds = {answer.split(":")[0].split(" ")[0] for _, answer, _ in rows}
    assert kinds == {"measured", "declared", "not"}
    assert ("Recording complete", "not measured", "0 hours") in rows
    text = " ".join(" ".join(row) for row in rows)
    if public:
        assert "Radio mast" not in text
        assert "Ann" not in text
    else:
        day = "12 Jun 2026"
        assert f"declared by Ann on {day}; OVERDUE since 20 Sep 2026" in text
