"""The engine: the one path from a check to its result.

The agent and the one-off commands use the same engine; nothing below this module knows how it is
put together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from healthmon.checks import registry
from healthmon.checks.evaluation import dependencies
from healthmon.checks.evaluation.port import cause
from healthmon.checks.probes import ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.incidents.operations import Operation
from healthmon.model.device import Check, Device
from healthmon.model.enums import NO_WAY_THERE, OUR_TROUBLE, CheckName, Kind, Reason, State
from healthmon.model.links import SwitchPort
from healthmon.model.measurements import Reference
from healthmon.model.results import CheckResult, Measurement, Observation, Verdict, nothing
from healthmon.protocols.trace import Trace
from healthmon.protocols.transport.connector import Connector
from healthmon.runtime.estate import Estate
from healthmon.runtime.state import AgentState
from healthmon.scheduling.data_budget import DataBudget
from healthmon.scheduling.locks import AddressLocks
from healthmon.scheduling.own_network import OwnNetwork
from healthmon.scheduling.runner import Evaluate, ProbeRunner
from healthmon.scheduling.scheduler import Deliver, Run, Schedule

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.picture.service import PictureService

AGAIN_SECONDS = 4.0
_FINAL = frozenset(
    {
        Reason.NOT_REACHED,
        Reason.AUTH_FAILED,
        Reason.AUTH_LATCHED,
        Reason.LOCKED_OUT,
        Reason.DATA_BUDGET,
    }
)


# The next reach check asks whether the device answers at all.
_SILENT = frozenset({Reason.TIMEOUT, Reason.TLS_TIMEOUT, Reason.RESET})


@dataclass(slots=True)
class CheckEngine:
    """One estate, what is known of it, and the one path from a check to its result.

    `run_check` changes nothing that is believed; `apply` does, with what a run has shown.
    """

    estate: Estate
    state: AgentState
    context: ProbeContext
    runner: ProbeRunner
    data: DataBudget
    own: OwnNetwork

    @classmethod
    def of(
        cls, estate: Estate, state: AgentState | None = None, runner: ProbeRunner | None = None
    ) -> CheckEngine:
        """An engine of `estate` that goes on with what is known in `state`."""
        state = state or AgentState.of(estate)
        runner = runner or ProbeRunner()
        connector = Connector.of(estate.hosts, names=state.names)
        connector.longest_connect = {
            check.lock_key: check.timeout / 4 for check in estate.reach_checks.values()
        }
        zone, folder = estate.config.estate.time_zone, estate.state_directory
        return cls(
            estate=estate,
            state=state,
            context=_context(estate, state, connector),
            runner=runner,
            data=DataBudget.of(estate.devices.values(), zone, folder, state.data),
            own=OwnNetwork(
                runner.host_routes,
                connector,
                estate.devices,
                tuple(address for address, _ in estate.time_servers),
                state.cut,
            ),
        )

    def detached(self, devices: Collection[str]) -> CheckEngine:
        """The same engine for runs out of turn at `devices`: what they show stays their own."""
        state = self.state.detached(devices)
        context = replace(
            self.context,
            memory=state.memory,
            ptz_moves=state.ptz_moves,
            down=lambda: state.down,
        )
        own = replace(self.own, cut=state.cut)
        return replace(self, state=state, context=context, own=own)

    async def run_check(self, check: Check, trace: Trace | None = None) -> CheckResult:
        """Run the probe of `check` under its deadline and evaluate what it saw. A device that was
        not reached is asked nothing else.
        """
        left_out = self.left_out(check)
        if left_out is not None:
            return self.evaluated(check, left_out)
        device, began = self.estate.devices[check.device], time.monotonic()
        probe = registry.installed()[check.check_type].probe

        async def run() -> Measurement:
            measured: Measurement = await probe(device, check, self.context)
            return measured

        with self.data.charged(check):
            result = await self.runner.run(run, self._evaluation(check), check, trace)
        if self.data.governs(check):
            await asyncio.sleep(0)  # so that a connection that has just ended is counted
            self.data.settle()
        result = self._observed(result, self._with_known_time(result.observation))
        result = self._observed(result, self.own.excused(result, self._answers(check), began))
        if result.observation.reason in OUR_TROUBLE:
            self.context.session_cache.excuse(check.spoken_to)
        return result

    def apply(self, result: CheckResult) -> None:
        """Believe what `result` shows of its device, of the time and of our own network."""
        check, observation = result.check, result.observation
        self.notice(result)
        if check.check_type == CheckName.REACH:
            self._apply_reach(observation, result.verdicts)
        if check.check_type == CheckName.PORT:
            self._apply_port(observation)

    def notice(self, result: CheckResult) -> None:
        """Keep what `result` shows of the time, of our own network and of how the device is to be asked;
        it says nothing yet of how the device is.
        """
        check, observation = result.check, result.observation
        self.own.apply(result, self._answers(check))
        if isinstance(observation.value, Reference):
            self.state.known_time.apply(observation.value)
        if observation.reason in _SILENT:
            self.context.memory_of(self._answers(check).id).answers = False

    def forget_view(self, where: tuple[str, str]) -> None:
        """Have the view of the stream `where` (device, stream) learned anew, where pictures are judged.
        Raises OSError.
        """
        if self.context.pictures is None:
            return
        from healthmon.picture.service import PictureMemory

        stream = self.context.memory_of(where[0]).stream(where[1])
        stream.picture = stream.picture or PictureMemory()
        self.context.pictures.forget(where, stream.picture)

    def explained(self, device: Device, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
        """`verdicts` with those that a dead parent explains made UNKNOWN."""
        return self._explained(device, verdicts, self.state.down)

    def _answers(self, check: Check) -> Device:
        """The device that answers: footage is asked of the recorder."""
        devices = self.estate.devices
        return devices.get(check.spoken_to, devices[check.device])

    def left_out(self, check: Check) -> Observation | None:
        """What stands for a run that is not made; None where it is."""
        lost = check.spoken_to in self.state.down
        if lost and check.check_type not in (CheckName.REACH, CheckName.REFERENCE):
            return nothing(check, Reason.NOT_REACHED, at=time.time())
        if self.data.governs(check) and (words := self.data.refused(check)):
            return nothing(check, Reason.DATA_BUDGET, words, at=time.time())
        return None

    def evaluated(self, check: Check, observation: Observation) -> CheckResult:
        """The result of a run of `check` that saw `observation`."""
        return self.runner.evaluated(self._evaluation(check), check, observation)

    def _observed(self, result: CheckResult, observation: Observation) -> CheckResult:
        """`result`, or another one where something else than its observation is to be believed."""
        if observation is result.observation:
            return result
        return self.evaluated(result.check, observation)

    def _evaluation(self, check: Check) -> Evaluate:
        """Evaluates observations of `check`; of a device behind a dead parent nothing is a fault."""
        device = self.estate.devices[check.device]
        judged = registry.installed()[check.check_type].evaluate

        def evaluate(observation: Observation) -> tuple[Verdict, ...]:
            verdicts = judged(observation, device)
            down = self.state.down
            if check.check_type == CheckName.REACH:
                down = self._down_after(observation, verdicts)
            return self._explained(device, verdicts, down)

        return evaluate

    def _explained(
        self, device: Device, verdicts: Iterable[Verdict], down: Mapping[str, float]
    ) -> tuple[Verdict, ...]:
        parent = dependencies.dead_ancestor(device, self.estate.devices, down)
        if parent is None or device.id not in down:
            return tuple(verdicts)
        since, words = down[parent.id], self.estate.time_of_day
        return tuple(dependencies.behind(v, parent, since, words) for v in verdicts)

    def _down_after(
        self, observation: Observation, verdicts: tuple[Verdict, ...]
    ) -> dict[str, float]:
        """Which devices are unreachable once this result of a reach check is believed."""
        down, name = self.state.down, observation.device
        if observation.reason in OUR_TROUBLE or observation.reason is Reason.DATA_BUDGET:
            return down
        lost = dependencies.unreachable(verdicts) or observation.reason in NO_WAY_THERE
        if lost == (name in down):
            return down
        if not lost:
            return {other: since for other, since in down.items() if other != name}
        known = self.state.book.since(verdicts[0].key)
        return {**down, name: known if known is not None else observation.at}

    def _with_known_time(self, observation: Observation) -> Observation:
        """Where the time servers tell no time, the last one that was told serves as long as it is
        good for anything.
        """
        found, known = observation.value, self.state.known_time.now()
        if not isinstance(found, Reference) or found.offset is not None:
            return observation
        if known is None or known.offset is None:
            return observation
        carried = replace(found, offset=known.offset, at=known.at, servers=known.servers)
        return replace(observation, value=carried)

    def _apply_reach(self, observation: Observation, verdicts: tuple[Verdict, ...]) -> None:
        after = self._down_after(observation, verdicts)
        name = observation.device
        if name in after:
            self.state.down.setdefault(name, after[name])
        else:
            self.state.down.pop(name, None)

    def _apply_port(self, observation: Observation) -> None:
        seen, name = observation.value, observation.device
        self.state.ports.pop(name, None)
        if isinstance(seen, SwitchPort) and (words := cause(seen, self.estate.devices[name])):
            self.state.ports[name] = words

    def schedule(self, deliver: Deliver, run: Run | None = None) -> Schedule:
        """A schedule of this estate's checks with its limits."""
        folder = self.estate.state_directory
        return Schedule(
            run or self.run_check,
            deliver,
            concurrency=self.estate.concurrency,
            site_budgets=self.estate.budgets(),
            address_locks=AddressLocks(folder / "gates.lock" if folder else None),
            evaluated=self.evaluated,
        )

    async def close(self) -> None:
        """End what the probes hold, and keep what metered devices have used."""
        await self.data.close()
        self.context.connector.close()
        if self.context.pictures is not None:
            await self.context.pictures.pool.close()
        await ups.close()


