"""A control room of 600 cameras with long names and much on record: an agent that polls nothing, behind
its own web server in a thread. What is shown was delivered as results are, or is in the store.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.checks.function_check.walk import Outcome, Tick, Walk
from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon.evidence.clock_statement import Wish, statement, subject_of
from healthmon.incidents import visits
from healthmon.incidents.acts import ActKind, act
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Ack, Incident, IncidentEvent
from healthmon.incidents.windows import WindowPlan, window_operation
from healthmon.inventory import devices as inventory
from healthmon.model.device import Check
from healthmon.model.enums import AGENT, CheckName, Reason, State
from healthmon.model.results import CheckResult, Verdict, nothing
from healthmon.runtime.agent import Agent
from healthmon.runtime.clock_work import recorded
from healthmon.runtime.estate import Estate
from healthmon.runtime.page_feed import feed_of
from healthmon.runtime.shift_feed import publisher_of, shift_feed_of
from healthmon.runtime.wall_feed import wall_of
from healthmon.store import Batch, ClockRow, Store
from healthmon.store.handovers import NewNote
from healthmon.store.rows import Segment
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener
from helpers.open_agent import HANG_SECONDS, WORD
from helpers.shift_estate import sheet

CAMERAS, FAULTS, UNCHECKED, SITES = 600, 40, 12, 12
PLACES = (
    "Market Place",
    "Multi-storey car park Bridge Street, level 3, north stairs and lift lobby",
    "Riverside Walk footbridge",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch station forecourt",
    "High Street north",
    "Leisure centre entrance, towards the cash machines and the taxi rank",
)
TROUBLES = (
    (CheckName.REACH, "reach", "unreachable", "no answer: RTSP 554 refused, HTTP 80 refused"),
    (CheckName.STREAM, "pictures", "no_pictures",
     "no pictures: connected, 0 frames in 8 s (limit 2 s)"),
    (CheckName.CLOCK, "offset", "clock_zone",
     "clock 1 h 00 min 00.2 s ahead (limits 2 s / 10 s): summer time was not switched off"),
)  # fmt: skip
FIRST_FAULT = 123
NOTE = (
    "Gate 3 of the multi-storey car park is locked until Monday; the key is with the duty officer. "
)


@dataclass(frozen=True)
class ControlRoom:
    """Where its pages are."""

    origin: str
    agent: Agent
    guests: set[Any]


def tree() -> dict[str, Any]:
    """The configuration."""
    sites = [
        {"id": f"s{one:02d}", "name": f"{PLACES[one % len(PLACES)]} and surroundings {one}"}
        for one in range(SITES)
    ]
    fixed = {"kind": "fixed", "http": "no", "contractor": "acme"}
    cameras = [
        {
            "id": f"C{one:03d}",
            "name": f"{PLACES[one % len(PLACES)]} {one}",
            "location": f"column {one}, east side",
            "site": f"s{one % SITES:02d}",
            "address": f"10.1.{one // 250}.{one % 250 + 1}",
            "streams": [{"path": "/live"}],
            **fixed,
        }
        for one in range(1, CAMERAS + 1)
    ]
    return {
        "estate": {"name": "North Example District Council public space CCTV"},
        "defaults": {"interval": "1 h"},
        "sites": sites,
        "contractors": [{"id": "acme", "name": "Acme Security and Maintenance Ltd"}],
        "cameras": cameras,
        "recorders": [{"id": "R1", "name": "Recorder hall 1", "site": "s00",
                       "address": "10.2.0.1", "make": "hikvision"}],
        "links": [{"id": f"L{one}", "name": f"Radio link {PLACES[one % 6]} {one}",
                   "site": f"s{one:02d}", "address": f"10.3.0.{one + 1}"} for one in range(8)],
    }  # fmt: skip


def _fault(number: int, now: float) -> Fault:
    check, aspect, code, sentence = TROUBLES[number % len(TROUBLES)]
    since = now - 900.0 * (number + 1)
    return Fault(f"C{number:03d}", check, _instance(check), aspect, code, State.FAULT, sentence,
                 since, now)  # fmt: skip


def _instance(check: CheckName) -> str:
    return "main" if check is CheckName.STREAM else ""


def _incidents(now: float) -> list[Incident]:
    """The faults of cameras 1 to 40: some acknowledged, some urgent; and one that is over."""
    found = []
    for number in range(1, FAULTS + 1):
        fault = _fault(number, now)
        ack = Ack("smith", "contractor called", now - 300) if number % 4 == 0 else None
        made = Incident(FIRST_FAULT + number - 1, fault.device, f"s{number % SITES:02d}", (fault,),
                        fault.since, fault.since, 3 if number % 3 else 2, fault.since + 30, ack=ack)  # fmt: skip
        found.append(made)
    over = _fault(50, now - 7200)
    ended = Incident(100, over.device, "s02", (), over.since, over.since, past=(over,), closed=now - 600)  # fmt: skip
    return [*found, ended]


def _record(store: Store, now: float) -> None:
    """Faults with acts, a sheet of this hour with a walk, notes, a window, an engineer, a month of a
    device's states.
    """
    incidents = _incidents(now)
    faults = {fault.key: fault for one in incidents for fault in one.faults}
    store.record(
        Batch(
            faults,
            {one.number: one for one in incidents},
            [IncidentEvent("opened", one, one.since) for one in incidents],
            segments=list(_month(now)),
            alive=now,
        )
    )
    reported = {
        "to": "Acme Security and Maintenance Ltd",
        "how": "telephone",
        "reference": "J-4711",
    }
    store.act(replace(act(ActKind.REPORT, "smith", now - 200, now - 200, **reported), number=123))
    due = tuple(f"C{one:03d}" for one in range(101, 187))
    made = replace(sheet(CAMERAS), at=now, walk=Walk(now - 60, now + 36000, 604800.0, due))
    number = store.keep_sweep(now, kept_sheet.body(made))
    for camera in due[:40]:
        store.tick(Tick(camera, Outcome.WELL, "smith", now, number, camera), now - 60, 0)
    for one in range(4):
        store.write_note(NewNote(f"token-of-note-{one:011d}", "khan", f"{NOTE * 3}{one}"), now)
    plan = WindowPlan(now - 60, now + 7200, ("C060", "C061"), (), "lamp column is replaced")
    store.operate(window_operation(plan, "made", "", ("smith", "w" * 20), now))
    came = visits.arrived("s01", "Lee of Acme Security", "J-4711", 7200.0, ("smith", "v" * 20), now)
    store.operate(came)


def _clocks(store: Store, config: Config, now: float) -> None:
    """Readings of the clock of a camera, and the statement 3 of it."""
    detail = '{"agreed":["10.9.0.1","10.9.0.2","2001:db8:1234:5678::123"],"asked":3,"leap":0}'
    until = now - 60
    rows = [
        ClockRow("C001", "device", now - 9000, now - 4000, 17, 300.0, 3599.4, 3600.6, 3600.0, "onvif", "clock_zone"),
        ClockRow("C001", "device", now - 3700, until, 12, 300.0, -0.6, 0.6, 0.0, "onvif", "ok"),
        ClockRow("C001", "stream", now - 9000, until, 30, 300.0, -0.01, 0.02, 0.0, "rtcp"),
        ClockRow(AGENT, "reference", now - 9000, until, 150, 60.0, -0.01, 0.01, 0.0, "ntp", "", detail),
    ]  # fmt: skip
    store.record(Batch(clocks={row.key: row for row in rows}))
    known = {one.id: one for one in inventory.devices(config)}
    subject = subject_of(known, "C001", config.estate.name, config.digest)
    typed = datetime.fromtimestamp(now - 3900, UTC).isoformat(timespec="seconds")
    wish = Wish(typed, "police reference 42/2026, export 17 of recorder 1", "smith", now, "x" * 20)
    recorded(store, statement(store, subject, wish), None)


def _month(now: float) -> Iterator[Segment]:
    """What the first camera's strips show."""
    states, length = ("OK", "FAULT", "OK", "UNKNOWN", "OK", "DEGRADED"), 5 * 3600.0
    for check in (CheckName.REACH, CheckName.STREAM, CheckName.CLOCK):
        for one in range(140):
            since = now - (140 - one) * length
            yield Segment("C001", check, states[one % 6], since, since + length)


