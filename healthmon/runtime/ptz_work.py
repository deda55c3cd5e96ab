"""A PTZ camera is sent to a preset by a person, where config.yaml allows that it is moved."""

from __future__ import annotations

import asyncio
import time

from healthmon.checks.probes import pan_tilt
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName
from healthmon.protocols.errors import ExchangeError
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import entered
from healthmon.runtime.check_now import ChecksNow
from healthmon.scheduling.locks import AddressHeldError
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import Marked


class PtzWork:
    """Of one agent. Methods raise NoRecordError, NotDoneError."""

    def __init__(self, agent: Agent, checks_now: ChecksNow) -> None:
        self._agent, self._checks_now = agent, checks_now

    async def send(self, name: str, preset: str, mark: Marked) -> str:
        """Send a camera to one of its presets, unless somebody seems to use it, and have its view
        judged there; what came of it, in words.
        """
        device, check = self._movable(name)

        async def record(words: str) -> None:
            now = time.time()
            details = {"preset": words, "why": "asked for by a person"}
            new = Operation(OperationKind.PTZ_MOVE, name, mark.by, now, now, details, mark.once)
            await entered(self._agent, lambda store: store.operate(new, mark.author))

        schedule = self._agent.schedule
        if schedule is None:
            raise NotDoneError("healthmon is starting; try again")
        try:
            async with schedule.turn(check), asyncio.timeout(check.timeout):
                context = self._agent.engine.context
                words = await pan_tilt.sent(device, context, preset, record)
        except (AddressHeldError, ExchangeError, OSError) as error:
            why = str(error) or f"no answer within {check.timeout:.0f} s"
            raise NotDoneError(f"{name}: {why}") from None
        except pan_tilt.NotSentError as error:
            raise NotDoneError(f"{name} was not sent: {error}") from None
        self._checks_now.begin(name, self._agent.estate.checks_of[name], mark.by, anew=True)
        return f"{name} {words}"

    def _movable(self, name: str) -> tuple[Device, Check]:
        device = self._agent.estate.devices.get(name)
        if device is None:
            raise NotDoneError(f"there is no device {name} in the configuration")
        known = self._agent.estate.checks_of.get(name, ())
        found = [one for one in known if one.check_type == CheckName.PAN_TILT]
        if device.ptz is None or not found:
            words = "config.yaml does not say `ptz: {active: yes}` for it, or it is not checked"
            raise NotDoneError(f"{name} may not be moved: {words}")
        return device, found[0]
