"""The tables, the same on SQLite and PostgreSQL, and the steps from older versions of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from healthmon.incidents.acts import Act, ActKind
from healthmon.store import older_chain, sql
from healthmon.store.engine import HAS, Engine

VERSION = 6

# WHOLE and ROW_ID are types of the engine.
# `cases` are the incidents. `chain` is the audit chain: each entry's hash covers the entry and the hash
# of the one before; `shown` and `item` name the row that it holds. `salts` are those of what is sealed
# in an entry, with the values that stand in no row (`body`). `acts` are those of people; `number` is
# 0 until a raised fault has one.
# `operations` are what people did to devices and sites; `once` is the mark of the form.
# `authors` are the accounts by which acts and signatures (table `kind`) were made. `stays` is where
# deployable cameras were; one ends with the next of its device. `handovers` are the signatures of the
# two people of a handover, `notes` those for the next shift; by its `token` a note is written once. `ticks`
# are those of the walk. `clocks` are stretches of time in which every reading of a clock agreed with the others
# (`clock_history`); seconds minus true time. `batteries` are those of UPSes, hour by hour.
META = """
CREATE TABLE IF NOT EXISTS meta (
    name VARCHAR NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name))"""
_TABLES = f"""{META};
CREATE TABLE IF NOT EXISTS faults (
    device VARCHAR NOT NULL, question VARCHAR NOT NULL, part VARCHAR NOT NULL, aspect VARCHAR NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (device, question, part, aspect));
CREATE TABLE IF NOT EXISTS cases (
    number WHOLE NOT NULL, device VARCHAR NOT NULL, site VARCHAR NOT NULL, code VARCHAR NOT NULL,
    state VARCHAR NOT NULL, priority INTEGER NOT NULL, since FLOAT(53) NOT NULL, told FLOAT(53),
    closed FLOAT(53), body TEXT NOT NULL, PRIMARY KEY (number));
CREATE INDEX IF NOT EXISTS cases_open ON cases (closed);
CREATE INDEX IF NOT EXISTS cases_device ON cases (device, since);
CREATE TABLE IF NOT EXISTS chain (
    n WHOLE NOT NULL, at FLOAT(53) NOT NULL, mark VARCHAR, kind VARCHAR NOT NULL,
    shown VARCHAR NOT NULL, item WHOLE, plain TEXT NOT NULL, sealed TEXT NOT NULL,
    hash VARCHAR NOT NULL, PRIMARY KEY (n), CONSTRAINT chain_once UNIQUE (mark));
CREATE INDEX IF NOT EXISTS chain_item ON chain (shown, item, n);
CREATE TABLE IF NOT EXISTS salts (
    entry WHOLE NOT NULL, salt VARCHAR NOT NULL, body TEXT, PRIMARY KEY (entry));
CREATE TABLE IF NOT EXISTS outbox (
    id ROW_ID NOT NULL, notice VARCHAR NOT NULL, target VARCHAR NOT NULL, sequence VARCHAR NOT NULL,
    number WHOLE, state VARCHAR NOT NULL, created FLOAT(53) NOT NULL, due FLOAT(53) NOT NULL,
    attempts INTEGER NOT NULL, ended FLOAT(53), error TEXT, body TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT outbox_once UNIQUE (notice, target));
CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state);
CREATE INDEX IF NOT EXISTS outbox_number ON outbox (number);
CREATE TABLE IF NOT EXISTS timeline (
    device VARCHAR NOT NULL, question VARCHAR NOT NULL, since FLOAT(53) NOT NULL, until FLOAT(53),
    state VARCHAR NOT NULL, PRIMARY KEY (device, question, since));
CREATE TABLE IF NOT EXISTS clocks (
    device VARCHAR NOT NULL, clock VARCHAR NOT NULL, since FLOAT(53) NOT NULL, until FLOAT(53) NOT NULL,
    readings INTEGER NOT NULL, gap FLOAT(53) NOT NULL, low FLOAT(53), high FLOAT(53), worst FLOAT(53),
    method VARCHAR NOT NULL, verdict VARCHAR NOT NULL, detail VARCHAR NOT NULL,
    PRIMARY KEY (device, clock, since));
CREATE TABLE IF NOT EXISTS batteries (
    device VARCHAR NOT NULL, since FLOAT(53) NOT NULL, until FLOAT(53) NOT NULL, runtime FLOAT(53),
    on_battery FLOAT(53), tested FLOAT(53), result VARCHAR NOT NULL, PRIMARY KEY (device, since));
CREATE TABLE IF NOT EXISTS stays (
    device VARCHAR NOT NULL, since FLOAT(53) NOT NULL, state VARCHAR NOT NULL, location VARCHAR NOT NULL,
    PRIMARY KEY (device, since));
