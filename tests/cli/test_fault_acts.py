"""`healthmon faults raise, report, attend ...`: the whole life of a fault at the command line."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from helpers.commands import healthmon
from helpers.store_samples import CASE, FAULT

from healthmon.incidents.acts import CAUSES, NoticedBy, PauseOwner
from healthmon.incidents.incident import EstateState, IncidentEvent
from healthmon.incidents.local_time import moment
from healthmon.incidents.reducer import IncidentReducer
from healthmon.store import Batch, Store
from healthmon.store.location import InstanceLock

pytestmark = pytest.mark.slow
LONDON = ZoneInfo("Europe/London")
CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: state}
sites: [{id: riverside, name: Riverside}]
contractors:
  - {id: acme, name: Acme, response: 2 h, fix: 8 h, priorities: {P1: {response: 1 h, fix: 4 h}}}
cameras:
  - {id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: ptz, contractor: acme, priority: P2}
  - {id: C002, name: Bridge, site: riverside, address: 192.0.2.2, kind: ptz}
"""
NAME = ("--name", "A. Smith")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Path, Store]]:
    """A configuration whose store holds the open fault 8, notified an hour ago."""
    (tmp_path / "state").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    store, now = Store.open(f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}"), time.time()
    opened = replace(CASE, number=8, since=now - 3660, told=now - 3600)
    store.record(
        Batch(
            faults={FAULT.key: FAULT},
            incidents={8: opened},
            told=[IncidentEvent("opened", opened, now - 3600)],
        )
    )
    yield path, store
    store.close()


def command(path: Path, *argv: str) -> tuple[int, str, str]:
    return healthmon(*argv, "--config", str(path))


def well(path: Path, *argv: str) -> str:
    """What a command prints that must succeed."""
    code, out, err = command(path, *argv)
    assert code == 0, err
    return out


def restored(store: Store) -> None:
    """The machine sees it well."""
    (now,) = [one for one in store.incidents() if one.number == 8]
    store.record(Batch(incidents={8: replace(now, closed=time.time())}))


def shown(path: Path, number: str = "F000008") -> dict:
    return json.loads(well(path, "faults", "show", number, "--json"))


def test_the_whole_life_of_a_fault(kept: tuple[Path, Store]) -> None:
    path, store = kept
    assert "confirmed by A. Smith; open;" in well(path, "faults", "confirm", "8", *NAME)
    out = well(
        path, "faults", "report", "8", *NAME, "--to", "acme", "--how", "phone", "--reference", "J7"
    )
    assert out.startswith("F000008: reported by A. Smith; open, reported; response due ")
    assert well(path, "ack", "8", *NAME, "--reason", "called").startswith("F000008: acknowledged")
    out = well(path, "faults", "pause", "8", *NAME, "--owner", "highways", "--reason", "permit")
    assert out == "F000008: paused by A. Smith; open, reported\n"
    well(path, "faults", "resume", "8", *NAME)
    out = well(path, "faults", "attend", "8", *NAME, "--engineer", "B. Jones")
    assert "visit recorded by A. Smith; open, attended; fix due" in out
    well(path, "faults", "fix", "8", *NAME, "--action", "lead replaced", "--parts", "lead")
    code, _, problem = command(path, "faults", "close", "8", *NAME, "--cause", "device")
    assert (code, problem.splitlines()[-1]) == (
        3,
        "F000008: healthmon still sees the fault: no answer für 12 s",
    )
    restored(store)
    assert "restored, not yet accepted" in well(path, "faults", "show", "8")
    well(path, "faults", "verify", "8", *NAME)
    well(path, "faults", "accept", "8", *NAME)
    out = well(
        path, "faults", "close", "8", *NAME, "--cause", "device", "--action", "lead replaced"
    )
    assert out == "F000008: closed by A. Smith; closed\n"
    found = shown(path)
    assert [one["act"] for one in found["acts"]] == (
        [
            "confirm",
            "report",
            "acknowledge",
            "pause",
            "resume",
            "attend",
            "fix",
            "verify",
            "accept",
            "close",
        ]
    )
    assert (found["stage"], found["cause_group"], found["parts"]) == ("closed", "faulty", "lead")
    assert found["clock"]["fix"]["standing"] == "met"
    (row,) = csv.DictReader(io.StringIO(well(path, "faults", "--csv")))
    expected = {
        "stage": "closed",
        "reported_to": "acme",
        "reference": "J7",
        "engineer": "B. Jones",
        "finished_by": "A. Smith",
        "cause_code": "device",
        "response": "met",
        "fix": "met",
    }
    assert {key: row[key] for key in expected} == expected
    assert store.broken_links() == []


