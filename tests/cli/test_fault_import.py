"""`healthmon faults import`: a contractor's CSV file is taken as a whole or not at all."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from helpers.commands import healthmon
from helpers.store_samples import CASE

from healthmon.cli import fault_import
from healthmon.store import Batch, Store

pytestmark = pytest.mark.slow
LONDON = ZoneInfo("Europe/London")
NOW = datetime.now(LONDON).replace(second=0, microsecond=0)
NAME = ("--name", "A. Smith")


def local(hours: float, form: str = "%Y-%m-%d %H:%M") -> str:
    """The local time `hours` ago."""
    return f"{(NOW.astimezone(ZoneInfo('UTC')) - timedelta(hours=hours)).astimezone(LONDON):{form}}"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Path, Store]]:
    """Open faults 7, 8 and 9 of two days; 7 is reported as J7, 8 and 9 both as J8."""
    (tmp_path / "state").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text("estate: {name: Example}\nagent: {state_directory: state}\n")
    store, since = Store.open(f"sqlite:///{tmp_path}/state/healthmon.db"), time.time() - 2 * 86400
    store.record(
        Batch(incidents={n: replace(CASE, number=n, since=since, told=since) for n in (7, 8, 9)})
    )
    for number, job in (("7", "J7"), ("8", "J8"), ("9", "J8")):
        argv = ("report", number, *NAME, "--to", "acme", "--reference", job, "--at", local(40))
        assert healthmon("faults", *argv, "--config", str(path))[0] == 0
    yield path, store
    store.close()


def imported(path: Path, text: str | bytes) -> tuple[int, str, list[str]]:
    """Exit code, what is printed, and the lines of what is wrong without the file's name."""
    file = path.parent / "jobs.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, out, err = healthmon("faults", "import", str(file), *NAME, "--config", str(path))
    wrong = [line for line in err.splitlines() if not line.startswith("store: ")]
    return (
        code,
        out.replace(str(file), "jobs.csv"),
        [line.replace(str(file), "jobs.csv") for line in wrong],
    )


def acts(store: Store, number: int) -> list[str]:
    return [one.kind.value for one in store.life_cycle(number).acts]


def good() -> str:
    return (
        "reference,fault,attended,engineer,fixed,action,parts,cause\r\n"
        f'J7,,{local(30)},B. Jones,{local(29, "%d/%m/%Y %H:%M")},"lead, new",lead,device\r\n'
        "\r\n"
        f"J8,F000009,{local(28)},,,,,\r\n"
    )


def test_visits_and_fixes_are_recorded_once_however_often_the_file_comes(
    kept: tuple[Path, Store],
) -> None:
    path, store = kept
    code, out, wrong = imported(path, "\ufeff" + good())
    assert (code, wrong) == (0, [])
    assert out == "jobs.csv: recorded 2 visits and 1 fix; 0 known already\n"
    assert (acts(store, 7), acts(store, 8), acts(store, 9)) == (
        ["report", "attend", "fix"],
        ["report"],
        ["report", "attend"],
    )
    fix = store.life_cycle(7).acts[-1]
    assert (fix.get("action"), fix.get("cause"), fix.get("reference")) == (
        "lead, new",
        "device",
        "J7",
    )
    assert fix.happened == (NOW - timedelta(hours=29)).timestamp()
    more = good() + f"J7,,{local(3)},C. King,,,,\r\n"
    assert imported(path, more)[1].startswith(
        "jobs.csv: recorded 1 visit and 0 fixes; 3 known already"
    )
    shown = healthmon("faults", "show", "7", "--json", "--config", str(path))[1]
    assert json.loads(shown)["stage"] == "fix claimed", "it stays open"
    assert store.broken_links() == []


