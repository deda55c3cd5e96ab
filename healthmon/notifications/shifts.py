"""When shift checks are due, and which of them a check was. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.durations import duration
from healthmon.notifications.routing import next_digest

HALF_A_DAY = 43200.0
# Without shift times a shift check is what is made and looked at within so long.
ROUND_SECONDS = 14400.0


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """A shift check is due at each of the local `times` of day in `zone`, each once a day, on days of
    23 and 25 hours too. It counts from `early` seconds before its time, and is late from `grace`
    seconds after it.
    """

    times: tuple[time, ...] = ()
    zone: str = "UTC"
    early: float = 3600.0
    grace: float = 3600.0

    def next_due(self, after: datetime) -> datetime:
        """The first one after `after`, as UTC. Raises ValueError without times."""
        return next_digest(self.times, after, self.zone)

    def last_due(self, before: datetime) -> datetime:
        """The last one at or before `before`, as UTC. Raises ValueError without times."""
        moment = before - timedelta(days=2)
        while (following := self.next_due(moment)) <= before:
            moment = following
        return moment

    def due_of(self, at: float) -> datetime:
        """The one that a check made at `at` (Unix seconds) stands for: the next one from `early`
        before it, else the last one. Raises ValueError without times.
        """
        moment = datetime.fromtimestamp(at, UTC)
        coming = self.next_due(moment)
        if coming - moment <= timedelta(seconds=self.early):
            return coming
        return self.last_due(moment)

    def overdue(self, now: float, last_check: float | None, since: float) -> datetime | None:
        """The last one whose grace is over at `now` and that no check stands for; None when none
        is. What was due before `since` was never watched. Unix seconds.
        """
        if not self.times:
            return None
        moment = self.last_due(datetime.fromtimestamp(now - self.grace, UTC))
        if moment.timestamp() < since:
            return None
        earliest = moment.timestamp() - self.early
        latest = now + self.grace  # a later one was made by a clock that was wrong
        made = last_check is not None and earliest <= last_check <= latest
        return None if made else moment

    def since_before(self, now: float) -> float:
        """Since when a check made at `now` tells of events: the shift change before the one that it
        stands for; half a day without times. Unix seconds.
        """
        if not self.times:
            return now - HALF_A_DAY
        return self.last_due(self.due_of(now) - timedelta(seconds=1)).timestamp()

    def late(self, made: float, now: float) -> bool:
        """Whether at `now` it is late to hand over by the check made at `made` (Unix seconds): the
        grace after the shift change that it stands for is over. Never without times.
        """
        return bool(self.times) and now > self.due_of(made).timestamp() + self.grace

    def shift_began(self, now: float) -> float:
        """The last shift change (Unix seconds); 0 without times."""
        return self.last_due(datetime.fromtimestamp(now, UTC)).timestamp() if self.times else 0.0

    def window(self, at: float) -> tuple[float, float]:
        """From when until when what is done counts for the one that a check made at `at` stands for:
        from `early` before its time until `early` before the next one's; without times, some hours
        around it. Unix seconds.
        """
        if not self.times:
            return at - ROUND_SECONDS, at + ROUND_SECONDS
        due = self.due_of(at)
        return due.timestamp() - self.early, self.next_due(due).timestamp() - self.early

    def state(self, now: float, last_check: float | None) -> tuple[bool, str]:
        """Whether the one that is due at `now` has been made, and how it stands in a sentence; ""
        without times. `last_check` is when the last one was made (Unix seconds).
        """
        if not self.times:
            return last_check is not None and now < self.window(last_check)[1], ""
        due = self.due_of(now)
        name, over = self.named(due), now - due.timestamp()
        if last_check is not None and last_check >= self.window(now)[0]:
            return True, f"Made {self.words(last_check).replace(', made', ',', 1)}."
        if over > self.grace:
            return False, f"LATE: the check of {name} was due {duration(over)} ago and is not made."
        if over > 0:
            return False, f"DUE: the check of {name} is late in {duration(self.grace - over)}."
        return False, f"The check of {name} can be made now."

    def words(self, at: float) -> str:
        """Which one a check made at `at` (Unix seconds) stands for, and whether it was in time; ""
        without times.
        """
        if not self.times:
            return ""
        due = self.due_of(at)
        late = at - due.timestamp()
        name = f"for the shift change of {self.named(due)}"
        if late <= self.grace:
            return f"{name}, made in time"
        return f"{name}, made {duration(late)} after it: late (grace {duration(self.grace)})"

    def named(self, due: datetime) -> str:
        """As in "Sun 29 Nov 07:00"."""
        return f"{due.astimezone(ZoneInfo(self.zone)):%a %d %b %H:%M}"
