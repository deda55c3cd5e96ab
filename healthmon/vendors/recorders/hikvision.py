"""Hikvision recorders and their relabelled kin (HiWatch, Annke, LTS ...) by ISAPI: health,
channels, what is recorded.

Everything is read; the two POSTs (search, days with footage) are queries by the maker's guide. A
session asks for the state of all channels in one call and searches the footage of the wanted
channels one after another (`hikvision_footage`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from healthmon.model.footage import (
    EVERY_CHANNEL,
    Disk,
    DiskState,
    RecorderAnswer,
    RecorderHealth,
    Recording,
    Schedule,
)
from healthmon.protocols.errors import UnsupportedError
from healthmon.protocols.values import dates
from healthmon.protocols.values.posix_tz import posix_zone
from healthmon.protocols.values.scalars import place
from healthmon.protocols.vendor import isapi
from healthmon.protocols.vendor.isapi import ChannelState, Track
from healthmon.vendors.client import Replay, VendorClient
from healthmon.vendors.clocks import Clock, offset_of, placed, zone_named
from healthmon.vendors.coverage import Footage
from healthmon.vendors.partial_read import Need, PartialRead
from healthmon.vendors.recorders.hikvision_footage import LOCAL, Search
from healthmon.vendors.registry import Call, VendorInfo

ZONE = "isapi_zone"
RIGHT = "remote: log search / interrogate working status"
ABOUT = VendorInfo(
    make="hikvision",
    title="Hikvision and relabelled (ISAPI)",
    calls=(
        Call(f"GET {isapi.DEVICE_INFO}", "model, serial, firmware", RIGHT),
        Call(f"GET {isapi.TIME}", "clock, time source", RIGHT),
        Call(f"GET {isapi.STATUS}", "uptime, CPU load", RIGHT),
        Call(f"GET {isapi.STORAGE}", "disks", RIGHT),
        Call(f"GET {isapi.TRACKS}", "schedule, expiry, overwriting of each channel", "remote: parameters settings"),
        Call(f"GET {isapi.CHANNELS}", "recording now, signal, why not, all channels in one call", RIGHT),
        Call(f"GET {isapi.INPUTS}", "network cameras lost, where the call above is not offered", RIGHT),
        Call("POST /ISAPI/ContentMgmt/search", "newest and oldest footage, gaps; a query", "remote: playback"),
        Call(f"POST {isapi.TRACKS}/ID/dailyDistribution", "days with footage of a channel that has stopped; a query",
             "remote: playback"),
    ),
    tells=frozenset({
        "recorder.manufacturer", "recorder.model", "recorder.serial", "recorder.firmware",
        "recorder.uptime_seconds", "recorder.cpu_ratio",
        "recorder.disks", "recorder.overwriting", "recorder.time_source", "recorder.clock", "recorder.channels_lost",
        "disk.state", "disk.capacity_bytes", "disk.free_bytes",
        "recording.recording", "recording.state", "recording.oldest", "recording.newest", "recording.signal",
        "recording.gaps", "recording.schedule", "recording.retention_seconds", "recording.locked_until",
        "recording.name", "recording.error",
    }),
    account="an Operator with remote playback, remote log search and remote parameter view, no configuration rights",
    verified=("healthmon's simulated recorder", "lighttpd 1.4 (framing, Digest)",
              "hikvisionapi 0.3 as another client of the simulator"),
    remarks=(
        "Many firmwares write local time with a Z; it is read so where the newest footage would else be in the future.",
    ),
)  # fmt: skip
MANUFACTURER = "Hikvision"
_DISK_STATES: dict[str, DiskState] = {
    "ok": "ok", "normal": "ok", "idle": "ok", "sleeping": "ok",
    "error": "failed", "abnormal": "failed", "unformatted": "failed", "mismatch": "failed", "smartfailed": "failed",
    "offline": "absent", "notexist": "absent",
    "repairing": "degraded", "reparing": "degraded", "formating": "degraded", "formatting": "degraded",
    "initializing": "degraded", "syncingdata": "degraded",
}  # fmt: skip
_STATE_WORDS = {True: "recording", False: "not recording"}
_SCHEDULES: dict[str, Schedule] = {
    "CMR": "always", "MOTION": "motion", "ALARM": "motion", "EDR": "motion", "ALARMANDMOTION": "motion",
    "ALLEVENT": "motion", "MOTIONORALARM": "motion",
}  # fmt: skip


async def read(contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything about the recorder and the `wanted` channels. Raises ExchangeError when nothing can be
    read.
    """
    contact.refusal = lambda reply: isapi.refused(reply.body)
    parts = PartialRead(contact)
    clock = await _clock(contact, parts)
    health = await _health(parts, clock)
    tracks = await _tracks(parts)
    states = await _states(parts, wanted)
    parts.settle()
    searched = [tracks[channel] for channel in sorted(wanted, key=place) if channel in tracks]
    going = any(state.recording for channel, state in states.items() if channel in wanted)
    footage = await Search(parts, clock).channels(searched, recording=going)
    recordings = tuple(
        _recording(channel, tracks.get(channel), states.get(channel), footage.get(channel))
        for channel in sorted(wanted & {*tracks, *states}, key=place)
    )
    health = replace(
        health, overwriting=_overwriting(tracks.values()), channels_lost=_lost(states, wanted)
    )
    names = tuple(sorted({*tracks, *states}, key=place))
    return RecorderAnswer(health, recordings, parts.settle(), names, tuple(parts.unread))


