"""Axis recorders and cameras that record to a card or share, by VAPIX: disks, recordings of each
source, clock, NTP.

One list answers for all sources (`axis_footage`). All calls are reading methods; the JSON services
take their check as a POST.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC

from healthmon.model.footage import (
    Disk,
    DiskState,
    RecorderAnswer,
    RecorderHealth,
    Recording,
    Schedule,
)
from healthmon.protocols.vendor import vapix
from healthmon.protocols.vendor.vapix import DiskHealth, DiskRow
from healthmon.vendors.client import VendorClient
from healthmon.vendors.clocks import Clock, offset_of
from healthmon.vendors.partial_read import IF_OFFERED, Need, PartialRead
from healthmon.vendors.recorders.axis_footage import Found, Lists
from healthmon.vendors.registry import Call, VendorInfo

ABOUT = VendorInfo(
    make="axis",
    title="Axis recorders and edge storage (VAPIX)",
    calls=(
        Call(f"POST {vapix.DEVICE_INFO} getAllProperties", "model, serial, firmware", "Viewer"),
        Call(f"POST {vapix.TIME} getDateTimeInfo", "clock", "Viewer"),
        Call(f"POST {vapix.NTP} getNTPInfo", "time source", "Operator"),
        Call(f"POST {vapix.READY} systemready", "uptime"),
        Call(f"GET {vapix.DISKS}", "disks, full, read only, what is kept", "Operator"),
        Call(f"GET {vapix.HEALTH}", "wear, temperature, health of disks", "Operator"),
        Call(f"GET {vapix.RECORDINGS}", "recording now, newest, oldest, gaps of every source", "Viewer"),
    ),
    tells=frozenset({
        "recorder.manufacturer", "recorder.model", "recorder.serial", "recorder.firmware",
        "recorder.uptime_seconds", "recorder.disks",
        "recorder.overwriting", "recorder.time_source", "recorder.time_server", "recorder.clock", "recorder.problems",
        "disk.state", "disk.capacity_bytes", "disk.free_bytes", "disk.temperature_celsius",
        "recording.recording", "recording.state", "recording.oldest", "recording.newest", "recording.gaps",
        "recording.schedule", "recording.retention_seconds", "recording.locked_until",
    }),
    account="an Operator (Viewer is enough for the recordings, not for the disks)",
    verified=("healthmon's simulated recorder", "lighttpd 1.4 (framing, Digest SHA-256)"),
    remarks=(
        "The channel is the video source, 1 on a device with one.",
        "While a recording goes on the device tells no end: its newest picture is taken for now.",
    ),
)  # fmt: skip
WORN_OUT = 1.0
_STATES: dict[str, DiskState] = {
    "ok": "ok", "connected": "absent", "disconnected": "absent", "failed": "failed",
    "no passphrase": "failed", "wrong passphrase": "failed", "not encrypted": "failed",
}  # fmt: skip
_NOT_MOUNTED = {None, "disconnected", "connected"}
_SCHEDULES: dict[str | None, Schedule] = {"continuous": "always", "triggered": "motion"}


async def read(contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything about the device and the `wanted` sources. Raises ExchangeError when nothing can be
    read.
    """
    parts = PartialRead(contact)
    clock, complaints = await _clock(parts)
    info = await parts.post(
        "model",
        vapix.DEVICE_INFO,
        vapix.call("getAllProperties"),
        vapix.JSON,
        vapix.device_info,
        need=Need("firmware", optional=True),
    ) or vapix.DeviceInfo(None, None, None)
    uptime = await parts.post(
        "uptime",
        vapix.READY,
        vapix.call("systemready", timeout=1),
        vapix.JSON,
        vapix.uptime,
        need=IF_OFFERED,
    )
    listed = await parts.get("disks", vapix.DISKS, vapix.disks, need=Need(vital=True))
    disks = listed or ()
    health = await _disk_health(parts) if disks else {}
    parts.settle()
    footage = await Lists(parts, clock).read(wanted)
    written = {found.disk for found in footage.values()}
    used = [disk for disk in disks if disk.status not in _NOT_MOUNTED or disk.id in written]
    found = RecorderHealth(
        make=ABOUT.make,
        manufacturer="Axis",
        model=info.model,
        serial=info.serial,
        firmware=info.firmware,
        uptime_seconds=uptime,
        disks=tuple(_disk(disk, health, written) for disk in disks),
        every_disk=listed is not None,
        overwriting=_overwriting(used),
        time_source=clock.source,
        time_server=clock.server,
        clock=clock.span,
        problems=(*complaints, *_worn(used, health)),
    )
    recordings = tuple(_recording(source, one, used) for source, one in sorted(footage.items()))
    names = tuple(sorted(footage))
    return RecorderAnswer(found, recordings, parts.settle(), names, tuple(parts.unread))


