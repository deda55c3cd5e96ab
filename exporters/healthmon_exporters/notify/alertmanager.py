"""Prometheus' Alertmanager by its API v2 (``POST /api/v2/alerts``, api/v2/openapi.yaml of the project).

Alertmanager knows an alert by its labels alone and forgets one that is not said again: so the labels hold only what
stays the same, an alert whose labels had to change is ended under its old ones, and `resend` says again what is open.
"""

from __future__ import annotations

import base64
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from healthmon.model import State
from healthmon.secret import Credential
from healthmon_exporters.notify import text
from healthmon_exporters.notify.notice import Notice, What, instant
from healthmon_exporters.notify.sender import SendError
from healthmon_exporters.notify.web import Address, Web

PATH = "/api/v2/alerts"
BATCH = 200
MISSED_RESENDS = 4
_REMEMBERED = 20_000
_SEVERITY = {
    State.FAULT: "critical",
    State.DEGRADED: "warning",
    State.UNKNOWN: "unknown",
    State.OK: "none",
}
Labels = dict[str, str]


class Alertmanager:
    """Sends alerts to one Alertmanager. `link` becomes the alert's generatorURL; `clock` gives Unix seconds.

    `base` is the address under which Alertmanager runs, without ``/api``.
    """

    def __init__(
        self,
        name: str,
        base: Address,
        *,
        credential: Credential | None = None,
        seconds: float = 15.0,
        resend_seconds: float = 60.0,
        link: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._web = Web.to(
            Address(base.place, base.path.partition("?")[0].rstrip("/") + PATH), seconds
        )
        self._resend_seconds = resend_seconds
        self._link = link
        self._clock = clock
        self._fields = [("Content-Type", "application/json")]
        if credential is not None:
            login = f"{credential.username}:{credential.password.reveal()}".encode()
            self._fields.append(("Authorization", f"Basic {base64.b64encode(login).decode()}"))
        self._labels: OrderedDict[int, Labels] = OrderedDict()

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        return self._name

    @property
    def resend_seconds(self) -> float:
        """How often `resend` is due; an alert ends by itself when four of them are missed."""
        return self._resend_seconds

    async def send(self, notice: Notice) -> None:
        """Post the alert, open or ended. Raises SendError; a digest is refused, as Alertmanager gathers by itself."""
        if notice.what is What.DIGEST:
            raise SendError("a digest is no alert; Alertmanager gathers by itself", permanent=True)
        await self._post(self._alerts(notice))
        self._remember(notice)

    async def resend(self, notices: Sequence[Notice]) -> None:
        """Say again that all of `notices` are open. Raises SendError at the first part that is not taken."""
        for start in range(0, len(notices), BATCH):
            part = [notice for notice in notices[start : start + BATCH] if not notice.ended]
            if part:
                await self._post([alert for notice in part for alert in self._alerts(notice)])
            for notice in part:
                self._remember(notice)

    async def aclose(self) -> None:
        """End the resolver's threads."""
        self._web.close()

    async def _post(self, alerts: list[dict[str, Any]]) -> None:
        await self._web.request("POST", self._fields, json.dumps(alerts).encode())

    def _remember(self, notice: Notice) -> None:
        if notice.number is None:
            return
        self._labels.pop(notice.number, None)
        if not notice.ended:
            self._labels[notice.number] = labels(notice)
            while len(self._labels) > _REMEMBERED:
                self._labels.popitem(last=False)

    def _alerts(self, notice: Notice) -> list[dict[str, Any]]:
        now = datetime.fromtimestamp(self._clock(), UTC)
        made = [self._alert(notice, labels(notice), self._end(notice, now))]
        before = self._labels.get(notice.number) if notice.number is not None else None
        if before is not None and before != labels(notice):
            made.insert(0, self._alert(notice, before, now))
        return made

    def _end(self, notice: Notice, now: datetime) -> datetime:
        if notice.ended:
            return min(notice.until or notice.at, now)
        return now + timedelta(seconds=self._resend_seconds * MISSED_RESENDS)

    def _alert(self, notice: Notice, named: Labels, end: datetime) -> dict[str, Any]:
        start = min(notice.since or notice.at, end)
        alert: dict[str, Any] = {
            "labels": named,
            "annotations": remarks(notice),
            "startsAt": instant(start),
            "endsAt": instant(end),
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
