"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


def shown_progress(what: str) -> contextlib.AbstractContextManager[Callable[[int, int], None]]:
    """What takes how much is done, and of how much; `what` is the word before the bar."""
    return _progress(what) if sys.stderr.isatty() else contextlib.nullcontext(_unseen)


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