CREATE TABLE IF NOT EXISTS acts (
    id ROW_ID NOT NULL, number WHOLE NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL,
    at FLOAT(53) NOT NULL, happened FLOAT(53) NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX IF NOT EXISTS acts_number ON acts (number);
CREATE TABLE IF NOT EXISTS act_forms (
    form VARCHAR NOT NULL, act WHOLE NOT NULL, PRIMARY KEY (form));
CREATE TABLE IF NOT EXISTS authors (
    kind VARCHAR NOT NULL, act WHOLE NOT NULL, uid WHOLE NOT NULL, account VARCHAR NOT NULL,
    PRIMARY KEY (kind, act));
CREATE TABLE IF NOT EXISTS operations (
    id ROW_ID NOT NULL, kind VARCHAR NOT NULL, subject VARCHAR NOT NULL, name VARCHAR NOT NULL,
    at FLOAT(53) NOT NULL, until FLOAT(53), once VARCHAR NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (id), UNIQUE (once));
CREATE INDEX IF NOT EXISTS operations_subject ON operations (subject, kind);
CREATE TABLE IF NOT EXISTS sweeps (
    id ROW_ID NOT NULL, at FLOAT(53) NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id));
CREATE TABLE IF NOT EXISTS ticks (
    id ROW_ID NOT NULL, sweep WHOLE NOT NULL, camera VARCHAR NOT NULL, outcome VARCHAR NOT NULL,
    name VARCHAR NOT NULL, at FLOAT(53) NOT NULL, comment TEXT NOT NULL, form VARCHAR NOT NULL,
    act WHOLE NOT NULL, undoes WHOLE NOT NULL, PRIMARY KEY (id), CONSTRAINT tick_once UNIQUE (form));
CREATE INDEX IF NOT EXISTS ticks_at ON ticks (at);
CREATE TABLE IF NOT EXISTS signoffs (
    id ROW_ID NOT NULL, sweep WHOLE NOT NULL, name VARCHAR NOT NULL, at FLOAT(53) NOT NULL,
    addition INTEGER NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT signoff_once UNIQUE (sweep, name));
CREATE TABLE IF NOT EXISTS handovers (
    id ROW_ID NOT NULL, sweep WHOLE NOT NULL, party VARCHAR NOT NULL, name VARCHAR NOT NULL,
    at FLOAT(53) NOT NULL, note TEXT NOT NULL, apart VARCHAR NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT handover_once UNIQUE (sweep, party));
CREATE TABLE IF NOT EXISTS notes (
    id ROW_ID NOT NULL, token VARCHAR NOT NULL, name VARCHAR NOT NULL, at FLOAT(53) NOT NULL,
    body TEXT NOT NULL, ended FLOAT(53), ender VARCHAR,
    PRIMARY KEY (id), CONSTRAINT note_once UNIQUE (token))
"""


def _acknowledgements_are_acts(engine: Engine) -> None:
    """Version 1 had a table of its own for acknowledgements."""
    found = engine.execute("SELECT number, name, reason, at FROM acknowledgements ORDER BY id")
    for number, name, reason, at in found.fetchall():
        body = Act(ActKind.ACKNOWLEDGE, name, at, at, details={"reason": reason}).body()
        row = {"number": number, "kind": "acknowledge", "name": name, "at": at}
        engine.execute(sql.ADD_ACT, row | {"happened": at, "body": body}).fetchone()
    engine.execute("DROP TABLE acknowledgements")


def _new_tables_only(_engine: Engine) -> None:
    """Versions 2, 4 and 5 had fewer tables, which `create` has made by now."""


# MIGRATIONS[n] brings version n to n + 1.
MIGRATIONS: dict[int, Callable[[Engine], None]] = {
    1: _acknowledgements_are_acts,
    2: _new_tables_only,
    3: older_chain.take_over,
    4: _new_tables_only,
    5: _new_tables_only,
}


_MADE: Final = re.compile(r"CREATE (?:TABLE|INDEX) IF NOT EXISTS (\w+)")


def statements(engine: type[Engine] | Engine) -> Iterator[tuple[str, str]]:
    """The name of each table and index, and the statement that makes it in a database of `engine`."""
    written = _TABLES.replace("ROW_ID", engine.row_id).replace("WHOLE", engine.whole)
    for statement in written.split(";"):
        yield _name(statement), statement.strip()


def create(engine: Engine) -> None:
    """Make the tables and indexes that are missing; only within a transaction."""
    for name, statement in statements(engine):
        if not engine.has(name):
            engine.execute(statement)


def need(connection: Any, statement: str) -> None:
    """Make a table on a `connection` to a server, where it is missing. PostgreSQL asks for the right to
    make tables before it looks for the table, and the role of an agent may be without it.
    """
    if not connection.execute(HAS, {"name": _name(statement)}).fetchone()[0]:
        connection.execute(statement)


def _name(statement: str) -> str:
    found = _MADE.search(statement)
    assert found is not None  # noqa: S101 - the statements are above
    return found[1]
