"""Each device as the wall sees it: the worst of its fresh results and its open faults. Pure.

Worst first: fault, not checked, warning, doubt (bad once, being looked at again), well, off. A fault whose own check
has no fresh result is not shown as a fault of now: the device is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from healthmon.cases import LOST
from healthmon.model import Ask, Device, Question, State
from healthmon.verdict.codes import title
from healthmon_exporters.wall.snapshot import FaultLine, Seen, Snapshot

RANK = {"fault": 0, "unknown": 1, "warning": 2, "doubt": 3, "ok": 4, "off": 5}
CHECKS = {
    Question.REACH: "Answers",
    Question.STREAM: "Pictures",
    Question.CLOCK: "Clock",
    Question.UPS: "Power",
    Question.IDENTITY: "Identity",
    Question.CERTIFICATE: "Certificate",
    Question.REFERENCE: "Time reference",
    Question.RECORDING: "Recording",
    Question.RECORDER: "Recorder",
    Question.PLAYBACK: "Playback",
    Question.LINK: "Link",
}
# Why a fault of the book says nothing about the device itself now.
_NOT_ITS_OWN = frozenset({"parent", "own network", "absent"})


@dataclass(frozen=True, slots=True)
class View:
    """One device. `state` is a key of `RANK`, `words` say why it is not well, `lines` are its open faults of now.

    `known` are the questions that have a fresh answer, `asked` all of them.
    """

    device: Device
    state: str
    words: str = ""
    lines: tuple[FaultLine, ...] = ()
    asked: frozenset[Question] = frozenset()
    known: frozenset[Question] = frozenset()
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
        key=lambda line: (line.code != LOST, -line.state, line.since, line.question, line.part),
    )


def views(snapshot: Snapshot) -> list[View]:
    """Every device, worst first."""
    asks: dict[str, list[Ask]] = {device.id: [] for device in snapshot.devices}
    for ask in snapshot.asks:
        if ask.device in asks and (ask.key in snapshot.seen or not ask.sampled):
            asks[ask.device].append(ask)
    lines: dict[str, list[FaultLine]] = {}
    for line in snapshot.faults:
        lines.setdefault(line.device, []).append(line)
    made = [
        _view(device, asks[device.id], lines.get(device.id, ()), snapshot)
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
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", text)
        if part
    )


def _view(
    device: Device, asks: Sequence[Ask], lines: Iterable[FaultLine], snapshot: Snapshot
) -> View:
    works = snapshot.maintenance.get(device.id, "")
    if device.disabled or device.id in snapshot.absent or not asks:
        return View(device, "off", _off(device), maintenance=works)
    fresh = {ask.key: seen for ask in asks if (seen := fresh_seen(ask, snapshot)) is not None}
    asked_keys = {ask.key for ask in asks}
    now = tuple(line for line in lines if _is_now(line, asked_keys, fresh))
    state, words = _judged(asks, fresh, now)
    return View(
        device,
        state,
        words,
        now,
        frozenset(ask.question for ask in asks),
        frozenset(key[1] for key, seen in fresh.items() if seen.state is not State.UNKNOWN),
        works,
    )


def fresh_seen(ask: Ask, snapshot: Snapshot) -> Seen | None:
    """The result of `ask`, None when there is none or it is too old to be believed."""
    seen = snapshot.seen.get(ask.key)
    return seen if seen is not None and snapshot.now - seen.landed <= ask.patience else None


def check_words(ask: Ask) -> str:
    """What people call the check: "Pictures", "Pictures sub"."""
    part = ask.part if ask.part not in ("", "main") else ""
    return " ".join(filter(None, (CHECKS.get(ask.question, ask.question.value), part)))


def _off(device: Device) -> str:
    if device.deployment != "deployed":
        return device.deployment.replace("_", " ")
    return "switched off in the configuration" if device.disabled else "not asked anything"


def _is_now(line: FaultLine, asked: Collection[object], fresh: Collection[object]) -> bool:
    key = (line.device, line.question, line.part)
    return line.held not in _NOT_ITS_OWN and (key in fresh or key not in asked)


def _judged(
    asks: Sequence[Ask], fresh: dict[tuple[str, Question, str], Seen], now: tuple[FaultLine, ...]
) -> tuple[str, str]:
    faults = [line for line in now if line.state is State.FAULT]
    if faults:
        return "fault", title(lead(faults).code)
    silent = next((ask for ask in asks if ask.key not in fresh), None)
    if silent is not None:
        return "unknown", f"no fresh result: {check_words(silent)}"
    unknown = [seen for seen in fresh.values() if seen.state is State.UNKNOWN]
    if unknown:
        return "unknown", unknown[0].sentence
    if now:
        return "warning", lead(now).sentence
    doubts = [seen for seen in fresh.values() if seen.state is not State.OK]
    if doubts:
        return "doubt", f"looking again: {doubts[0].sentence}"
    return "ok", ""
