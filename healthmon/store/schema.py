"""The tables, the same on SQLite and PostgreSQL, and the steps from older versions of them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 1
META = MetaData()
_ID = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta", META, Column("name", String, primary_key=True), Column("value", Text, nullable=False)
)

faults = Table(
    "faults",
    META,
    *(Column(name, String, primary_key=True) for name in ("device", "question", "part", "aspect")),
    Column("body", Text, nullable=False),
)

cases = Table(
    "cases",
    META,
    Column("number", _ID, primary_key=True, autoincrement=False),
    Column("device", String, nullable=False),
    Column("site", String, nullable=False),
    Column("code", String, nullable=False),
    Column("state", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("since", Float(53), nullable=False),
    Column("told", Float(53)),
    Column("closed", Float(53)),
    Column("body", Text, nullable=False),
)
Index("cases_open", cases.c.closed)
Index("cases_device", cases.c.device, cases.c.since)

# The audit chain: each row's hash covers the row and the hash of the one before.
changes = Table(
    "changes",
    META,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("at", Float(53), nullable=False),
    Column("notice", String, nullable=False, unique=True),
    Column("number", _ID),
    Column("device", String, nullable=False),
    Column("what", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String, nullable=False),
)
Index("changes_device", changes.c.device, changes.c.at)

outbox = Table(
    "outbox",
    META,
    Column("id", _ID, primary_key=True),
    Column("notice", String, nullable=False),
    Column("target", String, nullable=False),
    Column("sequence", String, nullable=False),
    Column("number", _ID),
    Column("state", String, nullable=False),
    Column("created", Float(53), nullable=False),
    Column("due", Float(53), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("ended", Float(53)),
    Column("error", Text),
    Column("body", Text, nullable=False),
    UniqueConstraint("notice", "target", name="outbox_once"),
)
Index("outbox_state", outbox.c.state)
Index("outbox_number", outbox.c.number)

timeline = Table(
    "timeline",
    META,
    Column("device", String, primary_key=True),
    Column("question", String, primary_key=True),
    Column("since", Float(53), primary_key=True),
    Column("until", Float(53)),
    Column("state", String, nullable=False),
)

# Where deployable cameras were; a stay ends with the next one of its device.
stays = Table(
    "stays",
    META,
    Column("device", String, primary_key=True),
    Column("since", Float(53), primary_key=True),
    Column("state", String, nullable=False),
    Column("location", String, nullable=False),
)

acknowledgements = Table(
    "acknowledgements",
    META,
    Column("id", _ID, primary_key=True),
    Column("number", _ID, nullable=False),
    Column("name", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float(53), nullable=False),
)

sweeps = Table(
    "sweeps",
    META,
    Column("id", _ID, primary_key=True),
    Column("at", Float(53), nullable=False),
    Column("body", Text, nullable=False),
)

signoffs = Table(
    "signoffs",
    META,
    Column("id", _ID, primary_key=True),
    Column("sweep", _ID, nullable=False),
    Column("name", String, nullable=False),
    Column("at", Float(53), nullable=False),
    Column("addition", Integer, nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("sweep", "name", name="signoff_once"),
)

# MIGRATIONS[n] brings version n to n + 1.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {}
