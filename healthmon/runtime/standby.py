"""The agent that stands by: it waits until the one that has the estate ends or is silent for the time
of a takeover, and answers on its pages meanwhile that it stands by.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import signal
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.config.problems import ConfigError
from healthmon.runtime import listener_config, systemd
from healthmon.runtime.agent import Agent, TakenError
from healthmon.runtime.estate import Estate
from healthmon.runtime.other_agents import OtherAgents
from healthmon.runtime.reading import read_apart
from healthmon.store import StoreError, lease, location
from healthmon.store.agent_name import agent_name
from healthmon.store.lease import Contact, Lease, Watch
from healthmon_exporters.web import standby_pages
from healthmon_exporters.web.agent_pages import AgentPages, AgentReport

log = logging.getLogger("healthmon")


async def agent_of(path: Path) -> tuple[Agent, tuple[str, ...]]:
    """The agent of the configuration in `path`, once it may have the estate, and the problems of its
    secrets. Raises ConfigError, OSError, and BlockingIOError where another agent has the estate and
    this one is not to wait for it.
    """
    while True:
        estate, problems = await _read(path)
        seconds = estate.config.database.takeover if estate.config.database else None
        if seconds is None:
            return Agent.of(path, estate), problems
        over, waited = await _until_free(path, estate, seconds)
        if waited:  # the file may be another one by now
            estate, problems = await _read(path)
        try:
            return Agent.of(path, estate, over), problems
        except TakenError as error:  # another one was quicker, or is of a version without a lease
            log.info("standing by: %s", error)
            systemd.tell("READY=1", "WATCHDOG=1", f"STATUS=standing by: {error}")
            await asyncio.sleep(lease.pause_between_beats(seconds))


async def _read(path: Path) -> tuple[Estate, tuple[str, ...]]:
    """The estate, whose pages can be opened, and the problems of its secrets. Raises ConfigError."""
    estate, problems = await read_apart(path)
    if wrong := listener_config.problems(path, estate.config):
        raise ConfigError(wrong)
    return estate, tuple(map(str, problems))


async def _until_free(path: Path, estate: Estate, seconds: float) -> tuple[Lease | None, bool]:
    """The lease that may be ended, and whether it had to be waited for."""
    waiting = _Waiting(estate, Watch(seconds), OtherAgents.of(estate.config))
    try:
        return await _waited(path, estate, seconds, waiting)
    finally:
        await waiting.close()


async def _waited(
    path: Path, estate: Estate, seconds: float, waiting: _Waiting
) -> tuple[Lease | None, bool]:
    if await waiting.is_free():
        return waiting.found, False
    # The file is read at a takeover anyway.
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
    log.info("standing by: %s; takes over after %g s of silence", waiting.words(), seconds)
    async with _shown(estate, waiting), _checking(path, estate, waiting):
        systemd.tell("READY=1", f"STATUS=standing by: {waiting.words()}")
        while not await waiting.is_free():
            systemd.tell("WATCHDOG=1", f"STATUS=standing by: {waiting.words()}")
            await asyncio.sleep(lease.pause_between_beats(seconds))
    log.warning("taking the estate over: %s", waiting.words())
    return waiting.found, True


@dataclass(slots=True)
class _Waiting:
    """`found` is the lease as it was read last; `trouble` says why the database did not answer."""

    estate: Estate
    watch: Watch
    others: OtherAgents | None
    contact: Contact = field(default_factory=Contact)
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    found: Lease | None = None
    trouble: str = ""

    async def is_free(self) -> bool:
        """Whether this agent may have the estate now."""
        began = time.monotonic()
        try:
            where = location.place(self.estate.config)
            asking = functools.partial(lease.announce, where.url, where.password, self.holder)
            self.found, self.trouble = await asyncio.to_thread(asking, agent_name()), ""
        except (StoreError, ConfigError) as error:
            self.trouble = str(error)
            self.contact.failed()
            seen_to = await self.others.see_to_it() if self.others is not None else None
            return self.watch.lost_sight(time.monotonic(), seen_to=seen_to)
        self.contact.answered(began)
        return self.watch.may_take(self.found, time.monotonic())

    def epoch(self) -> int:
        """That of the lease as it was read last."""
        return self.found.epoch if self.found is not None else 0

    def report(self) -> AgentReport:
        """What this agent says of itself."""
        seconds = lease.fresh(self.watch.seconds)
        return AgentReport(has_estate=False, database_seconds=self.contact.unbroken(seconds))

    async def close(self) -> None:
        """Ask nobody more, and stand by no more."""
        if self.others is not None:
            await self.others.close()
        if not self.trouble:
            with contextlib.suppress(StoreError, ConfigError):
                where = location.place(self.estate.config)
                await asyncio.to_thread(lease.withdraw, where.url, where.password, self.holder)

    def words(self) -> str:
        """Who has the estate, in words."""
        if self.trouble:
            return f"the database does not answer ({self.trouble})"
        if self.found is None:
            return "nobody has the estate"
        if self.found.beat == lease.RELEASED:
            return f"the agent on {self.found.name} has ended"
        return f"an agent on {self.found.name} has the estate"


@contextlib.asynccontextmanager
async def _checking(path: Path, estate: Estate, waiting: _Waiting) -> AsyncIterator[None]:
    """An agent that stands by makes the checks that are dealt to it, where devices are shared out."""
    if not (estate.config.database and estate.config.database.share):
        yield
        return
    from healthmon.runtime.checker import checking

    task = asyncio.create_task(checking(path, estate, waiting.holder, waiting.epoch))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _shown(estate: Estate, waiting: _Waiting) -> AsyncIterator[None]:
    """The pages of an agent that stands by. Raises OSError as those of an agent."""
    pages = standby_pages.application(
        waiting.words,
        AgentPages(waiting.report, functools.partial(listener_config.agents, estate.config)),
        functools.partial(listener_config.users_file, estate.config),
        functools.partial(listener_config.names_of, estate.config.agent),
        estate.config.estate.name,
    )
    opened = await listener_config.listening(pages, estate.config)
    try:
        yield
    finally:
        await opened.close()
