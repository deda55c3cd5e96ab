"""A killer and its victims: the casework of the agent and what people enter (`crash_people`) under
kill -9 at random moments, with the outbox running.

The mother forks one victim after the other (so that the imports are paid once), kills each and
keeps what each has acknowledged: a victim says so only after the store did. What a victim has begun to
enter and not acknowledged is sent again to the next one. The last one lives until its outbox is empty.

    python -m helpers.crash_driver DATABASE_URL WEBHOOK_PORT LIVES FOLDER   ->  one line of JSON
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon.incidents.confirmation import ONE_OFF, FaultBook
from healthmon.incidents.correlation import CorrelationRules
from healthmon.incidents.incident import EstateState
from healthmon.inventory import devices as inventory
from healthmon.model.enums import CheckName, State
from healthmon.model.results import Verdict
from healthmon.notifications import dispatcher
from healthmon.runtime.incident_service import IncidentService
from healthmon.store import Batch, Store
from healthmon.store.writer import StoreWriter
from helpers.crash_people import AGAIN, KINDS, Entry, enter, entry
from helpers.results import result_with

DEVICES = 12
LONGEST, FEWEST = (
    240.0,
    50,
)  # seconds of killing, after so many lives at least: a machine that is starved kills slowly
AT_ONCE = CorrelationRules(hold=0.0, quiet=0.0, longest=0.0, many=99)
CONFIG = """
sites: [{{id: market}}]
cameras:
{cameras}
notify: {{desk: {{webhook: {{url: "http://127.0.0.1:{port}/hook"}}, timeout: 3 s}}}}
routes: [{{to: desk}}]
"""


def written(folder: Path, port: int) -> Path:
    rows = [
        f"  - {{id: C{n:03d}, name: Camera {n}, site: market, address: 192.0.2.{n + 1}, kind: fixed}}"
        for n in range(DEVICES)
    ]
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(cameras="\n".join(rows), port=port))
    return path


class Victim:
    """One life: verdicts at random, each change said to the mother before and after the store has
    it.
    """

    def __init__(
        self, config: Config, url: str, pipe: int, seed: int, again: Entry | None = None
    ) -> None:
        self.random = random.Random(seed)
        self.seed, self.count, self.again = seed, 0, again
        self.pipe = pipe
        self.devices = {device.id: device for device in inventory.devices(config)}
        self.store_writer = StoreWriter(lambda: Store.open(url))
        self.book = FaultBook(ONE_OFF)
        self.work = IncidentService.of(
            config, self.devices, self.book, self.store_writer, lambda: EstateState(self.devices)
        )
        self.work.reducer.rules = AT_ONCE

    def say(self, **words: object) -> None:
        os.write(self.pipe, (json.dumps(words) + "\n").encode())

    def begin(self) -> None:
        saved = self.store_writer.start()
        self.book.restore(saved.faults)
        self.work.resume(saved)
        self.work.forget(
            {(f"C{n:03d}", CheckName.REACH, "") for n in range(DEVICES)}, (), self.book.open()
        )
        self.say(open=sorted(f.device for f in self.book.open()), told=[])

    async def live(self, *, last: bool = False) -> None:
        jobs = [asyncio.create_task(job()) for job in self.work.jobs]
        self.begin()
        if self.again is not None:
            await self.enter(self.again)
        end = time.monotonic() + 60
        while not last:
            await self.step()
        while time.monotonic() < end and any(self.work.dispatcher.pending().values()):
            await asyncio.sleep(0.05)
        left = self.work.dispatcher.pending()
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self.store_writer.close()
        self.say(left=left)

    async def step(self) -> None:
        device = f"C{self.random.randrange(DEVICES):03d}"
        line = self.book.lines.get((device, "reach", "", "reach"))
        bad = not (line and line.fault)
        self.say(intends=[device, "opened" if bad else "closed"])
        state = State.FAULT if bad else State.OK
        verdict = Verdict(
            device, CheckName.REACH, "", "reach", state, "unreachable", "no answer", time.time()
        )
        before = {
            number: incident.revision for number, incident in self.work.reducer.incidents.items()
        }
        self.work.apply(result_with(verdict))
        self.work.tick()
        ids = [
            f"F{n:06d}-{incident.revision}"
            for n, incident in self.work.reducer.incidents.items()
            if incident.told is not None and incident.revision != before.get(n, 0)
        ]
        await self.store_writer.submit(Batch(alive=time.time()))
        self.say(open=sorted(f.device for f in self.book.open()), told=ids)
        await self.person()
        await asyncio.sleep(self.random.random() * 0.01)

    async def person(self) -> None:
        """Somebody enters something."""
        self.count += 1
        kind = KINDS[(self.seed + self.count) % len(KINDS)]  # each in its turn, also in short lives
        name = f"{self.seed}-{self.count}"
        one = await self.store_writer.query(lambda store: entry(kind, name, store))
        if isinstance(one, dict):
            await self.enter(one)

    async def enter(self, one: Entry) -> None:
        self.say(enters=one)
        refused = await self.store_writer.query(lambda store: enter(store, one))
        self.say(**({"refused": refused} if refused else {"entered": one}))


class People:
    """What the mother knows of entries: all that were begun, all that were acknowledged, and the one
    that has no answer yet.
    """

    def __init__(self) -> None:
        self.intended: list[Entry] = []
        self.entered: list[Entry] = []
        self.pending: Entry | None = None

    def hear(self, said: list[dict[str, Any]]) -> None:
        """Take over what a victim has said."""
        for words in said:
            if "enters" in words:
                self.pending = words["enters"]
                self.intended.append(words["enters"])
            elif "entered" in words:
                self.entered.append(words["entered"])
            if "entered" in words or "refused" in words:
                self.pending = None

    @property
    def again(self) -> Entry | None:
        """What is sent again."""
        return self.pending if self.pending and self.pending["kind"] in AGAIN else None


def one_life(
    config: Config, url: str, seed: int, again: Entry | None = None, *, last: bool = False
) -> list[dict[str, Any]]:
    """Fork a victim and kill it after 60 to 180 ms of life; what it said. It enters first what is
    sent `again`.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            asyncio.run(Victim(config, url, write, seed, again).live(last=last))
        finally:
            os._exit(0)
    os.close(write)
    said = b""
    if not last:
        said = os.read(read, 65536)  # it lives from its first word on
        time.sleep(random.Random(seed).uniform(0.06, 0.18))
        os.kill(child, signal.SIGKILL)
    while block := os.read(read, 65536):
        said += block
    os.waitpid(child, 0)
    os.close(read)
    lines = said.split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]


