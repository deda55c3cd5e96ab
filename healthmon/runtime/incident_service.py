"""From changes to notices: the reducer decides what is notified, the store keeps it, then the
notification channels send it.

What belongs together is written in one transaction before anything is sent; a store in trouble
delays a notice by no more than `KEEP_SECONDS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from healthmon.incidents.acts import Act
from healthmon.incidents.confirmation import Change, Fault, FaultBook, Key
from healthmon.incidents.correlation import CorrelationRules
from healthmon.incidents.incident import EstateState, Incident, IncidentEvent
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.incidents.picture_answers import Answers, answers_of
from healthmon.incidents.reducer import IncidentReducer
from healthmon.incidents.unchecked import UncheckedWatch
from healthmon.model.device import CheckKey, Device
from healthmon.model.results import CheckResult, Verdict
from healthmon.notifications.dispatcher import Dispatcher
from healthmon.notifications.planner import NotificationPlanner
from healthmon.notifications.sender import Resender, Sender, SendError, set_within
from healthmon.runtime.channels import Channels, Work
from healthmon.runtime.supervise import supervised
from healthmon.runtime.wall_clock import WallClock
from healthmon.store import (
    AccessRow,
    Batch,
    Deleted,
    Outgoing,
    Saved,
    Settled,
    Stay,
    Store,
    StoreError,
    retained,
)
from healthmon.store.audit import Entry, Head
from healthmon.store.battery_history import BatteryHistory
from healthmon.store.clock_history import ClockHistory
from healthmon.store.rows import Wanted
from healthmon.store.state_history import Timeline
from healthmon.store.writer import StoreWriter
from healthmon_exporters.notify.factory import heartbeat_of, senders_of
from healthmon_exporters.notify.heartbeat import Heartbeat

if TYPE_CHECKING:
    from healthmon.config.schema import Config

log = logging.getLogger("healthmon")

KEEP_SECONDS = 3.0
ALIVE_SECONDS = 30.0
TRIM_SECONDS = 6 * 3600.0
PEOPLE_SECONDS = 5.0
MOST_BASELINES = 1000


@dataclass(slots=True)
class IncidentService:
    """Everything between the fault book and the notification channel. `estate_state` gives what is
    known around an incident now.

    `alive` says whether the agent's work goes on: the heartbeat beats only then. `last_sweep` is
    (when, the sheet's JSON, who signed) of the newest whole sweep that the store holds. `deleted`
    counts the records of each kind that were deleted by age, by the `periods` of the groups of tables,
    last at `trimmed_at` (Unix seconds). `watched_since` is when the first agent began to
    write to the store. `operations` of people are those in force; `on_operations` is called when
    they have changed, `on_head` with the last entry of the audit chain. `answers` are the false
    alarms by which pictures are judged, `answered` counts the answers of people by yes and no.
    """

    book: FaultBook
    store_writer: StoreWriter
    estate_state: Callable[[], EstateState]
    reducer: IncidentReducer
    post: NotificationPlanner
    dispatcher: Dispatcher
    periods: Mapping[str, float]
    unchecked: UncheckedWatch = field(default_factory=UncheckedWatch)
    timeline: Timeline = field(default_factory=Timeline)
    clocks: ClockHistory = field(default_factory=ClockHistory)
    batteries: BatteryHistory = field(default_factory=BatteryHistory)
    heartbeat: Heartbeat | None = None
    last_sweep: tuple[float, str, tuple[str, ...]] | None = None
    held: list[Outgoing] = field(default_factory=list)
    watched_since: float | None = None
    wall: WallClock = field(default_factory=WallClock)
    deleted: dict[str, int] = field(default_factory=dict)
    trimmed_at: float | None = None
    operations: tuple[Operation, ...] = ()
    on_operations: Callable[[], None] = lambda: None
    on_head: Callable[[Head], None] = lambda _head: None
    on_bug: Callable[[], None] = lambda: None
    alive: Callable[[], bool] = lambda: True
    _release: asyncio.Queue[tuple[asyncio.Future[None], list[Outgoing], float]] = field(
        default_factory=asyncio.Queue
    )
    _stepped: float = 0.0
    _trimmed: float = field(default_factory=time.monotonic)
    _known_act: int = 0
    _taken: set[int] = field(default_factory=set)
    _channels: Channels | None = None
    _resent: dict[str, float] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    answered: Counter[str] = field(default_factory=Counter)
    _answers_known: bool = False

    @classmethod
    def of(
        cls,
        config: Config,
        devices: Mapping[str, Device],
        book: FaultBook,
        store_writer: StoreWriter,
        estate_state: Callable[[], EstateState],
    ) -> IncidentService:
        """The incident service of `config`; notification channels that cannot be made are shown as
        failing.
        """
        post, wall = NotificationPlanner.of(config, devices), WallClock()
        dispatcher = Dispatcher(
            {},
            settle=lambda settled: _forget(store_writer.submit(Batch(settled=[settled]))),
            clock=wall.now,
            permitted=store_writer.permitted,
        )
        made = cls(
            book,
            store_writer,
            estate_state,
            IncidentReducer(CorrelationRules(**dict(config.defaults.cause))),
            post,
            dispatcher,
            retained.periods(config.history),
            UncheckedWatch(config.defaults.unchecked),
            wall=wall,
        )
        made._ways_out(config)
        wall.on_step.append(made._move)
        return made

    def _ways_out(self, config: Config) -> None:
        senders, failed = senders_of(config)
        self.dispatcher.retarget(senders)
        for target, problem in failed.items():
            self.dispatcher.problems[target] = problem
            self.dispatcher.queue(target).failing_since = self.wall.now()
            log.error("%s: nothing can be sent: %s", target, problem)
        try:
            self.heartbeat = heartbeat_of(config, lambda: self.alive())  # noqa: PLW0108 - `alive` is given later
        except SendError as error:
            self.heartbeat = None
            log.error("heartbeat: %s", error)  # noqa: TRY400 - one line, no traceback

    def resume(self, saved: Saved) -> None:
        """Go on where the last run has ended: nothing is notified again, and what it left unsent is
        sent.
        """
        self.reducer.restore(saved.incidents, saved.last_number, saved.ended)
        self._take_over(saved)
        if saved.alive is not None:
            self.wall.stood_at(saved.alive)

    def resume_late(self, saved: Saved, faults: Sequence[Fault]) -> None:
        """The same when the store could not be read at the start; `faults` are those that are open
        now.
        """
        now = self.wall.now()
        self._take_over(saved)
        self.reducer.adopt(saved.incidents, now, saved.ended)
        gone = {
            fault.key: None
            for fault in saved.faults
            if fault.key not in {one.key for one in faults}
        }
        self._keep(
            self.reducer.reconcile(faults, now, self.estate_state()), now, Batch(faults=dict(gone))
        )

    def _take_over(self, saved: Saved) -> None:
        self.watched_since = saved.watched_since
        self._known_act = saved.last_act
        self.operations = saved.operations
        self.unchecked.resume(saved.unchecked, time.monotonic())
        for number, target, at in saved.heard:
            self.post.heard.setdefault(number, {})[target] = at
        self._hand_out(saved.outgoing, merge=False)

    def reconfigured(self, config: Config, devices: Mapping[str, Device]) -> None:
        """Take a new configuration: open incidents, queues and who has been notified of
        what stay.
        """
        old = self.post
        self.post = NotificationPlanner.of(config, devices)
        self.post.heard, self.post.blind = old.heard, old.blind
        self.post.digested, self.post.told_before = old.digested, old.told_before
        self.post.head, self.post.carried = old.head, old.carried
        self.reducer.rules = CorrelationRules(**dict(config.defaults.cause))
        self.unchecked.after = config.defaults.unchecked
        self.periods = retained.periods(config.history)
        self._ways_out(config)
        if self._channels is not None:
            self._channels.replace(self._works())

    # ------------------------------------------------------------------------------------------- what comes in

    def apply(self, result: CheckResult) -> None:
        """Confirm or clear faults by one result, and tell what changes."""
        again = self.unchecked.note(result, self.book, time.monotonic())
        changes = self._believed((*result.verdicts, *again))
        segments = self.timeline.record(result.verdicts)
        self.clocks.record(result)
        self.batteries.record(result)
        if changes or segments:
            now = self.wall.now()
            told = self.reducer.apply(changes, self.estate_state(), now) if changes else []
            self._keep(told, now, Batch(faults=_faults(changes), segments=segments))

    def _believed(self, verdicts: Iterable[Verdict]) -> tuple[Change, ...]:
        """The changes that `verdicts` make in the fault book."""
        changes = self.book.apply(verdicts)
        for change in changes:
            fault = change.fault
            log.info("%s: %s %s: %s", change.what, fault.device, fault.code, fault.sentence)
        return changes

    def forget(
        self,
        keep: set[CheckKey],
        changes: Sequence[Change],
        faults: Sequence[Fault],
    ) -> None:
        """What the configuration no longer checks: its faults are closed as removed, its timeline
        ends.

        Incidents are then made to agree with `faults`, the open ones.
        """
        now = self.wall.now()
        self.unchecked.keep(keep)
        devices = {device for device, _check, _instance in keep}
        self.clocks.forget(devices)
        self.batteries.forget(devices)
        told = self.reducer.apply(changes, self.estate_state(), now)
        told += self.reducer.reconcile(faults, now, self.estate_state())
        self._keep(
            told, now, Batch(faults=_faults(changes), segments=self.timeline.forget(keep, now))
        )

    def _move(self, by: float) -> None:
        """Our clock was set by `by` seconds: every time that is kept is that much later."""
        now, self._trimmed = self.wall.wall(), time.monotonic()
        self._stepped += by
        for kept in (self.book, self.reducer, self.timeline, self.post, self.dispatcher):
            kept.move(by)
        self.held = self.post.replanned(self.held, now)
        waits = [Settled(r.notice, r.target, r.state, r.due, r.attempts) for r in self.held]
        faults = {fault.key: fault for fault in self.book.open()}
        moved = Batch(faults=dict(faults), settled=waits, alive=now, steps=[by])
        self._keep([], now, moved)

    def rewrite(self, replace_in: Callable[[str], str]) -> None:
        """Replace what people have written in all that is kept in memory."""
        self.reducer.rewrite(replace_in)
        self.dispatcher.rewrite(replace_in)
        self.held = [replace(row, body=replace_in(row.body)) for row in self.held]

    def moved(self, devices: Iterable[Device]) -> None:
        """Note where deployable cameras are; the store keeps what has changed."""
        if stays := _stays(devices):
            _forget(self.store_writer.submit(Batch(stays=stays)))

    def tick(self) -> None:
        """What is to be notified now: incidents whose time has come, digests, reminders."""
        now = self.wall.now()
        if changes := self._believed(self.unchecked.due(self.book, time.monotonic())):
            told = self.reducer.apply(changes, self.estate_state(), now)
            self._keep(told, now, Batch(faults=_faults(changes)))
        self._keep(self.reducer.tick(self.estate_state(), now), now)
        rows, settled = self.post.digests(self.held, now)
        rows += self.post.heads(now)
        rows += self.post.reminders(self.reducer.incidents.values(), now)
        rows += self.post.escalations(self.reducer.incidents.values(), now)
        if rows or settled:
            gone = {(one.notice, one.target) for one in settled}
            self.held = [row for row in self.held if (row.notice, row.target) not in gone]
            self._submit(Batch(outgoing=rows, settled=settled), rows)

    def _keep(self, told: Sequence[IncidentEvent], now: float, more: Batch | None = None) -> None:
        rows = self.post.rows(told, now)
        batch = more or Batch()
        batch.add(Batch(told=list(told), outgoing=rows))
        batch.incidents = {n: self.reducer.incidents[n] for n in self.reducer.dirty} | {
            c.number: c for c in self.reducer.ended
        }
        self.reducer.dirty.clear()
        self.reducer.ended.clear()
        for one in told:
            log.warning(
                "%s %s: %s: %s", one.what, one.id, one.incident.device, one.incident.lead.sentence
            )
        if batch:
            self._submit(batch, rows)

    def keep_access(self, row: AccessRow) -> None:
        """Keep a login, a refusal or a change of users in the audit chain."""
        _forget(self.store_writer.submit(Batch(access=[row])))

    def note(self, entry: Entry) -> None:
        """Add an entry about no row to the audit chain."""
        _forget(self.store_writer.submit(Batch(noted=[entry])))

    def _submit(self, batch: Batch, rows: list[Outgoing]) -> None:
        future = self.store_writer.submit(batch)
        if rows:
            self._release.put_nowait((future, rows, self._stepped))
        else:
            _forget(future)

    # ------------------------------------------------------------------------------------------- what goes out

    async def releases(self) -> None:
        """Hand notices out once they are on the disk, in order."""
        while True:
            kept, rows, stepped = await self._release.get()
            try:
                # `asyncio.wait_for` loses a cancellation that comes with the result (Python 3.11).
                async with asyncio.timeout(KEEP_SECONDS if self.store_writer.ok else 0.05):
                    await kept
            except TimeoutError:
                log.warning("the store cannot write; notices are sent anyway")
            later = self._stepped - stepped
            self._hand_out([row.moved(later) for row in rows] if later else rows)

    def _hand_out(self, rows: Sequence[Outgoing], *, merge: bool = True) -> None:
        self.held += [row for row in rows if row.state == "held"]
        self.dispatcher.add([row for row in rows if row.state == "pending"], merge=merge)

    async def sending(self) -> None:
        """Send for ever, until cancelled."""
        channels = self._channels = Channels()
        channels.replace(self._works())
        try:
            await asyncio.Event().wait()
        finally:
            self._channels = None
            await channels.close()

    def _works(self) -> dict[str, Work]:
        works: dict[str, Work] = {
            f"target {name}": functools.partial(self._use, name, sender)
            for name, sender in self.dispatcher.senders.items()
        }
        if self.heartbeat is not None:
            works["heartbeat"] = functools.partial(self._send_heartbeats, self.heartbeat)
        return works

    async def _use(self, target: str, sender: Sender, ending: asyncio.Event) -> None:
        """Deliver by `sender` until `ending`; what is being delivered then is brought to its
        end.
        """

        async def serve() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.dispatcher.serve(target, sender, ending))
                if isinstance(sender, Resender):
                    tasks.create_task(self._resend(target, sender, ending))

        try:
            await supervised(serve, self.on_bug)
        finally:
            await sender.aclose()

    async def _send_heartbeats(self, heartbeat: Heartbeat, ending: asyncio.Event) -> None:
        try:
            await supervised(lambda: heartbeat.run(ending), self.on_bug)
        finally:
            await heartbeat.aclose()

    async def _resend(self, target: str, sender: Resender, ending: asyncio.Event) -> None:
        while True:
            now = time.monotonic()
            due = self._resent.setdefault(target, now) + sender.resend_seconds
            if await set_within(ending, due - now):
                return
            self._resent[target] = time.monotonic()
            open_ = self.post.still_open(target, self.reducer.incidents.values(), self.wall.now())
            try:
                await sender.resend(open_)
            except SendError as error:
                log.warning("%s: open alerts could not be repeated: %s", target, error)

    # ------------------------------------------------------------------------------------------- the store's own work

    async def housekeeping(self) -> None:
        """Note that we are alive, forget what is old: not before the clock has gone on for hours
        without a step, as one that is wrong at a start would make everything old.
        """
        while True:
            self.keep_alive()
            if time.monotonic() - self._trimmed > TRIM_SECONDS:
                self._trimmed = time.monotonic()
                await self._read_store(self._trim)
            await asyncio.sleep(ALIVE_SECONDS)

    def keep_alive(self, *, last: bool = False) -> None:
        """Note that we are alive, which checks have been hindered for how long, and what is new of the
        clocks; at the `last` time all that is known of them.
        """
        now = time.monotonic()
        rows = self.clocks.all() if last else self.clocks.rows(now)
        clocks = {row.key: row for row in rows}
        hours = self.batteries.all() if last else self.batteries.rows()
        hindered = self.unchecked.ages(now)
        batch = Batch(alive=self.wall.now(), unchecked=hindered, clocks=clocks, batteries=hours)
        _forget(self.store_writer.submit(batch))

    async def keep_clocks(self, devices: Collection[str]) -> None:
        """Write what is known of the clocks of some devices now, if the store can write in time."""
        rows = self.clocks.of_devices(devices)
        kept = self.store_writer.submit(Batch(clocks={row.key: row for row in rows}))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KEEP_SECONDS):
                await kept

    def _trim(self, store: Store) -> Callable[[], None] | None:
        now = time.time()
        deleted = store.trim(retained.before(self.periods, now), now)
        return functools.partial(self._tell_deleted, deleted, now)

    def _tell_deleted(self, deleted: Deleted | None, now: float) -> None:
        self.trimmed_at = now
        if deleted is None:
            return
        for kind, count in deleted.counts.items():
            self.deleted[kind] = self.deleted.get(kind, 0) + count
        for one in deleted.parts():
            day = f"{datetime.fromtimestamp(one.newest, UTC):%d %b %Y}"
            log.info("history: deleted %s that ended before %s", one.words(), day)

    async def people(self) -> None:
        """Take over what people have entered by other commands: acts on faults, faults that they
        raise, sweeps, signatures.
        """
        while True:
            await self.take_over()
            await asyncio.sleep(PEOPLE_SECONDS)

    async def take_over(self) -> None:
        """The same once, now."""
        await self._read_store(self._read_people)

    def _read_people(self, store: Store) -> Callable[[], None]:
        last, lives = store.acted_on(self._known_act)
        answers = None
        if not self._answers_known:  # what was answered just before a crash is followed now
            lives += store.life_cycles(store.incidents(Wanted(open_only=True)))
        if not self._answers_known or last != self._known_act:
            learned = store.operations([OperationKind.BASELINE], MOST_BASELINES)
            answers = answers_of(store.dismissed(), learned)
        raised = store.raised()
        head = store.head()
        operations, sweep = store.operations_in_force(time.time()), store.last_sweep()
        signed = tuple(one.name for one in store.signatures(sweep[0])) if sweep else ()

        def apply() -> None:
            self._known_act = last
            self._take_answers(answers)
            self.post.head = head.short
            self.on_head(head)
            self._operated(operations)
            self._people_acted(lives, [act for act in raised if act.id not in self._taken])
            self.last_sweep = (sweep[1], sweep[2], signed) if sweep else None

        return apply

    def _operated(self, operations: tuple[Operation, ...]) -> None:
        if operations != self.operations:
            self.operations = operations
            self.on_operations()

    def _people_acted(self, lives: Sequence[LifeCycle], raised: Sequence[Act]) -> None:
        """Follow what people did about faults; what they have `raised` gets its number."""
        now = self.wall.now()
        told = [event for life in lives for event in self.reducer.follow(life, now)]
        answered, faults = self._answered(lives, now)
        told += answered
        numbers = {act.id: self.reducer.raise_fault(act, self.estate_state()) for act in raised}
        self._taken |= numbers.keys()
        if told or faults or self.reducer.dirty:
            self._keep(told, now, Batch(raised=numbers, faults=faults))

    def _answered(
        self, lives: Iterable[LifeCycle], now: float
    ) -> tuple[list[IncidentEvent], dict[Key, Fault | None]]:
        """What people have answered about pictures: what is said of it, and the faults that are over
        or open again.
        """
        told: list[IncidentEvent] = []
        faults: dict[Key, Fault | None] = {}
        for life in lives:
            said, over = self.reducer.answer(life, self.estate_state(), now)
            again, back = self.reducer.reopen(life, now)
            told += said + again
            self.book.dismiss(over)
            self.book.restore(back)
            faults |= dict.fromkeys((fault.key for fault in over), None)
            faults |= {fault.key: fault for fault in back}
            if said and self._answers_known:
                self.answered["no" if over else "yes"] += 1
        return told, faults

    def _take_answers(self, answers: Answers | None) -> None:
        """Have the picture checks know what people have called a false alarm."""
        if answers is not None:
            self.answers.clear()
            self.answers.update(answers)
            self._answers_known = True

    def learn_anew(self) -> None:
        """Read the answers again with the next acts: somebody has had a view learned anew."""
        self._answers_known = False

    async def _read_store(self, read: Callable[[Store], Callable[[], None] | None]) -> None:
        """Ask the store in its own thread, then apply the answer here."""
        try:
            apply = await self.store_writer.query(read)
        except StoreError as error:
            log.debug("the store does not answer: %s", error)
        else:
            if callable(apply):
                apply()

    def snapshot(self, faults: Sequence[Fault]) -> Batch:
        """Everything that is known, for a store that begins anew, and whose acknowledgements are
        numbered anew.
        """
        self._known_act = 0
        self._taken.clear()
        incidents: dict[int, Incident] = dict(self.reducer.incidents)
        waiting = [row for queue in self.dispatcher.queues.values() for row in queue.rows]
        return Batch(
            faults={fault.key: fault for fault in faults},
            incidents=incidents,
            outgoing=[*waiting, *self.held],
            segments=self.timeline.all(),
            stays=_stays(self.estate_state().devices.values()),
            clocks={row.key: row for row in self.clocks.all()},
            batteries=self.batteries.all(),
        )

    def held_cases(self) -> Counter[str]:
        """How many incidents wait untold, by reason."""
        return Counter(
            incident.held
            for incident in self.reducer.incidents.values()
            if incident.told is None and incident.held
        )

    @property
    def jobs(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What runs beside the looks."""
        return (self.store_writer.run, self.releases, self.sending, self.housekeeping, self.people)


def _stays(devices: Iterable[Device]) -> list[Stay]:
    now = time.time()
    return [Stay(d.id, d.deployment, d.location, now) for d in devices if d.variant == "deployable"]


def _faults(changes: Sequence[Change]) -> dict[tuple[str, str, str, str], Fault | None]:
    return {c.fault.key: c.fault if c.what in ("opened", "changed") else None for c in changes}


def _forget(future: asyncio.Future[None]) -> None:
    """Nobody waits for this one."""
    future.cancel()
