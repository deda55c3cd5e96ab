"""Three agents with one PostgreSQL and simulated cameras that write down who looks at them; what befalls an
agent, the database or a link; and what is counted of it from the cameras' and the receiver's side.

With `share` the agents that stand by make checks as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from healthmon.demo.state import NTP, RTSP
from helpers.databases import postgres
from helpers.fakes import logged_estate
from helpers.moved_clock import MovedClock
from helpers.product import Product, Running
from helpers.support import Peers, free_port

FAKES = Path(__file__).parent / "fakes"
NAMES = ("north", "south", "west")
CUT_OFF = 75
# A device may be without a visit for so long and an interval more.
LONGEST_WITHOUT = 60.0
# How often each is seen in an interval: reachability, and the stream with a connection of its own.
VISITS = {"connect": 2, "play": 1}
# Looks in excess of the normal rate, as a share of it.
MOST_EXCESS = 0.5
# And so many more: a round that begins anew, and then the clock, and what is tried again.
ONCE = {"connect": 3, "play": 1}
SETTLED_SECONDS = 120.0
MOST_LATE = 2.0
BOOK = "select device, count(*) from cases where left(device, 1) = 'C' group by device"


@dataclass(frozen=True)
class Look:
    """A connection ("connect") or a session that plays ("play"), `at` (Unix seconds); `others` are the numbers of
    the other connections to that camera that were open.
    """

    at: float
    device: str
    what: str
    others: frozenset[str]


@dataclass(frozen=True)
class Line:
    """One count of what happened in an event, and what it may be at most."""

    what: str
    count: float
    most: float

    @property
    def missed(self) -> bool:
        return self.count > self.most

    def __str__(self) -> str:
        verdict = "MISSED" if self.missed else "PASS"
        return f"{self.what:<62} {self.count:>8.4g} {f'<= {self.most:.4g}':>10} {verdict}"


@dataclass
class SharedEstate:
    """The rig in `folder`. `lasts` is how long (seconds) a database is away."""

    folder: Path
    peers: Peers
    share: bool
    cameras: int = 300
    interval: float = 30.0
    takeover: float = 12.0
    lasts: float = 20.0
    running: dict[str, Running] = field(default_factory=dict)
    links: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    clocks: dict[str, MovedClock] = field(default_factory=dict)
    normal: dict[str, float] = field(default_factory=dict)
    dead: str = ""
    held: ExitStack = field(default_factory=ExitStack)

    # -------------------------------------------------------------------------------- the parts

    def __post_init__(self) -> None:
        self.got, self.looked = self.folder / "got", self.folder / "looks"
        self.database, self.url = postgres(self.peers)
        self.data = self.peers.folders[-1] / "data"
        self.control, hook = free_port(), free_port()
        self._start_cameras()
        (self.folder / "mode").write_text("ok")
        mode = self.folder / "mode"
        self.peers.start(sys.executable, FAKES / "file_hook.py", str(hook), self.got, mode)
        self.peers.wait_tcp("127.0.0.1", hook)
        ports = {name: free_port() for name in NAMES}
        pages = [f"http://127.0.0.1:{number}" for number in ports.values()]
        self.products = {}
        for name in NAMES:
            where = self.folder / name
            where.mkdir()
            self.clocks[name] = MovedClock(where / "clock")
            tree = self._tree(self._link(name), pages, hook)
            env = {"HEALTHMON_AGENT": name, **self.clocks[name].env}
            self.products[name] = Product(where, tree, environment=env, port=ports[name])

    def _start_cameras(self) -> None:
        program = FAKES / "logged_estate.py"
        given = (str(self.cameras), str(self.control), self.looked)
        self.peers.start(sys.executable, program, *given)
        self.peers.wait_tcp("127.0.0.1", self.control)

    def _link(self, name: str) -> str:
        """The way of an agent to the database, which can be stopped."""
        port, target = free_port(), urlsplit(self.url)
        self.links[name] = self.peers.start(
            sys.executable, FAKES / "relay.py", str(port), str(target.port)
        )
        self.peers.wait_tcp("127.0.0.1", port)
        return f"postgresql://127.0.0.1:{port}{target.path}"

    def _tree(self, url: str, pages: list[str], hook: int) -> dict[str, object]:
        database: dict[str, object] = {"url": url, "credential": "view"}
        database |= {"takeover": f"{self.takeover:g} s", "agents": pages}
        known = logged_estate.devices(self.cameras)
        return {
            "sites": [{"id": "quay", "name": "Quay", "bandwidth": "10 Gbit/s"}],
            "credentials": {
                "view": {"username": "healthmon", "secret": {"file": "secret"}},
                "camera": {"username": "healthmon", "secret": {"file": "camera"}},
            },
            "cameras": [
                {"id": one.id, "name": one.name, "address": one.address, "site": "quay"}
                for one in known
                if one.kind == "camera"
            ],
            "time_servers": [
                {"address": one.address, "port": NTP} for one in known if one.kind == "ntp"
            ],
            "database": database | ({"share": "yes"} if self.share else {}),
            "notify": {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook}/"}}},
            "routes": [{"to": "desk"}],
            "defaults": {
                "interval": f"{self.interval:g} s",
                "reference_interval": "10 s",
                # A camera that dies between its two checks has no video before it is unreachable.
                "cause": {
                    "hold": f"{self.interval + 5:g} s",
                    "quiet": "1 s",
                    "longest": f"{self.interval + 10:g} s",
                    "many": "50",
                },
                "camera": {
                    "kind": "fixed",
                    "credential": "camera",
                    "rtsp": {"port": RTSP},
                    "http": "no",
                    "streams": [{"path": "/stream1"}],
                },
            },
        }

    # ------------------------------------------------------------------------------- the agents

    def start(self, name: str) -> None:
        """An agent; it has ended where there was one."""
        (self.folder / name / "camera").write_text("view only\n")
        (self.folder / name / "camera").chmod(0o600)
        agent = self.products[name].agent(self.peers)
        self.running[name] = self.held.enter_context(agent)

    def started(self) -> None:
        """All agents are there, the first camera is dead and known to be, and the normal rate of visits has
        been counted.
        """
        for name in NAMES:
            self.start(name)
            self.until(lambda: self._role("estate") or self._role("stands by"))
        self.dead = self.name_of(1)
        self.turn(self.dead, off=True)
        self.until(self._told)
        self.until(self.shares)
        began = time.time()
        time.sleep(2 * self.interval)
        found = Counter((look.device, look.what) for look in self.looks(began, time.time()))
        for what, visits in VISITS.items():
            counts = [found[name, what] for name in self._well({self.dead})]
            measured = statistics.median(counts) / (time.time() - began)
            # On a busy machine agents do everything less often.
            self.normal[what] = max(measured, visits / self.interval)

    def holder(self) -> str:
        """The name of the agent that has the estate."""
        found = self._role("estate")
        assert len(found) == 1, found
        return found[0]

    def looker(self) -> str:
        """One that stands by."""
        return self._role("stands by")[0]

    def shares(self) -> bool:
        """Whether both agents that stand by make checks, where they are to."""
        holders = self._role("estate")
        if len(holders) != 1 or len(self._role("stands by")) != len(NAMES) - 1:
            return False
        if not self.share:
            return True
        rows = self.running[holders[0]].series("healthmon_dealt_agent_ok")
        return [value for _, value in rows] == [1] * (len(NAMES) - 1)

    def _role(self, role: str) -> list[str]:
        return [name for name in self.running if self._role_of(name) == role]

    def _role_of(self, name: str) -> str:
        agent = self.running[name]
        if agent.process.poll() is not None:
            return "ended"
        try:
            said = json.loads(agent.get("/-/agent", 2)[1])
        except (OSError, ValueError):
            return ""
        return "estate" if said["has_estate"] else "stands by"

    def bring_back(self) -> None:
        """Start what has ended."""
        for name, agent in self.running.items():
            if agent.process.poll() is not None:
                self.start(name)

    def until(self, true: Callable[[], object], seconds: float = SETTLED_SECONDS) -> None:
        """Wait until `true`."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"not so after {seconds:g} s: {self.peers.log()[-5000:]}"
            time.sleep(0.3)

    # ---------------------------------------------------------------------------- the cameras

    def name_of(self, number: int) -> str:
        """The camera of that number."""
        return f"C{(number - 1) % self.cameras + 1:03d}"

    def turn(self, name: str, *, off: bool) -> None:
        """Let a camera die, or come back."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.control}/devices/{name}/fault",
            json.dumps({"name": "off"}).encode(),
            method="POST" if off else "DELETE",
        )
        urllib.request.urlopen(request, timeout=20).close()

    def looks(self, since: float, until: float) -> Iterator[Look]:
        """Those between two moments (Unix seconds)."""
        with self.looked.open() as file:
            for line in file:
                at, device, what, here = line.split()
                if since <= float(at) < until:
                    yield Look(float(at), device, what, frozenset(here.split(",")) - {"-"})

    def _well(self, without: set[str]) -> list[str]:
        return [
            self.name_of(n) for n in range(1, self.cameras + 1) if self.name_of(n) not in without
        ]

    # -------------------------------------------------------------------------- what is counted

    def messages(self) -> list[tuple[str, str, str]]:
        """(device, what, id) of each that was received, in order."""
        lines = self.got.read_text().splitlines() if self.got.exists() else []
        rows = [json.loads(line) for line in lines if line.endswith("}")]
        return [(row["body"]["device"], row["body"]["what"], row["id"]) for row in rows]

    def _told(self) -> bool:
        return (self.dead, "opened") in {(device, what) for device, what, _ in self.messages()}

    def in_book(self) -> dict[str, int]:
        """How many faults of each camera the record has."""
        import psycopg

        with psycopg.connect(self.url) as connection:
            return dict(connection.execute(BOOK).fetchall())

    def befall(self, event: Event) -> list[Line]:
        """Let `event` happen while one camera dies and another one comes back."""
        coming, dying = self.dead, self.name_of(int(self.dead[1:]) + 1)
        before, book, began = len(self.messages()), self.in_book(), time.time()
        end = event.begin(self)
        self.turn(dying, off=True)
        self.turn(coming, off=False)
        self.dead = dying
        time.sleep(event.seconds or self.lasts)
        end()
        self.until(self._brought_back)
        expected = {(dying, "opened"), (coming, "closed")}
        with contextlib.suppress(AssertionError):  # it is counted as lost
            self.until(lambda: expected <= self._since(before).keys(), 90 + self.interval)
        time.sleep(self.interval)
        told = self._since(before)
        return [
            *self._counted(event, began, {coming, dying}),
            Line("messages lost", len(expected - told.keys()), 0),
            Line("messages doubled", sum(told[one] - 1 for one in told if told[one] > 1), 0),
            Line("messages of cameras that are well", len(told.keys() - expected), 0),
            Line("faults lost or doubled in the record", self._wrong_in_book(book, dying), 0),
        ]

    def _brought_back(self) -> bool:
        self.bring_back()
        return self.shares()

    def _since(self, before: int) -> Counter[tuple[str, str]]:
        return Counter(
            (device, what) for device, what, _ in self.messages()[before:] if device[0] == "C"
        )

    def _wrong_in_book(self, before: dict[str, int], dying: str) -> int:
        """One death is one fault more, and nothing else is."""
        more = Counter(self.in_book())
        more.subtract({**before, dying: before.get(dying, 0) + 1})
        return sum(map(abs, more.values()))

    def _counted(self, event: Event, began: float, without: set[str]) -> Iterator[Line]:
        ended = time.time()
        times: dict[tuple[str, str], list[float]] = defaultdict(list)
        together: dict[str, set[str]] = defaultdict(set)
        late = [0.0]
        for look in self.looks(began, ended):
            if look.what == "late":
                late += map(float, look.others)
                continue
            times[look.device, look.what].append(look.at)
            together[look.device] |= look.others
        # A camera that answers too late is a fault of the camera.
        yield Line("how late the simulator itself was (s)", max(late), MOST_LATE)
        well = self._well(without)
        for what, word in (("play", "streams"), ("connect", "connections")):
            rate = self.normal[what]
            most = max(len(times[name, what]) for name in well)
            allowed = (1 + MOST_EXCESS) * rate * (ended - began) + ONCE[what]
            yield Line(f"{word} of one camera, most", most, allowed)
        every = [
            max(b - a for a, b in pairwise([began, *times[name, "play"], ended])) for name in well
        ]
        yield Line(
            "longest time without a visit, of any camera (s)",
            max(every),
            LONGEST_WITHOUT + self.interval,
        )
        most = max(map(len, together.values()))
        yield Line("visits that another one joined, most at one camera", most, event.overlap)


# ------------------------------------------------------------------------------------ what happens


@dataclass(frozen=True)
class Event:
    """What befalls the rig: `begin` gives what ends it `seconds` later (0: the rig's `lasts`). `overlap` is how many
    visits to a camera may be joined by a second one: one where an agent is stopped in the midst of it, or does not
    know that it is made anew elsewhere.
    """

    name: str
    begin: Callable[[SharedEstate], Callable[[], None]]
    seconds: float = 20.0
    overlap: int = 0


def _nothing() -> None:
    """It does not end."""


def _kill(which: Callable[[SharedEstate], str]) -> Callable[[SharedEstate], Callable[[], None]]:
    def begin(rig: SharedEstate) -> Callable[[], None]:
        rig.running[which(rig)].process.kill()
        return _nothing

    return begin


def _stop(which: Callable[[SharedEstate], str]) -> Callable[[SharedEstate], Callable[[], None]]:
    def begin(rig: SharedEstate) -> Callable[[], None]:
        process = rig.running[which(rig)].process
        process.send_signal(signal.SIGSTOP)
        return lambda: process.send_signal(signal.SIGCONT)

    return begin


def _cut(which: Callable[[SharedEstate], str]) -> Callable[[SharedEstate], Callable[[], None]]:
    """Its link to the database swallows everything."""

    def begin(rig: SharedEstate) -> Callable[[], None]:
        link = rig.links[which(rig)]
        link.send_signal(signal.SIGSTOP)
        return lambda: link.send_signal(signal.SIGCONT)

    return begin


def _move(which: Callable[[SharedEstate], str]) -> Callable[[SharedEstate], Callable[[], None]]:
    def begin(rig: SharedEstate) -> Callable[[], None]:
        clock = rig.clocks[which(rig)]
        clock.step("+3600")
        return lambda: clock.step("+0")

    return begin


def _stop_database(rig: SharedEstate) -> Callable[[], None]:
    """As `pg_ctl stop -m fast` does, until it is started again."""
    os.kill(int((rig.data / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
    rig.database.wait(60)

    def end() -> None:
        rig.database = rig.peers.start(*rig.database.args, cwd="/")

    return end


HOLDER, LOOKER = SharedEstate.holder, SharedEstate.looker
EVENTS = (
    Event("kill -9 of the agent that has the estate", _kill(HOLDER)),
    Event("kill -9 of an agent that stands by", _kill(LOOKER)),
    Event("the agent that has the estate is stopped for 20 s", _stop(HOLDER), overlap=2),
    Event("an agent that stands by is stopped for 20 s", _stop(LOOKER), overlap=1),
    Event("the database is restarted", _stop_database, seconds=1.0, overlap=1),
    Event("the database is away", _stop_database, seconds=0.0, overlap=1),
    Event("the agent that has the estate is cut off from the database", _cut(HOLDER), 30.0, 1),
    Event("an agent that stands by is cut off from the database", _cut(LOOKER), 30.0, 1),
    Event("the clock of the agent that has the estate is 1 h ahead", _move(HOLDER), 30.0),
    Event("the clock of an agent that stands by is 1 h ahead", _move(LOOKER), 30.0),
)
