"""A made-up estate of any size for the tests of the wall: devices, results, faults, as the agent
would hand them over.
"""

from __future__ import annotations

from dataclasses import replace

from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Span, State
from healthmon.model.measurements import Reference
from healthmon.model.results import Verdict
from healthmon.model.ups import Ups
from healthmon_exporters.wall.snapshot import CheckOutcome, FaultLine, Snapshot, Sweep

NOW = 5000.0
AT = 1_790_000_000.0
PLACES = (
    "Market Place",
    "Riverside",
    "Station Road",
    "Castle Park",
    "High Street",
    "Bridge Street car park",
)
SIDES = (
    "north",
    "south",
    "east",
    "west",
    "steps",
    "gate",
    "bus stop",
    "corner",
    "square",
    "arcade",
)
FAULTS = (
    (
        CheckName.STREAM,
        "main",
        "no_pictures",
        State.FAULT,
        "no pictures: connected, 0 frames in 8 s (limit 2 s)",
    ),
    (CheckName.REACH, "", "unreachable", State.FAULT, "RTSP 554 refused, HTTP 80 refused"),
    (
        CheckName.RECORDING,
        "",
        "not_recording",
        State.FAULT,
        "last recorded 14 min ago (limit 5 min)",
    ),
    (
        CheckName.CLOCK,
        "",
        "clock_zone",
        State.FAULT,
        "clock 1 h 00 min 00 s ahead: summer time was not switched off",
    ),
)


def camera(number: int, prefix: str = "C") -> Device:
    place, side = PLACES[number % len(PLACES)], SIDES[number // len(PLACES) % len(SIDES)]
    return Device(
        f"{prefix}{number:03d}",
        f"{place} {side}",
        Kind.CAMERA,
        "market",
        "192.0.2.1",
        variant="ptz",
    )


def devices(cameras: int, prefix: str = "C") -> list[Device]:
    made = [camera(n, prefix) for n in range(1, cameras + 1)]
    made += [
        Device(f"R{n}", f"Recorder {n}", Kind.RECORDER, "control", "192.0.2.2") for n in (1, 2)
    ]
    made += [Device("UPS1", "Control room UPS", Kind.UPS, "control", "192.0.2.3")]
    made += [
        Device(f"S{n:02d}", f"{PLACES[n % 4]} switch", Kind.LINK, "market", "192.0.2.4")
        for n in range(1, 9)
    ]
    made.append(Device("healthmon", "healthmon", Kind.AGENT, "", "127.0.0.1"))
    return made


def asks_of(device: Device) -> list[Check]:
    q = CheckName
    wanted = {
        Kind.CAMERA: ((q.REACH, ""), (q.STREAM, "main"), (q.CLOCK, ""), (q.RECORDING, "")),
        Kind.RECORDER: ((q.REACH, ""), (q.RECORDER, "")),
        Kind.UPS: ((q.REACH, ""), (q.UPS, "")),
        Kind.LINK: ((q.REACH, ""),),
        Kind.AGENT: ((q.REFERENCE, ""),),
    }[device.kind]
    return [
        Check(device.id, check_type, instance, interval=60, timeout=10)
        for check_type, instance in wanted
    ]


def estate(cameras: int = 10, prefix: str = "C", **more: object) -> Snapshot:
    """Everything well, every result 20 s old."""
    made = devices(cameras, prefix)
    checks = [check for device in made for check in asks_of(device)]
    snapshot = Snapshot(
        estate="Example District CCTV",
        zone="Europe/London",
        at=AT,
        now=NOW,
        devices=made,
        checks=checks,
        seen={check.key: CheckOutcome(NOW - 20, AT - 20, State.OK, "ok") for check in checks},
        reference=Reference(Span(-0.012, 0.012), AT, servers=3, asked=3),
        ups={"UPS1": Ups("snmp", source="normal", runtime_seconds=2460, charge_ratio=1.0)},
        sweep=Sweep(AT - 4000, ("J. Smith",)),
    )
    return replace(snapshot, **more)  # type: ignore[arg-type]


def seen(snapshot: Snapshot, device: str, check_type: CheckName, **changes: object) -> Snapshot:
    """`snapshot` with another latest result of one ask."""
    key = next(
        check.key
        for check in snapshot.checks
        if check.device == device and check.check_type == check_type
    )
    return replace(snapshot, seen={**snapshot.seen, key: replace(snapshot.seen[key], **changes)})  # type: ignore[arg-type]


def line(device: Device, kind: int = 0, **more: object) -> FaultLine:
    """An open fault of `device`, one of `FAULTS`."""
    check_type, instance, code, state, sentence = FAULTS[kind]
    made = FaultLine(
        device.id, device.name, check_type, instance, code, state, sentence, AT - 3600.0
    )
    return replace(made, **more)  # type: ignore[arg-type]


def troubled(cameras: int, faults: int, **more: object) -> Snapshot:
    """An estate with `faults` cameras at fault in every shape that the wall knows, and a few that
    are not checked.
    """
    snapshot = estate(cameras, **more)
    found: list[FaultLine] = []
    for number, device in enumerate(snapshot.devices[:faults]):
        extra: dict[str, object] = {
            "number": 123 + number,
            "since": AT - 900.0 * (number + 1),
            "priority": 2 + number % 2,
        }
        if number % 5 == 2:
            extra["acknowledged_by"] = "J. Smith"
        made = line(device, number % len(FAULTS), **extra)
        found.append(made)
        snapshot = seen(
            snapshot,
            device.id,
            CheckName(made.check_type),
            state=State.FAULT,
            sentence=made.sentence,
        )
    cameras_left = [d for d in snapshot.devices[faults:] if d.kind is Kind.CAMERA]
    for device in cameras_left[:2]:
        snapshot = seen(
            snapshot,
            device.id,
            CheckName.STREAM,
            state=State.UNKNOWN,
            code="busy",
            sentence="pictures not checked: all its sessions are in use",
        )
    for device in cameras_left[2:4]:
        made = line(
            device,
            3,
            code="clock_drift",
            state=State.DEGRADED,
            sentence="clock 4.2 s ahead (limits 2 s / 10 s)",
            number=300,
        )
        found.append(made)
        snapshot = seen(
            snapshot, device.id, CheckName.CLOCK, state=State.DEGRADED, sentence=made.sentence
        )
    for device in cameras_left[4:5]:
        snapshot = seen(
            snapshot, device.id, CheckName.REACH, state=State.FAULT, sentence="no answer"
        )
    works = {device.id: "lamp column replaced" for device in cameras_left[5:6]}
    return replace(snapshot, faults=tuple(found), maintenance=works)


def judged(snapshot: Snapshot, check: Check) -> tuple[Verdict, ...]:
    """The verdict behind the latest result of `ask`."""
    last = snapshot.seen[check.key]
    return (Verdict(*check.key, "aspect", last.state, last.code, last.sentence or "well", last.at),)
