"""When a device joined, was replaced and was retired: by config.yaml, and by what people have recorded
since. Pure.

`in_service` is the one place that says during which times a device counts: for what is checked, for
totals and for reports ("number of devices of a month").
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from datetime import time as time_of_day
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.model.device import Device
from healthmon.model.plain_text import one_line

RETIRED: Final = "retired"
RETURNED: Final = "returned"
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Period:
    """A time in service from `start` until before `end`, Unix seconds: minus infinity where no date
    says when it began, infinity while it goes on.
    """

    start: float = -math.inf
    end: float = math.inf

    def holds(self, at: float) -> bool:
        """Whether `at` is in it."""
        return self.start <= at < self.end

    def within(self, since: float, until: float) -> float:
        """How many seconds of it lie from `since` until before `until`."""
        return max(0.0, min(self.end, until) - max(self.start, since))


def in_service(device: Device, operations: Iterable[Operation] = ()) -> tuple[Period, ...]:
    """The periods in which `device` (as config.yaml has it) is in service, in order; none overlap.

    Without dates it is one period without a beginning and an end. A day that `joined` or `retired`
    names counts from its local midnight, so that a device retired on the 5th is not in service on
    the 5th. `operations` are all that the record has of any kind, those of other devices too, in any
    order: `Store.operations` with `OperationKind.SERVICE` gives them, while those "in force" are the
    newest only. An operation counts as long as config.yaml has the dates that it had then.
    """
    found = [Period(_midnight(device.joined, device, -math.inf), _retired(device))]
    mine = (one for one in operations if one.subject == device.id and counts(one, device))
    for one in sorted(mine, key=lambda operation: operation.id):
        at, last = float(one.details["from"]), found[-1]
        if one.get("did") == RETIRED:
            found[-1] = Period(last.start, max(last.start, at))
        elif last.end < at:
            found.append(Period(at))
        else:
            found[-1] = Period(last.start)
    return tuple(one for one in found if one.start < one.end)


def replaced_at(device: Device, operations: Iterable[Operation]) -> tuple[float, ...]:
    """When `device` was replaced and accepted, in order (Unix seconds)."""
    kind = OperationKind.REPLACED
    return tuple(
        sorted(one.at for one in operations if one.kind is kind and one.subject == device.id)
    )


def with_dates(device: Device, operations: Iterable[Operation], now: float) -> Device:
    """`device` as it counts `now`: with the dates that are in force, and neither deployed nor checked
    while it is out of service.
    """
    periods = in_service(device, operations)
    if periods == (Period(),) or not periods:
        return device if periods else replace(device, deployment=RETIRED)
    first, last = periods[0], periods[-1]
    dated = replace(device, joined=_day(first.start, device), retired=_day(last.end, device))
    if any(one.holds(now) for one in periods):
        return dated
    return replace(dated, deployment=RETIRED if last.end <= now else "not_yet_joined")


def next_change(devices: Iterable[Device], operations: Iterable[Operation], now: float) -> float:
    """When the next of `devices` joins or is retired (Unix seconds); infinity where none will."""
    known = by_device(operations)
    moments = (
        moment
        for device in devices
        if device.joined or device.retired or device.id in known
        for one in in_service(device, known.get(device.id, ()))
        for moment in (one.start, one.end)
        if moment > now
    )
    return min(moments, default=math.inf)


def by_device(operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    """The operations about dates, by device."""
    found: dict[str, list[Operation]] = {}
    for one in operations:
        if one.kind is OperationKind.SERVICE:
            found.setdefault(one.subject, []).append(one)
    return found


def counts(one: Operation, device: Device) -> bool:
    """Whether `one` says something about the dates of `device`, as config.yaml has it now."""
    return one.kind is OperationKind.SERVICE and one.details["file"] == _of_file(device)


def service_operation(
    device: Device, did: str, day: date | None, reference: str, who: tuple[str, str], now: float
) -> Operation:
    """The operation that says that `device`, as config.yaml has it, is retired or has returned into
    service (`did`) on `day`, None for now; `reference` is a job number or a reason, `who` are name
    and mark. Raises OperationError.
    """
    at = now if day is None else _midnight(day.isoformat(), device, now)
    if at > now:
        raise OperationError("that day is in the future; write it into config.yaml instead")
    words = " ".join(one_line(reference).split())
    if not words or len(words) > LONGEST_TEXT:
        raise OperationError(
            f"a job number or a reason is needed, of at most {LONGEST_TEXT} characters"
        )
    details = {"did": did, "from": at, "reference": words, "file": _of_file(device)}
    return Operation(OperationKind.SERVICE, device.id, who[0], now, None, details, who[1])


def service_words(one: Operation, zone: ZoneInfo) -> str:
    """What an operation says of a device."""
    did = "retired" if one.get("did") == RETIRED else "in service again"
    return f"{did} on {_local_day(one, zone)}, {one.get('reference')}"


def service_keys(one: Operation, zone: ZoneInfo) -> dict[str, str]:
    """The keys of config.yaml that say the same from now on."""
    return {"retired" if one.get("did") == RETIRED else "joined": _local_day(one, zone)}


def _local_day(one: Operation, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(float(one.details["from"]), zone).date().isoformat()


def _of_file(device: Device) -> Mapping[str, str]:
    return {"joined": device.joined, "retired": device.retired}


def _retired(device: Device) -> float:
    return _midnight(device.retired, device, math.inf)


def _midnight(day: str, device: Device, otherwise: float) -> float:
    """The beginning of a local day of `device`."""
    if not day:
        return otherwise
    begin = datetime.combine(date.fromisoformat(day), time_of_day(), ZoneInfo(device.time_zone))
    return begin.timestamp()


def _day(at: float, device: Device) -> str:
    """The local day of a moment; "" for none."""
    if not math.isfinite(at):
        return ""
    return datetime.fromtimestamp(at, ZoneInfo(device.time_zone)).date().isoformat()