def _context(estate: Estate, state: AgentState, connector: Connector) -> ProbeContext:
    return ProbeContext(
        connector=connector,
        lockout_guard=state.lockout_guard,
        disk_bays=state.disk_bays,
        pictures=_pictures(estate, state),
        ptz_moves=state.ptz_moves,
        credential=estate.credential,
        reference=state.known_time.now,
        time_servers=estate.time_servers,
        kiss_of_death_until=state.kiss_of_death_until,
        memory=state.memory,
        devices=estate.devices,
        down=lambda: state.down,
    )


def _pictures(estate: Estate, state: AgentState) -> PictureService | None:
    """What judges pictures. Its processes start with the first picture. None where they are off: then
    nothing of it is imported, here and by the stream check (docs/adr/0057).
    """
    settings, folder = estate.config.pictures, estate.state_directory
    if not settings.enabled:
        return None
    from healthmon.picture.baselines import Baselines
    from healthmon.picture.pool import PicturePool, missing
    from healthmon.picture.service import PictureService

    return PictureService(
        PicturePool(size=settings.workers, allowed=settings.unconfined),
        Baselines(folder / "pictures" if folder else None),
        settings.every,
        missing(),
        settings.ptz_view,
        state.answers,
        clock=settings.clock.enabled,
        clock_order=settings.clock.order or "",
        clock_hours=settings.clock.hours or 0,
        snapshots=settings.snapshots,
    )


