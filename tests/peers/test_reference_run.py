"""The time reference lost, back, and against our own clock, in the app with real time servers and
cameras on loopback.

Not one camera is accused while we do not know the time ourselves: they are unknown, and the agent
has one fault.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from helpers.fakes.onvif_camera import PATH, Camera, moment
from helpers.loopback import served
from helpers.peers.real import chronyd, wait_time
from helpers.results import applied
from helpers.support import Peers, free_port

from healthmon.checks.probes import reference
from healthmon.cli.probe import explanation
from healthmon.config import loading
from healthmon.incidents.confirmation import Fault
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, State
from healthmon.model.results import Verdict
from healthmon.protocols.host import clock as hostclock
from healthmon.runtime.engine import CheckEngine, build

pytestmark = pytest.mark.peer
SERVERS = ("127.0.3.11", "127.0.3.12", "127.0.3.13")
CAMERAS = {"C1": 0.0, "C2": 3600.0, "C3": -45.0}


@dataclass
class Room:
    """An app with three cameras (right, an hour ahead, 45 s behind) and three time servers."""

    engine: CheckEngine
    peers: Peers
    port: int
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def servers(self, skew: str = "", *, synchronised: bool = True) -> None:
        """End the time servers that run and start others, `skew` ahead."""
        self.none()
        self.running = [
            chronyd(self.peers, address, self.port, skew=skew, synchronised=synchronised)
            for address in SERVERS
        ]
        for address in SERVERS:
            wait_time(self.peers, address, self.port)

    def none(self) -> None:
        for process in self.running:
            self.peers.stop(process)
        self.running = []

    async def round(self, times: int = 2) -> dict[str, Verdict]:
        """Look at everything `times` times; the last verdict on each clock, and the agent's own."""
        seen: dict[str, Verdict] = {}
        for _ in range(times):
            for check in (
                self.engine.estate.agent_check(),
                *(Check(name, CheckName.CLOCK, timeout=6.0) for name in CAMERAS),
            ):
                verdicts = (await applied(self.engine, check)).verdicts
                self.engine.state.book.apply(verdicts)
                seen |= {v.device: v for v in verdicts if v.aspect == "offset"}
                seen |= {v.aspect: v for v in verdicts if v.check_type == "reference"}
        return seen

    def faults(self) -> list[tuple[str, str]]:
        def key(fault: Fault) -> tuple[str, str]:
            return (fault.device if fault.device in CAMERAS else "agent", fault.code)

        return sorted(key(fault) for fault in self.engine.state.book.open())


class Ahead(Camera):
    """A camera whose clock is `ahead` of true time, which is ours unless `ours` says that we are
    wrong.
    """

    def __init__(self, ahead: float) -> None:
        super().__init__()
        self.ahead = ahead

    async def __call__(self, reader: object, writer: object) -> None:
        now = datetime.now(UTC) + timedelta(seconds=self.ahead)
        self.replies["GetSystemDateAndTime"] = moment(
            now, now.astimezone(ZoneInfo("Europe/London"))
        )
        await super().__call__(reader, writer)  # type: ignore[arg-type]


@pytest.fixture
async def room(
    peers: Peers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Room]:
    monkeypatch.setattr(hostclock, "read", lambda: None)
    port = free_port(socket.SOCK_DGRAM, SERVERS[0])
    async with contextlib.AsyncExitStack() as stack:
        rows = ""
        for number, (name, ahead) in enumerate(CAMERAS.items(), 1):
            host = f"127.0.3.{20 + number}"
            server = await stack.enter_async_context(served(Ahead(ahead), host=host))
            rows += (
                f"  - {{id: {name}, name: {name}, site: s, address: {host}, kind: fixed, rtsp: no, streams: [], "
                f"http: {{port: {server.port}}}, onvif: {PATH}}}\n"
            )
        servers = "".join(f"  - {{address: {address}, port: {port}}}\n" for address in SERVERS)
        (tmp_path / "config.yaml").write_text(
            f"estate: {{name: Time, time_zone: Europe/London}}\nsites: [{{id: s}}]\ntime_servers:\n{servers}cameras:\n{rows}"
        )
        made = Room(build(loading.load(tmp_path / "config.yaml")), peers, port)
        yield made
        await made.engine.close()


