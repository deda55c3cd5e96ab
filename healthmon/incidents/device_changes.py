"""Devices that people have replaced or moved, as operations. Pure.

Such a change counts as long as config.yaml says of the device what it said then: who edits the file
later knows better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, get_args

from healthmon.checks.evaluation.identity import compare, same
from healthmon.incidents import service_dates
from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.model.device import Commissioned, Deployment, Device
from healthmon.model.measurements import Identity
from healthmon.model.plain_text import one_line

LONGEST_TEXT = 200
STATES: Final = get_args(Deployment)
KINDS: Final = (OperationKind.REPLACED, OperationKind.MOVED, OperationKind.SERVICE)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a deployable camera is now; `dpia` is the reference of the data protection impact
    assessment of a place where it is deployed.
    """

    state: str
    location: str
    dpia: str

    def checked(self) -> Move:
        """The move as plain lines. Raises OperationError."""
        if self.state not in STATES:
            raise OperationError(f"a camera is one of {', '.join(STATES)}")
        location, dpia = _line("place", self.location), _line("DPIA reference", self.dpia)
        if self.state == "deployed" and not (location and dpia):
            raise OperationError("a camera is deployed at a place, with its DPIA reference")
        return Move(self.state, location, dpia if self.state == "deployed" else "")


def moved(device: Device, move: Move, who: tuple[str, str], now: float) -> Operation:
    """The operation that says where a deployable is; `device` as config.yaml has it, `who` are name
    and mark. Raises OperationError.
    """
    if device.variant != "deployable":
        raise OperationError(f"{device.id} is no deployable camera")
    details = {**asdict(move.checked()), "file": _place(device)}
    return Operation(OperationKind.MOVED, device.id, who[0], now, None, details, who[1])


def accepted(
    device: Device, known: Commissioned | None, seen: Identity, reference: str, who: tuple[str, str]
) -> Operation:
    """The operation that accepts what answers now (`seen`) instead of what was `known`; `device` as
    config.yaml has it. It gets its time when it is recorded. Raises OperationError.
    """
    job = _line("job number", reference)
    if not job:
        raise OperationError("the job number is needed")
    if seen.alternates_with:
        raise OperationError("two devices answer in turn on this address; find the other one first")
    new = commissioned_of(seen, known)
    if not differs(seen, known):
        raise OperationError("the device that answers is the one that was commissioned")
    details = {
        "old": _values(known),
        "new": _values(new),
        "reference": job,
        "file": _values(device.commissioned),
    }
    return Operation(OperationKind.REPLACED, device.id, who[0], 0.0, None, details, who[1])


def commissioned_of(seen: Identity, known: Commissioned | None) -> Commissioned:
    """What is written down of a device that answers. Its firmware only where one was written down
    before: a later update would be a warning.
    """
    firmware = seen.firmware if known is None or known.firmware else None
    return Commissioned(seen.model, seen.serial, firmware, seen.macs[0] if seen.macs else None)


def differs(seen: Identity, known: Commissioned | None) -> bool:
    """Whether what answers is to be accepted before it counts as the device: something that both
    tell is different, or nothing was written down.
    """
    if known is None:
        return commissioned_of(seen, None) != Commissioned()
    fields = compare(seen, known)
    updated = seen.firmware and known.firmware and not same(seen.firmware, known.firmware)
    return bool(updated) or any(not equal for equal, _, _ in fields.values())


def changed(
    devices: Mapping[str, Device], operations: Iterable[Operation], now: float
) -> dict[str, Device]:
    """The devices that are `now` otherwise than config.yaml has them (`devices`), by the `operations`
    in force and by their dates.
    """
    found: dict[str, Device] = {}
    known = tuple(operations)
    for one in known:
        device = devices.get(one.subject)
        if device is not None and _replaced_or_moved(one, device):
            found[device.id] = _with(found.get(device.id, device), one)
    dated = service_dates.by_device(known)
    for device in devices.values():
        if device.joined or device.retired or device.id in dated:
            standing = service_dates.with_dates(device, dated.get(device.id, ()), now)
            found[device.id] = _as_dated(found.get(device.id, device), standing)
    return {name: one for name, one in found.items() if one != devices[name]}


def _as_dated(device: Device, standing: Device) -> Device:
    """`device`, which may have been moved, with the dates of `standing`, and retired where that is."""
    where = device.deployment if standing.in_service else standing.deployment
    return replace(device, joined=standing.joined, retired=standing.retired, deployment=where)


def counts(one: Operation, device: Device) -> bool:
    """Whether an operation is in force for `device`, as config.yaml has it."""
    return _replaced_or_moved(one, device) or service_dates.counts(one, device)


def _replaced_or_moved(one: Operation, device: Device) -> bool:
    if one.kind is OperationKind.REPLACED:
        return bool(one.details["file"] == _values(device.commissioned))
    return one.kind is OperationKind.MOVED and one.details["file"] == _place(device)


def _with(device: Device, one: Operation) -> Device:
    if one.kind is OperationKind.REPLACED:
        return replace(device, commissioned=Commissioned(**one.details["new"]))
    state: Any = one.get("state")
    return replace(device, deployment=state, location=one.get("location"))


def _values(known: Commissioned | None) -> dict[str, str]:
    """What is written down, by field."""
    return {name: value for name, value in asdict(known).items() if value} if known else {}


def _place(device: Device) -> dict[str, str]:
    return {"state": device.deployment, "location": device.location}


def _line(name: str, text: str) -> str:
    found = " ".join(one_line(text).split())
    if len(found) > LONGEST_TEXT:
        raise OperationError(f"{name} is longer than {LONGEST_TEXT} characters")
    return found
