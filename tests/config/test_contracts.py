"""Contracts of config.yaml: what holds for each priority, read with the models and without them."""

from __future__ import annotations

import sys
from datetime import date, time
from pathlib import Path

import pytest

from healthmon.config import loading, outline
from healthmon.config.contracts import BankHolidays, Contract, Promised
from healthmon.config.outline import Outline
from healthmon.config.problems import ConfigError

OFFICE = (time(8), time(17))
WEEK = frozenset(range(5))
HOUR = 3600.0
AT_WORK = "hours: '08:00-17:00', weekdays: [mon, tue, wed, thu, fri]"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def contract(path: Path, text: str) -> Contract:
    """The contract of one entry, which both ways of reading agree on."""
    path.write_text(f"contractors: [{{id: acme, name: Acme, {text}}}]\n")
    found = outline.read(path)
    assert found is not None
    assert found == Outline.of(loading.load(path))
    return found.contracts.by_id["acme"]


@pytest.mark.parametrize(
    ("text", "first", "third"),
    [
        ("", Promised(4 * HOUR, None, None, frozenset(), True), None),
        ("fix: 8 h", Promised(4 * HOUR, 8 * HOUR, None, frozenset(), True), None),
        (
            "hours: '08:00-17:00'",
            Promised(4 * HOUR, None, OFFICE, frozenset(), False),
            None,
        ),
        (
            f"{AT_WORK}, fix: 3 d, priorities: {{P1: {{response: 2 h, hours: always}}}}",
            Promised(2 * HOUR, 72 * HOUR, None, frozenset(), True),
            Promised(4 * HOUR, 72 * HOUR, OFFICE, WEEK, False),
        ),
        (
            "hours: '08:00-17:00', priorities: {P1: {bank_holidays: yes, weekdays: sat}}",
            Promised(4 * HOUR, None, OFFICE, frozenset({5}), True),
            Promised(4 * HOUR, None, OFFICE, frozenset(), False),
        ),
        (
            "hours: always, priorities: {P1: {hours: '22:00-06:00'}}",
            Promised(4 * HOUR, None, (time(22), time(6)), frozenset(), False),
            Promised(4 * HOUR, None, None, frozenset(), True),
        ),
    ],
)
def test_what_is_promised_for_a_priority(
    path: Path, text: str, first: Promised, third: Promised | None
) -> None:
    found = contract(path, text)
    assert found.promised[1] == first
    assert found.promised[3] == (third or first)
    assert not found.from_report
    assert contract(path, f"{text}{', ' if text else ''}clock: report").from_report


def test_who_repairs_which_device_and_the_bank_holidays(path: Path) -> None:
    path.write_text(
        "contractors: [{id: acme, name: Acme}]\n"
        "sites: [{id: a}]\n"
        "cameras: [{id: C1, name: One, site: a, address: 192.0.2.1, kind: ptz, contractor: acme},"
        " {id: C2, name: Two, site: a, address: 192.0.2.2, kind: ptz}]\n"
        "bank_holidays: {dates: 2026-12-25}\n"
    )
    found = outline.read(path)
    assert found == Outline.of(loading.load(path))
    assert found is not None
    assert found.contracts.of_device == {"C1": "acme"}
    assert date(2026, 12, 25) in found.contracts.bank_holidays
    assert date(2026, 12, 26) not in found.contracts.bank_holidays


def test_a_contract_that_is_not_well_formed_keeps_nobody_from_the_record(path: Path) -> None:
    path.write_text(
        "contractors: [{id: a, response: soon}, {id: b, fix: 9 h}, {id: c, priorities: {P1: 7}}]\n"
    )
    found = outline.read(path)
    assert found is not None
    assert set(found.contracts.by_id) == {"b"}


@pytest.mark.parametrize(
    ("region", "day", "holiday"),
    [
        ("england-and-wales", date(2026, 4, 6), True),
        ("scotland", date(2026, 4, 6), False),
        ("england-and-wales", date(2026, 12, 28), True),
        ("england-and-wales", date(2026, 12, 29), False),
    ],
)
def test_the_bank_holidays_of_a_region_are_those_of_the_library(
    region: str, day: date, holiday: bool
) -> None:
    pytest.importorskip("holidays")
    assert (day in BankHolidays(region=region)) is holiday


def test_without_the_library_a_region_is_a_mistake_with_its_remedy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    path.write_text("bank_holidays: {region: northern-ireland}\n")
    with pytest.raises(ConfigError, match=r"pip install 'healthmon\[holidays\]'"):
        loading.load(path)


def test_hours_without_a_bank_holiday_ahead_are_worth_a_warning(path: Path) -> None:
    path.write_text("contractors: [{id: acme, name: Acme, hours: '08:00-17:00'}]\n")
    assert [one for one in loading.load(path).warnings if "has none after today" in one]
    path.write_text(path.read_text() + "bank_holidays: {dates: ['2999-12-25']}\n")
    assert loading.load(path).warnings == ()
