"""A camera with everything switched on: every check that healthmon has for one, each with all of its
values, and a fault. How many series it has says how large a Prometheus an estate needs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from healthmon.checks import registry
from healthmon.config import loading
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Ack, Incident
from healthmon.inventory import devices as inventory
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Span, State
from healthmon.model.footage import DAY, Footage, Playback, Recording, Sample
from healthmon.model.links import Poe, Relay, SwitchPort
from healthmon.model.measurements import (
    Certificate,
    Clock,
    ClockReading,
    Identity,
    Port,
    Reach,
    Reference,
    Stream,
    TimeSource,
)
from healthmon.model.picture import Comparison, LastView, PictureReading, PrivacyZone, PtzView
from healthmon.model.results import CheckResult, Measurement, Observation, Verdict
from healthmon.runtime import agent_metrics
from healthmon_exporters.metrics.exposition import Metrics

CAMERA = "C001"
# What the estate's sizing allows for one camera.
MOST_SERIES = 60
CONFIG = """
estate: {name: Example, time_zone: Europe/London}
pictures: {enabled: yes}
defaults: {ntp: [192.0.2.1]}
time_servers: [{address: 192.0.2.1}]
credentials: {v: {username: viewer, secret: {file: secret}}}
sites: [{id: market, name: Market}]
links:
  - id: S01
    name: Switch
    site: market
    address: 192.0.2.5
    snmp: {credential: v}
  - id: V01
    name: Relay
    site: market
    address: 192.0.2.6
    rtsp: {port: 554}
    relay: [{camera: C001, path: /police/market}]
recorders:
  - id: R1
    name: Recorder
    site: market
    address: 192.0.2.51
    make: onvif
    credential: v
    playback: {interval: 24 h, seconds: 2 s, budget: 1 Mbit/s}
cameras:
  - id: C001
    name: Market north
    site: market
    address: 192.0.2.11
    kind: ptz
    parent: S01
    port: Gi1/0/7
    credential: v
    recorder: R1
    channel: 1
    metered: {per_day: 20 MB}
    rtsp: {tls: yes}
    http: {tls: yes}
    onvif: /onvif/device_service
    streams: [{name: main, path: /1, codec: h264, size: 1920x1080, frame_rate: 25, bit_rate: 4 Mbit/s}]
    commissioned: {model: Example PTZ 30}
"""


def series() -> list[str]:
    """The series of `CAMERA` as they stand in an exposition, without values."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(CONFIG)
        (Path(folder) / "secret").write_text("secret\n")
        (Path(folder) / "secret").chmod(0o600)
        config = loading.load(file)
    devices = inventory.devices(config)
    plans = {name: one.plan for name, one in registry.installed().check_types.items()}
    checks = inventory.checks(config, devices, plans)
    metrics = Metrics(devices, checks, version="benchmark", now=lambda: 1.0)
    for check in checks:
        if CAMERA in (check.device, check.instance):
            metrics.apply(_result(check))
    _people(metrics, {one.id: one for one in devices})
    marks = (f'device="{CAMERA}"', f'camera="{CAMERA}"')
    lines = metrics.text(openmetrics=False).decode().splitlines()
    return [line.rpartition(" ")[0] for line in lines if any(mark in line for mark in marks)]


def _people(metrics: Metrics, devices: dict[str, Device]) -> None:
    """The camera has a fault that was acknowledged, and has used data."""
    fault = Fault(CAMERA, "reach", "", "reach", "unreachable", State.FAULT, "no answer", 1.0, 2.0)
    ack = Ack("A. Smith", "called", 3.0)
    told = Incident(7, CAMERA, "market", (fault,), 1.0, 2.0, 1, told=2.0, ack=ack)
    for table in (
        *agent_metrics.fault_tables([told], devices, {}, ()),
        *agent_metrics.metered_tables(devices, {CAMERA: 1e6}),
    ):
        metrics.table(*table)


def _result(check: Check) -> CheckResult:
    """A good one with every value that the check can give."""
    name, at = check.check_type, 1e9
    seen = Observation(check.device, name, check.instance, at, 0.1, _value(check, at))
    aspects = ("reach", "pictures", "offset", "present", "moving", "recording", "screen_clock")
    verdicts = tuple(
        Verdict(check.device, name, check.instance, aspect, State.OK, "ok", "well", at, 0.5)
        for aspect in aspects
    )
    return CheckResult(check, seen, verdicts)


def _value(check: Check, at: float) -> Measurement:
    """Raises KeyError for a check type that is not known here: add its values."""
    stream = Stream(
        "/1",
        "tcp",
        2.0,
        first_packet=0.1,
        first_keyframe=0.2,
        packets=99,
        lost=1,
        key_interval=1.0,
        frames_per_second=25.0,
        bits_per_second=4e6,
        jitter=0.01,
    )
    span, q = Span(0.1, 0.2), CheckName
    ways = ("onvif", "http_date", "rtcp")
    clock = Clock(
        tuple(ClockReading(way, span) for way in ways),
        Reference(span, at, 1, 1),
        "ntp",
        source=TimeSource(("192.0.2.1",)),
    )
    alike = Comparison(30, 30, peak=0.9, covered=0.1, focus=1.0)
    last = LastView(at, "gate", alike, 640, 360, sure=True)
    recording = Recording("1", oldest=at - 31 * DAY, newest=at, gaps=(), gaps_since=at - 8 * DAY)
    ages = tuple(Sample(age, at, 9, 9000, 0.1, at - 1, at + 1) for age in ("5m", "24h", "oldest"))
    values: dict[str, Measurement] = {
        q.REACH: Reach((Port("rtsp", 322, 0.1), Port("http", 443, 0.1))),
        q.STREAM: stream,
        q.PICTURE: PictureReading(
            width=640,
            height=360,
            mean=99.0,
            noise=1.0,
            baseline=alike,
            ptz=PtzView("gate", last=last),
            zones=(PrivacyZone(1, 1.0),),
        ),
        q.CLOCK: clock,
        q.IDENTITY: Identity("Example", "PTZ 30", "S1", "1.0"),
        q.CERTIFICATE: Certificate(
            322 if check.instance == "rtsps" else 443, 0.0, at, "a", "b", "c", True
        ),
        q.PORT: SwitchPort(
            "S01",
            "Gi1/0/7",
            7,
            "up",
            "up",
            speed=1e8,
            bytes_in=1,
            errors=0,
            poe=Poe("1", True, "ok"),
        ),
        q.RECORDING: Footage("R1", recording, at, Span(0.0, 0.0)),
        q.PLAYBACK: Playback("R1", "1", ages, at),
        q.RELAY: Relay(CAMERA, stream, stream, 1.0, True, span, "pictures"),
    }
    return values[check.check_type]
