"""The composition: configuration -> devices, asks, tools, and the one path from an ask to its verdicts.

The agent and the one-off commands build the same `App`; nothing below this module knows how it is put together.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from healthmon import inventory, verdict
from healthmon.config import Config, secrets
from healthmon.databudget import DataBudget
from healthmon.faults import FaultBook, Policy
from healthmon.gates import Gates
from healthmon.model import (
    NO_WAY_THERE,
    OUR_TROUBLE,
    Ask,
    Device,
    Kind,
    Observation,
    Question,
    Reason,
    Reference,
    Seen,
    State,
    SwitchPort,
    Verdict,
)
from healthmon.observe import Observer
from healthmon.ours import OwnNetwork
from healthmon.probes import (
    certificate,
    clock,
    identity,
    link,
    playback,
    port,
    reach,
    recorder,
    recording,
    reference,
    relay,
    stream,
    ups,
)
from healthmon.probes.reference import aged
from healthmon.probes.tools import Tools
from healthmon.schedule import Look, Schedule
from healthmon.secret import Credential
from healthmon.verdict import parents
from healthmon.verdict.port import cause
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net
from healthmon.wire.trace import Trace

PROBES: dict[Question, Callable[[Device, Ask, Tools], Awaitable[Seen]]] = {
    Question.REACH: reach.look,
    Question.STREAM: stream.look,
    Question.CLOCK: clock.look,
    Question.UPS: ups.look,
    Question.IDENTITY: identity.look,
    Question.CERTIFICATE: certificate.look,
    Question.LINK: link.look,
    Question.PORT: port.look,
    Question.RELAY: relay.look,
    Question.REFERENCE: reference.look,
    Question.RECORDING: recording.look,
    Question.RECORDER: recorder.look,
    Question.PLAYBACK: playback.look,
}


_AGAIN = frozenset({Question.REACH, Question.STREAM, Question.LINK, Question.RELAY})
_FINAL = frozenset(
    {
        Reason.NOT_REACHED,
        Reason.AUTH_FAILED,
        Reason.AUTH_LATCHED,
        Reason.LOCKED_OUT,
        Reason.DATA_BUDGET,
    }
)


@dataclass(slots=True)
class App:
    """One loaded configuration, ready to look. `state` is the folder of small state files, or None.

    `config` is without its devices, which are in `devices`.
    `down` are devices that cannot be reached, since when; `own` knows what our own network keeps from us; `ports` what
    the switch port of a device tells of why it cannot be reached.
    """

    config: Config
    devices: dict[str, Device]
    asks: tuple[Ask, ...]
    tools: Tools
    observer: Observer
    book: FaultBook
    state: Path | None
    data: DataBudget
    own: OwnNetwork
    reference: Reference | None = None
    reference_base: float = 0.0
    down: dict[str, float] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)

    def known_reference(self) -> Reference | None:
        """The last trustworthy reference with an error that grows with its age, or the latest answer without one."""
        stepped = time.time() - time.monotonic() - self.reference_base
        return aged(self.reference, time.time(), stepped) if self.reference else None

    async def look(self, ask: Ask, notes: Trace | None = None) -> Observation:
        """One look: the probe of the ask under its deadline. A device that was not reached is asked nothing else."""
        device, began = self.devices[ask.device], time.monotonic()
        if ask.spoken_to in self.down and ask.question not in (Question.REACH, Question.REFERENCE):
            return Observation(
                device.id, ask.question, ask.part, time.time(), 0.0, None, Reason.NOT_REACHED
            )
        if self.data.governs(ask) and (words := self.data.refused(ask)):
            return Observation(
                device.id, ask.question, ask.part, time.time(), 0.0, None, Reason.DATA_BUDGET, words
            )
        probe = PROBES[ask.question]

        async def run() -> Seen:
            return await probe(device, ask, self.tools)

        with self.data.charged(ask):
            observation = await self.observer.observe(run, device, ask, notes)
        if self.data.governs(ask):
            await asyncio.sleep(
                0
            )  # a connection that has just ended is counted when the loop comes round
            self.data.settle()
        if isinstance(observation.value, Reference):
            observation = replace(observation, value=self._take_reference(observation.value))
        asked = self.devices.get(ask.spoken_to, device)
        observation = self.own.excused(observation, asked, began, self.observer.seems_well)
        if observation.reason in OUR_TROUBLE:
            self.tools.reads.excuse(ask.spoken_to)
        return observation

    def _take_reference(self, found: Reference) -> Reference:
        """Keep `found`; where it knows no time, the last one that did goes on as long as it is good for anything."""
        known = self.known_reference()
        if found.offset is None and known is not None and known.offset is not None:
            return replace(found, offset=known.offset, at=known.at, servers=known.servers)
        self.reference, self.reference_base = found, time.time() - time.monotonic()
        return found

    def judge(self, observation: Observation) -> tuple[Verdict, ...]:
        """Verdicts of one observation; those of a device behind a dead parent are unknown, not faults."""
        device = self.devices[observation.device]
        verdicts = verdict.judge(observation, device)
        if observation.question is Question.REACH:
            self._note_reach(device, observation, verdicts)
        elif observation.question is Question.PORT:
            self._note_port(device, observation)
        return self.explained(device, verdicts)

    def explained(self, device: Device, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
        """`verdicts` with those that a dead parent explains made UNKNOWN."""
        parent = parents.dead_ancestor(device, self.devices, self.down)
        if parent is None or device.id not in self.down:
            return tuple(verdicts)
        since = self.down[parent.id]
        return tuple(parents.behind(v, parent, since, self.time_of_day) for v in verdicts)

    def _note_reach(
        self, device: Device, observation: Observation, verdicts: tuple[Verdict, ...]
    ) -> None:
        lost = parents.unreachable(verdicts)
        if observation.reason in OUR_TROUBLE or observation.reason is Reason.DATA_BUDGET:
            return
        if not lost and observation.reason not in NO_WAY_THERE:
            self.down.pop(device.id, None)
        elif device.id not in self.down:
            known = self.book.since(verdicts[0].key)
            self.down[device.id] = known if known is not None else observation.at

    def _note_port(self, device: Device, observation: Observation) -> None:
        seen = observation.value
        words = cause(seen, device) if isinstance(seen, SwitchPort) else ""
        if words:
            self.ports[device.id] = words
        else:
            self.ports.pop(device.id, None)

    def time_of_day(self, moment: float) -> str:
        """``HH:MM`` (with the day when it is not today) in the estate's zone."""
        zone = ZoneInfo(self.config.estate.time_zone)
        then = datetime.fromtimestamp(moment, zone)
        today = datetime.now(zone).date() == then.date()
        return f"{then:%H:%M}" if today else f"{then:%d %b %H:%M}"

    def maintenance(self, now: float) -> dict[str, str]:
        """The reason of the maintenance window of each device that is in one."""
        return inventory.in_maintenance(self.config, self.devices.values(), now)

    def budgets(self) -> dict[str, float]:
        """The bandwidth of each site, bits per second."""
        return {site.id: site.bandwidth for site in self.config.sites if site.bandwidth}

    def schedule(
        self, deliver: Callable[[Ask, Observation], None], look: Look | None = None
    ) -> Schedule:
        """A schedule of this estate's looks with its limits."""
        gates = Gates(self.state / "gates.lock" if self.state else None)
        concurrency = self.config.defaults.concurrency
        return Schedule(
            look or self.look,
            deliver,
            concurrency=concurrency,
            site_budgets=self.budgets(),
            gates=gates,
        )

    def agent_ask(self) -> Ask:
        """The ask for the time reference."""
        return next(ask for ask in self.asks if ask.question is Question.REFERENCE)

    async def close(self) -> None:
        """End what the tools hold."""
        self.tools.net.close()
        await ups.close()