async def _health(parts: PartialRead, clock: Clock) -> RecorderHealth:
    """What the recorder tells of itself, without its channels."""
    info = await parts.get(
        "model", isapi.DEVICE_INFO, isapi.device_info, need=Need("firmware")
    ) or isapi.DeviceInfo(None, None, None)
    status = await parts.get("uptime", isapi.STATUS, isapi.status) or isapi.Status(None, None)
    disks = await parts.get("disks", isapi.STORAGE, isapi.storage, need=Need(vital=True))
    return RecorderHealth(
        make=ABOUT.make,
        manufacturer=MANUFACTURER,
        model=info.model,
        serial=info.serial,
        firmware=info.firmware,
        uptime_seconds=status.uptime,
        cpu_ratio=status.cpu,
        disks=tuple(_disk(one) for one in disks or ()),
        every_disk=disks is not None,
        time_source=clock.source,
        clock=clock.span,
    )


async def _tracks(parts: PartialRead) -> dict[str, Track]:
    """The main stream's track of each channel; without them no footage is searched."""
    tracks = await parts.get("schedules", isapi.TRACKS, isapi.tracks)
    if tracks is None:
        parts.repeat("schedules", Need("footage", EVERY_CHANNEL))
    return {track.channel: track for track in tracks or ()}


async def replay(contact: VendorClient, recording: Recording, at: float) -> Replay:
    """The maker's replay stream: ``/Streaming/tracks/101/?starttime=...&endtime=...``
    (CMSearchResult, playbackURI).

    The times are written as its searches read them: where local time is UTC now, either way comes
    back to the same. Raises UnsupportedError before a first search has told which.
    """
    local, zone = contact.memory.get(LOCAL), contact.memory.get(ZONE)
    either = zone is not None and Clock(zone).offset(time.time()) == 0
    if zone is None or (local is None and not either) or not recording.channel.isdecimal():
        raise UnsupportedError("how this recorder writes the times of its footage is not known yet")
    start, end = (
        datetime.fromtimestamp(moment, zone if local else UTC).strftime("%Y%m%dT%H%M%SZ")
        for moment in (at, at + 60)
    )
    return Replay(
        f"/Streaming/tracks/{int(recording.channel)}01/?starttime={start}&endtime={end}",
        onvif=False,
    )


