"""A recorded device on loopback: the answers of a recording, at the time at which they were given.

The product's own probes run against it. Pictures are not in a recording: what follows PLAY is made here
from what the stream was measured to be, and holds nothing to see.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import struct
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from healthmon.config import loading
from healthmon.demo.udp_media import UdpMedia
from healthmon.device_recordings.making import operation_of, verdicts_of
from healthmon.device_recordings.recording import CheckAnswers, Recording
from healthmon.model.enums import Span
from healthmon.model.measurements import Reference
from healthmon.protocols.trace import Exchange
from healthmon.runtime import engine as composition
from helpers.loopback import served
from helpers.snmp_agent import Value, agent
from helpers.support import free_port

HOST = "127.0.0.1"
NTP_TO_UNIX = 2208988800
CLOCK_RATE, RATE = 90000, 25.0
KEY_EVERY = 5
_REASONS = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass
class Clock:
    """Our own clocks, moved to the time of a recording: the wall clock, and with it the monotonic one,
    so that nobody takes the time between two checks for a step of the wall clock.
    """

    ahead: float | None = None
    passed: float = 0.0

    def set(self, at: float) -> None:
        """It is `at` now, Unix seconds."""
        if self.ahead is None:
            self.ahead = at - _real_time()
        self.passed += at - self.now()

    def now(self) -> float:
        """Unix seconds."""
        return _real_time() + (self.ahead or 0.0) + self.passed

    def monotonic(self) -> float:
        """As `time.monotonic`."""
        return _real_monotonic() + self.passed


_real_time, _real_monotonic = time.time, time.monotonic


@contextlib.contextmanager
def moved() -> Iterator[Clock]:
    """The clocks of this process follow the one that is given."""
    clock = Clock()
    time.time, time.monotonic = clock.now, clock.monotonic
    try:
        yield clock
    finally:
        time.time, time.monotonic = _real_time, _real_monotonic


@dataclass
class Media:
    """RTP as measured: `figures` are the `media` of a recording, `description` the SDP."""

    figures: Mapping[str, Any]
    description: str
    clock: Clock
    sequence: int = 100
    stamp: int = 5000
    sent: int = 0

    @property
    def rate(self) -> float:
        """Frames in a second; 0 where there were none."""
        if self.figures.get("frames", 2) < 2:
            return 0.0
        return float(self.figures.get("frames_per_second", RATE))

    def frame(self) -> list[bytes]:
        """The RTP packets of the next frame."""
        key = self.sent % KEY_EVERY == 0 and self.figures.get("keyframes", 1) > 0
        payloads = self._payloads(key=key)
        kind = int(re.findall(r"m=video \d+ \S+ (\d+)", self.description)[0])
        packets = []
        for number, payload in enumerate(payloads, 1):
            marker = 0x80 if number == len(payloads) else 0
            head = struct.pack(">BBHII", 0x80, kind | marker, self.sequence & 0xFFFF, self.stamp, 7)
            packets.append(head + payload)
            self.sequence += 1
        self.stamp += int(CLOCK_RATE / self.rate)
        self.sent += 1
        return packets

    def _payloads(self, *, key: bool) -> list[bytes]:
        rest = self.sent.to_bytes(4, "big") * 8
        sets = [
            base64.b64decode(one)
            for found in re.findall(r"sprop-\w[\w-]*=([\w+/=,]+)", self.description)
            for one in found.split(",")
        ]
        if re.search(r"(?i)rtpmap:\d+ h264/", self.description):
            return [*sets, b"\x65" + rest] if key else [b"\x41" + rest]
        if re.search(r"(?i)rtpmap:\d+ h265/", self.description):
            return [*sets, b"\x26\x01" + rest] if key else [b"\x02\x01" + rest]
        width, height = self.figures.get("width", 640), self.figures.get("height", 480)
        return [bytes((0, 0, 0, 0, 1, 80, width // 8, height // 8)) + rest]

    def report(self) -> bytes:
        """A sender report by the device's own clock; none where it sent none."""
        if (ahead := self.figures.get("clock")) is None:
            return b""
        at = self.clock.now() + float(ahead) + NTP_TO_UNIX
        whole, part = int(at), int(at % 1 * (1 << 32))
        return struct.pack(">BBHIIIIII", 0x80, 200, 6, 7, whole, part, self.stamp, 0, 0)


