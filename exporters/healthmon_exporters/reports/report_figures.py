"""The sections that the monthly and the annual report share: figures, trends, faults. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from healthmon.checks.evaluation.codes import CODES
from healthmon.checks.evaluation.wording import plain
from healthmon.evidence import power
from healthmon.evidence.duties import DutyState
from healthmon.evidence.faults import FaultRecord
from healthmon.evidence.kpis import HOURS, PERCENT, SECONDS, Figures, Kpi, kpis
from healthmon.evidence.power import MainsFailure
from healthmon_exporters.reports.report_document import (
    NOT_MEASURED,
    About,
    Document,
    Section,
    amount,
    bar_chart,
    day,
    moment,
    section,
    table,
)

WORST = 10
UNKNOWN = "Not measured: the record does not reach this period."
UPS_SERVICE = "ups_service"
RESULT_LENGTH = 60
TRENDS = ("availability", "recording", "coverage")
_TREND_KEYS = ("availability", "recording", "clocks", "coverage", "faults", "lost")


def summary(found: Sequence[Kpi]) -> Section:
    """The fifteen figures on one page."""
    rows = [
        (str(one.number), one.title, amount(one.value, one.unit), one.rests_on) for one in found
    ]
    heads = ("No.", "Figure", "Value", "Counted from")
    return section("The figures", tables=[table("The fifteen figures", heads, rows)])


_DETAIL = ("Figure", "Detail", "Value", "Camera-hours measured")


def _hours(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def details(found: Sequence[Kpi], *, public: bool) -> Section:
    """What belongs to each figure, and its formula."""
    rows = [
        (f"{one.number} {one.title}", line.label, amount(line.value, line.unit), _hours(line.hours))
        for one in found
        for line in (*one.lines, *(() if public else one.named))
    ]
    formulas = [
        (f"{one.number} {one.title}", f"{one.formula[0].upper()}{one.formula[1:]}.")
        for one in found
    ]
    return section(
        "Details and formulas",
        tables=[
            table("Details of the figures", _DETAIL, rows),
            table("How each figure is counted", ("Figure", "Formula"), formulas),
        ],
    )


def trends(months: Sequence[Figures]) -> Section:
    """Each month beside the others."""
    each = [_by_key(month) for month in months]
    names = [month.period.name for month in months]
    first = each[0]
    heads = ("Month", *(first[key].title.partition(" (")[0] for key in _TREND_KEYS))
    rows = [(name, *_amounts(found)) for name, found in zip(names, each, strict=True)]
    charts = [
        bar_chart(first[key].title, names, [found[key].value for found in each], PERCENT)
        for key in TRENDS
    ]
    return section("Month by month", tables=[table("Month by month", heads, rows)], charts=charts)


def _by_key(month: Figures) -> dict[str, Kpi]:
    return {one.key: one for one in kpis(month)}


def _amounts(found: Mapping[str, Kpi]) -> list[str]:
    return [amount(found[key].value, found[key].unit) for key in _TREND_KEYS]


def causes(found: Figures) -> Section:
    """Why, what and whose."""
    faults = found.faults
    words = {code: known.title for code, known in CODES.items()}
    tables = [
        table("Faults by reason", ("Reason", "Faults", "Share"), shares(faults.by("group"))),
        table("Faults by cause", ("Cause", "Faults", "Share"), shares(faults.by("cause_words"))),
        table(
            "Faults by what was seen",
            ("What was seen", "Faults", "Share"),
            shares([(words.get(code, code), count) for code, count in faults.by("code")]),
        ),
        table(
            "Faults by who the repair waited for",
            ("Owner", "Faults", "Share"),
            shares(faults.by("owner")),
        ),
    ]
    return section("Faults by cause and owner", none_began(found), tables if faults.opened else ())


def none_began(found: Figures) -> list[str]:
    """What stands where no fault does: none began, or none can be known."""
    if found.faults.opened:
        return []
    return ["No fault began in this period."] if found.in_record else [UNKNOWN]


def shares(counts: Sequence[tuple[str, int]]) -> list[tuple[str, str, str]]:
    """Words, number and share in per cent."""
    whole = sum(count for _, count in counts)
    return [(words, f"{count:,}", f"{100 * count / whole:.0f} %") for words, count in counts]


def worst(found: Figures, names: Mapping[str, str]) -> Section:
    """The devices that were at fault most often, and the cameras that worked least; never public."""
    faulty = [
        (device, names.get(device, ""), f"{count:,}") for device, count in found.faults.worst(WORST)
    ]
    rated = ((one.share("operational").ratio, one) for one in found.cameras)
    least = sorted(
        ((ratio, one) for ratio, one in rated if ratio is not None),
        key=lambda pair: (pair[0], pair[1].device.id),
    )[:WORST]
    lasting = [
        (
            one.device.id,
            one.device.name,
            amount(100 * ratio, PERCENT),
            amount(one.share("operational").bad / 3600, HOURS),
        )
        for ratio, one in least
    ]
    return section(
        "Worst devices",
        tables=[
            table("Most faults", ("Device", "Name", "Faults"), faulty),
            table("Least availability", ("Camera", "Name", "Availability", "Lost"), lasting),
        ],
    )


def contractors(
    faults: Iterable[FaultRecord], about: About, names: Mapping[str, str]
) -> Iterator[tuple[str, list[FaultRecord]]]:
    """The faults of each contractor, the one with the most first; `names` are theirs by their ids.
    A public report has no names.
    """
    by_name: dict[str, list[FaultRecord]] = {}
    for one in faults:
        by_name.setdefault(one.contractor, []).append(one)
    order = sorted(by_name, key=lambda name: (name == "", -len(by_name[name]), name))
    for number, name in enumerate(order, 1):
        shown = f"contractor {number}" if about.public else names.get(name, name)
        yield shown if name else "no contractor", by_name[name]


def electricity(
    found: Figures, about: About, starts: Mapping[str, float], duties: Iterable[DutyState] = ()
) -> Section:
    """Mains failures, the longest time on battery, and what that says of the generator."""
    seconds = [(one, one.seconds(found.now)) for one in found.mains]
    count = found.counted(len(seconds))
    words = [f"Mains failures: {amount(count)}."]
    if seconds:
        words.append(f"Longest time on battery: {max(value for _, value in seconds):,.0f} s.")
    if not about.public:
        words += power.generator_words(found.mains, starts, found.now)
    elif starts:
        words += _generators(found, starts)
    rows = [_mains_row(one, about, starts, found.now) for one in found.mains]
    heads = ("UPS", "Mains lost", "Mains back", "On battery", "Generator starts within")
    tables = [table("Mains failures", heads, rows)] if rows else []
    tables += [_batteries(found, about, duties)] if found.batteries else []
    return section("Mains, batteries and generator", words, () if about.public else tables)


def _batteries(found: Figures, about: About, duties: Iterable[DutyState]) -> Document:
    """Each UPS: runtimes, its last self-test, and when its service is due."""
    due = {one.subject: day(one.due, about.zone) for one in duties if one.duty.id == UPS_SERVICE}
    heads = (
        "UPS",
        "Shortest runtime",
        "While on battery",
        "Last self-test",
        "Result",
        "Service due",
    )
    rows = [
        (
            one.device,
            amount(one.runtime, SECONDS),
            amount(one.on_battery, SECONDS),
            day(one.tested, about.zone, NOT_MEASURED),
            plain(one.result, RESULT_LENGTH) or NOT_MEASURED,
            due.get(one.device, "no duty"),
        )
        for one in found.batteries
    ]
    return table("Batteries", heads, rows)


def _mains_row(
    one: MainsFailure, about: About, starts: Mapping[str, float], now: float
) -> tuple[str, ...]:
    start = starts.get(one.device)
    return (
        one.device,
        moment(one.lost, about.zone),
        "not yet" if one.back is None else moment(one.back, about.zone),
        f"{one.seconds(now):,.0f} s",
        "not stated" if start is None else f"{start:,.0f} s",
    )


def _generators(found: Figures, starts: Mapping[str, float]) -> list[str]:
    """The same without names."""
    count = Counter(
        one.seconds(found.now) <= starts[one.device] for one in found.mains if one.device in starts
    )
    return [
        f"Generators took over in time at {count[True]} of {count[True] + count[False]} mains failures."
    ]
