"""The one writer of the store: batches in, each on the disk before it is acknowledged; trouble is
outlived, not fatal.

While the disk is full, the database locked or its server away, what happens is kept in memory
(bounded) and written later; a damaged file is put aside as ``.corrupt-<time>`` and a new one is
begun with what is known. So it is where the file was moved, removed or replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from healthmon.store import AloneError, Batch, CorruptError, Saved, Store, StoreError, TroubleError
from healthmon.store.engine import last_number, quarantine
from healthmon.store.lease import Claim, doubtful, fresh, has_it_surely, pause_between_beats

log = logging.getLogger("healthmon.store")

RETRY_SECONDS = 3.0
BOUND = 10_000


class Logins(Protocol):
    """The rejected logins (`protocols.transport.lockout_guard`)."""

    revision: int

    def hand_over(self) -> str:
        """Them in JSON."""


@dataclass(slots=True)
class StoreWriter:
    """`opener` opens the store (it raises StoreError); `file` is the SQLite file, None for a
    server.

    `snapshot` is all that is known, for a store that begins anew; `on_late` gets what the last run
    has left when that could not be read at the start. `claim` is that on the database of a server;
    `on_superseded` is called once when another agent has it. `others` asks the other agents for
    how long the database has answered one of them (seconds); None where none are known. `logins`
    are kept for the agent that goes on from here, with each beat that has news of them.
    """

    opener: Callable[[], Store]
    file: Path | None = None
    snapshot: Callable[[], Batch] = Batch
    on_late: Callable[[Saved], None] = lambda _saved: None
    claim: Claim | None = None
    on_superseded: Callable[[], None] = lambda: None
    others: Callable[[], Awaitable[float]] | None = None
    logins: Callable[[], Logins] | None = None
    superseded: str = ""
    problem: str = ""
    alarm: str = ""
    alarm_at: float = 0.0
    dropped: int = 0
    store: Store | None = None
    _opened: tuple[int, int] | None = None
    _replaced: bool = False
    _left: float | None = None
    _late: bool = False
    _goes_on: bool = False
    _handed: tuple[Logins, int] | None = None
    _early: asyncio.Event = field(default_factory=asyncio.Event)
    _found: Saved | None = None
    _pending: Batch = field(default_factory=Batch)
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "store"))

    @property
    def ok(self) -> bool:
        """Whether what was submitted last is on the disk or on its way there."""
        return not self.problem

    def start(self) -> Saved:
        """Open and load. Raises AloneError.

        Where that is not possible now, what the last run has left comes later (`on_late`). A number
        of an incident never means two faults: after damage numbers go on from the file's last one,
        else from one that is made of the time.
        """
        try:
            return self._load()
        except CorruptError as error:
            aside = self._put_aside(error)
            return Saved(last_number=(last_number(aside) if aside else 0) or _by_time())
        except AloneError:
            raise
        except StoreError as error:
            self.problem, self._late = str(error), True
            log.error("the store cannot be read now: %s", error)  # noqa: TRY400 - one line, no traceback
            return Saved(last_number=_by_time())

    def _load(self) -> Saved:
        self._open()
        assert self.store is not None  # noqa: S101 - _open raises or sets it
        try:
            saved = self.store.load()
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptError(f"a record cannot be read: {error!r}") from None
        if saved.alive is not None:
            self.store.end_timelines(saved.alive)
        return saved if self.claim is None else replace(saved, handed=self.store.handed(self.claim))

    def _open(self) -> None:
        """Open the store where it is not, or where its file is another one than before. Raises AloneError
        where another agent has it.
        """
        if self.superseded:
            raise AloneError(self.superseded)
        before, now = self._opened, _identity(self.file)
        if self.store is not None and now == before:
            return
        self._replaced |= before is not None and now != before
        self._let_go()
        self.store = self.opener()
        self._opened = _identity(self.file)

    def _let_go(self) -> None:
        if self.store is not None:
            self.store.close()
            self.store = None

    def _put_aside(self, error: Exception) -> Path | None:
        self._let_go()
        self._opened = self._left = None
        self.problem = str(error)
        self.alarm_at = time.time()
        if self.file is None:
            self.alarm = f"the database is damaged: {error}"
            return None
        aside = quarantine(self.file)
        where = f"put aside as {aside.name}" if aside else "it cannot be put aside"
        self.alarm = f"the history was damaged ({error}); {where}"
        log.critical(self.alarm)
        return aside

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        """Write `batch` soon; the future is done when it is on the disk. Who does not wait for it
        cancels it.
        """
        self._pending.add(batch)
        self.dropped += self._pending.trim(BOUND)
        self._waiting = [future for future in self._waiting if not future.done()]
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._bell.set()
        return future

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            if not await self.flush():
                await asyncio.sleep(RETRY_SECONDS)
                self._bell.set()

    async def flush(self) -> bool:
        """Write what is pending in one transaction; whether it is on the disk.

        Who is cancelled meanwhile waits for its end first: what has been taken to be written is not
        lost.
        """
        write = asyncio.create_task(self._flush())
        try:
            return await asyncio.shield(write)
        except asyncio.CancelledError:
            await asyncio.wait((write,))
            raise

    async def _flush(self) -> bool:
        batch, waiting = self._pending, self._waiting
        self._pending, self._waiting = Batch(), []
        if not batch and self.store is not None and not self._replaced:
            _done(waiting)
            return True
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, batch)
        except CorruptError as error:
            self._put_aside(error)
            self._back(_both(self._all_known(batch), batch), waiting)
        except _ReplacedError as error:
            self._begin_anew(error)
            self._back(_both(_over(error.saved, self._all_known(batch)), batch), waiting)
            return await self._flush()
        except StoreError as error:
            self._failed(error)
            self._back(batch, waiting)
        else:
            self.problem = ""
            _done(waiting)
            if self._found is not None:
                found, self._found = self._found, None
                self.on_late(found)
            return True
        return False

    async def hold(self) -> None:
        """Renew the lease for ever, or until another agent has it. Whatever waits for the database
        waits behind it.
        """
        while self.claim is not None and not self.superseded:
            self._early.clear()
            await self._renew(self.claim)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_between_beats(self.claim.seconds)):
                    await self._early.wait()

    def beat_soon(self) -> None:
        """Renew the lease now: there is something that the agent after this one must know."""
        self._early.set()

    async def _renew(self, claim: Claim) -> None:
        began = time.monotonic()
        known = self.logins() if self.logins is not None else None
        mark = (known, known.revision) if known is not None else None
        news = known.hand_over() if known is not None and mark != self._handed else ""
        try:
            await self.query(functools.partial(Store.hold, claim=claim, logins=news))
        except AloneError as error:
            self._end(error)
        except StoreError as error:
            claim.contact.failed()
            log.warning("the lease cannot be renewed: %s", error)
        else:
            claim.contact.answered(began)
            self._handed = mark

    async def decide(self) -> None:
        """Whenever the lease is over without a word of the database, decide whether this agent goes on.
        For ever, or until it is superseded.

        One whose database answers another agent is cut off and ends. Where nobody says so, an estate
        that nobody looks at would be worse. The others are asked before one of them can take over:
        while it does, it does not answer. An agent that was stopped asks the database first.
        """
        elsewhere = over = False
        while self.claim is not None and not self.superseded:
            await asyncio.sleep(pause_between_beats(self.claim.seconds))
            if self.claim.contact.silence() < doubtful(self.claim.seconds):
                elsewhere = over = self._goes_on = False
                continue
            elsewhere |= await self._answers_another(self.claim.seconds)
            before, over = over, not self.claim.in_force()
            if before and over:
                self._decided(elsewhere=elsewhere)

    async def _answers_another(self, seconds: float) -> bool:
        return self.others is not None and await self.others() >= has_it_surely(seconds)

    def _decided(self, *, elsewhere: bool) -> None:
        if elsewhere:
            self._end(AloneError("the database answers another agent and not this one"))
        self._goes_on = not elsewhere

    async def permitted(self) -> bool:
        """Whether it is this agent that sends messages. One that may be cut off, or was stopped, sends
        none until that is decided.
        """
        if self.claim is None:
            return True
        longest = fresh(self.claim.seconds) if self.others is not None else self.claim.seconds
        sure = self.claim.contact.silence() < longest
        return not self.superseded and (sure or self._goes_on)

    def database_seconds(self) -> float | None:
        """For how long the database of a server has answered each time; None for a file."""
        if self.claim is None:
            return None
        return self.claim.contact.unbroken(fresh(self.claim.seconds))

    def _failed(self, error: StoreError) -> None:
        if isinstance(error, AloneError):
            self._end(error)
            return
        if self.problem != str(error):
            log.error("the store cannot write: %s", error)
        self.problem = str(error)

    def _end(self, error: AloneError) -> None:
        if self.superseded:
            return
        self.problem = self.superseded = str(error)
        log.critical("%s: this agent ends and writes nothing more", error)
        if self.store is not None:  # its thread may wait for an answer that never comes
            self.store.sever()
        self.on_superseded()

    def _begin_anew(self, error: _ReplacedError) -> None:
        self.alarm_at = time.time()
        self.alarm = f"{error}; history goes on in the file that is there now"
        log.critical(self.alarm)

    def _all_known(self, batch: Batch) -> Batch:
        """The snapshot, for a store that begins anew with it and then `batch`: its times are those
        of our clock as it is set now, so that no step is left to follow.
        """
        for one in (batch, self._pending):
            one.steps.clear()
        return self.snapshot()

    def _back(self, batch: Batch, waiting: list[asyncio.Future[None]]) -> None:
        self._pending = _both(batch, self._pending)
        self._waiting = waiting + self._waiting

    def _write(self, batch: Batch) -> None:
        self._open()
        assert self.store is not None  # noqa: S101 - _open raises or sets it
        if self._late:
            self._found, self._late = self._load(), False
        if self._replaced or self._is_older(self.store):
            saved, self._replaced, self._left = self._load(), False, None
            raise _ReplacedError(saved)
        try:
            self.store.record(batch)
            self._left = batch.alive if batch.alive is not None else self._left
        except TroubleError:
            if self.file is not None:  # what can be written again may need a new connection
                self._let_go()
            raise

    def _is_older(self, store: Store) -> bool:
        """Whether the store knows less than was written: a copy from before has been put into its
        place, without a new file.
        """
        return self._left is not None and (store.last_alive() or 0.0) < self._left

    async def query(self, read: Callable[[Store], object]) -> object:
        """The answer of the store, asked in the writer's thread. Raises StoreError."""

        def run() -> object:
            self._open()
            assert self.store is not None  # noqa: S101 - _open raises or sets it
            return read(self.store)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        finally:
            if self._replaced:
                self._bell.set()

    async def close(self) -> None:
        """Write what is pending, once, and let go; who was superseded writes nothing."""
        self._pending.alive = time.time()
        if not self.superseded and await self.flush():
            if self._pending:  # what the last run has left has only come now
                await self.flush()
            await self._release()
        self._thread.shutdown(wait=True)
        if self.store is not None:
            self.store.close()

    async def _release(self) -> None:
        if self.claim is None:
            return
        with contextlib.suppress(StoreError):  # then the others wait for the beat
            await self.query(functools.partial(Store.release, claim=self.claim))


class _ReplacedError(StoreError):
    """The file is another one than it was; `saved` is what it holds."""

    def __init__(self, saved: Saved) -> None:
        super().__init__("the history file was moved, removed or replaced")
        self.saved = saved


def _identity(file: Path | None) -> tuple[int, int] | None:
    """What tells `file` from another one of the same name; None where there is none."""
    if file is None:
        return None
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _over(saved: Saved, known: Batch) -> Batch:
    """`known` with the end of what is still open in the store (`saved`) and in fact is not."""
    for fault in saved.faults:
        known.faults.setdefault(fault.key, None)
    for incident in saved.incidents:
        if incident.number not in known.incidents:
            known.incidents[incident.number] = replace(incident, closed=time.time())
    return known


def _by_time() -> int:
    """A number for incidents that none of an earlier time can have."""
    return int(time.time() // 60)


def _done(waiting: list[asyncio.Future[None]]) -> None:
    for future in waiting:
        if not future.done():
            future.set_result(None)


def _both(first: Batch, later: Batch) -> Batch:
    first.add(later)
    return first
