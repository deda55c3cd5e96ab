"""One RTSP session: DESCRIBE, SETUP (TCP interleaved, else UDP), PLAY, measure, and TEARDOWN
whatever happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from healthmon.protocols import quirks, trace
from healthmon.protocols.errors import (
    ExchangeError,
    NoSourceError,
    ProtocolError,
    ResetError,
    TooLargeError,
    UnsupportedError,
    reading,
)
from healthmon.protocols.http import digest
from healthmon.protocols.media.payloads import Buffer
from healthmon.protocols.rtsp import rtcp
from healthmon.protocols.rtsp import status as rtsp_status
from healthmon.protocols.rtsp.connection import Interleaved, RtspReply
from healthmon.protocols.rtsp.requests import Asking
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.rtsp.sdp import Video, path_of, video_of
from healthmon.protocols.rtsp.udp import UdpPair
from healthmon.protocols.transport import metering as counting

TEARDOWN_SECONDS = 1.0
MOST_MOVES = 3
ACCEPTED = (("Accept", "application/sdp"),)
QUIET_SECONDS = 1.0
# Between two checks at what has come: while something is awaited, and otherwise.
SHORT_PAUSE, LONG_PAUSE = 0.05, 0.5
_OTHER_TRANSPORT = {400, 405, 406, 415, 454, 461, 500, 501, 551}
_NO_RANGE = {400, 456, 457}
_NO_AGGREGATE = 459
_NOT_FOUND = 404


@dataclass(slots=True)
class Session(Asking):
    """A session on `place`; `require` goes with SETUP and PLAY, `transport` is what is
    tried first. `cut_after` is how many seconds after PLAY the device ended the connection that
    brought the pictures, before they were watched to the end.
    """

    transport: str = "tcp"
    require: tuple[tuple[str, str], ...] = ()
    video: Video | None = None
    meter: Meter | None = None
    moved_from: str | None = None
    cut_after: float | None = None
    _profile: str = ""
    _base: str = ""
    _control: str = ""
    _whole: str = ""
    _control_channel: int = 1
    _channel: int = 0
    _pair: UdpPair | None = None
    _setting_up: asyncio.Task[None] | None = None

    async def describe(self) -> Video:
        """Learn what the path offers. Raises NoVideoTrackError, NotFoundError, BusyError,
        AuthFailedError, ...
        """
        reply = await self._described()
        self._base = reply.header("content-base") or reply.header("content-location")
        with reading("session description"):
            self.video = video_of(reply.body)
        self._control = path_of(self.video.control, self._base, self.path)
        self._whole = path_of(self.video.session_control, self._base, self.path)
        return self.video

    async def _described(self) -> RtspReply:
        """The answer to DESCRIBE, also where the device says that it is at another path of its
        own.
        """
        for _ in range(MOST_MOVES):
            reply = await self._request("DESCRIBE", self.path, ACCEPTED, check=False)
            moved = 300 <= reply.status < 400
            location = reply.header("location") if moved else ""
            path = quirks.moved_path(location, self.place.host, self.place.port)
            if moved and quirks.is_fallback(self.server):
                raise NoSourceError(
                    f"DESCRIBE answered {reply.status}: moved to {path}; {self.server}"
                )
            if not moved or path in ("", self.path):
                break
            trace.note(".", f"the device says that {self.path} is now {path}")
            self.moved_from = self.moved_from or self.path
            self.path = path
        self._checked(reply, "DESCRIBE")
        return reply

    async def setup(self) -> None:
        """Set up the transport that worked last time, or the other one where the device refuses it.

        Where that is cut, `close` hears the answer out: without the session's name it could not be
        torn down.
        """
        self._setting_up = asyncio.create_task(self._negotiated())
        try:
            await asyncio.shield(self._setting_up)
        finally:
            if self._setting_up.done():
                self._setting_up = None

    async def _negotiated(self) -> None:
        assert self.video is not None  # noqa: S101 - describe comes first
        video = self.video
        reply = await self._found_control(video)
        if reply.status in _OTHER_TRANSPORT:
            self.transport = "tcp" if self.transport == "udp" else "udp"
            reply = await self._set_up_again()
        if video.encrypted and reply.status not in (200, 401, 403, *rtsp_status.BUSY):
            raise UnsupportedError(
                f"SETUP answered {reply.status}: encrypted with keys that are not known here (SRTP)"
            )
        self._checked(reply, "SETUP")
        if "multicast" in reply.header("transport").lower():
            raise UnsupportedError(
                "the device sends to a multicast group only, which is not joined"
            )
        if self._pair is not None:
            self._pair.open_way(reply.header("transport"))
        else:
            self._take_channels(reply)

    async def _found_control(self, video: Video) -> RtspReply:
        """The answer to SETUP at the control path of the standard, else at the first other reading
        of it that is known, else the first answer.
        """
        standard = self._control
        first = await self._accepted_profile(video)
        if first.status != _NOT_FOUND:
            return first
        base = path_of("", self._base, self.path)
        for other in quirks.other_controls(video.control, base, self._whole):
            if other == standard:
                continue
            self._control = other
            reply = await self._accepted_profile(video)
            if reply.status != _NOT_FOUND:
                return reply
        self._control = standard
        return first

    async def _accepted_profile(self, video: Video) -> RtspReply:
        """The answer to SETUP by the first profile of RTP that the device takes, else to the last
        one.
        """
        first, *others = quirks.profiles_to_ask(video.profile, secure=self.place.tls is not None)
        self._profile = first
        reply = await self._set_up()
        for profile in others:
            if reply.status not in _OTHER_TRANSPORT:
                break
            self._profile = profile
            reply = await self._set_up_again()
        return reply

    def _new_meter(self, video: Video) -> Meter:
        return Meter(
            video.payload_type,
            video.codec,
            video.clock_rate,
            video.parameter_sets,
            encrypted="SAVP" in self._profile,
        )

    async def _set_up(self) -> RtspReply:
        self._close_pair()
        assert self.video is not None  # noqa: S101 - set before
        self.meter = self._new_meter(self.video)
        if self.transport == "tcp":
            over = f"{self._profile}/TCP;unicast;interleaved=0-1"
            return await self._request(
                "SETUP", self._control, (*_transport(over), *self.require), check=False
            )
        assert self._connection is not None  # noqa: S101 - set by open
        sender = await self.connector.address_of(self.place.host)
        self._pair = await UdpPair.bind(self._connection.local_address, sender, self.meter)
        wanted = (*_transport(self._pair.wanted(self._profile)), *self.require)
        return await self._request("SETUP", self._control, wanted, check=False)

    async def _set_up_again(self) -> RtspReply:
        """The same by the other transport, on a new connection where the device has closed the old
        one.
        """
        try:
            return await self._set_up()
        except ResetError:
            assert self._connection is not None  # noqa: S101 - set by open
            self._connection.close()
            self._challenge, self._session = None, ""
            await self.open()
            await self.describe()
            return await self._set_up()

    def _close_pair(self) -> None:
        if self._pair is not None:
            self._pair.close()
            self._pair = None

    def _take_channels(self, reply: RtspReply) -> None:
        if match := re.search(
            r"(?i)interleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?", reply.header("transport")
        ):
            self._channel = int(match[1])
            self._control_channel = int(match[2]) if match[2] else self._channel + 1
        assert self._connection is not None  # noqa: S101 - set by open
        assert self.meter is not None  # noqa: S101 - set before SETUP
        self._connection.listen(self._frame_handler(self.meter.packet, self._channel))

    def _frame_handler(
        self, packet: Callable[[Buffer, int, int, float], None], media: int
    ) -> Interleaved:
        """What gets each frame: the hot path of a stream, without a look-up that can be made before."""
        now, other = time.monotonic, self._other_frame

        def count_frame(channel: int, data: bytes | bytearray, at: int, size: int) -> None:
            if channel == media:
                packet(data, at, size, now())
            else:
                other(channel, data, at, size)

        return count_frame

    def _other_frame(self, channel: int, data: bytes | bytearray, at: int, size: int) -> None:
        meter = self.meter
        assert meter is not None  # noqa: S101 - set before SETUP
        if channel == self._control_channel and rtcp.is_control(data, at, size):
            meter.control(data, at, size, time.time(), time.monotonic())
        else:
            meter.other_channel(channel)

    async def play(self) -> None:
        """Start the stream."""
        reply = await self._request("PLAY", self._whole, (("Range", "npt=0.000-"),), check=False)
        if reply.status in _NO_RANGE:
            reply = await self._request("PLAY", self._whole, (), check=False)
        if reply.status == _NO_AGGREGATE:
            self._whole = self._control
            reply = await self._request("PLAY", self._whole, (), check=False)
        self._checked(reply, "PLAY")

    async def play_footage(self, start: str, more: tuple[tuple[str, str], ...] = ()) -> None:
        """Start recorded footage at `start` (a Range value); without that there is nothing to
        prove.
        """
        await self._request("PLAY", self._whole, (("Range", start), *self.require, *more))

    async def watch_until(self, enough: Callable[[Meter], bool], wait: float) -> float:
        """Let packets come until `enough` of them have, at most `wait` seconds; returns the seconds
        watched.
        """
        assert self.meter is not None  # noqa: S101 - set before PLAY
        assert self._connection is not None  # noqa: S101 - set by open
        began = time.monotonic()
        trace.stage("footage")
        while (watched := time.monotonic() - began) < wait and not enough(self.meter):
            if self._over():
                break
            await asyncio.sleep(0.01)
        return watched

    async def watch(self, seconds: float, wait: float, *, key_wait: float) -> float:
        """Let packets come for `seconds`; up to `wait` for the first one and up to `key_wait` for a
        key frame.

        Returns the seconds watched since PLAY was answered. Ends early when the connection is lost.
        """
        assert self.meter is not None  # noqa: S101 - set before PLAY
        assert self._connection is not None  # noqa: S101 - set by open
        began = time.monotonic()
        trace.stage("pictures")
        while (now := time.monotonic() - began) < wait:
            over = self._over()
            if self._enough(self.meter, seconds, keys_due=now >= key_wait) or counting.over():
                break
            if over:
                self.cut_after = now if self._hung_up else None
                break
            await asyncio.sleep(self._pause(self.meter, seconds))
        return time.monotonic() - began

    @staticmethod
    def _enough(meter: Meter, seconds: float, *, keys_due: bool) -> bool:
        """Whether pictures flow, were watched for `seconds`, and a key frame came where it had to."""
        clock = time.monotonic()
        if meter.first_at is None or clock - meter.first_at < seconds:
            return False
        flows = meter.frames > 1 and clock - meter.last_at < QUIET_SECONDS
        return flows and (keys_due or meter.first_key_at is not None or not meter.inside.keyed)

    @staticmethod
    def _pause(meter: Meter, seconds: float) -> float:
        """How long to sleep until it is worth looking again."""
        if meter.first_at is None:
            return SHORT_PAUSE
        return min(max(SHORT_PAUSE, meter.first_at + seconds - time.monotonic()), LONG_PAUSE)

    def _over(self) -> bool:
        """Whether nothing more comes. Raises TooLargeError where too much came, and ProtocolError
        where other things than pictures did.
        """
        assert self._connection is not None  # noqa: S101 - set by open
        assert self.meter is not None  # noqa: S101 - set before PLAY
        closed = (self._pair and self._pair.flood) or self._connection.closed
        unseen = isinstance(closed, ProtocolError) and self.meter.frames < 2
        if closed is not None and (unseen or isinstance(closed, TooLargeError)):
            raise closed
        return self.lost

    @property
    def _hung_up(self) -> bool:
        """Whether the device itself ended the connection on which pictures come; one that sends them
        by UDP may (RFC 2326 1.1).
        """
        closed = self._connection.closed if self._connection is not None else None
        return self._pair is None and isinstance(closed, ResetError)

    @property
    def lost(self) -> bool:
        """Whether the connection has ended."""
        return self._connection is None or self._connection.closed is not None

    async def close(self) -> None:
        """TEARDOWN (at most one second, also when cancelled) and drop the connection."""
        try:
            if self._setting_up is not None or self._session:
                await asyncio.shield(asyncio.create_task(self._teardown()))
        finally:
            self._close_pair()
            if self._connection is not None:
                self._connection.close()

    async def _teardown(self) -> None:
        with contextlib.suppress(ExchangeError, OSError), trace.aside():
            async with asyncio.timeout(TEARDOWN_SECONDS):
                if self._setting_up is not None:
                    await self._setting_up
                if self._session:
                    await self._end()

    async def _end(self) -> None:
        """TEARDOWN; a device that takes each nonce for one request only is answered once more. This
        login has been accepted before, so that a refusal says nothing about the account. One that
        is not listened to any more is told so, and has as long as the others to read it: hanging up
        at once would reset the connection before it has.
        """
        if self.lost:
            assert self._connection is not None  # noqa: S101 - there is a session
            if self._connection.say("TEARDOWN", *self._signed("TEARDOWN", self._whole)):
                await asyncio.sleep(TEARDOWN_SECONDS)
            return
        reply = await self._send("TEARDOWN", self._whole, ())
        if reply.status == 401 and self._proven:
            offered = digest.parse_challenges(reply.all("www-authenticate"))
            self._challenge = digest.choose(
                offered, allow_basic=self.place.tls is not None or self.allow_basic
            )
            self._count = 0
            await self._send("TEARDOWN", self._whole, ())


def _transport(value: str) -> tuple[tuple[str, str], ...]:
    return (("Transport", value),)
