"""The long run: poll for ever, judge, keep the fault book, serve what is known; reload without a gap."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from healthmon import __version__, statefile
from healthmon import config as configuration
from healthmon.app import App, build
from healthmon.config import Config, ConfigError
from healthmon.faults import Change, FaultBook
from healthmon.model import Ask, Kind, Observation, Question, Reason
from healthmon.schedule import Schedule
from healthmon_exporters.prometheus import Metrics

log = logging.getLogger("healthmon")

SAVE_SECONDS = 30.0
FIGURES_SECONDS = 5.0


@dataclass(slots=True)
class Agent:
    """A running configuration. `path` is read again at a reload; a bad file changes nothing."""

    path: Path
    app: App
    metrics: Metrics
    on_change: Callable[[Change], None] = lambda _change: None
    observations: dict[tuple[str, Question, str], Observation] = field(default_factory=dict)
    _schedule: Schedule | None = None
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, path: Path, config: Config) -> Agent:
        """An agent that has not looked yet; open faults of the last run are taken over."""
        app = build(config)
        statefile.load(app.book, app.state)
        metrics = Metrics(tuple(app.devices.values()), app.asks, version=__version__)
        agent = cls(path, app, metrics)
        agent._reloaded(config)
        return agent

    def take(self, ask: Ask, observation: Observation) -> None:
        """Judge one result, reduce it, show it. Whatever goes wrong here stays here."""
        if ask.device not in self.app.devices:
            return
        try:
            verdicts = self.app.judge(observation)
            self.observations[ask.key] = observation
            changes = self.app.book.take(verdicts)
            self.metrics.observed(observation, verdicts)
        except Exception:
            self.app.observer.bugs += 1
            log.exception("bug while judging %s of %s", ask.question, ask.device)
            return
        for change in changes:
            self._changed(change)

    def _changed(self, change: Change) -> None:
        fault = change.fault
        device = self.app.devices.get(fault.device)
        name = device.name if device else "removed device"
        log.warning("%s: %s %s: %s", change.what, fault.device, name, fault.sentence)
        self.metrics.faults([(f.device, f.code, f.state.name.lower()) for f in self.app.book.open()])
        self.on_change(change)

    def ready(self) -> bool:
        """Whether every device that is asked anything has had a first result."""
        seen = {key[0] for key in self.observations}
        return all(ask.device in seen for ask in self.app.asks)

    async def probe(self, device_id: str, question: str) -> bytes | None:
        """One look now, through the same gate as the polling; its metrics as text, None for what is not configured."""
        wanted = [a for a in self.app.asks if a.device == device_id and question in ("", a.question.value)]
        if not wanted or self._schedule is None:
            return None
        device = self.app.devices[device_id]
        shown = Metrics((device,), tuple(wanted), version=__version__)
        for ask in wanted:
            observation = await self._schedule.look_now(ask)
            shown.observed(observation, self.app.judge(observation))
        return shown.text(openmetrics=False)

    async def run(self, *, spread: bool = True) -> None:
        """Poll until `stop`. The first round is spread too, so that a start is no burst."""
        self.take(self.app.agent_ask(), await self.app.look(self.app.agent_ask()))
        self._schedule = self.app.schedule(self.take, look=self._look)
        self._schedule.plan(self.app.asks, self.app.budgets(), spread=spread)
        jobs = (self._schedule.forever, self.app.observer.lag.watch, self._save, self._figures)
        tasks = [asyncio.create_task(job()) for job in jobs]
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({*tasks, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, stopped):
                task.cancel()
            ends = await asyncio.gather(*tasks, stopped, return_exceptions=True)
            statefile.save(self.app.book, self.app.state)
            self._schedule.gates.close()
            await self.app.close()
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _look(self, ask: Ask) -> Observation:
        """The look of the present configuration; an ask that a reload has removed is answered by nothing."""
        if ask.device not in self.app.devices:
            return Observation(ask.device, ask.question, ask.part, time.time(), 0.0, None, Reason.NOT_REPORTED)
        return await self.app.look(ask)

    def stop(self) -> None:
        """End the run; looks under way are cancelled and tear their sessions down."""
        self._stopped.set()

    async def reload(self) -> str:
        """Read the file again and swap after full success. Returns the problems as text, empty when all is well."""
        try:
            config = await asyncio.to_thread(configuration.load, self.path)
            problems = configuration.secrets.problems(config)
        except ConfigError as error:
            self.metrics.set_agent("healthmon_config_reload_success", 0)
            log.error("configuration not changed:\n%s", error)  # noqa: TRY400 - the problems say it all
            return str(error)
        fresh = build(config, observer=self.app.observer)
        self._carry_over(fresh)
        self.app = fresh
        self.metrics.reconfigured(tuple(fresh.devices.values()), fresh.asks)
        self._reloaded(config)
        if self._schedule is not None:
            self._schedule.plan(fresh.asks, fresh.budgets())
        return "\n".join(str(problem) for problem in problems)

    def _carry_over(self, fresh: App) -> None:
        """Devices that did not change keep what is known of them; removed ones close their faults."""
        old = self.app
        fresh.book = FaultBook(fresh.book.policy, old.book.lines)
        same = {d.id for d in fresh.devices.values() if old.devices.get(d.id) == d}
        fresh.tools.notes = {name: notes for name, notes in old.tools.notes.items() if name in same}
        fresh.tools.logins = old.tools.logins if fresh.state == old.state else fresh.tools.logins
        fresh.reference, fresh.reference_base = old.reference, old.reference_base
        fresh.down = {name: since for name, since in old.down.items() if name in same}
        for change in fresh.book.remove({ask.key for ask in fresh.asks}, time.time()):
            self._changed(change)
        keep = {ask.key for ask in fresh.asks}
        self.observations = {k: v for k, v in self.observations.items() if k in keep}
        old.tools.net.close()

    def _reloaded(self, config: Config) -> None:
        self.metrics.set_agent("healthmon_config_reload_success", 1)
        self.metrics.set_agent("healthmon_config_reload_success_timestamp_seconds", time.time())
        self.metrics.config_hash(config.digest)
        self._show_maintenance()

    def _show_maintenance(self) -> None:
        now = self.app.maintenance(time.time())
        for device in self.app.devices.values():
            if device.kind is not Kind.AGENT:
                self.metrics.maintenance(device.id, device.id in now)

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            statefile.save(self.app.book, self.app.state)
            self._show_maintenance()

    async def _figures(self) -> None:
        while True:
            lag = self.app.observer.lag
            self.metrics.set_agent("healthmon_loop_lag_seconds", lag.worst)
            lag.worst = 0.0
            if self._schedule is not None:
                self.metrics.set_agent("healthmon_looks_running", self._schedule.figures.running)
                self.metrics.set_agent("healthmon_looks_skipped", self._schedule.figures.skipped)
            self.metrics.set_agent("healthmon_bugs", self.app.observer.bugs)
            await asyncio.sleep(FIGURES_SECONDS)
