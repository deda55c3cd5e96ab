"""Is there a picture? Plays the stream for a bounded time and measures it from RTP and RTCP, without decoding."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from healthmon.model import Ask, Device, Span, Stream, StreamSpec
from healthmon.probes.clock_onvif import CACHE_SLACK
from healthmon.probes.places import http_place, rtsp_place
from healthmon.probes.skew import skew
from healthmon.probes.tools import StreamNotes, Tools
from healthmon.secret import Credential
from healthmon.wire import counting, moments, onvif_media
from healthmon.wire.errors import (
    AddressError,
    BadRequestError,
    BudgetError,
    ConnectTimeoutError,
    NotFoundError,
    NotReportedError,
    ProtocolError,
    RefusedError,
    ResetError,
    SilentError,
    TlsError,
    TooLargeError,
    UnsupportedError,
)
from healthmon.wire.h26x import is_sps, sps_of
from healthmon.wire.rtp import Meter
from healthmon.wire.rtsp_session import Session
from healthmon.wire.sdp import Video

LONGEST_SILENCE = 8.0
MARGIN = 1.5
REDISCOVER_SECONDS = 3600.0
REPORT_LATENCY = 0.25
MOST_EQUAL = 1000
_NOT_OF_PICTURES = (ProtocolError, TooLargeError, ResetError, SilentError, AddressError, TlsError)
More = Callable[[Session], Awaitable[float]]


async def look(device: Device, ask: Ask, tools: Tools) -> Stream:
    """What the stream `ask.part` of `device` shows. Raises WireError when it could not be played."""
    notes = tools.notes_of(device.id).stream(ask.part)
    seen: Stream | None = None
    try:
        seen = await _shown(device, ask, tools, notes)
    finally:
        notes.seen, notes.seen_at = seen, time.monotonic()
        notes.meter = notes.meter if notes.relayed else None
    return seen


async def _shown(device: Device, ask: Ask, tools: Tools, notes: StreamNotes) -> Stream:
    ends = time.monotonic() + ask.timeout
    spec = next(spec for spec in device.streams if spec.name == ask.part)
    path = spec.path or notes.path or await _told(device, spec, notes, tools, ends)
    try:
        return await played(
            device, replace(ask, timeout=ends - time.monotonic()), tools, path, notes
        )
    except (RefusedError, ConnectTimeoutError) as error:
        if spec.path or notes.named_port in (None, device.access.rtsp_port):
            raise
        raise type(error)(
            f"{error}; the device says that it streams on port {notes.named_port}"
        ) from None
    except (NotFoundError, BadRequestError):
        if spec.path or time.monotonic() - notes.discovered_at < REDISCOVER_SECONDS:
            raise
        fresh = await _told(device, spec, notes, tools, ends)
        if fresh == path:
            raise
    found = await played(device, replace(ask, timeout=ends - time.monotonic()), tools, fresh, notes)
    return replace(found, path_changed_from=path)


async def _told(
    device: Device, spec: StreamSpec, notes: StreamNotes, tools: Tools, ends: float
) -> str:
    """The path by ONVIF, in time to play it; trouble there says nothing about the pictures. Raises NotReportedError."""
    try:
        async with asyncio.timeout(ends - MARGIN - time.monotonic()):
            return await _discovered(device, spec, notes, tools)
    except TimeoutError:
        raise NotReportedError("stream path by ONVIF: no answer in time") from None
    except _NOT_OF_PICTURES as error:
        raise NotReportedError(f"stream path by ONVIF: {error}") from None


async def _discovered(device: Device, spec: StreamSpec, notes: StreamNotes, tools: Tools) -> str:
    """The path by ONVIF GetStreamUri; the host that the device names is not used."""
    place = http_place(device)
    if place is None or device.access.onvif_path is None:
        raise UnsupportedError(
            "no stream path is configured and ONVIF is off, so none can be found"
        )
    index = [s.name for s in device.streams if s.path is None].index(spec.name)
    notes.discovered_at = time.monotonic()
    ahead = await skew(device, place, device.access.onvif_path, tools)
    login = _credential(device, tools)
    notes.path, notes.named_port = await onvif_media.stream_address(
        tools.net,
        place,
        device.access.onvif_path,
        login,
        tools.logins,
        skew=ahead,
        profile_index=index,
    )
    return notes.path


def _credential(device: Device, tools: Tools) -> Credential | None:
    return tools.credential(device.access.credential) if device.access.credential else None


@asynccontextmanager
async def _session(
    device: Device, tools: Tools, path: str, transport: str
) -> AsyncIterator[Session]:
    place = rtsp_place(device)
    if place is None:
        raise UnsupportedError("no RTSP port is configured")
    session = Session(
        tools.net,
        place,
        path,
        _credential(device, tools),
        tools.logins,
        device.access.allow_basic,
        transport,
    )
    try:
        await session.open()
        yield session
    finally:
        await session.close()


async def played(
    device: Device, ask: Ask, tools: Tools, path: str, notes: StreamNotes, more: More | None = None
) -> Stream:
    """One session on `path`, measured; `more` may go on watching and says for how many seconds it did.

    `ask.timeout` is what is left of the look; the watching ends early enough for a TEARDOWN within it.
    Raises WireError.
    """
    began = time.monotonic()
    async with _session(device, tools, path, notes.transport) as session:
        await session.describe()
        await session.setup()
        notes.meter, asked = session.meter, time.monotonic()
        base = time.time() - asked
        await session.play()
        left = ask.timeout - (time.monotonic() - began) - MARGIN
        longest = max(LONGEST_SILENCE, ask.watch)
        if notes.keyless:  # the last look saw no key frame, but may have been too short for one
            longest = max(longest, device.limits.key_interval + 0.5)
        wait = max(0.5, min(longest, left))
        key_wait = wait if notes.key_interval is None or notes.keyless else ask.watch
        watched = await session.watch(ask.watch, wait, key_wait=key_wait)
        if more is not None:
            watched += await more(session)
        notes.transport = session.transport
        if counting.over() and (session.meter is None or session.meter.frames < 2):
            raise BudgetError("nothing is left of today's data")
        _remember_clocks(session, notes, base)
        return _measured(session, path, asked, watched, notes)


def _measured(
    session: Session, path: str, played: float, watched: float, notes: StreamNotes
) -> Stream:
    meter, video = session.meter, session.video
    assert meter is not None  # noqa: S101 - the session has been played
    assert video is not None  # noqa: S101
    notes.sequence_set = sequence_set(video, meter)
    size = sps_of(video.codec, (*video.parameter_sets, *meter.inside.parameter_sets))
    width, height = (
        (size.width, size.height) if size else meter.inside.picture or video.size or (None, None)
    )
    span = meter.last_at - meter.first_at if meter.first_at is not None else 0.0
    media = meter.ticks / meter.clock_rate if meter.frames > 1 else None
    gaps = meter.key_gaps
    interval = statistics.median(gaps) if gaps and video.codec != "mjpeg" else None
    known, keyless = (
        notes.key_interval is not None,
        bool(meter.frames and meter.inside.keyed and not meter.keyframes),
    )
    notes.keyless = notes.keyless + watched if keyless else 0.0
    if interval is not None or meter.keyframes:
        notes.key_interval = interval or notes.key_interval or watched
    return Stream(
        path=path,
        transport=session.transport,
        watched=watched,
        codec=video.codec,
        profile=size.profile if size else None,
        width=width,
        height=height,
        first_packet=max(0.0, meter.first_at - played) if meter.first_at is not None else None,
        first_keyframe=max(0.0, meter.first_key_at - played)
        if meter.first_key_at is not None
        else None,
        packets=meter.packets,
        bytes=meter.size,
        frames=meter.frames,
        keyframes=meter.keyframes,
        key_interval=interval,
        key_wait=(notes.keyless if known else watched) if keyless else None,
        key_known=known,
        frames_per_second=_rate(meter.frames - 1, media, span),
        bits_per_second=8 * meter.size / span if span > 0.2 else None,
        lost=meter.lost,
        reordered=meter.reordered,
        foreign=meter.foreign,
        jitter=meter.jitter if meter.frames > 2 else None,
        media_seconds=media,
        sequence_moved=meter.sequence_moved,
        silence=max(0.0, played + watched - meter.last_at) if meter.packets else None,
        equal_keyframes=_equal_keyframes(meter, notes),
        sender_clock=notes.sender_clock,
        date_clock=notes.date_clock,
    )


def sequence_set(video: Video, meter: Meter) -> bytes | None:
    """The SPS of a stream, from its description or from within; equal ones come from the same encoder."""
    sets = (*video.parameter_sets, *meter.inside.parameter_sets)
    return next((nal for nal in sets if is_sps(video.codec, nal)), None)


def _rate(frames: int, media: float | None, span: float) -> float | None:
    """Frames per second by the arrival clock; None when too little was seen."""
    if frames < 2 or span < 0.2 or media is None:
        return None
    return frames / span


def _equal_keyframes(meter: Meter, notes: StreamNotes) -> int:
    """How many key frames in a row, over looks, showed the same coded picture."""
    for value in meter.inside.prints.found:
        notes.equal_keyframes = (
            min(MOST_EQUAL, notes.equal_keyframes + 1) if value == notes.keyframe_hash else 1
        )
        notes.keyframe_hash = value
    return notes.equal_keyframes


def _remember_clocks(session: Session, notes: StreamNotes, base: float) -> None:
    """Leave the clocks for the clock check; `base` is from before they were read, so that a step since is seen."""
    meter, date = session.meter, session.date
    notes.sender_clock = notes.date_clock = None
    if meter is not None and meter.report is not None:
        offset = meter.report[0]
        notes.sender_clock = Span(offset - 0.05, offset + REPORT_LATENCY)
    if date is not None and (stated := moments.http_date(date.header("date"))) is not None:
        notes.date_clock = Span.told(stated.timestamp(), date.began, date.ended, slack=CACHE_SLACK)
    notes.clocks_at, notes.clocks_base = time.time(), base
