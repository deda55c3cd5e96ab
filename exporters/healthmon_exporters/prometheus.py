"""Prometheus exposition: device lines are rendered when a result lands, a scrape joins them; nothing is probed.

The CollectorRegistry of prometheus-client is the face for the agent's own figures and the process; the device families
are pre-rendered blocks in the same text, because 250,000 labelled children cost seconds a scrape.
"""

from __future__ import annotations

import asyncio
import gzip
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from healthmon.model import Ask, Device, Kind, Observation, Question, Reference, State, Verdict
from healthmon_exporters import families

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
LONGEST_LABEL = 128
STALE_INTERVALS = 3
CHUNK = 20000
AGENT_HELP = {
    "healthmon_config_reload_success": "1 when the last reload of the configuration was accepted.",
    "healthmon_config_reload_success_timestamp_seconds": "When the configuration was last accepted.",
    "healthmon_loop_lag_seconds": "Worst lateness of the event loop since the last figure.",
    "healthmon_bugs": "Looks that ended in an error inside healthmon, since the start.",
    "healthmon_looks_running": "Looks under way.",
    "healthmon_looks_skipped": "Looks that were skipped because the one before was still under way, since the start.",
}
Key = tuple[str, Question, str]


def escaped(text: str) -> str:
    """A label value: at most 128 characters, escaped as the text format asks."""
    clean = text[:LONGEST_LABEL].replace("\0", " ").encode(errors="replace").decode()
    return clean.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


@dataclass(slots=True)
class _Check:
    """What one ask has given: its rendered value lines by family, and its own figures."""

    labels: str
    interval: float
    timeout: float
    runs: int = 0
    failures: int = 0
    last_run: float | None = None
    last_success: float | None = None
    duration: float = 0.0
    success: int = 0
    states: dict[str, State] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)


class Metrics:
    """Everything that is exposed. `now` is Unix time."""

    def __init__(
        self, devices: Sequence[Device], asks: Sequence[Ask], *, version: str, now: Callable[[], float] = time.time
    ) -> None:
        self._now = now
        self._devices: dict[str, Device] = {}
        self._base: dict[str, str] = {}
        self._checks: dict[Key, _Check] = {}
        self._by_device: dict[str, list[_Check]] = {}
        self._info: dict[str, dict[str, str]] = {}
        self._about: dict[str, str] = {}
        self._maintenance: dict[str, bool] = {}
        self._faults: tuple[tuple[str, str, str], ...] = ()
        self._agent: dict[str, float] = {}
        self._hash = ""
        self._version = version
        self._reference: Reference | None = None
        self.registry = CollectorRegistry()
        self.registry.register(_Own(self))
        ProcessCollector(registry=self.registry)
        self.reconfigured(devices, asks)

    def reconfigured(self, devices: Sequence[Device], asks: Sequence[Ask]) -> None:
        """Take a new inventory: removed devices vanish at once, the others keep what is known."""
        kept_devices = {d.id: d for d in devices if d.kind is not Kind.AGENT}
        base = {name: _base(device) for name, device in kept_devices.items()}
        about = {name: _labels(families.about(device)) for name, device in kept_devices.items()}
        checks: dict[Key, _Check] = {}
        by_device: dict[str, list[_Check]] = {name: [] for name in kept_devices}
        for ask in asks:
            if ask.device not in kept_devices:
                continue
            part = f',part="{escaped(ask.part)}"' if ask.part else ""
            labels = f'{{{base[ask.device]},check="{ask.question.value}"{part}}}'
            kept = self._checks.get(ask.key)
            check = kept if kept and kept.labels == labels else _Check(labels, ask.interval, ask.timeout)
            check.interval, check.timeout = ask.interval, ask.timeout
            checks[ask.key] = check
            by_device[ask.device].append(check)
        # A scrape reads in another thread: it sees the old inventory or the new one, never half of one.
        self._devices, self._base, self._about = kept_devices, base, about
        self._checks, self._by_device = checks, by_device
        for known in (self._info, self._maintenance):
            for device in [name for name in known if name not in self._devices]:
                del known[device]

    def observed(self, observation: Observation, verdicts: tuple[Verdict, ...]) -> None:
        """Render the lines of one result."""
        if isinstance(observation.value, Reference):
            self._reference = observation.value
        check = self._checks.get((observation.device, observation.question, observation.part))
        if check is None:
            return
        check.runs += 1
        check.last_run, check.duration = observation.at, observation.duration
        check.success = int(observation.value is not None)
        check.states = {verdict.aspect: verdict.state for verdict in verdicts}
        if observation.value is None:
            check.failures += 1
        else:
            check.last_success = observation.at
        if told := families.info(observation):
            self._info[observation.device] = {**self._info.get(observation.device, {}), **told}
        base = self._base[observation.device]
        # One value a series: a second clock of the same source would make the whole scrape invalid.
        made: dict[str, dict[str, str]] = {}
        for family, labels, value in families.samples(observation, verdicts):
            more = "".join(f',{name}="{escaped(text)}"' for name, text in labels)
            made.setdefault(family, {})[more] = f"{family}{{{base}{more}}} {value!r}\n"
        check.lines = {family: "".join(rows.values()) for family, rows in made.items()}

    def maintenance(self, device: str, active: bool) -> None:
        """Say whether a maintenance window covers a device now."""
        self._maintenance[device] = active

    def faults(self, active: Iterable[tuple[str, str, str]]) -> None:
        """The open faults as (device, code, severity)."""
        self._faults = tuple(dict.fromkeys(active))

    def set_agent(self, name: str, value: float) -> None:
        """One of the agent's own figures (`AGENT_HELP`)."""
        self._agent[name] = float(value)

    def config_hash(self, digest: str) -> None:
        """The hash of the configuration in force."""
        self._hash = digest

    def own_families(self) -> Iterator[Metric]:
        """The agent's own families for the registry."""
        build = GaugeMetricFamily("healthmon_build_info", "Version; always 1.", labels=("version", "python", "config"))
        build.add_metric((self._version, platform.python_version(), self._hash), 1)
        yield build
        for name, value in tuple(self._agent.items()):
            yield GaugeMetricFamily(name, AGENT_HELP.get(name, "A figure of the agent."), value=value)
        if self._reference is not None:
            yield from _reference_families(self._reference)

    def _blocks(self, *, openmetrics: bool) -> Iterator[str]:
        """One block a device family: HELP, TYPE and every line."""
        now = self._now()
        lines: dict[str, list[str]] = {name: [] for name in families.HELP}
        devices, base, by_device = self._devices, self._base, self._by_device
        for name, device in devices.items():
            self._device_lines(device, base[name], by_device[name], lines, now)
        lines["healthmon_fault_active"] = [
            f'healthmon_fault_active{{{base[device]},code="{escaped(code)}",severity="{severity}"}} 1\n'
            for device, code, severity in self._faults
            if device in base
        ]
        for name, (kind, text) in families.HELP.items():
            if lines[name]:
                shown = name.removesuffix("_total") if openmetrics else name
                yield f"# HELP {shown} {text}\n# TYPE {shown} {kind}\n" + "".join(lines[name])

    def _device_lines(
        self, device: Device, base: str, checks: Sequence[_Check], lines: dict[str, list[str]], now: float
    ) -> None:
        known = self._info.get(device.id, {})
        told = _labels({name: known.get(name, "") for name in ("vendor", "model", "firmware")})
        lines["healthmon_device_info"].append(f"healthmon_device_info{{{base}{self._about[device.id]}{told}}} 1\n")
        covered = int(self._maintenance.get(device.id, False))
        lines["healthmon_device_maintenance"].append(f"healthmon_device_maintenance{{{base}}} {covered}\n")
        state = _state(checks, now).name.lower()
        lines["healthmon_device_state"].append(
            "".join(
                f'healthmon_device_state{{{base},state="{word}"}} {int(word == state)}\n'
                for word in ("ok", "degraded", "unknown", "fault")
            )
        )
        for check in checks:
            _check_lines(check, lines, now)

    def text(self, *, openmetrics: bool) -> bytes:
        """The whole exposition as bytes."""
        own = generate_openmetrics if openmetrics else generate_latest
        head = own(self.registry).decode().removesuffix("# EOF\n")
        tail = "# EOF\n" if openmetrics else ""
        return (head + "".join(self._blocks(openmetrics=openmetrics)) + tail).encode()

    async def body(self, *, openmetrics: bool, zipped: bool) -> bytes:
        """`text`, compressed at level 1 outside the event loop where asked."""
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(None, lambda: self.text(openmetrics=openmetrics))
        return await loop.run_in_executor(None, gzip.compress, text, 1) if zipped else text


