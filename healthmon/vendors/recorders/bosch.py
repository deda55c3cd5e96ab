"""Bosch recorders: DIVAR, DIVAR IP with its Video Recording Manager, and video devices that record
for themselves.

Three ways, each where it is configured: RCP+ over CGI (only commands known from public documents;
further ones as data in config.yaml), SNMP (enterprise 3967, volumes by HOST-RESOURCES-MIB), and
ONVIF Profile G for what is recorded: codes for recording and storage are in no public document, so
they are not guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from healthmon.model.footage import EVERY_CHANNEL, RecorderAnswer, Recording
from healthmon.model.readings import CHANNEL, Reading
from healthmon.protocols.errors import ExchangeError, UnsupportedError
from healthmon.protocols.http.exchange import BODY_CAP
from healthmon.protocols.values.scalars import whole
from healthmon.protocols.vendor import rcp
from healthmon.vendors.client import Replay, VendorClient
from healthmon.vendors.clocks import Clock, between, placed, zone_named
from healthmon.vendors.merge import merged
from healthmon.vendors.partial_read import FATAL, IF_OFFERED, Need, PartialRead
from healthmon.vendors.readings import Gathered
from healthmon.vendors.recorders import bosch_snmp, host_resources
from healthmon.vendors.recorders.snmp import take_objects
from healthmon.vendors.registry import Call, Vendor, VendorInfo, make_of, player_of

LIVE = "account 'live' or 'user'"
ABOUT = VendorInfo(
    make="bosch",
    title="Bosch (RCP+ over CGI, SNMP, ONVIF)",
    calls=(
        Call(f"GET /rcp.xml {rcp.PRODUCT}, {rcp.SERIAL}, {rcp.FIRMWARE}", "model, serial, firmware", LIVE),
        Call(f"GET /rcp.xml {rcp.CPU_LOAD}", "CPU load", LIVE),
        Call(f"GET /rcp.xml {rcp.VIDEO_INPUTS}", "number of video inputs", LIVE),
        Call(f"GET /rcp.xml {rcp.CLOCK}", "clock; experimental, with 'experimental_clock: yes' only", LIVE),
        Call(f"GET /rcp.xml {rcp.TRACKS}", "cameras of a Video Recording Manager; with 'tracks: yes' only", "VRM user"),
        Call("GET /rcp.xml COMMAND", "whatever config.yaml names under 'rcp'", "as the command needs"),
        *bosch_snmp.CALLS,
        *host_resources.CALLS,
        Call("as make onvif", "what is recorded, and its playback, where 'onvif' is not no", "ONVIF user"),
    ),
    tells=frozenset({
        "recorder.manufacturer", "recorder.model", "recorder.serial", "recorder.firmware", "recorder.cpu_ratio",
        "recorder.clock", "recorder.temperature_celsius", "recorder.power_watts", "recorder.uptime_seconds",
        "recorder.fans", "recorder.disks", "recorder.problems", "disk.state", "disk.capacity_bytes", "disk.free_bytes",
        "fan.rpm", "fan.well", "recording.name",
    }),
    account="RCP+: 'live'; SNMP: an SNMPv3 user of its own ('service' has no SNMP on new firmware); ONVIF: a user",
    verified=("healthmon's simulated recorder", "lighttpd 1.4 (framing, Digest)",
              "net-snmp 5.9 (SNMP, HOST-RESOURCES-MIB)", "published track list of a VRM"),
    remarks=(
        "The channel of a VRM camera is the number of its track.",
        "A track list tells that the VRM knows a camera, not that it records it now.",
    ),
    by_onvif=True,
)  # fmt: skip
TRACKS_CAP = 1024 * 1024
Decode = Callable[[str], object]
COMMANDS: tuple[tuple[str, str, str, str, Decode, Need | None], ...] = (
    ("product name", rcp.PRODUCT, "P_OCTET", "model", rcp.plain, None),
    ("serial number", rcp.SERIAL, "P_OCTET", "serial", rcp.serial, None),
    ("firmware", rcp.FIRMWARE, "P_STRING", "firmware", rcp.plain, IF_OFFERED),
    ("CPU load", rcp.CPU_LOAD, "T_DWORD", "cpu_ratio", rcp.ratio, IF_OFFERED),
)


async def read(contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything that is configured of RCP+, SNMP and ONVIF. Raises ExchangeError when nothing can be
    read.
    """
    parts = PartialRead(contact)
    got = Gathered(Clock(zone_named(contact.device.time_zone)))
    settings = contact.device.readings
    if contact.http is not None:
        await _by_rcp(parts, wanted, got)
    if contact.snmp_get is not None:
        await bosch_snmp.read_into(parts, got)
        await take_objects(parts, settings.objects, wanted, got)
        if settings.storage:
            await host_resources.read_into(parts, settings.storage, got)
    recorded = await _by_onvif(parts, wanted)
    got.fields.setdefault(("recorder", ""), {}).setdefault("manufacturer", "Bosch")
    answer = got.answer(ABOUT.make, wanted, parts.settle(), parts.unread)
    return merged(answer, recorded) if recorded is not None else answer


