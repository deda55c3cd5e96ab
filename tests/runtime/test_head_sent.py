"""The head of the audit chain leaves the machine by syslog, from a real agent to a real socket."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

from healthmon.config import loading
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.store import Store

CONFIG = """
agent: {{state_directory: "{state}"}}
sites: [{{id: riverside}}]
cameras: [{{id: C001, name: One, site: riverside, address: 192.0.2.1, kind: fixed}}]
notify: {{logs: {{syslog: {{server: 127.0.0.1, port: {port}, transport: udp}}}}}}
"""


async def test_the_agent_sends_the_head_to_syslog_once_also_after_a_reload(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    store = Store.open(f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}")
    store.keep_sweep(time.time(), "{}")
    head = store.head().short
    store.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.format(state=tmp_path / "state", port=receiver.getsockname()[1]))
        estate = Estate.of(loading.load(path))
        agent = Agent.of(path, estate)
        service = agent.incident_service
        jobs = [
            asyncio.create_task(job())
            for job in (service.store_writer.run, service.releases, service.sending)
        ]
        try:
            service.tick()
            await service.take_over()
            service.tick()
            async with asyncio.timeout(30):
                sent = await asyncio.get_running_loop().sock_recv(receiver, 2048)
            assert sent.decode().endswith(
                f"the head of the record's audit chain | audit chain {head}"
            )
            service.reconfigured(estate.config, estate.devices)
            assert service.post.heads(service.wall.now()) == [], "it has gone today"
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await service.store_writer.close()
            await agent.engine.close()
            agent.running.close()
