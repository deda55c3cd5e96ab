"""The statements of the store, in the SQL that SQLite and PostgreSQL share; `:name` is a value."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import Any, ClassVar, Final, Protocol

from healthmon.incidents.incident import Incident
from healthmon.store.shown import ShownTable


class Record(Protocol):
    """A dataclass of plain values."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def _insert(table: str, columns: str) -> str:
    """Insert a row; `columns` are divided by spaces."""
    names = columns.split()
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"  # noqa: S608 - names of ours


def _put(table: str, key: str, columns: str) -> str:
    """Insert a row, or replace the one with the same `key`."""
    new = ", ".join(f"{name} = excluded.{name}" for name in columns.split())
    conflict = f"ON CONFLICT ({', '.join(key.split())}) DO UPDATE SET {new}"
    return f"{_insert(table, f'{key} {columns}')} {conflict}"


META: Final = "SELECT value FROM meta WHERE name = :name"
PUT_META: Final = _put("meta", "name", "value")
# The name in the table meta of the shift check that has no sheet yet.
BEGUN: Final = "shift_check"
DROP_META: Final = "DELETE FROM meta WHERE name = :name"

FAULTS: Final = "SELECT body FROM faults"
PUT_FAULT: Final = _put("faults", "device question part aspect", "body")
DELETE_FAULT: Final = """
DELETE FROM faults
WHERE device = :device AND question = :question AND part = :part AND aspect = :aspect"""

PUT_INCIDENT: Final = _put(
    "cases", "number", "device site code state priority since told closed body"
)
LAST_NUMBER: Final = "SELECT max(number) FROM cases"
OPEN_INCIDENTS: Final = "SELECT body FROM cases WHERE closed IS NULL"
OPEN_OF_SITE: Final = (
    "SELECT number FROM cases WHERE closed IS NULL AND site = :site ORDER BY number"
)
ENDED_INCIDENTS: Final = "SELECT body FROM cases WHERE closed > :since"
# With `open_only` 0 all of them, with `device` "" those of every device, with `site` "" of every
# site. `affected` finds the bodies in which the device may be named.
INCIDENTS: Final = """
SELECT number, body FROM cases
WHERE (:open_only = 0 OR closed IS NULL) AND (:site = '' OR site = :site)
    AND (:device = '' OR device = :device OR body LIKE :affected)
    AND since < :until AND (closed IS NULL OR closed >= :since)
    AND number < :below
ORDER BY number DESC LIMIT :limit"""
INCIDENT: Final = "SELECT body FROM cases WHERE number = :number"

LAST_ENTRY: Final = "SELECT n, hash FROM chain ORDER BY n DESC LIMIT 1"
ENTRY_OF_MARK: Final = "SELECT n FROM chain WHERE mark = :mark"
NUMBERED_ENTRY: Final = "SELECT n, hash FROM chain WHERE mark = :mark"
ADD_ENTRY: Final = _insert("chain", "n at mark kind shown item plain sealed hash")
ADD_SALT: Final = _insert("salts", "entry salt body")
ACCESS: Final = """
SELECT mark, at, kind, body FROM chain LEFT JOIN salts ON entry = n
WHERE substr(mark, 1, 7) = 'access-' AND at >= :since ORDER BY n"""
# The entries of the chain in order, with the salts of what is sealed in them.
ENTRIES: Final = """
SELECT n, at, mark, kind, shown, item, plain, sealed, hash, salt, body
FROM chain LEFT JOIN salts ON entry = n WHERE n > :after AND n <= :until ORDER BY n LIMIT :limit"""
LINES: Final = """
SELECT n, at, kind, shown, item, plain FROM chain WHERE at >= :since AND n > :after
ORDER BY n LIMIT :limit"""
ENTRY: Final = "SELECT n, at, kind, hash FROM chain WHERE n = :n"
FIRST_ENTRY: Final = "SELECT min(n) FROM chain"
LAST_CHECKPOINT: Final = """
SELECT plain FROM chain WHERE kind = 'checkpoint' ORDER BY n DESC LIMIT 1"""
FIRST_ENTRY_SINCE: Final = "SELECT min(n) FROM chain WHERE at >= :before"
KEPT_WITH_SALTS: Final = "SELECT entry, body FROM salts WHERE body IS NOT NULL ORDER BY entry"
ENTRY_NUMBER: Final = "SELECT n FROM chain WHERE n = :n"
DELETE_SALT: Final = "DELETE FROM salts WHERE entry = :entry"
ERASE_AUTHOR: Final = """
UPDATE authors SET account = :account, uid = -1 WHERE kind = :kind AND act = :act"""
NOTICE_BODIES: Final = "SELECT id, body FROM outbox ORDER BY id"
PUT_NOTICE_BODY: Final = "UPDATE outbox SET body = :body WHERE id = :id"
CUT_CHAIN: Final = "DELETE FROM chain WHERE n < :first"
CUT_SALTS: Final = "DELETE FROM salts WHERE entry < :first"

