"""``healthmon run``: the agent with its web server and signals."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from healthmon import door, heap, spotcheck, systemd
from healthmon.agent import Agent
from healthmon.config import Config, ConfigError
from healthmon.wallview import wall_of
from healthmon_exporters import web
from healthmon_exporters.probing import Probing


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

    Raises OSError when the port cannot be had, ConfigError for a certificate, key or users file that cannot be used.
    """
    if problems := door.problems(path, config):
        raise ConfigError(problems)
    running = agent or Agent.of(path, config)
    entry = door.Door(running)
    wall = wall_of(running, simulated=simulated)
    probing = Probing(functools.partial(spotcheck.look, running))
    running.ending.append(probing.close)
    site = web.Site(
        metrics=running.metrics,
        probe=probing.answer,
        ready=running.ready,
        alive=running.alive,
        reload=entry.reload,
        targets=lambda: targets(running),
        estate=config.estate.name,
        simulated=simulated,
        wall=wall,
    )
    del config  # of many devices it is large
    await entry.open(web.application(site, entry.users, entry.names))
    _on_signals(running, entry.reload)
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
        await entry.close()


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


def _on_signals(agent: Agent, again: Callable[[], Coroutine[Any, Any, str]]) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[str]] = set()

    def reload() -> None:
        task = loop.create_task(again())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    actions: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGTERM: agent.stop,
        signal.SIGINT: agent.stop,
        signal.SIGHUP: reload,
    }
    for number, action in actions.items():
        loop.add_signal_handler(number, action)
