"""``healthmon run``: the agent with its web server and signals."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from healthmon.config.problems import ConfigError
from healthmon.runtime import listener_config, memory, on_demand, systemd
from healthmon.runtime.act_socket import ActSocket
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.operators import Operators
from healthmon.runtime.preloading import load_for
from healthmon.runtime.reloads import Reloads
from healthmon_exporters.web import app as web
from healthmon_exporters.web.agent_pages import AgentPages
from healthmon_exporters.web.probe_handler import Probing


async def serve(
    path: Path,
    estate: Estate,
    *,
    agent: Agent | None = None,
    spread: bool = True,
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Run until SIGINT or SIGTERM; SIGHUP reloads. `serving` is called once pages can be had.

    Raises OSError when the port cannot be had, ConfigError for a certificate, key or users file
    that cannot be used.
    """
    if problems := listener_config.problems(path, estate.config):
        raise ConfigError(problems)
    running = agent or Agent.of(path, estate)
    load_for(running.estate.checks, running.estate.makes)
    entry = listener_config.WebListener(running)
    reloads = Reloads(entry.reload)
    probing = Probing(functools.partial(on_demand.probe, running))
    running.ending += [probing.close, reloads.close]
    operators = Operators(running, entry)
    site = web.Site(
        metrics=running.metrics,
        probe=probing.answer,
        ready=running.ready,
        waiting=running.waiting,
        alive=running.alive,
        reload=reloads.request,
        targets=lambda: targets(running),
        agent_pages=AgentPages(
            running.report, lambda: listener_config.agents(running.estate.config)
        ),
        estate=estate.config.estate.name,
        simulated=estate.config.estate.simulated,
        operators=operators.endpoints,
        last_failure=functools.partial(last_failure, running),
    )
    del estate  # a reload makes another one
    await entry.open(web.application(site, entry.users, entry.names, entry.control))
    entered = ActSocket(running, operators.enter)
    entered.open()
    _on_signals(running, reloads.request)
    serving()
    memory.settled()
    systemd.tell("READY=1", f"STATUS={running.status()}")
    signs = asyncio.create_task(systemd.watch(running.alive, running.status))
    try:
        await running.run(spread=spread)
    finally:
        systemd.tell("STOPPING=1")
        signs.cancel()
        await operators.close()
        await entered.close()
        await entry.close()


def last_failure(agent: Agent, device_id: str) -> str | None:
    """The last failed run of each check of a device, in words; None for what is not configured."""
    from healthmon_exporters.reports.run_text import run_text  # which brings the sheet

    device = agent.estate.devices.get(device_id)
    if device is None:
        return None
    lines: list[str] = []
    for check in agent.estate.checks_of.get(device_id, ()):
        failed = agent.state.failures.get(check.key)
        if failed is not None:
            lines.append(f"at {agent.estate.time_of_day(failed.result.observation.at)}")
            lines += run_text(device, failed.result, failed.trace)
    return "\n".join(lines or [f"{device_id}: no failed run since the agent started"]) + "\n"


def targets(agent: Agent) -> list[dict[str, Any]]:
    """HTTP service discovery: every device that is asked anything, with what /probe needs."""
    asked = dict.fromkeys(check.device for check in agent.engine.estate.checks)
    devices = [agent.engine.estate.devices[name] for name in asked]
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
