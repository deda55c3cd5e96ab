"""A notice in plain words: one subject line, the complete fault report as text, and the same as
HTML.

Both reports come from the same rows, so that they cannot say different things. A row of which
nothing is known is left out, never filled. Whatever a device says of itself is printed on one line,
escaped, and cut at a fixed length.
"""

from __future__ import annotations

import html
import re
import textwrap
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from healthmon.model.enums import State
from healthmon.notifications.notice import Notice, What, fault_number

SUBJECT_LENGTH = 160
VALUE_LENGTH = 500
_MOST_NAMES = 20
_MOST_LINES = 500
_WIDTH = 100

HEADINGS = {
    What.OPENED: "NEW FAULT",
    What.CHANGED: "FAULT CHANGED",
    What.CLOSED: "FAULT OVER",
    What.REMOVED: "FAULT CLOSED: it is no longer checked",
    What.REMINDER: "STILL OPEN",
    What.MERGED: "WAS AT FAULT, is OK again",
    What.DIGEST: "SUMMARY",
    What.TEST: "TEST",
}
_SHORT = {
    What.REMOVED: "CLOSED (no longer checked)",
    What.MERGED: "WAS AT FAULT",
    What.CLOSED: "OVER",
    What.REMINDER: "STILL OPEN",
    What.CHANGED: "CHANGED",
}
# C0, C1, line separators, directions that would turn the rest of the line round, surrogates that
# cannot be encoded.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")

Row = tuple[str, str]


def one_line(text: str, most: int = VALUE_LENGTH) -> str:
    """`text` without line breaks and control characters, at most `most` characters."""
    plain = " ".join(_CONTROL.sub(" ", text).split())
    return plain if len(plain) <= most else plain[: most - 3] + "..."


def local(at: datetime, zone: str) -> str:
    """``Tue 24 Nov 2026 12:01 GMT``: civil time with the zone's abbreviation, which tells the two
    01:30s apart.
    """
    return f"{civil(at, zone):%a %d %b %Y %H:%M %Z}"


def civil(at: datetime, zone: str) -> datetime:
    """`at` in a zone of the IANA database; in UTC where there is no such zone."""
    return at.astimezone(_zone(zone))


