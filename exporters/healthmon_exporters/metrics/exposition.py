"""Prometheus exposition: a device's lines are rendered when a result lands, a scrape joins them;
nothing is probed.

The CollectorRegistry of prometheus-client is the face for the agent's own figures and the process;
the device families are pre-rendered blocks in the same text, because 250,000 labelled children cost
seconds a scrape.
"""

from __future__ import annotations

import asyncio
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind
from healthmon.model.measurements import Reference
from healthmon.model.results import CheckResult
from healthmon_exporters.metrics import families
from healthmon_exporters.metrics.bare_package import bare
from healthmon_exporters.metrics.device_series import DeviceSeries
from healthmon_exporters.metrics.gzip_parts import Part, joined
from healthmon_exporters.metrics.series_cache import SeriesCache, Snapshot

with bare("prometheus_client"):
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.openmetrics.exposition import generate_latest
    from prometheus_client.process_collector import ProcessCollector
    from prometheus_client.registry import CollectorRegistry

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
AGENT_HELP = {
    "healthmon_config_reload_success": "1 if the last reload of the configuration succeeded.",
    "healthmon_config_reload_success_timestamp_seconds": "Time of the last successful load of the configuration.",
    "healthmon_loop_lag_seconds": "Largest lag of the event loop since the last value.",
    "healthmon_bugs_total": "Checks that failed with an error inside healthmon, since the start.",
    "healthmon_looks_running": "Checks that are running.",
    "healthmon_looks_skipped_total": "Intervals in which no run of a due check ended, since the start.",
    "healthmon_interval_factor_ratio": "How many times longer than configured each interval is; 1 if it keeps up.",
    "healthmon_store_ok": "1 if the history can be written, 0 while the store fails.",
    "healthmon_store_dropped_total": "Records that were lost because the store failed, since the start.",
    "healthmon_audit_entries": "Number of the last entry of the audit chain.",
    "healthmon_audit_head": "The first 52 bits of the hash of the last entry of the audit chain, as a number.",
    "healthmon_audit_ok": "1 if the last verification of the audit chain found the record as it was written.",
    "healthmon_audit_verified_timestamp_seconds": "Time of the last verification of the audit chain.",
    "healthmon_backup_last_timestamp_seconds": "Time of the last backup of the record by `healthmon backup`.",
    "healthmon_own_network_ok": "1 if this machine has a route to the devices.",
    "healthmon_sweep_last_timestamp_seconds": "Time of the last complete sweep.",
    "healthmon_sweep_signatures": "Number of signatures of the last complete sweep.",
}
_COUNTER = re.compile(rb"^# HELP (\S+) (.*)\n# TYPE \1 counter$", re.MULTILINE)
Pieces = tuple[bytes, ...]
# What is handed to the network at once: the copies of a whole scrape of 1,000 cameras are 2 MB.
PIECE_BYTES = 65536
Table = tuple[str, tuple[str, ...], Sequence[tuple[tuple[str, ...], float]]]


