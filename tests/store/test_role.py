"""The role of an agent in PostgreSQL that may do no more than it needs: what `healthmon database-sql` prints
is run by psql, then a store is used by that role.
"""

from __future__ import annotations

import subprocess
import time

import psycopg
import pytest
from helpers.databases import empty, installed
from helpers.store_samples import full
from helpers.store_shown import fill
from helpers.stores import server
from helpers.support import need

from healthmon.store import Store, TroubleError, audit, lease, retained, role_sql
from healthmon.store.lease import Claim
from healthmon.store.role_sql import YOUNG_SECONDS

__all__ = ["server"]  # a fixture
pytestmark = pytest.mark.slow
ROLE = 'agents "of" north'


@pytest.fixture
def role(server: str) -> str:
    """The URL of the role of an agent that has nothing yet."""
    if not server:
        need("postgresql")
    empty(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute('DROP ROLE IF EXISTS "agents ""of"" north"')
        connection.execute('CREATE ROLE "agents ""of"" north" LOGIN')
    return server.replace("//healthmon@", "//agents%20%22of%22%20north@")


def prepared(server: str) -> None:
    """As the administrator prepares the database."""
    psql = installed()[-1].parent / "psql"
    argv = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", server]
    done = subprocess.run(
        argv, input=role_sql.text(ROLE), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_without_a_right_to_the_tables_the_agent_says_who_gives_it(server: str, role: str) -> None:
    with pytest.raises(TroubleError, match=r"no schema .*`healthmon database-sql`"):
        Store.open(role)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    with pytest.raises(TroubleError, match=r"permission denied .*`healthmon database-sql`"):
        Store.open(role)


def test_an_agent_works_with_the_role_and_hands_over_to_another_one(server: str, role: str) -> None:
    prepared(server)
    first = Claim("north", 30.0)
    store = Store.open(role, alone=first)
    store.record(full())
    fill(store)
    store.hold(first, "[]")
    deleted = store.trim(dict.fromkeys(retained.GROUPS, time.time() - 86400.0), time.time())
    assert deleted is not None
    assert deleted.counts["changes"] > 0
    assert lease.announce(role, None, "b1", "south") == held(server)
    # Its session is ended, as one of an agent that hangs.
    second = Store.open(role, alone=Claim("south", 30.0, held(server)))
    _now, members = lease.members_of(role, None)
    assert [(one.name, one.leads) for one in members] == [("south", True), ("south", False)]
    with pytest.raises(TroubleError, match=r"has taken the estate over"):
        store.record(full())
    second.close()
    store.close()
    reader = Store.reader(role)
    assert reader.load().last_number >= 7
    reader.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE chain",
        "DROP TABLE cases",
        "TRUNCATE chain",
        "TRUNCATE outbox",
        "UPDATE chain SET plain = '{}'",
        "UPDATE salts SET salt = 'x'",
        "ALTER TABLE chain DISABLE ROW LEVEL SECURITY",
        "DROP POLICY healthmon_cut ON chain",
        "CREATE TABLE other (n INT)",
        "CREATE SCHEMA other",
        "CREATE ROLE other",
        "COPY cases TO '/tmp/cases'",
    ],
)
def test_the_role_is_refused_what_no_agent_does(server: str, role: str, statement: str) -> None:
    prepared(server)
    with (
        psycopg.connect(role, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_young_entries_of_the_audit_chain_cannot_be_deleted(server: str, role: str) -> None:
    prepared(server)
    store = Store.open(role)
    now = time.time()
    with store._engine.transaction():
        for age in (YOUNG_SECONDS + 600.0, YOUNG_SECONDS - 600.0, 0.0):
            audit.append(store._engine, [audit.Entry(now - age, "word", plain={"n": 1})])
    store.close()
    with psycopg.connect(role, autocommit=True) as connection:
        assert connection.execute("DELETE FROM chain").rowcount == 1
        assert connection.execute("SELECT count(*) FROM chain").fetchone() == (2,)


def test_what_an_agent_has_made_before_becomes_the_administrators(server: str, role: str) -> None:
    """And so it goes on after an update, as often as it is run."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute('GRANT USAGE, CREATE ON SCHEMA public TO "agents ""of"" north"')
    store = Store.open(role)
    store.record(full())
    store.close()
    for _ in range(2):
        prepared(server)
    store = Store.open(role)
    assert store.load().last_number == 7
    store.close()
    with psycopg.connect(server, autocommit=True) as connection:
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(owners).fetchall() == [("healthmon",)]


def held(url: str) -> lease.Lease | None:
    with psycopg.connect(url, autocommit=True) as connection:
        return lease.lease_of(connection)
