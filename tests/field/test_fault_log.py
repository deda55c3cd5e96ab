"""The fault log is printed whole, filtered by date, site and device; what was deleted is told: FF-F18."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from helpers.product import COMMAND, Product
from helpers.store_samples import CASE

from healthmon.incidents.incident import Incident
from healthmon.store import Batch, Store
from healthmon.store.retained import alike

LONDON = ZoneInfo("Europe/London")
HOW_MANY = 12_345
FIRST = datetime(2025, 1, 1, 0, 30, tzinfo=LONDON)
# A fault every two hours that lasts one; over the end of 2025 and the clock changes.
STEP, LENGTH = timedelta(hours=2), timedelta(hours=1)
DAY = 86400.0


def incident(number: int) -> Incident:
    begin = FIRST + (number - 1) * STEP
    end = None if number == HOW_MANY else (begin + LENGTH).timestamp()
    return replace(
        CASE,
        number=number,
        device=f"C{number % 7 + 1:03d}",
        site=("north", "south")[number % 2],
        since=begin.timestamp(),
        told=begin.timestamp(),
        closed=end,
    )


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    folder = tmp_path_factory.mktemp("log")
    site = [{"id": "north", "name": "North"}, {"id": "south", "name": "South"}]
    made = Product(folder, {"sites": site})
    (folder / "state").mkdir()
    store = Store.open(f"sqlite:///{folder / 'state' / 'healthmon.db'}")
    store.record(Batch(incidents={number: incident(number) for number in range(1, HOW_MANY + 1)}))
    store.record(
        Batch(incidents={2: replace(incident(2), device="site:north", affected=("C005", "C099"))})
    )
    store.close()
    return made


def rows(product: Product, *argv: str) -> list[dict[str, str]]:
    done = product.run("faults", "--csv", *argv)
    assert done.code == 0, done.text[-2000:]
    return list(csv.DictReader(io.StringIO(done.out)))


def test_ff_f18_the_log_is_printed_whole(product: Product) -> None:
    numbers = [f"F{number:06d}" for number in range(HOW_MANY, 0, -1)]
    assert [row["fault"] for row in rows(product)] == numbers
    found = json.loads(product.run("faults", "--json").out)
    assert [row["fault"] for row in found] == numbers
    assert len(product.run("faults").out.splitlines()) == HOW_MANY


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2025-01-01", "2025-12-31"),
        ("2025-03-30", "2025-03-30"),
        ("2025-10-26", "2025-10-26"),
        ("2026-01-01 00:45", "2026-01-01 02:15"),
    ],
)
def test_ff_f18_the_log_of_a_period_has_what_was_open_in_it(
    since: str, until: str, product: Product
) -> None:
    """Days are local and whole: one of 23 and one of 25 hours."""
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=LONDON) for text in (since, until))
    end += timedelta(days=1) if len(until) == 10 else timedelta()
    incidents = map(incident, range(HOW_MANY, 0, -1))
    right = [
        f"F{one.number:06d}"
        for one in incidents
        if one.since < end.timestamp() and (one.closed or 9e9) >= begin.timestamp()
    ]
    assert len(right) > 0
    assert [row["fault"] for row in rows(product, "--since", since, "--until", until)] == right


def test_ff_f18_the_log_of_a_site_and_of_a_device(product: Product) -> None:
    north = rows(product, "--site", "north")
    assert {row["site"] for row in north} == {"north"}
    assert len(north) == HOW_MANY // 2
    device = rows(product, "--device", "C005")
    assert {row["device"] for row in device} == {"C005", "site:north"}
    assert len(device) == sum(number % 7 == 4 for number in range(1, HOW_MANY + 1)) + 1
    both = rows(product, "--device", "C005", "--site", "north", "--until", "2025-12-31")
    assert {(row["device"], row["site"]) for row in both} == {
        ("C005", "north"),
        ("site:north", "north"),
    }
    assert [row["fault"] for row in rows(product, "--open")] == [f"F{HOW_MANY:06d}"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--since", "yesterday"), "--since yesterday: not a date; write 2026-11-29"),
        (("--since", "2026-02-01", "--until", "2026-01-31"), "is not before --until 2026-01-31"),
        (("--device", "C777"), "--device C777: not in the configuration"),
        (("--site", "norht"), "did you mean 'north'"),
    ],
)
def test_ff_f18_what_cannot_be_meant_is_refused(
    argv: tuple[str, ...], words: str, product: Product
) -> None:
    done = product.run("faults", *argv)
    assert (done.code, done.out) == (3, "")
    assert words in done.err


@pytest.mark.parametrize(("form", "out"), [("--json", "[]\n"), ("--csv", ""), ("", "no faults\n")])
def test_a_log_without_faults(form: str, out: str, product: Product) -> None:
    done = product.run("faults", *filter(None, [form]), "--until", "2020-01-01")
    assert (done.code, done.out.partition("fault,")[0]) == (0, out)


def test_ff_f18_a_record_is_kept_800_days_and_what_is_deleted_is_told(tmp_path: Path) -> None:
    product = Product(tmp_path)
    printed = subprocess.run([COMMAND, "config-schema"], capture_output=True, check=True)
    schema = json.loads(printed.stdout)
    assert schema["$defs"]["History"]["properties"]["keep"]["default"] == "800 d"
    (tmp_path / "state").mkdir()
    store = Store.open(f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}")
    begin = FIRST.timestamp()
    kept = {number: incident(number) for number in (1, 2, 3, 300)}
    store.record(Batch(incidents=kept))
    assert "deleted" not in product.run("faults").text
    for _ in range(2):
        store.trim(alike(begin + 10 * DAY), begin + 810 * DAY)
    store.close()
    told = (
        "3 faults are deleted, all of what ended before 11 Jan 2025 00:30 (history in config.yaml)"
    )
    assert told in product.run("faults", "--csv").err
    assert told in product.run("faults", "--since", "2025-01-05").err
    assert "deleted" not in product.run("faults", "--since", "2025-02-01").err
    device = kept[300].device
    assert "3 faults: all of what ended before" in product.run("history", device).out
    found = json.loads(product.run("history", device, "--json").out)["deleted"]
    assert (found["faults"], found["ended_before"]) == (3, "2025-01-11T00:30:00+00:00")
