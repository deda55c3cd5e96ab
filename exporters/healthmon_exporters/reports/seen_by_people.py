"""The part of the shift check that people have done: who has seen which cameras, and which nobody has
seen. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.function_check.walk import NOT_SEEN, SEEN, Outcome, Tick, Walk, by_camera
from healthmon.model.count_words import count_of

Part = dict[str, Any]
HEADS = ("Camera", "Seen", "By", "At", "Comment")
_KEYS = ("camera_words", "mark", "by", "at_words", "comment_words")


def part(
    walk: Walk | None, ticks: Iterable[Tick], names: Mapping[str, str], zone: str
) -> Part | None:
    """The part of a sheet with this `walk`, as plain values: a row for each camera of its rota, then
    for others that were looked at. None without a walk.
    """
    if walk is None:
        return None
    ticked = by_camera(tick for tick in ticks if walk.counts(tick.at))
    others = [camera for camera in ticked if camera not in walk.due]
    local = ZoneInfo(zone)
    return {
        "words": _words(walk, ticked),
        "late_words": _late(walk),
        "rows": [_row(one, ticked.get(one), names, local) for one in (*walk.due, *others)],
        "people": list(_people(ticked.values(), local)),
        "left_out": [
            {"camera": camera, "name": names.get(camera, ""), "why": why}
            for camera, why in walk.left_out.items()
        ],
    }


def cells(made: Part) -> Iterator[tuple[str, ...]]:
    """The rows of the part below `HEADS`."""
    return (tuple(row[key] for key in _KEYS) for row in made["rows"])


def left_out(made: Part) -> Iterator[str]:
    """Which cameras nobody need look at: one sentence for each reason."""
    groups: dict[str, list[str]] = {}
    for one in made["left_out"]:
        groups.setdefault(one["why"], []).append(one["camera"])
    return (f"not in this walk: {', '.join(cameras)}: {why}" for why, cameras in groups.items())


def _words(walk: Walk, ticked: Mapping[str, Tick]) -> str:
    """As in "seen by a person 20 of 22 due (18 well, 2 not well); 1 skipped; 1 NOT SEEN"."""
    due = [ticked[camera] for camera in walk.due if camera in ticked]
    counts = Counter(tick.outcome for tick in due)
    seen = sum(counts[outcome] for outcome in SEEN)
    others = sum(tick.outcome in SEEN for camera, tick in ticked.items() if camera not in walk.due)
    how = f"{counts[Outcome.WELL]} well, {counts[Outcome.NOT_WELL]} not well"
    words = [f"seen by a person {seen} of {len(walk.due)} due ({how})"]
    words += [f"{counts[Outcome.SKIPPED]} skipped"] if counts[Outcome.SKIPPED] else []
    words += [f"{len(walk.due) - len(due)} {NOT_SEEN}"] if len(due) < len(walk.due) else []
    words += [f"{others} more seen"] if others else []
    return "; ".join(words)


def _late(walk: Walk) -> str:
    if not walk.late:
        return ""
    cameras = count_of(walk.late, "camera was", "cameras were")
    return f"{cameras} last seen more than {duration(walk.every)} ago"


def _row(camera: str, tick: Tick | None, names: Mapping[str, str], local: ZoneInfo) -> Part:
    name = names.get(camera, "")
    row = {"camera": camera, "name": name, "camera_words": f"{camera} {name}".strip()}
    if tick is None:
        empty = dict.fromkeys(("by", "at_words", "comment", "fault", "comment_words"), "")
        return row | {"mark": NOT_SEEN, "at": None} | empty
    moment = datetime.fromtimestamp(tick.at, local)
    fault = f"F{tick.number:06d}" if tick.number else ""
    return row | {
        "mark": tick.outcome.value,
        "by": tick.by,
        "at": moment.isoformat(timespec="seconds"),
        "at_words": f"{moment:%d %b %H:%M:%S}",
        "comment": tick.comment,
        "fault": fault,
        "comment_words": ": ".join(filter(None, (fault, tick.comment))),
    }


def _people(ticked: Iterable[Tick], local: ZoneInfo) -> Iterator[str]:
    """Who has looked at how many, and when."""
    by_person: dict[str, list[Tick]] = {}
    for tick in ticked:
        if tick.outcome in SEEN:
            by_person.setdefault(tick.by, []).append(tick)
    for person, ticks in by_person.items():
        first, last = (datetime.fromtimestamp(f(x.at for x in ticks), local) for f in (min, max))
        yield f"{person} has seen {len(ticks)}, {first:%d %b %H:%M} to {last:%H:%M}"