class Metrics:
    """Everything that is exposed. The age of results is by `now`, a clock that no step of the wall
    clock moves.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        checks: Sequence[Check],
        *,
        version: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._pages: dict[str, DeviceSeries] = {}
        self._series_cache = SeriesCache()
        self._tables: dict[str, Table] = {}
        self._agent: dict[str, float] = {}
        self._hash = ""
        self._version = version
        self._reference: Reference | None = None
        self._turn = asyncio.Lock()
        self._asked: dict[tuple[bool, bool], asyncio.Task[Pieces]] = {}
        self._compressed = CompressedFamilies()
        self.registry = CollectorRegistry()
        self.registry.register(_Own(self))
        ProcessCollector(registry=self.registry)
        self.reconfigured(devices, checks)

    def reconfigured(self, devices: Sequence[Device], checks: Sequence[Check]) -> None:
        """Take a new inventory: removed devices vanish at once, the others keep what is known."""
        asked: dict[str, list[Check]] = {d.id: [] for d in devices if d.kind is not Kind.AGENT}
        for check in checks:
            if check.device in asked:
                asked[check.device].append(check)
        self._pages = {
            d.id: DeviceSeries.of(d, asked[d.id], self._pages.get(d.id))
            for d in devices
            if d.kind is not Kind.AGENT
        }
        before = self._series_cache
        self._series_cache = SeriesCache(before.changes + 1)
        for page in self._pages.values():
            page.placed(self._series_cache, before, self._now())

    def apply(self, result: CheckResult) -> None:
        """Render the lines of one result."""
        observation = result.observation
        if observation.check_type == CheckName.REFERENCE:
            self._reference = (
                observation.value if isinstance(observation.value, Reference) else None
            )
        if page := self._pages.get(observation.device):
            page.observed(observation, result.verdicts, self._series_cache, self._now())

    def maintenance(self, device: str, active: bool) -> None:
        """Say whether a maintenance window covers a device now."""
        page = self._pages.get(device)
        if page is not None and page.maintenance != active:
            page.maintenance = active
            page.show(self._series_cache, self._now())

    def table(
        self,
        name: str,
        text: str,
        labels: tuple[str, ...],
        rows: Sequence[tuple[tuple[str, ...], float]],
    ) -> None:
        """Replace a small family as a whole: `rows` are (label values, value)."""
        self._tables[name] = (text, labels, rows)

    def set_agent(self, name: str, value: float) -> None:
        """One of the agent's own figures (`AGENT_HELP`)."""
        self._agent[name] = float(value)

    def config_hash(self, digest: str) -> None:
        """The hash of the configuration in force."""
        self._hash = digest

    def own_families(self) -> Iterator[Metric]:
        """The agent's own families for the registry."""
        build = GaugeMetricFamily(
            "healthmon_build_info", "Version; always 1.", labels=("version", "python", "config")
        )
        build.add_metric((self._version, platform.python_version(), self._hash), 1)
        yield build
        for name, value in tuple(self._agent.items()):
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield kind(name, AGENT_HELP.get(name, "A figure of the agent."), value=value)
        for name, (text, labels, rows) in tuple(self._tables.items()):
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            table = kind(name, text, labels=labels)
            for values, value in rows:
                table.add_metric(values, value)
            yield table
        if self._reference is not None:
            yield from _reference_families(self._reference)

    def snapshot(self) -> Snapshot:
        """All devices at this moment, ready to be rendered by any thread."""
        now = self._now()
        for page in self._pages.values():
            if page.due < now:
                page.show(self._series_cache, now)
        return self._series_cache.snapshot()

    def _own_text(self, *, openmetrics: bool) -> bytes:
        """The figures of the agent and of its process, and the end of the text."""
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return text if openmetrics else _older(text.removesuffix(b"# EOF\n"))

    def text(self, *, openmetrics: bool) -> bytes:
        """The whole exposition as bytes."""
        return b"".join(self._parts(self.snapshot(), openmetrics=openmetrics))

    def _parts(self, snapshot: Snapshot, *, openmetrics: bool) -> Iterator[bytes]:
        for family in snapshot.changed:
            yield from snapshot.pieces(family, openmetrics=openmetrics)
        yield self._own_text(openmetrics=openmetrics)

    async def body(self, *, openmetrics: bool, zipped: bool) -> Pieces:
        """`text` in pieces, compressed where asked, made outside the event loop.

        One is made at a time; scrapes that come meanwhile share the next one, which is no older
        than they are.
        """
        kind = (openmetrics, zipped)
        if kind not in self._asked:
            self._asked[kind] = asyncio.create_task(
                self._body(openmetrics=openmetrics, zipped=zipped)
            )
        return await asyncio.shield(self._asked[kind])

    async def _body(self, *, openmetrics: bool, zipped: bool) -> Pieces:
        async with self._turn:
            del self._asked[openmetrics, zipped]
            snapshot = self.snapshot()

            def made() -> Pieces:
                if not zipped:
                    return tuple(_grouped(self._parts(snapshot, openmetrics=openmetrics)))
                parts = self._compressed.parts(snapshot, openmetrics=openmetrics)
                end = Part.of([self._own_text(openmetrics=openmetrics)], last=True)
                return tuple(_grouped(joined((*parts, end))))

            return await asyncio.to_thread(made)


def _older(text: bytes) -> bytes:
    """OpenMetrics of gauges and counters in the older format: the family of a counter is named as its
    samples are. The library's function for it is in a module with three web servers.
    """
    return _COUNTER.sub(rb"# HELP \1_total \2\n# TYPE \1_total counter", text)


class CompressedFamilies:
    """The families of all devices, each compressed at the change that it is of: a scrape compresses those
    that became another text since the last one.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bool], tuple[int, Part]] = {}

    def parts(self, snapshot: Snapshot, *, openmetrics: bool) -> Iterator[Part]:
        """All families of `snapshot`, in order."""
        for family, changed in snapshot.changed.items():
            kept = self._kept.get((family, openmetrics))
            if kept is None or kept[0] != changed:
                part = Part.of(snapshot.pieces(family, openmetrics=openmetrics))
                kept = self._kept[family, openmetrics] = changed, part
            yield kept[1]


def _grouped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same in pieces of `PIECE_BYTES` and a little more."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


class _Own:
    """The collector behind the registry."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return self._metrics.own_families()


def _reference_families(reference: Reference) -> Iterator[Metric]:
    made: dict[str, GaugeMetricFamily] = {}
    for name, text, labels, value in families.reference_samples(reference):
        family = made.setdefault(name, GaugeMetricFamily(name, text, labels=tuple(labels)))
        family.add_metric(tuple(labels.values()), value)
    return iter(made.values())
