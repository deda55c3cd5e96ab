"""A month of a small estate as events, and its figures counted second by second from them: one sample
for each second of each camera, each judged by itself. Nothing of the product is imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import mean, median
from zoneinfo import ZoneInfo

try:
    import numpy as np
except ImportError:  # it comes with the pictures only
    np = None  # type: ignore[assignment]

LONDON = ZoneInfo("Europe/London")
HOUR, DAY = 3600, 86400
Span = tuple[int, int]
STATES = 5
NOT_WATCHED, OK, DEGRADED, UNKNOWN, FAULT = range(STATES)
CHECKS = ("reach", "stream", "recording", "clock")
SERVICES = ("online", "pictures", "recorded", "clock", "operational", "clock_in_tolerance")


def inside(at: float, spans: Iterable[Span]) -> bool:
    return any(low <= at < high for low, high in spans)


def _marks(spans: list[Span]) -> tuple[int, bytearray]:
    """The first second of `spans`, and a 1 for each second from it that lies in one of them."""
    first = min((low for low, _ in spans), default=0)
    marks = bytearray(max((high for _, high in spans), default=0) - first)
    for low, high in spans:
        marks[low - first : high - first] = b"\1" * (high - low)
    return first, marks


@dataclass
class Camera:
    """What happened to a camera, as spans of Unix seconds. `deployed` is None but for a deployable."""

    id: str
    site: str = "a"
    variant: str = "fixed"
    zone: str = ""
    dead: list[Span] = field(default_factory=list)
    dark: list[Span] = field(default_factory=list)
    unrecorded: list[Span] = field(default_factory=list)
    drifting: list[Span] = field(default_factory=list)
    wrong: list[Span] = field(default_factory=list)
    untold: list[Span] = field(default_factory=list)
    deployed: list[Span] | None = None
    served: Span | None = None  # from local midnight of one day until that of another
    marked: dict[str, tuple[int, bytearray]] = field(default_factory=dict, repr=False)

    def ahead(self, at: int) -> float:
        """How far its clock is ahead of UTC at `at`, seconds; each is read to half a second."""
        for low, high in self.wrong:
            if low <= at < high:
                return -40.0
        for low, high in self.drifting:
            if low <= at < high:
                return 2.5 + (at - low) / HOUR / 5
        return 0.25

    def state(self, check: str, at: int) -> int:
        """What a check of it finds at `at`."""
        dead = self._has("dead", at)
        if check == "reach":
            return FAULT if dead else OK
        if check == "recording":
            return FAULT if self._has("unrecorded", at) else OK
        if dead or (check == "clock" and self._has("untold", at)):
            return UNKNOWN
        if check == "stream":
            return FAULT if self._has("dark", at) else OK
        if self._has("wrong", at):
            return FAULT
        return DEGRADED if self._has("drifting", at) else OK

    def _has(self, trouble: str, at: int) -> bool:
        """Whether it has that trouble in the second `at`; every second of it is marked once."""
        if trouble not in self.marked:
            self.marked[trouble] = _marks(getattr(self, trouble))
        first, marks = self.marked[trouble]
        return 0 <= at - first < len(marks) and marks[at - first] == 1


@dataclass
class Fault:
    """A fault that people were told of, with what they did."""

    number: int
    camera: str
    code: str
    began: int
    confirmed: int
    restored: int | None = None
    reported: int | None = None
    attended: int | None = None
    closed: int | None = None
    cause: str = ""
    pauses: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass
class Month:
    """`watched` is when the agent ran; a check is made every `interval`. `weekly` are local windows:
    (site, weekday, first hour, last hour); `works` those of the pages: (device, span). `sheets` are
    (made, signed).
    """

    since: int
    until: int
    cameras: list[Camera]
    watched: list[Span]
    interval: int = 300
    weekly: list[tuple[str, int, int, int]] = field(default_factory=list)
    works: list[tuple[str, Span]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    mains: list[Span] = field(default_factory=list)
    short: list[tuple[str, Span]] = field(default_factory=list)
    long: list[tuple[str, Span]] = field(default_factory=list)
    sheets: list[tuple[int, bool]] = field(default_factory=list)
    shift_hours: tuple[int, ...] = (7, 19)

    def source(self, at: int) -> str:
        """What the UPS runs on."""
        return "battery" if inside(at, self.mains) else "normal"

    def runtime(self, at: int) -> float:
        """What the UPS tells: less each second on its battery, and less each day, as batteries age."""
        day = (at - self.since) // DAY
        lost = next((at - low for low, high in self.mains if low <= at < high), 0)
        return 3600.0 - 3 * day - 2 * lost

    def check_times(self, camera: int, check: str) -> Iterator[list[int]]:
        """The times of a check, for each time in which the agent ran."""
        phase = (37 * camera + 61 * CHECKS.index(check)) % self.interval
        spans = self.cameras[camera].deployed
        for began, ended in self.watched:
            times = range(began + phase, ended, self.interval)
            yield [at for at in times if spans is None or inside(at, spans)]


# ------------------------------------------------------------------------------- second by second


def samples(month: Month, number: int, check: str) -> bytearray:
    """The state of a check for each second of the month: that of its last run."""
    camera, made = month.cameras[number], bytearray(month.until - month.since)
    stays = camera.deployed or ()
    for (_began, ended), times in zip(month.watched, month.check_times(number, check), strict=True):
        for at, following in zip(times, [*times[1:], ended], strict=False):
            following = min(following, next((e for b, e in stays if b <= at < e), following))
            low, high = (
                max(at, month.since) - month.since,
                min(following, month.until) - month.since,
            )
            if low < high:
                made[low:high] = bytes([camera.state(check, at)]) * (high - low)
    return made


def counts(month: Month, camera: Camera) -> bytearray:
    """For each second 0 (does not count), 1 (counts) or 2 (planned works)."""
    made = bytearray(month.until - month.since)
    for hour in range(month.since, month.until, HOUR):  # the windows keep to whole hours
        local = datetime.fromtimestamp(hour, LONDON)
        weekly = any(
            site == camera.site and day == local.weekday() and first <= local.hour < last
            for site, day, first, last in month.weekly
        )
        made[hour - month.since : hour - month.since + HOUR] = bytes([2 if weekly else 1]) * HOUR
    for device, (low, high) in month.works:
        for at in (
            range(max(low, month.since), min(high, month.until)) if device == camera.id else ()
        ):
            made[at - month.since] = 2
    spans = [span for span in (camera.served, *(camera.deployed or ())) if span is not None]
    if not spans:
        return made
    there = bytearray(len(made))
    for low, high in spans:
        low, high = max(0, low - month.since), min(len(made), high - month.since)
        there[low:high] = made[low:high]
    return there


def judged(reach: int, stream: int, recording: int, clock: int) -> dict[str, bool]:
    """Service -> whether it works in this second; absent where nothing is known."""
    found: dict[str, bool] = {}
    for name, state in (("online", reach), ("pictures", stream), ("recorded", recording)):
        if state in (OK, DEGRADED, FAULT):
            found[name] = state != FAULT
    if reach == FAULT:
        found["pictures"] = False
    if clock in (OK, DEGRADED, FAULT):
        found["clock"] = clock != FAULT
        found["clock_in_tolerance"] = clock == OK
    parts = [found.get(name) for name in ("online", "pictures", "recorded", "clock")]
    if False in parts:
        found["operational"] = False
    elif all(parts):
        found["operational"] = True
    return found


@dataclass
class Seconds:
    """The seconds of one camera."""

    good: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    countable: int = 0
    planned: int = 0
    dark: bytearray = field(default_factory=bytearray)


def _alike(lanes: list[bytearray]) -> Iterator[tuple[tuple[int, ...], int]]:
    """What the lanes have in a second, and in how many seconds they have just that. A year has thirty
    million seconds: numpy counts them where it is installed.
    """
    if np is None:
        yield from Counter(zip(*lanes, strict=True)).items()
        return
    codes = np.zeros(len(lanes[0]), np.uint16)
    for lane in lanes:
        codes *= STATES
        codes += np.frombuffer(lane, np.uint8)
    for code, times in enumerate(np.bincount(codes)):
        if times:
            digits = (code // STATES**place % STATES for place in reversed(range(len(lanes))))
            yield tuple(digits), int(times)


def seconds(month: Month, number: int) -> Seconds:
    """Judge every second of one camera."""
    camera = month.cameras[number]
    lanes = [samples(month, number, check) for check in CHECKS]
    counted = counts(month, camera)
    found = Seconds(dark=bytearray(len(counted)))
    for (way, *states), times in _alike([counted, *lanes]):
        if way == 2:
            found.planned += times
        elif way == 1:
            found.countable += times
            for name, well in judged(*states).items():
                (found.good if well else found.bad)[name] += times
    if camera.zone:
        rows = zip(counted, *lanes[:2], strict=True)
        found.dark = bytearray(w == 1 and (r == FAULT or s == FAULT) for w, r, s in rows)
    return found


def blind_days(month: Month, each: list[Seconds]) -> int:
    """Local days with a second in which no camera of some zone gave pictures."""
    zones: dict[str, list[bytearray]] = {}
    for camera, found in zip(month.cameras, each, strict=True):
        if camera.zone and found.countable:
            zones.setdefault(camera.zone, []).append(found.dark)
    days = set()
    for lanes in zones.values():
        dark = [at for at, row in enumerate(zip(*lanes, strict=True)) if all(row)]
        days |= {datetime.fromtimestamp(month.since + at, LONDON).date() for at in dark}
    return len(days)


def offset(month: Month, number: int, counted: bytearray) -> float | None:
    """The reading of a clock that was farthest from UTC in a second that counts, 0 where each may have
    been right; None without a reading.
    """
    camera, found = month.cameras[number], None
    for times in month.check_times(number, "clock"):
        for at in times:
            told = camera.state("clock", at) in (OK, DEGRADED, FAULT)
            if told and month.since <= at < month.until and counted[at - month.since] == 1:
                ahead = camera.ahead(at)
                found = max(found or 0.0, abs(ahead) if abs(ahead) > 0.5 else 0.0)
    return found


def offsets(month: Month) -> dict[str, float]:
    """The largest offset of each camera of which a clock was read, and of all."""
    each = {
        camera.id: offset(month, number, counts(month, camera))
        for number, camera in enumerate(month.cameras)
    }
    known = {name: value for name, value in each.items() if value is not None}
    return {f"offset of {name}": value for name, value in known.items()} | {
        "largest offset": max(known.values())
    }


# ------------------------------------------------------------------------------------------ faults


def between(faults: Iterable[Fault], first: str, second: str) -> list[float]:
    pairs = [(getattr(one, first), getattr(one, second)) for one in faults]
    return sorted((high - low) / HOUR for low, high in pairs if None not in (low, high))


def ninetieth(values: list[float]) -> float:
    """The smallest that at most a tenth exceeds."""
    return min(one for one in values if sum(other <= one for other in values) >= 0.9 * len(values))


def due_times(month: Month) -> list[float]:
    """Unix seconds of the shift changes."""
    found: list[float] = []
    day = datetime.fromtimestamp(month.since, LONDON).date()
    while datetime(day.year, day.month, day.day, tzinfo=LONDON).timestamp() < month.until:
        local = (
            datetime(day.year, day.month, day.day, h, tzinfo=LONDON) for h in month.shift_hours
        )
        found += [one.timestamp() for one in local]
        day += timedelta(days=1)
    return found


def overlap(month: Month, spans: Iterable[Span]) -> int:
    return sum(max(0, min(high, month.until) - max(low, month.since)) for low, high in spans)


def expected(month: Month) -> dict[str, float | None]:
    """Every figure, by the name that the tests have for it; shares in per cent, times in hours."""
    each = [seconds(month, number) for number in range(len(month.cameras))]
    good: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for one in each:
        good.update(one.good)
        bad.update(one.bad)
    found = {name: 100 * good[name] / (good[name] + bad[name]) for name in SERVICES}
    found |= {f"{name} hours": (good[name] + bad[name]) / HOUR for name in SERVICES}
    countable = sum(one.countable for one in each)
    watched = good["online"] + bad["online"]
    found["countable hours"] = countable / HOUR
    found["coverage"] = 100 * watched / countable
    found["planned hours"] = sum(one.planned for one in each) / HOUR
    found["lost hours"] = bad["operational"] / HOUR
    found["unrecorded hours"] = bad["recorded"] / HOUR
    found["blind days"] = blind_days(month, each)
    found |= offsets(month)
    recorded = good["recorded"] + bad["recorded"]
    breaches = [
        overlap(month, [span for _camera, span in kind]) for kind in (month.short, month.long)
    ]
    found["retention"] = 100 * (1 - sum(breaches) / recorded)
    found["mains"] = len(month.mains)
    served = [one.served for one in month.cameras]
    found["cameras"] = sum(one is None or one[1] >= month.until for one in served)
    found["battery seconds"] = max(high - low for low, high in month.mains)
    found |= _battery(month)
    return found | _of_faults(month, good["operational"]) | _of_shifts(month)


def _battery(month: Month) -> dict[str, float | None]:
    """The least that the UPS told, and whether it was tested: as each agent began."""
    told = [
        at
        for began, ended in month.watched
        for at in range(began, ended, month.interval)
        if month.since <= at < month.until
    ]
    on_battery = [month.runtime(at) for at in told if month.source(at) == "battery"]
    last = max(began for began, _ended in month.watched if began < month.until)
    return {
        "shortest runtime": min(map(month.runtime, told)),
        "runtime on battery": min(on_battery, default=None),
        "tested": float(last >= month.since),
    }


def _of_faults(month: Month, operational: int) -> dict[str, float]:
    real = [one for one in month.faults if one.cause not in ("no_fault", "planned")]
    opened = [one for one in real if month.since <= one.began < month.until]
    over = [one for one in real if one.restored and month.since <= one.restored < month.until]
    repair = between(over, "began", "restored")
    report = between(opened, "confirmed", "reported")
    respond = between(opened, "reported", "attended")
    waited = [high - low for one in over for low, high, owner in one.pauses if owner == "utility"]
    repeats = [
        one
        for one in opened
        for other in real
        if other.camera == one.camera
        and other.restored is not None
        and 0 <= one.began - other.restored < 30 * DAY
    ]
    return {
        "faults": len(opened),
        "over": len(over),
        "open": sum(one.restored is None or one.restored > month.until for one in real),
        "vandalised": sum(one.cause == "vandalism" for one in opened),
        "false alarms": sum(one.cause == "no_fault" for one in month.faults),
        "repeats": len({one.number for one in repeats}),
        "mtbf": operational / HOUR / len(opened),
        "mttr": mean(repair),
        "repair median": median(repair),
        "repair 90th": ninetieth(repair),
        "report median": median(report),
        "respond median": median(respond),
        "waited for utility": sum(waited) / HOUR,
    }


def _of_shifts(month: Month) -> dict[str, float]:
    due = due_times(month)
    for_each = [
        [signed for at, signed in month.sheets if -HOUR <= at - moment <= HOUR] for moment in due
    ]
    return {
        "due": len(due),
        "made": sum(bool(found) for found in for_each),
        "signed": sum(any(found) for found in for_each),
    }
