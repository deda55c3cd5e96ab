"""How long an exposition of 10,000 devices takes, against prometheus-client's own, and how the event loop fares."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from benchmarks._measure import Row
from healthmon.model import Ask, Device, Kind, Observation, Question, Stream
from healthmon_exporters.prometheus import Metrics

SERIES = 25


def filled(count: int) -> Metrics:
    """`count` cameras with one look at the stream each."""
    devices = [Device(f"cam-{n:05}", f"Camera {n}", Kind.CAMERA, f"S{n % 50:02}", "192.0.2.1") for n in range(count)]
    questions = ((Question.REACH, ""), (Question.STREAM, "main"), (Question.CLOCK, ""))
    asks = [Ask(d.id, question, part) for d in devices for question, part in questions]
    metrics = Metrics(devices, asks, version="benchmark")
    seen = Stream(
        "/1", "tcp", 2.0, first_packet=0.1, first_keyframe=0.2, packets=99, frames_per_second=25.0, jitter=0.01
    )
    for ask in asks:
        value = seen if ask.question is Question.STREAM else None
        metrics.observed(Observation(ask.device, ask.question, ask.part, time.time(), 0.1, value), ())
    return metrics


def rendered(metrics: Metrics) -> float:
    """Seconds of one exposition."""
    began = time.perf_counter()
    metrics.text(openmetrics=False)
    return time.perf_counter() - began


def reference(count: int) -> float:
    """Seconds of generate_latest for `count` x 25 labelled children."""
    registry = CollectorRegistry()
    for family in range(SERIES):
        gauge = Gauge(f"reference_{family}", "Reference.", ("device", "kind", "site"), registry=registry)
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
    for _ in range(rounds):
        began = time.perf_counter()
        await metrics.body(openmetrics=False, zipped=True)
        best = min(best, time.perf_counter() - began)
    ticker.cancel()
    return best, sorted(lags)


def rows(count: int = 10_000) -> list[Row]:
    metrics = filled(count)
    lines = metrics.text(openmetrics=False).decode().splitlines()
    ours = min(rendered(metrics) for _ in range(5)) * 1000
    series = sum(not line.startswith("#") for line in lines) / count
    theirs = reference(count) * 1000
    best, lags = asyncio.run(scraped(metrics))
    name = f"/metrics of {count} devices x {series:.0f} series"
    return [
        Row(f"{name}, best of 5", ours, unit="ms", gate=150),
        Row(f"  the same against prometheus-client x {SERIES} series", ours, theirs, unit="ms"),
        Row("  best zipped scrape, wall", best * 1000, unit="ms"),
        Row("  lag of the event loop while scraped, p99", lags[int(len(lags) * 0.99)] * 1000, unit="ms", gate=50),
    ]