def test_the_record_of_one_fault_in_words(kept: tuple[Path, Store]) -> None:
    path, _ = kept
    well(path, "faults", "report", "8", *NAME, "--to", "acme")
    well(path, "faults", "pause", "8", *NAME, "--owner", "utility", "--reason", "no mains")
    well(path, "faults", "undo", "8", *NAME, "--reason", "wrong fault")
    out = well(path, "faults", "show", "F000008")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == "F000008  P2  C001 Slipway: open, reported"
    assert "no answer für 12 s" in lines
    assert any(line.startswith("response  running: due ") for line in lines)
    assert any(
        line.endswith("paused by A. Smith (undone): owner: utility; reason: no mains")
        for line in lines
    )
    assert any(line.endswith("last act undone by A. Smith: reason: wrong fault") for line in lines)
    assert max(map(len, lines)) < 120
    code, _, problem = command(path, "faults", "show", "F000009")
    assert (code, problem.splitlines()[-1]) == (3, "F000009: no such fault")


def test_the_clock_is_overdue_and_a_pause_of_others_holds_it(kept: tuple[Path, Store]) -> None:
    path, store = kept
    (now,) = store.incidents()
    store.record(Batch(incidents={8: replace(now, since=now.since - 9e4, told=now.told - 9e4)}))
    assert shown(path)["response"] == "overdue"
    began = datetime.fromtimestamp(now.told - 9e4 + 60, LONDON)
    argv = ("--owner", "council", "--reason", "no access", "--at", began.isoformat())
    well(path, "faults", "pause", "8", *NAME, *argv)
    found = shown(path)
    assert (found["response"], found["response_due"], found["paused_by"]) == (
        "paused",
        None,
        "council",
    )
    assert found["clock"]["response"]["used_seconds"] == pytest.approx(60, abs=1)
    assert "response  paused: " in well(path, "faults", "show", "8")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("close", "8", "--cause", "ghosts"), "cause 'ghosts' is not known; choose one of vandal"),
        (("pause", "8", "--owner", "weather", "--reason", "x"), "owner 'weather' is not known"),
        (("attend", "8", "--at", "25:00"), "'25:00' is not a time; write 14:05 (today)"),
        (("attend", "8", "--at", "2026-10-25 01:30"), "this time comes twice; write 2026-10-25T01"),
        (("attend", "8", "--at", "2026-03-29 01:30"), "the clock change leaves this time out"),
        (("attend", "8", "--at", "2026-03-29"), "has no time of day"),
        (("attend", "8", "--at", "2999-01-01 12:00"), "F000008: that time is in the future"),
        (("attend", "first"), "first: not a fault number; write for example F000123"),
        (("resume", "8"), "F000008: is not paused"),
        (("undo", "8"), "F000008: has no act that can be undone"),
        (
            ("raise", "--what", "x", "--noticed-by", "police", "--device", "C01"),
            "did you mean 'C00",
        ),
        (("raise", "--what", "x", "--noticed-by", "police", "--site", "river"), "no such site"),
        (
            ("raise", "--what", "x", "--noticed-by", "neighbour"),
            "choose one of operator, contractor",
        ),
        (
            ("raise", "--what", "x", "--noticed-by", "police", "--priority", "5"),
            "priority '5' is not",
        ),
    ],
)
def test_what_cannot_be_recorded_is_said_in_one_line(
    kept: tuple[Path, Store], argv: tuple[str, ...], words: str
) -> None:
    path, store = kept
    code, out, problem = command(path, "faults", *argv, *NAME)
    said = [line for line in problem.splitlines() if not line.startswith("store: ")]
    assert (code, out, len(said)) == (3, "", 1), problem
    assert words in said[0]
    assert store.life_cycle(8).acts == ()
    assert store.raised() == []


def test_a_name_is_needed(kept: tuple[Path, Store]) -> None:
    path, _ = kept
    code, _, problem = command(path, "faults", "confirm", "8", "--name", " ")
    assert (code, "a name is needed: --name 'A. Smith'" in problem) == (3, True)