@dataclass
class Replayer:
    """Answers as `recording` says, in the check that was begun last. `strangers` are requests that it
    has no answer to.
    """

    recording: Recording
    clock: Clock
    strangers: list[str] = field(default_factory=list)
    _now: CheckAnswers | None = None
    _used: set[int] = field(default_factory=set)

    def begin(self, answers: CheckAnswers) -> None:
        """This check is made now, and it is as late as it was then."""
        self._now = answers
        self._used.clear()
        self.clock.set(answers.at)

    def answer(self, asked: Exchange) -> Exchange | None:
        """The next answer to the same request of this check, or else of any check."""
        every = [one for check in self.recording.checks for one in check.exchanges]
        own = list(self._now.exchanges) if self._now else []
        for pool in (own, every):
            for alike in (_same, _same_path, _same_path_any_login):
                fits = [one for one in pool if one.protocol == asked.protocol and alike(one, asked)]
                if fits:
                    fresh = next((one for one in fits if id(one) not in self._used), fits[-1])
                    self._used.add(id(fresh))
                    return fresh
        self.strangers.append(f"{asked.asked} {operation_of(asked)}".strip())
        return None

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, HTTP or RTSP."""
        session = _RtspSession(self, writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *lines = head.strip().split("\r\n")
                method, target, version = line.split(" ", 2)
                pairs = (one.partition(":") for one in lines)
                fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                if version.startswith("RTSP"):
                    session.handle(method, target, fields)
                elif not self._http(writer, f"{method} {target}", fields, body):
                    break
        finally:
            session.end()

    def _http(
        self,
        writer: asyncio.StreamWriter,
        asked: str,
        fields: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """Answer; whether the connection stays open."""
        login = "authorization" in fields or b"UsernameToken" in body
        found = self.answer(Exchange("http", 0, asked, body, login)) or Exchange(
            "http", 0, status=404
        )
        last = fields.get("connection", "").lower() == "close"
        lines = [f"HTTP/1.1 {found.status} {_REASONS.get(found.status, 'Answer')}"]
        lines += [f"{name}: {value}" for name, value in found.fields]
        lines += [f"Content-Length: {len(found.body)}", *(["Connection: close"] if last else [])]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + found.body)
        return not last

    async def nut(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """upsd, for one request."""
        asked = (await reader.readline()).decode().strip()
        found = self.answer(Exchange("nut", 0, asked))
        writer.write(found.body if found else b"ERR UNKNOWN-UPS\n")
        await reader.read()

    async def apcupsd(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """apcupsd's information server."""
        await reader.readexactly(8)
        found = self.answer(Exchange("apcupsd", 0, "status"))
        for line in found.body.splitlines(keepends=True) if found else ():
            writer.write(len(line).to_bytes(2, "big") + line)
        writer.write(b"\0\0")
        await reader.read()

    def objects(self) -> dict[str, Value]:
        """All objects that SNMP has told."""
        found: dict[str, Value] = {}
        for check in self.recording.checks:
            for one in check.exchanges:
                found |= {oid: _encoded(value) for oid, value in one.values.items()}
        return found


