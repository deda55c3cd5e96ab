"""Prometheus' Alertmanager by its API v2 (``POST /api/v2/alerts``, api/v2/openapi.yaml of the
project).

Alertmanager knows an alert by its labels alone and forgets one that is not said again: so the
labels hold only what stays the same, an alert whose labels had to change is ended under its old
ones, and `resend` says again what is open.

It also compares the times of an alert with its own clock: one whose `endsAt` is past has ended, one
that begins after its end is refused. So the times are given by its clock, as the ``Date`` of its
last answer told it.
"""

from __future__ import annotations

import base64
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from healthmon.model.enums import State
from healthmon.notifications import text
from healthmon.notifications.notice import Notice, What, instant
from healthmon.notifications.sender import SendError
from healthmon.protocols.http.exchange import Reply
from healthmon.protocols.values import dates
from healthmon.secret import Credential
from healthmon_exporters.notify.http_post import Address, Web, refuse

PATH = "/api/v2/alerts"
BATCH = 200
MISSED_RESENDS = 4
SAME_SECONDS = 2.0  # Date has whole seconds, and the answer was under way
SENSIBLE_YEARS = range(1970, 2200)
_REMEMBERED = 20_000
_SEVERITY = {
    State.FAULT: "critical",
    State.DEGRADED: "warning",
    State.UNKNOWN: "unknown",
    State.OK: "none",
}
Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Alerting:
    """How alerts are sent: open ones again after `resend_seconds`, with `link` as generatorURL."""

    resend_seconds: float = 60.0
    link: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiverClock:
    """The receiver's clock: it showed `shown` (Unix seconds) when our monotonic clock showed `at`,
    so that no step of our own clock matters.
    """

    shown: float
    at: float

    @classmethod
    def of(cls, reply: Reply) -> ReceiverClock | None:
        """By the ``Date`` of an answer that has just come; None where it has no sensible one."""
        told = dates.http_date(reply.header("date"))
        if told is None or told.year not in SENSIBLE_YEARS:
            return None
        return cls(told.timestamp(), time.monotonic())

    def ahead(self, now: float) -> float:
        """How far it is ahead of our clock, which shows `now`; 0.0 where they agree."""
        ahead = self.shown + time.monotonic() - self.at - now
        return ahead if abs(ahead) > SAME_SECONDS else 0.0

    def agrees(self, other: ReceiverClock | None) -> bool:
        """Whether `other`, known before, shows the same time."""
        if other is None:
            return False
        return abs(self.shown - self.at - other.shown + other.at) <= SAME_SECONDS