class _Own:
    """The collector behind the registry."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return self._metrics.own_families()


def _base(device: Device) -> str:
    return f'device="{escaped(device.id)}",kind="{device.kind.value}",site="{escaped(device.site)}"'


def _labels(more: Mapping[str, str]) -> str:
    return "".join(f',{name}="{escaped(text)}"' for name, text in more.items())


def _state(checks: Sequence[_Check], now: float) -> State:
    """The worst fresh state; UNKNOWN before the first result and when one is too old."""
    worst = State.OK if checks else State.UNKNOWN
    for check in checks:
        fresh = check.last_run is not None and now - check.last_run <= 2 * check.interval + check.timeout
        worst = max(worst, max(check.states.values(), default=State.UNKNOWN) if fresh else State.UNKNOWN)
    return worst


def _check_lines(check: _Check, lines: dict[str, list[str]], now: float) -> None:
    labels = check.labels
    lines["healthmon_check_runs_total"].append(f"healthmon_check_runs_total{labels} {check.runs}\n")
    lines["healthmon_check_failures_total"].append(f"healthmon_check_failures_total{labels} {check.failures}\n")
    if check.last_run is None:
        return
    name = "healthmon_check_last_run_timestamp_seconds"
    lines[name].append(f"{name}{labels} {check.last_run!r}\n")
    if check.last_success is not None:
        name = "healthmon_check_last_success_timestamp_seconds"
        lines[name].append(f"{name}{labels} {check.last_success!r}\n")
    if now - check.last_run > STALE_INTERVALS * check.interval + check.timeout:
        return
    lines["healthmon_check_success"].append(f"healthmon_check_success{labels} {check.success}\n")
    name = "healthmon_check_duration_seconds"
    lines[name].append(f"{name}{labels} {check.duration!r}\n")
    for family, text in check.lines.items():
        lines[family].append(text)


def _reference_families(reference: Reference) -> Iterator[Metric]:
    made: dict[str, GaugeMetricFamily] = {}
    for name, text, labels, value in families.reference_samples(reference):
        family = made.setdefault(name, GaugeMetricFamily(name, text, labels=tuple(labels)))
        family.add_metric(tuple(labels.values()), value)
    return iter(made.values())