def test_help_names_the_words_of_the_closed_lists() -> None:
    for command_, words in (("close", CAUSES), ("pause", PauseOwner), ("raise", NoticedBy)):
        _, out, _ = healthmon("faults", command_, "--help")
        text = " ".join(out.split())
        assert [word for word in words if word not in text] == []


RAISE = ("faults", "raise", *NAME, "--what", "dome is dirty", "--noticed-by", "police")


def test_without_an_agent_a_raised_fault_has_its_number_at_once(kept: tuple[Path, Store]) -> None:
    path, store = kept
    assert well(path, *RAISE, "--device", "C001") == "F000009: raised by A. Smith; open\n"
    assert well(path, *RAISE, "--priority", "P1").startswith("F000010: raised")
    first, second = store.life_cycle(9).incident, store.life_cycle(10).incident
    assert (first.device, first.site, first.priority, first.told) == ("C001", "riverside", 2, None)
    assert (second.device, second.site, second.priority) == ("other", "", 1)
    found = shown(path, "9")
    assert (found["noticed_by"], found["raised_by"], found["code"]) == (
        "police",
        "A. Smith",
        "raised",
    )
    code, _, problem = command(path, "faults", "close", "9", *NAME, "--cause", "lens")
    assert (code, "verify it before 'close'" in problem) == (3, True)
    well(path, "faults", "fix", "9", *NAME)
    well(path, "faults", "verify", "9", *NAME)
    well(path, "faults", "close", "9", *NAME, "--cause", "lens")
    assert len(well(path, "faults", "--open").splitlines()) == 2
    reporting = ("faults", "report", "10", *NAME, "--to", "acme")
    assert "response due" in well(path, *reporting), "the one who was told has a contract"


def test_beside_an_agent_a_raised_fault_gets_its_number_from_the_agent(
    kept: tuple[Path, Store],
) -> None:
    path, store = kept
    lock = InstanceLock(path.parent / "state")
    done: list[int] = []

    def agent() -> None:
        mine = Store.open(f"sqlite:///{path.parent / 'state' / 'healthmon.db'}")
        end = time.monotonic() + 60
        while not (raised := mine.raised()) and time.monotonic() < end:
            time.sleep(0.05)
        reducer = IncidentReducer(last_number=41)
        number = reducer.raise_fault(raised[0], EstateState())
        mine.record(
            Batch(incidents={number: reducer.incidents[number]}, raised={raised[0].id: number})
        )
        done.append(number)
        mine.close()

    beside = threading.Thread(target=agent)
    beside.start()
    # The lock is held by this process, in which it would be given again.
    with pytest.MonkeyPatch.context() as held:
        held.setattr("healthmon.cli.acting._without_agent", lambda _config: None)
        out = well(path, *RAISE)
    beside.join()
    lock.close()
    assert (done, out) == ([42], "F000042: raised by A. Smith; open\n")


def test_an_agent_that_does_not_answer_keeps_no_fault_from_the_record(
    kept: tuple[Path, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = kept
    monkeypatch.setattr("healthmon.cli.acting._without_agent", lambda _config: None)
    monkeypatch.setattr("healthmon.cli.acting.SECONDS", 0.1)
    assert "the fault is kept" in well(path, *RAISE)
    assert [one.get("what") for one in store.raised()] == ["dome is dirty"]


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("14:05", "2026-11-29T14:05:00+00:00"),
        ("2026-07-01 09:00", "2026-07-01T09:00:00+01:00"),
        ("2026-10-25T01:30+01:00", "2026-10-25T01:30:00+01:00"),
        ("2026-10-25T01:30+00:00", "2026-10-25T01:30:00+00:00"),
    ],
)
def test_times_are_local(text: str, local: str) -> None:
    today = datetime(2026, 11, 29, tzinfo=LONDON).date()
    assert moment(text, LONDON, today) == datetime.fromisoformat(local).timestamp()


def test_the_page_about_faults_has_every_cause_with_its_words_and_its_group() -> None:
    page = (Path(__file__).parents[2] / "docs/faults.md").read_text()
    for name, cause in CAUSES.items():
        counted = cause.group.value if cause.group else "not counted"
        assert f"| `{name}` | {cause.words} | {counted} |" in page
