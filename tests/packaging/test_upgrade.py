"""Configuration and record of 0.1.0 are taken over.

`first_release` was written by the first release itself (commit 94670cd): `healthmon demo` with three
cameras, its agent, two acknowledgements, a sweep and its signature. The configuration only lacks the
state directory; the record is a dump.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers.commands import healthmon

from healthmon.store import Store

FIRST = Path(__file__).parent / "first_release"
FAULTS = {
    "F000001": "acknowledged by A. Smith: switch is being replaced",
    "F000002": "on battery 3 min 10 s",
    "F000003": "relay of C001 differs",
    "F000004": "acknowledged by A. Smith: contractor comes on Thursday",
}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of the old configuration, beside its secrets and its record."""
    shutil.copy(FIRST / "config.yaml", tmp_path)
    for name in ("camera-view", "snmp-read"):
        secret = tmp_path / "secrets" / name
        secret.parent.mkdir(exist_ok=True)
        secret.write_text("word")
        secret.chmod(0o600)
    state = tmp_path / "state"
    state.mkdir(0o700)
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    with closing(sqlite3.connect(state / "healthmon.db")) as record:
        record.executescript((FIRST / "record.sql").read_text())
    return str(tmp_path / "config.yaml")


def test_the_configuration_is_accepted_as_it_is(config):
    code, told, _ = healthmon("check-config", "--config", config)
    assert code == 0
    assert "3 cameras, 2 recorders, 1 UPS, 9 links, 3 time servers" in told


def test_reading_alone_changes_nothing_and_says_what_brings_it_up_to_date(config):
    path = Path(config).parent / "state" / "healthmon.db"
    before = path.read_bytes()
    code, _, told = healthmon("faults", "--config", config)
    assert code != 0
    assert "has schema 1" in told
    assert "start the agent once, which brings it up to date" in told
    assert path.read_bytes() == before


def test_faults_acts_sheet_and_signature_are_there_after_the_agents_first_start(config):
    Store.open(f"sqlite:///{Path(config).parent}/state/healthmon.db").close()
    code, log, _ = healthmon("faults", "--config", config)
    assert code == 0
    for number, words in FAULTS.items():
        (line,) = (line for line in log.splitlines() if f" {number} " in line)
        assert words in line
    _, sheets, _ = healthmon("sheets", "--config", config)
    assert "3 faults" in sheets
    assert "Signed B. Jones, 30 Nov 2026 22:53:23" in sheets
    _, history, _ = healthmon("history", "S07", "--config", config)
    assert "reach        fault     30 Nov 2026 22:42 - now" in history


def test_the_audit_chain_begins_with_what_was_there(config):
    Store.open(f"sqlite:///{Path(config).parent}/state/healthmon.db").close()
    code, told, _ = healthmon("audit", "verify", "--config", config)
    assert code == 0
    assert "OK: 13 entries and 8 rows are as they were written" in told
