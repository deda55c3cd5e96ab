"""Which of several agents with one PostgreSQL database has the estate, and which stand by.

The agent that has the estate holds an advisory lock of its session and a lease, whose beat it renews. An
agent that stands by goes by its own monotonic clock alone: a beat that stays the same for the whole
time of the takeover, while the database answers, is that of an agent that is dead, stopped or cut
off. Each lease has an epoch of its own, which is checked in every transaction of its holder:
one that was stopped, or cut off, writes nothing when it goes on.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from healthmon.secret import Secret
from healthmon.store.engine import AloneError, TroubleError, plain
from healthmon.store.rows import Handed
from healthmon.store.schema import META, need

ADVISORY_LOCK = int.from_bytes(b"healthmn", "big")
RELEASED = "released"
LOGINS = "logins"
SHARES = "shares"
# Beats and looks in the time of a takeover.
BEATS = 6
LONGEST_PAUSE = 5.0
LOCK_SECONDS = 5.0
GONE_SECONDS = 3600.0
# Shares that are older are those of an agent that has the estate no more.
SHARES_SECONDS = 60.0

_NOW: Final = "CAST(extract(epoch FROM clock_timestamp()) AS VARCHAR)"
_PUT: Final = """
INSERT INTO meta (name, value) VALUES (%(name)s, %(value)s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
_BEAT: Final = f"""
INSERT INTO meta (name, value) VALUES (%(name)s, {_NOW})
ON CONFLICT (name) DO UPDATE SET value = excluded.value"""  # noqa: S608 - words of ours
_PUT_TIMED: Final = f"""
INSERT INTO meta (name, value) VALUES (%(row)s, {_NOW} || ' ' || %(value)s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value"""  # noqa: S608 - words of ours
_READ: Final = "SELECT name, value FROM meta WHERE name IN ('lease', 'lease_beat')"
_HELD: Final = "SELECT value FROM meta WHERE name = 'lease' FOR SHARE"
_STANDING_BY: Final = "SELECT name, value FROM meta WHERE name LIKE 'standby:%%'"
PUT_SHARES: Final = _PUT_TIMED.replace("%(row)s", f"'{SHARES}'")
_SHARES: Final = "SELECT value FROM meta WHERE name = 'shares'"
_FORGET: Final = f"""
DELETE FROM meta WHERE name LIKE 'standby:%%'
    AND CAST(split_part(value, ' ', 1) AS FLOAT) < CAST({_NOW} AS FLOAT) - %(age)s"""  # noqa: S608 - words of ours
# The session that holds the lock: its key is in two halves (pg_locks in PostgreSQL's manual).
_END_HOLDER: Final = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = %(high)s AND objid = %(low)s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class SupersededError(AloneError):
    """Another agent has taken the estate over."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has the estate: the `name` of its machine, the `holder` (one life of an agent), and the last
    `beat`: the database's time (Unix seconds) in digits, or RELEASED.
    """

    epoch: int
    holder: str
    name: str
    beat: str = ""

    def as_json(self) -> str:
        """What stands in the database."""
        return json.dumps({"epoch": self.epoch, "holder": self.holder, "name": self.name})


class Lock:
    """What a command takes to keep agents away for a moment."""

    def seize(self, connection: Any) -> None:
        """Take the database on a new `connection`. Raises AloneError where an agent has it."""
        need(connection, META)
        if not _locked(connection):
            raise AloneError(
                f"another healthmon agent runs already with this database{_on(lease_of(connection))}"
            )

    def confirm(self, connection: Any) -> None:
        """In each transaction. Raises SupersededError."""


@dataclass(slots=True)
class Contact:
    """When the database answered an agent: at `last`, and `since` when each time. Monotonic seconds."""

    last: float = -math.inf
    since: float | None = None

    def answered(self, at: float) -> None:
        """The database has answered what was asked `at`."""
        self.last, self.since = at, at if self.since is None else self.since

    def failed(self) -> None:
        """The database has not answered."""
        self.since = None

    def silence(self) -> float:
        """For how long it has not answered (seconds); infinite where it never has."""
        return time.monotonic() - self.last

    def unbroken(self, longest: float) -> float:
        """For how long it has answered each time (seconds), where the last time is `longest` ago at most."""
        if self.since is None or self.silence() > longest:
            return 0.0
        return time.monotonic() - self.since


@dataclass(slots=True)
class Claim(Lock):
    """The claim of one life of an agent; `over` is the lease that may be ended for it. `seconds` is
    the time of the takeover; `contact` is that of the beats.
    """

    name: str
    seconds: float
    over: Lease | None = None
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    lease: Lease | None = None
    contact: Contact = field(default_factory=Contact)

    def seize(self, connection: Any) -> None:
        """Take the lock and the lease; once had, only the same lease is taken up again. Raises
        AloneError, SupersededError.
        """
        need(connection, META)
        found = lease_of(connection)
        if self.lease is not None and (found is None or found.holder != self.holder):
            raise SupersededError(_superseded(found))
        if not _locked(connection):
            self._end_holder(connection, found)
        if self.lease is None:
            self._begin(connection, found)

    @property
    def epoch(self) -> int:
        """That of its lease, 0 where it has none."""
        return self.lease.epoch if self.lease is not None else 0

    def _begin(self, connection: Any, before: Lease | None) -> None:
        self.lease = Lease((before.epoch if before else 0) + 1, self.holder, self.name)
        connection.execute(_PUT, {"name": "lease", "value": self.lease.as_json()})
        connection.execute(_BEAT, {"name": "lease_beat"})
        connection.execute(_FORGET, {"age": GONE_SECONDS})
        self.contact.answered(time.monotonic())

    def confirm(self, connection: Any) -> None:
        """The lease stays ours until the end of the transaction."""
        row = connection.execute(_HELD).fetchone()
        if self.lease is None or row is None or row[0] != self.lease.as_json():
            raise SupersededError(_superseded(_parsed(row[0]) if row else None))

    def renew(self, connection: Any, logins: str = "") -> None:
        """Renew the lease, in a transaction of its holder, and keep the rejected `logins` for the next
        one, where there is news of them.
        """
        connection.execute(_BEAT, {"name": "lease_beat"})
        if logins:
            connection.execute(_PUT_TIMED, {"row": LOGINS, "value": logins})

    def handed(self, connection: Any) -> Handed | None:
        """What the holder before has kept."""
        statement = f"SELECT value, {_NOW} FROM meta WHERE name = %(name)s"  # noqa: S608 - words of ours
        row = connection.execute(statement, {"name": LOGINS}).fetchone()
        if row is None:
            return None
        at, _, logins = row[0].partition(" ")
        return Handed(logins, float(row[1]) - float(at))

    def release(self, connection: Any) -> None:
        """Let another agent have the estate at once, in a transaction of its holder."""
        connection.execute(_PUT, {"name": "lease_beat", "value": RELEASED})

    def in_force(self) -> bool:
        """Whether the lease was renewed within the time of a takeover: nobody can have it else."""
        return self.contact.silence() < self.seconds

    def _end_holder(self, connection: Any, found: Lease | None) -> None:
        """End the session that has the lock, where that is our own old one or belongs to the lease that
        may be ended, and get the lock.
        """
        ours = self.lease is not None
        if not ours and (self.over is None or found != self.over):
            raise AloneError(f"another healthmon agent runs already with this database{_on(found)}")
        halves = {"high": ADVISORY_LOCK >> 32, "low": ADVISORY_LOCK & 0xFFFFFFFF}
        connection.execute(_END_HOLDER, halves)
        end = time.monotonic() + LOCK_SECONDS
        while not _locked(connection):
            if time.monotonic() > end:
                raise TroubleError("the database does not end the session of the agent before")
            time.sleep(0.05)


@dataclass(slots=True)
class Watch:
    """When an agent that stands by may take over: after `seconds` without a new beat, in all of which
    the database has answered. Times are monotonic seconds.
    """

    seconds: float
    _seen: Lease | None = None
    _since: float | None = None
    _blind: float | None = None

    def may_take(self, lease: Lease | None, now: float) -> bool:
        """By what the database says at `now`; None: nobody has had the estate yet."""
        self._blind = None
        if lease is None or lease.beat == RELEASED:
            return True
        if lease != self._seen or self._since is None:
            self._seen, self._since = lease, now
        return now - self._since >= self.seconds

    def lost_sight(self, now: float, *, seen_to: bool | None = None) -> bool:
        """By a database that does not answer at `now`: the time begins anew. `seen_to` is whether
        another agent says that it has the estate or the database; None where none can be asked.

        Where nobody says so for the time of a takeover, or none can be asked and the database has
        never answered, an estate that nobody looks at is worse than one that two look at.
        """
        self._since = None
        known = self._seen is not None if seen_to is None else seen_to
        if known:
            self._blind = None
            return False
        self._blind = now if self._blind is None else self._blind
        return now - self._blind >= self.seconds


@dataclass(frozen=True, slots=True)
class Member:
    """An agent of the estate: it has the lease (`leads`) or stands by; when it was last `seen`
    (Unix seconds by the database's clock, None: never or released). Where devices are shared out, `share` is
    that of all checks which it has made lately, and `way` how long a check takes there and back (seconds).
    """

    name: str
    leads: bool
    seen: float | None
    epoch: int = 0
    share: float | None = None
    way: float | None = None

    def age(self, now: float) -> float | None:
        """How long ago it was seen (seconds) at `now`, of the database's clock."""
        return None if self.seen is None else max(0.0, now - self.seen)


def lease_of(connection: Any) -> Lease | None:
    """The lease as it stands in the database; None where there is none."""
    rows = dict(connection.execute(_READ).fetchall())
    if "lease" not in rows:
        return None
    last = _parsed(rows["lease"])
    return Lease(last.epoch, last.holder, last.name, rows.get("lease_beat", ""))


def pause_between_beats(seconds: float) -> float:
    """The time between two beats, and between two looks at them, for a takeover in `seconds`."""
    return min(LONGEST_PAUSE, seconds / BEATS)


def fresh(seconds: float) -> float:
    """How old the last answer of the database may be while nothing is amiss: two beats of a takeover in
    `seconds`.
    """
    return 2 * seconds / BEATS


def doubtful(seconds: float) -> float:
    """From which silence of the database on the other agents are asked: where one of them has a `fresh`
    answer then, it has one from long after our last.
    """
    return 4 * seconds / BEATS


def has_it_surely(seconds: float) -> float:
    """For how long the database must have answered another agent each time, until that tells of us that
    we are cut off, and not of a database that has just started.
    """
    return seconds / 2


def announce(url: str, password: Secret | None, holder: str, name: str) -> Lease | None:
    """As `stand_by`, on a connection of its own. Raises TroubleError."""
    with _connected(url, password) as connection:
        return stand_by(connection, holder, name)


def withdraw(url: str, password: Secret | None, holder: str) -> None:
    """Say that the agent `holder` stands by no more, on a connection of its own. Raises TroubleError."""
    with _connected(url, password) as connection:
        connection.execute("DELETE FROM meta WHERE name = %s", (f"standby:{holder}",))


def members_of(url: str, password: Secret | None) -> tuple[float, list[Member]]:
    """The time of the database (Unix seconds) and `members`, on a connection of its own. Raises
    TroubleError.
    """
    with _connected(url, password) as connection:
        return members(connection)


@contextlib.contextmanager
def _connected(url: str, password: Secret | None) -> Iterator[Any]:
    import psycopg

    try:
        with psycopg.connect(
            url,
            password=password.reveal() if password else None,
            connect_timeout=int(LOCK_SECONDS),
            autocommit=True,
        ) as connection:
            yield connection
    except psycopg.Error as error:
        raise plain(error) from None


def stand_by(connection: Any, holder: str, name: str) -> Lease | None:
    """Say that an agent on the machine `name` stands by, and read the lease."""
    need(connection, META)
    connection.execute(_PUT_TIMED, {"row": f"standby:{holder}", "value": name})
    return lease_of(connection)


def members(connection: Any) -> tuple[float, list[Member]]:
    """The time of the database (Unix seconds), and every agent that was seen in the last hour: the one
    that has the estate first, whenever that was.
    """
    now = float(connection.execute(f"SELECT {_NOW}").fetchone()[0])
    need(connection, META)
    lease, shares = lease_of(connection), _shares(connection, now)
    found = []
    if lease is not None:
        seen = None if lease.beat == RELEASED else float(lease.beat)
        share, way = shares.get(lease.holder, (None, None))
        found.append(Member(lease.name, True, seen, lease.epoch, share, way))
    for row, value in connection.execute(_STANDING_BY).fetchall():
        seen, _, name = value.partition(" ")
        share, way = shares.get(row.partition(":")[2], (None, None))
        if now - float(seen) < GONE_SECONDS:
            found.append(Member(name, leads=False, seen=float(seen), share=share, way=way))
    return now, found


Shares = Mapping[str, tuple[float | None, float | None]]


def _shares(connection: Any, now: float) -> Shares:
    """The share and the way of each agent, by its holder, as the one that has the estate has told lately."""
    row = connection.execute(_SHARES).fetchone()
    at, _, told = row[0].partition(" ") if row is not None else ("0", "", "{}")
    if now - float(at) > SHARES_SECONDS:
        return {}
    return {holder: (share, way) for holder, (share, way) in json.loads(told).items()}


def _locked(connection: Any) -> bool:
    found = connection.execute("SELECT pg_try_advisory_lock(%s)", (ADVISORY_LOCK,)).fetchone()
    return bool(found[0])


def _parsed(text: str) -> Lease:
    row: Mapping[str, Any] = json.loads(text)
    return Lease(int(row["epoch"]), str(row["holder"]), str(row["name"]))


def _on(lease: Lease | None) -> str:
    return f", on {lease.name}" if lease else ""


def _superseded(lease: Lease | None) -> str:
    where = f"an agent on {lease.name}" if lease else "another agent"
    return f"{where} has taken the estate over"
