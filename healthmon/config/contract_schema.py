"""`contractors` and `bank_holidays` of config.yaml: who repairs, in what time, and when they work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from healthmon.config import units
from healthmon.config.contracts import PRIORITIES, RESPONSE_SECONDS
from healthmon.config.fields import Date, Flag, Id, Line, Mail, Name, Seconds, Strict, as_list
from healthmon.config.notify_schema import Weekdays

Dates = Annotated[tuple[Date, ...], BeforeValidator(as_list)]


def _hours(value: object) -> object:
    return units.working_hours(value) if isinstance(value, str) else value


WorkingHours = Annotated[
    tuple[str, str],
    BeforeValidator(_hours),
    WithJsonSchema({"type": "string", "examples": ["08:00-17:00", "always"]}),
]


class BankHolidays(Strict):
    """Days on which a contractor with `hours` does not work: each by its date, or those of a
    `region` by the library holidays (pip install 'healthmon[holidays]').
    """

    dates: Dates = ()
    region: Literal["england-and-wales", "scotland", "northern-ireland"] | None = None


class ContractTerms(Strict):
    """What a contract promises for one priority, and when its time counts.

    `hours` are local; `always` is around the clock, bank holidays included. With `hours` or
    `weekdays`, time on bank holidays counts only by `bank_holidays: yes`.
    """

    response: Seconds | None = None
    fix: Seconds | None = None
    hours: WorkingHours | None = None
    weekdays: Weekdays = ()
    bank_holidays: Flag | None = None


class PriorityTerms(Strict):
    """Terms of single priorities; a key that is not given is that of the contract."""

    P1: ContractTerms | None = None
    P2: ContractTerms | None = None
    P3: ContractTerms | None = None
    P4: ContractTerms | None = None

    def each(self) -> list[tuple[str, ContractTerms]]:
        """The priorities that have terms of their own."""
        return [(name, terms) for name in PRIORITIES if (terms := getattr(self, name)) is not None]


class Contractor(Strict):
    """Who repairs. `response` is the time until somebody comes, `fix` until it works again, in the
    hours of the contract; `priorities` may have others.

    The clock starts with the notification or the first report of a person, by `clock: report` with
    the report alone.
    """

    id: Id
    name: Name
    phone: Line = ""
    email: Mail | Literal[""] = ""
    response: Seconds = RESPONSE_SECONDS
    fix: Seconds | None = None
    hours: WorkingHours | None = None
    weekdays: Weekdays = ()
    bank_holidays: Flag | None = None
    clock: Literal["notification", "report"] = "notification"
    priorities: PriorityTerms = PriorityTerms()
