"""Values that config.yaml asks for, decoded: fields of the recorder, its channels, disks and fans.
Pure.

What is no such value is None and said in a note, never a zero or a guess.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from healthmon.model.enums import Reason
from healthmon.model.footage import (
    Disk,
    Fan,
    RecorderAnswer,
    RecorderHealth,
    Recording,
    Unread,
)
from healthmon.model.readings import CHOICES, FIELDS, Of, Reading
from healthmon.protocols.values import dates, scalars
from healthmon.vendors.clocks import Clock, between, placed

LARGEST = 1e18
_NAMES = {"channel": "recording"}
ANYTHING = frozenset(f"{_NAMES.get(of, of)}.{name}" for of, names in FIELDS.items() for name in names) | {
    "recorder.disks", "recorder.fans", "recorder.channels_lost", "recorder.problems",
}  # fmt: skip
Raw = str | int | float | bytes | None
Times = tuple[float, float]
Fields = dict[str, Any]


def text_of(raw: Raw) -> str | None:
    """What a device said as text, up to the first character that cannot be printed."""
    line = (
        raw.decode("utf-8", "replace")
        if isinstance(raw, bytes)
        else str(raw)
        if raw is not None
        else ""
    )
    end = next(
        (at for at, char in enumerate(line) if not char.isprintable() or char == "\ufffd"),
        len(line),
    )
    return line[:end].strip() or None


def worded(reading: Reading, raw: Raw) -> str | None:
    """The text with `words` put for it; None where they hold no word for it."""
    text = text_of(raw)
    if text is None or not reading.words:
        return text
    words = dict(reading.words)
    lower = {said.casefold(): word for said, word in words.items()}
    return words.get(text, lower.get(text.casefold()))


def number_of(reading: Reading, raw: Raw) -> float | None:
    """The number times `factor`."""
    value = scalars.number(raw if isinstance(raw, int) else worded(reading, raw), -LARGEST, LARGEST)
    return value * reading.factor if value is not None else None


def moment_of(reading: Reading, raw: Raw, clock: Clock) -> float | None:
    """Unix seconds of a time: ISO 8601, DateAndTime, or a number of seconds times `factor`."""
    near = time.time() if reading.fills == "clock" else None
    if isinstance(raw, bytes) and (stamp := dates.date_and_time(raw)) is not None:
        return placed(stamp, clock.zone, near=near)
    found = clock.unix(worded(reading, raw), near=near)
    return found if found is not None else number_of(reading, raw)


def value_of(reading: Reading, raw: Raw, clock: Clock) -> Any:
    """What the field that `reading` fills becomes; None for what is no such value."""
    decoder = FIELDS[reading.of][reading.fills]
    if decoder == "moment":
        return moment_of(reading, raw, clock)
    if decoder == "number":
        return _figure(reading, raw, LARGEST)
    if decoder == "ratio":
        return _figure(reading, raw, 1.0)
    word = worded(reading, raw)
    if decoder == "flag":
        return scalars.flag(word)
    if decoder == "text":
        return scalars.words(word)
    lower = (word or "").lower()
    return lower if lower in CHOICES[decoder] else None


def _figure(reading: Reading, raw: Raw, most: float) -> float | None:
    """A number up to `most`; only a temperature may be below zero."""
    value = number_of(reading, raw)
    if value is None or value > most:
        return None
    return value if value >= 0 or "celsius" in reading.fills else None


def problem_of(reading: Reading, raw: Raw, item: str = "") -> str | None:
    """The sentence about a value outside its limits, None where it is within them or not
    reported.
    """
    who = f"{reading.of} {item} {reading.label}" if item else reading.label
    text = text_of(raw)
    if text is not None and not _is_well(reading, text):
        return f"{who}: {scalars.words(text, 40)} (well: {', '.join(reading.well)})"
    value = number_of(reading, raw)
    if value is None:
        return None
    unit = f" {reading.unit}" if reading.unit else ""
    if reading.low is not None and value < reading.low:
        return f"{who} {value:g}{unit} (at least {reading.low:g}{unit})"
    if reading.high is not None and value > reading.high:
        return f"{who} {value:g}{unit} (at most {reading.high:g}{unit})"
    return None


def _is_well(reading: Reading, text: str) -> bool:
    """Whether `text` is one of the words that are well; any is where the reading names none."""
    return not reading.well or text.casefold() in {word.casefold() for word in reading.well}


@dataclass(slots=True)
class Gathered:
    """The values of one session. `clock` places times that name no zone; `taken` counts values that
    were reported.
    """

    clock: Clock
    fields: dict[tuple[Of, str], Fields] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    taken: int = 0

    def decode(
        self, reading: Reading, raw: Raw, item: str = "", times: Times | None = None
    ) -> None:
        """Take what the device said for `reading` of `item` (a channel, disk or fan). `times`:
        asked and answered.
        """
        item = item or reading.item
        kept = self.fields.setdefault((reading.of, item), {})
        if raw is None:
            self._missed(reading, "not reported")
            return
        self.taken += 1
        if (problem := problem_of(reading, raw, item)) is not None:
            self.problems.append(problem)
        if not reading.fills:
            return
        value = value_of(reading, raw, self.clock)
        if value is None:
            said = scalars.words(text_of(raw) or "", 40) or ""
            self._missed(reading, f"'{said}' not understood")
        elif reading.fills == "clock":
            kept["clock"] = between(value, *times) if times else None
        else:
            kept.setdefault(reading.fills, value)

    def unasked(self, channels: Iterable[str]) -> None:
        """Channels that there was no time for: they are not missing."""
        for channel in channels:
            self.fields.setdefault(("channel", channel), {}).setdefault(
                "error", "not read this time"
            )

    def _missed(self, reading: Reading, why: str) -> None:
        """What config.yaml asks for is not known. Channels are judged by their own checks."""
        text = f"{reading.label}: {why}"
        if text in self.notes:
            return
        self.notes.append(text)
        if reading.of != "channel":
            self.unread.append(Unread(reading.label, Reason.NOT_REPORTED, why))

    def of(self, kind: Of) -> dict[str, Fields]:
        """Everything of one kind by its name."""
        return {item: fields for (of, item), fields in self.fields.items() if of == kind}

    def disks(self) -> tuple[Disk, ...]:
        """The disks."""
        return tuple(Disk(name, **fields) for name, fields in self.of("disk").items())

    def fans(self) -> tuple[Fan, ...]:
        """The fans."""
        return tuple(Fan(name, **fields) for name, fields in self.of("fan").items())

    def recordings(self, wanted: Iterable[str]) -> tuple[Recording, ...]:
        """The wanted channels of which something was reported."""
        known = self.of("channel")
        return tuple(Recording(name, **known[name]) for name in sorted(wanted) if known.get(name))

    def lost(self, wanted: Iterable[str]) -> tuple[str, ...] | None:
        """The wanted channels without a picture; None where no signal was reported."""
        known = self.of("channel")
        signals = {name: known[name].get("signal") for name in wanted if name in known}
        told_of = {name: seen for name, seen in signals.items() if seen is not None}
        return (
            tuple(sorted(name for name, seen in told_of.items() if not seen)) if told_of else None
        )

    def answer(
        self,
        make: str,
        wanted: frozenset[str],
        notes: Iterable[str],
        unread: Iterable[Unread] = (),
    ) -> RecorderAnswer:
        """All of it as the answer of `make`."""
        own: Mapping[str, Any] = self.of("recorder").get("", {})
        health = RecorderHealth(
            make,
            **own,
            disks=self.disks(),
            fans=self.fans(),
            channels_lost=self.lost(wanted),
            problems=tuple(self.problems),
        )
        channels = tuple(sorted(name for name, fields in self.of("channel").items() if fields))
        said, missed = (*notes, *self.notes), (*unread, *self.unread)
        return RecorderAnswer(health, self.recordings(wanted), said, channels, missed)
