"""`healthmon report` by the installed command, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers.commands import healthmon
from helpers.databases import empty, installed, postgres
from helpers.store_samples import FAULT
from helpers.support import IN_CI, Peers, need

from healthmon.incidents.incident import Incident, IncidentEvent
from healthmon.store import Batch, Segment, Store
from healthmon.store.retained import alike

CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: STATE}
sites: [{id: riverside, name: Riverside}]
cameras: [{id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: ptz}]
"""


@pytest.fixture(scope="module", autouse=True)
def server(module_peers: Peers) -> str:
    return postgres(module_peers)[1] if IN_CI or installed() else ""


def test_postgresql_and_sqlite_give_the_same_figures(tmp_path: Path, server: str) -> None:
    """Two hours up and one down in January 2026."""
    if not server:
        need("postgresql")
    found = []
    for kind in ("sqlite", "postgresql"):
        folder = tmp_path / kind
        folder.mkdir()
        state = folder / "state"
        state.mkdir()
        text = CONFIG.replace("STATE", str(state))
        url = f"sqlite:///{state / 'healthmon.db'}"
        if kind == "postgresql":
            url, secret = server, folder / "db"
            secret.write_text("not asked for\n")
            secret.chmod(0o600)
            text += "credentials: {db: {username: healthmon, secret: {file: db}}}\n"
            text += (
                f"database: {{url: 'postgresql://{server.rpartition('@')[2]}', credential: db}}\n"
            )
        config = folder / "config.yaml"
        config.write_text(text)
        store = Store.open(url)
        up = Segment("C001", "reach", "ok", 1_768_000_000.0, 1_768_007_200.0)
        down = Segment("C001", "reach", "fault", 1_768_007_200.0, 1_768_010_800.0)
        store.record(Batch(segments=[up, down], alive=1_768_010_800.0))
        store.close()
        words = ("--period", "2026-01", "--format", "json", "--config", str(config))
        code, out, err = healthmon("report", "monthly", *words)
        assert code == 0, err
        found.append(json.loads(out)["figures"])
    empty(server)
    assert found[0] == found[1]
    assert found[0][1]["value"] == pytest.approx(100 * 2 / 3)
    assert found[0][9]["value"] == 1.0


def test_mistakes_are_one_line_with_a_remedy(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("STATE", str(tmp_path)))
    Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}").close()
    cases = {
        ("montly",): "montly: no such report (did you mean 'monthly'?); they are",
        ("monthly", "--period", "2026-13"): "--period '2026-13' is not a period; write 2026-10",
        (
            "monthly",
            "--period",
            "2099-01",
        ): "--period 2099-01: has not begun; the month that goes on is 20",
        ("monthly", "--format", "docx"): "--format docx: not known; use text, csv, html",
        ("monthly", "--output", "x.doc"): "--output x.doc: a report is written as one of",
    }
    for words, told in cases.items():
        code, _, err = healthmon("report", *words, "--config", str(config))
        assert code == 3, words
        assert told in err.splitlines()[-1]


def test_files_are_written_in_the_form_of_their_name(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("STATE", str(tmp_path)))
    store = Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}")
    store.record(Batch(alive=time.time()))
    store.close()
    files = [tmp_path / f"r.{suffix}" for suffix in ("html", "csv", "json", "txt")]
    options = [word for file in files for word in ("--output", str(file))]
    code, out, err = healthmon("report", "foi", *options, "--config", str(config))
    assert (code, out) == (0, ""), err
    assert [file.read_text()[:10] for file in files] == [
        "<!doctype ",
        "report,per",
        '{\n  "title',
        "CCTV CAMER",
    ]


def test_the_retention_report_lists_each_kind_of_record(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("STATE", str(tmp_path)) + "history: {states: 30 d}\n")
    day, now = 86400.0, time.time()
    store = Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}")
    stretches = [
        Segment("C001", "reach", "ok", now - age * day, now - (age - 1) * day)
        for age in (50, 40, 5)
    ]
    store.record(Batch(segments=stretches, alive=now))
    assert store.trim(alike(0.0) | {"states": now - 30 * day}, now) is not None
    store.close()
    words = ("--format", "json", "--config", str(config))
    code, out, err = healthmon("report", "retention", *words)
    assert code == 0, err
    found = next(
        one for one in json.loads(out)["sections"] if one["heading"] == "What this record keeps"
    )
    rows = {row[0]: row[1:] for row in found["tables"][0]["rows"]}
    assert rows["states"][:2] == ["30 days", "1"]
    assert rows["states"][3] == "2", "so many were deleted"
    assert rows["faults"] == ["800 days", "0", "none", "0"]
    assert rows["changes"][:2] == ["800 days", "1"], "that it was done stands in the audit chain"
    code, out, _ = healthmon("audit", "show", "--config", str(config))
    assert "retention                       states 2" in out