class Alertmanager:
    """Sends alerts to one Alertmanager; `clock` gives Unix seconds.

    `base` is the address under which Alertmanager runs, without ``/api``.
    """

    def __init__(
        self,
        name: str,
        base: Address,
        alerting: Alerting,
        *,
        credential: Credential | None = None,
        seconds: float = 15.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._web = Web.to(
            Address(base.place, base.path.partition("?")[0].rstrip("/") + PATH), seconds
        )
        self._resend_seconds = alerting.resend_seconds
        self._link = alerting.link
        self._clock = clock
        self._fields = [("Content-Type", "application/json")]
        if credential is not None:
            login = f"{credential.username}:{credential.password.reveal()}".encode()
            self._fields.append(("Authorization", f"Basic {base64.b64encode(login).decode()}"))
        self._labels: OrderedDict[int, Labels] = OrderedDict()
        self._receiver: ReceiverClock | None = None

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        return self._name

    @property
    def resend_seconds(self) -> float:
        """How often `resend` is due; an alert ends by itself when four of them are missed."""
        return self._resend_seconds

    async def send(self, notice: Notice) -> None:
        """Post the alert, open or ended. Raises SendError; a digest is refused, as Alertmanager
        gathers by itself.
        """
        if notice.what is What.DIGEST:
            raise SendError("a digest is no alert; Alertmanager gathers by itself", permanent=True)
        await self._post([notice])
        self._remember(notice)

    async def resend(self, notices: Sequence[Notice]) -> None:
        """Say again that all of `notices` are open. Raises SendError at the first part that is not
        taken.
        """
        for start in range(0, len(notices), BATCH):
            part = [notice for notice in notices[start : start + BATCH] if not notice.ended]
            if part:
                await self._post(part)
            for notice in part:
                self._remember(notice)

    async def aclose(self) -> None:
        """End the resolver's threads."""
        self._web.close()

    async def _post(self, notices: Sequence[Notice]) -> None:
        """Post the alerts of `notices`; once more where the answer shows another clock than the one
        by which their times were given.
        """
        before = self._receiver
        reply = await self._answer(notices)
        if self._receiver is not None and not self._receiver.agrees(before):
            reply = await self._answer(notices)
        refuse(reply, self._web.address.place.host)

    async def _answer(self, notices: Sequence[Notice]) -> Reply:
        alerts = [alert for notice in notices for alert in self._alerts(notice)]
        reply = await self._web.answer("POST", self._fields, json.dumps(alerts).encode())
        self._receiver = ReceiverClock.of(reply)
        return reply

    def _remember(self, notice: Notice) -> None:
        if notice.number is None:
            return
        self._labels.pop(notice.number, None)
        if not notice.ended:
            self._labels[notice.number] = labels(notice)
            while len(self._labels) > _REMEMBERED:
                self._labels.popitem(last=False)

    def _alerts(self, notice: Notice) -> list[dict[str, Any]]:
        over = (notice.until or notice.at) if notice.ended else None
        made = [self._alert(notice, labels(notice), over)]
        before = self._labels.get(notice.number) if notice.number is not None else None
        if before is not None and before != labels(notice):
            now = datetime.fromtimestamp(self._clock(), UTC)
            made.insert(0, self._alert(notice, before, now))
        return made

    def _times(self, notice: Notice, over: datetime | None) -> dict[str, str]:
        """Beginning and end by the receiver's clock; `over` is when it ended by ours, None while
        it is open.

        An open alert ends by itself when `MISSED_RESENDS` repetitions are missed. Where that clock
        is not known it has no end, and Alertmanager gives it one (`resolve_timeout`).
        """
        now = self._clock()
        ahead = timedelta(seconds=self._receiver.ahead(now) if self._receiver is not None else 0.0)
        there = datetime.fromtimestamp(now, UTC) + ahead
        start = min((notice.since or notice.at) + ahead, there)
        if over is not None:
            end = min(over + ahead, there)
            return {"startsAt": instant(min(start, end)), "endsAt": instant(end)}
        if self._receiver is None:
            return {"startsAt": instant(start)}
        end = there + timedelta(seconds=self._resend_seconds * MISSED_RESENDS)
        return {"startsAt": instant(start), "endsAt": instant(end)}

    def _alert(self, notice: Notice, named: Labels, over: datetime | None) -> dict[str, Any]:
        alert: dict[str, Any] = {
            "labels": named,
            "annotations": remarks(notice),
            **self._times(notice, over),
        }
        if self._link:
            mark = "&" if "?" in self._link else "?"
            alert["generatorURL"] = self._link + (
                f"{mark}fault={notice.fault}" if notice.fault else ""
            )
        return alert


def labels(notice: Notice) -> Labels:
    """What identifies the alert from its opening to its end; empty ones are left out."""
    found = {
        "alertname": "HealthmonTest" if notice.what is What.TEST else "HealthmonFault",
        "fault": notice.fault or notice.id,
        "device": notice.device,
        "kind": notice.kind,
        "site": notice.site,
        "contractor": notice.contractor,
        "estate": notice.estate,
        "code": notice.code,
        "priority": f"P{notice.priority}",
        "severity": _SEVERITY[notice.state] if notice.what is not What.TEST else "none",
    }
    return {key: text.one_line(value) for key, value in found.items() if value}


def remarks(notice: Notice) -> Labels:
    """What may change: the subject line, the sentence and the whole fault report."""
    found = {
        "summary": text.subject(notice),
        "sentence": notice.sentence,
        "description": text.report(notice),
    }
    return {key: value for key, value in found.items() if value}