def _well(device: Device, observation: Observation) -> bool:
    """Whether nothing is wrong by this observation."""
    return all(v.state is State.OK for v in verdict.judge(observation, device))


def build(config: Config, *, observer: Observer | None = None) -> App:
    """The app of `config`. Secrets are read when first used, once."""
    devices = {device.id: device for device in inventory.devices(config)}
    asks = inventory.asks(config, tuple(devices.values()))
    servers = tuple((server.address, server.port) for server in config.time_servers)
    hosts = [device.address for device in devices.values() if device.kind is not Kind.AGENT]
    state = state_folder(config)
    confirm = config.defaults.confirm
    known: dict[str, Credential] = {}
    kept = inventory.without_devices(config)

    def credential(name: str) -> Credential:
        if name not in known:
            known[name] = secrets.resolve(kept, name)
        return known[name]

    tools = Tools(
        net=_door([*hosts, *(address for address, _ in servers)], asks),
        logins=LoginGuard(state / "logins.json" if state else None),
        credential=credential,
        time_servers=servers,
        devices=devices,
    )
    book = FaultBook(Policy(**confirm.model_dump()))
    data = DataBudget.of(devices.values(), config.estate.time_zone, state)
    observer = observer or Observer()
    observer.well = _well
    own = OwnNetwork(observer.ways, tools.net, devices, tuple(address for address, _ in servers))
    app = App(kept, devices, asks, tools, observer, book, state, data, own)
    tools.reference, tools.down = app.known_reference, lambda: app.down
    return app


