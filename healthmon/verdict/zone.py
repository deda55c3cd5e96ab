"""Will the device's time zone rule be right when the clocks change? A POSIX TZ string against a zone. Pure."""

from __future__ import annotations

import re
import struct
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from zoneinfo import ZoneInfo

_HEADER = struct.Struct(">4sc15x6I")
_HIKVISION = re.compile(r"([A-Za-z]{3,6})([-+]?\d{1,2}(?::\d{2}){0,2})DST(\d{2}):(\d{2}):(\d{2}),(.*)")
_RULE = re.compile(r"(?:[A-Za-z]{3,10}|<[-+A-Za-z0-9]{3,10}>)[-+]?\d{1,3}(:\d{2}){0,2}.{0,80}", re.ASCII)
STEP = timedelta(minutes=30)


@lru_cache(maxsize=256)
def posix_zone(rule: str) -> ZoneInfo | None:
    """The zone of a POSIX TZ string: the footer of a TZif file without transitions (RFC 8536)."""
    text = _plain(rule.strip())
    if not _RULE.fullmatch(text):
        return None
    block = _HEADER.pack(b"TZif", b"2", 0, 0, 0, 0, 1, 4) + struct.pack(">iBB", 0, 0, 0) + b"UTC\0"
    try:
        return ZoneInfo.from_file(BytesIO(block + block + b"\n" + text.encode() + b"\n"))
    except (ValueError, KeyError):
        return None


def _plain(rule: str) -> str:
    """Hikvision's form, which names the saving ("DST01:00:00") where POSIX names the zone, as POSIX."""
    match = _HIKVISION.fullmatch(rule)
    if match is None:
        return rule
    name, standard, hours, minutes, _, rest = match.groups()
    sign = -1 if standard.startswith("-") else 1
    parts = [int(part) for part in standard.lstrip("+-").split(":")]
    west = sign * (parts[0] * 60 + (parts[1] if len(parts) > 1 else 0))
    summer = west - (int(hours) * 60 + int(minutes))
    side = "-" if summer < 0 else ""
    return f"{name}{standard}DST{side}{abs(summer) // 60}:{abs(summer) % 60:02d},{rest}"


@lru_cache(maxsize=512)
def first_difference(rule: str, zone: str, start: datetime) -> tuple[datetime, timedelta] | None:
    """When, within a year of `start`, `rule` first differs from `zone`, and by how much; None while they agree.

    Answers are kept: a `start` on the full hour costs one comparison an hour and rule, not one a look.
    Raises ValueError for a rule that cannot be read.
    """
    theirs, ours = posix_zone(rule), ZoneInfo(zone)
    if theirs is None:
        raise ValueError("not a POSIX time zone rule")
    moment = start
    for _ in range(366 * 48):
        wrong = (moment.astimezone(theirs).utcoffset() or timedelta()) - (
            moment.astimezone(ours).utcoffset() or timedelta()
        )
        if wrong:
            return moment, wrong
        moment += STEP
    return None
