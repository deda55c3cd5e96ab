"""Which ONVIF recording is a camera's channel in config.yaml. A wrong guess is worse than "not checked". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from healthmon.wire.profile_g import Found

# Trailing numbers: "Channel 7", "REC_007", "RecordingToken7".
_NUMBER = re.compile(r"(?:^|[^0-9])0*([0-9]{1,5})$")
_SLACK = 5.0


def matched(wanted: Iterable[str], found: Sequence[Found]) -> dict[str, Found]:
    """Channel -> recording: by token, source or name as written, else by the number that one name alone ends with.

    Tokens that count from 0 say nothing about channels that count from 1, so their numbers are not used.
    """
    made: dict[str, Found] = {}
    ways = (
        {f.token: f for f in found},
        _only((f.source, f) for f in found),
        _only((f.name.casefold(), f) for f in found),
        _only((_number(f.name), f) for f in found),
        {}
        if any(_number(f.token) == "0" for f in found)
        else _only((_number(f.token), f) for f in found),
    )
    for channel in wanted:
        keys = (
            channel,
            channel,
            channel.casefold(),
            channel.lstrip("0") or "0",
            channel.lstrip("0") or "0",
        )
        hit = next((way[key] for way, key in zip(ways, keys, strict=True) if key in way), None)
        if hit is not None:
            made[channel] = hit
    return made


def _number(text: str) -> str:
    match = _NUMBER.search(text)
    return match[1] if match else ""


def _only(pairs: Iterable[tuple[str, Found]]) -> dict[str, Found]:
    """The keys that name one recording only."""
    seen: dict[str, list[Found]] = {}
    for key, found in pairs:
        if key:
            seen.setdefault(key, []).append(found)
    return {key: group[0] for key, group in seen.items() if len({f.token for f in group}) == 1}


def named(found: Iterable[Found]) -> tuple[str, ...]:
    """What a recorder calls its recordings, for the sentence that a channel is not among them."""
    return tuple(
        f"{f.token} ({f.name})" if f.name and f.name != f.token else f.token for f in found
    )


def video(found: Found) -> Found:
    """`found` with the dates of its video: a recording whose sound or metadata alone goes on has no new pictures.

    The dates of the video track are used where another track accounts for the recording's own newest date; some
    recorders keep the dates of tracks badly.
    """
    tracks = [t for t in found.tracks if t.kind == "video" and t.newest is not None]
    others = [
        t.newest for t in found.tracks if t.kind in ("audio", "metadata") and t.newest is not None
    ]
    if not tracks:
        return found
    newest = max(t.newest or 0.0 for t in tracks)
    oldest = min((t.oldest for t in tracks if t.oldest is not None), default=found.oldest)
    if found.newest is None:
        return replace(
            found, newest=newest, oldest=found.oldest if found.oldest is not None else oldest
        )
    explained = others and max(others) >= found.newest - _SLACK
    return replace(found, newest=newest) if explained and newest < found.newest else found
