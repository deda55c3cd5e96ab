"""How far a command is: one line of standard error where that is a terminal, nothing elsewhere.

The line is written again after a carriage return, without an escape sequence. A terminal that cannot do
that (``TERM=dumb``) gets a line now and then.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

Tell = Callable[[int, int], None]
SECONDS_BETWEEN = 0.2
SECONDS_BETWEEN_LINES = 0.5
DUMB_SECONDS = 2.0


@contextlib.contextmanager
def shown_progress(what: str, *, lines: bool = False) -> Iterator[Tell]:
    """What takes how much is done, and of how much; until it is called, only the seconds are shown.
    `what` is the word before them. With `lines` it is said in lines where no terminal is.
    """
    if not sys.stderr.isatty():
        yield _in_lines(what) if lines else _unseen
        return
    dumb = os.environ.get("TERM") == "dumb"
    shown = _DumbLine(sys.stderr, what) if dumb else _Line(sys.stderr, what)
    over = threading.Event()
    ticking = threading.Thread(target=shown.tick, args=(over,), daemon=True)
    ticking.start()
    try:
        with contextlib.redirect_stderr(shown):
            yield shown.report
    finally:
        over.set()
        ticking.join()
        shown.clear()


def _in_lines(what: str) -> Tell:
    """One line now and then: ``counting 20 of 150``."""
    last = float("-inf")

    def tell(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= SECONDS_BETWEEN_LINES:
            last = now
            print(f"{what} {done} of {total}", file=sys.stderr, flush=True)  # noqa: T201 - that is its purpose

    return tell


def _unseen(_done: int, _total: int) -> None:
    """No progress where no terminal is."""


class _Line(io.TextIOBase):
    """The last line of a terminal. Text that is written to it meanwhile comes above the line."""

    every = SECONDS_BETWEEN

    def __init__(self, terminal: TextIO, what: str) -> None:
        self.terminal = terminal
        self._what = what
        self._done, self._total = 0, 0
        self._began = self._drawn = time.monotonic()
        self._width = 0
        self._lock = threading.Lock()

    def report(self, done: int, total: int) -> None:
        """`done` of `total` is done."""
        with self._lock:
            self._done, self._total = done, total
            self._draw_when_due()

    def tick(self, over: threading.Event) -> None:
        """Show the seconds until it is `over`."""
        while not over.wait(1.0):
            with self._lock:
                self._draw_when_due()

    def write(self, text: str) -> int:
        """Write `text` where the line stood; the line comes again below it."""
        with self._lock:
            self._clear()
            self.terminal.write(text)
            self.terminal.flush()
        return len(text)

    def clear(self) -> None:
        """Take the line away."""
        with self._lock:
            self._clear()

    def draw(self, text: str) -> None:
        """Put `text` in the place of the line."""
        text = text[: shutil.get_terminal_size().columns - 1]
        self.terminal.write(f"\r{text.ljust(self._width)}")
        self.terminal.flush()
        self._width = len(text)

    def _draw_when_due(self) -> None:
        now = time.monotonic()
        if now - self._drawn < self.every:
            return
        self._drawn = now
        count = f" {self._done:,} of {self._total:,}" if self._total else ""
        self.draw(f"{self._what}{count}, {int(now - self._began)} s")

    def _clear(self) -> None:
        if self._width:
            self.terminal.write(f"\r{' ' * self._width}\r")
            self.terminal.flush()
        self._width = 0


class _DumbLine(_Line):
    """A terminal that cannot go back in its line."""

    every = DUMB_SECONDS

    def draw(self, text: str) -> None:
        """Write `text` as a line."""
        self.terminal.write(f"{text}\n")
        self.terminal.flush()
