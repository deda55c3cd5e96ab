"""The one-off sweep: every check once, then the shift sheet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from healthmon.checks.evaluation.five_clocks import FiveClocks, by_checks
from healthmon.checks.function_check.cells import function_check
from healthmon.checks.function_check.totals import totals
from healthmon.checks.function_check.walk import Rota, Walk, by_camera
from healthmon.config.problems import ConfigError
from healthmon.incidents.confirmation import ONE_OFF, Fault, FaultBook, Key
from healthmon.incidents.correlation import blind_zones
from healthmon.incidents.incident import Incident
from healthmon.inventory.playback_turns import turns
from healthmon.model.device import Check, CheckKey, Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import CheckResult, Observation, Verdict
from healthmon.runtime import engine as composition
from healthmon.runtime.engine import CheckEngine
from healthmon.scheduling.scheduler import Deliver
from healthmon.store import StoreError, location
from healthmon_exporters.reports import kept_sheet, sheet_rows, shift_sheet
from healthmon_exporters.reports.footage import Tally
from healthmon_exporters.reports.open_faults import OpenFaults
from healthmon_exporters.reports.surroundings import Around, Record

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Selection:
    """Which devices to sweep; an empty field means all."""

    sites: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def checks(self, engine: CheckEngine) -> tuple[Check, ...]:
        """The asks of the chosen devices (never the agent's own). Footage is played of those whose
        turn it is only, or of devices that were named.
        """
        chosen = [check for check in engine.estate.checks if self.takes(engine, check.device)]
        turn = self.devices or turns(chosen, time.time())
        return tuple(
            check
            for check in chosen
            if check.check_type != CheckName.PLAYBACK or check.device in turn
        )

    def takes(self, engine: CheckEngine, device_id: str) -> bool:
        """Whether a device is chosen."""
        device = engine.estate.devices[device_id]
        if device.kind is Kind.AGENT:
            return False
        named = not self.devices or device.id in self.devices
        sited = not self.sites or device.site in self.sites
        kind = not self.kinds or device.kind.value in self.kinds or device.variant in self.kinds
        return named and sited and kind


@dataclass(frozen=True, slots=True)
class FoundOut:
    """The verdicts of a sweep, and since when each aspect is bad, where that was known before."""

    verdicts: Sequence[Verdict]
    since: Mapping[Key, float]


@dataclass(slots=True)
class Results:
    """What a sweep of the `selection` collects: the last result of each of its `checks`."""

    engine: CheckEngine
    selection: Selection
    checks: tuple[Check, ...]
    progress: Progress = lambda _done, _total: None
    also: Deliver | None = None
    found: dict[CheckKey, CheckResult] = field(default_factory=dict)

    def deliver(self, result: CheckResult) -> None:
        """Keep one result."""
        self.found[result.check.key] = result
        self.progress(len(self.found), len(self.checks) + 1)
        if self.also is not None:
            self.also(result)

    def found_out(self) -> FoundOut:
        """What the sweep has found out. What a dead parent explains is unknown (the parent may have
        been checked last).
        """
        devices = self.engine.estate.devices
        verdicts = [
            verdict
            for result in self.found.values()
            for verdict in self.engine.explained(devices[result.check.device], result.verdicts)
        ]
        return FoundOut(verdicts, _since_when(self.engine, verdicts))


async def run(
    engine: CheckEngine,
    selection: Selection,
    progress: Progress,
    *,
    also: Deliver | None = None,
) -> shift_sheet.Sheet:
    """Sweep the chosen devices and make the sheet. "Since when" is known from the agent's store.

    `also` gets every result too (the demo's agent starts from its first sweep).
    """
    began = time.monotonic()
    checks = selection.checks(engine)
    results = Results(engine, selection, checks, progress, also)
    plan, now = engine.estate.shift_plan, time.time()
    recalled = location.recall(engine.estate.config, plan.since_before(now), plan.window(now))
    engine.state.book.restore(recalled.saved.faults)
    await composition.sweep(engine, checks, results.deliver)
    took = time.monotonic() - began
    return replace(sheet_of(results, results.found_out(), recalled), took=took)


def sheet_of(
    results: Results, found_out: FoundOut, recalled: location.Recalled
) -> shift_sheet.Sheet:
    """The sheet of what a sweep has found and what was `recalled` of the agent's record. It asks
    nothing that changes, so that another thread may make it.
    """
    engine, estate, now = results.engine, results.engine.estate, time.time()
    verdicts = found_out.verdicts
    chosen = {check.device for check in results.checks}
    devices = [d for d in estate.devices.values() if d.id in chosen]
    open_faults = OpenFaults(recalled.saved.incidents, estate.time_of_day)
    believed = open_faults.believed(verdicts)
    known = sheet_rows.Known(
        found_out.since,
        estate.maintenance(now, recalled.saved.operations),
        open_faults,
        {site.id: site.name for site in estate.config.sites},
        {one.id: one.name for one in estate.config.contractors},
    )
    record = Around(_record(engine, recalled), now, estate.time_of_day, estate.devices)
    around = record.surroundings(verdicts)
    around = replace(around, pictures=estate.config.pictures.enabled, clocks=_clocks(results))
    return shift_sheet.Sheet(
        estate=estate.config.estate.name,
        zone=estate.config.estate.time_zone,
        at=now,
        took=0.0,
        devices=devices,
        reference=engine.state.known_time.now(),
        rows=sheet_rows.rows(estate.devices, verdicts, known, chosen),
        asked=len(results.checks) + 1,
        blind=[zone.words for zone in blind_zones({d.id: d for d in devices}, _working(believed))],
        footage=Tally.of(believed),
        totals=totals(devices, believed),
        simulated=estate.config.estate.simulated,
        config_digest=estate.config.digest,
        audit_head=recalled.head,
        due=estate.shift_plan.words(now),
        notes=recalled.notes,
        around=around,
        function_check=function_check(estate.devices, _cameras(results), believed, around),
        walk=_walk(results, believed, recalled, now) if results.selection == Selection() else None,
        ticks=recalled.ticks,
        sites=known.sites,
        contractors=known.contractors,
    )


def _walk(
    results: Results, believed: Sequence[Verdict], recalled: location.Recalled, now: float
) -> Walk:
    """The walk of a check that is made `now`: its cameras by the rota. Nobody need look at one that
    is known to give no picture; with any other fault the picture can be looked at.
    """
    estate, cameras = results.engine.estate, _cameras(results)
    rota = Rota(estate.config.estate.shift_check.walk, len(estate.shift_plan.times))
    away = _dark(believed, recalled.saved.incidents)
    away |= {one.id: one.standing for one in cameras if one.id in estate.absent}
    ticked, ids = by_camera(recalled.ticks), [one.id for one in cameras]
    left_out = {one: away[one] for one in ids if one in away and one not in ticked}
    return rota.walk(estate.shift_plan.window(now), ids, recalled.seen, left_out)


def _dark(believed: Iterable[Verdict], incidents: Iterable[Incident]) -> dict[str, str]:
    """The devices that give no picture, and why that is known."""
    found = {v.device: "fault in this check" for v in believed if _is_dark(v)}
    known = faulty(one for one in incidents if any(map(_is_dark, one.faults)))
    return found | {device: words[0].partition(":")[0] for device, words in known.items()}


def _is_dark(found: Verdict | Fault) -> bool:
    """Whether a camera with this gives no picture."""
    lost = (CheckName.REACH, CheckName.REACH), (CheckName.STREAM, "pictures")
    return found.state is State.FAULT and (found.check_type, found.aspect) in lost


def faulty(incidents: Iterable[Incident]) -> dict[str, list[str]]:
    """The devices that have open faults, with number and sentence of each."""
    found: dict[str, list[str]] = {}
    for incident in incidents:
        if incident.lead.state is State.FAULT:
            words = f"open fault F{incident.number:06d}: {incident.lead.sentence}"
            for device in dict.fromkeys((*incident.affected, incident.device)):
                found.setdefault(device, []).append(words)
    return found


def _cameras(results: Results) -> list[Device]:
    """The chosen cameras, those that are not deployed now too."""
    engine = results.engine
    return [
        device
        for device in engine.estate.devices.values()
        if device.kind is Kind.CAMERA
        and not device.disabled
        and device.in_service
        and results.selection.takes(engine, device.id)
    ]


def _clocks(results: Results) -> dict[str, FiveClocks]:
    """The five clocks of each camera that was asked for one of them."""

    def observed(check: Check) -> Observation | None:
        found = results.found.get(check.key)
        return found.observation if found is not None else None

    checks_of = results.engine.estate.checks_of
    found = {
        one.id: by_checks(one, checks_of.get(one.id, ()), observed) for one in _cameras(results)
    }
    return {camera: clocks for camera, clocks in found.items() if clocks is not None}


def _since_when(engine: CheckEngine, verdicts: Sequence[Verdict]) -> dict[Key, float]:
    """Since when each aspect is bad, where that is known from before this sweep."""
    once = FaultBook(ONE_OFF)
    once.lines = dict(engine.state.book.lines)
    once.apply(verdicts)
    return {v.key: at for v in verdicts if (at := known_since(once, v)) is not None}


def _record(engine: CheckEngine, recalled: location.Recalled) -> Record:
    saved = recalled.saved
    return Record(
        engine.estate.shift_plan.since_before(time.time()),
        saved.incidents,
        recalled.ended,
        saved.alive,
        recalled.last_sweep,
        recalled.problem,
    )


def _working(verdicts: Sequence[Verdict]) -> frozenset[str]:
    """The devices that were reached and whose pictures are not at fault."""
    broken = {
        v.device for v in verdicts if v.check_type == CheckName.STREAM and v.state is State.FAULT
    }
    reached = {
        v.device
        for v in verdicts
        if v.check_type == CheckName.REACH and v.state in (State.OK, State.DEGRADED)
    }
    return frozenset(reached - broken)


def keep(engine: CheckEngine, sheet: shift_sheet.Sheet) -> str:
    """Keep the sheet of a whole sweep, so that it can be signed; the problem in words where that
    fails.
    """
    try:
        store = location.place(engine.estate.config).open()
        try:
            store.keep_sweep(sheet.at, kept_sheet.body(sheet))
        finally:
            store.close()
    except (StoreError, ConfigError) as error:
        return str(error)
    return ""


def known_since(book: FaultBook, verdict: Verdict) -> float | None:
    """Since when a fault is known from before this sweep; None for one that only this sweep has
    seen.
    """
    fault = line.fault if (line := book.lines.get(verdict.key)) else None
    if fault is None or verdict.began is not None:
        return verdict.began
    return fault.since if fault.since < verdict.at - 60 else None
