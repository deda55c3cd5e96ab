"""Who keeps a byte of the lock file from us, and whether that program moves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.scheduling.lock_holders import (
    HELD_SECONDS,
    STILL_SECONDS,
    LockHolders,
    Program,
    holder,
    named,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="proc(5)")
KEEPER = """
import fcntl, sys, time
file = open(sys.argv[1], "a")
for byte in (10, 11):
    fcntl.lockf(file, fcntl.LOCK_EX, 1, byte)
print("held", flush=True)
while True:
    time.sleep(0.01)
"""


@contextlib.contextmanager
def keeper(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that moves and keeps two bytes of `path`."""
    child = subprocess.Popen([sys.executable, "-c", KEEPER, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        child.stdout.readline()
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        yield file
    finally:
        os.close(file)


def waiting(file: int, clock: Clock) -> LockHolders:
    """Those who keep both bytes, asked for the first time."""
    holders = LockHolders(file, clock)
    for byte in (10, 11):
        holders.refused(byte)
    assert holders.problem() == ""
    return holders


def test_a_program_that_moves_is_told_only_after_longer_than_a_check_takes(tmp_path: Path):
    clock = Clock()
    with keeper(tmp_path / "lock") as child, opened(tmp_path / "lock") as file:
        assert holder(file, 10) == child.pid
        assert holder(file, 12) == 0
        holders, before = waiting(file, clock), Program.of(child.pid).steps
        while Program.of(child.pid).steps <= before + 1:
            time.sleep(0.01)
        clock.at = STILL_SECONDS + 1
        assert holders.problem() == ""
        assert not holders.stopped(10)
        clock.at = HELD_SECONDS + 1
        assert f"process {child.pid} (" in holders.problem()
        holders.free(11)
        assert "holds 1 device," in holders.problem()


def test_a_program_that_is_stopped_is_told_soon_and_no_more_after_its_end(tmp_path: Path):
    clock = Clock()
    with keeper(tmp_path / "lock") as child, opened(tmp_path / "lock") as file:
        os.kill(child.pid, signal.SIGSTOP)
        os.waitpid(child.pid, os.WUNTRACED)
        holders = waiting(file, clock)
        clock.at = STILL_SECONDS + 1
        assert holders.stopped(10)
        assert ", stopped) holds 2 devices" in holders.problem()
        assert f"kill -9 {child.pid}" in holders.problem()
        child.kill()
        child.wait()
        assert holders.problem() == ""


def test_a_process_that_is_gone_is_named_by_its_number_alone():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert str(Program.of(child.pid)) == f"process {child.pid}"
    assert named(0) == "another program"
