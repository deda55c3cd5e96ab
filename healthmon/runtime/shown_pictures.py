"""The picture of a camera for a person who asks to see it, where config.yaml allows that: on record first,
fetched then, sent once. It is in memory only, here and in the process that decodes it.
"""

from __future__ import annotations

import asyncio
import time

from healthmon.checks.probes import shown_picture
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind
from healthmon.picture.pool import PictureError
from healthmon.protocols.errors import ExchangeError
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import entered
from healthmon.scheduling.locks import AddressHeldError
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import Marked

PLAY_SECONDS = 10.0  # for a key frame to come
LONGEST_SECONDS = 25.0


class ShownPictures:
    """Of one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def may_be_shown(self, name: str) -> bool:
        """Whether the picture of a device can be asked for at all."""
        config, engine = self._agent.estate.config, self._agent.engine
        if not config.pictures.show or engine.context.pictures is None:
            return False
        device = self._agent.estate.devices.get(name)
        return device is not None and device.kind is Kind.CAMERA and bool(self._streams(name))

    def _streams(self, name: str) -> list[Check]:
        known = self._agent.estate.checks_of.get(name, ())
        return [check for check in known if check.check_type == CheckName.STREAM]

    async def show(self, name: str, mark: Marked) -> bytes:
        """A JPEG of what the camera shows now, after the entry of who looks is in the record. Raises
        NoRecordError, NotDoneError.
        """
        if not self.may_be_shown(name):
            words = "no picture of it is shown; config.yaml says `pictures: {show: yes}` where it may be"
            raise NotDoneError(f"{name}: {words}")
        now = time.time()
        new = Operation(OperationKind.PICTURE_SHOWN, name, mark.by, now, now, once=mark.once)
        kept = await entered(self._agent, lambda store: store.operate(new, mark.author))
        if kept.at != now:
            raise NotDoneError("this picture was shown; ask for it again on the page of the camera")
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self._fetched(self._agent.estate.devices[name], self._streams(name)[0])
        except TimeoutError:
            raise NotDoneError(f"{name}: no picture within {LONGEST_SECONDS:.0f} s") from None
        except (AddressHeldError, ExchangeError, PictureError, OSError) as error:
            raise NotDoneError(f"{name}: no picture: {error}") from None

    async def _fetched(self, device: Device, check: Check) -> bytes:
        engine, schedule = self._agent.engine, self._agent.schedule
        service = engine.context.pictures
        if schedule is None or service is None:
            raise NotDoneError("healthmon is starting; try again")
        if engine.data.governs(check) and (words := engine.data.refused(check)):
            raise NotDoneError(words)
        async with schedule.turn(check):
            with engine.data.charged(check):
                frame = await shown_picture.key_frame(device, engine.context, PLAY_SECONDS)
        return await service.jpeg(frame)
