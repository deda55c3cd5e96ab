"""The long run: poll for ever, judge, keep the fault book, serve what is known; reload without a
gap.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from healthmon import __version__
from healthmon.checks.probes.ptz_moves import NotRecordedError
from healthmon.config.problems import ConfigError, Problem
from healthmon.incidents.incident import EstateState
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.incidents.service_dates import next_change
from healthmon.model.device import Check, CheckKey, Device
from healthmon.model.enums import AGENT, NO_WAY_THERE, CheckName, Reason, State
from healthmon.model.results import CheckResult, nothing
from healthmon.protocols.trace import Trace
from healthmon.runtime import (
    agent_metrics,
    closed_months,
    contract_metrics,
    duty_metrics,
    memory,
    open_files,
)
from healthmon.runtime.audit_watch import AuditWatch
from healthmon.runtime.engine import CheckEngine
from healthmon.runtime.estate import Estate
from healthmon.runtime.incident_service import IncidentService
from healthmon.runtime.other_agents import OtherAgents
from healthmon.runtime.preloading import load_for
from healthmon.runtime.reading import read_apart
from healthmon.runtime.self_check import Facts, behind, left_out, own_network, unreached
from healthmon.runtime.self_check import verdicts as own_verdicts
from healthmon.runtime.state import AgentState, FailedRun
from healthmon.runtime.supervise import supervised
from healthmon.scheduling.liveness import Liveness
from healthmon.scheduling.scheduler import Schedule
from healthmon.store import AloneError, Saved, Store, StoreError, TroubleError, location
from healthmon.store.audit import Entry
from healthmon.store.lease import Lease
from healthmon_exporters.metrics.exposition import Metrics
from healthmon_exporters.web.agent_pages import AgentReport

if TYPE_CHECKING:  # what only agents load that share the devices out
    from healthmon.runtime.dealing import Dealing

log = logging.getLogger("healthmon")

# What a device gives that may be lost, and not one that is not asked because it is.
_REFUSED = NO_WAY_THERE - {Reason.NOT_REACHED}
TICK_SECONDS = 1.0
SELF_SECONDS = 5.0
WINDOWS_SECONDS = 15.0
FIGURES_SECONDS = 5.0
TRIM_SECONDS = 5.0
SIBLINGS = 64
BACK_SECONDS = 5.0
TIMED_SECONDS = 30.0
MOST_NAMED = 50
_OWN = Check(AGENT, CheckName.AGENT)


class TakenError(BlockingIOError):
    """Another agent has the database."""


class Sink(Protocol):
    """Somebody who wants every result."""

    def apply(self, result: CheckResult) -> None:
        """Take one result over."""


@dataclass(slots=True)
class Agent:
    """A running configuration. `path` is read again at a reload, by `read`, which gives the estate
    and the problems of its secrets; a bad file changes nothing.

    `of_file` is the estate of config.yaml, without what people have changed. `ending` are ended
    before the address locks close: runs out of turn.
    """

    path: Path
    engine: CheckEngine
    metrics: Metrics
    incident_service: IncidentService
    running: location.InstanceLock
    of_file: Estate
    read: Callable[[Path], Awaitable[tuple[Estate, list[Problem]]]] = read_apart
    started: float = field(default_factory=time.time)
    cut: frozenset[str] = frozenset()
    schedule: Schedule | None = None
    audit: AuditWatch = field(default_factory=lambda: AuditWatch(_no_store))
    ending: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    dealing: Dealing | None = None
    _liveness: Liveness | None = None
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _windows: tuple[float, dict[str, str]] = (-math.inf, {})
    _next_date: float = math.inf

    @classmethod
    def of(cls, path: Path, estate: Estate, over: Lease | None = None) -> Agent:
        """An agent that has not run a check yet; faults, incidents and notices of the last run are
        taken over. The lease `over` of another agent may be ended for it.

        Raises BlockingIOError when another agent uses the same state directory, TakenError when one
        has the database.
        """
        engine = CheckEngine.of(estate)
        book = engine.state.book
        running = location.InstanceLock(estate.state_directory)
        store_writer = location.store_writer(estate.config, estate.state_directory, over)
        metrics = Metrics(tuple(estate.devices.values()), estate.checks, version=__version__)
        incident_service = IncidentService.of(
            estate.config, estate.devices, book, store_writer, EstateState
        )
        agent = cls(path, engine, metrics, incident_service, running, estate)
        where = functools.partial(location.place, estate.config)
        agent.audit = AuditWatch(lambda: where().reader(), estate.state_directory)
        incident_service.on_head = agent.audit.moved_on
        incident_service.estate_state, incident_service.alive = agent.estate_state, agent.alive
        store_writer.snapshot = lambda: incident_service.snapshot(book.open())
        store_writer.on_late = agent._late
        store_writer.on_superseded = agent.stop
        store_writer.logins = lambda: agent.state.lockout_guard
        agent.state.lockout_guard.on_change = store_writer.beat_soon
        if (others := OtherAgents.of(estate.config)) is not None:
            store_writer.others = others.longest_contact
            agent.ending.append(others.close)
        incident_service.wall.on_step.append(agent._move)
        incident_service.on_operations = agent._operated
        incident_service.answers = agent.state.answers
        agent.state.ptz_moves.record = agent._record_move
        try:
            saved = store_writer.start()
        except AloneError as error:
            running.close()
            raise TakenError(str(error)) from None
        book.restore(saved.faults)
        agent._take_over(saved)
        incident_service.resume(saved)
        agent._operated()
        agent._follow_estate()
        agent._loaded()
        return agent

    @property
    def estate(self) -> Estate:
        """The configuration in force."""
        return self.engine.estate

    @property
    def state(self) -> AgentState:
        """What was learned."""
        return self.engine.state

    def _late(self, saved: Saved) -> None:
        """What the last run has left, from a store that could not be read at the start; what is
        well now is over.
        """
        well = self.incident_service.timeline.well
        open_still = (
            one for one in saved.faults if not well(one.device, one.check_type, one.instance)
        )
        self.state.book.restore(open_still)
        self._take_over(saved)
        self.incident_service.resume_late(saved, self.state.book.open())
        self._operated()

    def _take_over(self, saved: Saved) -> None:
        """Hold back the logins that devices have rejected from the agent before."""
        if saved.handed is not None:
            self.state.lockout_guard.take_over(saved.handed.logins, saved.handed.age)

    # ------------------------------------------------------------------------------------ results

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Who wants every result, in order: what is believed first, then who shows or tells it."""
        return (self.engine, self.metrics, self.state, self.incident_service)

    def deliver(self, result: CheckResult) -> None:
        """Hand one result to every sink. Whatever goes wrong here stays here."""
        check = result.check
        if check.device not in self.estate.devices:
            return
        try:
            self.incident_service.wall.now()
            for sink in self.sinks:
                sink.apply(result)
            self._follow(check, result)
        except Exception:
            self._bug()
            log.exception("bug while delivering %s of %s", check.check_type, check.device)

    async def _record_move(self, camera: str, preset: str, why: str) -> None:
        """Put into the record that `camera` was sent to `preset`. Raises NotRecordedError."""
        now = self.incident_service.wall.now()
        details = {"preset": preset, "why": why}
        new = Operation(
            OperationKind.PTZ_MOVE, camera, AGENT, now, now, details, once=uuid.uuid4().hex
        )
        try:
            await self.incident_service.store_writer.query(lambda store: store.operate(new))
        except StoreError as error:
            raise NotRecordedError(str(error)) from error

    def _move(self, by: float) -> None:
        """Our clock was set by `by` seconds: what is kept here is that much later."""
        self.started += by
        self._windows = (-math.inf, {})
        self.state.down.update({name: at + by for name, at in self.state.down.items()})
        store_writer = self.incident_service.store_writer
        store_writer.alarm_at += by if store_writer.alarm_at else 0.0

    def _operated(self) -> None:
        """Take over what people have done to devices and sites."""
        self._windows = (-math.inf, {})
        estate = self._as_now()
        if estate.devices != self.estate.devices:
            self._swap(estate)

    def _as_now(self) -> Estate:
        """The estate of config.yaml with what people have changed and the dates of its devices; it is
        made anew when the next of these dates comes.
        """
        operations, now = self.incident_service.operations, self.incident_service.wall.now()
        self._next_date = next_change(self.of_file.devices.values(), operations, now)
        return self.of_file.with_changes(operations, now)

    def _follow(self, check: Check, result: CheckResult) -> None:
        """Check again soon what is in doubt; check the parents and the site of a lost device now.

        So is what waited for the device, or for the time, to be there again, and whether a device can be
        reached at all that has refused another check: else its death would be told as that first.
        """
        lines, verdicts = self.state.book.lines, result.verdicts
        doubtful = any(lines[v.key].doubtful for v in verdicts if v.key in lines)
        _put(self.state.doubtful, check.key, doubtful)
        untimed = any(v.reason is Reason.NO_REFERENCE for v in verdicts)
        _put(self.state.untimed, check.key, untimed)
        if self.schedule is None:
            return
        if check.check_type == CheckName.REFERENCE and verdicts[0].state is State.OK:
            self._follow_reference(self.schedule)
        if check.check_type == CheckName.REACH:
            self._follow_reach(check, self.schedule, doubtful=doubtful)
        elif doubtful and result.observation.reason in _REFUSED:
            self.schedule.run_soon(self._reach_of(check))

    def _follow_reference(self, schedule: Schedule) -> None:
        waiting = self.state.untimed
        found = [one for one in self.estate.checks if one.key in waiting] if waiting else []
        schedule.run_soon(found, over=TIMED_SECONDS)

    def _follow_reach(self, check: Check, schedule: Schedule, *, doubtful: bool) -> None:
        if check.device not in self.state.down and check.device not in self.state.cut:
            schedule.run_soon(self._unseen(check.device))
        elif doubtful:
            schedule.run_soon(self._near(self.estate.devices[check.device]))

    def _reach_of(self, check: Check) -> list[Check]:
        """The reach check of the device that `check` asks, where that is not known to be lost."""
        asked = check.spoken_to
        known = self.estate.reach_checks.get(asked)
        return [known] if known is not None and asked not in self.state.down else []

    def _unseen(self, device: str) -> list[Check]:
        """What could not be checked while the device, or our own network, was away."""
        away = self.state.away
        return [check for check in self.estate.checks_of.get(device, ()) if check.key in away]

    def _near(self, device: Device) -> list[Check]:
        """The reach checks of the parents of a lost device, and of some of its site that are still
        thought well.
        """
        site = [name for name in self.estate.sites[device.site] if name not in self.state.down]
        reach = self.estate.reach_checks
        return [reach[name] for name in (*device.parents, *site[:SIBLINGS]) if name in reach]

    def estate_state(self) -> EstateState:
        """What is known around a case now."""
        now = time.monotonic()
        if now - self._windows[0] > WINDOWS_SECONDS:
            operations = self.incident_service.operations
            self._windows = (now, self.estate.maintenance(time.time(), operations))
        devices = self.estate.devices
        return EstateState(
            devices=devices,
            down=self.state.down,
            maintenance=self._windows[1],
            absent=self.estate.absent,
            ports=self.state.ports,
            own_network=self.cut,
            site_names={site.id: site.name or site.id for site in self.estate.config.sites},
        )

    def _away(self) -> list[Check]:
        """The checks of cameras that an earlier run of the agent has moved and not brought home."""
        moves = self.state.ptz_moves
        checks = (one for one in self.estate.checks if one.check_type == CheckName.PAN_TILT)
        return [check for check in checks if moves.is_away(check.device)]

    def ready(self) -> bool:
        """Whether every device that is asked anything has had a first result."""
        return not self.waiting()

    def waiting(self) -> list[str]:
        """The ids of the devices that are asked something and have had no result yet."""
        seen = {key[0] for key in self.state.results}
        every = dict.fromkeys(check.device for check in self.estate.checks)
        return [device for device in every if device not in seen]

    def alive(self) -> bool:
        """Whether the work goes on: what is due is checked, and running checks end."""
        return self._liveness is None or self._liveness.beats()

    def report(self) -> AgentReport:
        """What this agent says to others of itself."""
        seconds = self.incident_service.store_writer.database_seconds()
        return AgentReport(has_estate=True, database_seconds=seconds)

    def status(self) -> str:
        """One line for the service manager."""
        told = sum(
            incident.told is not None
            for incident in self.incident_service.reducer.incidents.values()
        )
        return f"devices watched: {len(self.estate.in_service) - 1}, faults open: {told}"

    # ------------------------------------------------------------------------------------------- the run

    async def run(self, *, spread: bool = True) -> None:
        """Poll until `stop`. The first round is spread too, so that a start is no burst."""
        self._note("agent_start", version=__version__)
        self.deliver(await self.engine.run_check(self.estate.agent_check()))
        self.dealing = self._dealing()
        self.schedule = self.engine.schedule(self.deliver, self._run)
        self._liveness = Liveness(self.schedule)
        self.schedule.doubtful = lambda check: check.key in self.state.doubtful
        self.schedule.plan(self.estate.checks, self.estate.budgets(), spread=spread)
        self.schedule.run_soon(
            check for check in self.estate.checks if check.key in self.state.doubtful
        )
        self.schedule.run_soon(self._away())
        jobs = (
            self.schedule.forever,
            self.engine.runner.lag.watch,
            self.engine.runner.host_routes.watch,
            self._every(TICK_SECONDS, self.incident_service.tick),
            self._every(SELF_SECONDS, self._self),
            self._every(FIGURES_SECONDS, lambda: agent_metrics.show(self)),
            lambda: contract_metrics.follow(self),
            lambda: closed_months.follow(self),
            lambda: duty_metrics.follow(self),
            self._every(TRIM_SECONDS, memory.trim),
            self.audit.watch,
            self.incident_service.store_writer.hold,
            self.incident_service.store_writer.decide,
            *((self.dealing.work,) if self.dealing is not None else ()),
            *self.incident_service.jobs,
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
            self.schedule.address_locks.close()
            self.incident_service.keep_alive(last=True)
            await self.incident_service.store_writer.close()
            await self.engine.close()
            self.running.close()

    def _dealing(self) -> Dealing | None:
        """What has other agents make checks too; None where config.yaml does not share the devices out,
        or the database cannot be asked.
        """
        database = self.of_file.config.database
        claim = self.incident_service.store_writer.claim
        if database is None or not database.share or claim is None:
            return None
        from healthmon.runtime.dealing import Dealing

        return Dealing.of(claim, lambda: self.estate, lambda: self.of_file, lambda: self.state)

    @staticmethod
    def _every(seconds: float, step: Callable[[], None]) -> Callable[[], Awaitable[None]]:
        async def loop() -> None:
            while True:
                step()
                await asyncio.sleep(seconds)

        return loop

    def _bug(self) -> None:
        self.engine.runner.bugs += 1

    async def _made(self, check: Check, trace: Trace) -> CheckResult:
        """By another agent, where the check is dealt to one, or by this one."""
        if self.dealing is not None and self.engine.left_out(check) is None:
            seen = await self.dealing.outcome_of(check, trace)
            if seen is not None:
                return self.engine.evaluated(check, seen)
        return await self.engine.run_check(check, trace)

    def forget_view(self, where: tuple[str, str]) -> None:
        """Have the view of the stream `where` (device, stream) learned anew, by every agent. Raises
        OSError.
        """
        self.engine.forget_view(where)
        if self.dealing is not None:
            self.dealing.forget(where)

    def _self(self) -> None:
        """Look at ourselves: our trouble is one fault of our own."""
        self._catch_up()
        if self.incident_service.wall.now() >= self._next_date:
            self._operated()
        words, self.cut = own_network(self.estate.devices.values(), self.state.down, self.state.cut)
        store_writer, sweep = self.incident_service.store_writer, self.incident_service.last_sweep
        facts = Facts(
            now=self.incident_service.wall.now(),
            network=words,
            name_server=self.state.names.trouble,
            held=self.schedule.address_locks.problem() if self.schedule else "",
            behind=behind(self.schedule.pace) if self.schedule else "",
            store_problem=store_writer.problem,
            alarm=store_writer.alarm,
            alarm_at=store_writer.alarm_at,
            audit=self.audit.problem,
            failing=self.incident_service.dispatcher.failing(),
            last_sweep=sweep[0] if sweep else None,
            unreached=unreached(self.dealing.unreached(), self.estate.devices.values())
            if self.dealing
            else "",
            left_out=left_out(self.dealing.lasting_problems()) if self.dealing else "",
            watched_since=min(self.started, self.incident_service.watched_since or self.started),
        )
        verdicts = own_verdicts(facts, self.estate.shift_plan)
        observation = nothing(_OWN, Reason.NOT_REPORTED, at=facts.now)
        self.incident_service.apply(CheckResult(_OWN, observation, verdicts))

    def _catch_up(self) -> None:
        """Look now at what this machine has a way to again."""
        back = self.engine.own.back()
        if back and self.schedule is not None:
            checks = {**self.estate.reach_checks, AGENT: self.estate.agent_check()}
            self.schedule.run_soon(
                [checks[name] for name in back if name in checks], over=BACK_SECONDS
            )

    async def _run(self, check: Check) -> CheckResult:
        """A run by the configuration in force; what a reload has removed is answered by nothing.

        What was said on the wire is kept where it did not end well.
        """
        if check.device not in self.estate.devices:
            gone = nothing(check, Reason.NOT_REPORTED, at=time.time())
            return CheckResult(check, gone, ())
        trace = Trace(keep_notes=True)
        result = await self._made(check, trace)
        if not result.well:
            self.state.note_failure(FailedRun(result, trace.shortened()))
        return result

    def stop(self) -> None:
        """End the run; running checks are cancelled and tear their sessions down."""
        self._stopped.set()

    # ------------------------------------------------------------------------------------------- reload

    async def reload(self) -> str:
        """Read the file and its secrets again, and swap if all is well. Returns what is not, as
        text.

        One after the other: the file that was read last is the one that counts.
        """
        async with self._reading:
            return await self._reload()

    async def _reload(self) -> str:
        try:
            estate, problems = await self.read(self.path)
            if problems:
                raise ConfigError(problems)  # noqa: TRY301 - one place says what is wrong
        except ConfigError as error:
            self.metrics.set_agent("healthmon_config_reload_success", 0)
            log.error("configuration not changed:\n%s", error)  # noqa: TRY400 - the problems say it all
            return str(error)
        await asyncio.to_thread(load_for, estate.checks, estate.makes)
        changed = estate.changed_from(self.of_file)
        self.of_file = estate
        self._swap(self._as_now())
        self._loaded()
        self._note("configuration", devices=" ".join(sorted(changed)[:MOST_NAMED]))
        return ""

    def _note(self, kind: str, **plain: str) -> None:
        """An entry of the audit chain about the agent itself, with the hash of the configuration."""
        fields = {**plain, "config": self.estate.config.digest}
        self.incident_service.note(Entry(self.incident_service.wall.now(), kind, plain=fields))

    def _swap(self, estate: Estate) -> None:
        """Go on with `estate`; what is known of devices that are the same stays."""
        changed, old = estate.changed_from(self.estate), self.engine
        self.state.retain(changed, estate.keys)
        self.engine = CheckEngine.of(estate, self._state_for(estate), old.runner)
        old.context.connector.close()
        self.metrics.reconfigured(estate.in_service, estate.checks)
        self.incident_service.reconfigured(estate.config, estate.devices)
        self._follow_estate()
        if self.schedule is not None:
            self.schedule.plan(estate.checks, estate.budgets(), concurrency=estate.concurrency)

    def _state_for(self, estate: Estate) -> AgentState:
        """What is known, for the configuration that comes into force: the rule of confirmation is
        the file's, and logins are kept beside the other state files.
        """
        self.state.book.policy = estate.policy
        if estate.state_directory != self.estate.state_directory:
            on_change = self.state.lockout_guard.on_change
            self.state.lockout_guard = AgentState.of(estate).lockout_guard
            self.state.lockout_guard.on_change = on_change
        return self.state

    def _loaded(self) -> None:
        """The file has been read, and is in force; what of it cannot be kept is said."""
        for problem in (*self.of_file.overload(), *open_files.problems(self.of_file.concurrency)):
            log.warning(problem)
        self.metrics.set_agent("healthmon_config_reload_success", 1)
        self.metrics.set_agent("healthmon_config_reload_success_timestamp_seconds", time.time())
        self.metrics.config_hash(self.estate.config.digest)

    def _follow_estate(self) -> None:
        """Take over what only depends on the configuration; what is no longer checked ends as
        removed.
        """
        estate, book = self.estate, self.state.book
        self.engine.data.settle()
        keep = estate.keys | {_OWN.key}
        self.incident_service.forget(
            keep, book.remove(keep, self.incident_service.wall.now()), book.open()
        )
        self.incident_service.moved(estate.devices.values())
        self._windows = (-math.inf, {})
        agent_metrics.show(self)


def _no_store() -> Store:
    raise TroubleError("there is no store")


def _put(known: set[CheckKey], key: CheckKey, there: bool) -> None:
    if there:
        known.add(key)
    else:
        known.discard(key)
