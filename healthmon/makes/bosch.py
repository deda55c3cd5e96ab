"""Bosch recorders: DIVAR, DIVAR IP with its Video Recording Manager, and video devices that record for themselves.

Three ways, each where it is configured: RCP+ over CGI (only commands known from public documents; further ones as data
in config.yaml), SNMP (enterprise 3967, volumes by HOST-RESOURCES-MIB), and ONVIF Profile G for what is recorded: codes
for recording and storage are in no public document, so they are not guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from healthmon.makes import bosch_snmp, host_resources
from healthmon.makes.about import About, Call, Make, make_of, player_of
from healthmon.makes.clocks import Clock, between, placed, zone_named
from healthmon.makes.contact import Contact, Replay
from healthmon.makes.merged import merged
from healthmon.makes.parts import FATAL, Parts
from healthmon.makes.readings import Gathered
from healthmon.makes.snmp import take_objects
from healthmon.model import CHANNEL, Reading, RecorderAnswer, Recording
from healthmon.wire import rcp
from healthmon.wire.errors import UnsupportedError, WireError
from healthmon.wire.http import BODY_CAP

LIVE = "account 'live' or 'user'"
ABOUT = About(
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
QUESTIONS: tuple[tuple[str, str, str, str, Decode], ...] = (
    ("product name", rcp.PRODUCT, "P_OCTET", "model", rcp.plain),
    ("serial number", rcp.SERIAL, "P_OCTET", "serial", rcp.serial),
    ("firmware", rcp.FIRMWARE, "P_STRING", "firmware", rcp.plain),
    ("CPU load", rcp.CPU_LOAD, "T_DWORD", "cpu_ratio", rcp.ratio),
)


async def read(contact: Contact, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything that is configured of RCP+, SNMP and ONVIF. Raises WireError when nothing can be read."""
    parts = Parts(contact)
    got = Gathered(Clock(zone_named(contact.device.time_zone)))
    settings = contact.device.readings
    if contact.http is not None:
        await _by_rcp(parts, wanted, got)
    if contact.snmp_get is not None:
        await bosch_snmp.take(parts, got)
        await take_objects(parts, settings.objects, wanted, got)
        if settings.storage:
            await host_resources.take(parts, settings.storage, got)
    recorded = await _by_onvif(parts, wanted)
    got.fields.setdefault(("recorder", ""), {}).setdefault("manufacturer", "Bosch")
    answer = got.answer(ABOUT.make, wanted, parts.settle())
    return merged(answer, recorded) if recorded is not None else answer


async def replay(contact: Contact, recording: Recording, at: float) -> Replay:
    """Where ONVIF says; Bosch's own replay is in no public document. Raises UnsupportedError where ONVIF is off."""
    if not contact.device.access.onvif_path:
        raise UnsupportedError("footage of make bosch is played by ONVIF only, and 'onvif' is no")
    return await player_of("onvif").replay(contact, recording, at)


async def _by_rcp(parts: Parts, wanted: frozenset[str], got: Gathered) -> None:
    own = got.fields.setdefault(("recorder", ""), {})
    for what, command, kind, field, decode in QUESTIONS:
        text = await _ask(parts, what, command, kind)
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


async def _ask(
    parts: Parts, what: str, command: str, kind: str, num: int | None = 1, cap: int = BODY_CAP
) -> str | None:
    """The result of a command; one that the device has refused is asked again after an hour."""
    return (
        await parts.get(what, rcp.path(command, kind, num), rcp.result, cap=cap)
        if parts.offered(what)
        else None
    )


async def _clock(parts: Parts, got: Gathered) -> None:
    text = await _ask(parts, "clock", rcp.CLOCK, "P_OCTET")
    told = rcp.clock(text) if text is not None else None
    if text is not None and told is None:
        parts.note("clock not read: its octets are no date that fits its day of the week")
    elif told is not None and parts.reply is not None:
        moment = placed(told, got.clock.zone)
        got.fields["recorder", ""]["clock"] = between(moment, parts.reply.began, parts.reply.ended)


async def _tracks(parts: Parts, wanted: frozenset[str], got: Gathered) -> None:
    """The cameras of a Video Recording Manager; a wanted one may be named by number or by name."""
    text = await _ask(parts, "track list", rcp.TRACKS, "P_OCTET", None, TRACKS_CAP)
    for track in rcp.tracks(text) if text is not None else ():
        name = track.name if track.name in wanted else str(track.number)
        got.fields.setdefault(("channel", name), {})["name"] = track.name or track.address


async def _inputs(parts: Parts, got: Gathered) -> None:
    text = await _ask(parts, "video inputs", rcp.VIDEO_INPUTS, "T_DWORD")
    count = int(text) if text is not None and text.isdecimal() and len(text) < 5 else 0
    for number in range(1, min(count, rcp.MOST_TRACKS) + 1):
        got.fields.setdefault(("channel", str(number)), {})


async def _configured(
    parts: Parts, reading: Reading, wanted: frozenset[str], got: Gathered
) -> None:
    each = reading.num == CHANNEL
    numbers = sorted(name for name in wanted if name.isdecimal()) if each else [reading.num]
    left = {*numbers}
    for num in parts.in_turn(reading.label, numbers):
        left.discard(num)
        text = await _ask(
            parts,
            f"{reading.label} ({reading.source}, {num})",
            reading.source,
            reading.type,
            int(num),
        )
        if text is not None and parts.reply is not None:
            got.take(reading, text, num if each else "", (parts.reply.began, parts.reply.ended))
    if each:
        got.unasked(left)


async def _by_onvif(parts: Parts, wanted: frozenset[str]) -> RecorderAnswer | None:
    """What make onvif tells; None with a note where the device does not speak it."""
    contact = parts.contact
    if contact.http is None or not contact.device.access.onvif_path:
        return None
    try:
        onvif: Make = make_of("onvif")
        answer = await onvif.read(contact, wanted)
    except FATAL:
        raise
    except WireError as error:
        if not isinstance(error, UnsupportedError) or wanted:
            parts.missed("recordings by ONVIF", error)
        return None
    parts.read += 1
    return replace(answer, health=replace(answer.health, make=ABOUT.make))
