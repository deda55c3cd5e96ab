"""The kinds of report: monthly, annual, freedom of information, contractor, retention, security. Each
puts the figures of the record into sections. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.evidence import spans
from healthmon.evidence.duties import DutyState
from healthmon.evidence.faults import STEPS, Duration, FaultFigures, FaultRecord, repair
from healthmon.evidence.kpis import HOURS, LONG_CODE, SHORT_CODE, Figures, kpis
from healthmon.evidence.reading import Answer
from healthmon.evidence.security import Known
from healthmon.model.count_words import count_of
from healthmon_exporters.reports import annual_review, report_figures, security_report
from healthmon_exporters.reports.report_document import (
    IMPORTED,
    About,
    Document,
    Section,
    amount,
    day,
    document,
    moment,
    section,
    table,
)

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


@dataclass(frozen=True)
class Kept:
    """How long the record keeps what: `words`, and a row for each kind (what, for how long, how many now,
    the oldest end of one, how many were deleted).
    """

    words: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Order:
    """What a report is made from. `given` has the figures of the whole period first, then those of
    the months that are shown beside each other. `starts` are the seconds in which the generator of
    a UPS takes over. `reviews` say in words how often the system is reviewed; `duties` are those of the
    register; `kept` says how long the record keeps things; `security` is what is known of each device,
    for the kind of that name; `contractors` are their names by their ids.
    """

    about: About
    given: Answer
    starts: Mapping[str, float] = field(default_factory=dict)
    reviews: Sequence[str] = ()
    duties: Sequence[DutyState] = ()
    kept: Kept = field(default_factory=Kept)
    security: Sequence[Known] = ()
    contractors: Mapping[str, str] = field(default_factory=dict)

    @property
    def figures(self) -> Figures:
        """Those of the whole period."""
        return self.given.figures[0]

    @property
    def months(self) -> Sequence[Figures]:
        """Those of the months of which something can be known; the last one where of none."""
        each = self.given.figures[1:]
        return [one for one in each if one.has_begun and one.in_record] or each[-1:]

    @property
    def names(self) -> dict[str, str]:
        """The names of devices by their ids."""
        return {one.id: one.name for one in self.figures.estate}


def monthly(order: Order) -> Document:
    """The fifteen figures of a period, with trends, causes, contractors and power."""
    about, found = order.about, order.figures
    each = kpis(found)
    sections = [
        report_figures.summary(each),
        report_figures.trends(order.months),
        report_figures.causes(found),
        *([] if about.public else [report_figures.worst(found, order.names)]),
        _contractors(order),
        report_figures.electricity(found, about, order.starts, order.duties),
        report_figures.details(each, public=about.public),
    ]
    months = [_month(one) for one in order.months]
    return document(about, order.given, sections, each) | {"months": months}


def _month(found: Figures) -> Document:
    """A month for /metrics: the shares in per cent and the largest offset of a clock in seconds, None for
    what was not measured.
    """
    values = {one.key: one.value for one in kpis(found)}
    percent = {key: values[key] for key in report_figures.TRENDS}
    closed = found.period.until <= found.now
    return {
        "month": found.period.name,
        "closed": closed,
        "percent": percent,
        "clock_offset": found.offset,
    }


def annual(order: Order) -> Document:
    """The annual review: each row answered, then the figures of the year."""
    about, found = order.about, order.figures
    each = kpis(found)
    rows = annual_review.rows(each, order.duties, about.zone, public=about.public)
    review = section(
        "The annual review",
        ["Each row is measured, declared by a person on a date, or not a matter of this product."],
        [table("Rows of the review", ("Row", "Answer", "Evidence"), rows)],
    )
    sections = [
        review,
        report_figures.summary(each),
        report_figures.trends(order.months),
        report_figures.causes(found),
        _contractors(order),
        report_figures.electricity(found, about, order.starts, order.duties),
        report_figures.details(each, public=about.public),
    ]
    return document(about, order.given, sections, each)


def foi(order: Order) -> Document:
    """The five questions of a freedom of information request."""
    found = order.figures
    each = kpis(found)
    count = each[0]
    cameras = section(
        "1. How many cameras are there?",
        [f"{amount(count.value)} cameras at the end of the period."],
        [
            table(
                "Cameras by kind",
                ("Kind", "Cameras"),
                [(o.label, amount(o.value)) for o in count.lines],
            )
        ],
    )
    reasons = found.faults.by("group")
    why = section(
        "3. How many were faulty for which reason?",
        report_figures.none_began(found),
        [table("Share by reason", ("Reason", "Faults", "Share"), report_figures.shares(reasons))],
    )
    dates = section(
        "4. When was each fault reported, and when did it fully work again?",
        [
            "'Fully working again' is when the monitoring saw it working, not when it was said to be repaired."
        ],
        [_fault_dates(order)],
    )
    reviewed = section("5. How often is the system reviewed?", order.reviews)
    sections = [cameras, _how_many(order), why, dates, reviewed]
    made = document(order.about, order.given, sections, each)
    return made | {"faults": [_fault_values(one) for one in _shown(order)]}


def _how_many(order: Order) -> Section:
    """Faults by year, by month, and today."""
    zone, faults = order.about.zone, order.given.faults
    real = [one for one in faults if one.is_real]
    rows = [
        (_year_words(year, found, order), f"{len(found):,}", f"{sum(o.imported for o in found):,}")
        for year, found in _by_year(real, order)
    ]
    months = [
        (one.period.name, amount(one.counted(len(one.faults.opened))))
        for one in order.given.figures[1:]
        if one.has_begun
    ]
    began = order.figures.counted(len(order.figures.faults.opened))
    return section(
        "2. How many were faulty per year, per month and today?",
        [
            f"Faults that began in the period: {amount(began)}.",
            f"Faults open today ({moment(order.about.now, zone)}): {amount(_open_today(order, real))}.",
        ],
        [
            table("Faults per year", ("Year", "Faults that began", f"Of these {IMPORTED}"), rows),
            table("Faults per month", ("Month", "Faults that began"), months),
        ],
    )


def _open_today(order: Order, real: Sequence[FaultRecord]) -> float | None:
    """None where nothing was ever recorded."""
    count = sum(one.open_at(order.about.now) for one in real)
    return float(count) if count or order.given.measured_since is not None else None


def _by_year(faults: Sequence[FaultRecord], order: Order) -> list[tuple[int, list[FaultRecord]]]:
    """The faults by the year in which they began, with every year since the record has them all."""
    zone, since, now = order.about.zone, order.given.faults_since, order.about.now
    years: dict[int, list[FaultRecord]] = {}
    if since is not None:
        first, last = (datetime.fromtimestamp(at, zone).year for at in (since, now))
        years = {year: [] for year in range(first, last + 1)}
    for one in faults:
        years.setdefault(datetime.fromtimestamp(one.began, zone).year, []).append(one)
    return sorted(years.items())


def _year_words(year: int, faults: Sequence[FaultRecord], order: Order) -> str:
    """The year, and what of it the record does not have."""
    zone, since, now = order.about.zone, order.given.faults_since, order.about.now
    begin, end = (datetime(one, 1, 1, tzinfo=zone).timestamp() for one in (year, year + 1))
    words = ["until now"] if end > now else []
    if since is not None and begin < since < end:
        words.insert(0, f"measured from {day(since, zone)}")
    elif since is not None and end <= since and not all(one.imported for one in faults):
        words.insert(0, "the others are deleted")
    return f"{year} ({', '.join(words)})" if words else str(year)


def _shown(order: Order) -> list[FaultRecord]:
    """The faults that were open at some time of the period."""
    period = order.about.period
    return [
        one
        for one in order.given.faults
        if one.is_real
        and one.began < period.until
        and (one.restored is None or one.restored >= period.since)
    ]


def _fault_dates(order: Order) -> Document:
    public, zone = order.about.public, order.about.zone
    heads = ["Fault", "Detected", "Reported", "Fully working again", "Time", "Reason"]
    rows = []
    for one in _shown(order):
        row = [
            f"{one.number} ({IMPORTED})" if one.imported else one.number,
            day(one.detected, zone),
            day(one.reported, zone, "not reported"),
            day(one.restored, zone, "not yet"),
            _lasted(one),
            one.group,
        ]
        rows.append(row if public else [*row, one.device])
    return table("Every fault", heads if public else [*heads, "Device"], rows)


def _lasted(one: FaultRecord) -> str:
    """In days where it was more than two."""
    seconds = repair(one)
    if seconds is None:
        return "goes on"
    return amount(seconds / HOUR, HOURS) if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"


def _fault_values(one: FaultRecord) -> Document:
    """For JSON: times as Unix seconds, and nothing that names anything."""
    return {
        "number": one.number,
        "began": one.began,
        "detected": one.detected,
        "reported": one.reported,
        "restored": one.restored,
        "reason": one.group,
        "imported": one.imported,
    }


# --------------------------------------------------------------------------------------- contractors


def _contractors(order: Order) -> Section:
    """How long each contractor took for each step."""
    tables = []
    faults = _both(order.figures.faults)
    for name, found in report_figures.contractors(faults, order.about, order.contractors):
        tables.append(_steps(name, found))
    none = "No fault began or was over in this period."
    words = [] if tables else [none if order.figures.in_record else report_figures.UNKNOWN]
    return section("Contractors: detected, reported, attended, repaired", words, tables)


def _both(faults: FaultFigures) -> list[FaultRecord]:
    """The faults that began in the period, or were over in it, each once."""
    return list({one.number: one for one in (*faults.opened, *faults.restored)}.values())


def _steps(name: str, found: Sequence[FaultRecord]) -> Document:
    """The times of one contractor, by priority."""
    rows = [_step_row("all priorities", found)]
    for priority in sorted({one.priority for one in found}):
        chosen = [one for one in found if one.priority == priority]
        rows.append(_step_row(f"P{priority}", chosen))
    own = FaultFigures(tuple(found), (), (), (), ())
    heads = ["Priority", "Faults"]
    heads += [f"{title}: median / 90 %" for title, _words, _step in STEPS]
    kept = ", ".join(filter(None, (_kept(own, which) for which in ("response", "fix"))))
    count = count_of(len(found), "fault")
    return table(f"{name}: {count}; {kept or 'no promise of a contract was settled'}", heads, rows)


def _kept(found: FaultFigures, which: str) -> str:
    met, settled = found.kept(which)
    return (
        f"{which} within the contract {100 * met / settled:.0f} % of {settled}" if settled else ""
    )


def _step_row(label: str, found: Sequence[FaultRecord]) -> list[str]:
    durations = [Duration.of(map(seconds, found)) for _title, _words, seconds in STEPS]
    return [label, f"{len(found):,}", *map(_duration_words, durations)]


def _duration_words(found: Duration) -> str:
    if found.middle is None or found.ninetieth is None:
        return "none"
    return f"{amount(found.middle / HOUR, HOURS)} / {amount(found.ninetieth / HOUR, HOURS)}"


def contractor(order: Order) -> Document:
    """What each contractor did, fault by fault."""
    sections = [_contractors(order)]
    zone = order.about.zone
    if not order.about.public:
        heads = (
            "Fault",
            "Device",
            "Contractor",
            "Detected",
            "Reported",
            "Attended",
            "Repaired",
            "Waited for",
            "Contract",
        )
        rows = [
            (
                one.number,
                one.device,
                order.contractors.get(one.contractor, one.contractor) or "none",
                moment(one.detected, zone),
                *(_moment(at, zone) for at in (one.reported, one.attended, one.restored)),
                ", ".join(f"{who} {amount(s / HOUR, HOURS)}" for who, s in one.waited.items())
                or "nobody",
                _promises(one) or "no promise",
            )
            for one in _both(order.figures.faults)
        ]
        sections.append(section("Fault by fault", tables=[table("Fault by fault", heads, rows)]))
    return document(order.about, order.given, sections, kpis(order.figures))


def _promises(one: FaultRecord) -> str:
    """How the promises of the contract stand on a fault."""
    each = (("response", one.response), ("fix", one.fix))
    return ", ".join(f"{name} {made.standing}" for name, made in each if made is not None)


def _moment(at: float | None, zone: ZoneInfo) -> str:
    return "not yet" if at is None else moment(at, zone)


# ----------------------------------------------------------------------------------------- retention


def retention(order: Order) -> Document:
    """How long footage was kept, both ways, and how long the record itself is kept."""
    found = order.figures
    figure = next(one for one in kpis(found) if one.key == "retention")
    lines = [(one.label, amount(one.value, one.unit)) for one in figure.lines]
    rows = [(figure.title, amount(figure.value, figure.unit)), *lines]
    sections = [
        section(
            "Footage",
            [f"{figure.formula[0].upper()}{figure.formula[1:]}."],
            [table("Retention compliance", ("Figure", "Value"), rows)],
        )
    ]
    if not order.about.public:
        sections.append(_breaches(order))
    heads = ("Records", "Kept for", "Now", "Oldest ended", "Deleted so far")
    kept = table("Retention of this record", heads, order.kept.rows)
    sections.append(section("What this record keeps", order.kept.words, [kept]))
    return document(order.about, order.given, sections, [figure])


def _breaches(order: Order) -> Section:
    found = order.figures
    rows = []
    for code, words in ((SHORT_CODE, "too short"), (LONG_CODE, "too long")):
        for device, stretches in sorted(found.breaches.get(code, {}).items()):
            seconds = spans.total(spans.clipped(stretches, found.period.since, found.end))
            if seconds:
                name = order.names.get(device, "")
                rows.append((device, name, words, amount(seconds / HOUR, HOURS)))
    heads = ("Camera", "Name", "Footage kept", "For")
    return section("Camera by camera", tables=[table("Cameras outside retention", heads, rows)])


def security(order: Order) -> Document:
    """Firmware, logins, certificates and identity, from what is known."""
    return document(order.about, order.given, security_report.sections(order.security, order.about))


KINDS: Final[Mapping[str, tuple[str, Callable[[Order], Document]]]] = {
    "monthly": ("CCTV performance", monthly),
    "annual": ("CCTV annual review", annual),
    "foi": ("CCTV cameras and faults", foi),
    "contractor": ("CCTV repairs by contractor", contractor),
    "retention": ("CCTV retention", retention),
    "security": ("CCTV security of devices", security),
}
