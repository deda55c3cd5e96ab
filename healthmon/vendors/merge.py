"""Two answers about one recorder as one: what the first does not report, the second may. Pure."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from healthmon.model.footage import RecorderAnswer, RecorderHealth, Recording

T = TypeVar("T", RecorderHealth, Recording)


def merged(first: RecorderAnswer, second: RecorderAnswer) -> RecorderAnswer:
    """`first` with the gaps filled from `second`."""
    by_name = {one.channel: one for one in second.recordings}
    own = {
        one.channel: filled(one, by_name[one.channel]) if one.channel in by_name else one
        for one in first.recordings
    }
    recordings = {**by_name, **own}
    return RecorderAnswer(
        filled(first.health, second.health),
        tuple(recordings[name] for name in sorted(recordings)),
        (*first.notes, *(note for note in second.notes if note not in first.notes)),
        tuple(sorted({*first.channels, *second.channels})),
        (*first.unread, *second.unread),
    )


def filled(first: T, second: T) -> T:
    """`first` with every field that it does not report taken from `second`."""
    missing: dict[str, Any] = {
        one.name: getattr(second, one.name)
        for one in fields(first)
        if getattr(first, one.name) in (None, ())
    }
    return replace(first, **missing)
