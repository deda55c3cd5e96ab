"""Letters between the agents of one estate, by the PostgreSQL database that they share: no agent needs
a way to another one, and a letter that nobody fetches is dropped after a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from healthmon.secret import Secret
from healthmon.store.engine import HAS, StoreError, TroubleError, plain
from healthmon.store.lease import PUT_SHARES, Shares

CONNECT_SECONDS = 5
KEPT_SECONDS = 60.0
LONGEST_PAUSE = 5.0
LARGEST = 8_000_000

# What is lost in a crash of the server is asked for again: no letter is written to its log (UNLOGGED).
TABLE: Final = f"""
CREATE UNLOGGED TABLE IF NOT EXISTS letters (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver TEXT NOT NULL,
    written TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    body BYTEA NOT NULL CHECK (octet_length(body) <= {LARGEST})
)"""
_SEND: Final = """
WITH sent AS (INSERT INTO letters (receiver, body) VALUES (%(to)s, %(body)s) RETURNING receiver)
SELECT pg_notify('healthmon_' || receiver, '') FROM sent"""
_FETCH: Final = """
WITH fetched AS (DELETE FROM letters WHERE receiver = %(to)s RETURNING number, written, body)
SELECT body, CAST(extract(epoch FROM clock_timestamp() - written) AS FLOAT) FROM fetched ORDER BY number"""
_CLEAR: Final = (
    "DELETE FROM letters WHERE written < clock_timestamp() - make_interval(secs => %(age)s)"
)
_NOW: Final = "SELECT CAST(extract(epoch FROM clock_timestamp()) AS FLOAT)"


@dataclass(frozen=True, slots=True)
class Letter:
    """Its `body`, and how long ago it was written (seconds, by the database's clock)."""

    body: bytes
    age: float


@dataclass(slots=True)
class Post:
    """The letters to `receiver` (letters, digits and _), and those that it sends. `clock` is our wall
    clock minus that of the database (seconds), as last compared; `fetched` is when letters were last
    fetched (monotonic).
    """

    url: str
    password: Secret | None
    receiver: str = ""
    clock: float = 0.0
    fetched: float = 0.0
    _sending: Any = None
    _fetching: Any = field(default=None, repr=False)

    async def attend(self, *jobs: Callable[[], Coroutine[Any, Any, None]]) -> str:
        """Connect, and run `jobs` until the database does not answer; why it does not."""
        problem = ""
        try:
            await self.open()
            async with asyncio.TaskGroup() as tasks:
                for job in jobs:
                    tasks.create_task(job())
        except* StoreError as error:
            problem = str(error.exceptions[0])
        return problem

    async def open(self) -> None:
        """Connect, or connect anew. Raises TroubleError."""
        await self.close()
        with _plain():
            self._sending = await self._connected()
            self._fetching = await self._connected()
            await self._fetching.execute(f"LISTEN healthmon_{self.receiver}")
        await self.compare_clocks()

    async def send(self, to: str, body: bytes) -> None:
        """Send `body` to the receiver `to`. Raises TroubleError."""
        with _plain():
            await self._sending.execute(_SEND, {"to": to, "body": body})

    async def letters(self) -> AsyncIterator[list[Letter]]:
        """What has come, the oldest first, each time when something has, and every few seconds (then it
        may be nothing). Raises TroubleError.
        """
        while True:
            with _plain():
                found = await (
                    await self._fetching.execute(_FETCH, {"to": self.receiver})
                ).fetchall()
            self.fetched = time.monotonic()
            yield [Letter(bytes(body), age) for body, age in found]
            with _plain():
                async for _ in self._fetching.notifies(timeout=LONGEST_PAUSE, stop_after=1):
                    pass

    async def compare_clocks(self) -> None:
        """Compare our clock with the database's, and clear away what nobody has fetched. Raises
        TroubleError.
        """
        with _plain():
            await self._sending.execute(_CLEAR, {"age": KEPT_SECONDS})
            before = time.time()
            (now,) = await (await self._sending.execute(_NOW)).fetchone()
            self.clock = (before + time.time()) / 2 - now

    async def tell_shares(self, shares: Shares) -> None:
        """Put down which share of the checks each agent makes. Raises TroubleError."""
        with _plain():
            await self._sending.execute(PUT_SHARES, {"value": json.dumps(shares)})

    async def close(self) -> None:
        """End both connections."""
        for connection in (self._sending, self._fetching):
            if connection is not None:
                with contextlib.suppress(TroubleError), _plain():
                    await connection.close()
        self._sending = self._fetching = None

    async def _connected(self) -> Any:
        import psycopg

        connection = await psycopg.AsyncConnection.connect(
            self.url,
            password=self.password.reveal() if self.password else None,
            connect_timeout=CONNECT_SECONDS,
            autocommit=True,
        )
        await connection.execute("SET synchronous_commit = off")
        found = await connection.execute(HAS, {"name": "letters"})
        if (True,) not in await found.fetchall():
            with contextlib.suppress(psycopg.errors.UniqueViolation):  # another agent makes it now
                await connection.execute(TABLE)
        return connection


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise plain(error) from None
