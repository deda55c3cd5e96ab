"""`healthmon faults`, `history`, `ack` and `sign` on SQLite and on PostgreSQL."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import healthmon
from helpers.databases import empty, installed, postgres
from helpers.store_samples import CASE, FAULT
from helpers.support import IN_CI, Peers, need

from healthmon.config.loading import load
from healthmon.incidents.incident import IncidentEvent
from healthmon.store import Batch, Segment, Stay, Store
from healthmon.store.location import InstanceLock, place, recall

ROOT = Path(__file__).parents[2]
CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: STATE}
sites: [{id: riverside, name: Riverside}]
cameras: [{id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: ptz}]
"""


@pytest.fixture(scope="module", autouse=True)
def server(module_peers: Peers) -> str:
    return postgres(module_peers)[1] if IN_CI or installed() else ""


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, server: str
) -> Iterator[tuple[Path, Store]]:
    """A configuration whose store holds an open and a closed fault."""
    state = tmp_path / "state"
    state.mkdir()
    text = CONFIG.replace("STATE", str(state))
    url = f"sqlite:///{state / 'healthmon.db'}"
    if request.param == "postgresql":
        if not server:
            need("postgresql")
        url = server
        secret = tmp_path / "db"
        secret.write_text("not asked for\n")
        secret.chmod(0o600)
        text += "credentials: {db: {username: healthmon, secret: {file: db}}}\n"
        text += f"database: {{url: 'postgresql://{server.rpartition('@')[2]}', credential: db}}\n"
    path = tmp_path / "config.yaml"
    path.write_text(text)
    store, now = Store.open(url), time.time()
    opened = replace(
        CASE, number=8, since=now - 7200, told=now - 7100, cause="behind Bridge switch S07"
    )
    over = replace(CASE, number=7, since=now - 9e4, told=now - 8.9e4, closed=now - 8e4)
    store.record(
        Batch(
            faults={FAULT.key: FAULT},
            incidents={7: over, 8: opened},
            told=[IncidentEvent("opened", opened, now)],
            segments=[
                Segment("C001", "reach", "ok", now - 9000, now - 7200),
                Segment("C001", "reach", "fault", now - 7200),
            ],
        )
    )
    yield path, store
    store.close()
    if request.param == "postgresql":
        empty(server)


def command(path: Path, *argv: str) -> tuple[int, str, str]:
    return healthmon(*argv, "--config", str(path))


def test_as_a_process(kept: tuple[Path, Store]) -> None:
    path, _ = kept
    argv = [sys.executable, "-m", "healthmon", "faults", "--config", str(path)]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}", "PYTHONIOENCODING": "utf-8"}
    before = command(path, "faults")
    done = subprocess.run(argv, capture_output=True, encoding="utf-8", env=env, check=False)
    after = command(path, "faults")
    assert (done.returncode, done.stdout, done.stderr) in (before, after), (
        "the minute may have changed in between"
    )
    assert len(done.stdout.splitlines()) == 2


def test_the_fault_log_in_words_csv_and_json(kept: tuple[Path, Store]) -> None:
    path, _ = kept
    code, out, _ = command(path, "faults")
    assert code == 0
    first, second = out.splitlines()
    assert all(
        word in first
        for word in ("x F000008 P2", "C001  Slipway", "open", "no answer für 12 s", "behind Bridge")
    )
    assert all(word in second for word in ("F000007", "over"))
    assert len(command(path, "faults", "--open")[1].splitlines()) == 1
    rows = list(csv.DictReader(io.StringIO(command(path, "faults", "--csv")[1])))
    assert [(row["fault"], row["severity"], bool(row["closed"])) for row in rows] == [
        ("F000008", "fault", False),
        ("F000007", "fault", True),
    ]
    found = json.loads(command(path, "faults", "--json")[1])
    assert found[0]["seconds"] == pytest.approx(7200, abs=120)
    assert found[0]["since"].endswith(("+00:00", "+01:00"))


