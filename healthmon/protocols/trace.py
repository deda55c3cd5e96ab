"""What was asked and what came back, for ``healthmon probe --explain`` and for the sentence of a
time-out.

Wire notes go to the recorder of the running check (a context variable); with no recorder a note
costs a dict look-up.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from healthmon.model.plain_text import clean_lines

MOST_NOTES = 400
LONGEST_NOTE = 2000
Text = str | Callable[[], str]
# Of a failed run that is kept for later.
KEPT_NOTES = 20
KEPT_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer as they were, for `healthmon record`. It never leaves this process:
    what is written is made of it by `healthmon.device_recordings`.

    `protocol` is http, rtsp, snmp, nut or apcupsd. `asked` is the request line without its version
    ("GET /", "DESCRIBE /stream1"), `sent` its body, `login` whether it carried one. `values` are those
    of SNMP, by object.
    """

    protocol: str
    port: int
    asked: str = ""
    sent: bytes = b""
    login: bool = False
    status: int = 0
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    values: Mapping[str, int | float | bytes | str | None] = field(default_factory=dict)


@dataclass(slots=True)
class Trace:
    """The notes of one check; `stage` is what is being waited for, `late` the reason of a check that
    the deadline cuts there.

    Few notes are ever read, those of runs that did not end well: their text is made then. `exchanges`
    are kept where there is a list for them.
    """

    keep_notes: bool = False
    stage: str = ""
    late: str = "timeout"
    started: float = field(default_factory=time.monotonic)
    kept: list[tuple[float, str, Text]] = field(default_factory=list)
    exchanges: list[Exchange] | None = None

    @property
    def notes(self) -> list[tuple[float, str, str]]:
        """``(seconds since start, mark, text)``; mark ``>`` asked, ``<`` answered, ``.`` remark."""
        return [(at, mark, _made(text)) for at, mark, text in self.kept]

    def shortened(self) -> Trace:
        """The same with what is kept for later: the first and the last notes, long ones cut."""
        kept = self.kept
        if len(kept) > 2 * KEPT_NOTES:
            left_out = (
                kept[KEPT_NOTES][0],
                ".",
                f"... {len(kept) - 2 * KEPT_NOTES} more lines ...",
            )
            kept = [*kept[:KEPT_NOTES], left_out, *kept[-KEPT_NOTES:]]
        return replace(
            self, kept=[(at, mark, _made(text)[:KEPT_LENGTH]) for at, mark, text in kept]
        )


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
    """Say what is being waited for, in an operator's words ("answer to DESCRIBE"); shown when the
    deadline cuts it.
    """
    if (trace := _current.get()) is not None:
        trace.stage = text


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What is done inside is not what the check waits for: its stage stays as it was."""
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


def note(mark: str, text: Text) -> None:
    """Keep one masked line, or what makes it; the caller leaves out secrets (Authorization values,
    passwords, digests).
    """
    trace = _current.get()
    if trace is None or not trace.keep_notes or len(trace.kept) >= MOST_NOTES:
        return
    if isinstance(text, str):
        text = text[:LONGEST_NOTE]  # a short one is kept as it is
    trace.kept.append((time.monotonic() - trace.started, mark, text))


def _made(text: Text) -> str:
    """The text of a note as it is shown."""
    return clean_lines((text if isinstance(text, str) else text())[:LONGEST_NOTE])


def keeping() -> bool:
    """Whether exchanges are kept, so that callers need not make what nobody reads."""
    trace = _current.get()
    return trace is not None and trace.exchanges is not None


def keep(exchange: Exchange) -> None:
    """Keep one exchange as it was, where the running check is recorded."""
    trace = _current.get()
    if trace is not None and trace.exchanges is not None and len(trace.exchanges) < MOST_NOTES:
        trace.exchanges.append(exchange)
