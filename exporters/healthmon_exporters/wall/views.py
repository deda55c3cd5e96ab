"""Each device as the wall sees it: the worst of its fresh results and its open faults. Pure.

Worst first: fault, not checked, warning, doubt (bad once, being checked again), well, off. A
fault whose own check has no fresh result is not shown as a fault of now: the device is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from healthmon.checks import registry
from healthmon.checks.evaluation.codes import title
from healthmon.incidents.incident import LOST
from healthmon.model.device import Check, CheckKey, Device
from healthmon.model.enums import State
from healthmon_exporters.wall.snapshot import CheckOutcome, FaultLine, Snapshot

RANK = {"fault": 0, "unknown": 1, "warning": 2, "doubt": 3, "ok": 4, "off": 5}
# Why a fault of the book says nothing about the device itself now.
_NOT_ITS_OWN = frozenset({"parent", "own network", "absent"})


@dataclass(frozen=True, slots=True)
class View:
    """One device. `state` is a key of `RANK`, `words` say why it is not well, `lines` are its open
    faults of now.

    `known` are the checks that have a fresh answer, `asked` all of them.
    """

    device: Device
    state: str
    words: str = ""
    lines: tuple[FaultLine, ...] = ()
    asked: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    maintenance: str = ""

    @property
    def lead(self) -> FaultLine | None:
        """The fault that says most."""
        return lead(self.lines) if self.lines else None

    @property
    def acknowledged(self) -> bool:
        """Whether somebody has taken on every fault of this device."""
        return bool(self.lines) and all(line.acknowledged_by for line in self.lines)


def lead(lines: Collection[FaultLine]) -> FaultLine:
    """The fault that says most: a lost device first, then the worst, then the oldest."""
    return min(
        lines,
        key=lambda line: (
            line.code != LOST,
            -line.state,
            line.since,
            line.check_type,
            line.instance,
        ),
    )


def views(snapshot: Snapshot) -> list[View]:
    """Every device, worst first."""
    checks: dict[str, list[Check]] = {device.id: [] for device in snapshot.devices}
    for check in snapshot.checks:
        if check.device in checks and (check.key in snapshot.seen or not check.sampled):
            checks[check.device].append(check)
    lines: dict[str, list[FaultLine]] = {}
    for line in snapshot.faults:
        lines.setdefault(line.device, []).append(line)
    made = [
        _view(device, checks[device.id], lines.get(device.id, ()), snapshot)
        for device in snapshot.devices
    ]
    return sorted(made, key=_order)


def _order(view: View) -> tuple[object, ...]:
    first = view.lead
    covered = bool(view.maintenance), view.acknowledged
    return (RANK[view.state], *covered, first.priority if first else 9, natural(view.device.id))


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A key that puts C9 before C10."""
    return tuple(
        (int(instance), "") if instance.isdecimal() else (-1, instance)
        for instance in re.split(r"(\d+)", text)
        if instance
    )


def _view(
    device: Device, checks: Sequence[Check], lines: Iterable[FaultLine], snapshot: Snapshot
) -> View:
    works = snapshot.maintenance.get(device.id, "")
    if device.disabled or device.id in snapshot.absent or not checks:
        return View(device, "off", _off(device), maintenance=works)
    fresh = _fresh(checks, snapshot)
    asked_keys = {check.key for check in checks}
    now = tuple(line for line in lines if _is_now(line, asked_keys, fresh))
    state, words = _judged(checks, fresh, now)
    known = (key[1] for key, seen in fresh.items() if seen.state is not State.UNKNOWN)
    asked = frozenset(check.check_type for check in checks)
    return View(device, state, words, now, asked, frozenset(known), works)


def _fresh(checks: Sequence[Check], snapshot: Snapshot) -> dict[CheckKey, CheckOutcome]:
    """The results that may still be believed."""
    found = {check.key: fresh_seen(check, snapshot) for check in checks}
    return {key: seen for key, seen in found.items() if seen is not None}


def fresh_seen(check: Check, snapshot: Snapshot) -> CheckOutcome | None:
    """The result of `check`, None when there is none or it is too old to be believed."""
    seen = snapshot.seen.get(check.key)
    return seen if seen is not None and snapshot.now - seen.landed <= check.max_age else None


def check_words(check: Check) -> str:
    """What people call the check: "Pictures", "Pictures sub"."""
    instance = check.instance if check.instance not in ("", "main") else ""
    return " ".join(filter(None, (registry.installed().title(check.check_type), instance)))


def _off(device: Device) -> str:
    if device.deployment != "deployed":
        return device.standing
    return "switched off in the configuration" if device.disabled else "has no checks"


def _is_now(line: FaultLine, asked: Collection[object], fresh: Collection[object]) -> bool:
    key = (line.device, line.check_type, line.instance)
    return line.held not in _NOT_ITS_OWN and (key in fresh or key not in asked)


def _judged(
    checks: Sequence[Check],
    fresh: dict[CheckKey, CheckOutcome],
    now: tuple[FaultLine, ...],
) -> tuple[str, str]:
    """(state, words) of a device: an open fault first, then what is not known, then warnings."""
    faults = [line for line in now if line.state is State.FAULT]
    if faults:
        return "fault", title(lead(faults).code)
    if words := _unknown(checks, fresh):
        return "unknown", words
    if now:
        return "warning", lead(now).sentence
    doubt = next((seen for seen in fresh.values() if seen.state is not State.OK), None)
    return ("doubt", f"looking again: {doubt.sentence}") if doubt else ("ok", "")


def _unknown(checks: Sequence[Check], fresh: dict[CheckKey, CheckOutcome]) -> str:
    """What is not known, "" where all is."""
    silent = next((check for check in checks if check.key not in fresh), None)
    if silent is not None:
        return f"no fresh result: {check_words(silent)}"
    unknown = (seen.sentence for seen in fresh.values() if seen.state is State.UNKNOWN)
    return next(unknown, "")
