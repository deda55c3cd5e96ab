"""The agent that stands by makes the checks that the one which has the estate deals to it: it runs the
probe and reports what it saw. It believes, keeps and tells nothing (docs/adr/0072).
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.config.problems import ConfigError
from healthmon.model.device import Check, CheckKey
from healthmon.protocols.trace import Trace
from healthmon.runtime.engine import CheckEngine
from healthmon.runtime.estate import Estate
from healthmon.runtime.letters import (
    Order,
    Outcome,
    Report,
    UnreadableError,
    Where,
    Work,
    packed,
    work_of,
)
from healthmon.runtime.preloading import load_for
from healthmon.runtime.reading import read_apart
from healthmon.runtime.sharing import (
    AGAIN_SECONDS,
    digest_of,
    gathered,
    knows_the_time,
    logins_since,
    place_of,
    receiver,
)
from healthmon.runtime.supervise import supervised
from healthmon.store import location
from healthmon.store.agent_name import agent_name
from healthmon.store.lease import pause_between_beats
from healthmon.store.post import Letter, Post

log = logging.getLogger("healthmon")

READ_AGAIN_SECONDS = 10.0
# What lay longer is not waited for any more.
OLD_SECONDS = 5.0


@dataclass(slots=True)
class Checker:
    """Makes checks by the configuration in `path`, whose `engine` this is, until it is cancelled. `epoch` is
    that of the lease in force; `sender` is its address for letters.
    """

    path: Path
    engine: CheckEngine
    post: Post
    sender: str
    seconds: float
    epoch: Callable[[], int]
    _digest: str = ""
    _checks: dict[CheckKey, Check] = field(default_factory=dict)
    _seen: list[Outcome] = field(default_factory=list)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _told_logins: int = -1
    _read_at: float = -READ_AGAIN_SECONDS
    _runs: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def of(cls, path: Path, estate: Estate, holder: str, epoch: Callable[[], int]) -> Checker:
        """Of the agent in this process, whose life is `holder`. Raises ConfigError for a secret."""
        where = location.place(estate.config)
        database = estate.config.database
        seconds = (database.takeover if database else None) or location.TAKEOVER_SECONDS
        engine = CheckEngine.of(estate)
        return cls(path, engine, Post(where.url, where.password, holder), holder, seconds, epoch)

    async def run(self) -> None:
        """Make checks until cancelled."""
        await self._follow(self.engine.estate)
        jobs: tuple[Callable[[], Awaitable[None]], ...] = (
            self.engine.runner.lag.watch,
            self.engine.runner.host_routes.watch,
            self._know_the_time,
            self._work,
        )
        tasks = [asyncio.create_task(supervised(job, self._bug)) for job in jobs]
        try:
            await asyncio.gather(*tasks)
        finally:
            await self._end([*tasks, *self._runs])

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.post.close()
        await self.engine.close()

    def _bug(self) -> None:
        self.engine.runner.bugs += 1

    async def _know_the_time(self) -> None:
        """The clocks of cameras are compared with what this machine knows of the time."""
        while True:
            check = self.engine.estate.agent_check()
            self.engine.notice(await self.engine.run_check(check))
            await asyncio.sleep(check.interval)

    async def _work(self) -> None:
        while True:
            problem = await self.post.attend(self._receive, self._report, self._say_ready)
            log.debug("no devices are checked: %s", problem)
            await asyncio.sleep(AGAIN_SECONDS)

    # --------------------------------------------------------------------------------- checks

    async def _receive(self) -> None:
        async for letters in self.post.letters():
            for letter in letters:
                await self._taken(letter)

    async def _taken(self, letter: Letter) -> None:
        try:
            work = work_of(letter.body)
        except UnreadableError:  # an agent of another version
            return
        if work.epoch < self.epoch() or letter.age > OLD_SECONDS:
            return
        if work.logins:
            self.engine.state.lockout_guard.take_over(work.logins, letter.age)
        for where in work.forgotten:
            self._forget(where)
        if work.digest != self._digest:
            await self._read_again(work.digest)
        for order in work.orders:
            self._begin(order, work)

    def _begin(self, order: Order, work: Work) -> None:
        check = self._checks.get(order.key)
        if check is None or work.digest != self._digest:
            return
        task = asyncio.create_task(self._run(order, check))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)

    async def _run(self, order: Order, check: Check) -> None:
        where = (check.device, check.instance)
        if order.answers:
            self.engine.state.answers[where] = order.answers
        else:
            self.engine.state.answers.pop(where, None)
        trace = Trace(keep_notes=True)
        result = await self.engine.run_check(check, trace)
        self.engine.notice(result)
        self._seen.append(Outcome.of(order.number, result, trace))
        self._bell.set()

    def _forget(self, where: Where) -> None:
        try:
            self.engine.forget_view(where)
        except OSError as error:
            log.warning("what %s has learned cannot be deleted: %s", where[0], error.strerror)

    # ------------------------------------------------------------------------------- reports

    async def _report(self) -> None:
        while True:
            await gathered(self._bell)
            await self._write()

    async def _say_ready(self) -> None:
        while True:
            await self.post.compare_clocks()
            await self._write()
            await asyncio.sleep(pause_between_beats(self.seconds) / 2)

    async def _write(self) -> None:
        guard = self.engine.state.lockout_guard
        logins, revision = logins_since(guard, self._told_logins)
        seen = tuple(self._seen)
        self._seen.clear()
        report = Report(
            self.sender,
            place_of(self.engine.estate),
            agent_name(),
            self._digest,
            self.post.clock,
            knows_the_time(self.engine.state),
            logins,
            seen,
        )
        await self.post.send(receiver(self.epoch()), packed(report))
        self._told_logins = revision

    # -------------------------------------------------------------------------- configuration

    async def _read_again(self, digest: str) -> None:
        """Go by the file as it is now, where that is the one that is in force."""
        if time.monotonic() - self._read_at < READ_AGAIN_SECONDS:
            return
        self._read_at = time.monotonic()
        try:
            estate, _ = await read_apart(self.path)
        except ConfigError:  # the agent that has the estate says what is wrong
            return
        if await asyncio.to_thread(digest_of, estate) != digest:
            return
        before = self.engine
        before.state.retain(estate.changed_from(before.estate), estate.keys)
        self.engine = CheckEngine.of(estate, before.state, before.runner)
        before.context.connector.close()
        await self._follow(estate)

    async def _follow(self, estate: Estate) -> None:
        await asyncio.to_thread(load_for, estate.checks, estate.makes)
        self._digest = await asyncio.to_thread(digest_of, estate)
        self._checks = {check.key: check for check in estate.checks}


async def checking(path: Path, estate: Estate, holder: str, epoch: Callable[[], int]) -> None:
    """Make checks until cancelled."""
    job = functools.partial(_one_life, path, estate, holder, epoch)
    await supervised(job, lambda: None)


async def _one_life(path: Path, estate: Estate, holder: str, epoch: Callable[[], int]) -> None:
    try:
        checker = Checker.of(path, estate, holder, epoch)
    except ConfigError as error:
        log.warning("no devices are checked: %s", error)
        await asyncio.sleep(READ_AGAIN_SECONDS)
        return
    await checker.run()
