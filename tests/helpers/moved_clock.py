"""A wall clock of the product that a test moves while it runs; the monotonic clock goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helpers.support import library, need


@dataclass
class MovedClock:
    """`env` is the environment of a program that follows `step`, which is read twice a second."""

    file: Path

    def __post_init__(self) -> None:
        self.step("+0")

    def step(self, ahead: str) -> None:
        """Move the clock: ``-3600`` seconds from the true time, ``@1970-01-02 00:00:00``."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(ahead)
        fresh.replace(self.file)

    @property
    def env(self) -> dict[str, str]:
        """The variables of libfaketime."""
        preload = library("faketime/libfaketime.so.1")
        need(preload)
        return {
            "LD_PRELOAD": preload,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "NO_FAKE_STAT": "1",
        }
