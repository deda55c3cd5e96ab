"""A clock statement as a control room makes it: an agent with real time servers (chronyd, one of them an
hour ahead) and cameras whose clocks are right, an hour ahead, slow and set right, and standing still.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from helpers.fakes.onvif_clock import ClockCamera, serving
from helpers.peers.real import chronyd, wait_time
from helpers.product import Done, Product, Running
from helpers.support import Peers, free_port

pytestmark = [pytest.mark.peer, pytest.mark.slow]
GOOD, LIAR = ("127.0.9.1", "127.0.9.2", "127.0.9.3"), "127.0.9.4"
RIGHT, AHEAD, SET, STANDING = "C001", "C002", "C003", "C004"
LONDON, HOUR_MS = "Europe/London", 3_600_000
WHO = ("--name", "A. Smith", "--reason", "police reference 42")


class Standing(ClockCamera):
    """A camera whose clock stands still at the time of its first answer."""

    stood = 0.0

    def _now(self, ahead: float) -> float:
        self.stood = self.stood or super()._now(ahead)
        return self.stood


@dataclass
class Room:
    """The product after its agent has ended; `at` is a time at which it ran, `set_at` is when the clock
    of C003 was set; `live` is a statement that the running agent made.
    """

    product: Product
    at: float
    set_at: float
    live: Done

    def stated(self, camera: str, at: float | None = None, *more: str) -> dict[str, Any]:
        """A statement as JSON."""
        when = stamp(self.at if at is None else at)
        done = self.product.run(
            "clock-statement", camera, "--at", when, *WHO, "--format", "json", *more
        )
        assert done.code == 0, done.text
        return dict(json.loads(done.out))

    def clock(self, camera: str, at: float | None = None) -> dict[str, Any]:
        """What the statement says of the camera's own clock."""
        (moment,) = self.stated(camera, at)["facts"]["moments"]
        return dict(moment["clocks"][0])


