"""Modules of a library without what its package imports besides."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def bare(name: str) -> Iterator[ModuleType]:
    """Inside, modules of the package `name` are imported without its ``__init__``, which is executed
    when somebody asks the package for what it has not got yet: uvicorn's brings its command line and
    a process manager, 2 MB that an agent would keep for months. Gives the package. Raises
    ModuleNotFoundError.
    """
    if name not in sys.modules:
        sys.modules[name] = _postponed(name)
    yield sys.modules[name]


def _postponed(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)
    package, loader = importlib.util.module_from_spec(spec), spec.loader

    def completed(attribute: str) -> Any:
        del vars(package)["__getattr__"]
        loader.exec_module(package)
        return getattr(package, attribute)

    vars(package)["__getattr__"] = completed  # PEP 562
    return package
