"""Which other programs on this machine keep a lock from us, and whether they move.

The kernel lets a lock go when its program ends. One that is stopped (Ctrl-Z), frozen or hung keeps
it, and may still have its connection to a device, so that nobody else may look at it.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.model.count_words import count_of
from healthmon.model.plain_text import one_line

STILL_SECONDS = 15.0  # without a step
HELD_SECONDS = 80.0  # the same lock by a program that moves: longer than a check takes
_FLOCK = struct.Struct("@hhqqi4x")  # fcntl(2): type, whence, start, length, process
_STATUS = re.compile(r"(?ms)^Name:\s*(.*?)$.*^State:\s*(\S)")
_STEPS = re.compile(r"(?m)^(?:non)?voluntary_ctxt_switches:\s*(\d+)")
_STATES = {"T": ", stopped", "t": ", stopped by a debugger", "D": ", waiting for a disk"}


def holder(file: int, byte: int) -> int:
    """The process that keeps `byte` of `file` locked; 0 where that is nobody or cannot be told."""
    if sys.platform != "linux":
        return 0
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
    kind, _, _, _, process = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return int(process) if kind != fcntl.F_UNLCK else 0


@dataclass(frozen=True, slots=True)
class Program:
    """A process as proc(5) shows it: `steps` counts how often it has gone on (context switches)."""

    process: int
    name: str = ""
    state: str = ""
    steps: int = -1

    @classmethod
    def of(cls, process: int) -> Program:
        """What is known of `process`, which may be little."""
        try:
            text = Path(f"/proc/{process}/status").read_text(errors="replace")
        except OSError:
            return cls(process)
        found = _STATUS.search(text)
        steps = sum(map(int, _STEPS.findall(text)))
        return cls(process, one_line(found[1]), found[2], steps) if found else cls(process)

    @property
    def is_stopped(self) -> bool:
        """Whether it goes on only when somebody continues it."""
        return self.state in ("T", "t")

    def __str__(self) -> str:
        words = f" ({self.name}{_STATES.get(self.state, '')})" if self.name else ""
        return f"process {self.process}{words}"


def named(process: int) -> str:
    """Who that is, in words."""
    return str(Program.of(process)) if process else "another program"


@dataclass(slots=True)
class LockHolders:
    """Those who keep bytes of `file` from us: since when (monotonic seconds), and since when they
    have not moved.
    """

    file: int
    now: Callable[[], float] = time.monotonic
    _kept: dict[int, tuple[int, float]] = field(default_factory=dict)
    _still: dict[int, tuple[Program, float]] = field(default_factory=dict)

    def refused(self, byte: int) -> None:
        """We wait for `byte`."""
        process = holder(self.file, byte)
        if self._kept.get(byte, (0, 0.0))[0] != process:
            self._kept[byte] = (process, self.now())

    def free(self, byte: int) -> None:
        """We have it."""
        self._kept.pop(byte, None)

    def waited(self, byte: int) -> float:
        """For how many seconds the one who keeps `byte` has been seen to."""
        return self.now() - self._kept[byte][1] if byte in self._kept else 0.0

    def stopped(self, byte: int) -> bool:
        """Whether the one who keeps `byte` is stopped, so that waiting for it is of no use."""
        return self.waited(byte) >= STILL_SECONDS and Program.of(self._kept[byte][0]).is_stopped

    def problem(self) -> str:
        """Who keeps devices from us without an end, in words; "" where nobody does."""
        self._kept = {
            byte: (process, since)
            for byte, (process, since) in self._kept.items()
            if holder(self.file, byte) == process != 0
        }
        held: dict[int, list[float]] = {}
        for process, since in self._kept.values():
            held.setdefault(process, []).append(since)
        self._still = {process: self._progress_of(process) for process in held}
        return "; ".join(
            words for process, since in held.items() if (words := self._words(process, since))
        )

    def _progress_of(self, process: int) -> tuple[Program, float]:
        """The process as it is, and since when it has been so."""
        program = Program.of(process)
        before, since = self._still.get(process, (Program(0), 0.0))
        return (program, since if program == before else self.now())

    def _words(self, process: int, since: list[float]) -> str:
        """What to do about a process that keeps devices since those times, "" where it may go on."""
        program, still = self._still[process]
        now = self.now()
        overdue = [at for at in since if now - at >= HELD_SECONDS]
        devices = since if now - still >= STILL_SECONDS else overdue
        if not devices:
            return ""
        many = count_of(len(devices), "device")
        return f"{program} holds {many}, which cannot be checked: end it (kill -9 {process})"
