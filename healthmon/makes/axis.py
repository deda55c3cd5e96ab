"""Axis recorders and cameras that record to a card or share, by VAPIX: disks, recordings of each source, clock, NTP.

One list answers for all sources (`axis_footage`). All calls are reading methods; the JSON services take their question
as a POST.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC

from healthmon.makes.about import About, Call
from healthmon.makes.axis_footage import Found, Lists
from healthmon.makes.clocks import Clock, offset_of
from healthmon.makes.contact import Contact
from healthmon.makes.parts import Parts
from healthmon.model import Disk, DiskState, RecorderAnswer, RecorderHealth, Recording, Schedule
from healthmon.wire import vapix
from healthmon.wire.vapix import DiskHealth, DiskRow

ABOUT = About(
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
MOUNTED = "vapix_mounted"
WORN_OUT = 1.0
_STATES: dict[str, DiskState] = {
    "ok": "ok", "connected": "absent", "disconnected": "absent", "failed": "failed",
    "no passphrase": "failed", "wrong passphrase": "failed", "not encrypted": "failed",
}  # fmt: skip
_SCHEDULES: dict[str | None, Schedule] = {"continuous": "always", "triggered": "motion"}


async def read(contact: Contact, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything about the device and the `wanted` sources. Raises WireError when nothing can be read."""
    parts = Parts(contact)
    clock, complaints = await _clock(parts)
    info = await parts.post(
        "model", vapix.DEVICE_INFO, vapix.call("getAllProperties"), vapix.JSON, vapix.device_info
    )
    uptime = await parts.post(
        "uptime", vapix.READY, vapix.call("systemready", timeout=1), vapix.JSON, vapix.uptime
    )
    disks = await parts.get("disks", vapix.DISKS, vapix.disks) or ()
    health = (
        await parts.get("health of the disks", vapix.HEALTH, vapix.disk_health) if disks else None
    )
    parts.settle()
    footage = await Lists(parts, clock).read(wanted)
    used = [disk for disk in disks if _in_use(contact, disk, footage.values())]
    found = RecorderHealth(
        make=ABOUT.make,
        manufacturer="Axis",
        model=info.model if info else None,
        serial=info.serial if info else None,
        firmware=info.firmware if info else None,
        uptime_seconds=uptime,
        disks=tuple(_disk(disk, health or {}) for disk in used),
        overwriting=all(told)
        if (told := [disk.fifo for disk in used if disk.fifo is not None])
        else None,
        time_source=clock.source,
        time_server=clock.server,
        clock=clock.span,
        problems=(*complaints, *(words for disk in used if (words := _worn(disk, health or {})))),
    )
    recordings = tuple(_recording(source, one, used) for source, one in sorted(footage.items()))
    return RecorderAnswer(found, recordings, parts.settle(), tuple(sorted(footage)))


async def _clock(parts: Parts) -> tuple[Clock, tuple[str, ...]]:
    """The clock, and what its NTP client complains of."""
    told = await parts.post(
        "clock", vapix.TIME, vapix.call("getDateTimeInfo"), vapix.JSON, vapix.date_time
    )
    span = offset_of(told, parts.reply) if told is not None and parts.reply else None
    ntp = await parts.post(
        "time source", vapix.NTP, vapix.call("getNTPInfo"), vapix.JSON, vapix.ntp_info
    )
    if ntp is None or ntp.enabled is None:
        return Clock(UTC, span), ()
    lost = ntp.enabled and ntp.synced is False
    source = "ntp" if ntp.enabled else "manual"
    return Clock(UTC, span, source, ntp.server), ("clock not synchronised by NTP",) if lost else ()


def _in_use(contact: Contact, disk: DiskRow, footage: Iterable[Found]) -> bool:
    """Whether a disk matters: empty card slots and shares that nobody has set up are listed as disconnected."""
    mounted: set[str] = contact.memory.setdefault(MOUNTED, set())
    if disk.status not in {None, "disconnected", "connected"}:
        mounted.add(disk.id)
    return disk.id in mounted or any(found.disk == disk.id for found in footage)


def _disk(disk: DiskRow, health: Mapping[str, DiskHealth]) -> Disk:
    told = health.get(disk.id)
    state, detail = _STATES.get(disk.status or ""), None if disk.status == "ok" else disk.status
    if state == "ok":
        if disk.read_only or disk.locked:
            state, detail = "failed", "read-only" if disk.read_only else "locked"
        elif told is not None and told.passed is False:
            state, detail = "failed", "its own health test says FAIL"
        elif disk.full and disk.fifo is False:
            state, detail = "full", "nothing is deleted by itself"
        elif told is not None and (told.wear or 0.0) >= WORN_OUT:
            state, detail = "degraded", "worn out"
    return Disk(
        disk.name or disk.id,
        state,
        disk.capacity,
        disk.free,
        told.celsius if told is not None else None,
        detail,
    )


def _worn(disk: DiskRow, health: Mapping[str, DiskHealth]) -> str | None:
    wear = health[disk.id].wear if disk.id in health else None
    return (
        f"{disk.name or disk.id}: {wear:.0%} of its life is spent"
        if wear is not None and wear >= WORN_OUT
        else None
    )


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
