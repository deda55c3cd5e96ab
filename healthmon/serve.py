"""``healthmon run``: the agent with its web server, signals and the readiness of both."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from healthmon.agent import Agent
from healthmon.config import Config
from healthmon_exporters import web


async def serve(
    path: Path, config: Config, *, agent: Agent | None = None, simulated: bool = False, spread: bool = True
) -> None:
    """Run until SIGINT or SIGTERM; SIGHUP reloads. Raises OSError when the port cannot be had."""
    running = agent or Agent.of(path, config)
    app = web.application(
        metrics=running.metrics,
        probe=running.probe,
        ready=running.ready,
        reload=running.reload,
        estate=config.estate.name,
        simulated=simulated,
    )
    server = await web.serve(app, config.agent.listen, config.agent.port, tls=config.agent.tls)
    _on_signals(running)
    try:
        await running.run(spread=spread)
    finally:
        await server.close()


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
