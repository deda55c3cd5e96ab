"""Modules of a library without what its package imports besides."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def bare(name: str) -> Iterator[ModuleType]:
    """Inside, modules of the package `name` are imported and its ``__init__`` is not executed:
    uvicorn's brings its command line and a process manager, 2 MB that an agent would keep for
    months. Gives the package; afterwards it can be imported as ever. Raises ModuleNotFoundError.
    """
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)
    if name in sys.modules:
        yield sys.modules[name]
        return
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        yield package
    finally:
        del sys.modules[name]
