"""What the page shows, as plain values for JSON: numbers, faults, one tile a camera, the strip of
the rest. Pure.

Nothing is calm that is not known: a number of which nothing is known is None, one that is known in
part says so. Keys that say nothing (an empty text, no number) are left out, so that 600 cameras
stay small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from healthmon.incidents.incident import PERSON
from healthmon.model.count_words import count_of
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.measurements import Reference
from healthmon.model.ups import Ups
from healthmon_exporters.wall.snapshot import FaultLine, Snapshot
from healthmon_exporters.wall.views import View, lead, natural, views

VERSION = 1
# As many as a screen can ever name; the rest is counted.
MOST_FAULTS = 60
MOST_CAMERAS = 1200
MOSTOTHERS = 60
NOT_RECORDED = frozenset({"not_recording", "no_motion_recorded"})
_SOURCES = {
    "battery": "ON BATTERY",
    "bypass": "on bypass",
    "off": "output off",
    "test": "self-test",
}
_KINDS = {Kind.UPS: "UPS", Kind.RECORDER: "Recorder"}
OTHERS = (Kind.UPS, Kind.RECORDER, Kind.WORKSTATION, Kind.LINK)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """A number that counts the devices with a fault of the `check` that is a `hit`."""

    name: str
    label: str
    check: str
    hit: Callable[[FaultLine], bool]


COUNTED = (
    Counted(
        "not_recorded", "Not recorded", CheckName.RECORDING, lambda line: line.code in NOT_RECORDED
    ),
    Counted(
        "clock_wrong",
        "Clock wrong",
        CheckName.CLOCK,
        lambda line: line.check_type == CheckName.CLOCK.value,
    ),
    Counted("on_battery", "On battery", CheckName.UPS, lambda line: line.code == "on_battery"),
)


def model(snapshot: Snapshot) -> Json:
    """The whole wall."""
    seen = views(snapshot)
    cameras = [view for view in seen if view.device.kind is Kind.CAMERA]
    listed = entries(snapshot, seen)
    kinds = {view.device.id: view.device.kind for view in seen}
    return {
        "version": VERSION,
        "estate": snapshot.estate,
        "zone": snapshot.zone,
        "simulated": snapshot.simulated,
        "max_age": min((check.max_age for check in snapshot.checks), default=0.0),
        "numbers": numbers(seen, cameras),
        "faults": [entry_of(group, kinds.get(group[0].device)) for group in listed[:MOST_FAULTS]],
        "fault_total": len(listed),
        "cameras": [_tile(view) for view in cameras[:MOST_CAMERAS]],
        "camera_total": len(cameras),
        "counts": Counter(view.state for view in cameras),
        "others": others(seen, snapshot),
        "reference": _reference(seen, snapshot),
        "sweep": _sweep(snapshot),
    }


def _reference(seen: Sequence[View], snapshot: Snapshot) -> Json:
    own = next((view for view in seen if view.device.kind is Kind.AGENT), None)
    words = reference_words(snapshot.reference)
    return {"state": own.state if own else "off", "words": words}


# ----------------------------------------------------------------------------------------------- the big numbers


def numbers(seen: Sequence[View], cameras: Sequence[View]) -> list[Json]:
    """The five figures that are readable from across the room."""
    unknown = sum(view.state == "unknown" for view in cameras)
    watched = sum(view.state != "off" for view in cameras)
    return [
        _at_fault(cameras),
        *(_of_check(counted, seen) for counted in COUNTED),
        {
            "id": "not_checked",
            "label": "Not checked",
            "value": unknown if watched else None,
            "state": "none" if not watched else "unknown" if unknown else "ok",
            "note": f"of {count_of(watched, 'camera')}" if watched else "no cameras",
        },
    ]


def _at_fault(cameras: Sequence[View]) -> Json:
    watched = [view for view in cameras if view.state != "off"]
    warnings = sum(view.state == "warning" for view in watched)
    known = sum(view.state != "unknown" for view in watched)
    hits = [(view, State.FAULT) for view in watched if view.state == "fault"]
    more = [f"{warnings} warning{'s' * (warnings != 1)}"] if warnings else []
    return _number("at_fault", "Cameras at fault", hits, (known, len(watched)), more)


def _of_check(counted: Counted, seen: Sequence[View]) -> Json:
    watched = [view for view in seen if counted.check in view.asked]
    found = [(view, [line.state for line in view.lines if counted.hit(line)]) for view in watched]
    known = sum(counted.check in view.known or bool(states) for view, states in found)
    return _number(
        counted.name,
        counted.label,
        [(view, max(states)) for view, states in found if states],
        (known, len(watched)),
    )


def _number(
    name: str,
    label: str,
    hits: Sequence[tuple[View, State]],
    checked: tuple[int, int],
    more: Sequence[str] = (),
) -> Json:
    """One figure: what is in maintenance is told beside it; `checked` is (how many are known, how
    many there are).
    """
    open_ = [state for view, state in hits if not view.maintenance]
    covered = len(hits) - len(open_)
    known, total = checked
    value: int | None = len(open_)
    state = {State.FAULT: "fault", State.DEGRADED: "warning"}.get(
        max(open_, default=State.OK), "ok"
    )
    notes = [*more, *([f"{covered} in maintenance"] if covered else [])]
    if not total:
        value, state, notes = None, "none", ["not monitored"]
    elif known * 2 < total and not value:
        value, state = None, "unknown"
    if total:
        notes.append(
            f"{total - known} of {total} not checked" if total > known else f"{total} checked"
        )
    return {"id": name, "label": label, "value": value, "state": state, "note": ", ".join(notes)}


# ----------------------------------------------------------------------------------------------- the faults


def entries(snapshot: Snapshot, seen: Iterable[View]) -> list[tuple[FaultLine, ...]]:
    """The faults of one device each, the most urgent device first.

    A device that is lost with its site or behind its parent is no entry of its own. What is about
    no device (a site, or what a person has raised about something else) is one, and so is what a
    person has raised about a device of which nothing else is shown.
    """
    shown = {view.device.id: view.lines for view in seen if view.state == "fault"}
    groups: list[tuple[FaultLine, ...]] = [
        (line,) for line in _without_view(snapshot) if line.device not in shown
    ]
    groups += shown.values()
    told = {line.number for line in chain.from_iterable(groups)} - {None}
    return sorted((group for group in groups if not _in_site(group, told)), key=_urgency)


def _without_view(snapshot: Snapshot) -> Iterator[FaultLine]:
    """Faults that hang on no result of a device: what is about none, and what a person says."""
    devices = {device.id for device in snapshot.devices}
    for line in snapshot.faults:
        of_none = line.device not in devices or line.check_type == PERSON
        if of_none and line.state is State.FAULT:
            yield line


def _in_site(group: tuple[FaultLine, ...], told: Collection[int | None]) -> bool:
    """Whether the fault of a whole site stands for this one."""
    first = lead(group)
    return first.held == "site" and first.cause_number in told


def _urgency(group: Sequence[FaultLine]) -> tuple[Any, ...]:
    first = lead(group)
    acknowledged = all(line.acknowledged_by for line in group)
    return (
        bool(first.maintenance),
        acknowledged,
        first.priority,
        -first.since,
        natural(first.device),
    )


def entry_of(group: Sequence[FaultLine], kind: Kind | None) -> Json:
    """One entry of the faults: the lines of one device or site."""
    first = lead(group)
    more = [f"and {len(group) - 1} more of this device"] if len(group) > 1 else []
    more += (
        [f"{first.affected} device{'s' * (first.affected != 1)} behind it"]
        if first.affected
        else []
    )
    return said(
        id=first.device,
        name=called(first.name, kind),
        state="fault",
        sentence=first.sentence,
        more=", ".join(more),
        number=first.number,
        since=round(first.since),
        priority=first.priority,
        acknowledged=", ".join(
            dict.fromkeys(line.acknowledged_by for line in group if line.acknowledged_by)
        ),
        taken=all(line.acknowledged_by for line in group),
        cause=first.cause,
        maintenance=first.maintenance,
    )


# ----------------------------------------------------------------------------------------------- tiles and strip


def _tile(view: View) -> Json:
    first = view.lead
    return said(
        id=view.device.id,
        name=view.device.name,
        state=view.state,
        words=view.words,
        since=round(first.since) if first else None,
        number=first.number if first else None,
        taken=view.acknowledged,
        maintenance=bool(view.maintenance),
    )


def others(seen: Sequence[View], snapshot: Snapshot) -> Json:
    """UPSes, recorders and links: those that say something by themselves, and how many there are of
    each kind.
    """
    rest = [view for view in seen if view.device.kind in OTHERS and view.state != "off"]
    told = [view for view in rest if not _quiet(view)]
    return {
        "devices": [_chip(view, snapshot) for view in told[:MOSTOTHERS]],
        "kinds": _kinds(rest),
    }


def _quiet(view: View) -> bool:
    """A link that is well says nothing by itself."""
    return view.device.kind is Kind.LINK and view.state == "ok"


def _kinds(rest: Sequence[View]) -> Json:
    """How many there are of each kind, and how many of them are well."""
    total = Counter(view.device.kind.value for view in rest)
    well = Counter(view.device.kind.value for view in rest if view.state == "ok")
    return {kind: {"total": count, "ok": well[kind]} for kind, count in total.items()}


def _chip(view: View, snapshot: Snapshot) -> Json:
    device = view.device
    named = {"kind": device.kind.value, "name": called(device.name, device.kind)}
    return _tile(view) | named | said(figure=ups_words(snapshot.ups.get(device.id)))


def called(name: str, kind: Kind | None) -> str:
    """The name of a device; before that of a UPS or recorder what it is, where the name does not
    say so.
    """
    word = _KINDS.get(kind, "") if kind else ""
    return name if word.lower() in name.lower() else f"{word} {name}"


def ups_words(ups: Ups | None) -> str:
    """As in "mains, 41 min, load 38 %"; "" where nothing is known."""
    if ups is None or ups.source is None:
        return ""
    words = [_SOURCES.get(ups.source, "mains")]
    if ups.runtime_seconds is not None:
        words.append(f"{ups.runtime_seconds / 60:.0f} min left")
    if ups.charge_ratio is not None:
        words.append(f"charge {ups.charge_ratio * 100:.0f} %")
    return ", ".join(words)


def reference_words(reference: Reference | None) -> str:
    """How well true time is known: "+-12 ms, 3 servers"."""
    if reference is None:
        return "not known yet"
    if reference.offset is None:
        return f"NONE: {reference.reason_text}" if reference.reason_text else "NONE"
    error = reference.offset.error
    size = f"{error * 1000:.0f} ms" if error < 1 else f"{error:.1f} s"
    source = count_of(reference.servers, "server") if reference.servers else "this host's clock"
    return f"\u00b1{size}, {source}"


def _sweep(snapshot: Snapshot) -> Json | None:
    if snapshot.sweep is None:
        return None
    return {"at": round(snapshot.sweep.at), "signed_by": list(snapshot.sweep.signed_by)}


def said(**values: Any) -> Json:
    """Only what says something."""
    return {name: value for name, value in values.items() if value not in (None, "", False)}