def test_the_history_of_a_device_is_stretches_and_faults(kept: tuple[Path, Store]) -> None:
    path, _ = kept
    code, out, _ = command(path, "history", "C001")
    assert code == 0
    assert "reach        ok" in out
    assert "30 min" in out
    assert "reach        fault" in out
    assert "F000008" in out
    states = json.loads(command(path, "history", "C001", "--json")[1])["states"]
    assert [one["state"] for one in states] == ["ok", "fault"]
    code, _, problem = command(path, "history", "C01")
    assert (code, "did you mean 'C001'" in problem) == (3, True)


def test_the_history_of_a_deployable_shows_where_it_was(kept: tuple[Path, Store]) -> None:
    path, store = kept
    now = time.time()
    for stay in (
        Stay("C001", "in_store", "depot", now - 3 * 86400),
        Stay("C001", "deployed", "Fair Ground, lamp column 3", now - 2 * 86400),
        Stay("C001", "in_transit", "", now - 3600),
    ):
        store.record(Batch(stays=[stay]))
    _, out, _ = command(path, "history", "C001")
    places = out.partition("PLACES\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in places] == ["in", "deployed", "in"]
    assert "Fair Ground, lamp column 3" in places[1]
    assert places[1].endswith("47 h 0 min")
    assert " - now " in places[2]
    found = json.loads(command(path, "history", "C001", "--json")[1])["places"]
    assert [(one["state"], one["location"]) for one in found] == [
        ("in_store", "depot"),
        ("deployed", "Fair Ground, lamp column 3"),
        ("in_transit", ""),
    ]


def test_a_fault_is_acknowledged_with_name_and_reason(kept: tuple[Path, Store]) -> None:
    path, store = kept
    code, out, _ = command(
        path, "ack", "F000008", "--name", "A. Smith", "--reason", "contractor called"
    )
    assert (code, out) == (0, "F000008: acknowledged by A. Smith; open, acknowledged\n")
    ack = store.life_cycle(8).ack
    assert ack is not None
    assert (ack.by, ack.reason) == ("A. Smith", "contractor called")
    for number_, words in (
        ("F000007", "is over; it needs no 'acknowledge'"),
        ("F000099", "no such fault"),
        ("first", "not a fault number"),
    ):
        code, _, problem = command(path, "ack", number_, "--name", "A", "--reason", "b")
        assert (code, words in problem) == (3, True)
    assert command(path, "ack", "8", "--name", " ", "--reason", "b")[0] == 3


def test_o9_the_last_sweep_is_signed_once_by_each_and_not_when_it_is_old(
    kept: tuple[Path, Store],
) -> None:
    path, store = kept
    assert "no shift check" in command(path, "sign", "--name", "A. Day")[2]
    store.keep_sweep(time.time() - 60, "{}")
    assert "is signed by A. Day" in command(path, "sign", "--name", "A. Day")[1]
    assert (
        "B. Night is noted in addition"
        in command(path, "sign", "--name", "B. Night", "--note", "C001 is being mended")[1]
    )
    assert "already" in command(path, "sign", "--name", "A. Day")[1]
    store.keep_sweep(time.time() - 16 * 60, "{}")
    with_id = store.last_sweep()
    assert with_id is not None
    code, _, problem = command(path, "sign", "--name", "C. Late")
    assert code == 3
    assert "16 min old (limit 15); sweep again" in problem
    assert store.signatures(with_id[0]) == []


def test_a_sweep_knows_since_when_from_the_agents_store(kept: tuple[Path, Store]) -> None:
    path, _ = kept
    recalled = recall(load(path), 0.0, (0.0, time.time()))
    assert (recalled.saved.faults, recalled.problem) == ((FAULT,), "")


def test_without_a_record_a_sweep_says_so(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("agent: {state_directory: elsewhere}\n")
    recalled = recall(load(path), 0.0, (0.0, time.time()))
    assert (recalled.saved.faults, recalled.problem) == ((), "there is no record of an agent")
    assert not (tmp_path / "elsewhere").exists()


def test_a_mistake_elsewhere_in_the_configuration_keeps_nobody_from_the_record(
    kept: tuple[Path, Store],
) -> None:
    """Where a database is configured the whole file is loaded, and the mistake told."""
    path, store = kept
    reading = (("faults", "--json"), ("history", "C001", "--json"))
    acting = (
        ("ack", "8", "--name", "A. Smith", "--reason", "called"),
        ("sign", "--name", "A. Smith"),
        ("check-config",),
    )
    path.write_text(path.read_text().replace("kind: ptz", "kind: dome, adress: x"))
    found = [command(path, *argv) for argv in (*reading, *acting)]
    told = [(code, "unknown key 'adress'" in problem) for code, _, problem in found]
    shown = (3, True) if "database:" in path.read_text() else (0, False)
    assert told == [shown, shown, (3, True), (3, True), (3, True)]
    assert store.life_cycle(8).acts == ()
    if shown == (0, False):
        (faults, history) = (json.loads(out) for _, out, _ in found[:2])
        assert [(one["fault"], one["name"]) for one in faults] == [
            ("F000008", "Slipway"),
            ("F000007", "Slipway"),
        ]
        assert [one["state"] for one in history["states"]] == ["ok", "fault"]
        words = f"store: {path.parent / 'state' / 'healthmon.db'}\n"
        assert [problem for *_, problem in found[:2]] == [words, words]


@pytest.mark.parametrize(
    "text",
    [
        "cameras: [\n",
        "- a list\n",
        "estate: {time_zone: Atlantis/Capital}\n",
        "agent: {state_directory: [x]}\n",
        "agent: {state_directory: STATE}\nagent: {state_directory: STATE}\n",
        "cameras: [{id: C001}]\n",
    ],
)
@pytest.mark.parametrize("reading", [("faults",), ("history", "C001")])
def test_where_the_record_cannot_be_found_by_the_file_its_problems_are_told(
    tmp_path: Path, text: str, reading: tuple[str, ...]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text.replace("STATE", str(tmp_path / "state")))
    told = command(path, *reading)
    assert told == command(path, "check-config")
    assert told[0] == 3
    assert not (tmp_path / "state").exists()


def test_without_a_history_it_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("STATE", str(tmp_path / "state")))
    code, _, problem = command(path, "faults")
    assert code == 3
    assert problem.startswith("no history yet: ")
    assert len(problem.splitlines()) == 1


def test_a_servers_password_stands_in_no_url_and_its_certificate_is_checked(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("s3cret")
    (tmp_path / "db").chmod(0o600)
    path = tmp_path / "config.yaml"
    path.write_text(
        "credentials: {db: {username: healthmon, secret: {file: db}}}\n"
        "database: {url: 'postgresql://db.example.com/healthmon', credential: db}\n"
    )
    found = place(load(path))
    address, _, query = found.url.partition("?")
    assert address == "postgresql://healthmon@db.example.com/healthmon"
    assert query.startswith("sslmode=verify-full&tcp_user_timeout=5000&keepalives_idle=5&")
    assert "s3cret" not in repr(found)


def test_a13_one_agent_for_one_state_directory(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path)
    code = "import sys, pathlib; from healthmon.store.location import InstanceLock; InstanceLock(pathlib.Path(sys.argv[1]))"
    argv = [sys.executable, "-c", code, str(tmp_path)]
    second = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False)
    assert "another healthmon agent runs already" in second.stderr
    first.close()
    InstanceLock(tmp_path).close()


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        ("follows the mains failure at Depot (fault F000007)", "at Depot (fault F000007)\n"),
        ("behind Bridge switch S07", "  behind Bridge switch S07 F000007\n"),
    ],
)
def test_the_number_of_the_cause_is_shown_once(
    kept: tuple[Path, Store], cause: str, shown: str
) -> None:
    path, store = kept
    store.record(Batch(incidents={9: replace(CASE, number=9, cause=cause, cause_number=7)}))
    _, out, _ = command(path, "faults", "show", "9")
    assert out.count("F000007") == 1
    assert shown in out
