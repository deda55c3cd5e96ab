"""From incident events to their receivers: notices, their targets, what is held for a digest, what
is said again. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from healthmon.config.ways import way_of
from healthmon.incidents.correlation import BlindZone
from healthmon.incidents.incident import SITE, Incident, IncidentEvent
from healthmon.model.device import Device
from healthmon.notifications.digest import digest_of, head_of
from healthmon.notifications.directory import TargetDirectory
from healthmon.notifications.notice import Notice, What
from healthmon.notifications.routing import (
    How,
    Route,
    escalations_for,
    next_digest,
    routes_for,
    routes_of,
)
from healthmon.notifications.text import length
from healthmon.store.rows import Outgoing, Settled

if TYPE_CHECKING:
    from healthmon.config.schema import Config

# A receiver of syslog keeps what it gets, and nobody is rung by it.
HEAD_WAY: Final = "syslog"


@dataclass(slots=True)
class NotificationPlanner:
    """Made for each configuration; `heard` (incident number -> target -> when last told) is carried
    over.

    `blind` gives the zones without a working camera. `digested` is the moment of the last digest
    of each target, `told_before` are those that a clock that was set back comes to again. `head` is
    that of the audit chain, which each digest carries away from this machine; `head_targets` are the targets
    that get it once a day without anything else, `carried` says on which day they last did.
    """

    register: TargetDirectory
    routes: tuple[Route, ...]
    devices: Mapping[str, Device]
    checks: int = 2
    blind: Callable[[], Sequence[BlindZone]] = tuple
    heard: dict[int, dict[str, float]] = field(default_factory=dict)
    digested: dict[str, float] = field(default_factory=dict)
    told_before: set[tuple[str, float]] = field(default_factory=set)
    head: str = ""
    head_targets: tuple[str, ...] = ()
    carried: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config, devices: Mapping[str, Device]) -> NotificationPlanner:
        """The post of a checked configuration."""
        return cls(
            TargetDirectory.of(config),
            routes_of(config),
            devices,
            config.defaults.confirm.failures,
            head_targets=tuple(
                name for name, one in config.notify.items() if way_of(one) == HEAD_WAY
            ),
        )

    def rows(self, told: Iterable[IncidentEvent], now: float) -> list[Outgoing]:
        """What is to be queued for `told`."""
        return [row for one in told for row in self._rows(self.notice(one), now)]

    def notice(self, told: IncidentEvent) -> Notice:
        """The complete report of one change."""
        incident, lead, what = told.incident, told.incident.lead, What(told.what)
        more: dict[str, Any] = {
            "number": incident.number,
            "code": lead.code,
            "state": incident.state,
            "priority": incident.priority,
            "since": _utc(incident.since),
            "until": _utc(incident.closed) if incident.closed is not None else None,
            "cause": incident.cause,
            "cause_number": incident.cause_number,
            "affected": tuple(self._name(name) for name in incident.affected),
            "blind_zones": self._blind(incident) if incident.closed is None else (),
            "acknowledged_by": incident.ack.by if incident.ack else "",
            "tried": (f"looked again before this was reported: the same in {self.checks} looks",),
        }
        sentence = _sentence_of(incident)
        device = self._device_of(incident)
        if device is not None:
            began = incident.told if incident.told is not None else told.at
            more["response_seconds"] = self.register.response(
                device.contractor, incident.priority, incident.since, began
            )
            return self.register.notice(device, told.id, what, _utc(told.at), sentence, **more)
        bare = self.register.bare(told.id, what, _utc(told.at), sentence)
        return replace(self._of_no_device(incident, bare), **more)

    def _device_of(self, incident: Incident) -> Device | None:
        """The device of `incident`. No contractor is called before a person has looked."""
        device = self.devices.get(incident.device)
        if device is not None and incident.looked_at_first:
            return replace(device, contractor=None)
        return device

    def _of_no_device(self, incident: Incident, bare: Notice) -> Notice:
        """`bare` as the report of a lost site, or of what is no device."""
        site = self.register.sites.get(incident.site)
        name = (site.name or site.id) if site else incident.device.removeprefix(SITE)
        kind = "site" if incident.device.startswith(SITE) else ""
        return replace(
            bare,
            device=incident.device,
            name=name,
            kind=kind,
            site=incident.site,
            site_name=name,
        )

    def _blind(self, incident: Incident) -> tuple[str, ...]:
        lost = {incident.device, *incident.affected}
        return tuple(zone.words for zone in self.blind() if lost.intersection(zone.cameras))

    def _name(self, device_id: str) -> str:
        device = self.devices.get(device_id)
        return f"{device.name} {device.id}" if device else device_id

    def _rows(self, notice: Notice, now: float) -> list[Outgoing]:
        told = self.heard.setdefault(notice.number, {}) if notice.number is not None else {}
        local = datetime.fromtimestamp(now, ZoneInfo(self.register.time_zone))
        rows = []
        for sending in routes_for(notice, self.routes, local, told=tuple(told)):
            held = sending.how is How.DIGEST
            due = (
                next_digest(sending.digest, _utc(now), self.register.time_zone).timestamp()
                if held
                else now
            )
            state = "held" if held else "pending"
            order = notice.device or "estate"
            body = notice.to_json()
            rows.append(
                Outgoing(
                    notice.id, sending.target, order, notice.number, body, now, due, state=state
                )
            )
            told[sending.target] = now
        if notice.ended and notice.number is not None:
            self.heard.pop(notice.number, None)
        return rows

    def reminders(self, incidents: Iterable[Incident], now: float) -> list[Outgoing]:
        """What is said again of incidents that nobody has acknowledged."""
        rows: list[Outgoing] = []
        local = datetime.fromtimestamp(now, ZoneInfo(self.register.time_zone))
        for incident in incidents:
            if (
                incident.told is None
                or incident.ack is not None
                or not self.heard.get(incident.number)
            ):
                continue
            made = replace(self.notice(IncidentEvent("changed", incident, now)), what=What.REMINDER)
            for sending in routes_for(made, self.routes, local):
                last = self.heard[incident.number].get(sending.target)
                if (
                    last is None
                    or sending.repeat_after is None
                    or now - last < sending.repeat_after
                ):
                    continue
                self.heard[incident.number][sending.target] = now
                notice = replace(made, id=f"F{incident.number:06d}-r{int(now)}")
                rows.append(
                    Outgoing(
                        notice.id,
                        sending.target,
                        incident.device,
                        incident.number,
                        notice.to_json(),
                        now,
                        now,
                    )
                )
        return rows

    def escalations(self, incidents: Iterable[Incident], now: float) -> list[Outgoing]:
        """The open incidents that go to further targets now, because of the time that has gone. A
        target that has had the incident already does not get it again.
        """
        rows: list[Outgoing] = []
        for incident in incidents:
            if incident.told is not None and self._further(incident, now - incident.told):
                rows += self._escalated(incident, now - incident.told, now)
        return rows

    def _further(self, incident: Incident, waited: float) -> bool:
        """Whether an escalation may have a new target; cheap, because it is asked at every tick."""
        heard = self.heard.get(incident.number, {}).keys()
        return any(
            route.after is not None and waited >= route.after and not heard >= set(route.to)
            for route in self.routes
        )

    def _escalated(self, incident: Incident, waited: float, now: float) -> list[Outgoing]:
        heard = self.heard.setdefault(incident.number, {})
        made = self.notice(IncidentEvent("opened", incident, now))
        words = f"open {length(timedelta(seconds=waited))} after its first notification"
        by = f"acknowledged by {incident.ack.by}" if incident.ack else "not acknowledged"
        notice = replace(made, tried=(*made.tried, f"{words}, {by}"))
        local = datetime.fromtimestamp(now, ZoneInfo(self.register.time_zone))
        rows = []
        for target in escalations_for(notice, self.routes, local, waited):
            if target not in heard:
                heard[target] = now
                order, body = notice.device or "estate", notice.to_json()
                rows.append(Outgoing(notice.id, target, order, notice.number, body, now, now))
        return rows

    def still_open(self, target: str, incidents: Iterable[Incident], now: float) -> list[Notice]:
        """The notices of the open incidents that `target` has been notified of, for a receiver that
        forgets.
        """
        return [
            self.notice(IncidentEvent("changed", incident, now))
            for incident in incidents
            if incident.told is not None and target in self.heard.get(incident.number, {})
        ]

    def move(self, by: float) -> None:
        """Our clock was set by `by` seconds: who was told what was told that much later. Set back,
        it comes to the moment of the last digest again.
        """
        self.told_before |= set(self.digested.items())
        for told in self.heard.values():
            for target in told:
                told[target] += by

    def replanned(self, held: Iterable[Outgoing], now: float) -> list[Outgoing]:
        """What is held, for the next digest by a clock that was set: its time of day stays."""
        rows = []
        for row in held:
            times = [at for r in self.routes if row.target in r.to for at in r.digest]
            due = next_digest(times, _utc(now), self.register.time_zone) if times else _utc(now)
            rows.append(replace(row, due=due.timestamp()))
        return rows

    def digests(self, held: Sequence[Outgoing], now: float) -> tuple[list[Outgoing], list[Settled]]:
        """The summaries that are due, each made once for its moment, and what went into them."""
        groups: dict[tuple[str, float], list[Outgoing]] = {}
        for row in held:
            if row.due <= now:
                groups.setdefault((row.target, row.due), []).append(row)
        rows, settled = [], []
        for (target, due), found in groups.items():
            slot = now if (target, due) in self.told_before else due
            self.digested[target] = slot
            notice = digest_of(
                self.register,
                target,
                _utc(slot),
                [Notice.from_json(row.body) for row in found],
                self.head,
            )
            if notice is not None:
                rows.append(Outgoing(notice.id, target, "digest", None, notice.to_json(), now, now))
            settled += [Settled(row.notice, target, "digested", now) for row in found]
        return rows, settled

    def heads(self, now: float) -> list[Outgoing]:
        """The head of the audit chain for each of the `head_targets`, once in a local day."""
        day = datetime.fromtimestamp(now, ZoneInfo(self.register.time_zone)).date().isoformat()
        due = [name for name in self.head_targets if self.head and self.carried.get(name) != day]
        self.carried |= dict.fromkeys(due, day)
        made = [(name, head_of(self.register, name, _utc(now), day, self.head)) for name in due]
        return [
            Outgoing(notice.id, name, "head", None, notice.to_json(), now, now)
            for name, notice in made
        ]


def _sentence_of(incident: Incident) -> str:
    """What is wrong, or was: every fault once, and what a person has said of it."""
    faults = [incident.lead.sentence, *(one.sentence for one in incident.faults)]
    sentence = "; ".join(dict.fromkeys(faults))
    if incident.needs_a_person and incident.confirmed:
        sentence = f"{sentence}; {incident.confirmed} has looked: a fault"
    return f"{incident.ended}; it was: {sentence}" if incident.ended else sentence


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