async def replay(contact: VendorClient, recording: Recording, at: float) -> Replay:
    """Where ONVIF says; Bosch's own replay is in no public document. Raises UnsupportedError where
    ONVIF is off.
    """
    if not contact.device.access.onvif_path:
        raise UnsupportedError("footage of make bosch is played by ONVIF only, and 'onvif' is no")
    return await player_of("onvif").replay(contact, recording, at)


async def _by_rcp(parts: PartialRead, wanted: frozenset[str], got: Gathered) -> None:
    own = got.fields.setdefault(("recorder", ""), {})
    for what, command, kind, field, decode, need in COMMANDS:
        text = await _request(parts, what, rcp.path(command, kind, 1), need=need)
        if text is not None and (value := decode(text)) is not None:
            own[field] = value
    settings = parts.contact.device.readings
    if settings.clock:
        await _clock(parts, got)
    if settings.tracks:
        await _tracks(parts, wanted, got)
    else:
        await _inputs(parts, got)
    for reading in settings.rcp:
        await _configured(parts, reading, wanted, got)


async def _request(
    parts: PartialRead,
    what: str,
    path: str,
    *,
    cap: int = BODY_CAP,
    need: Need | None = IF_OFFERED,
) -> str | None:
    """The result of a command; one that the device has refused is asked again after an hour."""
    return await parts.get(what, path, rcp.result, cap=cap, need=need)


async def _clock(parts: PartialRead, got: Gathered) -> None:
    text = await _request(parts, "clock", rcp.path(rcp.CLOCK, "P_OCTET", 1))
    told = rcp.clock(text) if text is not None else None
    if text is not None and told is None:
        parts.note("clock not read: its octets are no date that fits its day of the week")
    elif told is not None and parts.reply is not None:
        moment = placed(told, got.clock.zone, near=parts.reply.ended)
        got.fields["recorder", ""]["clock"] = between(moment, parts.reply.began, parts.reply.ended)


async def _tracks(parts: PartialRead, wanted: frozenset[str], got: Gathered) -> None:
    """The cameras of a Video Recording Manager; a wanted one may be named by number or by name."""
    text = await _request(
        parts, "track list", rcp.path(rcp.TRACKS, "P_OCTET", None), cap=TRACKS_CAP
    )
    for track in rcp.tracks(text) if text is not None else ():
        name = track.name if track.name in wanted else str(track.number)
        got.fields.setdefault(("channel", name), {})["name"] = track.name or track.address


async def _inputs(parts: PartialRead, got: Gathered) -> None:
    text = await _request(
        parts, "video inputs", rcp.path(rcp.VIDEO_INPUTS, "T_DWORD", 1), need=None
    )
    count = int(text) if text is not None and text.isdecimal() and len(text) < 5 else 0
    for number in range(1, min(count, rcp.MOST_TRACKS) + 1):
        got.fields.setdefault(("channel", str(number)), {})


async def _configured(
    parts: PartialRead, reading: Reading, wanted: frozenset[str], got: Gathered
) -> None:
    each = reading.num == CHANNEL
    numbers = sorted(filter(_is_number, wanted)) if each else [reading.num]
    left = {*numbers}
    for num in parts.in_turn(reading.label, numbers):
        left.discard(num)
        what = f"{reading.label} ({reading.source}, {num})"
        path = rcp.path(reading.source, reading.type, int(num))
        text = await _request(parts, what, path, need=Need(vital=True))
        if text is not None and parts.reply is not None:
            got.decode(reading, text, num if each else "", (parts.reply.began, parts.reply.ended))
    if each:
        got.unasked(left)


def _is_number(channel: str) -> bool:
    """Whether `channel` can be the number of an RCP+ command."""
    return channel.isdecimal() and whole(channel, rcp.LARGEST_NUM) is not None


async def _by_onvif(parts: PartialRead, wanted: frozenset[str]) -> RecorderAnswer | None:
    """What make onvif tells; None with a note where the device does not speak it."""
    contact = parts.contact
    if contact.http is None or not contact.device.access.onvif_path:
        return None
    try:
        onvif: Vendor = make_of("onvif")
        answer = await onvif.read(contact, wanted)
    except FATAL:
        raise
    except ExchangeError as error:
        if not isinstance(error, UnsupportedError) or wanted:
            parts.missed("recordings by ONVIF", error, Need("footage", EVERY_CHANNEL))
        return None
    parts.read += 1
    return replace(answer, health=replace(answer.health, make=ABOUT.make))
