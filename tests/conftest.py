"""Shared fixtures: nothing may be left behind after a test, and real peers are started by process
id.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import uvloop
from helpers.days import ordinary_day
from helpers.peers.namespaces import own_loopback
from helpers.support import Peers, children, open_files

__all__ = ["ordinary_day"]  # a fixture for every test

WORKERS = 10  # on two cores: most tests wait most of the time


# How long an example takes is the machine's affair.
hypothesis.settings.register_profile("healthmon", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.load_profile("healthmon")
# A file whose tests all have one of these marks.
NOT_QUICK = re.compile(r"^pytestmark = .*\bmark\.(?:slow|long|peer)\b", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--quick`` is what `make quick` runs."""
    parser.addoption(
        "--quick", action="store_true", help="leave out files marked slow, long or peer"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """In a quick run, files that are left out are not even imported: that is half of the time."""
    if not config.getoption("quick") or collection_path.suffix != ".py":
        return None
    return True if NOT_QUICK.search(collection_path.read_text()) else None


# What the machine's owner, a service manager or a terminal may have set for everybody.
FOREIGN = re.compile(
    r".*_proxy|healthmon_config|notify_socket|watchdog_\w+|credentials_directory"
    r"|tz|no_color|force_color|columns|lines",
    re.IGNORECASE,
)


def pytest_configure() -> None:
    """Every process of a parallel run, and a single one too, has its own ports where the system
    allows it, and an environment that says nothing of this machine.
    """
    for name in filter(FOREIGN.fullmatch, [*os.environ]):
        del os.environ[name]
    time.tzset()
    own_loopback()


def pytest_xdist_auto_num_workers() -> int:
    """In parallel only where no two workers can ask for the same port: the simulated estate's are
    fixed.
    """
    return WORKERS if own_loopback() else 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that wait for minutes begin first, the longest of them before the others, so that no
    worker is left alone with one at the end. What is thorough is run where it is asked for.
    """
    if os.environ.get("THOROUGH") != "1":
        skip = pytest.mark.skip(reason="takes minutes; THOROUGH=1 runs it")
        for item in items:
            if item.get_closest_marker("thorough") is not None:
                item.add_marker(skip)
    items.sort(key=seconds, reverse=True)


def seconds(item: pytest.Item) -> float:
    """How long the file of a test waits, as its mark says."""
    mark = item.get_closest_marker("long")
    return 0.0 if mark is None else float(*mark.args or (30,))


@pytest.fixture(scope="session", autouse=True)
def uvloop_has_its_pipe() -> None:
    """The first loop of a process opens two file descriptors that stay (libuv's own signal
    pipe).
    """
    uvloop.new_event_loop().close()


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test: no new file descriptor, thread or child process (asyncio tasks end with
    their loop).
    """
    keeps = request.node.get_closest_marker("restarts") is not None
    gc.freeze()  # what was there before is not looked through: that would cost a tenth of a second a test
    files, threads, kids = open_files(), threading.active_count(), children()
    yield
    for _ in range(40):
        gc.collect()
        left = (
            open_files() - files,
            threading.active_count() - threads,
            0 if keeps else len(children() - kids),
        )
        if left[0] <= 0 and left[1] <= 0 and left[2] <= 0:
            break
        time.sleep(0.05)
    gc.unfreeze()
    if max(left) > 0:
        pytest.fail(
            f"left behind: {left[0]} file descriptors, {left[1]} threads, {left[2]} child processes"
        )


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[Peers]:
    started = Peers(tmp_path)
    yield started
    started.close()


@pytest.fixture(scope="module")
def module_peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    """Peers shared by the tests of one module (they start before the first test's leak check)."""
    started = Peers(tmp_path_factory.mktemp("peers"))
    yield started
    started.close()


@pytest.fixture
async def no_tasks_left() -> Iterator[None]:  # type: ignore[misc]
    """For async tests: every task started inside has ended."""
    before = asyncio.all_tasks()
    yield
    left = [
        t for t in asyncio.all_tasks() - before if t is not asyncio.current_task() and not t.done()
    ]
    assert not left, f"tasks left: {left}"