async def _clock(contact: VendorClient, parts: PartialRead) -> Clock:
    """The clock as XML_Time tells it.

    The offset behind localTime is the standard one in summer too on many firmwares; the POSIX zone
    is the truth.
    """
    told = await parts.get("clock", isapi.TIME, isapi.device_time)
    told = told or isapi.DeviceTime(None, None, None)
    local = dates.moment(told.local)
    zone = _zone(told, local) or zone_named(contact.device.time_zone)
    contact.memory[ZONE] = zone
    if local is None or parts.reply is None:
        return Clock(zone, source=told.mode)
    moment = placed(local.replace(tzinfo=None), zone, near=parts.reply.ended)
    return Clock(zone, offset_of(moment, parts.reply), told.mode)


def _zone(told: isapi.DeviceTime, local: datetime | None) -> tzinfo | None:
    """The POSIX zone, else the offset behind localTime."""
    named = posix_zone(told.zone) if told.zone else None
    return named or (local.tzinfo if local else None)


async def _states(parts: PartialRead, wanted: frozenset[str]) -> dict[str, ChannelState]:
    """The state of every channel in one call; where that is not offered, which network cameras are
    lost.
    """
    need = Need("channels", optional=True)
    states = await parts.get(
        "state of the channels", isapi.CHANNELS, isapi.channel_states, need=need
    )
    if states is not None:
        return {one.channel: one for one in states}
    if not wanted:
        return {}
    inputs = await parts.get("cameras of the recorder", isapi.INPUTS, isapi.inputs, need=need)
    if inputs is not None:
        parts.known("channels")
    return {
        one.channel: ChannelState(one.channel, one.name, one.online, None, one.online, None)
        for one in inputs or ()
    }


def _recording(
    channel: str, track: Track | None, state: ChannelState | None, footage: Footage | None
) -> Recording:
    found = Recording(
        channel,
        signal=_signal(state),
        schedule=_schedule(track),
        retention_seconds=track.keep if track else None,
    )
    if state is not None:
        found = _with_state(found, state)
    return found if footage is None else _with_footage(found, footage)


def _with_state(found: Recording, state: ChannelState) -> Recording:
    return replace(
        found,
        name=state.name,
        recording=state.recording,
        state=None if state.recording is None else _STATE_WORDS[state.recording],
        error=None if state.recording else state.fault,
    )


def _with_footage(found: Recording, footage: Footage) -> Recording:
    """`found` with its footage: a channel without any is not recorded, unless its state says so."""
    line = footage.timeline
    found = replace(
        found,
        oldest=line.oldest,
        newest=footage.newest,
        gaps=footage.gaps,
        gaps_since=line.gaps_since() if footage.searched else None,
        locked_until=line.locked_until,
    )
    if not footage.searched or footage.newest is not None or line.oldest:
        return found
    return replace(found, recording=bool(found.recording), error="no footage found")


def _signal(state: ChannelState | None) -> bool | None:
    if state is None or (state.online is None and state.signal is None):
        return None
    return state.online is not False and state.signal is not False


def _lost(states: Mapping[str, ChannelState], wanted: frozenset[str]) -> tuple[str, ...] | None:
    """The wanted channels without a picture; unused inputs are no loss."""
    told = {
        channel: seen
        for channel in wanted & {*states}
        if (seen := _signal(states[channel])) is not None
    }
    return (
        tuple(sorted((channel for channel, seen in told.items() if not seen), key=place))
        if told
        else None
    )


def _schedule(track: Track | None) -> Schedule | None:
    if track is None:
        return None
    return (
        "none"
        if track.enabled is False
        else _SCHEDULES.get((track.mode or "").upper().replace("_", ""))
    )


def _overwriting(tracks: Iterable[Track]) -> bool | None:
    told = [track.loop for track in tracks if track.loop is not None and track.enabled is not False]
    return all(told) if told else None


def _disk(one: isapi.Hdd) -> Disk:
    state = _DISK_STATES.get(one.status or "")
    detail = None if state == "ok" else one.status or "state not reported"
    return Disk(one.name, state, one.capacity, one.free, detail=detail)
