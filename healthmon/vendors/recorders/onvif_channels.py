"""Which ONVIF recording is a camera's channel in config.yaml. A wrong guess is worse than "not
checked". Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from healthmon.protocols.onvif.profile_g import Found

# Trailing numbers: "Channel 7", "REC_007", "RecordingToken7".
_NUMBER = re.compile(r"(?:^|[^0-9])0*([0-9]{1,5})$")
_SLACK = 5.0


def matched(wanted: Iterable[str], found: Sequence[Found]) -> dict[str, Found]:
    """Channel -> recording: by token, source or name as written, else by the number that one name
    alone ends with.

    Tokens that count from 0 say nothing about channels that count from 1, so their numbers are not
    used.
    """
    lookups = _lookups(found)
    made: dict[str, Found] = {}
    for channel in wanted:
        number = channel.lstrip("0") or "0"
        keys = (channel, channel, channel.casefold(), number, number)
        for recordings, key in zip(lookups, keys, strict=True):
            if key in recordings:
                made[channel] = recordings[key]
                break
    return made


def _lookups(found: Sequence[Found]) -> tuple[dict[str, Found], ...]:
    """The recordings by token, source, name, number of the name and number of the token."""
    numbers = [_number(f.token) for f in found]
    return (
        {f.token: f for f in found},
        _only((f.source, f) for f in found),
        _only((f.name.casefold(), f) for f in found),
        _only((_number(f.name), f) for f in found),
        {} if "0" in numbers else _only(zip(numbers, found, strict=True)),
    )


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
    """`found` with the dates of its video: a recording whose sound or metadata alone goes on has no
    new pictures.

    The dates of the video track are used where another track accounts for the recording's own
    newest date; some recorders keep the dates of tracks badly.
    """
    newest = _newest_of(found, "video")
    if newest is None:
        return found
    if found.newest is None:
        oldest = found.oldest if found.oldest is not None else _oldest_video(found)
        return replace(found, newest=newest, oldest=oldest)
    other = _newest_of(found, "audio", "metadata")
    explained = other is not None and other >= found.newest - _SLACK
    return replace(found, newest=newest) if explained and newest < found.newest else found


def _newest_of(found: Found, *kinds: str) -> float | None:
    """The newest date of the tracks of these kinds."""
    dates = (t.newest for t in found.tracks if t.kind in kinds)
    return max((date for date in dates if date is not None), default=None)


def _oldest_video(found: Found) -> float | None:
    """The oldest date of the video tracks that have a newest one too."""
    tracks = [t for t in found.tracks if t.kind == "video" and t.newest is not None]
    return min((t.oldest for t in tracks if t.oldest is not None), default=None)
