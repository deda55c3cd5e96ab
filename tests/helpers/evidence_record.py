"""The events of `naive_evidence` as an agent and people would have recorded them: every check's verdict
through the state timeline, every fault and act through the store.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon.evidence import kpis as product
from healthmon.evidence.kpis import Figures, Kpi
from healthmon.evidence.period import Period
from healthmon.evidence.reading import Answer, Scope, answer
from healthmon.incidents.acts import ActKind, act
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.inventory import devices as inventory
from healthmon.model.enums import Span, State
from healthmon.model.measurements import Clock, ClockReading, Reference
from healthmon.model.results import Observation, Verdict
from healthmon.model.ups import Ups
from healthmon.notifications.shifts import ShiftPlan
from healthmon.store import Batch, Stay, Store
from healthmon.store.battery_history import BatteryHistory
from healthmon.store.clock_history import ClockHistory
from healthmon.store.state_history import Timeline
from helpers import naive_evidence as naive
from helpers.naive_evidence import LONDON, Camera, Month
from helpers.results import result_of

_STATES = {
    naive.OK: State.OK,
    naive.DEGRADED: State.DEGRADED,
    naive.UNKNOWN: State.UNKNOWN,
    naive.FAULT: State.FAULT,
}


def configuration(month: Month, folder: Path, **more: Any) -> Config:
    """config.yaml of the estate of `month`."""
    tree: dict[str, Any] = {
        "estate": {
            "name": "Secretown CCTV",
            "time_zone": "Europe/London",
            "shifts": [f"{hour:02d}:00" for hour in month.shift_hours],
        },
        "agent": {"state_directory": str(folder / "state")},
        "sites": [{"id": "a", "name": "Mill Lane"}, {"id": "b", "name": "Quay Street"}],
        "cameras": [camera_entry(number, one) for number, one in enumerate(month.cameras)],
        "ups": [_ups()],
        "maintenance": [_window(month, *one) for one in month.weekly],
    } | more
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(tree, sort_keys=False))
    return loading.load(file)


def camera_entry(number: int, one: Camera) -> dict[str, Any]:
    """A camera of config.yaml."""
    made = {
        "id": one.id,
        "name": f"Lamppost {one.id}",
        "site": one.site,
        "address": f"10.20.{number // 200}.{number % 200 + 1}",
        "kind": one.variant,
        "location": f"corner of Elm and {one.id}",
    }
    if one.served:
        days = (datetime.fromtimestamp(at, LONDON).date().isoformat() for at in one.served)
        made |= dict(zip(("joined", "retired"), days, strict=True))
    return made | ({"zone": one.zone} if one.zone else {})


def _ups() -> dict[str, Any]:
    return {
        "id": "UPS1",
        "name": "Rack UPS",
        "site": "a",
        "address": "10.20.9.9",
        "nut": {"ups": "rack"},
    }


def _window(month: Month, site: str, weekday: int, first: int, last: int) -> dict[str, Any]:
    begin = datetime.fromtimestamp(month.since, LONDON).date() - timedelta(days=14)
    day = begin + timedelta(days=(weekday - begin.weekday()) % 7)
    start, end = (f"{day} {hour:02d}:00" for hour in (first, last))
    return {"sites": [site], "start": start, "end": end, "repeat": "weekly", "reason": "cleaning"}


def record(month: Month, store: Store) -> None:
    """Write what the agent and people would have written."""
    store.record(Batch(alive=float(month.watched[0][0])))
    for number, camera in enumerate(month.cameras):
        _stays(store, camera)
        for check in naive.CHECKS:
            _run(month, store, number, check)
    _faults(month, store)
    _works(month, store)
    for began, ended in month.watched:
        hours = BatteryHistory()
        for at in range(began, ended, month.interval):
            told = Ups(
                "nut", source=month.source(at), runtime_seconds=month.runtime(at), test_at=began
            )
            hours.record(result_of(Observation("UPS1", "ups", "", float(at), 0.1, told)))
        store.record(Batch(batteries=hours.all()))
    for made, signed in month.sheets:
        sweep = store.keep_sweep(float(made), "{}")
        if signed:
            store.sign(sweep, "Ann Onymous", "", float(made + 60), 900.0)


def _run(month: Month, store: Store, number: int, check: str) -> None:
    """One check, through as many agents as there were."""
    camera = month.cameras[number]
    verdicts = {
        word: Verdict(camera.id, check, "", "a", state, "ok", "", 0.0)
        for word, state in _STATES.items()
    }
    times = month.check_times(number, check)
    for (_began, ended), looks in zip(month.watched, times, strict=True):
        if check == "clock":
            _clocks(store, camera, looks)
        timeline, segments = Timeline(), []
        before = None
        for at in looks:
            left = _left_between(camera, before, at)
            if left is not None:
                segments += timeline.forget([], left)
            found = replace(verdicts[camera.state(check, at)], at=float(at))
            segments += timeline.record([found])
            before = at
        left = _left_between(camera, before, ended)
        if left is not None:
            segments += timeline.forget([], left)
        store.record(Batch(segments=segments, alive=float(ended)))
        store.end_timelines(float(ended))  # as the next agent does


def _clocks(store: Store, camera: Camera, looks: Sequence[int]) -> None:
    """What one agent reads of the clock of a camera, to half a second."""
    history = ClockHistory()
    for at in looks:
        if camera.state("clock", at) == naive.UNKNOWN:
            continue
        ahead = camera.ahead(at)
        reading = ClockReading("onvif", Span(ahead - 0.5, ahead + 0.5))
        seen = Clock((reading,), Reference(Span(0.0, 0.0), float(at), 3, 3))
        history.record(result_of(Observation(camera.id, "clock", "", float(at), 0.1, seen)))
    store.record(Batch(clocks={row.key: row for row in history.all()}))


def _left_between(camera: Camera, before: int | None, at: int) -> float | None:
    """When a deployable camera was taken away after the check at `before` and until `at`."""
    if camera.deployed is None or before is None:
        return None
    return next((float(end) for _, end in camera.deployed if before < end <= at), None)


def _stays(store: Store, camera: Camera) -> None:
    for begin, end in camera.deployed or ():
        store.record(Batch(stays=[Stay(camera.id, "deployed", "x", float(begin))]))
        store.record(Batch(stays=[Stay(camera.id, "in_store", "x", float(end))]))


def _faults(month: Month, store: Store) -> None:
    for one in month.faults:
        known = Fault(
            one.camera,
            "reach",
            "",
            "a",
            one.code,
            State.FAULT,
            "gone",
            float(one.began),
            float(one.confirmed),
        )
        closed = float(one.restored) if one.restored else None
        now = () if closed else (known,)
        past = (known,) if closed else ()
        told = float(one.confirmed)
        incident = Incident(
            one.number,
            one.camera,
            "a",
            now,
            float(one.began),
            0.0,
            told=told,
            past=past,
            closed=closed,
        )
        store.record(Batch(incidents={one.number: incident}))
        _acts(store, one)
    number = 900
    for low, high in month.mains:
        number += 1
        known = Fault("UPS1", "ups", "", "p", "on_battery", State.FAULT, "", float(low), float(low))
        held = Incident(number, "UPS1", "a", (), float(low), 0.0, past=(known,), closed=float(high))
        held = replace(held, mains_lost=float(low), mains_back=float(high))
        store.record(Batch(incidents={number: held}))
    for code, found in (("retention_short", month.short), ("retention_long", month.long)):
        for camera, (low, high) in found:
            number += 1
            known = Fault(
                camera, "recording", "", "r", code, State.DEGRADED, "", float(low), float(low)
            )
            warned = Incident(
                number,
                camera,
                "a",
                (),
                float(low),
                0.0,
                told=float(low),
                past=(known,),
                closed=float(high),
            )
            store.record(Batch(incidents={number: warned}))


def _acts(store: Store, one: naive.Fault) -> None:
    """What people did, in the order in which it happened."""
    steps: list[tuple[int, ActKind, dict[str, str]]] = []
    if one.reported is not None:
        steps.append((one.reported, ActKind.REPORT, {"to": "Fixit"}))
    for low, high, owner in one.pauses:
        steps.append((low, ActKind.PAUSE, {"owner": owner, "reason": "no power"}))
        steps.append((high, ActKind.RESUME, {}))
    if one.attended is not None:
        steps.append((one.attended, ActKind.ATTEND, {"engineer": "Bob"}))
    if one.closed is not None:
        steps.append((one.closed, ActKind.CLOSE, {"cause": one.cause}))
    for at, kind, details in sorted(steps, key=lambda step: step[0]):
        made = act(kind, "Ann Onymous", float(one.closed or at), float(at), **details)
        adding = replace(made, number=one.number)
        # The life refuses a report of what is over already; here all of it is written afterwards.
        with store._engine.transaction():
            store._add(adding, None)


def _works(month: Month, store: Store) -> None:
    """Windows that people made; each ends early, by a second operation."""
    for number, (device, (low, high)) in enumerate(month.works):
        details = {
            "did": "made",
            "start": float(low),
            "devices": [device],
            "sites": [],
            "reason": "x",
        }
        name = f"W{number + 1:06d}"
        planned = float(high + 7200)
        made = Operation(
            OperationKind.WINDOW, name, "Ann", float(low), planned, details, f"m{number}"
        )
        store.operate(made)
        done = details | {"did": "ended"}
        over = Operation(
            OperationKind.WINDOW, name, "Ann", float(high), float(high), done, f"e{number}"
        )
        store.operate(over)


def reported(month: Month, config: Config, store: Store, names: Sequence[str]) -> Answer:
    """The product's figures of the periods called `names`."""
    periods = tuple(Period.of(name, LONDON) for name in names)
    shifts = ShiftPlan(
        tuple(datetime.min.time().replace(hour=hour) for hour in month.shift_hours), "Europe/London"
    )
    now = min(time.time(), float(month.until + 40 * naive.DAY))
    return answer(store, Scope(config, inventory.devices(config), shifts, periods, now))


