"""Is there a picture? Plays the stream for a bounded time and measures it from RTP and RTCP,
without decoding.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from healthmon.checks.probes.clock_onvif import CACHE_SLACK
from healthmon.checks.probes.context import ProbeContext, StreamMemory
from healthmon.checks.probes.endpoints import choice_of, credential_of, http_place, rtsp_place
from healthmon.checks.probes.skew import skew
from healthmon.model.device import Check, Device, StreamSpec
from healthmon.model.enums import Span
from healthmon.model.measurements import Stream
from healthmon.protocols import quirks
from healthmon.protocols.errors import (
    AddressError,
    BadRequestError,
    BudgetError,
    ConnectTimeoutError,
    ExchangeError,
    NoSourceError,
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
from healthmon.protocols.media.parameter_sets import is_sps, sps_of
from healthmon.protocols.onvif import media as onvif_media
from healthmon.protocols.rtsp import connection as rtsp
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.rtsp.sdp import Video
from healthmon.protocols.rtsp.session import Session
from healthmon.protocols.transport import metering as counting
from healthmon.protocols.values import dates

if TYPE_CHECKING:
    from healthmon.checks.probes.judged_picture import JudgedPicture

LONGEST_SILENCE = 8.0
MARGIN = 1.5
SPARE = 0.2
REDISCOVER_SECONDS = 3600.0
REPORT_LATENCY = 0.25
MOST_EQUAL, EQUAL_APART_SECONDS = 1000, 0.5
_NOT_OF_PICTURES = (ProtocolError, TooLargeError, ResetError, SilentError, AddressError, TlsError)
More = Callable[[Session], Awaitable[float]]


async def probe(device: Device, check: Check, context: ProbeContext) -> Stream:
    """What the stream `ask.part` of `device` shows. Raises ExchangeError when it could not be
    played.
    """
    memory = context.memory_of(device.id).stream(check.instance)
    seen: Stream | None = None
    try:
        seen = await _shown(device, check, context, memory)
        memory.worked = memory.worked or seen.frames > 1
    except (NotFoundError, BadRequestError) as error:
        if not memory.worked:
            raise
        raise NoSourceError(f"or its path was changed since it worked; {error}") from None
    finally:
        memory.seen, memory.seen_at = seen, time.monotonic()
        memory.meter = memory.meter if memory.relayed else None
    return seen


def _with_named_port(
    error: RefusedError | ConnectTimeoutError,
    device: Device,
    spec: StreamSpec,
    memory: StreamMemory,
) -> ExchangeError:
    """`error`, with the port that ONVIF names where it is another than the configured one."""
    if spec.path or memory.named_port in (None, device.access.rtsp_port):
        return error
    return type(error)(f"{error}; the device says that it streams on port {memory.named_port}")


async def _shown(
    device: Device, check: Check, context: ProbeContext, memory: StreamMemory
) -> Stream:
    ends = time.monotonic() + check.timeout
    spec = next(spec for spec in device.streams if spec.name == check.instance)
    path = spec.path or memory.path or await _onvif_path(device, spec, memory, context, ends)

    picture = await _judged_picture(device, check, context, ends)

    async def play(path: str) -> Stream:
        left = replace(check, timeout=ends - time.monotonic())
        return await played(device, left, context, path, memory, picture=picture)

    try:
        return await play(path)
    except (RefusedError, ConnectTimeoutError) as error:
        raise _with_named_port(error, device, spec, memory) from None
    except (NotFoundError, BadRequestError):
        if spec.path or time.monotonic() - memory.discovered_at < REDISCOVER_SECONDS:
            raise
        fresh = await _onvif_path(device, spec, memory, context, ends)
        if fresh == path:
            raise
    return replace(await play(fresh), path_changed_from=path)


async def _judged_picture(
    device: Device, check: Check, context: ProbeContext, ends: float
) -> JudgedPicture | None:
    """What is to be judged of the picture, after what is asked before it; all that it takes is imported
    only where pictures are enabled.
    """
    if context.pictures is None:
        return None
    from healthmon.checks.probes.judged_picture import JudgedPicture

    picture = JudgedPicture.of(device, check, context, context.pictures)
    if picture is not None:
        await picture.before(ends - time.monotonic())
    return picture


async def _onvif_path(
    device: Device, spec: StreamSpec, memory: StreamMemory, context: ProbeContext, ends: float
) -> str:
    """The path by ONVIF, in time to play it; trouble there says nothing about the pictures, but what
    RTSP itself refuses does, whatever the path. Raises NotReportedError and the errors of
    connecting.
    """
    try:
        async with asyncio.timeout(ends - MARGIN - time.monotonic()):
            return await _discovered(device, spec, memory, context)
    except TimeoutError:
        missing = "stream path by ONVIF: no answer in time"
    except _NOT_OF_PICTURES as error:
        missing = f"stream path by ONVIF: {error}"
    with contextlib.suppress(TimeoutError):  # too little time is left to call it silent
        async with asyncio.timeout(ends - SPARE - time.monotonic()):
            await _connected_to_rtsp(device, context)
    raise NotReportedError(missing)


async def _connected_to_rtsp(device: Device, context: ProbeContext) -> None:
    """Return where RTSP answers at all. Raises RefusedError, SilentError, ResetError, ProtocolError
    and the like.
    """
    place = rtsp_place(device, context)
    if place is None:
        return
    with contextlib.suppress(TooLargeError):
        await rtsp.answers(context.connector, place)


async def _discovered(
    device: Device, spec: StreamSpec, memory: StreamMemory, context: ProbeContext
) -> str:
    """The path by ONVIF GetStreamUri; the host that the device names is not used."""
    place = http_place(device, context)
    if place is None or device.access.onvif_path is None:
        raise UnsupportedError(
            "no stream path is configured and ONVIF is off, so none can be found"
        )
    memory.discovered_at = time.monotonic()
    ahead = await skew(device, place, device.access.onvif_path, context)
    memory.path, memory.named_port, memory.onvif_profile = await onvif_media.stream_address(
        context.connector,
        place,
        device.access.onvif_path,
        credential_of(device, context),
        context.lockout_guard,
        skew=ahead,
        choice=choice_of(device, spec),
        allow_basic=device.access.allow_basic,
    )
    return memory.path


@asynccontextmanager
async def opened(
    device: Device, context: ProbeContext, path: str, transport: str
) -> AsyncIterator[Session]:
    """A session on `path`, closed in order at the end. Raises ExchangeError."""
    place = rtsp_place(device, context)
    if place is None:
        raise UnsupportedError("no RTSP port is configured")
    session = Session(
        context.connector,
        place,
        path,
        credential_of(device, context),
        context.lockout_guard,
        device.access.allow_basic,
        transport,
    )
    try:
        await session.open()
        yield session
    finally:
        await session.close()


async def played(
    device: Device,
    check: Check,
    context: ProbeContext,
    path: str,
    memory: StreamMemory,
    more: More | None = None,
    *,
    picture: JudgedPicture | None = None,
) -> Stream:
    """One session on `path`, measured, and its `picture` too where it is to be judged; `more` may go on
    watching and says for how many seconds it did.

    `check.timeout` is what is left of the check; the watching ends early enough for a TEARDOWN
    within it. Raises ExchangeError.
    """
    began = time.monotonic()
    async with opened(device, context, path, memory.transport) as session:
        await session.describe()
        await session.setup()
        memory.meter, asked = session.meter, time.monotonic()
        if picture is not None:
            picture.begin(session)
        base = time.time() - asked
        await session.play()
        left = check.timeout - (time.monotonic() - began) - MARGIN
        longest = max(LONGEST_SILENCE, check.watch)
        if memory.keyless:  # the last check saw no key frame, but may have been too short for one
            longest = max(longest, device.limits.key_interval + 0.5)
        wait = max(0.5, min(longest, left))
        key_wait = wait if memory.key_interval is None or memory.keyless else check.watch
        watched = await session.watch(check.watch, wait, key_wait=key_wait)
        if more is not None:
            watched += await more(session)
        memory.transport = session.transport
        _heed_budget(session)
        if picture is not None:
            watched += await picture.watch_on(session, began + check.timeout - MARGIN)
        _remember_clocks(session, memory, base)
        measured = _measured(session, asked, watched, memory)
        left = check.timeout - (time.monotonic() - began)
        if picture is not None:
            await picture.watch_clock(session, time.monotonic() - asked)
    if picture is not None:
        await picture.measure(left)
    return measured


def _heed_budget(session: Session) -> None:
    """Raises BudgetError where the day's data was used up before there were pictures."""
    if counting.over() and (session.meter is None or session.meter.frames < 2):
        raise BudgetError("nothing is left of today's data")