class _RtspSession:
    """The RTSP requests of one connection, and the pictures that it is sent."""

    def __init__(self, replayer: Replayer, writer: asyncio.StreamWriter) -> None:
        self._replayer, self._writer = replayer, writer
        self._description = ""
        self._channels = (0, 1)
        self._udp: UdpMedia | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._media: Media | None = None

    def handle(self, method: str, url: str, fields: Mapping[str, str]) -> None:
        """Answer one request."""
        path = re.sub(r"^rtsps?://[^/]*", "", url) or "/"
        login = "authorization" in fields
        asked = Exchange("rtsp", 0, f"{method} {path}", b"", login)
        found = self._replayer.answer(asked) or Exchange("rtsp", 0, status=404)
        if method == "SETUP" and found.status == 200:
            found = self._set_up(found, fields)
        told = list(found.fields)
        if not any(name == "cseq" for name, _ in told):
            told.insert(0, ("CSeq", fields.get("cseq", "0")))
        if found.body:
            told.append(("Content-Length", str(len(found.body))))
        lines = [f"RTSP/1.0 {found.status} {_REASONS.get(found.status, 'Answer')}"]
        lines += [f"{name}: {value}" for name, value in told]
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + found.body)
        if method == "DESCRIBE" and found.status == 200:
            self._description = found.body.decode()
        if method == "PLAY" and found.status == 200 and self._description:
            self._play()
        if method == "TEARDOWN":
            self.end()

    def _set_up(self, found: Exchange, fields: Mapping[str, str]) -> Exchange:
        """Ports of UDP are those of today, not of the day of the recording."""
        agreed = next((value for name, value in found.fields if name == "transport"), "")
        if channels := re.search(r"interleaved=(\d+)-(\d+)", agreed):
            self._channels = (int(channels[1]), int(channels[2]))
            return found
        ports = re.search(r"client_port=(\d+)-(\d+)", fields.get("transport", ""))
        if ports is None:
            return found
        self._udp = UdpMedia(HOST, HOST, (int(ports[1]), int(ports[2])))
        now = f"RTP/AVP;unicast;client_port={ports[1]}-{ports[2]};server_port={self._udp.ports}"
        kept = [(name, now if name == "transport" else value) for name, value in found.fields]
        return replace(found, fields=tuple(kept))

    def _play(self) -> None:
        figures = next(
            (one.media for one in self._replayer.recording.checks if one.media), {"frames": 0}
        )
        if self._replayer._now is not None and self._replayer._now.media:
            figures = self._replayer._now.media
        self._media = Media(figures, self._description, self._replayer.clock)
        if self._media.rate:
            self._send(0, self._media.report())
            self._tick()

    def _tick(self) -> None:
        media = self._media
        if media is None or self._writer.is_closing():
            return
        for packet in media.frame():
            self._send(1, packet)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(1 / media.rate, self._tick)

    def _send(self, media: int, packet: bytes) -> None:
        if not packet:
            return
        if self._udp is not None:
            (self._udp.media if media else self._udp.control)(packet)
            return
        channel = self._channels[0] if media else self._channels[1]
        self._writer.write(b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet)

    def end(self) -> None:
        """No more pictures."""
        if self._timer is not None:
            self._timer.cancel()
        if self._udp is not None:
            self._udp.close()
        self._media = self._udp = self._timer = None


def _same(one: Exchange, asked: Exchange) -> bool:
    return one.asked == asked.asked and _same_operation(one, asked) and one.login == asked.login


def _same_path(one: Exchange, asked: Exchange) -> bool:
    return _same_path_any_login(one, asked) and one.login == asked.login


def _same_path_any_login(one: Exchange, asked: Exchange) -> bool:
    """The query may hold the time of asking."""
    paths = (one.asked.partition("?")[0], asked.asked.partition("?")[0])
    return paths[0] == paths[1] and _same_operation(one, asked)


def _same_operation(one: Exchange, asked: Exchange) -> bool:
    """Of a recording `sent` is the operation itself."""
    return one.sent.decode() == operation_of(asked)


def _encoded(value: Any) -> Value:
    if isinstance(value, bytes):
        return bytes((0x04,)) + _length(len(value)) + value
    found: Value = value
    return found


def _length(size: int) -> bytes:
    return bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2, "big")


