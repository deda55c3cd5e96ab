"""A webhook that is down for long in every way there is: nothing is lost, the order is kept, it
drains in a minute.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.crash_driver import AT_ONCE, written
from helpers.databases import installed, postgres
from helpers.results import result_with
from helpers.support import IN_CI, Peers, free_port

from healthmon.config import loading
from healthmon.incidents.confirmation import ONE_OFF, FaultBook
from healthmon.incidents.incident import EstateState
from healthmon.inventory import devices as inventory
from healthmon.model.enums import CheckName, State
from healthmon.model.results import Verdict
from healthmon.notifications import dispatcher
from healthmon.runtime.incident_service import IncidentService
from healthmon.store import Store
from healthmon.store.writer import StoreWriter

pytestmark = pytest.mark.long(50)
ROOT = Path(__file__).parents[2]
EVENTS = 300
DRAINED_SECONDS = 60.0
MODES = ("refused", "500", "429", "swallow", "drip")


@dataclass
class Line:
    """One pipeline from verdicts to a receiver that can be told to misbehave."""

    url: str
    folder: Path
    peers: Peers
    port: int = field(default_factory=free_port)

    async def run(self, seconds: float) -> None:
        config = loading.load(written(self.folder, self.port))
        self.devices = {device.id: device for device in inventory.devices(config)}
        self.store_writer = StoreWriter(lambda: Store.open(self.url))
        self.book = FaultBook(ONE_OFF)
        self.work = IncidentService.of(
            config, self.devices, self.book, self.store_writer, lambda: EstateState(self.devices)
        )
        self.work.reducer.rules = AT_ONCE
        self.work.resume(self.store_writer.start())
        jobs = [asyncio.create_task(job()) for job in self.work.jobs]
        try:
            await self.outage(seconds)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await self.store_writer.close()

    def start_receiver(self) -> None:
        self.mode("refused")
        hook = ROOT / "tests/helpers/fakes/file_hook.py"
        self.peers.start(
            sys.executable, hook, str(self.port), self.folder / "got", self.folder / "mode"
        )

    async def outage(self, seconds: float) -> None:
        for number in range(EVENTS):
            if number % (EVENTS // len(MODES)) == 0:
                self.mode(MODES[number * len(MODES) // EVENTS])
            self.event(number)
            await asyncio.sleep(seconds / EVENTS)
        self.waiting = sum(self.work.dispatcher.pending().values())
        self.mode("ok")
        began = time.monotonic()
        while (
            any(self.work.dispatcher.pending().values())
            and time.monotonic() - began < 3 * DRAINED_SECONDS
        ):
            await asyncio.sleep(0.05)
        self.drained = time.monotonic() - began

    def mode(self, name: str) -> None:
        (self.folder / "mode").write_text(name)

    def event(self, number: int) -> None:
        device = sorted(name for name in self.devices if name.startswith("C"))[number % 12]
        line = self.book.lines.get((device, "reach", "", "reach"))
        # Open, change, change ..., so that a notice stands for each event and none is merged away.
        state = (
            State.DEGRADED
            if line and line.fault and line.fault.state is State.FAULT
            else State.FAULT
        )
        verdict = Verdict(
            device, CheckName.REACH, "", "reach", state, f"code-{number}", "no answer", time.time()
        )
        self.work.apply(result_with(verdict))
        self.work.tick()

    def got(self) -> list[dict]:
        return [json.loads(text) for text in (self.folder / "got").read_text().splitlines()]


@pytest.fixture(scope="module")
def two_lines(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Line]:
    folder = tmp_path_factory.mktemp("sqlite")
    made = {"sqlite": Line(f"sqlite:///{folder}/history.db", folder, module_peers)}
    if IN_CI or installed():
        made["postgresql"] = Line(
            postgres(module_peers)[1], tmp_path_factory.mktemp("pg"), module_peers
        )
    for line in made.values():
        line.start_receiver()
    return made


@pytest.fixture(autouse=True, scope="module")
def _before_the_leak_check(two_lines: dict[str, Line]) -> None:
    """The receivers are there before the first test begins."""


async def test_a12_g10_a_webhook_that_is_down_for_long_loses_nothing_and_keeps_the_order(
    two_lines: dict[str, Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of outage in ten seconds: the events, ways to fail and the drain are real,
    the pauses are scaled.
    """
    monkeypatch.setattr(dispatcher, "LONGEST_PAUSE", 2.0)
    await asyncio.gather(*(line.run(10.0) for line in two_lines.values()))
    for line in two_lines.values():
        got = line.got()
        assert line.waiting > EVENTS / 2, "the outage was none"
        assert line.drained < DRAINED_SECONDS
        codes = [one["body"]["code"] for one in got]
        assert {f"code-{number}" for number in range(EVENTS)} == set(codes)
        after = [one for one in got if one["mode"] == "ok"]
        bodies: dict[str, set[str]] = {}
        for one in got:
            bodies.setdefault(one["id"], set()).add(json.dumps(one["body"], sort_keys=True))
        assert all(len(found) == 1 for found in bodies.values())
        assert len(after) - len({one["id"] for one in after}) == 0, "twice although it was taken"
        for device in line.devices:
            mine = [
                int(one["body"]["code"].removeprefix("code-"))
                for one in got
                if one["body"]["device"] == device
            ]
            assert mine == sorted(mine), f"{device} out of order"
        gaps = [
            later["at"] - earlier["at"] for earlier, later in zip(after, after[10:], strict=False)
        ]
        assert min(gaps) > 0.8, "more than about ten messages a second"