def _door(hosts: Iterable[str], asks: Iterable[Ask]) -> Net:
    """The door to the configured hosts; a device that may take longer is given longer to connect."""
    net = Net.of(hosts)
    net.patience = {ask.gate: ask.timeout / 4 for ask in asks if ask.question is Question.REACH}
    return net


def state_folder(config: Config) -> Path | None:
    """The folder for state files: config's, systemd's $STATE_DIRECTORY, or the user's; None if it cannot be written."""
    chosen = config.agent.state_directory or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    folder = Path(chosen) if chosen else Path(base) / "healthmon"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def worth_again(app: App) -> Callable[[Ask, Observation], bool]:
    """Whether a look of a sweep is worth a second try: reach or pictures that failed quickly, or our own hold-up."""

    def again(_ask: Ask, observation: Observation) -> bool:
        if observation.reason is Reason.AGENT_STALLED:
            return True
        if (
            observation.question not in _AGAIN
            or observation.duration > 4.0
            or observation.reason in _FINAL
        ):
            return False
        if observation.reason is not None:
            return True
        device = app.devices[observation.device]
        return any(v.state is State.FAULT for v in verdict.judge(observation, device))

    return again


async def sweep(app: App, asks: Iterable[Ask], deliver: Callable[[Ask, Observation], None]) -> None:
    """Every ask once: the time reference first, then links, then the rest device by device side by side."""
    wanted = tuple(asks)
    first = app.agent_ask()
    watchers = [
        asyncio.create_task(watch()) for watch in (app.observer.lag.watch, app.observer.ways.watch)
    ]
    schedule = app.schedule(deliver)
    app.tools.reads.forget()
    try:
        deliver(first, await app.look(first))
        links = {a.key: a for a in wanted if _is_first(app, a)}
        await schedule.once(links.values(), worth_again(app))
        rest = [
            a for a in wanted if a.key not in links and app.devices[a.device].kind is not Kind.AGENT
        ]
        await schedule.once(rest, worth_again(app))
    finally:
        for watcher in watchers:
            watcher.cancel()
        schedule.gates.close()


def _is_first(app: App, ask: Ask) -> bool:
    """Links come first, because they explain others; a relayed stream is looked at beside its camera."""
    return app.devices[ask.device].kind is Kind.LINK and ask.question is not Question.RELAY