def test_every_bad_line_is_told_and_nothing_is_recorded(kept: tuple[Path, Store]) -> None:
    path, store = kept
    text = (
        "fault,reference,attended,fixed,cause\n"
        f"F000007,,{local(30)},,\n"
        f"7,,{local(30)},,\n"
        f"F000099,,{local(30)},,\n"
        f",J9,{local(30)},,\n"
        f",J8,{local(30)},,\n"
        f",,{local(30)},,\n"
        "F000007,,,,\n"
        "F000007,,soon,,\n"
        "F000007,,2026-03-29 01:30,,\n"
        f"F000007,,{local(30)},{local(31)},\n"
        f"F000007,,,{local(30)},ghosts\n"
        f"F000007,,{local(30)},,lens\n"
        f"F000007,,{local(-5)},,\n"
        f"F000007,,{local(2000)},,\n"
        f"F000007,,{local(30)},,,x\n"
        f"F000007,{local(30)}\n"
        f"F000007,,{local(60)},{local(59)},\n"
    )
    code, out, wrong = imported(path, text)
    assert (code, out) == (3, "")
    words = [
        "jobs.csv:3: '7' is not a fault number; write for example F000123",
        "jobs.csv:4: F000099: no such fault",
        "jobs.csv:5: no fault was reported with reference 'J9'; add its number in 'fault'",
        "jobs.csv:6: reference 'J8' is that of F000008, F000009; add the number in 'fault'",
        "jobs.csv:7: has neither 'fault' nor 'reference'; fill in one of them",
        "jobs.csv:8: has neither 'attended' nor 'fixed'; fill in one of them",
        "jobs.csv:9: 'attended': 'soon' is not a time; write date and time: 2026-11-29 14:05 or",
        "jobs.csv:10: 'attended': 2026-03-29 01:30: the clock change leaves this time out",
        "jobs.csv:11: 'fixed' is before 'attended'; check both times",
        "jobs.csv:12: cause 'ghosts' is not known; choose one of vandalism",
        "jobs.csv:13: has action, parts or cause but no time in 'fixed'; fill it in",
        "jobs.csv:14: F000007: that time is in the future",
        "jobs.csv:15: F000007: that time is more than a day before the fault began",
        "jobs.csv:16: has 1 more value than columns; quote texts that have a comma",
        "jobs.csv:17: has 3 fewer values than columns",
        "jobs.csv:18: F000007: that time is before the fault began; check date and time",
        "jobs.csv: nothing was recorded",
    ]
    assert len(wrong) == len(words)
    assert [
        line for line, word in zip(wrong, words, strict=True) if not line.startswith(word)
    ] == []
    assert acts(store, 7) == ["report"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "jobs.csv:1: needs 'fault' or 'reference', and 'attended' or 'fixed'"),
        ("fault,note\n", "jobs.csv:1: needs 'fault' or 'reference', and 'attended' or 'fixed'"),
        ("fault;attended\n", "jobs.csv:1: values are divided by semicolons or tabs; save it as"),
        ("fault,atended\n", "unknown column 'atended' (did you mean 'attended'?); the columns are"),
        ("fault,fixed,fixed\n", "jobs.csv:1: column 'fixed' is there twice; delete one"),
        ('fault,fixed\n"F1"x,2026-11-01 10:00\n', "jobs.csv:2: not CSV: "),
        (b"fault,fixed\nF1,caf\xe9\n", "jobs.csv:2: is not UTF-8; save it as 'CSV UTF-8'"),
        (b"fault,fixed\n" + b"x" * 5_000_000, "jobs.csv: larger than 4 MiB; divide the file"),
        ("fault,fixed\n" + "\n" * 10_001 + "F1,x\n", "more than 10000 lines; divide the file"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_told_in_one_line(
    kept: tuple[Path, Store], text: str | bytes, words: str
) -> None:
    path, store = kept
    code, out, wrong = imported(path, text)
    assert (code, out, len(wrong)) == (3, "", 1)
    assert words in wrong[0]
    assert acts(store, 7) == ["report"]


def test_a_file_that_is_not_there_is_told(kept: tuple[Path, Store]) -> None:
    path, _ = kept
    code, _, err = healthmon("faults", "import", "none.csv", *NAME, "--config", str(path))
    assert (code, "none.csv: cannot be read: no such file or directory" in err) == (3, True)


def visits(count: int, days: int) -> str:
    """A file of so many visits of the fault 7, a second apart."""
    begin = NOW - timedelta(days=days)
    times = (f"{begin + timedelta(minutes=one):%Y-%m-%d %H:%M}" for one in range(count))
    return "fault,attended\n" + "".join(f"F000007,{at}\n" for at in times)


def calls_of(path: Path, text: str) -> int:
    """How many Python functions are called while a file is imported. It is the same on every machine,
    however busy.
    """
    file, calls = path.parent / "jobs.csv", 0
    file.write_text(text)

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        fault_import.run(file, "A. Smith", path)
    finally:
        sys.setprofile(None)
    return calls


def test_the_cost_of_an_import_grows_with_its_lines_and_not_with_their_square(
    kept: tuple[Path, Store],
) -> None:
    path, store = kept
    calls_of(path, visits(1, 2))  # what is imported and read once
    small, large = calls_of(path, visits(201, 2)), calls_of(path, visits(1001, 2))
    assert len(acts(store, 7)) == 1002
    assert large < 5 * small, "800 new visits beside 200 that cost `small`"
    known = calls_of(path, visits(1001, 2))
    assert known < 3 * small, "of a file that is known already nothing is written"