QUEUE: Final = """
SELECT notice, target, sequence, number, body, created, due, attempts, state FROM outbox
WHERE state IN ('pending', 'held') ORDER BY id"""
# Who was sent something of an open incident, and when last.
NOTIFIED: Final = """
SELECT number, target, max(created) FROM outbox
WHERE number IN (SELECT number FROM cases WHERE closed IS NULL) GROUP BY number, target"""
SAID: Final = "SELECT notice, created, body FROM outbox WHERE number = :number ORDER BY id"
NOTICES: Final = """
SELECT notice, target, state, created, ended, due, attempts, COALESCE(error, '') FROM outbox
WHERE number = :number ORDER BY id"""
ADD_OUTGOING: Final = (
    _insert("outbox", "notice target sequence number state created due attempts body")
    + " ON CONFLICT (notice, target) DO NOTHING"
)
# `due` and `body` stay as they are where the new one is NULL.
SETTLE: Final = """
UPDATE outbox SET state = :state, attempts = :attempts, error = :error, ended = :ended,
    due = COALESCE(:due, due), body = COALESCE(:body, body)
WHERE notice = :notice AND target = :target"""

PUT_SEGMENT: Final = _put("timeline", "device question since", "until state")
TIMELINE: Final = """
SELECT question, state, since, until FROM timeline
WHERE device = :device AND (until IS NULL OR until >= :since) ORDER BY since, question"""
STRETCHES: Final = """
SELECT question, state, since, until FROM timeline
WHERE device = :device AND since < :until AND (until IS NULL OR until > :since)
ORDER BY question, since"""
END_TIMELINES: Final = "UPDATE timeline SET until = :at WHERE until IS NULL"

PUT_CLOCK: Final = _put(
    "clocks",
    "device clock since",
    "until readings gap low high worst method verdict detail",
)
CLOCKS: Final = """
SELECT device, clock, since, until, readings, gap, low, high, worst, method, verdict, detail
FROM clocks WHERE device = :device AND since < :until AND until >= :since ORDER BY since, clock"""
LAST_CLOCK: Final = """
SELECT clock, max(until) FROM clocks
WHERE device = :device AND until < :before GROUP BY clock ORDER BY clock"""

PUT_BATTERY: Final = _put("batteries", "device since", "until runtime on_battery tested result")
BATTERIES: Final = """
SELECT device, since, until, runtime, on_battery, tested, result FROM batteries
WHERE device = :device AND since < :until AND until >= :since ORDER BY since"""

PUT_STAY: Final = _put("stays", "device since", "state location")
STAYS: Final = """
SELECT device, state, location, since FROM stays WHERE device = :device ORDER BY since"""
LAST_STAY: Final = """
SELECT state, location FROM stays WHERE device = :device ORDER BY since DESC LIMIT 1"""

ADD_ACT: Final = _insert("acts", "number kind name at happened body") + " RETURNING id"
ADD_ACT_FORM: Final = _insert("act_forms", "form act")
ACT_OF_FORM: Final = "SELECT act FROM act_forms WHERE form = :form"
_ACT = "SELECT id, number, kind, name, at, happened, body FROM acts"
ACTS_OF: Final = f"{_ACT} WHERE number = :number ORDER BY id"
ACTS_BETWEEN: Final = f"{_ACT} WHERE number BETWEEN :low AND :high ORDER BY id"
# Until then, on the faults that a person has raised between the two.
_RAISED = "SELECT number FROM acts WHERE kind = 'raise' AND at > :since AND at <= :until"
_UNTIL = "at <= :until AND (number > 0 OR at > :since)"
ACTS_OF_RAISED: Final = f"{_ACT} WHERE {_UNTIL} AND number IN ({_RAISED}) ORDER BY id"
_OPEN = "number IN (SELECT number FROM cases WHERE closed IS NULL)"
ACTS_OF_OPEN: Final = f"{_ACT} WHERE {_OPEN} ORDER BY id"
NEW_ACTS: Final = "SELECT id, number FROM acts WHERE id > :after ORDER BY id"
LAST_ACT: Final = "SELECT max(id) FROM acts"
REPORTS: Final = f"{_ACT} WHERE kind = 'report' AND number > 0 ORDER BY id"
DISMISSED: Final = (
    "SELECT DISTINCT number FROM acts WHERE kind = 'dismiss' AND number > 0 ORDER BY number"
)
NUMBER_OF_ACT: Final = "SELECT number FROM acts WHERE id = :id"
# What a person has raised gets its number once.
NUMBER_RAISED: Final = "UPDATE acts SET number = :number WHERE id = :id AND number = 0"

