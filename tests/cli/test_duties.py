"""`healthmon duties` and `healthmon import-faults` by their entry point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.commands import healthmon

from healthmon.store import Store

CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: STATE}
sites: [{id: riverside, name: Riverside}]
cameras: [{id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: ptz}]
"""
OLD = """reported,restored,reason,device,reference
2024-03-01,2024-03-03 09:00,vandalised,Slipway,J1
01/07/2024 10:00,05/07/2024 10:00,faulty,,J2
2024-12-24,,outdated,,
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("STATE", str(tmp_path)))
    Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}").close()
    return path


def test_a_declared_duty_is_in_the_list_the_history_and_the_chain(
    config: Path, tmp_path: Path
) -> None:
    options = ("--config", str(config))
    words = ("--name", "Ann Smith", "--evidence", "certificate 12", "--on", "2026-11-02")
    code, out, err = healthmon("duties", "done", "dpia", *words, *options)
    assert code == 0, err
    assert "done 02 Nov 2026 by Ann Smith (certificate 12); due 02 Nov 2027" in out
    _, out, _ = healthmon("duties", "list", "--json", *options)
    found = {one["duty"]: one for one in json.loads(out)}
    assert found["dpia"]["by"] == "Ann Smith"
    assert found["signage"]["standing"] == "not declared yet"
    _, out, _ = healthmon("duties", "history", "dpia", *options)
    assert "done 02 Nov 2026" in out
    _, out, _ = healthmon("report", "annual", "--period", "2026", *options)
    assert "declared by Ann Smith on 02 Nov 2026" in " ".join(out.split())
    code, _, err = healthmon("duties", "done", "dpai", *words, *options)
    assert (code, "dpai: no such duty; they are" in err) == (3, True)


def test_an_old_log_is_counted_as_imported_and_only_once(config: Path, tmp_path: Path) -> None:
    old, options = tmp_path / "old.csv", ("--name", "Ann", "--config", str(config))
    old.write_text(OLD)
    code, out, err = healthmon("import-faults", str(old), *options)
    assert code == 0, err
    assert "3 faults are recorded as imported, not measured; 0 known already" in out
    _, out, _ = healthmon("import-faults", str(old), *options)
    assert "0 faults are recorded as imported, not measured; 3 known already" in out
    words = ("--period", "2024", "--public", "--config", str(config))
    _, out, _ = healthmon("report", "foi", *words)
    text = " ".join(out.split())
    assert "they are marked 'imported, not measured'" in text
    assert "Faults open today" in text
    assert "old-0001 (imported, not measured)" in text
    assert "03 Mar 2024" in text
    assert "Slipway" not in text


def test_a_mistake_in_an_old_log_records_nothing(config: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text(OLD + "2024-05-05,2024-05-01,rust,,\n2099-01-01,,,,\n")
    code, _, err = healthmon("import-faults", str(old), "--name", "Ann", "--config", str(config))
    assert code == 3
    assert f"{old}:5: 'restored' is before 'reported'; check both times" in err
    assert f"{old}:6: has a time in the future" in err
    assert f"{old}: nothing was recorded" in err
    _, out, _ = healthmon("report", "foi", "--period", "2024", "--config", str(config))
    assert "old-0001" not in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "reported,restored\n2024-05-01,2024-05-02\n2024-05-01,2024-05-02\n",
            ":3: says the same as line 2",
        ),
        ("reported;restored\n01/05/2024;02/05/2024\n", ":1: values are divided by semicolons"),
        ("reported,restored\n0204-05-01,\n", ":2: has a time before 1970; check the year"),
        (
            "reported,restored\n12/31/2024,\n",
            "'12/31/2024 12:00' has no such month; the day comes first",
        ),
    ],
    ids=["twice", "semicolons", "year", "month first"],
)
def test_a_line_that_could_be_counted_wrongly_is_refused(
    text: str, told: str, config: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.csv"
    old.write_text(text)
    code, _, err = healthmon("import-faults", str(old), "--name", "Ann", "--config", str(config))
    assert (code, told in err) == (3, True), err


def test_a_date_alone_on_the_day_of_a_time_is_no_mistake(config: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("reported,restored\n2024-05-01 14:00,2024-05-01\n2024-05-02,02/05/2024 09:00\n")
    code, out, err = healthmon("import-faults", str(old), "--name", "Ann", "--config", str(config))
    assert (code, "2 faults are recorded" in out) == (0, True), err
    old.write_text("reported,restored\n2024-05-01 14:00,2024-04-30\n")
    code, _, err = healthmon("import-faults", str(old), "--name", "Ann", "--config", str(config))
    assert (code, "'restored' is before 'reported'" in err) == (3, True)
