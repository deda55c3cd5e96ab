"""A client that hammers `/probe`: the devices and the polling do not feel it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers.room import Room
from helpers.support import Peers

pytestmark = pytest.mark.long
SECONDS = 12.0


@pytest.fixture(scope="module")
def room(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Room:
    made = Room(module_peers, tmp_path_factory.mktemp("room"))
    made.estate(6, "--recorders", "1")

    def change(tree: dict[str, Any]) -> None:
        tree["defaults"] = {"interval": "5 s", "watch": "0.5 s"}

    made.configure(change)
    made.start()
    return made


def counters(room: Room) -> dict[str, dict[str, int]]:
    """What each simulated device has counted."""
    with urllib.request.urlopen(f"http://127.0.0.1:{room.control}/devices", timeout=60) as answer:
        return {device["id"]: device["counters"] for device in json.load(answer)}


MODULES = ("stream", "reach", "clock", "identity", "certificate", "")


async def hammer(room: Room, number: int, told: Counter[int], until: float) -> None:
    target, first = f"C00{number % 2 + 1}", number // 2 % len(MODULES)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{room.port}", trust_env=False, timeout=30
    ) as http:
        while time.monotonic() < until:
            for module in (*MODULES[first:], *MODULES[:first]):
                try:
                    answer = await http.get("/probe", params={"target": target, "module": module})
                except httpx.TransportError:
                    told[0] += 1
                    continue
                told[answer.status_code] += 1
                if answer.status_code in (429, 503):
                    assert int(answer.headers["retry-after"]) >= 1
                    assert answer.text.endswith("; try again\n")


def test_a10_who_hammers_probe_harms_neither_a_device_nor_the_polling(room: Room) -> None:
    told: Counter[int] = Counter()

    def runs(check: str) -> dict[str, float]:
        found = room.series("healthmon_check_runs_total")
        return {labels["device"]: value for labels, value in found if labels["check"] == check}

    async def storm() -> None:
        end = time.monotonic() + SECONDS
        await asyncio.gather(*(hammer(room, number, told, end) for number in range(24)))

    before, at, began = runs("stream"), counters(room), time.monotonic()
    asyncio.run(storm())
    took, after, now = time.monotonic() - began, runs("stream"), counters(room)
    assert set(told) <= {200, 404, 429, 503, 0}, told  # 404: a question that is not asked of it
    assert told[200] > 50
    assert told[429] > 0
    polls = took / 5.0
    for device in ("C001", "C002", "C003"):
        assert now[device]["connections_most"] <= 1, device
        assert now[device]["sessions_most"] <= 1, device
        assert now[device]["teardowns"] >= now[device]["sessions"] - 1
        assert after[device] - before[device] >= polls // 2, f"{device} is polled on"
        looks = now[device]["sessions"] - at[device]["sessions"]
        # A stream check every 5 s; by /probe, alone and in the whole look, two in 10 s.
        extra = 0 if device == "C003" else 2 * (took / 10 + 1)
        assert looks <= polls + 2 + extra, (device, looks, took)
    assert "bug" not in room.peers.log().lower()
    assert room.series("healthmon_fault_active") == []
    for device in ("C001", "C002", "C003"):
        checks = json.loads(room.get(f"/wall/device?id={device}"))["checks"]
        assert {one["state"] for one in checks if one["check"] in ("Answers", "Pictures")} == {
            "ok"
        }, checks


def test_a_device_that_is_not_configured_is_not_looked_at(room: Room, tmp_path: Path) -> None:
    for target in ("C099", "127.0.0.1", "http://169.254.169.254/", "", "C001/../C002"):
        answer = httpx.get(
            f"http://127.0.0.1:{room.port}/probe",
            params={"target": target, "module": "reach"},
            trust_env=False,
        )
        assert answer.status_code == 404, target
    answer = httpx.get(
        f"http://127.0.0.1:{room.port}/probe",
        params={"target": "C001", "module": "playback"},
        trust_env=False,
    )
    assert answer.status_code == 404, "what is sampled has a budget of its own"