def _result(check: Check, now: float) -> CheckResult:
    """A fresh result: well, or what the record says."""
    number = int(check.device[1:]) if check.device[1:].isdigit() else 0
    state, aspect, code, sentence, reason = State.OK, "reach", "ok", "well within its limits", None
    known = _fault(number, now) if check.device[0] == "C" and 0 < number <= FAULTS else None
    if known and (check.check_type, check.instance) == (known.check_type, known.instance):
        state, aspect, code, sentence = known.state, known.aspect, known.code, known.sentence
    elif check.device in ("L3", "L4", "L5") or number == 60:
        state, code, sentence = State.DEGRADED, "slow", "answers in 812 ms (limits 500 ms / 2 s)"
    elif check.device[0] == "C" and FAULTS < number <= FAULTS + UNCHECKED:
        state, code, reason = State.UNKNOWN, "timeout", Reason.TIMEOUT
        sentence = "not checked: connected, no answer in time (limit 8 s)"
    verdict = Verdict(check.device, check.check_type, check.instance, aspect, state, code, sentence,
                      now, reason=reason)  # fmt: skip
    seen = nothing(check, reason or Reason.NOT_REPORTED, at=now)
    return CheckResult(check, seen, (verdict,))


class _Server:
    """The agent and its pages in a thread of their own."""

    def __init__(self, folder: Path, users: Path) -> None:
        self._folder, self._users = folder, users
        self._ready, self._stop = threading.Event(), threading.Event()
        self.room: ControlRoom | None = None
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.thread.start()
        assert self._ready.wait(HANG_SECONDS)

    def close(self) -> None:
        self._stop.set()
        self.thread.join(HANG_SECONDS)

    async def _serve(self) -> None:
        # One thread that is there from the start, so that tests can count what they leave behind.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        await asyncio.to_thread(int)
        path = self._folder / "config.yaml"
        agent = Agent.of(path, Estate.of(loading.load(path)))
        for check in agent.estate.checks:
            agent.deliver(_result(check, time.time()))
        wall, config = wall_of(agent), agent.estate.config
        sections = Sections(
            wall, Pages(feed_of(agent)), shift_feed_of(agent), lambda: publisher_of(agent)
        )
        site = web.Site(agent.metrics, _never, agent.ready, _reload, list,
                        estate=config.estate.name, operators=sections.endpoints)  # type: ignore[arg-type]  # fmt: skip
        running = await listener.serve(web.application(site, lambda: self._users), "127.0.0.1", 0)
        self.room = ControlRoom(f"http://127.0.0.1:{running.port}", agent, running.guests)
        self._ready.set()
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        await wall.close()
        await running.close()
        for close in agent.ending:
            await close()
        await agent.incident_service.store_writer.close()
        await agent.engine.close()
        agent.running.close()


async def _never(*_: str) -> None:
    return None


async def _reload() -> str:
    return ""


@contextmanager
def control_room(folder: Path) -> Iterator[ControlRoom]:
    """The running control room; `smith` is an operator, `khan` a manager."""
    state, users = folder / "state", folder / "users"
    state.mkdir()
    (folder / "config.yaml").write_text(
        yaml.safe_dump({"agent": {"state_directory": str(state)}, **tree()})
    )
    word = passwords.hash_password(WORD)
    people = (User("smith", word, Role.OPERATOR), User("khan", word, Role.ADMIN))
    users.write_text("".join(f"{one.line()}\n" for one in people))
    users.chmod(0o600)
    store = Store.open(f"sqlite:///{state / 'healthmon.db'}")
    _record(store, time.time())
    _clocks(store, loading.load(folder / "config.yaml"), time.time())
    store.close()
    server = _Server(folder, users)
    try:
        assert server.room is not None
        yield server.room
    finally:
        server.close()
