"""One run of a check in words: what was asked, what came back, what was measured, what it means, and
the metrics of it.
"""

from __future__ import annotations

import dataclasses

from healthmon.checks.evaluation.clock import reading_words
from healthmon.model.device import Device
from healthmon.model.measurements import Clock
from healthmon.model.picture import PictureReading, sketch_lines
from healthmon.model.plain_text import one_line
from healthmon.model.results import CheckResult, Observation
from healthmon.protocols.trace import Trace
from healthmon_exporters.metrics.exposition import Metrics
from healthmon_exporters.reports.shift_sheet import MARKS


def run_text(device: Device, result: CheckResult, trace: Trace) -> list[str]:
    """One run in words: with the notes of `trace` where they were kept."""
    check, observation = result.check, result.observation
    instance = f" {check.instance}" if check.instance else ""
    lines = [
        f"{device.id}  {device.name}  {check.check_type}{instance}  {observation.duration:.3f} s"
    ]
    if trace.keep_notes:
        lines += [
            f"    {at:8.3f} {mark} {line}"
            for at, mark, text in trace.notes
            for line in text.splitlines()
        ]
        lines += _measured(observation)
    lines += [f"  {MARKS[v.state]}  {v.aspect}: {v.sentence}" for v in result.verdicts]
    if isinstance(observation.value, PictureReading):
        lines += [f"      {row}" for row in sketch_lines(observation.value.sketch)]
    if trace.keep_notes:
        lines += _exposed(device, result)
    return [one_line(line) for line in lines]


def _exposed(device: Device, result: CheckResult) -> list[str]:
    """The samples of the device's metrics after this run alone."""
    metrics = Metrics((device,), (result.check,), version="")
    metrics.apply(result)
    wanted = f'device="{device.id}"'
    text = metrics.text(openmetrics=False).decode()
    return [
        f"    {line}" for line in text.splitlines() if wanted in line and not line.startswith("#")
    ]


def _measured(observation: Observation) -> list[str]:
    if observation.value is None:
        return [f"    no measurement ({observation.reason}: {observation.detail})"]
    value = observation.value
    shown = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    lines: list[str] = []
    if isinstance(value, Clock):
        true = value.reference.offset if value.reference is not None else None
        lines = [
            f"    measured {reading_words(reading, true)}" for reading in shown.pop("readings")
        ]
    shown.pop("device_clock", None)  # the clock check shows it
    return lines + [
        f"    measured {name}: {one}" for name, one in shown.items() if one not in (None, (), "")
    ]
