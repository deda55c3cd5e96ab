"""Access events of the agent: each goes to the record, to the log and to the syslog of the machine.

Somebody who is refused again and again writes no endless record: the first five refusals of one
user from one address are kept, then each time their count has doubled, until an hour is quiet.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from healthmon.access.events import AccessEvent
from healthmon.access.local_syslog import LocalSyslog
from healthmon.model.plain_text import one_line
from healthmon.store.rows import AccessRow

log = logging.getLogger("healthmon.access")

FIRST = 5
QUIET_SECONDS = 3600.0
MOST_REMEMBERED = 1000


@dataclass(slots=True)
class AccessLog:
    """`keep` writes to the record; `now` is Unix seconds."""

    keep: Callable[[AccessRow], None]
    now: Callable[[], float]
    syslog: LocalSyslog = field(default_factory=LocalSyslog)
    # (kind, user, address) -> refusals, and when the last one was.
    _refusals: OrderedDict[tuple[str, str, str], tuple[int, float]] = field(
        default_factory=OrderedDict
    )

    def report(self, event: AccessEvent) -> None:
        """Take note of an event."""
        now = self.now()
        if event.failed:
            count = self._count(event, now)
            if count > FIRST and count & (count - 1):
                return
            if count > 1:
                event = replace(event, text=f"{event.text}, {count} times in a row")
        self.keep(AccessRow(now, event.kind, event.user, event.client, event.text))
        log.log(logging.WARNING if event.failed else logging.INFO, "%s", one_line(event.text))
        self.syslog.send(event)

    def _count(self, event: AccessEvent, now: float) -> int:
        key = (event.kind.value, event.user, event.client)
        count, last = self._refusals.pop(key, (0, now))
        count = count + 1 if abs(now - last) < QUIET_SECONDS else 1
        self._refusals[key] = (count, now)
        if len(self._refusals) > MOST_REMEMBERED:
            self._refusals.popitem(last=False)
        return count
