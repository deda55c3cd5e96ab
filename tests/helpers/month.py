"""A month of a small estate as events, the metrics that it leaves, and the service figures computed
from the events alone.

Shares are those of the half hours, as the page says: the state at every full and half hour counts.
Nothing of the product is imported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import mean

from helpers.metric_pages import CLOCKS, Recording

HOUR, DAY, HALF_HOUR = 3600, 86400, 1800
END = 1_790_000_000 // DAY * DAY
START = END - 30 * DAY
MOMENTS = [START + HALF_HOUR * n for n in range(1, 1441)]
Span = tuple[float, float]


def hours(begin: float, length: float) -> Span:
    """A span of `length` hours that begins `begin` hours after the month's start."""
    return START + begin * HOUR, START + (begin + length) * HOUR


def inside(at: float, spans: list[Span]) -> bool:
    return any(low <= at < high for low, high in spans)


@dataclass
class Camera:
    """What happened to a camera: spans of each trouble."""

    id: str
    site: str = "a"
    dead: list[Span] = field(default_factory=list)
    dark: list[Span] = field(default_factory=list)
    hidden: list[Span] = field(default_factory=list)
    works: list[Span] = field(default_factory=list)
    unrecorded: list[Span] = field(default_factory=list)
    wrong: list[Span] = field(default_factory=list)
    untold: list[Span] = field(default_factory=list)
    kept_days: float = 31.5
    offset: float = 0.5
    complete: float = 1.0


CAMERAS = [
    Camera("C1", dead=[hours(100, 72)]),
    Camera("C2", dark=[hours(200, 10), hours(300, 3)]),
    Camera("C3", dead=[hours(400, 24)], works=[hours(399, 26)]),
    Camera("C4", hidden=[hours(250, 5)]),
    Camera("C5", "b", unrecorded=[hours(50, 48)], complete=0.93),
    Camera("C6", "b", wrong=[hours(500, 100)], offset=-3600.4),
    Camera("C7", "b", untold=[hours(350, 50)]),
    Camera("C8", "b", kept_days=27.0, complete=0.99),
    Camera("C9", "b", kept_days=40.0),
    Camera("C10", "b", dead=[hours(610, 2)], works=[hours(20, 8)], unrecorded=[hours(22, 2)]),
]
AGENT_DOWN = [hours(630, 24)]
# Of other targets of Prometheus; the second is still down at the end.
OTHERS = {"prometheus": [], "alertmanager": [hours(700, 30)]}


@dataclass(frozen=True)
class Told:
    """A fault that people were told of."""

    camera: str
    code: str
    span: Span
    severity: str = "fault"


FAULTS = [
    Told("C1", "unreachable", hours(100, 72)),
    Told("C2", "no_pictures", hours(200, 10)),
    Told("C2", "no_pictures", hours(300, 3)),
    Told("C5", "not_recording", hours(50, 48)),
    Told("C6", "clock_zone", hours(500, 100)),
    Told("C10", "unreachable", hours(610, 2)),
    Told("C10", "no_pictures", (START + 615.1 * HOUR, START + 615.1 * HOUR + 1200)),
    Told("C8", "retention_short", hours(600, 20), "warning"),
]
BATTERY = (START + 333.2 * HOUR, START + 333.2 * HOUR + 1200)
MAINS_MINUTES, BATTERY_MINUTES = 41.0, 15.0


def recording() -> Recording:
    """The month as Prometheus has it: a sample at each half hour, of faults one each minute."""
    made = Recording()
    seen = [at for at in MOMENTS if not inside(at, AGENT_DOWN)]
    made.add("up", {}, [(at, float(at in set(seen))) for at in MOMENTS])
    for job, down in OTHERS.items():
        labels = {"job": job, "instance": f"desk:{job}"}
        made.add("up", labels, [(at, float(not inside(at, down))) for at in MOMENTS])
    made.add("healthmon_build_info", {"version": "1"}, [(at, 1.0) for at in seen])
    for camera in CAMERAS:
        _camera(made, camera, seen)
    for number, fault in enumerate(FAULTS, 1):
        _fault(made, fault, number)
    _battery(made, seen)
    zone = {"coverage_zone": "market", "cover": "1"}
    made.add("healthmon_blind_zone", zone, [(END, 1.0)])
    return made


