"""A device that refuses one check is asked at once whether it can be reached at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from helpers.loopback import served
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.model.enums import CheckName, State

pytestmark = pytest.mark.slow


def reach(room: OpenAgent) -> State | None:
    """How the reach check of the camera ended last."""
    seen = room.agent.state.latest_results.seen.get(("C1", "reach", ""))
    return seen.state if seen else None


async def test_a_camera_that_died_after_it_was_reached_is_known_to_be_lost_at_once(
    tmp_path: Path,
) -> None:
    port = free_port()
    camera = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.1", "kind": "fixed"}
    rest = {"http": "no", "rtsp": {"port": port}, "streams": [{"path": "/live"}], "interval": "1 h"}

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with open_agent(tmp_path, {"sites": [{"id": "s"}], "cameras": [camera | rest]}) as room:
        schedule, checks = room.agent.schedule, room.agent.estate.checks_of["C1"]
        by_type = {check.check_type: check for check in checks}
        async with served(answer, port=port):
            schedule.run_soon([by_type[CheckName.REACH]])
            await room.until(lambda: reach(room) is State.OK)
        schedule._hasty.clear()
        schedule.run_soon([by_type[CheckName.STREAM]])
        async with asyncio.timeout(20):  # its own turn in the first round comes after a minute
            await room.until(lambda: reach(room) is State.FAULT)
