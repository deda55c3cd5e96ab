"""The report that a page has asked for: made by a process of its own, one at a time, and kept until
somebody has fetched it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from healthmon.runtime.report_child import made_apart
from healthmon_exporters.pages.report_feed import Making, ReportRequest

# What takes longer is told on the page how far it is.
WAIT_SECONDS: Final = 3.0
# What nobody fetches is dropped after so long.
KEPT_SECONDS: Final = 600.0


class BusyError(Exception):
    """Another report is being made."""


@dataclass(slots=True)
class _Job:
    """One report. `done` of `total` devices are counted; `over` is when it ended."""

    wanted: ReportRequest
    since: float
    task: asyncio.Task[bytes] | None = None
    done: int = 0
    total: int = 0
    over: float | None = None

    def count(self, done: int, total: int) -> None:
        """How far it is."""
        self.done, self.total = done, total

    def is_stale(self, now: float) -> bool:
        """Whether it was ready for too long."""
        return self.over is not None and now - self.over > KEPT_SECONDS


@dataclass(slots=True)
class ReportJobs:
    """The reports of an agent, one after another."""

    wait_seconds: float = field(default_factory=lambda: WAIT_SECONDS)
    _job: _Job | None = field(default=None)

    def making(self) -> Making | None:
        """The report that is being made, or waits to be fetched."""
        now = time.monotonic()
        if self._job is not None and self._job.is_stale(now):
            self._job = None
        job = self._job
        if job is None:
            return None
        end = now if job.over is None else job.over
        return Making(job.wanted, end - job.since, job.done, job.total, job.over is not None)

    async def fetched(self, wanted: ReportRequest, file: Path) -> bytes | None:
        """The report; it is begun where it was not. None where it takes longer than `wait_seconds`: it is
        made all the same, and can be asked for again. Raises NoReportError, BusyError.
        """
        job = self._of(wanted, file)
        assert job.task is not None  # noqa: S101 - it is begun with the job
        await asyncio.wait({job.task}, timeout=self.wait_seconds)
        if not job.task.done():
            return None
        if self._job is job:
            self._job = None
        return job.task.result()

    def _of(self, wanted: ReportRequest, file: Path) -> _Job:
        """The job for `wanted`; what is ready and was never fetched makes way. Raises BusyError."""
        self.making()
        if self._job is not None and self._job.wanted == wanted:
            return self._job
        if self._job is not None and self._job.over is None:
            raise BusyError("another report is being made; try again in a minute")
        job = _Job(wanted, time.monotonic())
        job.task = asyncio.create_task(_made(job, file))
        job.task.add_done_callback(_noticed)
        self._job = job
        return job

    async def close(self) -> None:
        """The agent ends: what is being made is given up."""
        job, self._job = self._job, None
        if job is not None and job.task is not None:
            job.task.cancel()
            await asyncio.gather(job.task, return_exceptions=True)


def _noticed(task: asyncio.Task[bytes]) -> None:
    """Why it failed is told to whoever fetches it, and is no bug where nobody does."""
    if not task.cancelled():
        task.exception()


async def _made(job: _Job, file: Path) -> bytes:
    """Raises NoReportError."""
    wanted = job.wanted
    words = [wanted.kind, "--format", wanted.form]
    words += ["--period", wanted.period] if wanted.period else []
    words += ["--public"] if wanted.public else []
    try:
        return await made_apart(file, tuple(words), progress=job.count)
    finally:
        job.over = time.monotonic()
