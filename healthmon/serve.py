"""``healthmon run``: the agent with its web server and signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from healthmon import heap, systemd
from healthmon.agent import Agent
from healthmon.config import Config
from healthmon.wallview import wall_of
from healthmon_exporters import web


async def serve(
    path: Path,
    config: Config,
    *,
    agent: Agent | None = None,
    simulated: bool = False,
    spread: bool = True,
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Run until SIGINT or SIGTERM; SIGHUP reloads. `serving` is called once pages can be had.

    Raises OSError when the port cannot be had.
    """
    running = agent or Agent.of(path, config)
    section = config.agent
    users = Path(config.folder) / section.users_file if section.users_file else None
    tls = (section.tls.certificate, section.tls.key) if section.tls else None
    wall = wall_of(running, simulated=simulated)
    site = web.Site(
        metrics=running.metrics,
        probe=running.probe,
        ready=running.ready,
        alive=running.alive,
        reload=running.reload,
        targets=lambda: targets(running),
        estate=config.estate.name,
        simulated=simulated,
        wall=wall,
    )
    server = await web.serve(web.application(site, users), section.listen, section.port, tls=tls, users=users)
    _on_signals(running)
    serving()
    heap.settled()
    systemd.tell("READY=1", f"STATUS={running.status()}")
    signs = asyncio.create_task(systemd.watch(running.alive, running.status))
    try:
        await running.run(spread=spread)
    finally:
        systemd.tell("STOPPING=1")
        signs.cancel()
        await wall.live.close()
        await server.close()


def targets(agent: Agent) -> list[dict[str, Any]]:
    """HTTP service discovery: every device that is asked anything, with what /probe needs."""
    asked = dict.fromkeys(ask.device for ask in agent.app.asks)
    devices = [agent.app.devices[name] for name in asked]
    return [
        {
            "targets": [device.id],
            "labels": {
                "site": device.site,
                "__meta_healthmon_kind": device.kind.value,
                "__meta_healthmon_name": device.name,
            },
        }
        for device in devices
        if device.site
    ]


def _on_signals(agent: Agent) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[str]] = set()

    def reload() -> None:
        task = loop.create_task(agent.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    actions: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGTERM: agent.stop,
        signal.SIGINT: agent.stop,
        signal.SIGHUP: reload,
    }
    for number, action in actions.items():
        loop.add_signal_handler(number, action)
