"""The 2-s stream check against a bare receive loop over the same cameras, and against ffprobe."""

from __future__ import annotations

import asyncio
import re
import selectors
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def healthmon(path: Path, count: int) -> list[tuple[float, int]]:
    """CPU-ms per check and bytes of each round of `count` checks at once, after a warm one."""
    engine = build(path)
    checks = [
        check
        for check in engine.estate.checks
        if check.check_type == CheckName.STREAM and check.device.startswith("C")
    ][:count]

    async def once() -> tuple[float, int]:
        began = cpu()
        results = await asyncio.gather(*(engine.run_check(check) for check in checks))
        seen = [result.observation.value for result in results]
        streams = [value for value in seen if isinstance(value, Stream)]
        if len(streams) != len(checks) or any(s.lost or not s.frames for s in streams):
            raise AssertionError("a clean stream was not seen whole")
        return (cpu() - began) * 1000 / len(checks), sum(s.bytes for s in streams)

    async def rounds() -> list[tuple[float, int]]:
        watching = asyncio.create_task(engine.runner.lag.watch())
        await once()
        found = [await once() for _ in range(ROUNDS)]
        watching.cancel()
        await engine.close()
        return found

    return run(rounds())


def ffprobe(tool: str, urls: list[str]) -> float:
    """CPU-ms of each of so many runs at once, which read the packets of as many seconds."""
    words = "-v error -rtsp_transport tcp -read_intervals %+2 -show_packets"
    with ThreadPoolExecutor(len(urls)) as pool:
        return (
            sum(pool.map(child_cpu, ([tool, *words.split(), url] for url in urls)))
            * 1000
            / len(urls)
        )


def _against_ffprobe(path: Path, places: list[tuple[str, str]]) -> Iterator[Row]:
    tool = shutil.which("ffprobe")
    # Every third camera of the estate offers a login by SHA-256 alone, which ffprobe does not know.
    usable = [place for number, place in enumerate(places, 1) if number % 3]
    urls = [f"rtsp://healthmon:view%20only@{address}:{PORT}{where}" for address, where in usable]
    for count, gate in ((1, 1 / 20), (20, 1 / 45)):
        name = f"2-s stream check, {count} at once, against ffprobe"
        ours, _ = min(healthmon(path, count))
        if tool is None:
            yield Row(name, ours, gate=gate, absent="ffprobe")
        else:
            theirs = min(ffprobe(tool, urls[:count]) for _ in range(ROUNDS))
            yield Row(name, ours, theirs, gate=gate)


def rows() -> Iterator[Row]:
    with estate(CAMERAS) as path:
        engine = build(path)
        cameras = [d for d in engine.estate.devices.values() if d.id.startswith("C")][:CAMERAS]
        login = engine.context.credential("camera-view")
        places = [(d.address, d.streams[0].path or "/stream1") for d in cameras]
        ours, size = min(healthmon(path, CAMERAS))
        theirs, raw = min(bare(places, login) for _ in range(ROUNDS))
        # The same seconds of the same cameras, but not to the byte: the cost is compared per byte.
        name = "2-s stream check, per byte, against a bare receive loop"
        yield Row(name, ours, theirs * size / raw, gate=5)
        yield from _against_ffprobe(path, places)