def _camera(made: Recording, camera: Camera, seen: list[float]) -> None:
    who = {"device": camera.id, "kind": "camera", "site": camera.site}
    place = {**who, "recorder": "R1", "channel": camera.id}

    def put(
        name: str, value: Callable[[float], float | None], labels: dict[str, str] = who
    ) -> None:
        points = [(at, found) for at in seen if (found := value(at)) is not None]
        made.add(f"healthmon_{name}", labels, points)

    put("device_info", lambda _: 1.0, {**who, "name": camera.id, "deployment": "deployed"})
    put("device_maintenance", lambda at: float(inside(at, camera.works)))
    put("device_up", lambda at: online(camera, at))
    put("stream_up", lambda at: _stream(camera, at), {**who, "stream": "main"})
    put("recording_active", lambda at: float(not inside(at, camera.unrecorded)), place)
    put("recording_retention_seconds", lambda _: camera.kept_days * DAY, place)
    put("recording_complete_ratio", lambda _: camera.complete, {**place, "window": "7d"})
    put("clock_offset_seconds", lambda _: camera.offset, {**who, "source": "onvif"})
    for state in CLOCKS:
        put(
            "clock_state",
            lambda at, s=state: float(_clock(camera, at) == s),
            {**who, "state": state},
        )


def _clock(camera: Camera, at: float) -> str:
    if inside(at, camera.untold):
        return "unknown"
    return "timezone" if inside(at, camera.wrong) else "ok"


def _stream(camera: Camera, at: float) -> float | None:
    """Nothing is told of the stream of a camera that is lost."""
    return float(not inside(at, camera.dark)) if online(camera, at) == 1 else None


def _fault(made: Recording, fault: Told, number: int) -> None:
    site = next(camera.site for camera in CAMERAS if camera.id == fault.camera)
    who = {"device": fault.camera, "kind": "camera", "site": site, "code": fault.code}
    low, high = fault.span
    first = -(-low // 60) * 60
    times = [first + 60 * n for n in range(int((high - first + 59) // 60))]
    told = {**who, "severity": fault.severity, "priority": "P3"}
    made.add("healthmon_fault_active", told, [(at, 1.0) for at in times])
    made.add("healthmon_fault_number", who, [(at, float(number)) for at in times])


def _battery(made: Recording, seen: list[float]) -> None:
    who = {"device": "UPS1", "kind": "ups", "site": "a"}
    low, high = BATTERY
    dip = [(low + 60 * n, BATTERY_MINUTES * 60) for n in range(int((high - low) // 60))]
    points = sorted([*((at, MAINS_MINUTES * 60) for at in seen), *dip])
    made.add("healthmon_ups_runtime_seconds", who, points)
    made.add("healthmon_device_info", {**who, "deployment": "deployed"}, [(at, 1.0) for at in seen])


# --------------------------------------------------------------------- the figures, from the events


def counted(camera: Camera) -> Iterator[float]:
    """The half hours that count: the monitor worked, and nobody worked on the camera."""
    for at in MOMENTS:
        if not inside(at, AGENT_DOWN) and not inside(at, camera.works):
            yield at


def share(value: Callable[[Camera, float], float | None]) -> dict[str, float]:
    """Camera -> its share of the time, of what is known."""
    found = {}
    for camera in CAMERAS:
        known = [one for at in counted(camera) if (one := value(camera, at)) is not None]
        found[camera.id] = mean(known)
    return found


def together(value: Callable[[Camera, float], float | None]) -> float:
    """The share over all cameras: each counts by the half hours in which it is known."""
    each = [value(camera, at) for camera in CAMERAS for at in counted(camera)]
    return mean(one for one in each if one is not None)


def online(camera: Camera, at: float) -> float | None:
    return None if inside(at, camera.hidden) else float(not inside(at, camera.dead))


def pictures(camera: Camera, at: float) -> float | None:
    up = online(camera, at)
    return None if up is None else float(up == 1 and not inside(at, camera.dark))


def recorded(camera: Camera, at: float) -> float | None:
    return float(not inside(at, camera.unrecorded))


def clock_right(camera: Camera, at: float) -> float | None:
    return None if inside(at, camera.untold) else float(not inside(at, camera.wrong))


def monitored() -> float:
    return mean(float(not inside(at, AGENT_DOWN)) for at in MOMENTS)


def by_site() -> dict[str, float]:
    sites = defaultdict(list)
    each = share(online)
    for camera in CAMERAS:
        sites[camera.site].append(each[camera.id])
    return {site: mean(values) for site, values in sites.items()}


def told() -> list[Told]:
    return [fault for fault in FAULTS if fault.severity == "fault"]


def hours_of(faults: list[Told]) -> float:
    return sum(high - low for low, high in (fault.span for fault in faults)) / HOUR


def repair_hours() -> float:
    return hours_of(told()) / len(told())


def by_cause() -> dict[str, tuple[int, float]]:
    codes = {fault.code for fault in told()}
    return {
        code: (len(of_code), hours_of(of_code))
        for code in codes
        for of_code in [[fault for fault in told() if fault.code == code]]
    }


def again() -> dict[str, int]:
    return {camera: n for camera, n in Counter(fault.camera for fault in told()).items() if n > 1}
