"""From changes to notices: the desk decides what is told, the store keeps it, then the ways out send it.

What belongs together is written in one transaction before anything is sent; a store in trouble delays a notice by no
more than `KEEP_SECONDS`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from healthmon.cases import Case, Told, World
from healthmon.cause import Rules
from healthmon.config import Config
from healthmon.desk import Desk
from healthmon.faults import Change, Fault
from healthmon.keeper import Keeper
from healthmon.model import Device, Question, Verdict
from healthmon.store import Batch, Outgoing, Saved, Stay, Store, StoreError
from healthmon.supervise import supervised
from healthmon.timeline import Timeline
from healthmon_exporters.notify.build import heartbeat_of, senders_of
from healthmon_exporters.notify.dispatch import Dispatcher
from healthmon_exporters.notify.heartbeat import Heartbeat
from healthmon_exporters.notify.post import Post
from healthmon_exporters.notify.sender import Resender, SendError

log = logging.getLogger("healthmon")

KEEP_SECONDS = 3.0
ALIVE_SECONDS = 30.0
TRIM_SECONDS = 6 * 3600.0
PEOPLE_SECONDS = 5.0


@dataclass(slots=True)
class Casework:
    """Everything between the fault book and the way out. `world` gives what is known around a case now.

    `alive` says whether the agent's work goes on: the heartbeat beats only then. `last_sweep` is (when, the sheet's
    JSON, who signed) of the newest whole sweep that the store holds.
    """

    keeper: Keeper
    world: Callable[[], World]
    desk: Desk
    post: Post
    dispatcher: Dispatcher
    keep_seconds: float
    timeline: Timeline = field(default_factory=Timeline)
    heartbeat: Heartbeat | None = None
    last_sweep: tuple[float, str, tuple[str, ...]] | None = None
    held: list[Outgoing] = field(default_factory=list)
    on_bug: Callable[[], None] = lambda: None
    alive: Callable[[], bool] = lambda: True
    _release: asyncio.Queue[tuple[asyncio.Future[None], list[Outgoing]]] = field(
        default_factory=asyncio.Queue
    )
    _known_ack: int = 0
    _sending: asyncio.Task[None] | None = None

    @classmethod
    def of(
        cls,
        config: Config,
        devices: Mapping[str, Device],
        keeper: Keeper,
        world: Callable[[], World],
    ) -> Casework:
        """The casework of `config`; ways out that cannot be made are shown as failing."""
        post = Post.of(config, devices)
        dispatcher = Dispatcher(
            {}, settle=lambda settled: _forget(keeper.submit(Batch(settled=[settled])))
        )
        made = cls(
            keeper,
            world,
            Desk(Rules(**config.defaults.cause.model_dump())),
            post,
            dispatcher,
            config.history.keep,
        )
        made._ways_out(config)
        return made

    def _ways_out(self, config: Config) -> None:
        senders, failed = senders_of(config)
        self.dispatcher.retarget(senders)
        for target, problem in failed.items():
            self.dispatcher.problems[target] = problem
            self.dispatcher.queue(target).failing_since = time.time()
            log.error("%s: nothing can be sent: %s", target, problem)
        try:
            self.heartbeat = heartbeat_of(config, lambda: self.alive())  # noqa: PLW0108 - `alive` is given later
        except SendError as error:
            self.heartbeat = None
            log.error("heartbeat: %s", error)  # noqa: TRY400 - one line, no traceback

    def resume(self, saved: Saved) -> None:
        """Go on where the last run has ended: nothing is told again, and what it left unsent is sent."""
        self.desk.restore(saved.cases, saved.last_number)
        self._take_over(saved)

    def resume_late(self, saved: Saved, faults: Sequence[Fault]) -> None:
        """The same when the store could not be read at the start; `faults` are those that are open now."""
        now = time.time()
        self._take_over(saved)
        self.desk.adopt(saved.cases, now)
        gone = {
            fault.key: None
            for fault in saved.faults
            if fault.key not in {one.key for one in faults}
        }
        self._keep(self.desk.reconcile(faults, now, self.world()), now, Batch(faults=dict(gone)))

    def _take_over(self, saved: Saved) -> None:
        for number, target, at in saved.heard:
            self.post.heard.setdefault(number, {})[target] = at
        self._hand_out(saved.outgoing, merge=False)

    async def reconfigured(self, config: Config, devices: Mapping[str, Device]) -> None:
        """Take a new configuration: open cases, queues and who has heard of what stay."""
        await self._stop_sending()
        old = self.post
        self.post = Post.of(config, devices)
        self.post.heard, self.post.blind = old.heard, old.blind
        self.desk.rules = Rules(**config.defaults.cause.model_dump())
        self.keep_seconds = config.history.keep
        self._ways_out(config)
        self._start_sending()

    # ------------------------------------------------------------------------------------------- what comes in

    def take(self, verdicts: Sequence[Verdict], changes: Sequence[Change]) -> None:
        """Verdicts of one look and the changes that they made in the fault book."""
        segments = self.timeline.take(verdicts)
        if changes or segments:
            now = time.time()
            told = self.desk.take(changes, self.world(), now) if changes else []
            self._keep(told, now, Batch(faults=_faults(changes), segments=segments))

    def forget(
        self,
        keep: set[tuple[str, Question, str]],
        changes: Sequence[Change],
        faults: Sequence[Fault],
    ) -> None:
        """What the configuration no longer asks: its faults are closed as removed, its timeline ends.

        Cases are then made to agree with `faults`, the open ones.
        """
        now = time.time()
        told = self.desk.take(changes, self.world(), now)
        told += self.desk.reconcile(faults, now, self.world())
        self._keep(
            told, now, Batch(faults=_faults(changes), segments=self.timeline.forget(keep, now))
        )

    def moved(self, devices: Iterable[Device]) -> None:
        """Note where deployable cameras are; the store keeps what has changed."""
        if stays := _stays(devices):
            _forget(self.keeper.submit(Batch(stays=stays)))

    def tick(self) -> None:
        """What is to be told now: cases whose time has come, digests, reminders."""
        now = time.time()
        self._keep(self.desk.tick(self.world(), now), now)
        rows, settled = self.post.digests(self.held, now)
        rows += self.post.reminders(self.desk.cases.values(), now)
        if rows or settled:
            gone = {(one.notice, one.target) for one in settled}
            self.held = [row for row in self.held if (row.notice, row.target) not in gone]
            self._submit(Batch(outgoing=rows, settled=settled), rows)

    def _keep(self, told: Sequence[Told], now: float, more: Batch | None = None) -> None:
        rows = self.post.rows(told, now)
        batch = more or Batch()
        batch.add(Batch(told=list(told), outgoing=rows))
        batch.cases = {n: self.desk.cases[n] for n in self.desk.dirty} | {
            c.number: c for c in self.desk.ended
        }
        self.desk.dirty.clear()
        self.desk.ended.clear()
        for one in told:
            log.warning("%s %s: %s: %s", one.what, one.id, one.case.device, one.case.lead.sentence)
        if batch:
            self._submit(batch, rows)

    def _submit(self, batch: Batch, rows: list[Outgoing]) -> None:
        future = self.keeper.submit(batch)
        if rows:
            self._release.put_nowait((future, rows))
        else:
            _forget(future)

    # ------------------------------------------------------------------------------------------- what goes out

    async def releases(self) -> None:
        """Hand notices out once they are on the disk, in order."""
        while True:
            kept, rows = await self._release.get()
            try:
                await asyncio.wait_for(kept, KEEP_SECONDS if self.keeper.ok else 0.05)
            except TimeoutError:
                log.warning("the store does not keep; notices are sent all the same")
            self._hand_out(rows)

    def _hand_out(self, rows: Sequence[Outgoing], *, merge: bool = True) -> None:
        self.held += [row for row in rows if row.state == "held"]
        self.dispatcher.add([row for row in rows if row.state == "pending"], merge=merge)

    async def sending(self) -> None:
        """Send for ever, until cancelled."""
        self._start_sending()
        try:
            await asyncio.Event().wait()
        finally:
            await self._stop_sending()

    def _start_sending(self) -> None:
        self._sending = asyncio.create_task(supervised(self._send, self.on_bug))

    async def _stop_sending(self) -> None:
        task, self._sending = self._sending, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for sender in self.dispatcher.senders.values():
            await sender.aclose()
        if self.heartbeat is not None:
            await self.heartbeat.aclose()

    async def _send(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatcher.run())
            for name, sender in self.dispatcher.senders.items():
                if isinstance(sender, Resender):
                    tasks.create_task(self._resend(name, sender))
            if self.heartbeat is not None:
                tasks.create_task(self.heartbeat.run())

    async def _resend(self, target: str, sender: Resender) -> None:
        while True:
            await asyncio.sleep(sender.resend_seconds)
            open_ = self.post.still_open(target, self.desk.cases.values(), time.time())
            try:
                await sender.resend(open_)
            except SendError as error:
                log.warning("%s: open alerts could not be said again: %s", target, error)

    # ------------------------------------------------------------------------------------------- the store's own work

    async def housekeeping(self) -> None:
        """Note that we are alive, forget what is old."""
        trimmed = 0.0
        while True:
            now = time.time()
            _forget(self.keeper.submit(Batch(alive=now)))
            if now - trimmed > TRIM_SECONDS:
                trimmed = now
                await self._asked(self._trim)
            await asyncio.sleep(ALIVE_SECONDS)

    def _trim(self, store: Store) -> None:
        store.trim(time.time() - self.keep_seconds)

    async def people(self) -> None:
        """Take over what people have entered by other commands: acknowledgements, sweeps, signatures."""
        while True:
            await self._asked(self._read_people)
            await asyncio.sleep(PEOPLE_SECONDS)

    def _read_people(self, store: Store) -> Callable[[], None]:
        acks = store.acknowledged(self._known_ack)
        sweep = store.last_sweep()
        signed = tuple(name for name, _, _ in store.signatures(sweep[0])) if sweep else ()

        def apply() -> None:
            for identity, number, ack in acks:
                self._known_ack = max(self._known_ack, identity)
                self.desk.acknowledge(number, ack)
            self.last_sweep = (sweep[1], sweep[2], signed) if sweep else None

        return apply

    async def _asked(self, question: Callable[[Store], Callable[[], None] | None]) -> None:
        """Ask the store in its own thread, then apply the answer here."""
        try:
            apply = await self.keeper.ask(question)
        except StoreError as error:
            log.debug("the store does not answer: %s", error)
        else:
            if callable(apply):
                apply()

    def snapshot(self, faults: Sequence[Fault]) -> Batch:
        """Everything that is known, for a store that begins anew."""
        cases: dict[int, Case] = dict(self.desk.cases)
        waiting = [row for queue in self.dispatcher.queues.values() for row in queue.rows]
        return Batch(
            faults={fault.key: fault for fault in faults},
            cases=cases,
            outgoing=[*waiting, *self.held],
            segments=self.timeline.all(),
            stays=_stays(self.world().devices.values()),
        )

    def held_cases(self) -> Counter[str]:
        """How many cases wait untold, by reason."""
        return Counter(
            case.held for case in self.desk.cases.values() if case.told is None and case.held
        )

    @property
    def jobs(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What runs beside the looks."""
        return (self.keeper.run, self.releases, self.sending, self.housekeeping, self.people)


def _stays(devices: Iterable[Device]) -> list[Stay]:
    now = time.time()
    return [Stay(d.id, d.deployment, d.location, now) for d in devices if d.variant == "deployable"]


def _faults(changes: Sequence[Change]) -> dict[tuple[str, str, str, str], Fault | None]:
    return {c.fault.key: c.fault if c.what in ("opened", "changed") else None for c in changes}


def _forget(future: asyncio.Future[None]) -> None:
    """Nobody waits for this one."""
    future.cancel()