def _measured(session: Session, played: float, watched: float, memory: StreamMemory) -> Stream:
    meter, video = session.meter, session.video
    assert meter is not None  # noqa: S101 - the session has been played
    assert video is not None  # noqa: S101
    memory.sequence_set = sequence_set(video, meter)
    span = meter.last_at - meter.first_at if meter.first_at is not None else 0.0
    media = meter.ticks / meter.clock_rate if meter.frames > 1 else None
    return Stream(
        path=session.path,
        transport=session.transport,
        watched=watched,
        codec=video.codec,
        first_packet=_after(played, meter.first_at),
        first_keyframe=_after(played, meter.first_key_at),
        packets=meter.packets,
        bytes=meter.size,
        frames=meter.frames,
        keyframes=meter.keyframes,
        frames_per_second=_rate(meter.frames - 1, media, span),
        bits_per_second=8 * meter.size / span if span > 0.2 else None,
        lost=meter.lost,
        reordered=meter.reordered,
        foreign=meter.foreign,
        jitter=meter.jitter if meter.frames > 2 else None,
        media_seconds=media,
        sequence_moved=meter.sequence_moved,
        silence=_after(meter.last_at, played + watched) if meter.packets else None,
        cut_after=session.cut_after,
        equal_keyframes=_equal_keyframes(meter, memory),
        sender_clock=memory.sender_clock,
        date_clock=memory.date_clock,
        path_changed_from=session.moved_from,
        onvif_profile=memory.onvif_profile,
        foreign_from=max(meter.strangers, key=lambda one: meter.strangers[one], default=""),
        foreign_channel=max(meter.channels.items(), key=lambda one: one[1], default=None),
        **_picture_size(video, meter),
        **_key_times(video, meter, watched, memory),
    )


