"""How long an exposition of 10,000 devices takes, against prometheus-client's own, and how the
event loop fares.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from benchmarks import _full_camera
from benchmarks._builds import Build, builds
from benchmarks._measure import Row
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Span
from healthmon.model.measurements import Clock, ClockReading, Port, Reach, Reference, Stream
from healthmon.model.results import CheckResult, Observation
from healthmon_exporters.metrics.exposition import CompressedFamilies, Metrics

SERIES = 25
# CPU at most, as a share of the other build's.
AGAINST_GATE = 0.6
_OTHER = """
import asyncio, sys, time
from benchmarks.exposition import filled
metrics = filled(int(sys.argv[1]))[0]

def once():
    began = time.process_time()
    asyncio.run(metrics.body(openmetrics=False, zipped=True))
    return time.process_time() - began

print(min(once() for _ in range(5)))
"""


def good_results(device: str, at: float) -> list[Observation]:
    """One good look of each kind at a camera."""
    stream = Stream(
        "/1",
        "tcp",
        2.0,
        first_packet=0.1,
        first_keyframe=0.2,
        packets=99,
        frames_per_second=25.0,
        jitter=0.01,
    )
    spans = (ClockReading("onvif", Span(0.1, 0.2)), ClockReading("http_date", Span(0.1, 1.2)))
    clock = Clock(spans, Reference(Span(-0.001, 0.001), at, 1, 1), "ntp")
    reach = Reach((Port("rtsp", 554, 0.004), Port("http", 80, 0.003)))
    q = CheckName
    return [
        Observation(device, check_type, instance, at, 0.1, value)
        for check_type, instance, value in (
            (q.REACH, "", reach),
            (q.STREAM, "main", stream),
            (q.CLOCK, "", clock),
        )
    ]


def _id(number: int) -> str:
    return f"cam-{number:05}"


def filled(count: int) -> tuple[Metrics, float]:
    """`count` cameras with one look of each kind, and the CPU seconds that taking one look in has
    cost.
    """
    devices = [
        Device(_id(n), f"Camera {n}", Kind.CAMERA, f"S{n % 50:02}", "192.0.2.1")
        for n in range(count)
    ]
    checks = [
        Check(d.id, result.check_type, result.instance)
        for d in devices
        for result in good_results(d.id, 0.0)
    ]
    metrics = Metrics(devices, checks, version="benchmark")
    given = [result for device in devices for result in good_results(device.id, time.time())]
    began = time.process_time()
    give(metrics, given)
    return metrics, (time.process_time() - began) / len(given)


def give(metrics: Metrics, results: Iterable[Observation]) -> None:
    """Let `metrics` take them in."""
    for seen in results:
        metrics.apply(CheckResult(Check(seen.device, seen.check_type, seen.instance), seen, ()))


def rendered(metrics: Metrics) -> float:
    """Seconds of one exposition."""
    began = time.perf_counter()
    metrics.text(openmetrics=False)
    return time.perf_counter() - began


def reference(count: int) -> float:
    """Seconds of generate_latest for `count` x 25 labelled children."""
    registry = CollectorRegistry()
    for family in range(SERIES):
        gauge = Gauge(
            f"reference_{family}", "Reference.", ("device", "kind", "site"), registry=registry
        )
        for n in range(count):
            gauge.labels(f"cam-{n:05}", "camera", f"S{n % 50:02}").set(n)
    began = time.perf_counter()
    generate_latest(registry)
    return time.perf_counter() - began


async def scraped(metrics: Metrics, rounds: int = 10) -> tuple[float, list[float]]:
    """Best seconds of one zipped scrape and the lateness of a 5 ms timer while scrapes run."""
    lags: list[float] = []

    async def tick() -> None:
        while True:
            due = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - due)

    ticker = asyncio.create_task(tick())
    best = float("inf")
    for number in range(rounds):
        give(metrics, good_results(_id(0), time.time() + number))
        began = time.perf_counter()
        await metrics.body(openmetrics=False, zipped=True)
        best = min(best, time.perf_counter() - began)
    ticker.cancel()
    return best, sorted(lags)


async def repeated(metrics: Metrics, checked: int, rounds: int = 5) -> float:
    """CPU seconds of a zipped scrape after so many cameras were checked again; the best of `rounds`."""
    took: list[float] = []
    for number in range(rounds):
        at = time.time() + number
        for camera in range(checked):
            give(metrics, good_results(_id(camera), at + camera / 1000))
        began = time.process_time()
        await metrics.body(openmetrics=False, zipped=True)
        took.append(time.process_time() - began)
    return min(took)


def compressed(metrics: Metrics) -> float:
    """CPU seconds of compressing every family."""
    began = time.process_time()
    list(CompressedFamilies().parts(metrics.snapshot(), openmetrics=False))
    return time.process_time() - began


def repeated_by(build: Build, count: int) -> float:
    """The same CPU seconds of another build, which makes each scrape anew."""
    argv = [build.python, "-c", _OTHER, str(count)]
    done = subprocess.run(argv, cwd=build.tree, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _compared(name: str, metrics: Metrics, count: int, against: str | None) -> Iterator[Row]:
    theirs = [repeated_by(build, count) * 1000 for build in builds(against)[1:]]
    gate = AGAINST_GATE if theirs else None
    for what, checked in (("one camera was", 1), ("every camera was", count)):
        ours = asyncio.run(repeated(metrics, checked)) * 1000
        yield Row(f"{name} {what} checked", ours, next(iter(theirs), None), gate=gate)


def rows(count: int = 10_000, against: str | None = None) -> list[Row]:
    metrics, taking = filled(count)
    lines = metrics.text(openmetrics=False).decode().splitlines()
    ours = min(rendered(metrics) for _ in range(5)) * 1000
    series = sum(not line.startswith("#") for line in lines) / count
    theirs = reference(count) * 1000
    best, lags = asyncio.run(scraped(metrics))
    compared = list(_compared("  zipped after", metrics, count, against))
    again = asyncio.run(repeated(metrics, 0)) * 1000
    whole = min(compressed(metrics) for _ in range(5)) * 1000
    name = f"/metrics of {count} devices x {series:.0f} series"
    return [
        Row(
            "series of a camera with every check and a fault",
            len(_full_camera.series()),
            unit="series",
            gate=_full_camera.MOST_SERIES,
        ),
        Row(f"{name}, best of 5", ours, unit="ms", gate=150),
        Row(f"  the same against prometheus-client x {SERIES} series", ours, theirs, unit="ms"),
        Row("  taking in one result", taking * 1000),
        Row("  best zipped scrape, wall", best * 1000, unit="ms"),
        *compared,
        Row("  zipped after nothing changed, against a whole one", again, whole, gate=1 / 20),
        Row(
            "  lag of the event loop while scraped, p99",
            lags[int(len(lags) * 0.99)] * 1000,
            unit="ms",
            gate=50,
        ),
    ]
