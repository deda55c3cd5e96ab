"""A device before a visit and now. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from healthmon.commissioning.differences import alike
from healthmon.commissioning.shown import Shown, ShownLine
from healthmon.model.enums import State

NOT_BEFORE = "was not looked at"
_BAD = frozenset({State.FAULT, State.DEGRADED})


@dataclass(frozen=True, slots=True)
class Row:
    """One thing before and now, "" where there is nothing."""

    what: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class DeviceVisit:
    """What a visit has changed: values, and the faults and warnings that are gone (`mended`), are still
    there (`left`) or are new (`fresh`).
    """

    now: Shown
    values: tuple[Row, ...] = ()
    mended: tuple[Row, ...] = ()
    left: tuple[Row, ...] = ()
    fresh: tuple[Row, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell of it."""
        return bool(self.values or self.mended or self.left or self.fresh or self.now.why)


def visit_of(before: Shown | None, now: Shown) -> DeviceVisit:
    """What became of a device; `before` is None where it was not looked at then."""
    if before is None:
        return DeviceVisit(now, (Row("the device", NOT_BEFORE, now.why or "answers"),))
    old = {line.key: line for line in before.lines}
    new = {line.key: line for line in now.lines}
    rows: dict[str, list[Row]] = {"mended": [], "left": [], "fresh": []}
    for key in dict.fromkeys((*old, *new)):
        was, is_now = old.get(key), new.get(key)
        if became := _became(was, is_now):
            rows[became].append(Row(_what(key), _sentence(was), _sentence(is_now)))
    lists = {name: tuple(found) for name, found in rows.items()}
    return DeviceVisit(now, tuple(_values(before, now)), **lists)


def _became(was: ShownLine | None, is_now: ShownLine | None) -> str:
    """In which list of a `DeviceVisit` a line is, "" for none."""
    if _bad(is_now):
        return "left" if _bad(was) else "fresh"
    if not _bad(was):
        return ""
    # What cannot be checked now is not mended.
    return "mended" if is_now is not None and is_now.state is State.OK else "left"


def _values(before: Shown, now: Shown) -> Iterator[Row]:
    if bool(before.why) != bool(now.why):
        yield Row("the device", before.why or "answered", now.why or "answers")
    if before.why or now.why:
        return
    for was, is_now in ((before.values, now.values), (before.facts, now.facts)):
        for key in dict.fromkeys((*was, *is_now)):
            # What is measured anew each time (a view) is not a value that somebody has set.
            if not key.startswith(_MEASURED) and not alike(
                key, was.get(key, ""), is_now.get(key, "")
            ):
                yield Row(key, was.get(key, ""), is_now.get(key, ""))


_MEASURED = ("view", "learned view")


def _bad(line: ShownLine | None) -> bool:
    return line is not None and line.state in _BAD


def _sentence(line: ShownLine | None) -> str:
    return line.sentence if line is not None else "not checked"


def _what(key: tuple[str, str, str]) -> str:
    check, part, aspect = key
    return f"{check} {part}: {aspect}" if part else f"{check}: {aspect}"
