"""What the time zone that a device tells may mean: rules, offsets, names. Pure.

ONVIF wants IEEE Std 1003.1 section 8.3 (tt:TimeZone). Devices also write what `quirks`
declares, a bare offset or name, or a name of a table of their own that nobody else can read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from healthmon.protocols import quirks
from healthmon.protocols.values.posix_tz import PosixZone, posix_zone

LONGEST = 64
_ISO = re.compile(r"([-+])(\d{1,2})(?::?(\d{2}))?", re.ASCII)
_LISTED = re.compile(r"\((?:UTC|GMT)([-+])(\d{1,2}):?(\d{2})\).+", re.ASCII)
_WRAPPED = re.compile(r"[(\[](.*)[)\]]")
_NAMED = re.compile(r"[A-Z][A-Za-z_+-]{1,31}(?:/[A-Za-z0-9_+-]{1,32}){0,2}", re.ASCII)
# Of the IANA database's rules that look like offsets with a summer time, these have dates there.
_IANA_RULES = frozenset({"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT"})
# Files of the database that are no zone of a place; the first is this machine's own zone.
_NO_ZONE = frozenset({"localtime", "posixrules", "Factory"})
_UTC = frozenset({"Z", "UTC", "GMT", "UCT", "ZULU"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ZoneMeaning:
    """`zones` are the possible readings, the standard's first; none where the text cannot be read.

    `dated`: the text settles when the clocks change. `summer`: it names a summer time without its
    dates. `either`: none of two readings of the sign is likelier than the other.
    """

    zones: tuple[tzinfo, ...] = ()
    dated: bool = True
    summer: bool = False
    either: bool = False


UNREAD = ZoneMeaning()


@lru_cache(maxsize=256)
def zone_meaning(text: str) -> ZoneMeaning:
    """What `text` may mean."""
    plain = "".join(text[:LONGEST].split())
    if len(text) > LONGEST or not plain:
        return UNREAD
    if found := _LISTED.match(plain):  # as Windows lists its zones: with places, without dates
        return _fixed((_offset(found[2], found[3], sign=found[1]),), summer=True)
    if found := _WRAPPED.fullmatch(plain):
        plain = found[1]
    if plain.upper() in _UTC:
        return ZoneMeaning((UTC,), dated=False)
    if (named := _named(plain)) is not None:
        return ZoneMeaning((named,))
    if found := _ISO.fullmatch(plain):
        return _fixed((_offset(found[2], found[3] or "0", sign=found[1]),))
    if undated := quirks.undated_zone(plain):
        return _undated(*undated)
    return _dated(posix_zone(plain))


def _dated(rule: tzinfo | None) -> ZoneMeaning:
    """A rule by the standard, and with the other sign."""
    if rule is None:
        return UNREAD
    if not isinstance(rule, PosixZone) or rule.begin is None:
        return ZoneMeaning((rule,))
    other = rule.with_other_sign()
    if other is None or (other.standard, other.summer) == (rule.standard, rule.summer):
        return ZoneMeaning((rule,))
    return ZoneMeaning((rule, other))


def _named(name: str) -> tzinfo | None:
    """A zone of the IANA database."""
    if name in _NO_ZONE or not (name in _IANA_RULES or _NAMED.fullmatch(name)):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _undated(name: str, west: timedelta, summer: bool) -> ZoneMeaning:
    """A name and an offset; a name in angle brackets that says the offset itself settles its
    sign.
    """
    own = _ISO.fullmatch(name)
    if own is not None and _offset(own[2], own[3] or "0", sign=own[1]) == -west:
        return _fixed((-west,), summer=summer)
    return _fixed(quirks.signs_of_offset(west), summer=summer, either=name.upper() in _UTC)


def _fixed(
    ahead: tuple[timedelta, ...], *, summer: bool = False, either: bool = False
) -> ZoneMeaning:
    zones = tuple(timezone(one) for one in dict.fromkeys(ahead) if abs(one) < _DAY)
    return ZoneMeaning(zones, dated=False, summer=summer, either=either and len(zones) > 1)


def _offset(hours: str, minutes: str, *, sign: str) -> timedelta:
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return -size if sign == "-" else size
