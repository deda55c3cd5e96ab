"""Values that config.yaml asks for, decoded: fields of the recorder, its channels, disks and fans. Pure.

What is no such value is None and said in a note, never a zero or a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from healthmon.makes.clocks import Clock, between, placed
from healthmon.model import (
    CHOICES,
    FIELDS,
    Disk,
    Fan,
    Of,
    Reading,
    RecorderAnswer,
    RecorderHealth,
    Recording,
)
from healthmon.wire import moments, told

LARGEST = 1e18
_NAMES = {"channel": "recording"}
ANYTHING = frozenset(f"{_NAMES.get(of, of)}.{name}" for of, names in FIELDS.items() for name in names) | {
    "recorder.disks", "recorder.fans", "recorder.channels_lost", "recorder.problems",
}  # fmt: skip
Raw = str | int | bytes | None
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
    value = told.number(raw if isinstance(raw, int) else worded(reading, raw), -LARGEST, LARGEST)
    return value * reading.factor if value is not None else None


def moment_of(reading: Reading, raw: Raw, clock: Clock) -> float | None:
    """Unix seconds of a time: ISO 8601, DateAndTime, or a number of seconds times `factor`."""
    if isinstance(raw, bytes) and (stamp := moments.date_and_time(raw)) is not None:
        return placed(stamp, clock.zone)
    found = clock.unix(worded(reading, raw))
    return found if found is not None else number_of(reading, raw)


def value_of(reading: Reading, raw: Raw, clock: Clock) -> Any:
    """What the field that `reading` fills becomes; None for what is no such value."""
    decoder = FIELDS[reading.of][reading.fills]
    if decoder == "moment":
        return moment_of(reading, raw, clock)
    if decoder in {"number", "ratio"}:
        value = number_of(reading, raw)
        most = 1.0 if decoder == "ratio" else LARGEST
        return (
            value
            if value is not None and (value >= 0 or "celsius" in reading.fills) and value <= most
            else None
        )
    word = worded(reading, raw)
    if decoder == "flag":
        return told.flag(word)
    if decoder == "text":
        return told.words(word)
    lower = (word or "").lower()
    return lower if lower in CHOICES[decoder] else None


def problem_of(reading: Reading, raw: Raw, item: str = "") -> str | None:
    """The sentence about a value outside its limits, None where it is within them or not told."""
    who = f"{reading.of} {item} {reading.label}" if item else reading.label
    unit = f" {reading.unit}" if reading.unit else ""
    text = text_of(raw)
    if (
        reading.well
        and text is not None
        and text.casefold() not in {word.casefold() for word in reading.well}
    ):
        return f"{who}: {told.words(text, 40)} (well: {', '.join(reading.well)})"
    value = number_of(reading, raw)
    if value is not None and reading.low is not None and value < reading.low:
        return f"{who} {value:g}{unit} (at least {reading.low:g}{unit})"
    if value is not None and reading.high is not None and value > reading.high:
        return f"{who} {value:g}{unit} (at most {reading.high:g}{unit})"
    return None


@dataclass(slots=True)
class Gathered:
    """The values of one session. `clock` places times that name no zone; `taken` counts values that were told."""

    clock: Clock
    fields: dict[tuple[Of, str], Fields] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    taken: int = 0

    def take(self, reading: Reading, raw: Raw, item: str = "", times: Times | None = None) -> None:
        """Take what the device said for `reading` of `item` (a channel, disk or fan). `times`: asked and answered."""
        item = item or reading.item
        kept = self.fields.setdefault((reading.of, item), {})
        if raw is None:
            self._note(f"{reading.label}: not told")
            return
        self.taken += 1
        if (problem := problem_of(reading, raw, item)) is not None:
            self.problems.append(problem)
        if not reading.fills:
            return
        value = value_of(reading, raw, self.clock)
        if value is None:
            self._note(
                f"{reading.label}: '{told.words(text_of(raw) or '', 40) or ''}' not understood"
            )
        elif reading.fills == "clock":
            kept["clock"] = between(value, *times) if times else None
        else:
            kept.setdefault(reading.fills, value)

    def unasked(self, channels: Iterable[str]) -> None:
        """Channels that there was no time for: they are not missing."""
        for channel in channels:
            self.fields.setdefault(("channel", channel), {}).setdefault(
                "error", "not asked this time"
            )

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

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
        """The wanted channels of which something was told."""
        known = self.of("channel")
        return tuple(Recording(name, **known[name]) for name in sorted(wanted) if known.get(name))

    def lost(self, wanted: Iterable[str]) -> tuple[str, ...] | None:
        """The wanted channels without a picture; None where no signal was told."""
        known = self.of("channel")
        signals = {name: known[name].get("signal") for name in wanted if name in known}
        told_of = {name: seen for name, seen in signals.items() if seen is not None}
        return (
            tuple(sorted(name for name, seen in told_of.items() if not seen)) if told_of else None
        )

    def answer(self, make: str, wanted: frozenset[str], notes: Iterable[str]) -> RecorderAnswer:
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
        return RecorderAnswer(health, self.recordings(wanted), (*notes, *self.notes), channels)
