"""The audit chain: what anybody changes in the record beside healthmon is found, and said in words."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from helpers.store_samples import CASE
from helpers.store_shown import NOW, fill
from helpers.stores import Opener, opener, server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthmon.incidents.incident import IncidentEvent
from healthmon.store import Batch, Store
from healthmon.store.audit import Entry, Head
from healthmon.store.canonical import text, when
from healthmon.store.erasure import Named
from healthmon.store.retained import alike
from healthmon.store.shown import NOT_HELD, SHOWN
from healthmon.store.verification import Anchor, ranges

__all__ = ["opener", "server"]  # fixtures


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    found = opener()
    fill(found)
    assert found.verify().findings == []
    yield found
    found.close()


def change(store: Store, statement: str, **values: Any) -> int:
    with store._engine.transaction():
        return int(store._engine.execute(statement, values).rowcount)


def words(store: Store, anchor: str = "") -> list[str]:
    found = store.verify(Anchor.of(anchor) if anchor else None)
    return [one.words for one in found.findings]


def test_every_column_of_every_shown_table_is_held(store: Store) -> None:
    for table, shown in SHOWN.items():
        with store._engine.transaction():
            cursor = store._engine.execute(f"SELECT * FROM {table}")
            columns = [one[0] for one in cursor.description]
            assert cursor.fetchone(), f"no row of {table} is in the test"
        own = (*shown.plain, *shown.times, *shown.sealed)
        assert sorted(columns) == sorted((shown.key, *own)), table


def test_every_table_of_the_schema_is_held_or_says_why_not(store: Store) -> None:
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if store._engine.whole == "BIGINT":
        names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    with store._engine.transaction():
        there = sorted(name for (name,) in store._engine.execute(names).fetchall())
        chain = [one[0] for one in store._engine.execute("SELECT * FROM chain").description]
    assert there == sorted([*SHOWN, *NOT_HELD]), "add a line to SHOWN, or a reason to NOT_HELD"
    assert sorted(chain) == sorted(("n", *ENTRY_COLUMNS))


@pytest.mark.parametrize("table", SHOWN)
def test_a_change_of_each_column_is_found(store: Store, table: str) -> None:
    shown = SHOWN[table]
    for column in (*shown.plain, *shown.times, *shown.sealed):
        with store._engine.transaction():
            statement = f"SELECT {column} FROM {table} ORDER BY {shown.key} LIMIT 1"
            (before,) = store._engine.execute(statement).fetchone()
            least = f"(SELECT min({shown.key}) FROM {table})"
            put = f"UPDATE {table} SET {column} = :new WHERE {shown.key} = {least}"
            store._engine.execute(put, {"new": _other(column, before)})
        (found,) = words(store)
        assert f"({table}; entry" in found, column
        assert " 2027" in found or " 1970" in found, "it says of which day"
        assert f"{column} was changed after it was written" in found
        change(store, put, new=before)
        assert words(store) == []


def _other(column: str, before: object) -> object:
    if isinstance(before, float):
        return before + 1e-6
    if isinstance(before, int):
        return before + 1
    return 5.5 if column in ("told", "closed", "until", "ended") else f"{before or ''}!"


def test_the_account_by_which_something_was_done_is_held_too(store: Store) -> None:
    change(store, "UPDATE authors SET account = 'root' WHERE kind = 'acts'")
    (found,) = words(store)
    assert found.startswith(
        "act 1 (acts; entry 2 of 15 Jan 2027 08:00:00 UTC): account was changed"
    )
    change(store, "DELETE FROM authors WHERE kind = 'acts'")
    assert words(store) == [found.replace("account was", "uid, account was")]


@pytest.mark.parametrize("table", SHOWN)
def test_a_row_that_was_deleted_or_added_by_hand_is_found(store: Store, table: str) -> None:
    shown = SHOWN[table]
    names = ", ".join((*shown.plain, *shown.times, *shown.sealed))
    copied = names.replace("form", "'x'").replace("token", "'x'").replace("once", "'x'")
    if table in ("signoffs", "handovers"):
        copied = copied.replace("sweep", "99")
    least = f"(SELECT min({shown.key}) FROM {table})"
    change(
        store,
        f"INSERT INTO {table} ({shown.key}, {names}) SELECT 77, {copied} FROM {table}"
        f" WHERE {shown.key} = {least}",
    )
    assert words(store) == [f"{shown.words} 77 ({table}) is in no entry of the chain"]
    change(store, f"DELETE FROM {table} WHERE {shown.key} = 77")
    change(store, f"DELETE FROM {table} WHERE {shown.key} = {least}")
    (found,) = words(store)
    assert found.startswith(f"{shown.words} ")
    assert found.endswith("is missing: it was deleted by hand")


ENTRY_COLUMNS = ("at", "mark", "kind", "shown", "item", "plain", "sealed", "hash")


@pytest.mark.parametrize("column", ENTRY_COLUMNS)
@pytest.mark.parametrize("place", ["head", "middle", "tail"])
def test_a_change_of_an_entry_is_found(store: Store, column: str, place: str) -> None:
    head = store.head()
    number = {"head": 1, "middle": head.entries // 2, "tail": head.entries}[place]
    new: object = 5 if column in ("at", "item") else '{"x":1}' if column != "hash" else "0" * 64
    change(store, f"UPDATE chain SET {column} = :new WHERE n = :n", new=new, n=number)
    found = store.verify()
    assert found.findings or (column, place) == ("hash", "tail"), (column, place)
    assert words(store, head.short), "with the anchor it is found wherever it is"


def test_entries_that_are_missing_are_named(store: Store) -> None:
    head = store.head()
    change(store, "DELETE FROM chain WHERE n IN (5, 6)")
    assert "entries 5 to 6 are missing before entry 7 (" in " | ".join(words(store))
    change(store, "DELETE FROM chain WHERE n < 7")
    assert (
        words(store)[0]
        == "entries 1 to 6 are missing at the beginning of the chain, deleted by hand"
    )
    change(store, "DELETE FROM chain WHERE n = :n", n=head.entries)
    found = words(store, f"{head.entries}:{head.hash}")[-1]
    missing = f"entry {head.entries} is missing at the end"
    assert found == f"{missing}: the chain was cut, or a backup was restored"


def test_what_stands_beside_a_salt_is_held_and_a_salt_is_not_lost(store: Store) -> None:
    change(store, "UPDATE salts SET body = replace(body, 'smith', 'jones')")
    (found,) = words(store)
    assert found.startswith("what is kept with entry ")
    assert "(login, 15 Jan 2027 08:00:08 UTC) was changed" in found
    change(store, "DELETE FROM salts WHERE body IS NOT NULL")
    assert all("is missing, and no entry says that it was erased" in one for one in words(store))


def test_a_store_that_was_written_anew_or_restored_is_found_by_the_anchor(opener: Opener) -> None:
    store = opener()
    fill(store)
    old = store.head()
    store.note(Entry(NOW, "backup"))
    head = store.head()
    for table in (*SHOWN, "authors", "act_forms", "chain", "salts"):
        change(store, f"DELETE FROM {table}")
    fill(store)
    assert words(store) == [], "nothing is wrong in itself"
    assert store.head().entries == old.entries
    (found,) = words(store, old.short)
    assert found.startswith(
        f"entry {old.entries} is not the one of the anchor: the chain was written"
    )
    (found,) = words(store, head.short)
    assert found.startswith(f"entry {head.entries} is missing at the end")
    assert words(store, store.head().short) == []
    store.close()


def test_what_is_older_than_its_period_is_replaced_by_a_checkpoint(opener: Opener) -> None:
    store = opener()
    fill(store)
    began = store.head()
    for number in range(8, 12):
        incident = replace(CASE, number=number, since=NOW + 100, closed=NOW + number)
        event = IncidentEvent("closed", incident, NOW + 100 + number)
        store.record(Batch(incidents={number: incident}, told=[event]))
    assert store.trim(alike(NOW + 50), NOW + 200) is not None
    found = store.verify()
    assert (found.findings, found.first) == ([], began.entries + 1)
    (gone,) = words(store, began.short)
    assert gone.startswith("the anchor is older than what is kept: history.audit has cut entry ")
    assert store.trim(alike(NOW + 50), NOW + 210) is None, "once"
    change(store, "DELETE FROM chain WHERE n = :n", n=found.first)
    (first,) = words(store)[:1]
    assert first == f"entry {found.first} is missing at the beginning of the chain, deleted by hand"
    change(store, "DELETE FROM chain WHERE kind = 'checkpoint'")
    assert words(store)[0].startswith("entries 1 to "), "only a checkpoint explains a missing head"
    store.close()


def test_the_head_is_one_number_of_52_bits() -> None:
    head = Head(1234, "0123456789abcdef" * 4)
    assert (head.short, head.bits) == ("1234:0123456789abc", 0x0123456789ABC)
    assert Head().bits == 0
    assert float(Head(1, "f" * 64).bits) == 2**52 - 1
    for bad in ("", "12", "12:abc", "x:0123456789abc", "12:0123456789abg"):
        with pytest.raises(ValueError, match="an anchor is N:HEX"):
            Anchor.of(bad)


def test_the_words_for_a_day_and_for_runs_of_numbers() -> None:
    assert list(ranges("3 5-7 x")) == [range(3, 4), range(5, 8)]
    assert when(1_800_000_000.25) == "2027-01-15T08:00:00.250000000Z"
    assert when(-1.0) == "-1.0"
    assert when(math.inf) == "inf"


@settings(max_examples=50)
@given(st.floats(min_value=1e9, max_value=4e9))
def test_two_times_have_two_texts(at: float) -> None:
    assert when(at) != when(math.nextafter(at, math.inf))


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=6),
        st.none() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
        max_size=5,
    )
)
def test_the_text_is_that_of_rfc_8785(value: dict[str, Any]) -> None:
    try:
        expected = rfc8785.dumps(value).decode()
    except rfc8785.CanonicalizationError:  # half of a surrogate pair, which no store takes
        return
    assert text(value) == expected


@pytest.mark.parametrize("value", [2**53, -(2**53)])
def test_an_integer_that_others_would_alter_is_refused(value: int) -> None:
    with pytest.raises(rfc8785.IntegerDomainError):
        rfc8785.dumps({"a": value})
    with pytest.raises(ValueError, match="too large for the audit chain"):
        text({"a": value})
    with pytest.raises(TypeError, match="a fraction has no place"):
        text({"a": 0.5})  # type: ignore[dict-item]


Cell = tuple[str, str, int]
# What is in these is held: the rows, the accounts, the entries and what is kept beside salts.
HELD = (*SHOWN, "authors", "chain", "salts")


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Sequence[Cell]]:
    """A filled store, its head, and every (table, column, row) of it, by the schema: a column that is
    new is tried too.
    """
    file = tmp_path_factory.mktemp("audit") / "history.db"
    store = Store.open(f"sqlite:///{file}")
    fill(store)
    head = store.head()
    store.close()
    cells: list[Cell] = []
    with closing(sqlite3.connect(file)) as other:
        for table in HELD:
            # The salt of an entry that a newer one has followed says nothing any more.
            where = "WHERE body IS NOT NULL" if table == "salts" else ""
            found = other.execute(f"SELECT rowid, * FROM {table} {where}")
            columns = [one[0] for one in found.description][1:]
            cells += [(table, column, row[0]) for row in found for column in columns]
    return file, f"{head.entries}:{head.hash}", cells


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_change_of_a_cell_goes_unnoticed(
    one_store: tuple[Path, str, Sequence[Cell]], data: st.DataObject
) -> None:
    """Any value in any place: found by the chain alone, or by the anchor where it is the last hash."""
    file, anchor, cells = one_store
    table, column, row = data.draw(st.sampled_from(cells))
    copy = file.with_name("copy.db")
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy)) as other, other:
        (old,) = other.execute(f"SELECT {column} FROM {table} WHERE rowid = {row}").fetchone()
        new = data.draw(
            st.integers(0, 9) if isinstance(old, int | float) else st.text("ab{}", max_size=4)
        )
        with suppress(sqlite3.IntegrityError):  # another row has it
            other.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = {row}", (new,))
        before = other.execute("SELECT changes()").fetchone()[0] and new != old
        cells_now = other.execute(f"SELECT {column} FROM {table} ORDER BY 1").fetchall()
    with closing(sqlite3.connect(file)) as other:
        cells_then = other.execute(f"SELECT {column} FROM {table} ORDER BY 1").fetchall()
    changed = before and cells_now != cells_then
    store = Store.reader(f"sqlite:///{copy}")
    try:
        assert bool(words(store, anchor)) == bool(changed), (table, column, row, old, new)
    finally:
        store.close()


def test_a_store_of_schema_3_goes_on_in_the_new_form(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    with closing(sqlite3.connect(file)) as old, old:
        old.executescript(Path(__file__).with_name("history_3.sql").read_text())
        count, last = old.execute("SELECT count(*), max(hash) FROM changes").fetchone()
        (last,) = old.execute("SELECT hash FROM changes ORDER BY id DESC LIMIT 1").fetchone()
        old.execute("UPDATE changes SET body = replace(body, 'clean', 'dirty') WHERE id = 10")
    store = Store.open(f"sqlite:///{file}")
    with store._engine.transaction():
        statement = "SELECT plain FROM chain WHERE kind = 'began' AND n = 1"
        began = json.loads(store._engine.execute(statement).fetchone()[0])
    assert began == {"broken": "10", "entries": count, "hash": last}
    assert words(store) == []
    assert [one.text for one in store.access()] == ["smith's login"]
    assert store.notes(0, math.inf)[0].text == "the key is with J. Doe"
    change(store, "UPDATE notes SET body = 'nobody has it' WHERE id = 1")
    assert ": body was changed after it was written" in words(store)[0]
    store.close()


def test_what_a_person_keeps_a_note_by_is_on_record(store: Store) -> None:
    with store._engine.transaction():
        statement = "SELECT body FROM chain JOIN salts ON entry = n WHERE kind = 'kept-by'"
        assert "B. Jones" in store._engine.execute(statement).fetchone()[0]


def test_a_person_is_erased_and_the_chain_holds(store: Store) -> None:
    head = store.head()
    found = store.erase_person(Named("a. smith"), "root", lambda text, replace: replace(text))
    alias = found.pseudonym
    after = store.verify(Anchor.of(head.short))
    assert (after.findings, after.erased > 3) == ([], True)
    with store._engine.transaction():
        for table in (*SHOWN, "salts", "outbox", "chain"):
            rows = store._engine.execute(f"SELECT * FROM {table}").fetchall()
            assert "a. smith" not in str(rows).lower(), table
    assert store.life_cycle(7).acts[0].by == alias
    assert {one.by for one in store.notes(0, math.inf)} == {alias, "C. Brown"}
    store.erase_person(Named("smith"), "root", lambda text, replace: replace(text))
    assert [one.text for one in store.access()] == ["(erased)"]
    assert store.verify().findings == []
    change(store, "UPDATE acts SET name = 'A. Smith'")
    assert ": name was changed" in words(store)[0]
    change(store, "UPDATE acts SET name = :alias", alias=alias)
    change(
        store, "DELETE FROM salts WHERE entry IN (SELECT max(n) FROM chain WHERE item IS NOT NULL)"
    )
    assert "no entry says that it was erased" in words(store)[0]
