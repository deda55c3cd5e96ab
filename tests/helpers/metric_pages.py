"""Situations of an estate as metrics, and a Prometheus that has recorded them.

The series are written down as the agent's /metrics has them; nothing of the product is imported.
"""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helpers.support import Peers, free_port, need

STEP = 30
MINUTES = 12
AGENT = {"job": "healthmon", "instance": "desk:9877"}
STATES = ("ok", "degraded", "unknown", "fault")
VERDICTS = {"ok": 0, "degraded": 1, "unknown": 2, "fault": 3}
CLOCKS = ("ok", "drift", "timezone", "utc_field", "reset", "unknown")
STANDINGS = ("not_started", "running", "paused", "overdue", "met", "late")
POWER = ("normal", "battery", "bypass", "boost", "trim", "eco", "off", "test", "other", "unknown")
CHECKS = {
    "camera": ("reach", "stream", "clock", "identity", "recording"),
    "recorder": ("reach", "clock", "recorder"),
    "ups": ("reach", "ups"),
    "link": ("reach", "link"),
}
Labels = tuple[tuple[str, str], ...]


@dataclass
class Device:
    """A device; `verdicts` are those of its checks that are not OK."""

    id: str
    name: str = ""
    kind: str = "camera"
    site: str = "market"
    verdicts: dict[str, str] = field(default_factory=dict)
    unrun: bool = False
    works: bool = False
    power: str = "normal"

    @property
    def state(self) -> str:
        """The worst of its checks."""
        words = ["unknown"] if self.unrun else [self.verdicts.get(one, "ok") for one in self.checks]
        return max(words, key=lambda word: VERDICTS[word])

    @property
    def checks(self) -> tuple[str, ...]:
        return CHECKS[self.kind]

    @property
    def labels(self) -> dict[str, str]:
        return {"device": self.id, "kind": self.kind, "site": self.site}


@dataclass
class Fault:
    """A fault that people are told of, `age` seconds old."""

    device: Device
    code: str
    priority: str = "P3"
    age: float = 3600.0
    severity: str = "fault"
    number: int = 1
    held: str = ""


@dataclass
class Situation:
    """An estate at a moment. `started` is how long the agent has run."""

    devices: list[Device]
    faults: list[Fault] = field(default_factory=list)
    started: float = 86400.0
    dead: bool = False
    hung: float = 0.0
    promises: dict[tuple[str, str, str], dict[str, int]] = field(default_factory=dict)
    # The record was changed by hand, no backup was made for two days, a duty is overdue.
    neglected: bool = False

    def series(self, at: float) -> Iterator[tuple[str, dict[str, str], float]]:
        """(metric, labels, value) of /metrics at Unix time `at`."""
        yield "healthmon_build_info", {"version": "1", "python": "3.11", "config": "a"}, 1
        for name in ("own_network_ok", "store_ok", "reference_clock_ok", "config_reload_success"):
            yield f"healthmon_{name}", {}, 1
        yield "process_start_time_seconds", {}, at - self.started
        for (contractor, priority, promise), stands in self.promises.items():
            who = {"contractor": contractor, "priority": priority, "promise": promise}
            for standing in STANDINGS:
                labels = {**who, "standing": standing}
                yield "healthmon_contract_promises", labels, stands.get(standing, 0)
            yield "healthmon_contract_left_seconds", who, -1800 if "overdue" in stands else 5400
        yield from _record(at, neglected=self.neglected)
        for device in self.devices:
            yield from _device(device, at - self.hung)
        for fault in self.faults:
            yield from _fault(fault, at)


def _record(at: float, *, neglected: bool) -> Iterator[tuple[str, dict[str, str], float]]:
    """What the agent tells of its record and of duties."""
    ages = (172_800, 172_800, 54_000) if neglected else (3600, 7200, 10_800)
    names = ("audit_verified", "backup_last", "store_trimmed")
    for name, age in zip(names, ages, strict=True):
        yield f"healthmon_{name}_timestamp_seconds", {}, at - age
    yield "healthmon_audit_ok", {}, float(not neglected)
    yield "healthmon_audit_entries", {}, 1234
    for group, days in (("faults", 800), ("audit", 400)):
        yield "healthmon_store_keep_seconds", {"records": group}, days * 86400
        yield "healthmon_store_deleted_total", {"records": group}, 0
    for duty, overdue, soon in (("ups_service", 2, 1), ("dpia", 0, 0)):
        who = {"duty": duty, "name": f"Duty {duty}"}
        yield "healthmon_duty_overdue", who, overdue * neglected
        yield "healthmon_duty_due_soon", who, soon
        yield "healthmon_duty_due_timestamp_seconds", who, at + 86400


def _device(device: Device, at: float) -> Iterator[tuple[str, dict[str, str], float]]:
    who = device.labels
    about = {"name": device.name or f"Device {device.id}", "deployment": "deployed", "web": ""}
    more = {"variant": "fixed", "location": "", "contractor": "acme", "priority": "P3"}
    yield "healthmon_device_info", {**who, **about, **more}, 1
    yield "healthmon_device_maintenance", who, float(device.works)
    for word in STATES:
        yield "healthmon_device_state", {**who, "state": word}, float(word == device.state)
    for check in device.checks:
        yield from _check(device, check, at)
    if not device.unrun:
        yield from _values(device)


