"""Whose footage a sweep plays: that of one camera of each recorder, by turns. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from healthmon.model.device import Check
from healthmon.model.enums import CheckName

TURN_SECONDS = 3600.0


def turns(checks: Iterable[Check], now: float) -> frozenset[str]:
    """The cameras whose footage is played in a sweep at `now` (Unix seconds): one of each recorder,
    hour by hour.
    """
    by_recorder: dict[str, list[str]] = {}
    for check in checks:
        if check.check_type == CheckName.PLAYBACK:
            by_recorder.setdefault(check.instance, []).append(check.device)
    turn = int(now // TURN_SECONDS)
    return frozenset(sorted(cameras)[turn % len(cameras)] for cameras in by_recorder.values())
