"""What the agent hands to the wall: the latest result of every check, open faults, the
surroundings. Plain values.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from healthmon.model.device import Check, CheckKey, Device
from healthmon.model.enums import Kind, State
from healthmon.model.measurements import Reference
from healthmon.model.results import CheckResult, worst
from healthmon.model.ups import Ups


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The latest result of one check: its worst verdict. `landed` is by a clock that no step of the
    wall clock moves.

    `sentence` is "" for what is well, because nobody asks and a large estate has many of them.
    """

    landed: float
    at: float
    state: State
    code: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One open fault as people are told of it. `since` is Unix seconds, `number` None before it has
    one.

    `held` says why nobody is told ("parent", "site", "maintenance", "absent", "own network"), ""
    when nothing stands against it. `cause` is in words, `cause_number` the fault that explains this
    one, `affected` how many devices this one takes with it. `maintenance` is the reason of the
    maintenance window that covers the device now. `site` is an id, "" where it belongs to none.
    """

    device: str
    name: str
    check_type: str
    instance: str
    code: str
    state: State
    sentence: str
    since: float
    priority: int = 3
    number: int | None = None
    acknowledged_by: str = ""
    cause: str = ""
    cause_number: int | None = None
    affected: int = 0
    held: str = ""
    maintenance: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The last whole sweep: when it was made and who has signed it."""

    at: float
    signed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the wall is made of, at one moment: `at` in Unix seconds, `now` by the clock
    of `CheckOutcome.landed`.

    `maintenance` maps the ids of covered devices to the reason, `absent` are deployables that are
    not deployed. `site_names` are those of the sites by id, where they have one.
    """

    estate: str
    zone: str
    at: float
    now: float
    devices: Sequence[Device]
    checks: Sequence[Check]
    seen: Mapping[CheckKey, CheckOutcome]
    faults: Sequence[FaultLine] = ()
    maintenance: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    reference: Reference | None = None
    ups: Mapping[str, Ups] = field(default_factory=dict)
    sweep: Sweep | None = None
    simulated: bool = False
    site_names: Mapping[str, str] = field(default_factory=dict)

    def of_site(self, site: str) -> Snapshot:
        """The same of one site only; healthmon itself stays."""
        devices = tuple(d for d in self.devices if d.site == site or d.kind is Kind.AGENT)
        known = {device.id for device in devices}
        of_none = self._about_no_device(site)
        return replace(
            self,
            estate=f"{self.estate}, {self.site_names.get(site) or site}",
            devices=devices,
            checks=tuple(check for check in self.checks if check.device in known),
            faults=(*(line for line in self.faults if line.device in known), *of_none),
        )

    def _about_no_device(self, site: str) -> Iterator[FaultLine]:
        """The faults of `site` itself, and what a person has raised there about something else."""
        devices = {device.id for device in self.devices}
        for line in self.faults:
            if line.site == site and line.device not in devices:
                yield line


class LatestResults:
    """The latest result of every check. `clock` is one that no step of the wall clock moves."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.seen: dict[CheckKey, CheckOutcome] = {}
        self.newest: float | None = None

    def apply(self, result: CheckResult) -> None:
        """Keep one result and what it means, as it lands."""
        self.newest = now = self.clock()
        key, at = result.check.key, result.observation.at
        found = worst(result.verdicts)
        if found is None:
            self.seen[key] = CheckOutcome(
                now, at, State.UNKNOWN, "not_reported", "nothing was reported"
            )
            return
        sentence = "" if found.state is State.OK else found.sentence
        self.seen[key] = CheckOutcome(now, at, found.state, found.code, sentence)

    def keep(self, keys: Collection[CheckKey]) -> None:
        """Forget what the configuration no longer checks."""
        self.seen = {key: seen for key, seen in self.seen.items() if key in keys}
