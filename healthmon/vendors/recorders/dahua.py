"""Dahua recorders and their kin (Amcrest, Intelbras, CP Plus ...) by the HTTP API: health,
channels, footage.

Everything is read; the one POST (state of all channels) is a query. A search of footage needs a
finder on the recorder, which is always closed and destroyed (`dahua_footage`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from healthmon.model.footage import (
    Disk,
    DiskState,
    RecorderAnswer,
    RecorderHealth,
    Recording,
    Schedule,
)
from healthmon.protocols.errors import UnsupportedError
from healthmon.protocols.values.scalars import place
from healthmon.protocols.vendor import dahua_cgi as wire
from healthmon.vendors.client import Replay, VendorClient
from healthmon.vendors.clocks import Clock, offset_of, placed, zone_named
from healthmon.vendors.coverage import Footage
from healthmon.vendors.partial_read import Need, PartialRead
from healthmon.vendors.recorders.dahua_footage import Finder
from healthmon.vendors.registry import Call, VendorInfo

VIEW, PLAY = "Storage / System information", "Playback"
ABOUT = VendorInfo(
    make="dahua",
    title="Dahua and relabelled (HTTP API)",
    calls=(
        Call(f"GET {wire.TIME}", "clock", VIEW),
        Call(f"GET {wire.SYSTEM}", "model, serial", VIEW),
        Call(f"GET {wire.SOFTWARE}", "firmware", VIEW),
        Call(f"GET {wire.STORAGE}", "disks", VIEW),
        Call(f"GET {wire.CONFIG}NTP", "time source", VIEW),
        Call(f"GET {wire.CONFIG}RecordMode", "never, by schedule or always", VIEW),
        Call(f"GET {wire.CONFIG}ChannelTitle", "names of the channels", VIEW),
        Call(f"GET {wire.LOST}", "channels lost", VIEW),
        Call(f"GET {wire.COVERED}", "channels whose view is covered", VIEW),
        Call(f"GET {wire.CONFIG}BlindDetect", "whether a covered view is looked for", VIEW),
        Call(f"POST {wire.STATES}", "recording now, all channels in one call (newer firmware); a query", VIEW),
        Call(f"GET {wire.FIND}factory.create, findFile, findNextFile, close, destroy",
             "newest and oldest footage, gaps; the finder is always given back", PLAY),
    ),
    tells=frozenset({
        "recorder.manufacturer", "recorder.model", "recorder.serial", "recorder.firmware",
        "recorder.disks", "recorder.time_source",
        "recorder.time_server", "recorder.clock", "recorder.channels_lost",
        "disk.state", "disk.capacity_bytes", "disk.free_bytes",
        "recording.name", "recording.recording", "recording.state", "recording.oldest", "recording.newest",
        "recording.signal", "recording.covered", "recording.gaps", "recording.schedule",
    }),
    account="a user of a group with Playback and Live of its channels, no Setup rights",
    verified=("healthmon's simulated recorder", "lighttpd 1.4 (framing, Digest)",
              "python-amcrest 1.9 as another client of the simulator"),
    remarks=("The recorder tells local time without an offset: it is read in the estate's time zone.",),
)  # fmt: skip
_DISK_STATES: dict[str, DiskState] = {
    "success": "ok", "normal": "ok", "active": "ok", "running": "ok", "ok": "ok",
    "failure": "failed", "error": "failed", "failed": "failed", "faulty": "failed",
    "degraded": "degraded", "rebuilding": "degraded", "initializing": "degraded", "recovering": "degraded",
    "offline": "absent", "inactive": "absent", "notexist": "absent",
}  # fmt: skip
_SCHEDULES: dict[int | None, Schedule] = {1: "always", 2: "none"}
_STATE_WORDS = {True: "recording", False: "not recording"}


async def read(contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything about the recorder and the `wanted` channels. Raises ExchangeError when nothing can be
    read.
    """
    contact.refusal = lambda reply: wire.refused(reply.status, reply.body)
    parts = PartialRead(contact)
    clock = await _clock(contact, parts)
    model, serial = await parts.get("model", wire.SYSTEM, wire.system, need=None) or (None, None)
    firmware = await parts.get("firmware", wire.SOFTWARE, wire.software)
    disks = await parts.get("disks", wire.STORAGE, wire.disks, need=Need(vital=True))
    modes = await parts.get("schedules", f"{wire.CONFIG}RecordMode", wire.record_modes) or {}
    title = f"{wire.CONFIG}ChannelTitle"
    names = await parts.get("names of the channels", title, wire.titles, need=None) or {}
    lost = await parts.get("channels lost", wire.LOST, wire.having, need=Need("channels"))
    parts.settle()
    covered = await _covered(parts)
    states = await _states(parts)
    footage = await Finder(parts, clock).channels(wanted)
    health = RecorderHealth(
        make=ABOUT.make,
        manufacturer="Dahua",
        model=model,
        serial=serial,
        firmware=firmware,
        disks=tuple(_disk(one) for one in disks or ()),
        every_disk=disks is not None,
        time_source=clock.source,
        time_server=clock.server,
        clock=clock.span,
        channels_lost=tuple(sorted(lost & wanted, key=place))
        if lost is not None and wanted
        else None,
    )
    known = {*names, *modes, *states, *footage}
    recordings = tuple(
        replace(
            _recording(
                channel, names.get(channel), modes.get(channel), states, lost, footage.get(channel)
            ),
            covered=covered.get(channel),
        )
        for channel in sorted(wanted & known, key=place)
    )
    channels = tuple(sorted(known, key=place))
    return RecorderAnswer(health, recordings, parts.settle(), channels, tuple(parts.unread))


