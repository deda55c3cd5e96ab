"""Commands that change something. With ``--json`` they print what was recorded, else one sentence."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from healthmon.cli.json_rows import print_row, print_rows
from healthmon.cli.options import JsonOption

_AS_JSON: ContextVar[bool] = ContextVar("as_json", default=False)


def with_json(command: Callable[..., None]) -> Callable[..., None]:
    """A command that changes something, with the option ``--json``, which it need not hand on."""

    @functools.wraps(command)
    def run(*, as_json: bool, **given: Any) -> None:
        before = _AS_JSON.set(as_json)
        try:
            command(**given)
        finally:
            _AS_JSON.reset(before)

    own = inspect.signature(command, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    option = inspect.Parameter("as_json", kind, default=False, annotation=JsonOption)
    whole = own.replace(parameters=[*own.parameters.values(), option])
    run.__signature__ = whole  # type: ignore[attr-defined]
    run.__annotations__ = {name: one.annotation for name, one in whole.parameters.items()}
    return run


class Done(Protocol):
    """What was recorded; `done` says it in words."""

    @property
    def done(self) -> str:
        """What has been done, in a sentence."""


def print_done(row: Done) -> None:
    """Print what a command has done."""
    if _AS_JSON.get():
        print_row(row)
    else:
        sys.stdout.write(f"{row.done}\n")


def print_all_done(rows: Sequence[Done]) -> None:
    """Print what a command has done that records several acts, as a list."""
    if _AS_JSON.get():
        print_rows(rows)
    else:
        sys.stdout.write("".join(f"{row.done}\n" for row in rows))


def prints_json() -> bool:
    """Whether the command is to print JSON."""
    return _AS_JSON.get()
