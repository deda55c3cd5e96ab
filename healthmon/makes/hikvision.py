"""Hikvision recorders and their relabelled kin (HiWatch, Annke, LTS ...) by ISAPI: health, channels, what is recorded.

Everything is read; the two POSTs (search, days with footage) are queries by the maker's guide. A session asks for the
state of all channels in one call and searches the footage of the wanted channels one after another
(`hikvision_footage`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from healthmon.makes.about import About, Call
from healthmon.makes.clocks import Clock, offset_of, placed, zone_named
from healthmon.makes.contact import Contact, Replay
from healthmon.makes.hikvision_footage import LOCAL, Search
from healthmon.makes.parts import Parts
from healthmon.makes.timeline import Footage
from healthmon.model import Disk, DiskState, RecorderAnswer, RecorderHealth, Recording, Schedule
from healthmon.verdict.posix import posix_zone
from healthmon.wire import isapi, moments
from healthmon.wire.errors import UnsupportedError
from healthmon.wire.isapi import ChannelState, Track

ZONE = "isapi_zone"
RIGHT = "remote: log search / interrogate working status"
ABOUT = About(
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
_SCHEDULES: dict[str, Schedule] = {
    "CMR": "always", "MOTION": "motion", "ALARM": "motion", "EDR": "motion", "ALARMANDMOTION": "motion",
    "ALLEVENT": "motion", "MOTIONORALARM": "motion",
}  # fmt: skip


async def read(contact: Contact, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything about the recorder and the `wanted` channels. Raises WireError when nothing can be read."""
    parts = Parts(contact)
    clock = await _clock(contact, parts)
    info = await parts.get("model", isapi.DEVICE_INFO, isapi.device_info)
    status = await parts.get("uptime", isapi.STATUS, isapi.status)
    disks = await parts.get("disks", isapi.STORAGE, isapi.storage) or ()
    tracks = {
        track.channel: track
        for track in await parts.get("schedules", isapi.TRACKS, isapi.tracks) or ()
    }
    states = await _states(parts, wanted)
    parts.settle()
    searched = [tracks[channel] for channel in sorted(wanted, key=_order) if channel in tracks]
    going = any(state.recording for channel, state in states.items() if channel in wanted)
    footage = await Search(parts, clock).channels(searched, recording=going)
    recordings = tuple(
        _recording(channel, tracks.get(channel), states.get(channel), footage.get(channel))
        for channel in sorted(wanted & {*tracks, *states}, key=_order)
    )
    health = RecorderHealth(
        make=ABOUT.make,
        manufacturer=MANUFACTURER,
        model=info.model if info else None,
        serial=info.serial if info else None,
        firmware=info.firmware if info else None,
        uptime_seconds=status.uptime if status else None,
        cpu_ratio=status.cpu if status else None,
        disks=tuple(_disk(one) for one in disks),
        overwriting=_overwriting(tracks.values()),
        time_source=clock.source,
        clock=clock.span,
        channels_lost=_lost(states, wanted),
    )
    return RecorderAnswer(
        health, recordings, parts.settle(), tuple(sorted({*tracks, *states}, key=_order))
    )


async def replay(contact: Contact, recording: Recording, at: float) -> Replay:
    """The maker's replay stream: ``/Streaming/tracks/101/?starttime=...&endtime=...`` (CMSearchResult, playbackURI).

    The times are written as its searches read them: where local time is UTC now, either way comes back to the same.
    Raises UnsupportedError before a first search has told which.
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


async def _clock(contact: Contact, parts: Parts) -> Clock:
    """The clock as XML_Time tells it.

    The offset behind localTime is the standard one in summer too on many firmwares; the POSIX zone is the truth.
    """
    told = await parts.get("clock", isapi.TIME, isapi.device_time)
    local = moments.moment(told.local) if told else None
    zone = (posix_zone(told.zone) if told and told.zone else None) or (
        local.tzinfo if local else None
    )
    zone = zone or zone_named(contact.device.time_zone)
    contact.memory[ZONE] = zone
    if told is None or local is None or parts.reply is None:
        return Clock(zone, source=told.mode if told else None)
    return Clock(zone, offset_of(placed(local.replace(tzinfo=None), zone), parts.reply), told.mode)


async def _states(parts: Parts, wanted: frozenset[str]) -> dict[str, ChannelState]:
    """The state of every channel in one call; where that is not offered, which network cameras are lost."""
    what = "state of the channels"
    states = (
        await parts.get(what, isapi.CHANNELS, isapi.channel_states) if parts.offered(what) else None
    )
    if states is not None:
        return {one.channel: one for one in states}
    inputs = (
        await parts.get("cameras of the recorder", isapi.INPUTS, isapi.inputs) if wanted else None
    )
    return {
        one.channel: ChannelState(one.channel, one.name, one.online, None, one.online, None)
        for one in inputs or ()
    }


def _recording(
    channel: str, track: Track | None, state: ChannelState | None, footage: Footage | None
) -> Recording:
    line = footage.timeline if footage else None
    now_recording = state.recording if state else None
    since = line.gaps_since() if line and footage and footage.searched else None
    empty = (
        footage is not None
        and footage.searched
        and footage.newest is None
        and line is not None
        and not line.oldest
    )
    return Recording(
        channel,
        name=state.name if state else None,
        recording=False if empty and now_recording is None else now_recording,
        state=None if now_recording is None else "recording" if now_recording else "not recording",
        oldest=line.oldest if line else None,
        newest=footage.newest if footage else None,
        signal=_signal(state),
        gaps=footage.gaps if footage else None,
        gaps_since=since,
        schedule=_schedule(track),
        retention_seconds=track.keep if track else None,
        locked_until=line.locked_until if line else None,
        error="no footage found" if empty else state.fault if state and not now_recording else None,
    )


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
        tuple(sorted((channel for channel, seen in told.items() if not seen), key=_order))
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
    return Disk(
        one.name, state, one.capacity, one.free, detail=one.status if state != "ok" else None
    )


def _order(channel: str) -> tuple[int, str]:
    return int(channel) if channel.isdecimal() else 1 << 30, channel