def build(config: Config, operations: Iterable[Operation] = ()) -> CheckEngine:
    """The engine of `config` as it is now, with the `operations` of people that are in force. Secrets
    are read when first used, once.
    """
    return CheckEngine.of(Estate.of(config).with_changes(operations, time.time()))


def worth_again(result: CheckResult) -> bool:
    """Whether a run of a sweep is worth a second try: reach or pictures that failed quickly, or our
    own hold-up.
    """
    observation = result.observation
    if observation.reason is Reason.AGENT_STALLED:
        return True
    tried_again = registry.installed()[observation.check_type].retry
    if not tried_again or observation.reason in _FINAL:
        return False
    if observation.duration > AGAIN_SECONDS:
        return False
    at_fault = any(verdict.state is State.FAULT for verdict in result.verdicts)
    return observation.reason is not None or at_fault


async def sweep(engine: CheckEngine, checks: Iterable[Check], deliver: Deliver) -> None:
    """Every check once: the time reference first, then links, then the rest device by device side
    by side. Each result is applied to `engine` before it is delivered.
    """
    runner = engine.runner
    watchers = [
        asyncio.create_task(watch()) for watch in (runner.lag.watch, runner.host_routes.watch)
    ]

    def applied(result: CheckResult) -> None:
        engine.apply(result)
        deliver(result)

    schedule = engine.schedule(applied)
    try:
        await sweep_by(schedule, engine, checks, applied)
    finally:
        for watcher in watchers:
            watcher.cancel()
        schedule.address_locks.close()


async def sweep_by(
    schedule: Schedule, engine: CheckEngine, checks: Iterable[Check], deliver: Deliver
) -> None:
    """The same by a `schedule` that is there: that of an agent, whose own checks go on."""
    wanted = tuple(checks)
    engine.context.session_cache.forget()
    deliver(await schedule.run(engine.estate.agent_check()))
    first = {check.key: check for check in wanted if _is_first(engine, check)}
    await schedule.once(first.values(), worth_again, deliver)
    rest = [c for c in wanted if c.key not in first and not _is_own(engine, c)]
    await schedule.once(rest, worth_again, deliver)


def _is_first(engine: CheckEngine, check: Check) -> bool:
    """Links come first, because they explain others; a relayed stream is checked beside its
    camera.
    """
    kind = engine.estate.devices[check.device].kind
    return kind is Kind.LINK and check.check_type != CheckName.RELAY


def _is_own(engine: CheckEngine, check: Check) -> bool:
    return engine.estate.devices[check.device].kind is Kind.AGENT
