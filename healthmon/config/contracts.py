"""The contracts of config.yaml as plain values, for the contract clock: who repairs which device, in
what time, and on which days. Made from the models, or from the file without them.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from healthmon.config import units

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PRIORITIES: Final = ("P1", "P2", "P3", "P4")
# The divisions of https://www.gov.uk/bank-holidays, and those of the library `holidays`.
REGIONS: Final[Mapping[str, tuple[str, str]]] = {
    "england-and-wales": ("GB", "ENG"),
    "scotland": ("GB", "SCT"),
    "northern-ireland": ("GB", "NIR"),
}
RESPONSE_SECONDS: Final = 14400.0


@dataclass(frozen=True, slots=True)
class Promised:
    """The terms of one priority. Seconds of working time, None for no promise; `hours` are local,
    None for the whole day; `weekdays` are 0 (Monday) to 6, empty for all.
    """

    response: float | None
    fix: float | None
    hours: tuple[dt.time, dt.time] | None
    weekdays: frozenset[int]
    bank_holidays: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """What one contractor promises for the priorities 1 to 4. `from_report`: the time begins when a
    person has reported the fault.
    """

    promised: Mapping[int, Promised]
    from_report: bool = False


@dataclass(frozen=True, slots=True)
class BankHolidays:
    """A set of days: those that are written down, and those of a region by the library `holidays`."""

    dates: frozenset[dt.date] = frozenset()
    region: str | None = None

    def __contains__(self, day: object) -> bool:
        return day in self.dates or (self.region is not None and day in regional(self.region))


@dataclass(frozen=True, slots=True)
class Contracts:
    """`by_id` are the contracts, `of_device` the contractor of each device that has one."""

    by_id: Mapping[str, Contract] = field(default_factory=dict)
    of_device: Mapping[str, str] = field(default_factory=dict)
    bank_holidays: BankHolidays = BankHolidays()


@functools.cache
def regional(region: str) -> Container[object]:
    """The bank holidays of a region, of any year. Raises ImportError where the library is not
    installed.
    """
    import holidays

    country, division = REGIONS[region]
    found: Container[object] = holidays.country_holidays(country, subdiv=division)
    return found


def bank_holidays_of(config: Any) -> BankHolidays:
    """The bank holidays of a configuration that is loaded."""
    days = config.bank_holidays
    return BankHolidays(frozenset(map(dt.date.fromisoformat, days.dates)), days.region)


def of_tree(tree: Mapping[str, Any], of_device: Mapping[str, str]) -> Contracts:
    """The contracts of a file whose values are texts, and who repairs each device. A contract that is
    not well formed is left out: it has no clock then.
    """
    try:
        days = _bank_holidays(tree.get("bank_holidays") or {})
        entries = [one for one in tree.get("contractors") or [] if isinstance(one, dict)]
    except (ValueError, TypeError, AttributeError, ImportError):
        return Contracts()
    found = {}
    for entry in entries:
        try:
            found[str(entry.get("id"))] = _contract(_typed(entry))
        except (ValueError, TypeError, AttributeError):
            continue
    return Contracts(found, of_device, days)


def _bank_holidays(entry: Mapping[str, Any]) -> BankHolidays:
    dates = frozenset(dt.date.fromisoformat(units.date(one)) for one in _list(entry.get("dates")))
    region = entry.get("region")
    if region is not None:
        if region not in REGIONS:
            raise ValueError(f"no region {region}")
        regional(region)
    return BankHolidays(dates, region)


def of_attributes(contractor: Any) -> Contract:
    """The contract of a contractor of a configuration that is loaded."""
    own = ((name, getattr(contractor.priorities, name)) for name in PRIORITIES)
    values = _given(contractor) | {"priorities": {name: _given(one) for name, one in own if one}}
    return _contract(values)


def _given(terms: Any) -> dict[str, Any]:
    """The values that are given; those of `priorities` are left out."""
    keys = (key for key in _READ if key != "priorities")
    found = {key: getattr(terms, key, None) for key in keys}
    return {key: value for key, value in found.items() if value is not None and value != ()}


def _contract(values: Mapping[str, Any]) -> Contract:
    """The contract of values as the models have them."""
    own = values.get("priorities") or {}
    promised = {
        number: _promised(values, own.get(name) or {}) for number, name in enumerate(PRIORITIES, 1)
    }
    return Contract(promised, values.get("clock") == "report")


def _promised(general: Mapping[str, Any], own: Mapping[str, Any]) -> Promised:
    """The terms of one priority: its own, else the general ones. Who works always at this priority
    keeps none of the general hours.
    """
    always = own.get("hours") == units.ALWAYS
    kept = {key: general[key] for key in ("response", "fix") if key in general}
    found = {"response": RESPONSE_SECONDS} | (kept if always else dict(general)) | dict(own)
    hours, weekdays = found.get("hours", units.ALWAYS), found.get("weekdays", ())
    limited = hours != units.ALWAYS
    return Promised(
        found["response"],
        found.get("fix"),
        (dt.time.fromisoformat(hours[0]), dt.time.fromisoformat(hours[1])) if limited else None,
        frozenset(map(WEEKDAYS.index, weekdays)),
        bool(found.get("bank_holidays", not limited and not weekdays)),
    )


def _typed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a contract in the file as the models have them. Raises ValueError, TypeError,
    AttributeError.
    """
    return {key: _READ[key](value) for key, value in entry.items() if key in _READ}


def _list(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value or [])


def _named(value: Any) -> dict[str, Any]:
    return {name: _typed(terms or {}) for name, terms in value.items()}


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "response": units.seconds,
    "fix": units.seconds,
    "hours": units.working_hours,
    "weekdays": _list,
    "bank_holidays": units.flag,
    "clock": str,
    "priorities": _named,
}
