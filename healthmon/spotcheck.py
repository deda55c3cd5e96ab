"""One look out of turn, as ``/probe`` asks for it: through the same gates as the polling, its result shown only."""

from __future__ import annotations

import time

from healthmon import __version__
from healthmon.agent import Agent
from healthmon.model import Ask
from healthmon_exporters.probing import RefusedError
from healthmon_exporters.prometheus import Metrics


async def look(agent: Agent, device_id: str, question: str) -> bytes | None:
    """The metrics of one look at a device, all its questions where none is named; None for what is not configured.

    What is sampled (playback) has a budget of its own and is not asked. Raises RefusedError for a device that is left
    alone because it was busy.
    """
    app, schedule = agent.app, agent.schedule
    wanted = [
        a
        for a in app.asks
        if a.device == device_id and question in ("", a.question.value) and not a.sampled
    ]
    if not wanted or schedule is None:
        return None
    shown = Metrics((app.devices[device_id],), tuple(wanted), version=__version__)
    for ask in wanted:
        if rest := _rest(agent, ask):
            words = f"{device_id} was busy or cut us off and is left alone for {rest:.0f} s more"
            raise RefusedError(words, 503, rest)
        observation = await schedule.look_now(ask)
        shown.observed(observation, app.judge(observation))
    return shown.text(openmetrics=False)


def _rest(agent: Agent, ask: Ask) -> float:
    """For how many seconds more a device that is backed off from is not asked."""
    seen = agent.board.seen.get(ask.key)
    pause = agent.schedule.pause_after(ask) if agent.schedule else 0.0
    if seen is None or pause <= ask.interval:
        return 0.0
    return max(0.0, seen.landed + pause - time.monotonic())
