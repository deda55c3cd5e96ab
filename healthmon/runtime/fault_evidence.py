"""The evidence of a fault as its page shows it."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from healthmon.checks import registry
from healthmon.config.ways import way_of
from healthmon.incidents.incident import PERSON
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.local_time import shown
from healthmon.notifications.notice_words import fared
from healthmon.runtime import wall_feed
from healthmon.runtime.agent import Agent
from healthmon.store.fault_evidence import Evidence, FoundFault
from healthmon_exporters.pages.rows import SHOWN_OF, EvidenceRows, FoundRow, SentRow, Trace
from healthmon_exporters.pages.strips import strips


def rows_of(agent: Agent, life: LifeCycle, found: Evidence) -> EvidenceRows:
    """What the page of a fault shows of its `found` evidence."""
    zone = ZoneInfo(agent.estate.config.estate.time_zone)
    problems = agent.incident_service.dispatcher.problems
    titled = [(title_of(check), *segment) for check, *segment in found.segments]
    return EvidenceRows(
        seen=tuple(map(_found_row, found.seen)),
        told=tuple((one.at, one.what, one.sentence) for one in found.told),
        sent=tuple(
            SentRow(
                one.id,
                one.target,
                _channel(agent, one.target),
                fared(one, lambda at: shown(at, zone), problems.get(one.target, "")),
            )
            for one in found.notices
        ),
        sheets=found.sheets,
        strips=strips(titled, found.since, found.until),  # type: ignore[arg-type]
        since=found.since,
        until=found.until,
        last_well=found.last_well,
        traces=() if life.restored is not None else tuple(_traces(agent, life)),
    )


def title_of(check_type: str) -> str:
    """What people call a check type; its name where this version has none."""
    if check_type == PERSON:
        return "raised by a person"
    return registry.installed().title(check_type)


def _found_row(one: FoundFault) -> FoundRow:
    fault = one.fault
    title = title_of(fault.check_type)
    return FoundRow(
        f"{title} ({fault.instance})" if fault.instance else title,
        SHOWN_OF[fault.state],
        fault.sentence,
        fault.since,
        fault.confirmed,
        one.ended,
    )


def _channel(agent: Agent, target: str) -> str:
    """By what a target is sent to; "" where it is configured no longer."""
    known = agent.estate.config.notify.get(target)
    return way_of(known) if known is not None else ""


def _traces(agent: Agent, life: LifeCycle) -> Iterable[Trace]:
    """The last failed run of each check that is at fault: the agent keeps it until it ends."""
    incident = life.incident
    wanted = {(one.check_type, one.instance) for one in incident.faults}
    for check in agent.estate.checks_of.get(incident.device, ()):
        if (check.check_type, check.instance) not in wanted:
            continue
        words = wall_feed.failed_run(agent, check)
        if words:
            yield Trace(title_of(check.check_type), words)
