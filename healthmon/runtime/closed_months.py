"""The figures of closed months as metrics, so that Grafana shows the numbers of the monthly report.

They are counted by a process of its own, some minutes after the start and again when a month has ended;
a month that is over does not change by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from healthmon.runtime.estate import Estate
from healthmon.runtime.report_child import NoReportError, made_apart
from healthmon_exporters.metrics.exposition import Metrics

log = logging.getLogger("healthmon")

FIRST_SECONDS: Final = 300.0
EVERY_SECONDS: Final = 3600.0
# No clock is changed at this hour, and what ended at midnight is in the record.
HOUR_OF_DAY: Final = 3
FAMILY: Final = "healthmon_month_ratio"
OFFSET_FAMILY: Final = "healthmon_month_clock_offset_seconds"
_TEXT: Final = "Figures of a month that is over, as the monthly report has them."
_OFFSET_TEXT: Final = (
    "Largest offset of a clock in a month that is over, as the monthly report has it."
)
_LABELS: Final = ("figure", "month")
Row = tuple[tuple[str, ...], float]


class Shown(Protocol):
    """What the figures are shown by: the agent has these, and this module need not know it."""

    metrics: Metrics

    @property
    def estate(self) -> Estate:
        """The configuration in force."""


def table_of(report: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...], list[Row]]:
    """(family, help, label names, rows) of the closed months in the JSON of a monthly report."""
    found: list[Row] = [
        ((figure, month["month"]), percent / 100)
        for month in report["months"]
        if month["closed"]
        for figure, percent in month["percent"].items()
        if percent is not None
    ]
    return FAMILY, _TEXT, _LABELS, found


def offsets_of(report: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...], list[Row]]:
    """The same for the largest offsets of clocks."""
    found: list[Row] = [
        ((month["month"],), month["clock_offset"])
        for month in report["months"]
        if month["closed"] and month["clock_offset"] is not None
    ]
    return OFFSET_FAMILY, _OFFSET_TEXT, _LABELS[1:], found


async def follow(agent: Shown) -> None:
    """Keep the metric up to date, for ever."""
    counted = ""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        month = _last_month(agent)
        if month != counted and await _show(agent):
            counted = month
        await asyncio.sleep(EVERY_SECONDS)


def _last_month(agent: Shown) -> str:
    """The month that counts as the present one, from some hours after its beginning."""
    zone = ZoneInfo(agent.estate.config.estate.time_zone)
    return f"{datetime.fromtimestamp(time.time() - HOUR_OF_DAY * 3600, zone):%Y-%m}"


async def _show(agent: Shown) -> bool:
    """Whether the figures could be counted."""
    file = Path(agent.estate.config.file)
    try:
        report = json.loads(await made_apart(file, ("monthly", "--format", "json")))
        found = table_of(report), offsets_of(report)
    except (NoReportError, ValueError, KeyError) as error:
        log.warning("the figures of closed months cannot be counted: %s", error)
        return False
    for family in found:
        agent.metrics.table(*family)
    return True
