"""How long an exposition of 10,000 devices takes, against prometheus-client's own, and how the
event loop fares.
"""

from __future__ import annotations

import asyncio
import time

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from benchmarks import _full_camera
from benchmarks._measure import Row
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Span
from healthmon.model.measurements import Clock, ClockReading, Port, Reach, Reference, Stream
from healthmon.model.results import CheckResult, Observation
from healthmon_exporters.metrics.exposition import Metrics

SERIES = 25


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


def filled(count: int) -> tuple[Metrics, float]:
    """`count` cameras with one look of each kind, and the CPU seconds that taking one look in has
    cost.
    """
    devices = [
        Device(f"cam-{n:05}", f"Camera {n}", Kind.CAMERA, f"S{n % 50:02}", "192.0.2.1")
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
    for seen in given:
        metrics.apply(CheckResult(Check(seen.device, seen.check_type, seen.instance), seen, ()))
    return metrics, (time.process_time() - began) / len(given)


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
        metrics.maintenance("cam-00000", active=number % 2 == 0)  # else the last one is given again
        began = time.perf_counter()
        await metrics.body(openmetrics=False, zipped=True)
        best = min(best, time.perf_counter() - began)
    ticker.cancel()
    return best, sorted(lags)


async def repeated(metrics: Metrics, rounds: int = 5) -> tuple[float, float]:
    """CPU seconds of a zipped scrape after a change, and of one after nothing; the best of `rounds`."""
    whole, again = list[float](), list[float]()
    for number in range(rounds):
        metrics.maintenance("cam-00000", active=number % 2 == 0)
        for took in (whole, again):
            began = time.process_time()
            await metrics.body(openmetrics=False, zipped=True)
            took.append(time.process_time() - began)
    return min(whole), min(again)


def rows(count: int = 10_000) -> list[Row]:
    metrics, taking = filled(count)
    lines = metrics.text(openmetrics=False).decode().splitlines()
    ours = min(rendered(metrics) for _ in range(5)) * 1000
    series = sum(not line.startswith("#") for line in lines) / count
    theirs = reference(count) * 1000
    best, lags = asyncio.run(scraped(metrics))
    whole, again = asyncio.run(repeated(metrics))
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
        Row("  zipped after nothing changed", again * 1000, whole * 1000, gate=1 / 20),
        Row(
            "  lag of the event loop while scraped, p99",
            lags[int(len(lags) * 0.99)] * 1000,
            unit="ms",
            gate=50,
        ),
    ]