def _fault_that_was(number: int, day: str, end: str) -> Batch:
    """A fault of which people were notified, from one day to another."""
    since, closed = (datetime.fromisoformat(f"{one}T12:00Z").timestamp() for one in (day, end))
    fault = replace(FAULT, since=since, confirmed=since)
    case = Incident(
        number, "C001", "riverside", (), since, since, 2, told=since, closed=closed, past=(fault,)
    )
    return Batch(
        incidents={number: case}, told=[IncidentEvent("closed", case, closed)], alive=closed
    )


def _foi_of_2026(config: Path) -> dict[str, list[list[str]]]:
    words = ("--period", "2026", "--format", "json", "--config", str(config))
    code, out, err = healthmon("report", "foi", *words)
    assert code == 0, err
    tables = [one for part in json.loads(out)["sections"] for one in part["tables"]]
    return {one["caption"]: one["rows"] for one in tables}


@pytest.fixture
def two_years(tmp_path: Path) -> Path:
    """A record since March 2025 with faults in two years."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("STATE", str(tmp_path)))
    store = Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}")
    store.record(Batch(alive=datetime(2025, 3, 1, tzinfo=UTC).timestamp()))
    store.record(_fault_that_was(1, "2025-05-01", "2025-05-02"))
    store.record(_fault_that_was(2, "2025-12-10", "2025-12-11"))
    store.record(_fault_that_was(3, "2026-02-01", "2026-02-02"))
    store.close()
    return config


def test_faults_per_year_are_those_of_the_whole_record_and_say_where_a_year_is_not_whole(
    two_years: Path,
) -> None:
    rows = _foi_of_2026(two_years)["Faults per year"]
    assert [row[:2] for row in rows] == [
        ["2025 (measured from 01 Mar 2025)", "2"],
        ["2026 (until now)", "1"],
    ]


def test_faults_that_were_deleted_because_they_were_old_are_not_counted_as_none(
    two_years: Path,
) -> None:
    store = Store.open(f"sqlite:///{two_years.parent / 'healthmon.db'}")
    cut = datetime(2026, 4, 10, tzinfo=UTC).timestamp()
    assert store.trim(alike(0.0) | {"faults": cut}, cut) is not None
    store.close()
    found = _foi_of_2026(two_years)
    months = dict(map(tuple, found["Faults per month"]))
    assert (months["2026-02"], months["2026-05"]) == ("not measured", "0")
    assert [row[:2] for row in found["Faults per year"]] == [
        ["2026 (measured from 10 Apr 2026, until now)", "0"]
    ]


def test_shift_checks_whose_sheets_were_deleted_are_not_missed_ones(two_years: Path) -> None:
    with two_years.open("a") as config:
        config.write("history: {sheets: 30 d}\n")
    text = two_years.read_text().replace("Europe/London}", "Europe/London, shifts: ['06:00']}")
    two_years.write_text(text)
    store = Store.open(f"sqlite:///{two_years.parent / 'healthmon.db'}")
    store.keep_sweep(datetime(2026, 2, 3, 6, 1, tzinfo=UTC).timestamp(), "{}")
    cut = datetime(2026, 4, 10, tzinfo=UTC).timestamp()
    assert store.trim(alike(0.0) | {"sheets": cut}, cut) is not None
    store.close()
    words = ("--period", "2026-02", "--format", "json", "--config", str(two_years))
    code, out, err = healthmon("report", "monthly", *words)
    assert code == 0, err
    shifts = next(one for one in json.loads(out)["figures"] if one["key"] == "shifts")
    assert (shifts["value"], shifts["rests_on"][:19]) == (None, "0 shift checks due,")
