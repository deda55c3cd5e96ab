"""The page of a device that was taken out of config.yaml: what the record still has of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from healthmon.checks import registry
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.local_time import shown
from healthmon.incidents.operations import Operation
from healthmon.runtime.agent import Agent
from healthmon.runtime.device_work import done_row
from healthmon.runtime.fault_pages import rows_of
from healthmon_exporters.pages.rows import DevicePage, DeviceRow, Shown
from healthmon_exporters.pages.strips import Segment, strips


def gone_page(
    agent: Agent,
    name: str,
    record: tuple[Sequence[Segment], Sequence[LifeCycle], Sequence[Operation]],
    spans: tuple[float, float, float],
) -> DevicePage | None:
    """The page of `name` by its whole `record` (states, faults, operations), with the strips of a day
    and a month; `spans` are their beginnings and now, Unix seconds. None where there is no record.
    """
    segments, lives, done = record
    if not (segments or lives or done):
        return None
    day, month, now = spans
    titled = [(_title(one[0]), *one[1:]) for one in segments]
    zone = ZoneInfo(agent.estate.config.estate.time_zone)
    return DevicePage(
        row=_row(agent, name, _since(segments, lives, zone), lives),
        address="",
        behind=(),
        checks=(),
        day=strips(titled, day, now),
        month=strips(titled, month, now),
        faults=tuple(rows_of(agent, lives)),
        traces=(),
        done=tuple(done_row(one, zone) for one in done),
        known=False,
    )


def _row(agent: Agent, name: str, since: str, lives: Iterable[LifeCycle]) -> DeviceRow:
    names = agent.estate_state().site_names
    site = next((life.incident.site for life in lives if life.incident.site in names), "")
    words = f"no longer in config.yaml{since}"
    return DeviceRow(
        id=name,
        name="",
        kind="",
        site=names.get(site) or site,
        location="",
        contractor="",
        shown=Shown.OFF,
        sentence=words,
        site_id=site,
    )


def _since(segments: Iterable[Segment], lives: Iterable[LifeCycle], zone: ZoneInfo) -> str:
    """When its last check or fault ended; "" where neither is on record."""
    ends = [until for *_, until in segments if until is not None]
    ends += [life.over for life in lives if life.over is not None]
    return f" since {shown(max(ends), zone)}" if ends else ""


def _title(check_type: str) -> str:
    known = registry.installed()
    return known.title(check_type) if check_type in known.check_types else check_type
