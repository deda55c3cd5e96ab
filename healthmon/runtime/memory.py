"""The memory of the long run: the allocator, the collector and the classes of our records, set for a
process that stays small for months.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import gc
import reprlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Never

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # <malloc.h>
_LARGE = 256 * 1024
# What requests (of apprise) loads and does without where it is missing: the guessing of encodings.
_UNUSED = ("charset_normalizer",)


def lean() -> None:
    """One malloc arena, and large blocks go back to the system at once (where it is glibc's).

    By default each thread gets an arena of its own and the thresholds grow with the largest block
    ever freed (the text of a scrape): measured with 1,000 cameras, 20 MB more.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in (
            (_M_ARENA_MAX, 1),
            (_M_MMAP_THRESHOLD, _LARGE),
            (_M_TRIM_THRESHOLD, _LARGE),
        ):
            mallopt(parameter, value)
    for name in _UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # importing it fails, as where it is not installed
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
    share_methods()
    gc.collect()


def share_methods() -> None:
    """Let all our records have the same three methods (docs/adr/0055): `dataclasses` makes them anew
    for every class, and those of a frozen one with slots keep a second class alive: 2.3 MB.
    """
    for record in _records():
        for name, one_for_all in _SHARED.items():
            if _is_generated(record.__dict__.get(name)):
                setattr(record, name, one_for_all)


def _records() -> Iterator[type[Any]]:
    """The dataclasses of our own modules that are loaded."""
    for name, module in tuple(sys.modules.items()):
        if name.startswith("healthmon"):
            for found in tuple(vars(module).values()):
                if isinstance(found, type) and "__dataclass_fields__" in found.__dict__:
                    yield found


def _is_generated(method: object) -> bool:
    """Whether `dataclasses` has made it, from a text that stands in no file."""
    code = getattr(getattr(method, "__wrapped__", method), "__code__", None)
    return code is not None and code.co_filename == "<string>"


@reprlib.recursive_repr()
def _shown(self: Any) -> str:
    told = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(told)})"


def _kept_as_is(_self: Any, name: str, _value: object) -> Never:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _kept_there(_self: Any, name: str) -> Never:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_SHARED = {"__repr__": _shown, "__setattr__": _kept_as_is, "__delattr__": _kept_there}


def trim() -> None:
    """Give back what malloc keeps between blocks in use, after scrapes were made: 3
    MB in 1 ms.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def settled() -> None:
    """What is loaded now is there to stay: the collector need not walk it again.

    With 10,000 devices each full collection would hold up the event loop by 180 ms. What folders of
    modules hold is forgotten: a later import reads them again.
    """
    sys.path_importer_cache.clear()
    gc.collect()
    gc.freeze()