def _after(began: float, moment: float | None) -> float | None:
    """Seconds from `began` to `moment`, None where that has not come."""
    return max(0.0, moment - began) if moment is not None else None


def _picture_size(video: Video, meter: Meter) -> dict[str, Any]:
    """Profile and size: parameter sets in the stream count before those of the description."""
    size = sps_of(video.codec, (*meter.inside.parameter_sets, *video.parameter_sets))
    if size is not None:
        return {"profile": size.profile, "width": size.width, "height": size.height}
    width, height = meter.inside.picture or video.size or (None, None)
    return {"width": width, "height": height}


def _middle(figures: Sequence[float]) -> float:
    """The median. That of the library comes with fractions and decimals: 0.5 MB."""
    ordered = sorted(figures)
    half = len(ordered) // 2
    return (ordered[half] + ordered[~half]) / 2


def _key_times(video: Video, meter: Meter, watched: float, memory: StreamMemory) -> dict[str, Any]:
    """How far key frames are apart, and how long none has come; `memory` learns it."""
    gaps = meter.key_gaps if video.codec != "mjpeg" else ()
    interval = _middle(gaps) if gaps else None
    known = memory.key_interval is not None
    wait = _key_wait(meter, watched, memory, known=known)
    if interval is not None or meter.keyframes:
        memory.key_interval = interval or memory.key_interval or watched
    return {"key_interval": interval, "key_wait": wait, "key_known": known}


def _key_wait(meter: Meter, watched: float, memory: StreamMemory, *, known: bool) -> float | None:
    """How long no key frame has come (over runs, once their interval is known), None where one
    has.
    """
    keyless = bool(meter.frames and meter.inside.keyed and not meter.keyframes)
    memory.keyless = memory.keyless + watched if keyless else 0.0
    if not keyless:
        return None
    return memory.keyless if known else watched


def sequence_set(video: Video, meter: Meter) -> bytes | None:
    """The SPS of a stream, from within or else from its description (RFC 6184 8.4: what comes in the
    stream is the newer one); equal ones come from the same encoder.
    """
    sets = (*meter.inside.parameter_sets, *video.parameter_sets)
    return next((nal for nal in sets if is_sps(video.codec, nal)), None)


def _rate(frames: int, media: float | None, span: float) -> float | None:
    """Frames per second by the arrival clock; None when too little was seen."""
    if frames < 2 or span < 0.2 or media is None:
        return None
    return frames / span


def _equal_keyframes(meter: Meter, memory: StreamMemory) -> int:
    """How many key frames in a row, over checks, showed the same coded picture; of those that come
    faster than `EQUAL_APART_SECONDS` not every one counts.
    """
    prints, counted = meter.inside.prints, -EQUAL_APART_SECONDS
    for value, at in zip(prints.found, prints.times, strict=True):
        if at - counted < EQUAL_APART_SECONDS:
            continue
        counted = at
        memory.equal_keyframes = (
            min(MOST_EQUAL, memory.equal_keyframes + 1) if value == memory.keyframe_hash else 1
        )
        memory.keyframe_hash = value
    return memory.equal_keyframes


def _remember_clocks(session: Session, memory: StreamMemory, base: float) -> None:
    """Leave the clocks for the clock check; `base` is from before they were read, so that a step
    since is seen.
    """
    meter, date = session.meter, session.date
    memory.sender_clock = memory.date_clock = None
    memory.relay = quirks.relay_name(session.server)
    memory.clocks_at, memory.clocks_base = time.time(), base
    if memory.relay:
        return
    if meter is not None and meter.report is not None:
        offset = meter.report[0]
        memory.sender_clock = Span(offset - 0.05, offset + REPORT_LATENCY)
    if date is not None and (stated := dates.http_date(date.header("date"))) is not None:
        memory.date_clock = Span.of_reading(
            stated.timestamp(), date.began, date.ended, slack=CACHE_SLACK
        )