def main(url: str, port: int, lives: int, folder: Path) -> None:
    dispatcher.GAP_SECONDS = 0.005  # the flood limit is tried elsewhere
    config = loading.load(written(folder, port))
    lost: list[str] = []
    told: set[str] = set()
    intended: list[list[str]] = []
    before: list[set[str]] = [set()]
    people = People()
    ends, lived = time.monotonic() + LONGEST, 0
    for life in range(lives):
        if life >= FEWEST and time.monotonic() > ends:
            break
        lived = life + 1
        said = one_life(config, url, life, people.again)
        people.hear(said)
        if said and set(said[0]["open"]) not in before:
            lost.append(
                f"life {life} began with {said[0]['open']}, acknowledged was one of {before}"
            )
        states = [set(words["open"]) for words in said if "open" in words]
        intends = [words["intends"] for words in said if "intends" in words]
        intended += intends
        told.update(name for words in said for name in words.get("told", []))
        acknowledged = states[-1] if states else before[-1]
        before = [acknowledged]
        if len(intends) == len(
            states
        ):  # the last step was intended and not acknowledged: it may be there or not
            device, what = intends[-1]
            before.append(acknowledged | {device} if what == "opened" else acknowledged - {device})
    final = one_life(config, url, lives, people.again, last=True)
    people.hear(final)
    left = final[-1].get("left")
    print(
        json.dumps(
            {"lives": lived, "lost": lost, "told": sorted(told), "intended": intended, "left": left}
            | {"sent": people.intended, "entered": people.entered}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
