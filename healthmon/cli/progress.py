"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

SECONDS_BETWEEN_LINES = 0.5
PATIENCE = 2.0


def shown_progress(
    what: str, *, lines: bool = False
) -> contextlib.AbstractContextManager[Callable[[int, int], None]]:
    """What takes how much is done, and of how much; `what` is the word before the bar. With `lines` it
    is told in lines where no terminal is.
    """
    if sys.stderr.isatty():
        return _progress(what)
    return contextlib.nullcontext(_in_lines(what) if lines else _unseen)


@contextlib.contextmanager
def shown_late(what: str) -> Iterator[Callable[[int, int], None]]:
    """As `shown_progress` in lines, but nothing in the first `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE

    def tell(done: int, total: int) -> None:
        if time.monotonic() >= end:
            print(f"{what} {done} of {total}", file=sys.stderr, flush=True)  # noqa: T201 - that is its purpose

    yield tell


def _in_lines(what: str) -> Callable[[int, int], None]:
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


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console  # only here: it costs a tenth of a sweep's start
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
