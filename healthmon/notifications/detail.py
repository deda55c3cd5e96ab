"""How much a notice says to its target: everything, the device's id, or the fault's
number alone. What a cloud service does not get, it cannot lose. Pure.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from healthmon.checks.evaluation.codes import CODES
from healthmon.notifications.notice import Notice, What

_LINE: Final = re.compile(r"P[1-4] [A-Z ]+ F[0-9]{6,}")
_CHAIN: Final = re.compile(r"audit chain [0-9]+:[0-9a-f]{13}")
_WORDS: Final = {What.DIGEST: "the faults since the last summary", What.TEST: "test message"}


class Detail(StrEnum):
    """How much a target gets."""

    FULL = "full"
    DEVICE = "device"
    NUMBER = "number"


def reduced(notice: Notice, detail: Detail) -> Notice:
    """`notice` with no more than `detail` allows. Below `full` no configured name, place, address or
    telephone number is left, nor a sentence, which may name any of them; with `number` no id of a
    device either, and times are UTC.
    """
    if detail is Detail.FULL:
        return notice
    named = detail is Detail.DEVICE
    code = CODES.get(notice.code)
    words = code.title if code is not None else _WORDS.get(notice.what, "see healthmon")
    return Notice(
        notice.id,
        notice.what,
        notice.at,
        words,
        number=notice.number,
        device=notice.device if named else "",
        name=(notice.device if named else "") or notice.kind or "device",
        kind=notice.kind,
        code=notice.code,
        priority=notice.priority,
        state=notice.state,
        since=notice.since,
        until=notice.until,
        cause_number=notice.cause_number,
        response_seconds=notice.response_seconds,
        time_zone=notice.time_zone if named else "UTC",
        lines=tuple(filter(None, map(_line, notice.lines))),
    )


def _line(line: str) -> str:
    """A line of a digest without its words."""
    found = _LINE.search(line) or _CHAIN.fullmatch(line)
    return found[0] if found else ""


def of_target(configured: str | None, way: str) -> Detail:
    """The detail of a target: as configured; a cloud service (apprise) gets the number only."""
    if configured is not None:
        return Detail(configured)
    return Detail.NUMBER if way == "apprise" else Detail.FULL
