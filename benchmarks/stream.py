"""The 2-s stream check against a bare receive loop over the same cameras, and against ffprobe."""

from __future__ import annotations

import asyncio
import re
import selectors
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._application import build
from benchmarks._measure import Row, child_cpu, cpu, estate, run
from healthmon.model.enums import CheckName
from healthmon.model.measurements import Stream
from healthmon.protocols.http.digest import authorization, choose, parse_challenges

CAMERAS, WATCH, ROUNDS, PORT = 100, 2.0, 3, 8554


class Bare:
    """One session of blocking sockets: asks, then only reads and throws away."""

    def __init__(self, address: str, path: str, login: object) -> None:
        self.url, self.login, self.count = f"rtsp://{address}:{PORT}{path}", login, 0
        self.socket = socket.create_connection((address, PORT))
        self.session, self.challenge, self.size = "", None, 0

    def request(self, method: str, more: str = "", track: str = "") -> str:
        """Send a request, with the login once it is known; give the reply."""
        self.count += 1
        text = f"{method} {self.url}{track} RTSP/1.0\r\nCSeq: {self.count}\r\n{more}{self.session}"
        if self.challenge is not None:
            signed = authorization(
                self.challenge, self.login, method, self.url + track, count=self.count
            )
            text += f"Authorization: {signed}\r\n"
        self.socket.sendall(text.encode() + b"\r\n")
        return self.socket.recv(65536).decode("latin-1") if method != "TEARDOWN" else ""

    def play(self) -> None:
        """Everything up to PLAY."""
        refused = self.request("DESCRIBE", "Accept: application/sdp\r\n")
        if " 401 " in refused:
            offers = re.findall(r"(?i)^www-authenticate: (.*)\r$", refused, re.MULTILINE)
            self.challenge = choose(parse_challenges(offers), allow_basic=False)
            self.request("DESCRIBE", "Accept: application/sdp\r\n")
        reply = self.request(
            "SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", "/trackID=1"
        )
        found = re.search(r"(?i)^session: ([^;\r]+)", reply, re.MULTILINE)
        self.session = f"Session: {found[1]}\r\n" if found else ""
        self.request("PLAY", "Range: npt=0.000-\r\n")


def bare(cameras: list[tuple[str, str]], login: object) -> tuple[float, int]:
    """CPU-ms per camera and bytes of one round."""
    began, buffer = cpu(), bytearray(256 * 1024)
    sessions = [Bare(address, path, login) for address, path in cameras]
    with selectors.DefaultSelector() as ready:
        for session in sessions:
            session.play()
            ready.register(session.socket, selectors.EVENT_READ, session)
        end = time.monotonic() + WATCH
        while (left := end - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                key.data.size += key.data.socket.recv_into(buffer)
    for session in sessions:
        session.request("TEARDOWN")
        session.socket.close()
    return (cpu() - began) * 1000 / len(sessions), sum(session.size for session in sessions)


def healthmon(path: Path) -> Iterator[tuple[float, int]]:
    """CPU-ms per look and bytes of each round, after a warm one."""
    application = build(path)
    checks = [
        a
        for a in application.checks
        if a.check_type == CheckName.STREAM and a.device.startswith("C")
    ][:CAMERAS]

    async def once() -> tuple[float, int]:
        began = cpu()
        seen = [
            o.value for o in await asyncio.gather(*(application.look(check) for check in checks))
        ]
        streams = [value for value in seen if isinstance(value, Stream)]
        if len(streams) != len(checks) or any(s.lost or not s.frames for s in streams):
            raise AssertionError("a clean stream was not seen whole")
        return (cpu() - began) * 1000 / len(checks), sum(s.bytes for s in streams)

    async def rounds() -> list[tuple[float, int]]:
        await once()
        found = [await once() for _ in range(ROUNDS)]
        await application.close()
        return found

    yield from run(rounds())


def rows() -> list[Row]:
    with estate(CAMERAS) as path:
        application = build(path)
        cameras = [d for d in application.devices.values() if d.id.startswith("C")][:CAMERAS]
        login = application.context.credential("camera-view")
        places = [(d.address, d.streams[0].path or "/stream1") for d in cameras]
        ours, size = min(healthmon(path))
        theirs, raw = min(bare(places, login) for _ in range(ROUNDS))
        # The same seconds of the same cameras, but not to the byte: the cost is compared per byte.
        found = [
            Row(
                "2-s stream check, per byte, against a bare receive loop",
                ours,
                theirs * size / raw,
                gate=5,
            )
        ]
        tool = shutil.which("ffprobe")
        url = f"rtsp://healthmon:view%20only@{places[0][0]}:{PORT}{places[0][1]}"
        if tool is None:
            return [
                *found,
                Row("2-s stream check against ffprobe", ours, gate=1 / 30, absent="ffprobe"),
            ]
        argv = [
            tool,
            "-v",
            "error",
            "-rtsp_transport",
            "tcp",
            "-read_intervals",
            "%+2",
            "-show_packets",
            url,
        ]
        probe = min(child_cpu(argv) for _ in range(ROUNDS)) * 1000
        return [*found, Row("2-s stream check against ffprobe", ours, probe, gate=1 / 30)]
