"""Planned works: the maintenance windows of config.yaml and those that people have made on the pages, as
stretches of time. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.config.units import LOCAL_TIME, REPEATS
from healthmon.evidence import spans
from healthmon.evidence.spans import Span, Spans
from healthmon.incidents.civil_time import moment
from healthmon.incidents.operations import Operation, OperationKind

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.config.schema import Window as FileWindow


@dataclass(frozen=True, slots=True)
class Works:
    """Planned works on devices, on sites, or on all that a contractor looks after."""

    devices: frozenset[str]
    sites: frozenset[str]
    contractors: frozenset[str]
    reason: str
    times: Spans

    def covers(self, device: str, site: str, contractor: str) -> bool:
        """Whether a device is worked on."""
        return device in self.devices or site in self.sites or contractor in self.contractors


def of_file(config: Config, since: float, until: float) -> list[Works]:
    """The windows of config.yaml in [since, until). They keep to the clock on the wall."""
    zone = ZoneInfo(config.estate.time_zone)
    return [
        Works(
            frozenset(one.devices),
            frozenset(one.sites),
            frozenset(one.contractors),
            one.reason,
            spans.clipped(spans.merged(_times(one, zone, since, until)), since, until),
        )
        for one in config.maintenance
    ]


def _times(window: FileWindow, zone: ZoneInfo, since: float, until: float) -> Iterator[Span]:
    start, end = (_local(text) for text in (window.start, window.end))
    last = _local(window.until) if window.until else datetime.max  # noqa: DTZ901 - local civil time
    step = REPEATS[window.repeat] if window.repeat else None
    before = _laps_before(end, step, datetime.fromtimestamp(since, zone).replace(tzinfo=None))
    start, end = start + before, end + before
    while start < last:
        begin, over = _moment(start, zone), _moment(min(end, last), zone)
        if begin >= until:
            return
        yield begin, over
        if step is None:
            return
        start, end = start + step, end + step


def _laps_before(end: datetime, step: timedelta | None, since: datetime) -> timedelta:
    """How much later the last lap is that surely ended before `since`."""
    if step is None or since <= end:
        return timedelta()
    return max(0, (since - end) // step - 1) * step


def _local(text: str) -> datetime:
    return datetime.strptime(text, LOCAL_TIME)  # noqa: DTZ007 - local civil time


def _moment(local: datetime, zone: ZoneInfo) -> float:
    return moment(local.date(), local.time(), zone).timestamp()


def of_pages(operations: Iterable[Operation]) -> list[Works]:
    """The windows that were made on the pages. A change or an early end counts from when it was
    made. `operations` are all that were recorded, in any order.
    """
    by_window: dict[str, list[Operation]] = {}
    for one in sorted(operations, key=lambda one: one.id):
        if one.kind is OperationKind.WINDOW:
            by_window.setdefault(one.subject, []).append(one)
    return [work for made in by_window.values() for work in _of_window(made)]


def _of_window(made: list[Operation]) -> Iterator[Works]:
    following = [*(one.at for one in made[1:]), float("inf")]
    for index, (one, replaced) in enumerate(zip(made, following, strict=True)):
        # What was planned when the first form was sent began up to some minutes before.
        from_ = (
            float(one.details["start"]) if index == 0 else max(one.at, float(one.details["start"]))
        )
        end = min(one.until if one.until is not None else one.at, replaced)
        if from_ < end:
            yield Works(
                frozenset(one.details["devices"]),
                frozenset(one.details["sites"]),
                frozenset(),
                one.get("reason"),
                ((from_, end),),
            )