@contextlib.asynccontextmanager
async def replayed(
    recording: Recording, clock: Clock
) -> AsyncIterator[tuple[Replayer, dict[str, int]]]:
    """The device, and the ports of its services."""
    replayer = Replayer(recording, clock)
    async with contextlib.AsyncExitStack() as held:
        video = await held.enter_async_context(served(replayer.handle))
        web = await held.enter_async_context(served(replayer.handle))
        plain = await held.enter_async_context(served(replayer.handle))
        nut = await held.enter_async_context(served(replayer.nut))
        apcupsd = await held.enter_async_context(served(replayer.apcupsd))
        snmp = await held.enter_async_context(agent(replayer.objects()))
        ports = {"rtsp": video.port, "http": web.port, "https": web.port, "tcp": plain.port}
        ups = {"nut": nut.port, "apcupsd": apcupsd.port, "snmp": snmp.port}
        yield replayer, ports | ups


def configuration(recording: Recording, ports: Mapping[str, int], folder: Path) -> Path:
    """A config.yaml in `folder` with the entries of `recording`, on loopback."""
    (folder / "secret").write_text("secret\n")
    (folder / "secret").chmod(0o600)
    closed = {
        name
        for check in recording.checks
        for name, way in check.ways.items()
        if way != "open" and name in ports
    }
    usable = {name: free_port() if name in closed else port for name, port in ports.items()}
    tree: dict[str, Any] = {
        "estate": {"name": "Replay", "time_zone": recording.time_zone},
        "agent": {"state_directory": str(folder / "state")},
        "defaults": {"timeout": "5 s", "watch": "0.5 s"},
        "sites": [{"id": "s", "name": "Somewhere"}],
        "credentials": {"view": {"username": "view", "secret": {"file": "secret"}}},
    }
    (folder / "state").mkdir(mode=0o700, exist_ok=True)
    number = 1
    for section, rows in recording.config.items():
        tree[section] = []
        for row in rows:
            number += 1
            recorded = row["id"] == recording.checks[0].device
            address = HOST if recorded else f"127.0.0.{number}"
            tree[section].append(_entry(section, row, usable, address))
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    return path


def _entry(
    section: str, row: Mapping[str, Any], ports: Mapping[str, int], address: str
) -> dict[str, Any]:
    """One device of the recording; the first has all the services."""
    entry = {**row, "site": "s", "address": address}
    if section in ("cameras", "recorders"):
        entry["credential"] = "view"
    for service in ("rtsp", "http"):
        if section in ("cameras", "recorders") and entry.get(service) != "no":
            entry[service] = {"port": ports[service]}
    if isinstance(entry.get("snmp"), dict):
        version = "1" if entry["snmp"].get("version") == "1" else "2c"
        entry["snmp"] = {"credential": "view", "port": ports["snmp"], "version": version}
    if "ports" in entry:
        entry["ports"] = [ports["tcp"]]
    for service in ("nut", "apcupsd"):
        if service in entry:
            entry[service] = {**entry[service], "port": ports[service]}
    return entry


async def verdicts(recording: Recording, folder: Path) -> dict[str, dict[str, str]]:
    """What the checks of a recording mean, by "device check instance"."""
    with moved() as clock:
        async with replayed(recording, clock) as (replayer, ports):
            path = configuration(recording, ports, folder)
            engine = composition.build(loading.load(path))
            if (known := recording.reference) is not None:
                engine.context.reference = lambda: Reference(Span(*known), clock.now(), 3, 3)
            found: dict[str, dict[str, str]] = {}
            try:
                for answers in recording.checks:
                    wanted = (answers.device, answers.check, answers.instance)
                    check = next(one for one in engine.estate.checks if one.key == wanted)
                    replayer.begin(answers)
                    result = await engine.run_check(check)
                    engine.apply(result)
                    found[" ".join(wanted).strip()] = verdicts_of(result)
                print("no answer to:", replayer.strangers)
            finally:
                await engine.close()
    return found
