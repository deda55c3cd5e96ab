"""From what is told to who gets it: notices, their targets, what is held for a digest, what is said again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.cases import SITE, Case, Told
from healthmon.cause import Blind
from healthmon.config.schema import Config
from healthmon.model import Device
from healthmon.store.rows import Outgoing, Settled
from healthmon_exporters.notify.digest import digest_of
from healthmon_exporters.notify.notice import Notice, What
from healthmon_exporters.notify.register import Register
from healthmon_exporters.notify.routing import How, Route, next_digest, routes_for, routes_of


@dataclass(slots=True)
class Post:
    """Made for each configuration; `heard` (case number -> target -> when last told) is carried over.

    `blind` gives the zones without a working camera.
    """

    register: Register
    routes: tuple[Route, ...]
    devices: Mapping[str, Device]
    checks: int = 2
    blind: Callable[[], Sequence[Blind]] = tuple
    heard: dict[int, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config, devices: Mapping[str, Device]) -> Post:
        """The post of a checked configuration."""
        return cls(
            Register.of(config), routes_of(config), devices, config.defaults.confirm.failures
        )

    def rows(self, told: Iterable[Told], now: float) -> list[Outgoing]:
        """What is to be queued for `told`."""
        return [row for one in told for row in self._rows(self.notice(one), now)]

    def notice(self, told: Told) -> Notice:
        """The complete report of one change."""
        case, lead, what = told.case, told.case.lead, What(told.what)
        more: dict[str, Any] = {
            "number": case.number,
            "code": lead.code,
            "state": lead.state,
            "priority": case.priority,
            "since": _utc(case.since),
            "until": _utc(case.closed) if case.closed is not None else None,
            "cause": case.cause,
            "cause_number": case.cause_number,
            "affected": tuple(self._name(name) for name in case.affected),
            "blind_zones": self._blind(case) if case.closed is None else (),
            "acknowledged_by": case.ack.by if case.ack else "",
            "tried": (f"looked again before this was reported: the same in {self.checks} looks",),
        }
        sentence = "; ".join(dict.fromkeys([lead.sentence, *(f.sentence for f in case.faults)]))
        device = self.devices.get(case.device)
        if device is not None:
            return self.register.notice(device, told.id, what, _utc(told.at), sentence, **more)
        bare = self.register.bare(told.id, what, _utc(told.at), sentence)
        site = self.register.sites.get(case.site)
        name = (site.name or site.id) if site else case.device.removeprefix(SITE)
        kind = "site" if case.device.startswith(SITE) else ""
        return replace(
            bare, device=case.device, name=name, kind=kind, site=case.site, site_name=name, **more
        )

    def _blind(self, case: Case) -> tuple[str, ...]:
        lost = {case.device, *case.affected}
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

    def reminders(self, cases: Iterable[Case], now: float) -> list[Outgoing]:
        """What is said again of cases that nobody has acknowledged."""
        rows: list[Outgoing] = []
        local = datetime.fromtimestamp(now, ZoneInfo(self.register.time_zone))
        for case in cases:
            if case.told is None or case.ack is not None or not self.heard.get(case.number):
                continue
            made = replace(self.notice(Told("changed", case, now)), what=What.REMINDER)
            for sending in routes_for(made, self.routes, local):
                last = self.heard[case.number].get(sending.target)
                if (
                    last is None
                    or sending.repeat_after is None
                    or now - last < sending.repeat_after
                ):
                    continue
                self.heard[case.number][sending.target] = now
                notice = replace(made, id=f"F{case.number:06d}-r{int(now)}")
                rows.append(
                    Outgoing(
                        notice.id,
                        sending.target,
                        case.device,
                        case.number,
                        notice.to_json(),
                        now,
                        now,
                    )
                )
        return rows

    def still_open(self, target: str, cases: Iterable[Case], now: float) -> list[Notice]:
        """The notices of the open cases that `target` has heard of, for a receiver that forgets."""
        return [
            self.notice(Told("changed", case, now))
            for case in cases
            if case.told is not None and target in self.heard.get(case.number, {})
        ]

    def digests(self, held: Sequence[Outgoing], now: float) -> tuple[list[Outgoing], list[Settled]]:
        """The summaries that are due, each made once for its moment, and what went into them."""
        groups: dict[tuple[str, float], list[Outgoing]] = {}
        for row in held:
            if row.due <= now:
                groups.setdefault((row.target, row.due), []).append(row)
        rows, settled = [], []
        for (target, due), found in groups.items():
            notice = digest_of(
                self.register, target, _utc(due), [Notice.from_json(row.body) for row in found]
            )
            if notice is not None:
                rows.append(Outgoing(notice.id, target, "digest", None, notice.to_json(), now, now))
            settled += [Settled(row.notice, target, "digested", now) for row in found]
        return rows, settled


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
