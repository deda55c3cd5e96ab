"""``healthmon probe DEVICE --explain``: what was asked, what came back, what was observed and how it was judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from healthmon.app import App
from healthmon.gates import GateHeldError
from healthmon.model import Ask, Clock, Observation, Question, State, Verdict
from healthmon.verdict.clock import reading_words
from healthmon.wire.trace import Trace
from healthmon_exporters.prometheus import Metrics
from healthmon_exporters.shift_sheet import MARKS

_CODES = {State.OK: 0, State.DEGRADED: 1, State.FAULT: 1, State.UNKNOWN: 2}


async def explanation(
    app: App, device: str, question: str | None, *, notes: bool
) -> tuple[str, int]:
    """The text for the terminal and the exit code (0 well, 1 fault or warning, 2 not checked)."""
    lines: list[str] = []
    worst: set[int] = set()
    asks = [a for a in app.asks if a.device == device and question in (None, a.question.value)]
    if not asks:
        return (
            f"{device} is not asked {question or 'anything'} (see its ports and `disabled` in the configuration)\n",
            2,
        )
    schedule = app.schedule(lambda _ask, _observation: None)
    try:
        if any(ask.question is Question.CLOCK for ask in asks):
            await app.look(app.agent_ask())
        for ask in asks:
            trace = Trace(keep_notes=notes)
            try:
                async with schedule.gates.of(ask.gate):
                    observation = await app.look(ask, trace)
            except GateHeldError as error:
                observation = error.instead(ask)
            verdicts = app.judge(observation)
            worst |= {_CODES[v.state] for v in verdicts}
            lines += _told(app, ask, observation, verdicts, trace)
    finally:
        schedule.gates.close()
        await app.close()
    return "\n".join(lines) + "\n", 1 if 1 in worst else max(worst, default=0)


def _told(
    app: App, ask: Ask, observation: Observation, verdicts: Iterable[Verdict], trace: Trace
) -> list[str]:
    kept = tuple(verdicts)
    part = f" {ask.part}" if ask.part else ""
    device = app.devices[ask.device]
    lines = [
        f"{device.id}  {device.name}  {ask.question.value}{part}  {observation.duration:.3f} s"
    ]
    if trace.keep_notes:
        lines += [
            f"    {at:8.3f} {mark} {line}"
            for at, mark, text in trace.notes
            for line in text.splitlines()
        ]
        lines += _observed(observation)
    lines += [f"  {MARKS[v.state]}  {v.aspect}: {v.sentence}" for v in kept]
    if trace.keep_notes:
        metrics = Metrics((device,), (ask,), version="")
        metrics.observed(observation, kept)
        wanted = f'device="{device.id}"'
        text = metrics.text(openmetrics=False).decode()
        lines += [
            f"    {line}"
            for line in text.splitlines()
            if wanted in line and not line.startswith("#")
        ]
    return lines


def _observed(observation: Observation) -> list[str]:
    if observation.value is None:
        return [f"    observed: nothing ({observation.reason}: {observation.detail})"]
    value = observation.value
    shown = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    lines: list[str] = []
    if isinstance(value, Clock):
        true = value.reference.offset if value.reference is not None else None
        lines = [
            f"    observed {reading_words(reading, true)}" for reading in shown.pop("readings")
        ]
    return lines + [
        f"    observed {name}: {one}" for name, one in shown.items() if one not in (None, (), "")
    ]
