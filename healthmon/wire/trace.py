"""What was asked and what came back, for ``healthmon probe --explain`` and for the sentence of a time-out.

Wire notes go to the recorder of the running look (a context variable); with no recorder a note costs a dict look-up.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

MOST_NOTES = 400
LONGEST_NOTE = 2000


@dataclass(slots=True)
class Trace:
    """The notes of one look: ``(seconds since start, mark, text)``; mark ``>`` asked, ``<`` answered, ``.`` remark.

    `stage` is what is being waited for, `late` the reason of a look that the deadline cuts there.
    """

    keep_notes: bool = False
    stage: str = ""
    late: str = "timeout"
    started: float = field(default_factory=time.monotonic)
    notes: list[tuple[float, str, str]] = field(default_factory=list)


_current: ContextVar[Trace | None] = ContextVar("healthmon_trace", default=None)


@contextlib.contextmanager
def recording(trace: Trace) -> Iterator[Trace]:
    """Make `trace` the recorder of everything wire does inside."""
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


def stage(text: str) -> None:
    """Say what is being waited for, in an operator's words ("answer to DESCRIBE"); shown when the deadline cuts it."""
    if (trace := _current.get()) is not None:
        trace.stage = text


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What is done inside is not what the look waits for: its stage stays as it was."""
    trace = _current.get()
    kept = trace.stage if trace is not None else ""
    try:
        yield
    finally:
        if trace is not None:
            trace.stage = kept


@contextlib.contextmanager
def part(text: str, late: str) -> Iterator[None]:
    """A stage of its own inside another one, which goes on after it; `late` as in `Trace`."""
    if (trace := _current.get()) is None:
        yield
        return
    before, trace.stage, trace.late = trace.stage, text, late
    yield
    trace.stage, trace.late = before, "timeout"


def explaining() -> bool:
    """Whether notes are kept, so that callers need not format what nobody reads."""
    trace = _current.get()
    return trace is not None and trace.keep_notes


def note(mark: str, text: str) -> None:
    """Keep one masked line; the caller leaves out secrets (Authorization values, passwords, digests)."""
    trace = _current.get()
    if trace is None or not trace.keep_notes or len(trace.notes) >= MOST_NOTES:
        return
    trace.notes.append((time.monotonic() - trace.started, mark, text[:LONGEST_NOTE]))
