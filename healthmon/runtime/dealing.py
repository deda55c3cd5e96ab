"""The agent that has the estate has other agents make checks: it plans every check, believes what
they see and is alone in telling it; they make the check, and keep nothing (docs/adr/0072).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import logging
import math
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Reason
from healthmon.model.picture import Answer
from healthmon.model.results import Observation, nothing
from healthmon.protocols.trace import Trace
from healthmon.runtime.estate import Estate
from healthmon.runtime.letters import (
    Order,
    Outcome,
    Report,
    UnreadableError,
    Where,
    Work,
    packed,
    report_of,
)
from healthmon.runtime.state import AgentState
from healthmon.scheduling.locks import stable_hash
from healthmon.store import StoreError, location
from healthmon.store.agent_name import agent_name
from healthmon.store.lease import Claim, Shares, fresh, pause_between_beats
from healthmon.store.post import Post

log = logging.getLogger("healthmon")

GATHER_SECONDS = 0.02
AGAIN_SECONDS = 1.0
# How much longer than its own deadline a check may take on its way there and back.
WAY_SECONDS = 5.0
# An agent whose clock is further from ours would tell the clocks of cameras wrongly.
CLOCK_SECONDS = 1.0
LEFT_ALONE_SECONDS = 30.0
MOST_UNANSWERED = 3
LASTING_SECONDS = 45.0
COUNTED_SECONDS = 60.0
_BUILT_IN = frozenset(map(str, CheckName))
# An agent that sees this of itself is no judge of a device.
_NO_JUDGE = frozenset(
    {Reason.AGENT_NETWORK, Reason.AGENT_STALLED, Reason.AGENT_RESOURCE, Reason.AGENT_BUSY}
)


@dataclass(slots=True)
class Checker:
    """Another agent, as its last report says, which came at `heard` (monotonic). It is given nothing
    before `left_alone` (monotonic), has been given nothing `left_out_since` (monotonic), and has not
    answered the last `unanswered` checks. `way` is how long a check takes there and back, besides its
    own time (seconds, a moving mean).
    """

    last: Report
    heard: float
    told_logins: int = -1
    left_alone: float = -math.inf
    left_out_since: float = math.inf
    forgotten: list[Where] = field(default_factory=list)
    waiting: list[Order] = field(default_factory=list)
    under_way: dict[int, asyncio.Future[Outcome | None]] = field(default_factory=dict)
    made: int = 0
    way: float | None = None
    unanswered: int = 0

    def why_not(self, digest: str, post: Post, seconds: float, *, timed: bool) -> str:
        """Why it is given nothing, in words; "" where it is. `seconds` is the time of a takeover, `post`
        is our own; `timed`: we know the time.
        """
        now, apart = time.monotonic(), abs(self.last.clock - post.clock)
        if self.is_silent(post, seconds):
            return f"was silent for {post.fetched - self.heard:.0f} s"
        if self.last.digest != digest:
            return "has other devices or checks in its config.yaml"
        if apart > CLOCK_SECONDS:
            return f"has a clock that is {apart:.0f} s off ours"
        if timed and not self.last.knows_time:
            return "does not know the time"
        return "has not answered, or has trouble of its own" if now < self.left_alone else ""

    def is_silent(self, post: Post, seconds: float) -> bool:
        """Whether it has said nothing for longer than a beat or two of a takeover in `seconds`, until we
        last looked into `post`: that we are late ourselves is not its silence.
        """
        return post.fetched - self.heard > fresh(seconds)

    def note(self, *, left_out: bool) -> None:
        """Whether it is given nothing now although it is there."""
        began = min(self.left_out_since, time.monotonic())
        self.left_out_since = began if left_out else math.inf

    def left_out_for(self) -> float:
        """For how long it has been (seconds); below 0 where it is not."""
        return time.monotonic() - self.left_out_since

    def leave_alone(self, why: str) -> None:
        """Give it nothing for a while."""
        self.left_alone = time.monotonic() + LEFT_ALONE_SECONDS
        log.warning("the agent on %s is given nothing for a while: %s", self.last.name, why)

    def came(self, seen: Outcome | None, took: float) -> None:
        """An answer, `took` seconds after its check was given."""
        if seen is not None:
            way = max(0.0, took - seen.duration)
            self.way = way if self.way is None else self.way + (way - self.way) / 20

    def not_answered(self) -> None:
        """A check that it was given has not come back in time."""
        self.unanswered += 1
        if self.unanswered >= MOST_UNANSWERED and time.monotonic() >= self.left_alone:
            self.leave_alone("it does not answer")

    def give_up(self) -> None:
        """Expect nothing more of what it was given."""
        self.waiting.clear()
        for future in self.under_way.values():
            if not future.done():
                future.set_result(None)


@dataclass(frozen=True, slots=True)
class DealingRules:
    """What `estate` says of who checks what: the units that are `kept` by the agent that has the estate,
    and the `agents` of the sites that not every agent reaches.
    """

    estate: Estate
    kept: frozenset[str]
    agents: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, estate: Estate, of_file: Estate) -> DealingRules:
        """Those of `estate`, of which `of_file` is what config.yaml says."""
        devices = estate.devices
        kept = (_own_units(device, of_file.devices, devices) for device in devices.values())
        agents = {site.id: frozenset(site.agents) for site in estate.config.sites if site.agents}
        return cls(estate, frozenset(itertools.chain.from_iterable(kept)), agents)

    def agents_of(self, check: Check) -> frozenset[str]:
        """Those that reach what `check` asks; none are named where every agent does."""
        if not self.agents:
            return frozenset()
        return self.agents.get(_asked_of(check, self.estate.devices).site, frozenset())


@dataclass(slots=True)
class Dealing:
    """By `post`, as soon as the database has given this agent the lease of `claim`. `estate` and
    `state` are those in force; `of_file` says how config.yaml describes a device: one that people have
    changed since is checked by this agent.
    """

    post: Post
    claim: Claim
    place: str
    estate: Callable[[], Estate]
    of_file: Callable[[], Estate]
    state: Callable[[], AgentState]
    checkers: dict[str, Checker] = field(default_factory=dict)
    own: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bool = False
    _file: Estate | None = None
    _digest: str = ""
    _opened: float = math.inf
    _made_rules: DealingRules | None = None
    # When the last minute began, and what each agent had made a minute before that, and then.
    _counted: tuple[float, dict[str, int], dict[str, int]] = (-math.inf, {}, {})

    @classmethod
    def of(
        cls,
        claim: Claim,
        estate: Callable[[], Estate],
        of_file: Callable[[], Estate],
        state: Callable[[], AgentState],
    ) -> Dealing:
        """By the database of `claim`. Raises ConfigError for a secret."""
        where = location.place(of_file().config)
        post = Post(where.url, where.password)
        return cls(post, claim, place_of(of_file()), estate, of_file, state)

    async def work(self) -> None:
        """Give and take, until cancelled; while the database does not answer everything is checked by
        this agent.
        """
        try:
            while True:
                if self.claim.epoch:
                    await self._give_and_take()
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await self.post.close()

    async def _give_and_take(self) -> None:
        self.post.receiver = receiver(self.claim.epoch)
        try:
            await self.post.open()
            self._open, self._opened = True, min(self._opened, time.monotonic())
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive())
                tasks.create_task(self._give())
                tasks.create_task(self._greet())
        except* StoreError as error:
            log.info("other agents are given nothing: %s", error.exceptions[0])
        finally:
            self._close()

    async def outcome_of(self, check: Check, trace: Trace) -> Observation | None:
        """What the agent saw to which `check` is dealt, with the notes of its `trace`; None where this
        agent is to make the check itself.
        """
        allowed = self._rules().agents_of(check)
        checker = self._dealt_to(check, allowed)
        seen = await self._asked(checker, check, trace) if checker is not None else None
        if seen is None and self._is_out_of_reach(allowed):
            return nothing(check, Reason.NO_AGENT, " or ".join(sorted(allowed)), at=time.time())
        self.own += seen is None
        return seen

    async def _asked(self, checker: Checker, check: Check, trace: Trace) -> Observation | None:
        number = next(self._numbers)
        future: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        checker.under_way[number] = future
        checker.waiting.append(Order(number, check.key, self._answers(check)))
        self._bell.set()
        began = time.monotonic()
        try:
            async with asyncio.timeout(check.timeout + WAY_SECONDS):
                seen = await future
            checker.came(seen, time.monotonic() - began)
        except TimeoutError:
            seen = None
            checker.not_answered()
        finally:
            checker.under_way.pop(number, None)
        return self._believed(check, checker, seen, trace)

    def forget(self, where: Where) -> None:
        """The view of the stream `where` is learned anew, whoever checks it."""
        for checker in self.checkers.values():
            checker.forgotten.append(where)
        self._bell.set()

    def made_by(self) -> dict[str, int]:
        """How many checks each machine has made; "" is this agent itself."""
        found = {"": self.own}
        for one in self.checkers.values():
            found[one.last.name] = found.get(one.last.name, 0) + one.made
        return found

    def problems(self) -> list[tuple[str, str]]:
        """The agents that are given nothing: (machine, why), in words."""
        found = ((one.last.name, self._why_not(one)) for one in self.checkers.values())
        return [(name, why) for name, why in found if why]

    def lasting_problems(self) -> list[tuple[str, str]]:
        """Those that are worth a fault: of agents that are there, and longer than a reload takes."""
        lasting = (one for one in self.checkers.values() if one.left_out_for() > LASTING_SECONDS)
        return [(one.last.name, self._why_not(one)) for one in lasting]

    def unreached(self) -> dict[str, list[str]]:
        """The agents of each site that no agent reaches, by its name; none in the time of a takeover after
        the start.
        """
        if time.monotonic() - self._opened < self.claim.seconds:
            return {}
        return {
            site: sorted(allowed)
            for site, allowed in self._rules().agents.items()
            if self._is_out_of_reach(allowed) and not self._fit(allowed)
        }

    def _believed(
        self, check: Check, checker: Checker, seen: Outcome | None, trace: Trace
    ) -> Observation | None:
        if seen is None:
            return None
        checker.unanswered = 0
        if seen.reason in _NO_JUDGE:
            checker.leave_alone(seen.detail)
            return None
        if self._why_not(checker):  # not before: until it answers it may be at the device
            return None
        try:
            found = seen.observation(check, time.time())
        except UnreadableError:
            return None
        checker.made += 1
        trace.kept += [(0.0, ".", f"checked from {checker.last.name}"), *seen.notes]
        return found

    # ------------------------------------------------------------------------------ who checks

    def _dealt_to(self, check: Check, allowed: frozenset[str]) -> Checker | None:
        """The agent that makes it, one of the `allowed` where any are named: of a device and of what is
        read from it always the same one, as long as it lives (rendezvous hashing). None for this one.
        """
        if not self._open or self._file is not self.of_file():
            return None
        unit = _unit(check, self.estate().devices)
        if not allowed and (check.check_type not in _BUILT_IN or unit in self._rules().kept):
            return None
        fit = {one.last.place: one for one in self._fit(allowed)}
        own = () if self._is_out_of_reach(allowed) else (self.place,)
        ranked = max(((stable_hash(f"{unit}\0{one}"), one) for one in (*own, *fit)), default=None)
        return fit.get(ranked[1]) if ranked is not None else None

    def _fit(self, allowed: frozenset[str]) -> list[Checker]:
        """The other agents that may be given a check, of those `allowed`."""
        return [
            one
            for one in self.checkers.values()
            if (not allowed or one.last.name in allowed) and not self._why_not(one)
        ]

    def _is_out_of_reach(self, allowed: frozenset[str]) -> bool:
        """Whether this agent has no way to a site that only the `allowed` agents reach."""
        return bool(allowed) and self.claim.name not in allowed

    def _why_not(self, checker: Checker) -> str:
        timed = knows_the_time(self.state())
        return checker.why_not(self._digest, self.post, self.claim.seconds, timed=timed)

    def _rules(self) -> DealingRules:
        if self._made_rules is None or self._made_rules.estate is not self.estate():
            self._made_rules = DealingRules.of(self.estate(), self.of_file())
        return self._made_rules

    def _answers(self, check: Check) -> tuple[Answer, ...]:
        return self.state().answers.get((check.device, check.instance), ())

    # ---------------------------------------------------------------------------- the letters

    async def _receive(self) -> None:
        async for found in self.post.letters():
            for letter in found:
                with contextlib.suppress(UnreadableError):  # an agent of another version
                    self._heard(report_of(letter.body), letter.age)

    def _heard(self, report: Report, age: float) -> None:
        now = time.monotonic() - age
        checker = self.checkers.get(report.sender)
        if checker is None:
            log.info("an agent on %s checks devices too", report.name)
            checker = self.checkers[report.sender] = Checker(report, now)
        checker.last, checker.heard = report, max(checker.heard, now)
        if report.logins:
            self.state().lockout_guard.take_over(report.logins, age)
        for seen in report.seen:
            future = checker.under_way.get(seen.number)
            if future is not None and not future.done():
                future.set_result(seen)

    async def _give(self) -> None:
        while True:
            await self._bell.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._bell.clear()
            for checker in list(self.checkers.values()):
                if checker.waiting or checker.forgotten:
                    await self._write(checker)

    async def _greet(self) -> None:
        """Say every few seconds which configuration is in force; leave out who is silent."""
        while True:
            await self.post.compare_clocks()
            await self._follow_file()
            for sender, checker in list(self.checkers.items()):
                silent = checker.is_silent(self.post, self.claim.seconds)
                checker.note(left_out=bool(self._why_not(checker)) and not silent)
                if silent:
                    checker.give_up()
                if self.post.fetched - checker.heard > self.claim.seconds:
                    log.warning("the agent on %s checks nothing more", checker.last.name)
                    del self.checkers[sender]
                else:
                    await self._write(checker)
            await self.post.tell_shares(self._shares())
            await asyncio.sleep(pause_between_beats(self.claim.seconds) / 2)

    def _shares(self) -> Shares:
        """The share of the checks of the last minute or two that each agent has made, and its way."""
        now, (since, before, _) = time.monotonic(), self._counted
        made = {self.claim.holder: self.own} | {s: one.made for s, one in self.checkers.items()}
        if now - since > COUNTED_SECONDS:
            self._counted = (now, self._counted[2], made)
        lately = {holder: count - before.get(holder, 0) for holder, count in made.items()}
        every = sum(lately.values())
        ways = {sender: one.way for sender, one in self.checkers.items()}
        return {
            holder: (count / every if every else None, ways.get(holder))
            for holder, count in lately.items()
        }

    async def _follow_file(self) -> None:
        if self._file is not self.of_file():
            estate = self.of_file()
            self._digest = await asyncio.to_thread(digest_of, estate)
            self._file = estate

    async def _write(self, checker: Checker) -> None:
        guard, logins = self.state().lockout_guard, ""
        revision = guard.revision
        if checker.told_logins != revision:
            logins = guard.hand_over()
        orders, forgotten = tuple(checker.waiting), tuple(checker.forgotten)
        checker.waiting.clear()
        checker.forgotten.clear()
        work = Work(self.claim.epoch, self._digest, logins, forgotten, orders)
        await self.post.send(checker.last.sender, packed(work))
        checker.told_logins = revision

    def _close(self) -> None:
        self._open = False
        for checker in self.checkers.values():
            checker.give_up()


def knows_the_time(state: AgentState) -> bool:
    """Whether its time servers tell an agent the time."""
    known = state.known_time.now()
    return known is not None and known.offset is not None


def digest_of(estate: Estate) -> str:
    """Another one wherever agents would check otherwise; where they listen and keep their files does not
    count. It takes a second for 10,000 cameras.
    """
    digest = hashlib.blake2b(digest_size=16)
    for one in (*estate.devices.values(), *estate.planned, estate.config.pictures):
        digest.update(repr(one).encode("utf-8", "replace"))
    return digest.hexdigest()


def place_of(estate: Estate) -> str:
    """What an agent is known by over its lives: its machine and its state directory."""
    told = f"{platform.node()}\0{agent_name()}\0{estate.state_directory}"
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def receiver(epoch: int) -> str:
    """Where letters to the agent go that has the estate by the lease `epoch`."""
    return f"estate_{epoch}"


def _unit(check: Check, devices: Mapping[str, Device]) -> str:
    """What is checked by one agent: a recorder and its cameras, whose clocks are compared; else a
    device.
    """
    return _unit_of(_asked_of(check, devices))


def _asked_of(check: Check, devices: Mapping[str, Device]) -> Device:
    return devices.get(check.spoken_to, devices[check.device])


def _unit_of(device: Device) -> str:
    return device.recorder or device.id


def _own_units(
    device: Device, of_file: Mapping[str, Device], devices: Mapping[str, Device]
) -> Iterable[str]:
    """The units that the agent which has the estate checks itself because of `device`: itself, what people
    have changed, what counts its data or may be moved (this machine remembers it), and what is handed
    over together with what is handed over.
    """
    if (
        device.kind is Kind.AGENT
        or device.daily_bytes is not None
        or device.ptz is not None
        or of_file.get(device.id) is not device
    ):
        yield _unit_of(device)
    if device.relays:
        yield _unit_of(device)
        yield from (_unit_of(devices[one.camera]) for one in device.relays if one.camera in devices)
