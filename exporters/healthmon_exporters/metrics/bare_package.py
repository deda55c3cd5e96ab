"""Modules of a library without what its package imports besides."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_LOADING = threading.RLock()


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


def postpone(*names: str) -> None:
    """Let modules that nobody has imported yet be executed only when something of them is asked for.
    Libraries import them for what an agent seldom or never does. It helps against ``import x``, not
    against ``from x import y``. Raises ModuleNotFoundError.
    """
    for name in names:
        if name in sys.modules:
            continue
        module = sys.modules[name] = _postponed(name)
        package, _, last = name.rpartition(".")
        if package:
            setattr(sys.modules[package], last, module)


def _postponed(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)
    module, loader = importlib.util.module_from_spec(spec), spec.loader

    begun = False

    def completed(attribute: str) -> Any:
        nonlocal begun
        with _LOADING:  # another thread waits until the module is whole
            if not begun:
                begun = True
                loader.exec_module(module)
                if vars(module)["__getattr__"] is completed:  # some modules have one of their own
                    del vars(module)["__getattr__"]
        if vars(module).get("__getattr__") is completed:  # asked for while it is executed
            raise AttributeError(f"module '{name}' has no attribute '{attribute}' yet")
        return getattr(module, attribute)

    vars(module)["__getattr__"] = completed  # PEP 562
    return module
