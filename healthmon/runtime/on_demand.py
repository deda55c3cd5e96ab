"""One check out of turn, as ``/probe`` asks for it: through the same locks as the polling, its
result shown only.
"""

from __future__ import annotations

import time

from healthmon import __version__
from healthmon.model.device import Check
from healthmon.runtime.agent import Agent
from healthmon_exporters.metrics.exposition import Metrics
from healthmon_exporters.web.probe_handler import RefusedError


async def probe(agent: Agent, device_id: str, check_type: str) -> bytes | None:
    """The metrics of one check of a device, all its checks if none is named; None for what is
    not configured.

    What is sampled (playback) has a budget of its own and is not asked. Raises RefusedError for a
    device that is left alone because it was busy.
    """
    engine, schedule = agent.engine, agent.schedule
    wanted = [
        check
        for check in engine.estate.checks_of.get(device_id, ())
        if check_type in ("", check.check_type) and not check.sampled
    ]
    if not wanted or schedule is None:
        return None
    device = engine.estate.devices[device_id]
    shown = Metrics((device,), tuple(wanted), version=__version__)
    detached = engine.detached({device_id, *(check.spoken_to for check in wanted)})
    for check in wanted:
        if rest := rest_of(agent, check):
            words = f"{device_id} was busy or cut us off and is left alone for {rest:.0f} s more"
            raise RefusedError(words, 503, rest)
        result = await schedule.run_now(check, detached.run_check)
        detached.apply(result)
        shown.apply(result)
    return shown.text(openmetrics=False)


def rest_of(agent: Agent, check: Check) -> float:
    """For how many seconds more a device that is backed off from is not asked; 0.0 for one that may
    be asked.
    """
    seen = agent.engine.state.latest_results.seen.get(check.key)
    pause = agent.schedule.pause_after(check) if agent.schedule else 0.0
    if seen is None or pause <= check.interval:
        return 0.0
    return max(0.0, seen.landed + pause - time.monotonic())
