"""What the hostile soak counts, and that its devices are of so many kinds."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import threading
from collections.abc import Iterator

import pytest

from benchmarks import hostile
from benchmarks._hostile_peers import FreshNames, twenty
from benchmarks.hostile import Killing, Watched, percentile, samples
from healthmon.protocols.values import xml

PAGE = """# TYPE healthmon_check_verdict gauge
healthmon_check_verdict{device="C1",check="stream",part="main"} 0
healthmon_check_verdict{device="C2",check="stream",part="m\\"x"} 2
healthmon_check_verdict{device="H1",check="stream",part="main"} 2
healthmon_loop_lag_seconds 0.025
healthmon_fault_active{device="H1",code="no_answer"} 1
healthmon_fault_held{device="V1",code="unreachable",reason="new"} 1
healthmon_fault_held_other{device="C1"} 1
"""


def test_there_are_twenty_peers_of_twenty_kinds() -> None:
    beds = twenty()
    assert len({bed.more["location"] for bed in beds}) == 20
    assert len({bed.id for bed in beds}) == 20
    assert all(bed.rtsp is not None for bed in beds)
    assert sum(bed.http is not None for bed in beds) >= 5


def test_a_healthy_camera_that_becomes_unknown_is_counted_once_a_stretch() -> None:
    watched = Watched({"C1", "C2"})
    assert watched.take_in(PAGE, os.getpid()) == {"H1", "V1"}
    assert watched.take_in(PAGE, os.getpid()) == {"H1", "V1"}
    assert watched.stretches == 1
    watched.take_in(PAGE.replace('x"} 2', 'x"} 0'), os.getpid())
    watched.take_in(PAGE, os.getpid())
    assert watched.stretches == 2
    assert watched.lags == [25.0] * 4
    assert len(watched.memory) == 4
    assert all(value > 5 for value in watched.memory)


def test_a_lag_is_our_own_where_no_cpu_was_waited_for() -> None:
    lags = [float(n) for n in range(20)]
    waits = [0.0] * 5 + [100.0] * 15  # once, between the fifth page and the sixth
    watched = Watched(set(), lags=lags, waits=waits)
    assert watched.own_lags == [*lags[:5], *lags[11:]]
    assert hostile.waited_milliseconds(os.getpid()) >= 0
    assert hostile.waited_milliseconds(2**22 + 1) == 0


def test_growth_is_from_the_first_tenth_to_the_last() -> None:
    watched = Watched(set(), memory=[50.0] * 10 + [90.0] * 80 + [58.0] * 10)
    assert watched.growth == 8.0


def test_the_percentile_is_one_of_the_values() -> None:
    assert percentile([], 0.99) == 0.0
    assert percentile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert percentile(list(range(1000)), 0.99) == 990


def test_series_are_read_with_their_labels() -> None:
    found = samples(PAGE, "healthmon_fault_held", "healthmon_check_verdict")
    assert found["healthmon_fault_held"] == [
        ({"device": "V1", "code": "unreachable", "reason": "new"}, 1.0)
    ]
    assert len(found["healthmon_check_verdict"]) == 3


@contextlib.contextmanager
def control() -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """The control interface of an estate: its port, and what was asked of it."""
    asked: list[tuple[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert json.loads(body) == {"name": "off"}
            asked.append((self.command, self.path.split("/")[2]))
            self.send_response(200)
            self.end_headers()

        do_DELETE = do_POST  # noqa: N815 - the name is that of http.server

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_killed_camera_is_waited_for_and_revived(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(hostile.time, "monotonic", lambda: now)
    with control() as (port, asked):
        killing = Killing(port, ["V1"])
        killing.step(set(), now)
        assert asked == [("POST", "V1")]
        now += 20
        killing.step(set(), now)
        now += 12
        killing.step({"V1"}, now)
        assert asked == [("POST", "V1"), ("DELETE", "V1")]
        assert killing.waits == [32.0]
        now += 30
        killing.step(set(), now)
        assert len(asked) == 2  # it rests
        now += 31
        killing.step(set(), now)
        assert asked[-1] == ("POST", "V1")
        now += 121
        killing.step(set(), now)
        assert (killing.lost, killing.waits[-1]) == (1, 121.0)


def test_names_are_never_written_twice() -> None:
    web = FreshNames()
    names: set[str] = set()
    for _ in range(3):
        body = web._body()
        assert 100_000 < len(body) < 256 * 1024
        fresh = {one.name for one in xml.named(xml.parse(body), "Body")} | {
            one.name for one in xml.parse(body).iter() if one.name.startswith("n")
        }
        assert len(fresh) > 3999
        assert names.isdisjoint(fresh - {"Body"})
        names |= fresh - {"Body"}