async def _disk_health(parts: PartialRead) -> Mapping[str, DiskHealth]:
    what = "health of the disks"
    return await parts.get(what, vapix.HEALTH, vapix.disk_health, need=IF_OFFERED) or {}


def _overwriting(disks: Iterable[DiskRow]) -> bool | None:
    """Whether every disk deletes its oldest footage; None where none tells."""
    told = [disk.fifo for disk in disks if disk.fifo is not None]
    return all(told) if told else None


async def _clock(parts: PartialRead) -> tuple[Clock, tuple[str, ...]]:
    """The clock, and what its NTP client complains of."""
    told = await parts.post(
        "clock",
        vapix.TIME,
        vapix.call("getDateTimeInfo"),
        vapix.JSON,
        vapix.date_time,
        need=IF_OFFERED,
    )
    span = offset_of(told, parts.reply) if told is not None and parts.reply else None
    ntp = await parts.post(
        "time source",
        vapix.NTP,
        vapix.call("getNTPInfo"),
        vapix.JSON,
        vapix.ntp_info,
        need=IF_OFFERED,
    )
    if ntp is None or ntp.enabled is None:
        return Clock(UTC, span), ()
    lost = ntp.enabled and ntp.synced is False
    source = "ntp" if ntp.enabled else "manual"
    return Clock(UTC, span, source, ntp.server), ("clock not synchronised by NTP",) if lost else ()


def _disk(disk: DiskRow, health: Mapping[str, DiskHealth], written: Collection[str | None]) -> Disk:
    """Empty card slots, and shares that nobody has set up, are listed too: they have no size."""
    told = health.get(disk.id) or DiskHealth(None, None, None)
    state, detail = _condition(disk, told)
    there = disk.status not in _NOT_MOUNTED
    capacity = disk.capacity if there else 0.0
    name, expected = disk.name or disk.id, disk.id in written
    return Disk(name, state, capacity, disk.free, told.celsius, detail, expected)


def _condition(disk: DiskRow, told: DiskHealth) -> tuple[DiskState | None, str | None]:
    """A disk's state and why: its own word, or the worst of what is wrong with one that is ok."""
    if disk.status is None:
        return None, "state not reported"
    if disk.status != "ok":
        return _STATES.get(disk.status), disk.status
    wrong = {
        "read-only": disk.read_only,
        "locked": disk.locked,
        "its own health test says FAIL": told.passed is False,
    }
    if failed := [words for words, is_so in wrong.items() if is_so]:
        return "failed", failed[0]
    if disk.full and disk.fifo is False:
        return "full", "nothing is deleted by itself"
    worn_out = told.wear is not None and told.wear >= WORN_OUT
    return ("degraded", "worn out") if worn_out else ("ok", None)


def _worn(disks: Iterable[DiskRow], health: Mapping[str, DiskHealth]) -> Iterator[str]:
    """A sentence for each disk whose life is spent."""
    for disk in disks:
        wear = health[disk.id].wear if disk.id in health else None
        if wear is not None and wear >= WORN_OUT:
            yield f"{disk.name or disk.id}: {wear:.0%} of its life is spent"


def _recording(source: str, found: Found, disks: Iterable[DiskRow]) -> Recording:
    schedule = _SCHEDULES.get(found.kind)
    idle = None if schedule == "motion" or not found.known else False
    line = found.timeline
    return Recording(
        source,
        recording=True if found.going_on else idle,
        state="recording" if found.going_on else "completed" if found.known else None,
        oldest=line.oldest,
        locked_until=line.locked_until,
        newest=found.newest,
        gaps=found.gaps,
        gaps_since=line.gaps_since() if found.gaps is not None else None,
        schedule=schedule,
        retention_seconds=next((disk.keep for disk in disks if disk.id == found.disk), None),
    )
