"""The agent that has the estate has other agents make checks: it plans every check, believes what
they see and is alone in telling it; they make the check, and keep nothing (docs/adr/0072).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason
from healthmon.model.picture import Answer
from healthmon.model.results import Observation, nothing
from healthmon.protocols.trace import Trace
from healthmon.runtime.dealing_rules import DealingRules, unit_of
from healthmon.runtime.estate import Estate
from healthmon.runtime.known_checker import KnownChecker
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
from healthmon.runtime.sharing import (
    AGAIN_SECONDS,
    digest_of,
    gathered,
    knows_the_time,
    logins_since,
    place_of,
    receiver,
)
from healthmon.runtime.state import AgentState
from healthmon.scheduling.locks import stable_hash
from healthmon.store import location
from healthmon.store.lease import Claim, Shares, pause_between_beats
from healthmon.store.post import Post

log = logging.getLogger("healthmon")

# How much longer than its own deadline a check may take on its way there and back.
WAY_SECONDS = 5.0
LASTING_SECONDS = 45.0
COUNTED_SECONDS = 60.0
_BUILT_IN = frozenset(map(str, CheckName))
# An agent that sees this of itself is no judge of a device.
_NO_JUDGE = frozenset(
    {Reason.AGENT_NETWORK, Reason.AGENT_STALLED, Reason.AGENT_RESOURCE, Reason.AGENT_BUSY}
)


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
    checkers: dict[str, KnownChecker] = field(default_factory=dict)
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
            problem = await self.post.attend(self._receive, self._give, self._greet)
            log.info("other agents are given nothing: %s", problem)
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

    async def _asked(self, checker: KnownChecker, check: Check, trace: Trace) -> Observation | None:
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
        self, check: Check, checker: KnownChecker, seen: Outcome | None, trace: Trace
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

    def _dealt_to(self, check: Check, allowed: frozenset[str]) -> KnownChecker | None:
        """The agent that makes it, one of the `allowed` where any are named: of a device and of what is
        read from it always the same one, as long as it lives (rendezvous hashing). None for this one.
        """
        if not self._open or self._file is not self.of_file():
            return None
        unit = unit_of(check, self.estate().devices)
        if not allowed and (check.check_type not in _BUILT_IN or unit in self._rules().kept):
            return None
        fit = {one.last.place: one for one in self._fit(allowed)}
        own = () if self._is_out_of_reach(allowed) else (self.place,)
        ranked = max(((stable_hash(f"{unit}\0{one}"), one) for one in (*own, *fit)), default=None)
        return fit.get(ranked[1]) if ranked is not None else None

    def _fit(self, allowed: frozenset[str]) -> list[KnownChecker]:
        """The other agents that may be given a check, of those `allowed`."""
        return [
            one
            for one in self.checkers.values()
            if (not allowed or one.last.name in allowed) and not self._why_not(one)
        ]

    def _is_out_of_reach(self, allowed: frozenset[str]) -> bool:
        """Whether this agent has no way to a site that only the `allowed` agents reach."""
        return bool(allowed) and self.claim.name not in allowed

    def _why_not(self, checker: KnownChecker) -> str:
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
            checker = self.checkers[report.sender] = KnownChecker(report, now)
        checker.last, checker.heard = report, max(checker.heard, now)
        if report.logins:
            self.state().lockout_guard.take_over(report.logins, age)
        for seen in report.seen:
            future = checker.under_way.get(seen.number)
            if future is not None and not future.done():
                future.set_result(seen)

    async def _give(self) -> None:
        while True:
            await gathered(self._bell)
            for checker in list(self.checkers.values()):
                if checker.waiting or checker.forgotten:
                    await self._write(checker)

    async def _greet(self) -> None:
        """Say every few seconds which configuration is in force; leave out who is silent."""
        self._open, self._opened = True, min(self._opened, time.monotonic())
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

    async def _write(self, checker: KnownChecker) -> None:
        logins, revision = logins_since(self.state().lockout_guard, checker.told_logins)
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
