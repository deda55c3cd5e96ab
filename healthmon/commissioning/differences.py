"""What a device showed against its entry of config.yaml, key by key. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from healthmon.checks.evaluation.identity import same
from healthmon.commissioning.shown import RATE_TOLERANCE, Shown

FIRST_STREAM = "main"
IDENTITY = ("model", "serial", "firmware", "mac")
OF_STREAM = ("codec", "size", "frame_rate")


class Match(StrEnum):
    """What the device shows beside what the file says."""

    SAME = "as in the file"
    NEW = "not in the file"
    OTHER = "differs"
    UNTOLD = "not shown"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Difference:
    """One key: what the file says and what the device shows, "" where one of them says nothing."""

    key: str
    file: str
    seen: str
    match: Match

    def as_json(self) -> dict[str, str]:
        """All of it as plain values."""
        return {"key": self.key, "file": self.file, "seen": self.seen, "match": self.match.value}


def compared(seen: Shown, entry: Mapping[str, Any]) -> tuple[Difference, ...]:
    """`seen` against `entry`, with what it inherits, as texts. Empty where the device did not answer."""
    if seen.why:
        return ()
    return tuple(
        Difference(key, file, shown, _match(key, file, shown))
        for key, file in _on_file(seen, entry)
        if (shown := seen.values.get(key, "")) or file
    )


def to_write(differences: Iterable[Difference], *, others: bool) -> dict[str, str]:
    """What goes into the file: what it does not say, and with `others` what it says otherwise."""
    wanted = {Match.NEW, Match.OTHER} if others else {Match.NEW}
    return {one.key: one.seen for one in differences if one.match in wanted}


def _on_file(seen: Shown, entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every key that can be commissioned, with what the file says."""
    known = entry.get("commissioned") or {}
    for name in IDENTITY:
        yield f"commissioned.{name}", str(known.get(name) or "")
    for stream in entry.get("streams") or ():
        yield from _of_stream(seen, stream)
    yield "tls.pin", str((entry.get("tls") or {}).get("pin") or "")


def _of_stream(seen: Shown, stream: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys of a stream of which the device has shown anything."""
    prefix = f"streams.{name_of(stream)}"
    keys = [(f"{prefix}.{name}", name) for name in OF_STREAM]
    if any(key in seen.values for key, _ in keys):
        yield from ((key, str(stream.get(name) or "")) for key, name in keys)


def name_of(stream: Mapping[str, Any]) -> str:
    """The name of a stream of the file."""
    return str(stream.get("name") or FIRST_STREAM)


def _match(key: str, file: str, seen: str) -> Match:
    if not seen:
        return Match.UNTOLD
    if not file:
        return Match.NEW
    return Match.SAME if alike(key, file, seen) else Match.OTHER


def alike(key: str, one: str, other: str) -> bool:
    """Whether two values of a `key` say the same."""
    rate = key.endswith(".frame_rate") and one and other
    return _same_rate(one, other) if rate else same(one, other)


def _same_rate(file: str, seen: str) -> bool:
    """Within what a measurement of some seconds can tell."""
    try:
        wanted = float(file)
    except ValueError:
        return False
    return abs(float(seen) - wanted) <= RATE_TOLERANCE * wanted