async def replay(contact: VendorClient, recording: Recording, at: float) -> Replay:
    """The maker's playback stream: ``/cam/playback?channel=1&starttime=2026_11_23_21_00_00`` in
    local time.
    """
    if not recording.channel.isdecimal():
        raise UnsupportedError("the channel is no number")
    zone = zone_named(contact.device.time_zone)
    start = Clock(zone).local(at, "%Y_%m_%d_%H_%M_%S")
    end = Clock(zone).local(at + 60, "%Y_%m_%d_%H_%M_%S")
    return Replay(
        f"/cam/playback?channel={int(recording.channel)}&starttime={start}&endtime={end}",
        onvif=False,
    )


async def _clock(contact: VendorClient, parts: PartialRead) -> Clock:
    zone = zone_named(contact.device.time_zone)
    local = await parts.get("clock", wire.TIME, wire.current_time)
    span = None
    if local is not None and parts.reply is not None:
        span = offset_of(placed(local, zone, near=parts.reply.ended), parts.reply)
    enabled, server = await parts.get("time source", f"{wire.CONFIG}NTP", wire.ntp) or (None, None)
    source = None if enabled is None else "ntp" if enabled else "manual"
    return Clock(zone, span, source, server if enabled else None)


async def _covered(parts: PartialRead) -> Mapping[str, bool]:
    """Which channels have a covered view by the camera's own alarm. Silence says something only of
    those that look for it.
    """
    now = await parts.get("covered views", wire.COVERED, wire.having, need=None)
    if now is None:
        return {}
    path = f"{wire.CONFIG}BlindDetect"
    switched = await parts.get("covered views", path, wire.blind_detection, need=None) or {}
    return {channel: False for channel, on in switched.items() if on} | dict.fromkeys(now, True)


async def _states(parts: PartialRead) -> Mapping[str, bool]:
    """Which channels are being recorded, where the firmware offers the call; their footage tells
    it too.
    """
    states = await parts.post(
        "recording now", wire.STATES, b"{}", "application/json", wire.states, need=None
    )
    return states or {}


def _recording(
    channel: str,
    name: str | None,
    mode: int | None,
    states: Mapping[str, bool],
    lost: frozenset[str] | None,
    footage: Footage | None,
) -> Recording:
    going = states.get(channel)
    found = Recording(
        channel,
        name=name,
        recording=going,
        state=None if going is None else _STATE_WORDS[going],
        signal=None if lost is None else channel not in lost,
        schedule=_SCHEDULES.get(mode),
    )
    return found if footage is None else _with_footage(found, footage)


def _with_footage(found: Recording, footage: Footage) -> Recording:
    """`found` with its footage: a channel without any is not recorded, unless its state says so."""
    found = replace(found, newest=footage.newest, gaps=footage.gaps)
    if not footage.searched:
        return found
    line = footage.timeline
    since = line.gaps_since() if footage.gaps is not None else None
    found = replace(found, oldest=line.oldest, gaps_since=since)
    if footage.newest is not None or line.oldest is not None:
        return found
    return replace(found, recording=bool(found.recording), error="no footage found")


def _disk(one: wire.DiskRow) -> Disk:
    state = "failed" if one.failed else _DISK_STATES.get(one.state or "")
    detail = None if state == "ok" else one.state or "state not reported"
    return Disk(one.name, state, one.capacity, one.free, detail=detail)
