"""A device that was replaced is accepted, and a deployable camera is said to be somewhere else."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.identity import compare, same
from healthmon.incidents import device_changes
from healthmon.incidents.device_changes import Move
from healthmon.incidents.local_time import shown
from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.incidents.service_dates import (
    RETIRED,
    RETURNED,
    replaced_at,
    service_operation,
    service_words,
)
from healthmon.model.device import Check, Commissioned, Device
from healthmon.model.enums import CheckName
from healthmon.model.measurements import Identity
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon.runtime.check_now import ChecksNow
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import Marked, MoveForm, ServiceForm
from healthmon_exporters.pages.rows import Deployed, DoneRow, IdentityField, IdentityRow

_WHAT = {
    OperationKind.CHECK: "check asked for",
    OperationKind.REPLACED: "replacement accepted",
    OperationKind.MOVED: "moved",
    OperationKind.SERVICE: "in or out of service",
    OperationKind.STATEMENT: "clock statement",
    OperationKind.BASELINE: "view learned anew",
    OperationKind.PTZ_MOVE: "camera sent",
    OperationKind.PICTURE_SHOWN: "picture looked at",
}
_BARE = (OperationKind.CHECK, OperationKind.BASELINE, OperationKind.PICTURE_SHOWN)
NOTHING = "not reported"
NOT_WRITTEN = "not written down"


class DeviceWork:
    """Of one agent. Methods that record raise NoRecordError, NotDoneError."""

    def __init__(self, agent: Agent, checks_now: ChecksNow) -> None:
        self._agent, self._checks_now = agent, checks_now

    # ------------------------------------------------------------------------------------ replaced

    def identity(self, name: str) -> IdentityRow | None:
        """What was commissioned beside what answers; None where the identity is not known."""
        found = self._answered(name)
        if found is None:
            return None
        seen, at = found
        device = self._agent.estate.devices[name]
        done = self._in_force(OperationKind.REPLACED, name)
        return IdentityRow(
            fields=_fields(seen, device),
            at=at,
            seen=_mark_of(seen),
            differs=device_changes.differs(seen, device.commissioned),
            accepted=self._words(done) if done else "",
        )

    def known_identity(self, name: str) -> IdentityRow:
        """The same; raises NotDoneError where there is none."""
        self._of_file(name)
        found = self.identity(name)
        if found is None:
            raise NotDoneError(f"the identity of {name} is not known; check it first")
        return found

    async def accept(self, name: str, reference: str, seen_mark: str, mark: Marked) -> None:
        """Accept what answers now as the device; then it is checked whether it is."""
        if await self._came(mark):
            return
        found = self._answered(name)
        if found is None:
            raise NotDoneError(f"the identity of {name} is not known; check it first")
        seen, _ = found
        if _mark_of(seen) != seen_mark:
            raise NotDoneError("another device answers by now; look at the page again")
        known = self._agent.estate.devices[name].commissioned
        who = (mark.by, mark.once)
        try:
            new = device_changes.accepted(self._of_file(name), known, seen, reference, who)
        except OperationError as error:
            raise NotDoneError(str(error)) from None
        await self._record(replace(new, at=time.time()), mark, self._identity_checks(name))

    def _answered(self, name: str) -> tuple[Identity, float] | None:
        """Who answered last, and when."""
        for check in self._identity_checks(name):
            result = self._agent.state.results.get(check.key)
            if result is not None and isinstance(result.observation.value, Identity):
                return result.observation.value, result.observation.at
        return None

    def _identity_checks(self, name: str) -> list[Check]:
        known = self._agent.estate.checks_of.get(name, ())
        return [check for check in known if check.check_type == CheckName.IDENTITY]

    # --------------------------------------------------------------------------------------- moved

    def deployed(self, name: str) -> Deployed | None:
        """Where a deployable camera is; None for every other device."""
        device = self._agent.estate.devices[name]
        if device.variant != "deployable":
            return None
        done = self._in_force(OperationKind.MOVED, name)
        return Deployed(
            state=device.deployment,
            location=device.location,
            dpia=done.get("dpia") if done else "",
            since=self._words(done) if done else "",
            states=tuple((one, one.replace("_", " ")) for one in device_changes.STATES),
        )

    async def move(self, name: str, form: MoveForm, mark: Marked) -> None:
        """Say where a deployable camera is; one that is deployed is checked now."""
        move, who = Move(form.state, form.location, form.dpia), (mark.by, mark.once)
        try:
            new = device_changes.moved(self._of_file(name), move, who, time.time())
        except OperationError as error:
            raise NotDoneError(str(error)) from None
        await self._record(new, mark)

    # ------------------------------------------------------------------------------------ in service

    async def serve(self, name: str, form: ServiceForm, mark: Marked) -> str:
        """Say that a device is retired, or in service again, which is checked now; in words."""
        device, zone = self._of_file(name), self._zone
        retired = not self._agent.estate.devices[name].in_service
        if form.did not in (RETIRED, RETURNED):
            raise NotDoneError("a device is retired, or has returned")
        if retired is (form.did == RETIRED) and not await self._came(mark):
            raise NotDoneError(f"{name} is {'out of' if retired else 'in'} service already")
        try:
            day = date.fromisoformat(form.day) if form.day else None
        except ValueError:
            raise NotDoneError(f"'{form.day}' is not a day; write for example 2026-11-29") from None
        who = (mark.by, mark.once)
        try:
            new = service_operation(device, form.did, day, form.reference, who, time.time())
        except OperationError as error:
            raise NotDoneError(str(error)) from None
        await self._record(new, mark)
        return service_words(new, zone)

    async def _came(self, mark: Marked) -> bool:
        return await asked(self._agent, lambda store: store.came(mark.once))

    # ------------------------------------------------------------------------------------- of both

    async def _record(
        self, new: Operation, mark: Marked, checks: list[Check] | None = None
    ) -> None:
        """Record `new`, let the agent follow it, and have the device checked: all its checks where
        none are given.
        """
        kept = await entered(self._agent, lambda store: store.operate(new, mark.author))
        if kept.at == new.at:
            found = checks or self._agent.estate.checks_of.get(new.subject, ())
            self._checks_now.begin(new.subject, found, new.by, anew=True)

    def _of_file(self, name: str) -> Device:
        """A device as config.yaml has it. Raises NotDoneError."""
        device = self._agent.of_file.devices.get(name)
        if device is None or not device.site:
            raise NotDoneError(f"there is no device {name} in the configuration")
        return device

    def _in_force(self, kind: OperationKind, name: str) -> Operation | None:
        device = self._agent.of_file.devices[name]
        known = self._agent.incident_service.operations
        found = [one for one in known if one.kind is kind and one.subject == name]
        return next((one for one in found if device_changes.counts(one, device)), None)

    def _words(self, one: Operation) -> str:
        return f"{shown(one.at, self._zone)}, {one.by}{_job(one)}"

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._agent.estate.config.estate.time_zone)


def done_row(one: Operation, zone: ZoneInfo) -> DoneRow:
    """An operation on a device as its page shows it."""
    details = service_words(one, zone) if one.kind is OperationKind.SERVICE else _details(one)
    return DoneRow(one.at, one.by, _WHAT[one.kind], one.subject, details)


def dates_of(
    device: Device, done: Iterable[Operation], zone: ZoneInfo
) -> Iterator[tuple[str, str]]:
    """When a device joined, was replaced and was retired, as far as that is known: names and days."""
    if device.joined:
        yield "Joined", device.joined
    for at in replaced_at(device, done):
        yield "Replaced", datetime.fromtimestamp(at, zone).date().isoformat()
    if device.retired:
        yield "Retired", device.retired


def _details(one: Operation) -> str:
    if one.kind in _BARE:
        return ""
    if one.kind is OperationKind.PTZ_MOVE:
        return f"{one.get('preset')}, {one.get('why')}"
    if one.kind is OperationKind.STATEMENT:
        return f"{one.details['facts']['asked']}: {one.get('reason')}"
    if one.kind is OperationKind.MOVED:
        dpia = one.get("dpia")
        place = f"{one.get('state').replace('_', ' ')} {one.get('location')}".strip()
        return f"{place}, DPIA {dpia}" if dpia else place
    old, new = ("; ".join(map(" ".join, one.details[name].items())) for name in ("old", "new"))
    return f"{new or NOTHING}; before: {old or NOT_WRITTEN}{_job(one)}"


def _job(one: Operation) -> str:
    return f", job {one.get('reference')}" if one.get("reference") else ""


def _fields(told: Identity, device: Device) -> tuple[IdentityField, ...]:
    known, pin = device.commissioned or Commissioned(), _pin(device)
    pairs = {
        "maker": (None, told.manufacturer),
        "model": (known.model, told.model),
        "serial": (known.serial, told.serial),
        "firmware": (known.firmware, told.firmware),
        "MAC": (known.mac, ", ".join(told.macs)),
        "certificate key": (pin, told.key),
    }
    alike = {name: equal for name, (equal, _, _) in compare(told, known).items()}
    for name in ("firmware", "certificate key"):
        old, new = pairs[name]
        alike[name] = not (old and new) or same(old, new)
    return tuple(
        IdentityField(name, old or NOT_WRITTEN, new or NOTHING, not alike.get(name, True))
        for name, (old, new) in pairs.items()
        if (old, new) not in ((None, None), (None, ""))
    )


def _pin(device: Device) -> str | None:
    return device.access.tls.pin if device.access.tls else None


def _mark_of(found: Identity) -> str:
    """What tells one identity from another."""
    told = (found.manufacturer, found.model, found.serial, found.firmware, found.macs, found.key)
    return hashlib.sha256(repr(told).encode()).hexdigest()
