"""The lines of one device, rendered when something about it changes; a scrape only joins the pages of all devices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from healthmon.model import Ask, Device, Observation, Question, State, Verdict
from healthmon_exporters import families

LONGEST_LABEL = 128
STATES = ("ok", "degraded", "unknown", "fault")
INFO = ("vendor", "model", "firmware")
Line = tuple[str, str]
Part = tuple[Question, str]


def escaped(text: str) -> str:
    """A label value: at most 128 characters, escaped as the text format asks."""
    clean = text[:LONGEST_LABEL].replace("\0", " ").encode(errors="replace").decode()
    return clean.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def labels(more: Mapping[str, str]) -> str:
    """More labels after those of the device."""
    return "".join(f',{name}="{escaped(text)}"' for name, text in more.items())


@dataclass(slots=True)
class Check:
    """What one ask has given: its value lines by family, and its own figures. `landed` is by the page's clock."""

    labels: str
    ask: Ask
    runs: int = 0
    failures: int = 0
    landed: float | None = None
    last_run: float = 0.0
    last_success: float | None = None
    duration: float = 0.0
    success: int = 0
    state: State = State.UNKNOWN
    values: tuple[Line, ...] = ()

    def take(self, observation: Observation, verdicts: Sequence[Verdict], base: str, now: float) -> None:
        """Keep one result and render its values."""
        self.runs += 1
        self.landed, self.last_run, self.duration = now, observation.at, observation.duration
        self.success = int(observation.value is not None)
        self.state = max((verdict.state for verdict in verdicts), default=State.UNKNOWN)
        if observation.value is None:
            self.failures += 1
        else:
            self.last_success = observation.at
        # One value a series: a second clock of the same source would make the whole scrape invalid.
        made: dict[tuple[str, str], float] = {}
        for family, more, value in families.samples(observation, tuple(verdicts)):
            made[family, labels(dict(more))] = value
        self.values = tuple((family, f"{family}{{{base}{more}}} {v!r}\n") for (family, more), v in made.items())

    @property
    def ages(self) -> tuple[float, float]:
        """When the state is too old to be believed, and when the values vanish; never before the first result."""
        if self.landed is None:
            return math.inf, math.inf
        believed = self.landed + self.ask.patience
        return believed, believed + self.ask.interval

    def lines(self, now: float) -> Iterator[Line]:
        """(family, line) of everything that may be shown at `now`."""
        runs, failures = "healthmon_check_runs_total", "healthmon_check_failures_total"
        yield runs, f"{runs}{self.labels} {self.runs}\n"
        yield failures, f"{failures}{self.labels} {self.failures}\n"
        if self.landed is None:
            return
        name = "healthmon_check_last_run_timestamp_seconds"
        yield name, f"{name}{self.labels} {self.last_run!r}\n"
        if self.last_success is not None:
            name = "healthmon_check_last_success_timestamp_seconds"
            yield name, f"{name}{self.labels} {self.last_success!r}\n"
        if now > self.ages[1]:
            return
        yield "healthmon_check_success", f"healthmon_check_success{self.labels} {self.success}\n"
        name = "healthmon_check_duration_seconds"
        yield name, f"{name}{self.labels} {self.duration!r}\n"
        yield from self.values


@dataclass(slots=True)
class Page:
    """One device. `due` is when its lines change by age alone, `shown` the families that it has lines in."""

    device: Device
    base: str
    about: str
    checks: dict[Part, Check] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)
    maintenance: bool = False
    due: float = math.inf
    shown: set[str] = field(default_factory=set)

    def rendered(self, now: float) -> dict[str, bytes]:
        """The lines of each family at `now`."""
        self.due = min((age for check in self.checks.values() for age in check.ages if age >= now), default=math.inf)
        found: dict[str, str] = {}
        for family, line in self._lines(now):
            found[family] = found[family] + line if family in found else line
        return {family: text.encode() for family, text in found.items()}

    def _lines(self, now: float) -> Iterator[Line]:
        base = self.base
        told = labels({name: self.info.get(name, "") for name in INFO})
        yield "healthmon_device_info", f"healthmon_device_info{{{base}{self.about}{told}}} 1\n"
        yield "healthmon_device_maintenance", f"healthmon_device_maintenance{{{base}}} {int(self.maintenance)}\n"
        state = self._state(now).name.lower()
        for word in STATES:
            line = f'healthmon_device_state{{{base},state="{word}"}} {int(word == state)}\n'
            yield "healthmon_device_state", line
        for check in self.checks.values():
            yield from check.lines(now)

    def _state(self, now: float) -> State:
        """The worst fresh state; UNKNOWN before the first result and when one is too old."""
        states = [
            State.UNKNOWN if now > check.ages[0] else check.state
            for check in self.checks.values()
            if check.runs or not check.ask.sampled
        ]
        return max(states, default=State.UNKNOWN)

    @classmethod
    def of(cls, device: Device, asks: Sequence[Ask], known: Page | None) -> Page:
        """The page of a device in a new inventory; a check that did not change keeps what is known."""
        page = cls(device, _base(device), labels(families.about(device)))
        if known is not None:
            page.info, page.maintenance = known.info, known.maintenance
        for ask in asks:
            part = f',part="{escaped(ask.part)}"' if ask.part else ""
            own = f'{{{page.base},check="{ask.question.value}"{part}}}'
            kept = known.checks.get((ask.question, ask.part)) if known else None
            check = kept if kept and kept.labels == own else Check(own, ask)
            check.ask = ask
            page.checks[ask.question, ask.part] = check
        return page


def _base(device: Device) -> str:
    return f'device="{escaped(device.id)}",kind="{device.kind.value}",site="{escaped(device.site)}"'
