"""One RTSP session: DESCRIBE, SETUP (TCP interleaved, else UDP), PLAY, measure, and TEARDOWN whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from healthmon.wire import counting, digest, rtsp_status, trace
from healthmon.wire.errors import (
    ResetError,
    TooLargeError,
    UnsupportedError,
    WireError,
)
from healthmon.wire.rtp import Meter
from healthmon.wire.rtsp import RtspReply
from healthmon.wire.rtsp_ask import Asking
from healthmon.wire.rtsp_udp import UdpPair
from healthmon.wire.sdp import Video, path_of, video_of

TEARDOWN_SECONDS = 1.0
QUIET_SECONDS = 1.0
SHORT_PAUSE, LONG_PAUSE = (
    0.05,
    0.25,
)  # between two looks at what has come: while something is awaited, and otherwise
_OTHER_TRANSPORT = {400, 405, 406, 454, 461}
_NO_RANGE = {400, 456, 457}
_NO_AGGREGATE = 459


@dataclass(slots=True)
class Session(Asking):
    """A session on `place`; `require` goes with SETUP and PLAY, `transport` is what is tried first."""

    transport: str = "tcp"
    require: tuple[tuple[str, str], ...] = ()
    video: Video | None = None
    meter: Meter | None = None
    _base: str = ""
    _control: str = ""
    _whole: str = ""
    _control_channel: int = 1
    _channel: int = 0
    _pair: UdpPair | None = None
    _setting_up: asyncio.Task[None] | None = None

    async def describe(self) -> Video:
        """Learn what the path offers. Raises NoVideoTrackError, NotFoundError, BusyError, AuthFailedError, ..."""
        reply = await self._ask("DESCRIBE", self.path, (("Accept", "application/sdp"),))
        self._base = reply.header("content-base") or reply.header("content-location")
        self.video = video_of(reply.body)
        self._control = path_of(self.video.control, self._base, self.path)
        self._whole = path_of(self.video.session_control, self._base, self.path)
        return self.video

    async def setup(self) -> None:
        """Set up the transport that worked last time, or the other one where the device refuses it.

        Where that is cut, `close` hears the answer out: without the session's name it could not be torn down.
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
        self.meter = Meter(
            video.payload_type,
            video.codec,
            video.clock_rate,
            video.parameter_sets,
            encrypted=video.encrypted,
        )
        reply = await self._set_up()
        if reply.status in _OTHER_TRANSPORT:
            self.transport = "tcp" if self.transport == "udp" else "udp"
            reply = await self._set_up_again()
        if video.encrypted and reply.status not in (200, 401, 403, *rtsp_status.BUSY):
            raise UnsupportedError(
                f"SETUP answered {reply.status}: encrypted with keys that are not known here (SRTP)"
            )
        self._checked(reply, "SETUP")
        self._take_session(reply)
        if "multicast" in reply.header("transport").lower():
            raise UnsupportedError(
                "the device sends to a multicast group only, which is not joined"
            )
        if self._pair is not None:
            self._pair.open_way(reply.header("transport"))
        else:
            self._take_channels(reply)

    async def _set_up(self) -> RtspReply:
        self._close_pair()
        assert self.video is not None  # noqa: S101 - set before
        if self.transport == "tcp":
            over = f"{self.video.profile}/TCP;unicast;interleaved=0-1"
            return await self._ask(
                "SETUP", self._control, (*_transport(over), *self.require), check=False
            )
        assert self._connection is not None  # noqa: S101 - set by open
        assert self.meter is not None  # noqa: S101 - set before
        sender = await self.net.address_of(self.place.host)
        self._pair = await UdpPair.bind(self._connection.local_address, sender, self.meter)
        wanted = (*_transport(self._pair.wanted(self.video.profile)), *self.require)
        return await self._ask("SETUP", self._control, wanted, check=False)

    async def _set_up_again(self) -> RtspReply:
        """The same by the other transport, on a new connection where the device has closed the old one."""
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
            r"(?i)interleaved=(\d{1,3})(?:-(\d{1,3}))?", reply.header("transport")
        ):
            self._channel = int(match[1])
            self._control_channel = int(match[2]) if match[2] else self._channel + 1
        assert self._connection is not None  # noqa: S101 - set by open
        self._connection.on_interleaved = self._interleaved

    def _interleaved(self, channel: int, data: bytes | bytearray, at: int, size: int) -> None:
        meter = self.meter
        assert meter is not None  # noqa: S101 - set before SETUP
        if channel == self._channel:
            meter.packet(data, at, size, time.monotonic())
        elif channel == self._control_channel:
            meter.control(data, at, size, time.time(), time.monotonic())

    def _take_session(self, reply: RtspReply) -> None:
        found = reply.header("session").split(";")[0].strip()
        self._session = found if found.isprintable() and len(found) <= 256 else ""

    async def play(self) -> None:
        """Start the stream."""
        reply = await self._ask("PLAY", self._whole, (("Range", "npt=0.000-"),), check=False)
        if reply.status in _NO_RANGE:
            reply = await self._ask("PLAY", self._whole, (), check=False)
        if reply.status == _NO_AGGREGATE:
            self._whole = self._control
            reply = await self._ask("PLAY", self._whole, (), check=False)
        self._checked(reply, "PLAY")

    async def play_footage(self, start: str, more: tuple[tuple[str, str], ...] = ()) -> None:
        """Start recorded footage at `start` (a Range value); without that there is nothing to prove."""
        await self._ask("PLAY", self._whole, (("Range", start), *self.require, *more))

    async def watch_until(self, enough: Callable[[Meter], bool], wait: float) -> float:
        """Let packets come until `enough` of them have, at most `wait` seconds; returns the seconds watched."""
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
        """Let packets come for `seconds`; up to `wait` for the first one and up to `key_wait` for a key frame.

        Returns the seconds watched since PLAY was answered. Ends early when the connection is lost.
        """
        assert self.meter is not None  # noqa: S101 - set before PLAY
        assert self._connection is not None  # noqa: S101 - set by open
        began = time.monotonic()
        trace.stage("pictures")
        while (now := time.monotonic() - began) < wait:
            if self._over() or counting.over():
                break
            meter, pause = self.meter, SHORT_PAUSE
            if meter.first_at is not None:
                clock = time.monotonic()
                pause = min(max(pause, meter.first_at + seconds - clock), LONG_PAUSE)
                flows = meter.frames > 1 and clock - meter.last_at < QUIET_SECONDS
                keyed = meter.first_key_at is not None or now >= key_wait or not meter.inside.keyed
                if clock - meter.first_at >= seconds and flows and keyed:
                    break
            await asyncio.sleep(pause)
        return time.monotonic() - began

    def _over(self) -> bool:
        """Whether nothing more comes. Raises TooLargeError where too much came."""
        assert self._connection is not None  # noqa: S101 - set by open
        if isinstance(self._connection.closed, TooLargeError):
            raise self._connection.closed
        return self.lost

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
        with contextlib.suppress(WireError, OSError), trace.aside():
            async with asyncio.timeout(TEARDOWN_SECONDS):
                if self._setting_up is not None:
                    await self._setting_up
                if self._session:
                    await self._end()

    async def _end(self) -> None:
        """TEARDOWN; a device that takes each nonce for one request only is answered once more. This login has been
        accepted before, so that a refusal says nothing about the account. One that is not listened to any more is told,
        and has as long as the others to read it: hanging up at once would reset the connection before it has.
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
