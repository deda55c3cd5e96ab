"""Can footage be played, and is it of the time that it says? A few seconds of three ages, read as
the recorder sends.

By ONVIF replay (Streaming Specification, "Playback") as fast as possible and intra frames only,
else by the make's own replay path. The first key frame of each is measured where pictures are wanted
(`healthmon.picture.service`); none is kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import rtsp_place
from healthmon.checks.probes.recorder import contact_with, session, true_time
from healthmon.checks.probes.recording import recording_of
from healthmon.model.device import Check, Device
from healthmon.model.enums import Reason
from healthmon.model.footage import DAY, Age, Footage, Playback, Recording, Sample
from healthmon.protocols.errors import ExchangeError, ForbiddenError, UnsupportedError
from healthmon.protocols.rtsp.replay import REQUIRE, ReplayTimes, from_clock
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.rtsp.session import Session
from healthmon.vendors.client import Replay, VendorClient
from healthmon.vendors.partial_read import FATAL
from healthmon.vendors.registry import Player, player_of

if TYPE_CHECKING:
    from healthmon.checks.probes.recorded_picture import RecordedPicture

READ_AGE = 600.0
WAIT_SECONDS = 6.0
SAMPLE_SECONDS = 8.0
FAST = (("Rate-Control", "no"), ("Frames", "intra"))
AGES: dict[Age, float] = {"5m": 300.0, "24h": DAY}
AFTER_OLDEST = 3600.0
# What would be the same for every sample ends the check.
_WAY_OR_LOGIN = (*FATAL, UnsupportedError)


async def probe(device: Device, check: Check, context: ProbeContext) -> Playback:
    """Footage of `device` on recorder `ask.part` at each age of its plan. Raises ExchangeError where
    none can be tried.
    """
    recorder = context.devices.get(check.instance)
    if recorder is None or recorder.playback is None:
        raise UnsupportedError("no playback is configured")
    read = await session(recorder, check, context, READ_AGE)
    seen = recording_of(device, recorder, read, (None, true_time(context)))
    async with contact_with(recorder, context) as contact:
        player = _Player(
            contact,
            player_of(recorder.make),
            context,
            recorder.playback.most_bytes,
            check.watch,
            device,
        )
        samples = [await player.sample(age, seen) for age in recorder.playback.samples]
    return Playback(recorder.id, seen.recording.channel, tuple(samples), seen.read_at, seen.clock)


def moment(age: Age, seen: Footage) -> tuple[float | None, str]:
    """What to ask for (the recorder's Unix seconds), or why nothing is: there is no footage of that
    age.
    """
    told = seen.recording
    if age == "oldest":
        if told.oldest is None:
            return None, "its oldest footage is not reported"
        at = told.oldest + AFTER_OLDEST
    else:
        at = seen.now - AGES[age]
    if told.oldest is not None and at < told.oldest:
        return None, "no footage is that old"
    if told.newest is not None and at >= told.newest:
        return None, "nothing was recorded then"
    if any(low <= at < high for low, high in told.gaps or ()):
        return None, "it lies in a gap"
    return float(int(at)), ""


@dataclass(frozen=True, slots=True)
class _Player:
    """Plays the samples of one camera, one RTSP session after another, `seconds` or `most_bytes` of
    each.
    """

    contact: VendorClient
    make: Player
    context: ProbeContext
    most_bytes: int
    seconds: float
    camera: Device

    async def sample(self, age: Age, seen: Footage) -> Sample:
        """One age. Raises the errors that every age would meet."""
        at, skipped = moment(age, seen)
        found = Sample(age, at, skipped=skipped)
        if at is None:
            return found
        picture = self._picture()
        try:
            async with asyncio.timeout(SAMPLE_SECONDS + self.seconds):
                found = await self._played(found, at, seen.recording, picture)
        except _WAY_OR_LOGIN:
            raise
        except TimeoutError:
            return replace(
                found, reason=Reason.TIMEOUT, detail=f"nothing complete in {SAMPLE_SECONDS:g} s"
            )
        except ExchangeError as error:
            return replace(found, reason=Reason(error.reason), detail=str(error))
        return replace(found, picture=await picture.reading()) if picture else found

    def _picture(self) -> RecordedPicture | None:
        """What is to be judged of the picture; all that it takes is imported only where pictures are
        enabled.
        """
        if self.context.pictures is None:
            return None
        from healthmon.checks.probes.recorded_picture import RecordedPicture

        return RecordedPicture(self.context.pictures, self.camera, self.contact.device.id)

    async def _played(
        self, found: Sample, at: float, recording: Recording, picture: RecordedPicture | None
    ) -> Sample:
        contact, context = self.contact, self.context
        place = rtsp_place(contact.device, context)
        if place is None:
            raise UnsupportedError("no RTSP port is configured for the recorder")
        try:
            where = await self.make.replay(contact, recording, at)
        except ForbiddenError as error:
            raise UnsupportedError(f"replay: refused to this account ({error})") from None
        contact.close()  # one connection at a time
        basic = contact.device.access.allow_basic
        one = Session(
            context.connector,
            place,
            where.path,
            contact.credential,
            context.lockout_guard,
            basic,
            footage=True,
        )
        one.require = REQUIRE if where.onvif else ()
        try:
            await one.open()
            return await self._watched(one, where, found, at, picture)
        finally:
            await one.close()

    async def _watched(
        self,
        one: Session,
        where: Replay,
        found: Sample,
        at: float,
        picture: RecordedPicture | None,
    ) -> Sample:
        await one.describe()
        await one.setup()
        times, meter = ReplayTimes(), one.meter
        assert meter is not None  # noqa: S101 - set by setup
        meter.extension = times.packet
        if picture is not None:
            picture.begin(one, times)
        if where.onvif:
            await one.play_footage(from_clock(at), FAST)
        else:
            await one.play()
        watched = await one.watch_until(lambda meter: self._enough(meter, times), WAIT_SECONDS)
        dated = times.first is not None
        return replace(
            found,
            frames=meter.frames,
            bytes=meter.size,
            watched=watched,
            first=times.first,
            last=times.last if dated else None,
            jumps=tuple(times.jumps),
        )

    def _enough(self, meter: Meter, times: ReplayTimes) -> bool:
        """Whether the sample is long enough, at its byte cap, or at the end of the footage."""
        length = times.length if times.first is not None else meter.ticks / meter.clock_rate
        long_enough = meter.frames > 1 and length >= self.seconds
        return long_enough or times.terminal or meter.size >= self.most_bytes
