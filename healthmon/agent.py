"""The long run: poll for ever, judge, keep the fault book, serve what is known; reload without a gap."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from healthmon import __version__, figures, heap, storage
from healthmon import config as configuration
from healthmon.app import App, build
from healthmon.cases import World
from healthmon.casework import Casework
from healthmon.config import Config, ConfigError
from healthmon.faults import FaultBook
from healthmon.inventory import AGENT
from healthmon.model import Ask, Device, Observation, Question, Reason, State, Verdict
from healthmon.pulse import Pulse
from healthmon.schedule import Schedule
from healthmon.selfcheck import Facts, own_network
from healthmon.selfcheck import verdicts as own_verdicts
from healthmon.store import AloneError, Saved
from healthmon.supervise import supervised
from healthmon_exporters.notify.routing import times_of_day
from healthmon_exporters.prometheus import Metrics
from healthmon_exporters.wall.snapshot import Board

log = logging.getLogger("healthmon")

TICK_SECONDS = 1.0
SELF_SECONDS = 5.0
WINDOWS_SECONDS = 15.0
FIGURES_SECONDS = 5.0
TRIM_SECONDS = 5.0
SIBLINGS = 64
BACK_SECONDS = 5.0
TIMED_SECONDS = 30.0
_AWAY = frozenset({Reason.NOT_REACHED, Reason.AGENT_NETWORK})


@dataclass(slots=True)
class Agent:
    """A running configuration. `path` is read again at a reload; a bad file changes nothing.

    `ending` are ended before the gates close: what looks out of turn.
    """

    path: Path
    app: App
    metrics: Metrics
    casework: Casework
    running: storage.Running
    started: float = field(default_factory=time.time)
    observations: dict[tuple[str, Question, str], Observation] = field(default_factory=dict)
    board: Board = field(default_factory=Board)
    cut: frozenset[str] = frozenset()
    _doubts: set[tuple[str, Question, str]] = field(default_factory=set)
    _untimed: set[tuple[str, Question, str]] = field(default_factory=set)
    _reach: dict[str, Ask] = field(default_factory=dict)
    _asks: dict[str, list[Ask]] = field(default_factory=dict)
    _sites: dict[str, list[str]] = field(default_factory=dict)
    _absent: frozenset[str] = frozenset()
    _shifts: tuple[dt.time, ...] = ()
    schedule: Schedule | None = None
    ending: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    _pulse: Pulse | None = None
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _windows: tuple[float, dict[str, str]] = (0.0, {})

    @classmethod
    def of(cls, path: Path, config: Config) -> Agent:
        """An agent that has not looked yet; faults, cases and notices of the last run are taken over.

        Raises BlockingIOError when another agent uses the same state directory.
        """
        app = build(config)
        running = storage.Running(app.state)
        keeper = storage.keeper(config, app.state)
        metrics = Metrics(tuple(app.devices.values()), app.asks, version=__version__)
        casework = Casework.of(config, app.devices, keeper, World)
        agent = cls(path, app, metrics, casework, running)
        casework.world, casework.alive = agent.world, agent.alive
        keeper.snapshot = lambda: agent.casework.snapshot(agent.app.book.open())
        keeper.on_late = agent._late
        try:
            saved = keeper.start()
        except AloneError as error:
            running.close()
            raise BlockingIOError(str(error)) from None
        app.book.restore(saved.faults)
        casework.resume(saved)
        agent._reloaded(config)
        return agent

    def _late(self, saved: Saved) -> None:
        """What the last run has left, from a store that could not be read at the start; what is well now is over."""
        well = self.casework.timeline.well
        self.app.book.restore(
            one for one in saved.faults if not well(one.device, one.question, one.part)
        )
        self.casework.resume_late(saved, self.app.book.open())

    # ------------------------------------------------------------------------------------------- results

    def take(self, ask: Ask, observation: Observation) -> None:
        """Judge one result, reduce it, show it. Whatever goes wrong here stays here."""
        if ask.device not in self.app.devices:
            return
        try:
            verdicts = self.app.judge(observation)
            self.observations[ask.key] = observation
            self.metrics.observed(observation, verdicts)
            self.board.take(ask.key, observation, verdicts, time.monotonic())
            self._reduce(verdicts)
            self._follow(ask, verdicts)
        except Exception:
            self.app.observer.bugs += 1
            log.exception("bug while judging %s of %s", ask.question, ask.device)

    def _reduce(self, verdicts: tuple[Verdict, ...]) -> None:
        changes = self.app.book.take(verdicts)
        for change in changes:
            log.info(
                "%s: %s %s: %s",
                change.what,
                change.fault.device,
                change.fault.code,
                change.fault.sentence,
            )
        self.casework.take(verdicts, changes)

    def _follow(self, ask: Ask, verdicts: tuple[Verdict, ...]) -> None:
        """What is in doubt is looked at again soon; a lost device makes its parents and its site be looked at now.

        So is what waited for the device, or for the time, to be there again.
        """
        lines = [self.app.book.lines[v.key] for v in verdicts if v.key in self.app.book.lines]
        doubtful = any(line.doubtful for line in lines)
        (self._doubts.add if doubtful else self._doubts.discard)(ask.key)
        untimed = any(v.reason is Reason.NO_REFERENCE for v in verdicts)
        (self._untimed.add if untimed else self._untimed.discard)(ask.key)
        if self.schedule is None:
            return
        if ask.question is Question.REFERENCE and verdicts[0].state is State.OK:
            waiting = (
                [one for one in self.app.asks if one.key in self._untimed] if self._untimed else []
            )
            self.schedule.hasten(waiting, over=TIMED_SECONDS)
        if ask.question is not Question.REACH:
            return
        if ask.device not in self.app.down and ask.device not in self.app.own.cut:
            self.schedule.hasten(self._unseen(ask.device))
        elif doubtful:
            self.schedule.hasten(self._near(self.app.devices[ask.device]))

    def _unseen(self, device: str) -> list[Ask]:
        """What could not be asked of a device while it, or our own network, was away."""
        seen = self.observations
        return [
            a for a in self._asks.get(device, ()) if a.key in seen and seen[a.key].reason in _AWAY
        ]

    def _near(self, device: Device) -> list[Ask]:
        """The reach asks of the parents of a lost device, and of some of its site that are still thought well."""
        site = [name for name in self._sites[device.site] if name not in self.app.down]
        return [
            self._reach[name] for name in (*device.parents, *site[:SIBLINGS]) if name in self._reach
        ]

    def world(self) -> World:
        """What is known around a case now."""
        now = time.monotonic()
        if now - self._windows[0] > WINDOWS_SECONDS:
            self._windows = (now, self.app.maintenance(time.time()))
        devices = self.app.devices
        return World(
            devices=devices,
            down=self.app.down,
            maintenance=self._windows[1],
            absent=self._absent,
            ports=self.app.ports,
            own_network=self.cut,
            site_names={site.id: site.name or site.id for site in self.app.config.sites},
        )

    def ready(self) -> bool:
        """Whether every device that is asked anything has had a first result."""
        seen = {key[0] for key in self.observations}
        return all(ask.device in seen for ask in self.app.asks)

    def alive(self) -> bool:
        """Whether the work goes on: what is due is looked at, and looks end."""
        return self._pulse is None or self._pulse.beats()

    def status(self) -> str:
        """One line for the service manager."""
        told = sum(case.told is not None for case in self.casework.desk.cases.values())
        return f"devices watched: {len(self.app.devices) - 1}, faults open: {told}"

    # ------------------------------------------------------------------------------------------- the run

    async def run(self, *, spread: bool = True) -> None:
        """Poll until `stop`. The first round is spread too, so that a start is no burst."""
        self.take(self.app.agent_ask(), await self.app.look(self.app.agent_ask()))
        self.schedule = self.app.schedule(self.take, look=self._look)
        self._pulse = Pulse(self.schedule)
        self.schedule.doubtful = lambda ask: ask.key in self._doubts
        self.schedule.plan(self.app.asks, self.app.budgets(), spread=spread)
        self.schedule.hasten(ask for ask in self.app.asks if ask.key in self._doubts)
        jobs = (
            self.schedule.forever,
            self.app.observer.lag.watch,
            self.app.observer.ways.watch,
            self._every(TICK_SECONDS, self.casework.tick),
            self._every(SELF_SECONDS, self._self),
            self._every(FIGURES_SECONDS, lambda: figures.show(self)),
            self._every(TRIM_SECONDS, heap.trim),
            *self.casework.jobs,
        )
        tasks = [asyncio.create_task(supervised(job, self._bug)) for job in jobs]
        try:
            await self._stopped.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for end in self.ending:
                await end()
            self.schedule.gates.close()
            await self.casework.keeper.close()
            await self.app.close()
            self.running.close()

    @staticmethod
    def _every(seconds: float, step: Callable[[], None]) -> Callable[[], Awaitable[None]]:
        async def loop() -> None:
            while True:
                step()
                await asyncio.sleep(seconds)

        return loop

    def _bug(self) -> None:
        self.app.observer.bugs += 1

    def _self(self) -> None:
        """Look at ourselves: our trouble is one fault of our own."""
        self._look_back()
        words, self.cut = own_network(self.app.devices.values(), self.app.down, self.app.own.cut)
        keeper, sweep = self.casework.keeper, self.casework.last_sweep
        facts = Facts(
            now=time.time(),
            network=words,
            store_problem=keeper.problem,
            alarm=keeper.alarm,
            alarm_at=keeper.alarm_at,
            failing=self.casework.dispatcher.failing(),
            last_sweep=sweep[0] if sweep else None,
            started=self.started,
        )
        estate = self.app.config.estate
        self._reduce(own_verdicts(facts, self._shifts, estate.time_zone))

    def _look_back(self) -> None:
        """Look now at what this machine has a way to again."""
        back = self.app.own.back()
        if back and self.schedule is not None:
            asks = self._reach | {AGENT: self.app.agent_ask()}
            self.schedule.hasten([asks[name] for name in back if name in asks], over=BACK_SECONDS)

    async def _look(self, ask: Ask) -> Observation:
        """The look of the present configuration; an ask that a reload has removed is answered by nothing."""
        if ask.device not in self.app.devices:
            return Observation(
                ask.device, ask.question, ask.part, time.time(), 0.0, None, Reason.NOT_REPORTED
            )
        return await self.app.look(ask)

    def stop(self) -> None:
        """End the run; looks under way are cancelled and tear their sessions down."""
        self._stopped.set()

    # ------------------------------------------------------------------------------------------- reload

    async def reload(self) -> str:
        """Read the file and its secrets again, and swap if all is well. Returns what is not, as text.

        One after the other: the file that was read last is the one that counts.
        """
        async with self._reading:
            return await self._reload()

    async def _reload(self) -> str:
        try:
            fresh = await asyncio.to_thread(self._read)
        except ConfigError as error:
            self.metrics.set_agent("healthmon_config_reload_success", 0)
            log.error("configuration not changed:\n%s", error)  # noqa: TRY400 - the problems say it all
            return str(error)
        self._carry_over(fresh)
        self.app = fresh
        self.metrics.reconfigured(tuple(fresh.devices.values()), fresh.asks)
        await self.casework.reconfigured(fresh.config, fresh.devices)
        self._reloaded(fresh.config)
        if self.schedule is not None:
            self.schedule.plan(fresh.asks, fresh.budgets())
        return ""

    def _read(self) -> App:
        """What the file and its secrets are now: 1.5 s for 10,000 cameras, so in a thread. It only reads."""
        config = configuration.load(self.path)
        configuration.secrets.check(config)
        return build(config, observer=self.app.observer)

    def _carry_over(self, fresh: App) -> None:
        """Devices that did not change keep what is known of them."""
        old = self.app
        fresh.book = FaultBook(fresh.book.policy, old.book.lines, old.book.suppressed)
        same = {d.id for d in fresh.devices.values() if old.devices.get(d.id) == d}
        fresh.tools.notes = {name: notes for name, notes in old.tools.notes.items() if name in same}
        fresh.tools.logins = old.tools.logins if fresh.state == old.state else fresh.tools.logins
        fresh.reference, fresh.reference_base = old.reference, old.reference_base
        fresh.down = {name: since for name, since in old.down.items() if name in same}
        fresh.own.cut = {name: words for name, words in old.own.cut.items() if name in same}
        fresh.ports = {name: words for name, words in old.ports.items() if name in same}
        keep = {ask.key for ask in fresh.asks}
        self.observations = {k: v for k, v in self.observations.items() if k in keep}
        self.board.keep(keep)
        old.tools.net.close()

    def _reloaded(self, config: Config) -> None:
        """Take over what only depends on the configuration; what it no longer asks ends as removed."""
        app = self.app
        app.data.settle()
        keep = {ask.key for ask in app.asks} | {(AGENT, Question.AGENT, "")}
        self.casework.forget(keep, app.book.remove(keep, time.time()), app.book.open())
        self.casework.moved(app.devices.values())
        self._reach = {ask.device: ask for ask in app.asks if ask.question is Question.REACH}
        self._sites = {}
        for device in app.devices.values():
            self._sites.setdefault(device.site, []).append(device.id)
        self._asks = {}
        for ask in app.asks:
            self._asks.setdefault(ask.device, []).append(ask)
        self._absent = frozenset(d.id for d in app.devices.values() if d.deployment != "deployed")
        self._shifts = times_of_day(config.estate.shifts)
        self._windows = (0.0, {})
        self.metrics.set_agent("healthmon_config_reload_success", 1)
        self.metrics.set_agent("healthmon_config_reload_success_timestamp_seconds", time.time())
        self.metrics.config_hash(config.digest)
        figures.show(self)