ADD_OPERATION: Final = (
    _insert("operations", "kind subject name at until once body") + " RETURNING id"
)
_OPERATION = "SELECT id, kind, subject, name, at, until, once, body FROM operations"
OPERATION_OF: Final = f"{_OPERATION} WHERE once = :once"
OPERATION: Final = f"{_OPERATION} WHERE id = :id"
LAST_OPERATION: Final = "SELECT max(id) FROM operations"
OPERATIONS: Final = f"{_OPERATION} WHERE kind = :kind ORDER BY id DESC LIMIT :limit"
OPERATIONS_ON: Final = f"{_OPERATION} WHERE subject = :subject ORDER BY id DESC LIMIT :limit"
NEWEST_OPERATION: Final = (
    f"{_OPERATION} WHERE kind = :kind AND subject = :subject ORDER BY id DESC LIMIT 1"
)
OPERATIONS_IN_FORCE: Final = f"""
{_OPERATION} WHERE id IN (SELECT max(id) FROM operations GROUP BY kind, subject)
    AND (until IS NULL OR until > :now) ORDER BY id"""  # noqa: S608 - a statement of ours

_TICK = """
SELECT camera, outcome, ticks.name, ticks.at, sweep, form, comment, act, undoes, ticks.id,
    COALESCE(acts.number, 0) FROM ticks LEFT JOIN acts ON acts.id = ticks.act"""
TICKS: Final = f"{_TICK} WHERE ticks.at >= :since AND ticks.at < :until ORDER BY ticks.id"
TICK_OF_FORM: Final = f"{_TICK} WHERE form = :form"
ADD_TICK: Final = (
    _insert("ticks", "sweep camera outcome name at comment form act undoes") + " RETURNING id"
)
LAST_SEEN: Final = """
SELECT camera, max(at) FROM ticks
WHERE outcome IN ('well', 'not well') AND at < :before
    AND id NOT IN (SELECT undoes FROM ticks) GROUP BY camera"""

ADD_SWEEP: Final = _insert("sweeps", "at body") + " RETURNING id"
LAST_SWEEP: Final = "SELECT id, at, body FROM sweeps WHERE at <= :until ORDER BY id DESC LIMIT 1"
SWEEPS_WITH: Final = """
SELECT id, at FROM sweeps WHERE at >= :since AND at <= :until AND body LIKE :text
ORDER BY id DESC LIMIT :limit"""
SWEEPS: Final = """
SELECT id, at, body FROM sweeps WHERE id < :below AND at < :until ORDER BY id DESC LIMIT :limit"""
SHEETS: Final = """
SELECT id, at, (SELECT count(*) FROM signoffs WHERE signoffs.sweep = sweeps.id)
    + (SELECT count(*) FROM handovers WHERE handovers.sweep = sweeps.id), body
FROM sweeps WHERE at >= :since AND at < :until AND id > :after ORDER BY id LIMIT :limit"""
NEXT_SWEEP: Final = "SELECT min(at) FROM sweeps WHERE id > :sweep"
NEWEST_SWEEP: Final = "SELECT max(id) FROM sweeps"
SWEEP_OF: Final = "SELECT id, at, body FROM sweeps WHERE id = :sweep"
SWEEP_TIME: Final = "SELECT at FROM sweeps WHERE id = :sweep"
ADD_SIGNATURE: Final = _insert("signoffs", "sweep name at addition note") + " RETURNING id"
PUT_AUTHOR: Final = _put("authors", "kind act", "uid account")
AUTHORS: Final = "SELECT act, uid, account FROM authors WHERE kind = :kind ORDER BY act"
SIGNATURES: Final = "SELECT name, at, addition, note FROM signoffs WHERE sweep = :sweep ORDER BY id"
ADD_HANDOVER: Final = (
    _insert("handovers", "sweep party name at note apart reason") + " RETURNING id"
)
HANDOVERS: Final = (
    "SELECT party, name, at, note, apart, reason FROM handovers WHERE sweep = :sweep ORDER BY id"
)
LAST_HANDOVER: Final = "SELECT max(at) FROM handovers"

