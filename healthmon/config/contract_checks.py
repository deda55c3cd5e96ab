"""What no single value of `contractors` and `bank_holidays` shows: hours that contradict each other,
a fix before the response, a library that is missing, years without a bank holiday.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from healthmon.config.contract_schema import Contractor, ContractTerms
from healthmon.config.contracts import regional
from healthmon.config.document import Path_
from healthmon.config.schema import Config
from healthmon.config.units import ALWAYS

Found = Iterator[tuple[Path_, str]]
_TOO_SHORT = "'fix' is shorter than 'response', and nobody mends before they come"


def problems_of(config: Config) -> Found:
    """(path, text) of every problem between the values."""
    for number, contractor in enumerate(config.contractors):
        yield from _contractor(("contractors", number), contractor)
    region = config.bank_holidays.region
    if region is not None:
        try:
            regional(region)
        except ImportError:
            yield (
                ("bank_holidays", "region"),
                "needs the library holidays: pip install 'healthmon[holidays]', or write `dates`",
            )


def _contractor(path: Path_, contractor: Contractor) -> Found:
    yield from _terms(path, contractor)
    for name, terms in contractor.priorities.each():
        place = (*path, "priorities", name)
        yield from _terms(place, terms)
        response = contractor.response if terms.response is None else terms.response
        fix = contractor.fix if terms.fix is None else terms.fix
        if {"fix", "response"} & terms.model_fields_set and fix is not None and fix < response:
            yield place, _TOO_SHORT


def _terms(path: Path_, terms: Contractor | ContractTerms) -> Found:
    for key in ("weekdays", "bank_holidays"):
        if terms.hours == ALWAYS and key in terms.model_fields_set:
            yield (*path, key), "'hours: always' is every day; take one of the two away"
    if isinstance(terms, Contractor) and terms.fix is not None and terms.fix < terms.response:
        yield path, _TOO_SHORT


def warnings_of(config: Config, today: date) -> Found:
    """(path, text) of what is allowed and worth saying."""
    days = config.bank_holidays
    if days.region is not None or any(one > today.isoformat() for one in days.dates):
        return
    for number, contractor in enumerate(config.contractors):
        own = (_keeps_holidays(terms) for _, terms in contractor.priorities.each())
        if _keeps_holidays(contractor) or any(own):
            text = f"contractor '{contractor.id}' does not work on bank holidays, and `bank_holidays` has none after"
            yield ("contractors", number), f"{text} today: their time counts on them; add `dates`"


def _keeps_holidays(terms: Contractor | ContractTerms) -> bool:
    limited = terms.hours not in (None, ALWAYS) or bool(terms.weekdays)
    return limited and not terms.bank_holidays
