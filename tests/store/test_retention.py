"""Every table of the store has a period or a reason why it is kept, and what is deleted is counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.store_shown import NOW, fill
from helpers.stores import Opener, opener, server

from healthmon.config import loading
from healthmon.config.schema import History
from healthmon.store import Batch, BatteryRow, Outgoing, Segment, Stay, Store, audit, schema
from healthmon.store.retained import (
    CHAIN,
    GROUPS,
    RETAINED,
    Retained,
    alike,
    before,
    periods,
    tables,
)

__all__ = ["opener", "server"]  # fixtures

LATER = NOW + 10_000.0


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    """A store in which everything that can end has ended before `LATER`."""
    found = opener()
    fill(found)
    found.record(
        Batch(
            segments=[Segment("C001", "reach", "ok", NOW, NOW + 1)],
            batteries=[BatteryRow("UPS1", NOW, NOW + 1)],
            stays=[Stay("D1", "deployed", "Fair", NOW), Stay("D1", "in_store", "", NOW + 1)],
            outgoing=[Outgoing("n", "duty", "o", 7, "{}", NOW, NOW, state="pending")],
        )
    )
    with found._engine.transaction():
        for table, ended in (("cases", "closed"), ("outbox", "ended"), ("notes", "ended")):
            found._engine.execute(f"UPDATE {table} SET {ended} = :at", {"at": NOW + 9})
        found._engine.execute(
            "INSERT INTO clocks (device, clock, since, until, readings, gap, method, verdict, detail)"
            " VALUES ('C001', 'http', 1, 2, 3, 60, 'Date', 'ok', '')"
        )
        audit.bind(found._engine, "cases", 7, "closed", NOW + 9)
        for number in (1, 2):
            audit.bind(found._engine, "notes", number, "note-ended", NOW + 9)
    yield found
    found.close()


def rows(store: Store) -> dict[str, int]:
    found = {}
    with store._engine.transaction():
        for one in RETAINED:
            statement = f"SELECT count(*) FROM {one.table}"
            found[one.table] = store._engine.execute(statement).fetchone()[0]
    return found


def test_every_table_of_the_schema_has_a_period_or_a_reason(store: Store) -> None:
    engine = store._engine
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if engine.whole == "BIGINT":
        names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    with engine.transaction():
        there = sorted(name for (name,) in engine.execute(names).fetchall())
    assert len(there) > 15
    assert sorted(one.table for one in RETAINED) == there, "add a line to RETAINED"


def test_a_table_has_either_a_period_or_a_reason() -> None:
    for bad in ({}, {"group": "weather"}, {"group": "faults", "reason": "for ever"}):
        with pytest.raises(ValueError, match="x: needs a group of faults, notices, "):
            Retained("x", **bad)
    assert all(tables(group) for group in GROUPS), "each period deletes something"


@pytest.mark.parametrize("group", GROUPS)
def test_each_period_deletes_the_tables_of_its_group_and_no_others(
    store: Store, group: str
) -> None:
    had = rows(store)
    deleted = store.trim(alike(0.0) | {group: LATER}, LATER)
    assert deleted is not None
    gone = {kind for kind, count in deleted.counts.items() if count}
    own = {one.words for one in tables(group)}
    # An account goes with what was done by it.
    assert gone - {"accounts"} == own - {"accounts"}, group
    for one in RETAINED:
        if one.group != group and one.table not in ("chain", "salts", "meta", "authors"):
            assert rows(store)[one.table] == had[one.table], one.table
    assert store.verify().findings == [], "nothing was deleted by hand"


def test_deletions_are_counted_over_all_of_them_and_stand_in_the_chain(store: Store) -> None:
    had = rows(store)
    store.trim(alike(0.0) | {"sheets": LATER}, LATER)
    store.trim(alike(LATER) | {"sheets": LATER + 5}, LATER + 5)
    assert store.trim(alike(LATER) | {CHAIN: 0.0}, LATER + 6) is None, "once"
    found = store.deleted()
    assert found is not None
    by_words = {one.words: one.table for one in RETAINED if one.words and one.table != "chain"}
    assert {kind: had[table] for kind, table in by_words.items()} == {
        kind: found.counts[kind] + int(kind == "places") for kind in by_words
    }, "all but the place where a camera is"
    assert [(one.newest, "sheets" in one.counts) for one in found.parts()] == [
        (LATER, False),
        (LATER + 5, True),
    ]
    told = [json.loads(one.plain) for one in store.chain(0.0) if one.kind == audit.RETENTION]
    assert [one.get("faults") for one in told] == [None, 1]
    assert told[-1]["changes"] > 15


def test_what_is_there_is_told_with_the_oldest_end(store: Store) -> None:
    found = store.extent()
    assert (found["faults"].rows, found["faults"].oldest) == (1, NOW + 9)
    assert found["acts"].oldest is None
    assert set(found) == {one.words for one in RETAINED if one.words}


def test_a_store_of_one_period_for_all_is_read(store: Store) -> None:
    text = '{"at": 5.0, "before": 4.0, "counts": {"faults": 3, "states": 0}}'
    with store._engine.transaction():
        store._set("deleted", text)
    found = store.deleted()
    assert found is not None
    assert (found.words(), found.newest) == ("3 faults", 4.0)
    store.trim(alike(LATER), LATER)
    assert (again := store.deleted()) is not None
    assert again.counts["faults"] == 4


def test_every_group_has_a_setting_and_no_setting_is_without_a_group(tmp_path: Path) -> None:
    assert set(History.model_fields) - {"keep", "backup_key"} == set(GROUPS)
    file = tmp_path / "config.yaml"
    file.write_text("estate: {name: X, time_zone: UTC}\nhistory: {keep: 90 d, audit: 30 d}\n")
    found = periods(loading.load(file).history)
    assert found == dict.fromkeys(GROUPS, 90 * 86400.0) | {"audit": 30 * 86400.0}
    assert before(found, 1e7)["audit"] == 1e7 - 30 * 86400.0
    assert schema.VERSION, "the tables are those of this version"


def test_what_a_period_covers_is_as_the_page_on_privacy_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (.+?) \| 800 days.* \| `history: \{(\w+): \.\.\.\}` \|$", page, re.MULTILINE
    )
    assert sorted(group for _, group in rows) == sorted(GROUPS)
    named = {"cases": "faults", "stays": "places", "timeline": "states", "clocks": "clock readings"}
    named |= {"outbox": "notices", "sweeps": "sheets", "notes": "notes", "ticks": "ticks"}
    named |= {"operations": "operations", "chain": "audit chain", "handovers": "handovers"}
    covers = {group: words for words, group in rows}
    for one in RETAINED:
        if one.table in named:
            assert named[one.table] in covers[one.group], one.table