WRONG = [("C2", "clock_zone"), ("C3", "clock_drift")]


async def test_a1_the_reference_is_lost_during_the_run_and_comes_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.servers()
    seen = await room.round()
    assert [seen[name].state for name in CAMERAS] == [State.OK, State.FAULT, State.FAULT]
    assert room.faults() == WRONG

    room.none()
    seen = await room.round()
    assert room.faults() == sorted([("agent", "time_server"), *WRONG]), (
        "the last good answer serves, and says so"
    )
    assert [seen[name].state for name in CAMERAS] == [State.OK, State.FAULT, State.FAULT]
    assert "the last good answer, 0 min old, serves for now" in seen["reference"].sentence

    monkeypatch.setattr(reference, "KEPT_SECONDS", 0.0)
    seen = await room.round()
    assert {(seen[name].state, seen[name].reason) for name in CAMERAS} == {
        (State.UNKNOWN, Reason.NO_REFERENCE)
    }
    assert (seen["reference"].state, seen["reference"].code) == (State.FAULT, "no_reference")
    assert all(
        f"time server {address} does not answer" in seen["reference"].sentence
        for address in SERVERS
    )
    agents = [fault for fault in room.faults() if fault[0] == "agent"]
    assert agents == [("agent", "no_reference")], "one fault that has grown, not two"
    assert room.faults() == sorted([*agents, *WRONG]), (
        "what was known of the cameras is held, nothing is added"
    )

    monkeypatch.undo()
    monkeypatch.setattr(hostclock, "read", lambda: None)
    room.servers()
    seen = await room.round()
    assert [seen[name].state for name in CAMERAS] == [State.OK, State.FAULT, State.FAULT]
    assert room.faults() == WRONG


async def test_a1_servers_that_lose_their_own_source_are_no_reference(room: Room) -> None:
    room.servers(synchronised=False)
    seen = await room.round()
    assert {(seen[name].state, seen[name].reason) for name in CAMERAS} == {
        (State.UNKNOWN, Reason.NO_REFERENCE)
    }
    assert room.faults() == [("agent", "no_reference")]
    assert seen["reference"].sentence.count("says that it is not synchronised") == len(SERVERS)


async def test_a1_our_own_clock_is_wrong_and_the_servers_agree(room: Room) -> None:
    """True time is an hour ahead of ours: the camera that we would have called an hour ahead is the
    right one.
    """
    room.servers("+3600s")
    seen = await room.round()
    assert seen["C2"].state is State.OK
    assert (seen["C1"].code, seen["C3"].state) == ("clock_zone", State.FAULT)
    assert seen["C1"].sentence == "clock 1 h 00 min 00.0 s behind: wrong time zone"
    assert room.faults() == [("C1", "clock_zone"), ("C3", "clock_drift"), ("agent", "host_clock")]
    assert "1 h 0 min behind" in seen["host"].sentence


async def test_a1_a_step_of_our_clock_makes_the_cameras_unknown_until_the_servers_have_answered(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.servers()
    await room.round()
    before = room.faults()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 7200.0)
    for name in CAMERAS:
        verdicts = (await applied(room.engine, Check(name, CheckName.CLOCK, timeout=6.0))).verdicts
        room.engine.state.book.apply(verdicts)
        assert [(v.state, v.reason) for v in verdicts] == [(State.UNKNOWN, Reason.NO_REFERENCE)]
    assert room.faults() == before
    seen = await room.round()
    assert room.faults() == sorted([*before, ("agent", "host_clock")])
    assert "2 h 0 min ahead" in seen["host"].sentence
    monkeypatch.undo()
    monkeypatch.setattr(hostclock, "read", lambda: None)
    await room.round()
    assert room.faults() == before


async def test_explain_names_the_clock_that_was_not_read(room: Room) -> None:
    """The camera answers without a Date."""
    room.servers()
    text, code = await explanation(room.engine, "C2", "clock", notes=True)
    assert code == 1
    assert "measured ONVIF clock: " in text
    assert "ahead of true time, +-" in text
    assert (
        "measured web server clock: not read: not reported by the device (no Date that can be read"
        in text
    )
    assert "not read: web server clock (not reported by the device)" in text