def stamp(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def lived(product: Product, peers: Peers, cameras: list[ClockCamera]) -> Room:
    """Run an agent over the cameras, set one clock right meanwhile, make a statement, and stop it."""
    with product.agent(peers) as agent:
        agent.until(lambda: _read(agent, 4), 30)
        began = time.time()
        agent.until(lambda: _last_read(agent) > began + 3, 60)
        at = began + 2
        live = product.run("clock-statement", AHEAD, "--at", stamp(at), *WHO)
        set_at = time.time()
        cameras[2].utc = 0.0
        agent.until(lambda: "clock_drift" not in _sentence(agent), 30)
        # What is stated of three seconds later has a reading on either side.
        agent.until(lambda: _last_read(agent) > set_at + 5, 60)
    return Room(product, at, set_at, live)


def _read(agent: Running, cameras: int) -> bool:
    return len(agent.series("healthmon_clock_offset_seconds", source="onvif")) == cameras


def _last_read(agent: Running) -> float:
    """When the clock was last read of the camera for which that is longest ago, Unix seconds."""
    read = agent.series(
        "healthmon_check_last_success_timestamp_seconds", check="clock", kind="camera"
    )
    return min(at for _, at in read)


def _sentence(agent: Running) -> str:
    found = agent.value("healthmon_clock_offset_seconds", device=SET, source="onvif")
    return "clock_drift" if found is None or abs(found) > 60 else ""


@pytest.fixture(scope="module")
def room(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Room:
    port = free_port(socket.SOCK_DGRAM)
    for address in GOOD:
        chronyd(module_peers, address, port)
    chronyd(module_peers, LIAR, port, skew="+3600s")
    for address in (*GOOD, LIAR):
        wait_time(module_peers, address, port)
    cameras = [
        ClockCamera(),
        ClockCamera(utc=3600.0),
        ClockCamera(utc=-300.0),
        Standing(),
    ]

    async def run() -> Room:
        async with serving(cameras) as rows:
            servers = [{"address": address, "port": port} for address in (*GOOD, LIAR)]
            quick = {"interval": "2 s", "clock_interval": "1 s", "reference_interval": "1 s"}
            tree = {"time_servers": servers, "cameras": rows, "defaults": quick}
            product = Product(tmp_path_factory.mktemp("room"), tree)
            return await asyncio.to_thread(lived, product, module_peers, cameras)

    return asyncio.run(run())


def test_the_clock_that_is_an_hour_ahead_is_stated_so_with_its_bounds(room: Room) -> None:
    found = room.clock(AHEAD)
    assert found["basis"] == "read around it"
    assert found["low_ms"] <= HOUR_MS <= found["high_ms"]
    assert found["high_ms"] - found["low_ms"] < 2500
    assert found["verdict"].startswith("Wrong time zone") or "label" in found["verdict"].lower()
    shown = datetime.fromtimestamp(int(room.at) + 3600, UTC)
    assert f"{shown:%d %b %Y %H:%M}" in found["showed"]


def test_a_right_clock_is_stated_right_by_the_servers_that_agree(room: Room) -> None:
    found = room.clock(RIGHT)
    assert found["low_ms"] <= 0 <= found["high_ms"]
    assert found["offset"].startswith("right within ")
    (moment,) = room.stated(RIGHT)["facts"]["moments"]
    assert moment["running"] == "healthmon ran then."
    assert f"by 3 of 4 time servers that agree: {', '.join(GOOD)}; no leap" in moment["reference"]
    assert LIAR not in moment["reference"]
    assert moment["reference_low_ms"] <= 0 <= moment["reference_high_ms"]


def test_a_clock_that_was_set_is_stated_before_and_after_with_the_step(room: Room) -> None:
    before, after = room.clock(SET, room.at), room.clock(SET, room.set_at + 3)
    assert before["low_ms"] <= -300_000 <= before["high_ms"]
    assert after["low_ms"] <= 0 <= after["high_ms"]
    assert before["steps"] == after["steps"]
    (step,) = before["steps"]
    assert re.search(
        r" it went from (299|300)\.\d s \([45] min.*\) behind UTC to (right|0\.)", step
    )


def test_a_clock_that_stands_still_falls_behind_and_is_not_called_steady(room: Room) -> None:
    found = room.clock(STANDING, room.set_at + 2)
    assert found["steps"]
    assert found["high_ms"] < 0
    assert found["low_ms"] < room.clock(STANDING, room.at)["low_ms"]


def test_the_running_agent_makes_a_statement_of_what_it_has_just_read(room: Room) -> None:
    assert room.live.code == 0, room.live.text
    text = " ".join(room.live.out.split())
    assert "3,600.0 s (1 h 0 min) ahead of UTC" in text or "3,599." in text or "3,600." in text
    assert "police reference 42" in text
    digest = re.search(r"SHA-256 of the facts: ([0-9a-f]{64})", text)
    assert digest, text
    shown = room.product.run("audit", "show").out
    assert f"sha256 {digest[1]}" in shown
    assert room.product.run("audit", "verify").code == 0


def test_a_statement_is_read_again_as_it_was_made_and_its_hash_made_by_others(
    room: Room, tmp_path: Path
) -> None:
    made = room.stated(AHEAD)
    assert hashlib.sha256(rfc8785.dumps(made["facts"])).hexdigest() == made["sha256"]
    pdf, html = tmp_path / "one.pdf", tmp_path / "one.html"
    number = str(made["number"])
    again = room.product.run(
        "clock-statement", "--number", number, "--output", pdf, "--output", html
    )
    assert again.code == 0, again.text
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert made["sha256"] in html.read_text()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("C404", "--at", "2026-11-01 10:00", *WHO), "C404: no such device"),
        ((RIGHT, "--at", "2099-01-01 10:00", *WHO), "is in the future"),
        ((RIGHT, "--at", "2026-03-29 01:30", *WHO), "the clock change leaves this time out"),
        (
            (RIGHT, "--at", "2026-11-01 10:00", "--name", "A. Smith"),
            "say for what the statement is",
        ),
        ((RIGHT, "--at", "2026-11-01 10:00", "--reason", "x"), "a name is needed"),
        (("--number", "999"), "--number 999: there is no such statement"),
        ((RIGHT, "--at", "2026-11-01 10:00", *WHO, "--format", "pfd"), "did you mean 'pdf'"),
    ],
)
def test_what_cannot_be_stated_is_one_line(room: Room, argv: tuple[str, ...], words: str) -> None:
    done = room.product.run("clock-statement", *argv)
    assert (done.code, done.out) == (3, "")
    assert words in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_a_time_before_the_first_reading_is_not_known(room: Room) -> None:
    (moment,) = room.stated(RIGHT, room.at - 40 * 86400)["facts"]["moments"]
    assert moment["running"].startswith("healthmon did NOT run then; it ran from ")
    assert moment["clocks"][0]["how"] == "no reading within 24 hours"
    assert moment["clocks"][0]["low_ms"] is None
