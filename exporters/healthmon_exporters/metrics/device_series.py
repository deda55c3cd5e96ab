"""What is known of one device and of each check of it, and the lines that say it."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from healthmon.model.device import Check, CheckKey, Device
from healthmon.model.enums import State
from healthmon.model.plain_text import one_line
from healthmon.model.results import Observation, Verdict, worst
from healthmon_exporters.metrics import families
from healthmon_exporters.metrics.series_cache import Line, SeriesCache, Shape, based

LONGEST_LABEL = 128
STATES = ("ok", "degraded", "unknown", "fault")
INFO = ("vendor", "model", "firmware")


def escaped(text: str) -> str:
    """A label value: at most 128 characters, escaped as the text format asks."""
    clean = one_line(text)[:LONGEST_LABEL].encode(errors="replace").decode()
    return clean.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def labels(more: tuple[tuple[str, str], ...]) -> str:
    """More labels after those of the device: (name, value). Most are the same for every device."""
    long = any(len(text) > LONGEST_LABEL for _, text in more)
    return _labels(tuple((name, text[:LONGEST_LABEL]) for name, text in more) if long else more)


@functools.lru_cache(512)
def _labels(more: tuple[tuple[str, str], ...]) -> str:
    return "".join(f',{name}="{escaped(text)}"' for name, text in more)


@functools.lru_cache(512)
def _of_check(check_type: str, instance: str) -> str:
    """The labels of a check after those of its device."""
    instances = (("part", instance),) if instance else ()
    return labels((("check", check_type), *instances))


def figure(value: float) -> str:
    """To the millionth: nothing is measured more finely, and digits of noise cannot be compressed."""
    return repr(round(value, 6))


def moment(at: float) -> str:
    """A Unix time, to the millisecond as Prometheus keeps times; half as dear as all its digits."""
    return f"{at:.3f}"


@dataclass(slots=True, eq=False)
class CheckSeries:
    """What one check has given, in figures. `landed` is by the page's clock; `shape` is that of its
    values on show.
    """

    check: Check
    shape: Shape = ()
    runs: int = 0
    failures: int = 0
    landed: float = math.inf
    last_run: float = 0.0
    last_success: float | None = None
    duration: float = 0.0
    success: int = 0
    state: State = State.UNKNOWN

    def update(self, observation: Observation, verdicts: Sequence[Verdict], now: float) -> None:
        """Keep the figures of one result."""
        self.runs += 1
        self.landed, self.last_run = now, observation.at
        self.duration = round(observation.duration, 6)
        self.success = int(observation.value is not None)
        judged = worst(verdicts)
        self.state = judged.state if judged is not None else State.UNKNOWN
        if observation.value is None:
            self.failures += 1
        else:
            self.last_success = observation.at

    @property
    def believed(self) -> float:
        """Until when the state is believed; for ever before the first result."""
        return self.landed + self.check.max_age

    @property
    def shown(self) -> float:
        """Until when the values are shown."""
        return self.believed + self.check.interval

    @property
    def expected(self) -> bool:
        """Whether there should be a result; a sampled check has none until its turn comes."""
        return self.runs > 0 or not self.check.sampled

    def state_at(self, now: float) -> State:
        """The state of the last result; UNKNOWN before the first, and once it is too old."""
        return State.UNKNOWN if now > self.believed else self.state

    def lines(self, now: float) -> Iterator[Line]:
        """(family, tail) of the figures at `now`."""
        about = _of_check(self.check.check_type, self.check.instance)
        yield "healthmon_check_runs_total", f"{about}}} {self.runs}"
        yield "healthmon_check_failures_total", f"{about}}} {self.failures}"
        if self.expected:
            yield "healthmon_check_verdict", f"{about}}} {int(self.state_at(now))}"
        if not self.runs:
            return
        yield "healthmon_check_last_run_timestamp_seconds", f"{about}}} {moment(self.last_run)}"
        if self.last_success is not None:
            yield (
                "healthmon_check_last_success_timestamp_seconds",
                f"{about}}} {moment(self.last_success)}",
            )
        if now > self.shown:
            return
        yield "healthmon_check_success", f"{about}}} {self.success}"
        yield "healthmon_check_duration_seconds", f"{about}}} {self.duration!r}"


def values(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Line]:
    """(family, tail) of what one result says, one value a series.

    A second clock of the same source would make the whole scrape invalid.
    """
    made: dict[tuple[str, str], float] = {}
    for family, more, value in families.samples(observation, verdicts):
        made[family, labels(more)] = value
    return ((family, f"{more}}} {figure(value)}") for (family, more), value in made.items())


@dataclass(slots=True)
class DeviceSeries:
    """One device. `base` are its labels on every line; `due` is when its lines change by
    age alone.
    """

    device: Device
    base: bytes
    about: str
    shape: Shape = ()
    checks: tuple[CheckSeries, ...] = ()
    info: dict[str, str] = field(default_factory=dict)
    maintenance: bool = False
    due: float = math.inf

    def observed(
        self,
        observation: Observation,
        verdicts: tuple[Verdict, ...],
        series_cache: SeriesCache,
        now: float,
    ) -> None:
        """Show one result."""
        check = self._check((observation.device, observation.check_type, observation.instance))
        if check is None:
            return
        check.update(observation, verdicts, now)
        check.shape = series_cache.show(
            check, self.base, check.shape, values(observation, verdicts)
        )
        if told := families.info(observation):
            self.info = {**self.info, **told}
        self.show(series_cache, now)

    def show(self, series_cache: SeriesCache, now: float) -> None:
        """Show what the device and its checks are at `now`; the values of checks that are too old
        vanish.
        """
        ages: list[float] = []
        for check in self.checks:
            ages += (check.believed, check.shown)
            if now > check.shown and check.shape:
                check.shape = series_cache.show(check, self.base, check.shape, ())
        self.shape = series_cache.show(self.device.id, self.base, self.shape, self._lines(now))
        self.due = min((age for age in ages if age >= now), default=math.inf)

    def _lines(self, now: float) -> Iterator[Line]:
        told = labels(tuple((name, self.info.get(name, "")) for name in INFO))
        yield "healthmon_device_info", f"{self.about}{told}}} 1"
        yield "healthmon_device_maintenance", f"}} {int(self.maintenance)}"
        state = self._state(now).name.lower()
        for word in STATES:
            yield "healthmon_device_state", f',state="{word}"}} {int(word == state)}'
        for check in self.checks:
            yield from check.lines(now)

    def _state(self, now: float) -> State:
        """The worst state that is believed; UNKNOWN before the first result and when one is too
        old.
        """
        states = [check.state_at(now) for check in self.checks if check.expected]
        return max(states, default=State.UNKNOWN)

    @classmethod
    def of(
        cls, device: Device, checks: Sequence[Check], known: DeviceSeries | None
    ) -> DeviceSeries:
        """The page of a device in a new inventory; a check that did not change keeps what
        is known, and a device that did not change its page.
        """
        if known is not None and known._is_of(device, checks):
            known.device = device
            known._take_checks(checks, known.checks)
            return known
        page = cls(device, _base(device), labels(tuple(families.about(device).items())))
        if known is not None:
            page.info, page.maintenance = known.info, known.maintenance
        page._take_checks(checks, known.checks if known and known.base == page.base else ())
        return page

    def _take_checks(self, checks: Sequence[Check], known: Sequence[CheckSeries]) -> None:
        """Let the series be of `checks`; of those that are `known` what was given is kept."""
        kept = {one.check.key: one for one in known}
        self.checks = tuple(kept.get(check.key) or CheckSeries(check) for check in checks)
        for series, check in zip(self.checks, checks, strict=True):
            series.check = check

    def _is_of(self, device: Device, checks: Sequence[Check]) -> bool:
        return self.device == device and [c.check for c in self.checks] == list(checks)

    def _check(self, key: CheckKey) -> CheckSeries | None:
        """One of its checks. They are few: a table would take more memory than time."""
        return next((one for one in self.checks if one.check.key == key), None)

    def placed(self, series_cache: SeriesCache, before: SeriesCache, now: float) -> None:
        """Show the page in a new cache; it and kept checks take their lines over from the one
        `before`.
        """
        for check in self.checks:
            series_cache.carry_over(check, check.shape, before)
        if self.shape:
            series_cache.carry_over(self.device.id, self.shape, before)
        else:
            self.show(series_cache, now)


def _base(device: Device) -> bytes:
    return based(
        f'device="{escaped(device.id)}",kind="{device.kind.value}",site="{escaped(device.site)}"'
    )
