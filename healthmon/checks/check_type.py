"""What a check is: one `CheckType` holds all that the rest of healthmon asks of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from healthmon.checks.evaluation import codes
from healthmon.checks.metrics import MetricFamilies
from healthmon.checks.probes.context import ProbeContext
from healthmon.inventory.planning import Plan, Planning
from healthmon.model.device import Check, Device
from healthmon.model.results import Observation, Verdict

if TYPE_CHECKING:
    from pydantic import BaseModel

Probe = Callable[[Device, Check, ProbeContext], Awaitable[Any]]
Evaluate = Callable[[Observation, Device], tuple[Verdict, ...]]


def _nothing() -> None:
    """All that it needs is imported."""


def where_configured(planning: Planning) -> Iterator[Check]:
    """The plan of a check from outside: one run an interval on each device that names it under
    `checks`.
    """
    if planning.settings is not None:
        yield planning.check()


@dataclass(frozen=True, slots=True)
class CheckType:
    """One kind of check. `title` is what the wall and the sheet call it.

    `probe` measures and raises `ExchangeError` where it saw nothing; `evaluate` says what an
    observation means, with value and limits; `metric_families` are what /metrics shows of it;
    `codes` are the fault codes that it gives; `plan` says which checks of this type a device has;
    `retry` is whether a sweep tries a failed run a second time; `settings` is the model of its
    entry under `checks` of a device, None where the configuration has keys of its own for it. `load`
    imports what the first run would import.
    """

    name: str
    title: str
    probe: Probe
    evaluate: Evaluate
    metric_families: MetricFamilies = field(default_factory=MetricFamilies)
    codes: Mapping[str, codes.Code] = field(default_factory=dict)
    plan: Plan = where_configured
    retry: bool = False
    settings: type[BaseModel] | None = None
    load: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Registry:
    """Check types by name."""

    check_types: Mapping[str, CheckType]

    def __getitem__(self, name: str) -> CheckType:
        """The check type called `name`. Raises KeyError."""
        return self.check_types[name]

    def title(self, name: str) -> str:
        """What people call a check; its name where it is not registered."""
        found = self.check_types.get(name)
        return found.title if found else name

    @property
    def settings(self) -> dict[str, type[BaseModel]]:
        """The settings model of each check from outside."""
        found = self.check_types.items()
        return {name: one.settings for name, one in found if one.settings is not None}