def values(figures: Figures) -> dict[str, float | None]:
    """The product's figures by the names of `naive_evidence.expected`."""
    each = {one.key: one for one in product.kpis(figures)}
    times, found = each["times"], figures
    shares = {name: product.percent(found.share(name).ratio) for name in naive.SERVICES}
    hours = {f"{name} hours": found.share(name).measured / naive.HOUR for name in naive.SERVICES}
    return (
        shares
        | hours
        | {
            "operational": each["availability"].value,
            "recorded": each["recording"].value,
            "clock_in_tolerance": each["clocks"].value,
            "countable hours": each["coverage"].hours,
            "coverage": each["coverage"].value,
            "planned hours": each["planned"].value,
            "lost hours": each["lost"].value,
            "unrecorded hours": each["recording"].lines[0].value,
            "blind days": each["lost"].lines[0].value,
            "retention": each["retention"].value,
            "mains": each["power"].value,
            "cameras": each["cameras"].value,
            "largest offset": line(each["clocks"], "largest offset that was proved"),
            **{
                f"offset of {one.device.id}": abs(one.offset)
                for one in figures.cameras
                if one.offset is not None
            },
            "battery seconds": each["power"].lines[0].value,
            "shortest runtime": line(each["power"], "shortest runtime of a battery"),
            "runtime on battery": line(each["power"], "shortest runtime while on battery"),
            "tested": line(each["power"], "UPS with a self-test in the period"),
            "faults": each["faults"].value,
            "over": each["faults"].lines[0].value,
            "open": each["faults"].lines[1].value,
            "vandalised": line(each["faults"], "reason: vandalised"),
            "false alarms": each["no_fault"].value,
            "repeats": each["repeats"].value,
            "mtbf": each["mtbf"].value,
            "mttr": each["mtbf"].lines[0].value,
            "repair median": times.value,
            "repair 90th": line(times, "Time to repair, 90th percentile"),
            "report median": line(times, "Time to report, median"),
            "respond median": line(times, "Time to respond, median"),
            "waited for utility": line(times, "waited for utility"),
            "due": figures.shifts.due,
            "made": each["shifts"].lines[0].value,
            "signed": each["shifts"].lines[1].value,
        }
    )


def line(found: Kpi, label: str) -> float | None:
    return next(one.value for one in found.lines if one.label == label)
