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
from healthmon.runtime.estate import shift_plan
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.reports.report_document import About, Document, moment
from healthmon_exporters.reports.report_kinds import KINDS, Order

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.store import Store

TREND_MONTHS = 12
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
        words.append(f"A shift check of all cameras is due {len(estate.shifts)} times a day.")
    days, rest = divmod(estate.shift_check.walk, DAY)
    walk = duration(estate.shift_check.walk) if rest else f"{days:.0f} days"
    words.append(f"A person looks at each camera at least once in {walk}.")
    return words


def _kept(config: Config, store: Store) -> list[str]:
    """How long the record is kept, and what has been deleted of it."""
    words = [f"What has ended is kept for {config.history.keep / DAY:,.0f} days."]
    deleted = store.deleted()
    if deleted is None:
        return [*words, "Nothing has been deleted yet."]
    zone = ZoneInfo(config.estate.time_zone)
    return [*words, f"Deleted until {moment(deleted.at, zone)}: {deleted.words()}."]
