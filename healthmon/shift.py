"""The one-off sweep: every check once, then the shift sheet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from healthmon import app as composition
from healthmon import storage
from healthmon.app import App
from healthmon.cause import blind_zones
from healthmon.config import ConfigError
from healthmon.faults import ONE_OFF, FaultBook
from healthmon.model import Ask, Kind, Observation, Question, State, Verdict
from healthmon.recorders import rota
from healthmon.store import StoreError
from healthmon_exporters import shift_sheet
from healthmon_exporters.footage import Tally

Progress = Callable[[int, int], None]
Take = Callable[[Ask, Observation], None]


@dataclass(slots=True)
class Selection:
    """Which devices to sweep; an empty field means all."""

    sites: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def asks(self, app: App) -> tuple[Ask, ...]:
        """The asks of the chosen devices (never the agent's own). Footage is played of those whose turn it is only,
        or of devices that were named.
        """
        chosen = [ask for ask in app.asks if self.takes(app, ask.device)]
        turn = self.devices or rota(chosen, time.time())
        return tuple(
            ask for ask in chosen if ask.question is not Question.PLAYBACK or ask.device in turn
        )

    def takes(self, app: App, device_id: str) -> bool:
        """Whether a device is chosen."""
        device = app.devices[device_id]
        if device.kind is Kind.AGENT:
            return False
        named = not self.devices or device.id in self.devices
        sited = not self.sites or device.site in self.sites
        kind = not self.kinds or device.kind.value in self.kinds or device.variant in self.kinds
        return named and sited and kind


@dataclass(slots=True)
class Results:
    """What a sweep collects: the last observation and the verdicts of every ask."""

    app: App
    total: int
    progress: Progress = lambda _done, _total: None
    also: Take | None = None
    observations: dict[tuple[str, Question, str], Observation] = field(default_factory=dict)
    verdicts: dict[tuple[str, str, str], tuple[Verdict, ...]] = field(default_factory=dict)

    def take(self, ask: Ask, observation: Observation) -> None:
        """Judge and keep one result."""
        self.observations[ask.key] = observation
        self.verdicts[ask.key] = self.app.judge(observation)
        self.progress(len(self.observations), self.total)
        if self.also is not None:
            self.also(ask, observation)

    def all_verdicts(self) -> list[Verdict]:
        """Every verdict, with what a dead parent explains made unknown (the parent may have been asked last)."""
        return [
            verdict
            for found in self.verdicts.values()
            for verdict in self.app.explained(self.app.devices[found[0].device], found)
        ]


async def run(
    app: App,
    selection: Selection,
    progress: Progress,
    *,
    simulated: bool = False,
    also: Take | None = None,
) -> shift_sheet.Sheet:
    """Sweep the chosen devices and make the sheet. "Since when" is known from the agent's store.

    `also` gets every result too (the demo's agent starts from its first sweep).
    """
    began = time.monotonic()
    asks = selection.asks(app)
    results = Results(app, len(asks) + 1, progress, also)
    storage.recall(app.book, app.config, app.state)
    await composition.sweep(app, asks, results.take)
    verdicts = results.all_verdicts()
    once = FaultBook(ONE_OFF)
    once.lines = dict(app.book.lines)
    once.take(verdicts)
    return sheet_of(app, verdicts, once, asks, time.monotonic() - began, simulated=simulated)


def sheet_of(
    app: App,
    verdicts: Iterable[Verdict],
    book: FaultBook,
    asks: tuple[Ask, ...],
    took: float,
    *,
    simulated: bool,
) -> shift_sheet.Sheet:
    """The sheet of `verdicts`, with "since when" from `book`."""
    now = time.time()
    kept = list(verdicts)
    since = {v.key: at for v in kept if (at := known_since(book, v)) is not None}
    chosen = {ask.device for ask in asks}
    devices = [d for d in app.devices.values() if d.id in chosen]
    return shift_sheet.Sheet(
        estate=app.config.estate.name,
        zone=app.config.estate.time_zone,
        at=now,
        took=took,
        devices=devices,
        reference=app.known_reference(),
        rows=shift_sheet.rows(app.devices, kept, since, app.maintenance(now)),
        simulated=simulated,
        asked=len(asks) + 1,
        blind=[zone.words for zone in blind_zones({d.id: d for d in devices}, _working(kept))],
        footage=Tally.of(kept),
    )


def _working(verdicts: Sequence[Verdict]) -> frozenset[str]:
    """The devices that were reached and whose pictures are not at fault."""
    broken = {
        v.device for v in verdicts if v.question is Question.STREAM and v.state is State.FAULT
    }
    reached = {
        v.device
        for v in verdicts
        if v.question is Question.REACH and v.state in (State.OK, State.DEGRADED)
    }
    return frozenset(reached - broken)


def keep(app: App, sheet: shift_sheet.Sheet) -> str:
    """Keep the sheet of a whole sweep, so that it can be signed; the problem in words where that fails."""
    try:
        store = storage.place(app.config, app.state).open()
        try:
            store.keep_sweep(sheet.at, json.dumps(shift_sheet.as_json(sheet)))
        finally:
            store.close()
    except (StoreError, ConfigError) as error:
        return str(error)
    return ""


def known_since(book: FaultBook, verdict: Verdict) -> float | None:
    """Since when a fault is known from before this sweep; None for one that only this sweep has seen."""
    fault = line.fault if (line := book.lines.get(verdict.key)) else None
    if fault is None or verdict.began is not None:
        return verdict.began
    return fault.since if fault.since < verdict.at - 60 else None
