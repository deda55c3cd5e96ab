"""Does a PTZ camera go where it is sent, and back? Only a camera whose configuration says so is moved,
only by the running agent, and only where nobody seems to use it (docs/adr/0060).

Before the first command the way home is on the disk and the move in the record. Who is away after a
restart, or after a return that failed, is sent home first.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.checks.probes import ptz as status
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.ptz import believed, is_near, memory_of, nearest, note_rest, words_of
from healthmon.checks.probes.ptz_memory import PtzMemory
from healthmon.checks.probes.ptz_moves import NotRecordedError, PtzMoves
from healthmon.model.device import Check, Device
from healthmon.model.ptz import MoveOutcome, PtzMove, PtzPlan, PtzReading
from healthmon.protocols import quirks
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.onvif import ptz
from healthmon.protocols.onvif.call import Calls
from healthmon.protocols.onvif.ptz import Position, Preset, Status

POLL_SECONDS = 1.0
CALL_SECONDS = 5.0
LAST_SECONDS = 4.0  # for the way home of a run that is ended
RETURNS, MOST_RETURNS = 2, 6  # commands home in one run, and in all
ARRIVED = 0.01  # of a space from -1 to 1: 1.8 degrees of pan
SURELY_THERE = 3  # answers in a row at the preset, of a camera that never says that it rests
_MOST_NAMED = 20
FAR = 0.05  # presets that are nearer than that prove little
_FAILED = (ExchangeError, TimeoutError)


async def probe(device: Device, _check: Check, context: ProbeContext) -> PtzReading:
    """What came of the last move of `device`, after a new one where that is due. Raises
    ExchangeError.
    """
    plan, moves = device.ptz, context.ptz_moves
    if plan is None:
        return PtzReading(None, "it is never moved")
    last = moves.last(device.id)
    away = last is not None and last.away
    try:
        camera = await _reached(device, context, plan)
        if last is not None and away and moves.record is not None:
            last, why = await camera.brought_home(last), ""
        else:
            last, why = await _moved(camera, last)
    except ExchangeError as error:
        if not away:
            raise
        why = str(error)
    return PtzReading(last, why, lasts=2 * plan.every)


class NotSentError(Exception):
    """A camera that was not sent to a preset; the text says why."""


async def sent(
    device: Device, context: ProbeContext, preset: str, record: Callable[[str], Awaitable[None]]
) -> str:
    """Send `device` to its `preset` (name or token), after `record` has kept its name; what came of
    it, in words. Raises NotSentError, ExchangeError, TimeoutError and what `record` raises.
    """
    plan = device.ptz
    if plan is None:
        raise NotSentError("it is never moved")
    camera = await _reached(device, context, plan)
    if camera.views is None:
        raise NotSentError("it offers no pan and tilt by ONVIF")
    found = await camera.status()
    if why := camera.in_use(found):
        raise NotSentError(why)
    to = camera.preset_called(preset)
    await record(words_of(to))
    return await camera.went(to)


async def _reached(device: Device, context: ProbeContext, plan: PtzPlan) -> _Camera:
    """The camera, with its presets. Raises ExchangeError."""
    memory = memory_of(device, context)
    calls = await status.calls_of(device, context)
    if calls is not None:
        await status.read(calls, memory, pans=True)
    services = memory.services
    known = services is not None and services.ptz is not None
    views = calls.at(ptz.PTZ, services.ptz) if calls and services and services.ptz else None
    return _Camera(device, plan, context.ptz_moves, memory, views if known else None)


async def _moved(camera: _Camera, last: PtzMove | None) -> tuple[PtzMove | None, str]:
    """The last move, after a new one where that may be; and why there was none."""
    found = await camera.status() if camera.views is not None else None
    if found is None:
        return last, "it offers no pan and tilt by ONVIF"
    if why := camera.why_not(found, last):
        return last, why
    home, to = camera.from_to(found.position, last)
    if home is None:
        return last, "it is at none of its presets"
    if to is None:
        return last, "it has no other preset to be sent to"
    return await camera.there_and_back(home, to, last)


@dataclass(slots=True)
class _Leg:
    """One way: how many seconds it took to arrive, None where it did not; whether it moved at all;
    where it was seen last.
    """

    seconds: float | None = None
    moved: bool = False
    at: Position | None = None


@dataclass(slots=True)
class _Camera:
    """A camera that may be moved. `views` is its PTZ service, None where it has none."""

    device: Device
    plan: PtzPlan
    moves: PtzMoves
    memory: PtzMemory
    views: Calls | None

    # ------------------------------------------------------------------------------------- may it be?

    def why_not(self, found: Status, last: PtzMove | None) -> str:
        """Why the camera is not moved now, in words; "" where it may be."""
        return self._not_our_turn(last) or self.in_use(found)

    def _not_our_turn(self, last: PtzMove | None) -> str:
        now, plan = time.time(), self.plan
        if self.moves.record is None or self.moves.folder is None:
            return "only the running agent moves a camera, and only with a state directory"
        if last is not None and 0 <= now - last.began < plan.every:
            return "it was moved not long ago"
        if not _within(plan.hours, datetime.fromtimestamp(now, ZoneInfo(self.device.time_zone))):
            return f"it is moved between {plan.hours[0]} and {plan.hours[1]} only"
        if self.device.site in self.moves.moving_at:
            return "another camera of its site is being moved"
        return ""

    def in_use(self, found: Status) -> str:
        """Why somebody may be using the camera, in words; "" where it has rested for long enough."""
        if found.position is None:
            return "it does not tell where it looks"
        if found.moving is None:
            return "it does not tell whether it rests"
        if found.moving:
            return "it is moving: an operator, a tour or auto-tracking uses it"
        rested = time.monotonic() - self.memory.rests_since
        if rested < self.plan.quiet:
            return (
                f"it has been seen at rest for {rested / 60:.0f} min of {self.plan.quiet / 60:.0f}: "
                "an operator may be using it"
            )
        return ""

    def allowed(self) -> tuple[Preset, ...]:
        """The presets that it may be sent to."""
        named = self.plan.presets
        return tuple(
            one
            for one in self.memory.presets
            if one.position is not None
            and (
                one.token in named or one.name in named
                if named
                else not quirks.is_function(one.token)
            )
        )

    def preset_called(self, name: str) -> Preset:
        """The preset that people call `name`. Raises NotSentError."""
        known = self.allowed()
        for one in known:
            if name.lower() in (one.token.lower(), one.name.lower(), words_of(one).lower()):
                return one
        names = ", ".join(one.name for one in known[:_MOST_NAMED]) or "none"
        raise NotSentError(f"it may be sent to no preset '{name}'; those are {names}")

    def from_to(
        self, at: Position | None, last: PtzMove | None
    ) -> tuple[Preset | None, Preset | None]:
        """The preset that it is at, and the one after the last that it was sent to: in time, each."""
        known = self.allowed()
        home = nearest(at, known) if at is not None else None
        if home is None:
            return None, None
        others = [one for one in known if not is_near(one.position, home.position, FAR)]
        tokens = [one.token for one in known]
        after = tokens.index(last.to) + 1 if last is not None and last.to in tokens else 0
        turn = tokens[after:] + tokens[:after]
        return home, min(others, key=lambda one: turn.index(one.token), default=None)

    # --------------------------------------------------------------------------------------- the move

    async def there_and_back(
        self, home: Preset, to: Preset, last: PtzMove | None
    ) -> tuple[PtzMove | None, str]:
        """Send it to a preset and home again; what came of it, or why it was not sent."""
        move = PtzMove(home.token, words_of(home), to.token, words_of(to), time.time())
        with self.moves.turn(self.device):
            try:
                self.moves.keep(self.device.id, move)
                await self._record(to, "to prove that it moves")
            except (OSError, NotRecordedError) as error:
                with contextlib.suppress(OSError):
                    self.moves.keep(self.device.id, last or replace(move, began=0.0, away=False))
                return last, f"its move could not be recorded: {error}"
            try:
                move = await self._there(move, to)
                if move.outcome is not MoveOutcome.TAKEN:
                    move = await self._home(move, home)
            except asyncio.CancelledError:
                with contextlib.suppress(*_FAILED):
                    await self._goto(home.token, LAST_SECONDS)
                raise
            finally:
                self._keep(move)
        return move, ""

    async def went(self, to: Preset) -> str:
        """Where it is after it was sent to a preset, in words. Raises ExchangeError, TimeoutError."""
        await self._goto(to.token)
        leg = await self._way(to.position, self.memory.rests_at)
        if leg.seconds is not None:
            return f"is at {words_of(to)} ({leg.seconds:.0f} s)"
        return f"was sent to {words_of(to)} and is not there after {self.plan.arrive:.0f} s"

    async def _there(self, move: PtzMove, to: Preset) -> PtzMove:
        """`move` with what came of the way there."""
        try:
            await self._goto(to.token)
        except _FAILED as error:
            return replace(move, outcome=MoveOutcome.REFUSED, detail=str(error))
        leg = await self._way(to.position, self.memory.rests_at)
        if leg.seconds is None:
            outcome = MoveOutcome.NOT_ARRIVED if leg.moved else MoveOutcome.NO_MOVE
            return replace(move, outcome=outcome)
        move = replace(move, outcome=MoveOutcome.ARRIVED, seconds=leg.seconds)
        with contextlib.suppress(*_FAILED):
            found = await self.status()
            if found.position is not None and not is_near(found.position, to.position, ARRIVED):
                return replace(move, outcome=MoveOutcome.TAKEN, away=False)
        return move

    async def _home(self, move: PtzMove, home: Preset) -> PtzMove:
        """`move` after it was sent home; still away where it was not seen there."""
        await self._note(home, "home again")
        for _ in range(RETURNS):
            move = replace(move, tries=move.tries + 1)
            self._keep(move)
            with contextlib.suppress(*_FAILED):
                await self._goto(home.token)
            leg = await self._way(home.position)
            if leg.seconds is not None:
                return replace(move, away=False)
            at = leg.at
            move = replace(move, stopped=(at.pan, at.tilt) if at is not None else None)
        return move

    async def brought_home(self, move: PtzMove) -> PtzMove:
        """`move` of a camera that is away, after it was sent home. Who took it in the meantime keeps it.
        Raises ExchangeError.
        """
        known = {one.token: one for one in self.memory.presets}
        home = known.get(move.home) or Preset(move.home, move.home_name, None)
        found = await self._at_rest()
        if found is not None and is_near(found.position, home.position, ARRIVED):
            move = replace(move, away=False)
        elif found is not None and self._was_taken(move, found, known.get(move.to)):
            move = replace(move, away=False, outcome=MoveOutcome.TAKEN)
        elif move.tries < MOST_RETURNS:
            move = await self._home(move, home)
        self._keep(move)
        return move

    @staticmethod
    def _was_taken(move: PtzMove, found: Status, to: Preset | None) -> bool:
        """Whether it looks where nothing of ours has left it."""
        ours = [to.position] if to is not None else []
        if move.stopped is not None:
            ours.append(Position(*move.stopped, None))
        if found.position is None or not ours:
            return False
        return not any(is_near(found.position, one, ARRIVED) for one in ours)

    # ---------------------------------------------------------------------------------------- its words

    async def status(self) -> Status:
        """Its status, as far as it can be believed. Raises ExchangeError, TimeoutError."""
        async with asyncio.timeout(CALL_SECONDS):
            found = await ptz.status(self._service(), self.memory.profile)
        return note_rest(believed(found, self.memory), self.memory)

    async def _at_rest(self) -> Status | None:
        """Its status when it rests, or else after the time of a way; None where it tells none."""
        ends, found = time.monotonic() + self.plan.arrive, None
        while found is None or found.moving:
            try:
                found = await self.status()
            except TimeoutError:
                found = None
            if time.monotonic() > ends:
                break
            if found is None or found.moving:
                await asyncio.sleep(POLL_SECONDS)
        return found

    async def _way(self, to: Position | None, start: Position | None = None) -> _Leg:
        """Watch it until it has arrived, or has had its time."""
        leg, began, there = _Leg(), time.monotonic(), 0
        while time.monotonic() - began < self.plan.arrive:
            await asyncio.sleep(POLL_SECONDS)
            try:
                found = await self.status()
            except _FAILED:
                continue
            leg.at = found.position or leg.at
            leg.moved = leg.moved or found.moving is True or not is_near(start, leg.at, ARRIVED)
            there = there + 1 if is_near(found.position, to, ARRIVED) else 0
            if there and (found.moving is not True or there >= SURELY_THERE):
                leg.moved, leg.seconds = True, time.monotonic() - began
                break
        return leg

    async def _goto(self, token: str, seconds: float = CALL_SECONDS) -> None:
        """The one place that moves a camera. Raises ExchangeError, TimeoutError."""
        async with asyncio.timeout(seconds):
            await ptz.goto(self._service(), self.memory.profile, token)

    def _service(self) -> Calls:
        if self.views is None:
            raise ExchangeError("it offers no pan and tilt by ONVIF")
        return self.views

    # --------------------------------------------------------------------------------------- the record

    async def _record(self, preset: Preset, why: str) -> None:
        """Raises NotRecordedError."""
        if self.moves.record is None:
            raise NotRecordedError("there is no record")
        await self.moves.record(self.device.id, words_of(preset), why)

    async def _note(self, preset: Preset, why: str) -> None:
        """The same for the way home, which waits for no record."""
        with contextlib.suppress(NotRecordedError):
            await self._record(preset, why)

    def _keep(self, move: PtzMove) -> None:
        """What cannot be kept here was kept before the move: it is sent home once more."""
        with contextlib.suppress(OSError):
            self.moves.keep(self.device.id, move)


def _within(hours: tuple[str, str], local: datetime) -> bool:
    """Whether `local` is within the hours, which may go over midnight."""
    start, end = hours
    now = f"{local:%H:%M}"
    return start <= now < end if start < end else now >= start or now < end