ADD_NOTE: Final = _insert("notes", "token name at body") + " RETURNING id"
_NOTE = "SELECT id, name, at, body, ended, ender FROM notes"
NOTE: Final = f"{_NOTE} WHERE id = :id"
KNOWN_NOTE: Final = "SELECT id FROM notes WHERE token = :token"
# What was shown at some time between the two.
NOTES: Final = f"""
{_NOTE} WHERE at <= :until AND (ended IS NULL OR ended > :since) ORDER BY id"""
ENDED_NOTES: Final = f"{_NOTE} WHERE ended >= :since ORDER BY ended DESC"
END_NOTE: Final = "UPDATE notes SET ended = :ended, ender = :ender WHERE id = :id"

# Our clock was set by `by` seconds and shows `now`: what is open began, and what waits is due, that
# much later. What is over keeps the times that were told. Where a camera is began in the past.
MOVE: Final = (
    """UPDATE outbox SET created = created + :by, due = due + :by
        WHERE state IN ('pending', 'held')""",
    "UPDATE timeline SET since = since + :by WHERE until IS NULL",
    "UPDATE stays SET since = since + :by WHERE since > :now",
)


def shown_row(shown: ShownTable) -> str:
    """One row of a shown table, by `item`."""
    return f"SELECT {shown.select} FROM {shown.source} WHERE r.{shown.key} = :item"  # noqa: S608 - names of ours


_NEWEST = "SELECT max(n) FROM chain AS l WHERE l.shown = '{table}' AND l.item = {item}"


def shown_page(shown: ShownTable) -> str:
    """The rows of a shown table after the key `after`: key, then the columns."""
    return f"""
SELECT r.{shown.key}, {shown.select} FROM {shown.source}
WHERE r.{shown.key} > :after ORDER BY r.{shown.key} LIMIT :limit"""  # noqa: S608 - names of ours


def put_column(shown: ShownTable, column: str) -> str:
    """Put `value` into a column of the row `item` of a shown table."""
    return f"UPDATE {shown.table} SET {column} = :value WHERE {shown.key} = :item"  # noqa: S608 - names of ours


def entries_of(shown: ShownTable) -> str:
    """The numbers of the entries that hold the row `item` of a shown table and have a salt."""
    return f"""
SELECT n FROM chain JOIN salts ON entry = n
WHERE shown = '{shown.table}' AND item = :item"""  # noqa: S608 - names of ours


def shown_with_entries(shown: ShownTable) -> str:
    """The rows of a shown table after the key `after`, each with the newest entry that holds it: key,
    the columns, then n, at, kind, plain, sealed and salt.
    """
    newest = _NEWEST.format(table=shown.table, item=f"r.{shown.key}")
    return f"""
SELECT r.{shown.key}, {shown.select}, c.n, c.at, c.kind, c.plain, c.sealed, s.salt
FROM {shown.source} LEFT JOIN chain AS c ON c.n = ({newest}) LEFT JOIN salts AS s ON s.entry = c.n
WHERE r.{shown.key} > :after ORDER BY r.{shown.key} LIMIT :limit"""  # noqa: S608 - names of ours


def held_without_row(shown: ShownTable) -> str:
    """(n, at, item) of the newest entry of each row of a shown table that is not there, unless that
    entry says so.
    """
    return f"""
SELECT c.n, c.at, c.item FROM chain AS c WHERE c.shown = '{shown.table}' AND c.kind <> 'deleted'
    AND c.n = ({_NEWEST.format(table=shown.table, item="c.item")})
    AND NOT EXISTS (SELECT 1 FROM {shown.table} AS r WHERE r.{shown.key} = c.item)
ORDER BY c.n LIMIT :limit"""  # noqa: S608 - names of ours


def held_before(shown: ShownTable) -> str:
    """The keys of the rows of a shown table whose newest entry is before the entry `first`."""
    return f"""
SELECT c.item FROM chain AS c WHERE c.shown = '{shown.table}' AND c.n < :first
    AND c.n = ({_NEWEST.format(table=shown.table, item="c.item")})
    AND EXISTS (SELECT 1 FROM {shown.table} AS r WHERE r.{shown.key} = c.item)
ORDER BY c.n"""  # noqa: S608 - names of ours


def incident_row(incident: Incident) -> dict[str, Any]:
    """The values of `PUT_INCIDENT`."""
    lead = incident.lead
    return {
        "number": incident.number,
        "device": incident.device,
        "site": incident.site,
        "code": lead.code,
        "state": lead.state.name.lower(),
        "priority": incident.priority,
        "since": incident.since,
        "told": incident.told,
        "closed": incident.closed,
        "body": as_json(incident.as_dict()),
    }


def row_of(record: Record) -> dict[str, Any]:
    """The columns of a record of plain values; `dataclasses.asdict` copies each of them."""
    names = record.__dataclass_fields__
    return dict(zip(names, attrgetter(*names)(record), strict=True))


def as_json(value: Any) -> str:
    """`value` as it is stored: the same value gives the same text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