def _check(device: Device, check: str, at: float) -> Iterator[tuple[str, dict[str, str], float]]:
    word = "unknown" if device.unrun else device.verdicts.get(check, "ok")
    labels = {**device.labels, "check": check, **({"part": "main"} if check == "stream" else {})}
    yield "healthmon_check_verdict", labels, VERDICTS[word]
    yield "healthmon_check_runs_total", labels, 0 if device.unrun else 9
    yield "healthmon_check_failures_total", labels, 0
    if not device.unrun:
        yield "healthmon_check_last_run_timestamp_seconds", labels, at
        yield "healthmon_check_last_success_timestamp_seconds", labels, at
        # "Was answered": so it is where the answer says that something is wrong.
        yield "healthmon_check_success", labels, float(word != "unknown")
        yield "healthmon_check_duration_seconds", labels, 0.1


def _values(device: Device) -> Iterator[tuple[str, dict[str, str], float]]:
    who, verdicts = device.labels, device.verdicts
    if (reach := verdicts.get("reach", "ok")) != "unknown":
        yield "healthmon_device_up", who, float(reach != "fault")
    lost = reach == "fault"
    if "stream" in device.checks and not lost and verdicts.get("stream") != "unknown":
        up = float(verdicts.get("stream") != "fault")
        yield "healthmon_stream_up", {**who, "stream": "main"}, up
    if "clock" in device.checks:
        now = {"ok": "ok", "unknown": "unknown"}.get(verdicts.get("clock", "ok"), "drift")
        for word in CLOCKS:
            yield "healthmon_clock_state", {**who, "state": word}, float(word == now)
    if "recording" in device.checks and verdicts.get("recording") != "unknown":
        place = {**who, "recorder": "R1", "channel": device.id}
        yield "healthmon_recording_active", place, float(verdicts.get("recording") != "fault")
    if device.kind == "ups":
        for word in POWER:
            yield "healthmon_ups_status", {**who, "status": word}, float(word == device.power)
        yield "healthmon_ups_runtime_seconds", who, 2460


def _fault(fault: Fault, at: float) -> Iterator[tuple[str, dict[str, str], float]]:
    who = {**fault.device.labels, "code": fault.code}
    if fault.held:
        yield "healthmon_fault_held", {**who, "reason": fault.held}, 1
        return
    told = {**who, "severity": fault.severity, "priority": fault.priority}
    yield "healthmon_fault_active", told, 1
    yield "healthmon_fault_number", who, fault.number
    yield "healthmon_fault_since_timestamp_seconds", who, at - fault.age
    yield "healthmon_fault_acknowledged", who, 0


Points = list[tuple[float, float]]


class Recording:
    """Samples by series, written as OpenMetrics."""

    def __init__(self) -> None:
        self._series: dict[str, dict[Labels, Points]] = defaultdict(lambda: defaultdict(list))

    def add(
        self, name: str, labels: Mapping[str, str], points: Iterable[tuple[float, float]]
    ) -> None:
        """Samples of one series: (Unix time, value)."""
        self._series[name][tuple(sorted({**AGENT, **labels}.items()))].extend(points)

    def situation(self, made: Situation, at: float) -> None:
        """The last minutes before `at`. Of a dead agent the samples end six minutes before."""
        times = [at - STEP * n for n in range(MINUTES * 60 // STEP, -1, -1)]
        seen = [moment for moment in times if not made.dead or moment < at - 360]
        self.add("up", {}, [(moment, float(moment in seen)) for moment in times])
        # Prometheus itself is a target too.
        self.add("up", {"job": "prometheus", "instance": "desk:9090"}, [(t, 1.0) for t in times])
        for name, labels, value in made.series(at):
            self.add(name, labels, [(moment, value) for moment in seen])

    def text(self) -> str:
        """The OpenMetrics page."""
        lines = []
        for name, rows in self._series.items():
            lines.append(f"# TYPE {name.removesuffix('_total')} unknown")
            for labels, points in rows.items():
                words = ",".join(f'{key}="{value}"' for key, value in labels)
                lines += [f"{name}{{{words}}} {value!r} {at:.3f}" for at, value in sorted(points)]
        return "\n".join([*lines, "# EOF\n"])


@contextmanager
def prometheus(
    peers: Peers, folder: Path, recording: Recording, lookback: str = "5m"
) -> Iterator[str]:
    """The address of a Prometheus that has recorded it; it scrapes nothing."""
    need("promtool", "prometheus")
    page, data = folder / "recording.txt", folder / "data"
    page.write_text(recording.text())
    argv = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=1536h"]
    argv += ["openmetrics", str(page), str(data)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    config, port = folder / "prometheus.yml", free_port()
    config.write_text("{}\n")
    process = peers.start(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=10y",
        f"--query.lookback-delta={lookback}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    url = f"http://127.0.0.1:{port}"
    _ready(url, 60)
    try:
        yield url
    finally:
        peers.stop(process)


def _ready(url: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=5).close()
        except OSError:
            assert time.monotonic() < end, "Prometheus does not become ready"
            time.sleep(0.1)
        else:
            return
