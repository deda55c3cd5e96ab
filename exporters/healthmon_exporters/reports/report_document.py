"""A report as plain values: a title, notes, and sections of paragraphs, tables and charts. Every form
(HTML, PDF, CSV, JSON, terminal) only lays it out. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from healthmon import __version__
from healthmon.evidence.kpis import COUNT, HOURS, PERCENT, SECONDS, Kpi, Line
from healthmon.evidence.period import HOUR, Period
from healthmon.evidence.reading import Answer
from healthmon_exporters.reports.shift_document import SIMULATED

Document = dict[str, Any]
Section = dict[str, Any]
NOT_MEASURED: Final = "not measured"
# Shorter times are told in seconds.
MINUTES_FROM: Final = 120.0
FINE: Final = 100.0
IMPORTED: Final = "imported, not measured"
_FORMS: Final = {PERCENT: "{:,.2f} %", HOURS: "{:,.1f} h", SECONDS: "{:,.0f} s", COUNT: "{:,.1f}"}


@dataclass(frozen=True)
class About:
    """What every report says of itself. A `public` one names no estate, device, place or person."""

    title: str
    estate: str
    period: Period
    now: float
    public: bool = False
    simulated: bool = False
    config_digest: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown."""
        return self.period.zone


def document(
    about: About, given: Answer, sections: Iterable[Section], figures: Sequence[Kpi] = ()
) -> Document:
    """The whole report; keys are stable. `figures` are those that JSON and CSV repeat as values."""
    return {
        "template": "report",
        "title": about.title,
        "estate": "" if about.public else about.estate,
        "period": about.period.name,
        "period_words": about.period.words,
        "made": iso(about.now, about.zone),
        "made_words": f"made {moment(about.now, about.zone)}",
        "public": about.public,
        "simulated": SIMULATED if about.simulated else "",
        "version": __version__,
        "config_digest": "" if about.public else about.config_digest,
        "notes": list(_notes(about, given)),
        "figures": [figure(one, public=about.public) for one in figures],
        "sections": list(sections),
    }


def _notes(about: About, given: Answer) -> Iterable[str]:
    """From when it is measured, and whether the period is over."""
    since = given.measured_since
    if since is None:
        yield "Nothing has been measured yet: no agent has run with this record."
    elif since > about.period.since:
        yield f"Measured from {moment(since, about.zone)}; nothing is known of the time before."
    else:
        yield f"Measured over the whole period (the record begins {day(since, about.zone)})."
    known = given.faults_since
    if since is not None and known is not None and known > max(since, about.period.since):
        words = moment(known, about.zone)
        yield f"Faults that had ended before {words} are deleted: they were older than the record keeps them."
    if about.now < about.period.until:
        yield f"The period is not over: the figures are as of {moment(about.now, about.zone)}."
    if any(one.imported for one in given.faults):
        yield "Faults of an earlier log are counted too; they are marked 'imported, not measured'."
    if about.public:
        yield "This form names no camera, place, person or company."


def figure(one: Kpi, *, public: bool) -> Document:
    """A figure as values and in words."""
    lines = [*one.lines, *(() if public else one.named)]
    return {
        "number": one.number,
        "key": one.key,
        "title": one.title,
        "value": one.value,
        "unit": one.unit,
        "words": amount(one.value, one.unit),
        "rests_on": one.rests_on,
        "hours": one.hours,
        "formula": one.formula,
        "lines": [_line(line) for line in lines],
    }


def _line(one: Line) -> Document:
    return {
        "label": one.label,
        "value": one.value,
        "unit": one.unit,
        "words": amount(one.value, one.unit),
        "hours": one.hours,
    }


def amount(value: float | None, unit: str = COUNT) -> str:
    """A value with its unit, as people read it."""
    if value is None:
        return NOT_MEASURED
    if unit == COUNT and value == int(value):
        return f"{int(value):,}"
    if unit == HOURS and 0 < value < 1:
        return _short(value * HOUR)
    if unit == SECONDS and abs(value) < FINE and value != round(value):
        return f"{value:,.1f} s"
    return _FORMS[unit].format(value)


def _short(seconds: float) -> str:
    """What takes less than an hour."""
    return f"{seconds / 60:.0f} min" if seconds >= MINUTES_FROM else f"{seconds:.0f} s"


def section(
    heading: str,
    paragraphs: Iterable[str] = (),
    tables: Iterable[Document] = (),
    charts: Iterable[Document] = (),
) -> Section:
    """One section of a report."""
    return {
        "heading": heading,
        "paragraphs": list(paragraphs),
        "tables": list(tables),
        "charts": list(charts),
    }


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Document:
    """A table of texts; `caption` is its name for those who do not see it."""
    return {"caption": caption, "heads": list(heads), "rows": [list(row) for row in rows]}


def bar_chart(
    title: str, labels: Sequence[str], values: Sequence[float | None], unit: str
) -> Document:
    """A chart with one bar for each label, and the same in words."""
    pairs = zip(labels, values, strict=True)
    words = ", ".join(f"{label} {amount(value, unit)}" for label, value in pairs)
    return {
        "title": title,
        "labels": list(labels),
        "values": list(values),
        "unit": unit,
        "text": f"{title}: {words}.",
    }


def moment(at: float, zone: ZoneInfo) -> str:
    """``29 Nov 2026 14:05``."""
    return f"{datetime.fromtimestamp(at, zone):%d %b %Y %H:%M}"


def day(at: float | None, zone: ZoneInfo, missing: str = "") -> str:
    """``29 Nov 2026``; `missing` where there is no date."""
    return missing if at is None else f"{datetime.fromtimestamp(at, zone):%d %b %Y}"


def iso(at: float | None, zone: ZoneInfo) -> str | None:
    """Local time with its offset, by RFC 3339."""
    return None if at is None else datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")
