"""One report from the record: for the command and, in a process of its own, for the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.durations import duration
from healthmon.evidence import duties, security
from healthmon.evidence.duties import MOST_OPERATIONS
from healthmon.evidence.period import Period
from healthmon.evidence.reading import Scope, answer
from healthmon.incidents.operations import OperationKind
from healthmon.inventory import devices as inventory
from healthmon.model.count_words import count_of
from healthmon.runtime.estate import shift_plan
from healthmon.store import retained
from healthmon.store.retained import Retained
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.reports.report_document import About, Document, moment
from healthmon_exporters.reports.report_kinds import KINDS, Kept, Order

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.store import Extent, Store

TREND_MONTHS = 12
NONE = "none"
DAY = 86400.0


@dataclass(frozen=True)
class Wish:
    """Which report: a key of `KINDS`, over `period`, at `now` (Unix seconds)."""

    kind: str
    period: Period
    now: float
    public: bool = False


def made(
    wish: Wish, config: Config, store: Store, progress: Callable[[int, int], None]
) -> Document:
    """The report. Raises StoreError."""
    scope = Scope(
        config,
        inventory.devices(config),
        shift_plan(config.estate),
        (wish.period, *_months(wish.period)),
        wish.now,
        kept_sheet.not_checked,
        progress,
        every_fault=wish.kind == "foi",
    )
    declared = store.operations([OperationKind.DUTY], MOST_OPERATIONS)
    title, make = KINDS[wish.kind]
    about = About(
        title,
        config.estate.name,
        wish.period,
        wish.now,
        wish.public,
        config.estate.simulated,
        config.digest,
    )
    order = Order(
        about,
        answer(store, scope),
        {one.id: one.generator_start for one in config.ups if one.generator_start is not None},
        reviews(config),
        duties.states(config, declared, wish.now, store.watched_since() or wish.now),
        kept=_kept(config, store),
        security=security.read(store, config, scope.devices, (wish.period, wish.now))
        if wish.kind == "security"
        else (),
        contractors={one.id: one.name for one in config.contractors},
    )
    return make(order)


def _months(period: Period) -> tuple[Period, ...]:
    """Those that stand beside each other: of a month the year before it too."""
    months = period.months()
    return months if len(months) > 1 else (*period.before(TREND_MONTHS), *months)


def reviews(config: Config) -> Sequence[str]:
    """How often the system is reviewed, in words that name nothing."""
    estate = config.estate
    words = [f"Each camera is checked automatically every {duration(config.defaults.interval)}."]
    if estate.shifts:
        times = "once" if len(estate.shifts) == 1 else f"{len(estate.shifts)} times"
        words.append(f"A shift check of all cameras is due {times} a day.")
    days, rest = divmod(estate.shift_check.walk, DAY)
    walk = duration(estate.shift_check.walk) if rest else count_of(round(days), "day")
    words.append(f"A person looks at each camera at least once in {walk}.")
    return words


def _kept(config: Config, store: Store) -> Kept:
    """How long each kind of row is kept, what there is of it, and what has been deleted."""
    zone = ZoneInfo(config.estate.time_zone)
    periods, extent, deleted = retained.periods(config.history), store.extent(), store.deleted()
    gone = deleted.counts if deleted is not None else {}
    rows = [
        (
            one.words,
            f"{periods[group] / DAY:,.0f} days",
            f"{extent[one.words].rows:,}",
            _oldest(one, extent[one.words], zone),
            f"{gone.get(one.words, 0):,}",
        )
        for group in retained.GROUPS
        for one in retained.tables(group)
    ]
    words = ["Rows are deleted when what they are about ended longer ago than that."]
    if deleted is None:
        return Kept([*words, "Nothing has been deleted yet."], rows)
    return Kept([*words, f"Deleted until {moment(deleted.at, zone)}: {deleted.words()}."], rows)


def _oldest(one: Retained, extent: Extent, zone: ZoneInfo) -> str:
    """When the oldest row of a table ended."""
    if not one.ended:
        return "goes with what it belongs to" if extent.rows else NONE
    return moment(extent.oldest, zone) if extent.oldest is not None else NONE
