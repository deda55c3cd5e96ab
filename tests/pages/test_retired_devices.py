"""A device that is retired is not checked any more: its fault is closed and says so, its series end, it
leaves the wall and keeps its page; one that joins later is checked from then on.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.commands import healthmon
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.runtime import wall_feed
from healthmon.runtime.wall_clock import WallClock

pytestmark = pytest.mark.slow
PAGE = "/devices/C1"


def estate(**of_c1: object) -> dict[str, Any]:
    """Two cameras at which nobody answers."""

    def camera(name: str, **more: object) -> dict[str, object]:
        where = {"id": name, "name": f"Camera {name}", "site": "s", "address": "127.0.0.1"}
        ports = {"kind": "fixed", "http": "no", "onvif": "no", "rtsp": {"port": free_port()}}
        return where | ports | more

    return {
        "estate": {"time_zone": "UTC"},
        "defaults": {"interval": "1 s", "timeout": "1 s", "confirm": {"failures": 1}},
        "sites": [{"id": "s"}],
        "cameras": [camera("C1", **of_c1), camera("C2")],
    }


def day(ahead: int) -> str:
    return f"{datetime.now(UTC).date() + timedelta(days=ahead)}"


def open_of(room: OpenAgent, device: str) -> list[int]:
    reducer = room.agent.incident_service.reducer
    return [number for number, one in reducer.incidents.items() if one.device == device]


async def reloaded(room: OpenAgent, folder: Path, tree: dict[str, Any]) -> None:
    state = {"agent": {"state_directory": str(folder / "state")}}
    (folder / "config.yaml").write_text(yaml.safe_dump(state | tree))
    assert await room.agent.reload() == ""


async def test_a_retired_device_keeps_its_page_and_its_fault_is_closed_in_words(
    tmp_path: Path,
) -> None:
    tree = estate()
    async with open_agent(tmp_path, tree) as room:
        await room.until(lambda: open_of(room, "C1") and open_of(room, "C2"))
        (number,) = open_of(room, "C1")
        tree["cameras"][0]["retired"] = day(0)
        await reloaded(room, tmp_path, tree)
        assert (open_of(room, "C1"), len(open_of(room, "C2"))) == ([], 1)
        fault = await room.says(
            f"/faults/F{number:06d}", f"closed: the device was retired on {day(0)}"
        )
        assert not re.search("Restored|self-healed", fault)
        page = await room.says(PAGE, f"retired on {day(0)}")
        assert f"F{number:06d}" in page
        assert not re.search("Nothing is on record|Check now", page)
        metrics = room.agent.metrics.text(openmetrics=False).decode()
        assert set(re.findall('device="(C[12])"', metrics)) == {"C2"}
        wall = wall_feed.snapshot(room.agent, room.agent.estate.in_service)
        assert [one.id for one in wall.devices if one.site] == ["C2"]
        assert room.agent.ready()


async def test_a_manager_retires_a_device_on_its_page_and_puts_it_back(tmp_path: Path) -> None:
    async with open_agent(tmp_path, estate()) as room:
        await room.until(lambda: open_of(room, "C1"))
        to, more = f"{PAGE}/service", {"did": "retired", "reference": "mast taken down"}
        assert (await room.press(PAGE, to, day="2999-01-01", **more)).status_code == 409
        assert (await room.press(PAGE, to, day="", **more)).status_code == 303
        assert not open_of(room, "C1")
        page = await room.says(PAGE, f"<dt>Retired</dt><dd>{day(0)}</dd>")
        assert "In service again" in page
        viewed = (await room.get(PAGE, "viewer")).text
        assert "In service again" not in viewed
        back = {"did": "returned", "reference": "mast is up", "day": ""}
        assert (await room.press(PAGE, to, **back)).status_code == 303
        await room.until(lambda: open_of(room, "C1"))


async def test_a_date_that_comes_is_followed_without_a_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_agent(tmp_path, estate(retired=day(1))) as room:
        await room.until(lambda: open_of(room, "C1"))
        tomorrow = time.time() + 86400
        monkeypatch.setattr(WallClock, "now", lambda _self: tomorrow)
        room.agent._self()
        assert "C1" not in room.agent.estate.checks_of
        assert not open_of(room, "C1")


async def test_a_device_that_vanished_from_the_file_keeps_its_page(tmp_path: Path) -> None:
    tree = estate()
    async with open_agent(tmp_path, tree) as room:
        await room.until(lambda: open_of(room, "C1"))
        (number,) = open_of(room, "C1")
        await reloaded(room, tmp_path, tree | {"cameras": tree["cameras"][1:]})
        page = await room.says(PAGE, "no longer in config.yaml since ")
        assert f"F{number:06d}" in page
        assert not re.search("Nothing is on record|Retire this device|Check now", page)
        fault = (await room.get(f"/faults/F{number:06d}")).text
        assert "closed: the device was taken out of the configuration" in fault
        assert 'href="/devices/C1"' in fault
        nobody = await room.get("/devices/C9")
        assert (nobody.status_code, "no such device" in nobody.text) == (404, True)
        assert (await room.get("/devices/healthmon")).status_code == 404


async def test_a_device_that_joins_later_is_not_checked_before(tmp_path: Path) -> None:
    async with open_agent(tmp_path, estate(joined=day(1))) as room:
        await room.until(lambda: open_of(room, "C2"))
        assert "C1" not in room.agent.estate.checks_of
        await room.says(PAGE, f"joins on {day(1)}")


def test_a_retired_camera_is_on_no_sheet_and_in_no_total(tmp_path: Path) -> None:
    tree = estate(retired=day(0)) | {"agent": {"state_directory": str(tmp_path / "state")}}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    code, out, _ = healthmon("sweep", "--shift", "--json", "--config", str(path))
    made = json.loads(out)
    assert (code, [one["id"] for one in made["cameras"]]) == (1, ["C2"])
    assert [one["of"] for one in made["totals"] if one["total"] == "live"] == [1]
