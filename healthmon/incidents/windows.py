"""Times in which messages are held because of what people have said on the pages: maintenance
windows and engineers' visits. Pure.

Each has a hard end. Beside those of config.yaml, which repeat and keep to the wall clock, these are
single stretches of time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.incidents.visits import Visit
from healthmon.model.plain_text import one_line

# What an operator may hold back; longer ones are made by a manager.
SHORT_SECONDS = 86400.0
LONGEST_SECONDS = 366 * 86400.0
# A window may have begun a little ago: the form takes time, and its times have no seconds.
EARLY_SECONDS = 600.0
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """What a window covers, from `start` to `end` (Unix seconds)."""

    start: float
    end: float
    devices: tuple[str, ...]
    sites: tuple[str, ...]
    reason: str

    def checked(self, now: float, *, long: bool, began: float | None = None) -> WindowPlan:
        """The plan with a plain reason. `long` windows are allowed to some; one that is changed has
        `began` already. Raises OperationError.
        """
        reason = " ".join(one_line(self.reason).split())
        if not reason or len(reason) > LONGEST_REASON:
            raise OperationError(f"a window needs a reason of at most {LONGEST_REASON} characters")
        if not self.devices and not self.sites:
            raise OperationError("a window needs devices or a site")
        start = self.start if began is None or began > now else began
        if began is None and start < now - EARLY_SECONDS:
            raise OperationError(
                "a window cannot begin in the past: faults until now were notified"
            )
        if self.end <= max(start, now):
            raise OperationError("a window must end after its beginning, and after now")
        _not_too_long(self.end - start, self.end - min(start, now), long=long)
        return WindowPlan(start, self.end, self.devices, self.sites, reason)


def _not_too_long(seconds: float, ahead: float, *, long: bool) -> None:
    if seconds > SHORT_SECONDS and not long:
        raise OperationError("a window of more than 24 hours is made by a manager")
    if ahead > LONGEST_SECONDS:
        raise OperationError("a window ends within a year; longer ones belong in config.yaml")


@dataclass(frozen=True, slots=True)
class Window:
    """A window that is or will be in force. `subject` is its name; it covers as those of config.yaml
    do.
    """

    subject: str
    start: float
    end: float
    devices: tuple[str, ...]
    sites: tuple[str, ...]
    reason: str
    by: str
    at: float
    contractors: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Operation) -> Window:
        """The window that an operation has made or changed."""
        details = found.details
        return cls(
            found.subject,
            float(details["start"]),
            found.until or found.at,
            tuple(details["devices"]),
            tuple(details["sites"]),
            found.get("reason"),
            found.by,
            found.at,
        )


def window_operation(
    plan: WindowPlan, did: str, subject: str, who: tuple[str, str], now: float
) -> Operation:
    """The operation that makes, changes or ends (`did`) a window; `who` are name and mark. A new
    one gets its name (`subject`) when it is recorded.
    """
    by, once = who
    details = {
        "did": did,
        "start": plan.start,
        "devices": list(plan.devices),
        "sites": list(plan.sites),
        "reason": plan.reason,
    }
    return Operation(OperationKind.WINDOW, subject, by, now, plan.end, details, once)


def windows_of(operations: Iterable[Operation], now: float) -> list[Window]:
    """The windows that have not ended at `now`, those to come too, by their beginning."""
    found = [
        Window.of(one)
        for one in operations
        if one.kind is OperationKind.WINDOW and one.until is not None and one.until > now
    ]
    return sorted(found, key=lambda one: (one.start, one.subject))


def active(operations: Iterable[Operation], now: float) -> list[Window]:
    """The windows that hold messages at `now`, those of engineers' visits too."""
    known = tuple(operations)
    made = [one for one in windows_of(known, now) if one.start <= now]
    return made + [_window_of(one) for one in visits_of(known) if one.holds(now)]


def visits_of(operations: Iterable[Operation]) -> list[Visit]:
    """The visits among `operations`."""
    return [Visit.of(one) for one in operations if one.kind is OperationKind.VISIT]


def _window_of(visit: Visit) -> Window:
    begun = visit.until if visit.arrived is None else visit.arrived
    return Window("", begun, visit.until, (), (visit.site,), visit.reason, visit.by, begun)
