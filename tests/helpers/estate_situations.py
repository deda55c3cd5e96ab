"""The situations of an estate on which the dashboards are tried, and a Prometheus that has recorded
them all, each at a day of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.grafana_pages import Source
from helpers.metric_pages import Device, Fault, Recording, Situation, prometheus
from helpers.support import Peers

T = 1_788_000_000 // 3600 * 3600  # an hour of August 2026
HOUR = 3600
UPS = Device("UPS1", "Control room", "ups")
SWITCH = Device("S1", "Station switch", "link")
RECORDER = Device("R1", "Recorder 1", "recorder")
LONG = "Corner of Market Place and Bridge Street by the old town hall, north side"


def cameras(number: int, sites: int = 4) -> list[Device]:
    return [Device(f"C{n}", f"Camera {n}", site=f"site{n % sites}") for n in range(1, number + 1)]


def verdicts() -> Situation:
    """Each check at fault in one device, each answered."""
    identity = Device("C1", "Camera 1", verdicts={"identity": "fault"})
    retention = Device("C2", "Camera 2", verdicts={"recording": "degraded"})
    stream = Device("C3", "Camera 3", verdicts={"stream": "fault"})
    disks = Device("R1", "Recorder 1", "recorder", verdicts={"recorder": "fault"})
    refused = Device("R2", "Recorder 2", "recorder", verdicts={"recorder": "unknown"})
    battery = Device("UPS1", "Control room", "ups", verdicts={"ups": "fault"}, power="battery")
    faults = [
        Fault(identity, "wrong_device", "P2", 7200, number=1),
        Fault(disks, "disk_failed", "P1", 5400, number=2),
        Fault(battery, "on_battery", "P1", 3600, number=3),
        Fault(stream, "no_pictures", "P3", 60, number=4),
        Fault(retention, "retention_short", "P3", 600, "warning", number=5),
    ]
    promises = {
        ("acme", "P1", "response"): {"overdue": 1, "running": 2, "not_started": 1},
        ("acme", "P2", "fix"): {"met": 1, "paused": 3},
    }
    devices = [identity, retention, stream, disks, refused, battery, SWITCH]
    return Situation(devices, faults, promises=promises, neglected=True)


def storm() -> Situation:
    """Forty cameras lost within minutes; before them the mains was lost."""
    lost = cameras(60)
    for one in lost[:40]:
        one.verdicts = {"reach": "fault"}
    battery = Device("UPS1", "Control room", "ups", verdicts={"ups": "fault"}, power="battery")
    told = [
        Fault(one, "unreachable", "P3", 60 + n, number=9 + n) for n, one in enumerate(lost[:40])
    ]
    return Situation([*lost, battery], [Fault(battery, "on_battery", "P1", 3600), *told])


def long_name() -> Situation:
    """Three faults; one device bears a long name."""
    devices = [*cameras(8), RECORDER, UPS]
    devices[4].name = LONG
    for one in devices[3:6]:
        one.verdicts = {"stream": "fault"}
    return Situation(devices, [Fault(one, "no_pictures", "P3", 600) for one in devices[3:6]])


def marked() -> Situation:
    """Eighteen cameras with a mark."""
    devices = cameras(30)
    for n, one in enumerate(devices[:18]):
        one.verdicts = {"stream": ("fault", "unknown", "degraded")[n % 3]}
    return Situation([*devices, RECORDER, UPS])


def large() -> Situation:
    devices = cameras(600, sites=20)
    for one in devices[:7]:
        one.verdicts = {"stream": "fault"}
    return Situation([*devices, RECORDER, UPS])


def starting() -> Situation:
    """A minute after the start: 19 of 120 devices have their first results, three of them bad."""
    devices = cameras(120)
    for n, one in enumerate(devices):
        one.unrun = n >= 19
    for one in devices[:3]:
        one.verdicts = {"reach": "fault"}
    return Situation(devices, started=60)


SITUATIONS = {
    "well": lambda: Situation([*cameras(12), RECORDER, UPS, SWITCH]),
    "verdicts": verdicts,
    "storm": storm,
    "long name": long_name,
    "marked": marked,
    "600": large,
    "starting": starting,
    "agent dead": lambda: Situation([*cameras(12), RECORDER, UPS, SWITCH], dead=True),
    "agent hung": lambda: Situation([*cameras(12), RECORDER, UPS, SWITCH], hung=400),
    "later": lambda: Situation([*cameras(12), RECORDER, UPS, SWITCH]),
}
# Each at an hour of its own, so that none looks into another's.
AT = {name: T + 24 * HOUR * n for n, name in enumerate(SITUATIONS)}
AT["later"] = AT["well"] + 3 * HOUR


@contextmanager
def recorded(peers: Peers, folder: Path) -> Iterator[str]:
    """The address of a Prometheus that has recorded every situation."""
    recording = Recording()
    for name, made in SITUATIONS.items():
        recording.situation(made(), AT[name])
    with prometheus(peers, folder, recording) as url:
        yield url


def source(url: str, situation: str) -> Source:
    """Prometheus, asked a moment after the last sample of the situation."""
    return Source(url, AT[situation] + 5)
