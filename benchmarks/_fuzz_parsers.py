"""Every parser that takes bytes of a device (or of our own state files), for the fuzz program.

A parser has several readers; a file of its corpus is called `READER-WHAT.EXTENSION`. What is not an
`ExchangeError` is an error that nobody has declared.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks._fuzz_recorders import MAKES, recorder_session
from benchmarks._fuzz_wire import ADDRESS, Peer, Transport, http, spoken
from healthmon.checks.evaluation import ups as ups_evaluation
from healthmon.checks.evaluation.wording import plain
from healthmon.model.device import Check, Device
from healthmon.model.enums import Kind
from healthmon.model.plain_text import one_line
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.protocols import icmp, ntp, trace
from healthmon.protocols.errors import ExchangeError, ProtocolError
from healthmon.protocols.host.steady_clock import SteadyClock
from healthmon.protocols.http import digest
from healthmon.protocols.http.exchange import Endpoint, Enough, exchange, status_alone
from healthmon.protocols.http.session import HttpLogin, HttpSession
from healthmon.protocols.media import parameter_sets
from healthmon.protocols.media.h264_slice import slice_layout
from healthmon.protocols.onvif import device as onvif_device
from healthmon.protocols.onvif import media as onvif_media
from healthmon.protocols.onvif import profile_g, soap, ws_discovery
from healthmon.protocols.onvif import ptz as onvif_ptz
from healthmon.protocols.rtsp import sdp
from healthmon.protocols.rtsp.replay import ReplayTimes
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.rtsp.session import Session
from healthmon.protocols.rtsp.udp import UdpPair
from healthmon.protocols.snmp import ber, v3_network
from healthmon.protocols.transport import lockout_guard, tls
from healthmon.protocols.ups import apcupsd, nut
from healthmon.protocols.values import dates, posix_tz, scalars, selectors, xml, zone_text
from healthmon.protocols.values import json as jsonread
from healthmon.protocols.vendor import dahua_cgi, isapi, isapi_search, rcp, vapix
from healthmon.scheduling.data_budget import DataBudget, DataUsage
from healthmon.secret import Credential, Secret
from healthmon.vendors import bridges, readings, switches
from healthmon.vendors.ups import snmp as ups_blocks
from healthmon.vendors.ups.apcupsd import from_apcupsd
from healthmon.vendors.ups.families import FAMILIES
from healthmon.vendors.ups.nut import from_nut

Reader = Callable[[bytes], object]
MOST_BYTES = 64 * 1024
MOST_SECONDS = 0.05  # of CPU, for one answer or a whole session with a recorder
MOST_PATHS = 8
UDP_DOMAIN = (1, 3, 6, 1, 6, 1, 1)  # snmpUDPDomain (RFC 3417)
ACCOUNT = Credential("view", "healthmon", Secret("canary-5ecret"))
WEB = Endpoint(ADDRESS, 80)
RTSP = Endpoint(ADDRESS, 554)
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()
UNIT = Device("UPS1", "UPS", Kind.UPS, "s", ADDRESS)


@dataclass(frozen=True)
class Parser:
    """The `readers` of one format, by name; `declared` are the errors that they may raise. An answer
    is at most `most` bytes.
    """

    name: str
    readers: Mapping[str, Reader]
    declared: tuple[type[Exception], ...] = (ExchangeError,)
    most: int = MOST_BYTES


def text_of(reader: Callable[[str], object]) -> Reader:
    """A reader of text that came as bytes, decoded as the transports do it."""
    return lambda data: reader(data.decode("utf-8", "replace"))


# ------------------------------------------------------------------------------------------------ RTSP


def rtsp_session(data: bytes) -> None:
    """DESCRIBE, SETUP and PLAY, each answered by `data`; what follows are its frames."""
    with trace.recording(trace.Trace(keep_notes=True)):
        spoken(_session(peer := Peer(data)), peer)


async def _session(peer: Peer) -> None:
    place: Any = peer
    session = Session(place, RTSP, "/live", ACCOUNT, lockout_guard.LockoutGuard())
    await session.open()
    await session.describe()
    await session._negotiated()
    await session.play()
    if session.meter is not None:
        _ = session.meter.age, session.meter.sequence_moved


def transport_header(text: str) -> None:
    """The answer to SETUP over UDP."""
    ways: Any = Transport(), Transport(), ()
    UdpPair(ADDRESS, 40000, *ways).open_way(text)


def described(data: bytes) -> None:
    """A session description, and the paths in it."""
    video = sdp.video_of(data)
    for control in (video.control, video.session_control):
        sdp.path_of(control, "rtsp://192.0.2.10/live/", "/live")
    Meter(video.payload_type, video.codec, video.clock_rate, video.parameter_sets)


def packets_of(data: bytes) -> Iterator[bytes]:
    """The packets of a file, each behind its length of two bytes."""
    at = 0
    while at + 2 <= len(data):
        size = data[at] << 8 | data[at + 1]
        yield data[at + 2 : at + 2 + size]
        at += 2 + size


def rtp_stream(codec: str, data: bytes) -> None:
    """A stream: pictures, sender reports and dated footage."""
    meter, times = Meter(96, codec, 90000), ReplayTimes()
    meter.extension = times.packet
    now = 0.0
    for packet in packets_of(data):
        now += 0.04
        meter.packet(packet, 0, len(packet), now)
        meter.control(packet, 0, len(packet), NOON + now, now)
    _ = meter.age, meter.sequence_moved, times.length, meter.inside.picture
    parameter_sets.sps_of(codec, tuple(meter.inside.parameter_sets))


def sets_of(codec: str, data: bytes) -> None:
    """Parameter sets, and a slice behind them."""
    units = tuple(data.split(b"\0\0\0\1"))
    parameter_sets.sps_of(codec, units)
    layout = slice_layout(units)
    if layout is not None:
        layout.data_at(units[-1])


# ------------------------------------------------------------------------------------------------ HTTP


def web_answer(data: bytes, *, enough: Enough | None = None) -> None:
    """One exchange."""
    with trace.recording(trace.Trace(keep_notes=True)):
        peer: Any = Peer(data)
        spoken(exchange(peer, WEB, "GET", "/", enough=enough), peer)


def web_session(data: bytes) -> None:
    """Two requests of a session with a login."""
    with trace.recording(trace.Trace(keep_notes=True)):
        spoken(_two_requests(peer := Peer(data)), peer)


async def _two_requests(peer: Peer) -> None:
    connector: Any = peer
    login = HttpLogin(ACCOUNT, lockout_guard.LockoutGuard(), allow_basic=True)
    async with HttpSession(connector, WEB, login) as session:
        for path in ("/a", "/b"):
            with contextlib.suppress(ExchangeError):
                await session.request("GET", path)


def challenged(text: str) -> None:
    """The challenges of a field, and the answer to the best one."""
    challenge = digest.choose(digest.parse_challenges([text]), allow_basic=True)
    digest.authorization(challenge, ACCOUNT, "GET", "/")
    digest.renewed(challenge, text)


# ------------------------------------------------------------------------------------------------ ONVIF


def onvif_time(data: bytes) -> None:
    """GetSystemDateAndTime with a login, by HTTP."""
    with trace.recording(trace.Trace(keep_notes=True)):
        peer: Any = Peer(data if data.startswith(b"HTTP/") else http(data))
        login = onvif_device.Login(ACCOUNT, lockout_guard.LockoutGuard(), allow_basic=True)
        spoken(onvif_device.device_time(peer, WEB, login=login), peer)


def onvif_stream(data: bytes) -> None:
    """Where the pictures are: capabilities, profiles and address, all in one Body."""
    peer: Any = Peer(http(data))
    guard = lockout_guard.LockoutGuard()
    spoken(onvif_media.stream_address(peer, WEB, "/onvif", ACCOUNT, guard), peer)


def onvif_identity(data: bytes) -> None:
    """Manufacturer, model, and the hardware addresses."""
    for read in (onvif_device.device_information, onvif_device.network_interfaces):
        peer: Any = Peer(http(data))
        guard = lockout_guard.LockoutGuard()
        with contextlib.suppress(ExchangeError):
            calls = onvif_device.calls(peer, WEB, "/onvif", ACCOUNT, guard)
            spoken(read(calls), peer)


def onvif_views(data: bytes) -> None:
    """Status, presets and masks, each from the same Body."""
    body = soap.envelope_body(data)
    for answer in body:
        onvif_ptz.status_of(answer)
        onvif_ptz.presets_of(answer)
        onvif_ptz.masks_of(answer)


def in_envelope(parse: Callable[[xml.Element], object]) -> Reader:
    """`parse` of the body of a SOAP envelope."""
    return lambda data: parse(soap.envelope_body(data))


def soap_fault(data: bytes) -> None:
    """A fault and the error that it stands for."""
    fault = soap.fault_of(soap.envelope_body(data))
    if fault is not None:
        _ = fault.refused
        raise soap.failure(fault)


# ------------------------------------------------------------------------------------------------ SNMP, UPS


def ups_by_snmp(data: bytes) -> None:
    """A UPS of every family of MIBs that has something in the answer."""
    values = ber.parse(data).values
    rows = {oid.rpartition(".")[2]: value for oid, value in values.items()}
    blocks = [ups_blocks.read(family, values, rows) for family in FAMILIES]
    _evaluated(ups_blocks.ups_of(blocks))


def _evaluated(ups: Ups) -> None:
    check = Check("UPS1", "ups")
    observation = Observation(check.device, check.check_type, check.instance, NOON, 0.1, ups)
    for verdict in ups_evaluation.evaluate(observation, UNIT):
        plain(verdict.sentence)


def ups_by_nut(data: bytes) -> None:
    """The answer of upsd."""
    with trace.recording(trace.Trace(keep_notes=True)):
        peer: Any = Peer(data)
        told = spoken(nut.variables(peer, ADDRESS, 3493, "ups"), peer)
    if told is not None:
        _evaluated(from_nut(told))


def ups_names(data: bytes) -> None:
    """The answer of upsd to LIST UPS."""
    peer: Any = Peer(data)
    spoken(nut.names(peer, ADDRESS, 3493), peer)


def ups_by_apcupsd(data: bytes) -> None:
    """The answer of apcupsd."""
    peer: Any = Peer(data)
    told = spoken(apcupsd.status(peer, ADDRESS, 3551), peer)
    if told is not None:
        _evaluated(from_apcupsd(told))


@cache
def snmp_engine() -> Any:
    """The engine of all cases; by its answers to one message it treats no other one differently."""
    return v3_network.new_engine()


def snmp_answer(data: bytes) -> None:
    """An answer of v1 or v2c: its number, then its values."""
    ber.request_id(data)
    ber.parse(data)


def onvif_announced(data: bytes) -> None:
    """A datagram of WS-Discovery, and an answer for a reader that knows SOAP 1.2 only."""
    soap.as_soap_12(data)
    ws_discovery.probe_matches(data, ADDRESS, "0a0a0a0a-0000-4000-8000-000000000001")


def snmp_v3(data: bytes) -> None:
    """A message of version 3, as it reaches the engine."""
    with contextlib.suppress(ProtocolError):
        ber.message_id(data)
    engine = snmp_engine()
    engine.message_dispatcher.receive_message(engine, UDP_DOMAIN, (ADDRESS, 161), data)


def switch_ports(data: bytes) -> None:
    """The tables of a switch, all made of one answer."""
    column = {
        oid.removeprefix("1.3.6.1.2.1.31.1.1.1.1."): value
        for oid, value in ber.parse(data).values.items()
    }
    switches.indexes_of("Gi1/0/7", column)
    switches.is_named("Gi1/0/7", column.values())
    switches.poe_index(7, column, column)
    switches.supply("1", column)
    bridges.bridge_of(dict.fromkeys((*bridges.COLUMNS, bridges.VLAN_FORWARDING), column))


# ------------------------------------------------------------------------------------------------ small formats


def ntp_answer(data: bytes) -> None:
    """The answer of a time server; the cookie is right."""
    client = ntp._Client()
    client.cookie = data[24:32]
    client.datagram_received(data, None)
    if client.answer.done():
        ntp.state_of(_error_of(lambda: ntp.parsed(data, NOON, NOON + 0.01)))


def _error_of(parse: Callable[[], object]) -> Exception:
    try:
        parse()
    except ExchangeError as error:
        return error
    return TimeoutError()


def ping_answer(data: bytes) -> None:
    """An ICMP message."""
    line = icmp._Line(icmp.socket.AF_INET)
    echo = icmp._Echo(ADDRESS, 1.0, 1, 2.0, data[8:16], asyncio.Future())
    number = int.from_bytes(data[6:8], "big")
    line.waiting[number] = (echo, 0.0)
    line._match_reply(data, ADDRESS)


def any_date(text: str) -> None:
    """Every form of a moment and of a length of time."""
    for read in (dates.moment, dates.unix, dates.http_date, dates.duration):
        read(text)
    dates.date_and_time(text.encode("latin-1", "replace"))


def any_zone(text: str) -> None:
    """A zone, and the times of a year in it."""
    zones = [*zone_text.zone_meaning(text).zones, posix_tz.posix_zone(text)]
    for zone in zones:
        if zone is None:
            continue
        for month in (1, 3, 7, 10, 12):
            local = datetime(2026, month, 29, 1, 30, tzinfo=zone)
            _ = local.timestamp(), local.astimezone(UTC).astimezone(zone)


def any_scalar(text: str) -> None:
    """Single words."""
    for value in (text, text[:40], [text], None, 10**400, 1e400):
        scalars.flag(value)
        scalars.number(value, -1e9, 1e9)
        scalars.whole(value)
        scalars.words(value)


def chosen(data: bytes) -> None:
    """Paths of a configuration, one a line, in the answer behind them."""
    head, _, body = data.partition(b"\n\n")
    root = selectors.tree(body)
    for line in head.decode("utf-8", "replace").split("\n")[:MOST_PATHS]:
        with contextlib.suppress(ValueError):
            for node in selectors.parse(line).select(root):
                selectors.text_of(node)
                readings.text_of(selectors.text_of(node))


def words_of(text: str) -> None:
    """Texts of a device on their way to a person, and what they say of the login."""
    plain(text)
    one_line(text)
    lockout_guard.attempts_left(text)
    lockout_guard.says_locked(text, answered=True)


def certificate_of(data: bytes) -> None:
    """A certificate, and the key that may be pinned."""
    tls.content_of(data)
    tls.key_hash(data)


def rcp_words(text: str) -> None:
    """The decoders of a result."""
    for decode in (rcp.plain, rcp.serial, rcp.ratio, rcp.clock, rcp.octets, rcp.tracks):
        decode(text)


# ------------------------------------------------------------------------------------------------ our own files


@dataclass
class StateFolder:
    """A folder for state files, made once."""

    _held: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)

    def file(self, name: str, data: bytes) -> Path:
        """`data` as the file `name`."""
        if not self._held:
            memory = Path("/dev/shm")
            place = memory if memory.is_dir() else None
            self._held.append(tempfile.TemporaryDirectory(prefix="healthmon-fuzz-", dir=place))
        path = Path(self._held[0].name) / name
        path.write_bytes(data)
        return path


STATE = StateFolder()


def logins_file(data: bytes) -> None:
    """logins.json, read by a guard that is used afterwards."""
    clock = SteadyClock(zero=NOON, monotonic=lambda: 0.0, wall=lambda: NOON)
    guard = lockout_guard.LockoutGuard(STATE.file("logins.json", data), clock)
    for service in ("rtsp", "onvif"):
        guard.latched(ADDRESS, ACCOUNT, service)
        guard.accepted(ADDRESS, ACCOUNT, service)
        guard.rejected(ADDRESS, ACCOUNT, service)


def budget_file(data: bytes) -> None:
    """data.json of metered devices."""
    folder = STATE.file("data.json", data).parent
    device = Device("C1", "Camera", Kind.CAMERA, "s", ADDRESS, daily_bytes=1e6)
    budget = DataBudget.of([device], "Europe/London", folder, DataUsage())
    budget.settle()
    budget.refused(Check("C1", "stream"))


# ------------------------------------------------------------------------------------------------ the registry

PARSERS = {
    parser.name: parser
    for parser in (
        Parser(
            "rtsp",
            {"session": rtsp_session, "transport": text_of(transport_header)},
        ),
        Parser("sdp", {"description": described}),
        Parser(
            "rtp",
            {
                codec: partial(rtp_stream, codec)
                for codec in ("h264", "h265", "mjpeg", "mpeg4", "other")
            },
        ),
        Parser("sets", {codec: partial(sets_of, codec) for codec in ("h264", "h265")}),
        Parser(
            "http",
            {
                "answer": web_answer,
                "status": partial(web_answer, enough=status_alone),
                "session": web_session,
            },
        ),
        Parser("digest", {"challenge": text_of(challenged)}),
        Parser(
            "onvif",
            {
                "time": onvif_time,
                "stream": onvif_stream,
                "identity": onvif_identity,
                "fault": soap_fault,
                "ptz": onvif_views,
                "discovery": onvif_announced,
            },
        ),
        Parser(
            "profile_g",
            {
                "services": in_envelope(profile_g.services),
                "capabilities": in_envelope(profile_g.capabilities),
                "summary": in_envelope(profile_g.summary),
                "token": in_envelope(lambda body: profile_g.search_token(body, "FindRecordings")),
                "recordings_page": in_envelope(profile_g.recordings_page),
                "recording_information": in_envelope(profile_g.recording_information),
                "recordings": in_envelope(profile_g.recordings),
                "events": in_envelope(profile_g.events_page),
                "jobs": in_envelope(profile_g.jobs),
                "job_state": in_envelope(profile_g.job_state),
                "replay": in_envelope(profile_g.replay_uri),
                "information": in_envelope(profile_g.information),
                "ntp": in_envelope(profile_g.ntp_servers),
            },
        ),
        Parser(
            "isapi",
            {
                "device_info": isapi.device_info,
                "time": isapi.device_time,
                "status": isapi.status,
                "storage": isapi.storage,
                "inputs": isapi.inputs,
                "tracks": isapi.tracks,
                "channels": isapi.channel_states,
                "search": lambda data: isapi_search.search_page(data, "101"),
                "daily": isapi_search.daily,
                "refused": isapi.refused,
            },
        ),
        Parser(
            "vapix",
            {
                "disks": vapix.disks,
                "health": vapix.disk_health,
                "recordings": vapix.recordings,
                "time": vapix.date_time,
                "ntp": vapix.ntp_info,
                "device": vapix.device_info,
                "uptime": vapix.uptime,
            },
        ),
        Parser(
            "dahua",
            {
                "time": dahua_cgi.current_time,
                "system": dahua_cgi.system,
                "software": dahua_cgi.software,
                "disks": dahua_cgi.disks,
                "modes": dahua_cgi.record_modes,
                "titles": dahua_cgi.titles,
                "ntp": dahua_cgi.ntp,
                "lost": dahua_cgi.having,
                "blind": dahua_cgi.blind_detection,
                "states": dahua_cgi.states,
                "finder": dahua_cgi.finder,
                "files": dahua_cgi.files,
            },
        ),
        Parser("rcp", {"result": rcp.result, "words": text_of(rcp_words)}),
        Parser("snmp", {"response": snmp_answer, "switch": switch_ports}),
        Parser("snmpv3", {"message": snmp_v3}, most=v3_network.LONGEST),
        Parser(
            "ups",
            {
                "snmp": ups_by_snmp,
                "nut": ups_by_nut,
                "names": ups_names,
                "apcupsd": ups_by_apcupsd,
            },
        ),
        Parser(
            "recorder",
            {make: partial(recorder_session, make) for make in MAKES},
        ),
        Parser("ntp", {"answer": ntp_answer}),
        Parser("icmp", {"answer": ping_answer}),
        Parser("certificate", {"der": certificate_of}),
        Parser("xml", {"document": xml.parse}),
        Parser("json", {"value": jsonread.parse}),
        Parser("selectors", {"answer": chosen}),
        Parser("dates", {"date": text_of(any_date)}),
        Parser("zones", {"zone": text_of(any_zone)}),
        Parser("scalars", {"word": text_of(any_scalar)}),
        Parser("words", {"text": text_of(words_of)}),
        Parser("state", {"logins": logins_file, "data": budget_file}),
    )
}