def length(span: timedelta) -> str:
    """``45 s``, ``13 min``, ``2 h 5 min``, ``3 d 4 h``."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    big, small = (f"{hours} h", f"{minutes % 60} min") if hours else (f"{minutes} min", "0")
    if days:
        big, small = f"{days} d", f"{hours % 24} h"
    return big if small.startswith("0") else f"{big} {small}"


def subject(notice: Notice) -> str:
    """One line: ``P2 FAULT F000123 Riverside car park: no pictures ...``."""
    if notice.what in (What.TEST, What.DIGEST):
        words = [HEADINGS[notice.what], notice.estate, notice.sentence]
        return one_line(": ".join(filter(None, words)), SUBJECT_LENGTH)
    how_bad = "WARNING" if notice.state is State.DEGRADED else "FAULT"
    head = f"P{notice.priority} {_SHORT.get(notice.what, how_bad)} {notice.fault}".rstrip()
    times = ""
    if notice.what is What.MERGED and notice.since and notice.until:
        times = f" {_clock_times(notice)}"
    return one_line(f"{head} {_who(notice)}{times}: {notice.sentence}", SUBJECT_LENGTH)


def line(notice: Notice) -> str:
    """The notice as one line of a digest: ``Tue 24 Nov 2026 12:02 GMT: P3 FAULT ...``, since when
    or until when.
    """
    at = (notice.until if notice.ended else notice.since) or notice.at
    return one_line(f"{local(at, notice.time_zone)}: {subject(notice)}")


def report(notice: Notice) -> str:
    """The complete fault report as plain text, ending with a line break."""
    parts = [one_line(f"{HEADINGS[notice.what]}  {notice.estate}".rstrip()), ""]
    for label, value in rows(notice):
        parts += textwrap.wrap(
            value, _WIDTH, initial_indent=f"{label + ':':<20}", subsequent_indent=" " * 20
        )
    if notice.lines:
        parts += ["", *_lines(notice)]
    return "\n".join([*parts, "", _foot(notice), ""])


def report_html(notice: Notice) -> str:
    """The same report as one HTML document: every value escaped, no script, style sheet, picture or
    link.
    """
    cells = "".join(
        f'<tr><th align="left" valign="top">{_escaped(label)}</th><td>{_escaped(value)}</td></tr>\n'
        for label, value in rows(notice)
    )
    items = "".join(f"<li>{_escaped(entry)}</li>\n" for entry in _lines(notice))
    listing = f"<ul>\n{items}</ul>\n" if items else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{_escaped(subject(notice))}</title></head>\n<body>\n"
        f"<h1>{_escaped(HEADINGS[notice.what])}</h1>\n<p>{_escaped(notice.estate)}</p>\n"
        f'<table cellpadding="4">\n{cells}</table>\n{listing}<p>{_escaped(_foot(notice))}</p>\n</body></html>\n'
    )


def rows(notice: Notice) -> list[Row]:
    """(label, value) of everything that is known, in the order in which a repairer asks."""
    if notice.what in (What.TEST, What.DIGEST):
        found = [("Message", notice.sentence), ("Made at", local(notice.at, notice.time_zone))]
    else:
        found = [
            *_fault(notice),
            *_times(notice),
            *_device(notice),
            *_cause(notice),
            *_repair(notice),
        ]
    return [(label, one_line(value)) for label, value in found if value]


def _fault(notice: Notice) -> list[Row]:
    how_bad = {
        State.FAULT: "fault",
        State.DEGRADED: "warning",
        State.UNKNOWN: "not known",
        State.OK: "OK",
    }
    measured = "Was measured" if notice.ended else "Measured"
    return [
        ("Fault number", notice.fault),
        ("Priority", f"P{notice.priority} ({how_bad[notice.state]})"),
        (
            "Device",
            " ".join(filter(None, (notice.device, notice.name)))
            + (f" ({notice.kind})" if notice.kind else ""),
        ),
        (measured, notice.sentence),
    ]


def _times(notice: Notice) -> list[Row]:
    found = []
    if notice.since:
        found.append(("Since", local(notice.since, notice.time_zone)))
    if notice.until:
        lasted = f" (lasted {length(notice.until - notice.since)})" if notice.since else ""
        found.append(("Until", local(notice.until, notice.time_zone) + lasted))
    return found


def _device(notice: Notice) -> list[Row]:
    return [
        ("Make", notice.make),
        ("Model", notice.model),
        ("Serial number", notice.serial),
        ("Firmware", notice.firmware),
        ("Site", notice.site_name or notice.site),
        ("Location", notice.location),
        ("Network address", notice.address),
    ]


def _cause(notice: Notice) -> list[Row]:
    number = "" if notice.cause_number is None else fault_number(notice.cause_number)
    see = f"see fault {number}" if number not in notice.cause else ""
    shown, rest = notice.affected[:_MOST_NAMES], len(notice.affected) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    names = "; ".join(one_line(name, 80) for name in shown)
    affected = f"{len(notice.affected)}: {names}{more}" if shown else ""
    return [
        ("Likely cause", "; ".join(filter(None, (notice.cause, see)))),
        ("Also affected", affected),
        ("Blind zones", "; ".join(notice.blind_zones)),
    ]


def _repair(notice: Notice) -> list[Row]:
    contact = ", ".join(filter(None, (notice.contractor_phone, notice.contractor_email)))
    response = ""
    if notice.response_seconds is not None and notice.since and not notice.ended:
        due = notice.since + timedelta(seconds=notice.response_seconds)
        response = f"by {local(due, notice.time_zone)}"
    return [
        ("Already tried", "; ".join(notice.tried)),
        ("Acknowledged by", notice.acknowledged_by),
        ("Repaired by", notice.contractor_name or notice.contractor),
        ("Contact", contact),
        ("Contract response", response),
        ("Access", notice.access_notes),
    ]


def _lines(notice: Notice) -> list[str]:
    rest = len(notice.lines) - _MOST_LINES
    return [*map(one_line, notice.lines[:_MOST_LINES]), *([f"and {rest} more"] if rest > 0 else [])]


def _foot(notice: Notice) -> str:
    return one_line(f"healthmon, message {notice.id}, {local(notice.at, notice.time_zone)}")


def _who(notice: Notice) -> str:
    return notice.name or notice.device or "?"


def _clock_times(notice: Notice) -> str:
    zone = _zone(notice.time_zone)
    since, until = (
        at.astimezone(zone) for at in (notice.since or notice.at, notice.until or notice.at)
    )
    if since.date() == until.date() and since.utcoffset() == until.utcoffset():
        return f"{since:%H:%M}-{until:%H:%M}"
    return f"{since:%d %b %H:%M %Z}-{until:%d %b %H:%M %Z}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _escaped(text: str) -> str:
    return html.escape(one_line(text))
