"""One look out of turn: through the gate, shown and not judged into the book; a device that is
backed off from has rest.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from healthmon.config import loading
from healthmon.model.enums import CheckName
from healthmon.runtime import on_demand
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.scheduling.scheduler import BACK_OFF_AFTER
from healthmon_exporters.web.probe_handler import RefusedError

CONFIG = """
agent: {{state_directory: "{state}"}}
sites: [{{id: market}}]
cameras:
  - {{id: C001, name: One, site: market, address: 127.0.0.1, kind: fixed, rtsp: {{port: {port}}}, http: no,
      streams: [{{name: main, path: /main}}]}}
"""


async def test_a_camera_that_drops_us_is_left_alone_by_probe_too(tmp_path: Path) -> None:
    came = 0

    def slam(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.transport.abort()

    camera = await asyncio.start_server(slam, "127.0.0.1", 0)
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()
    path.write_text(CONFIG.format(state=state, port=camera.sockets[0].getsockname()[1]))
    agent = Agent.of(path, Estate.of(loading.load(path)))
    assert await on_demand.probe(agent, "C001", "stream") is None, "not before the run has begun"
    agent.schedule = agent.engine.schedule(agent.deliver)
    check = next(one for one in agent.engine.estate.checks if one.check_type == CheckName.STREAM)
    try:
        for _ in range(BACK_OFF_AFTER):
            await agent.schedule._one(check)
            text = await on_demand.probe(agent, "C001", "stream")
            assert text is not None
            assert b'device="C001"' in text
        assert agent.state.results == {}
        assert not agent.engine.state.book.open(), "what /probe sees is not judged into the book"
        agent.deliver(await agent.engine.run_check(check))
        before = came
        with pytest.raises(
            RefusedError,
            match=r"C001 was busy or cut us off and is left alone for 1[0-9]{2} s more",
        ) as caught:
            await on_demand.probe(agent, "C001", "stream")
        assert (came, caught.value.status) == (before, 503)
        assert await on_demand.probe(agent, "C001", "reach"), "whether it answers may be asked"
        for device, check_type in (
            ("C002", ""),
            ("C001", "playback"),
            ("", ""),
            ("127.0.0.1", "reach"),
        ):
            assert await on_demand.probe(agent, device, check_type) is None
    finally:
        camera.close()
        await camera.wait_closed()
        agent.schedule.address_locks.close()
        await agent.incident_service.store_writer.close()
        await agent.engine.close()
        agent.running.close()
