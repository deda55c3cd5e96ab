"""The memory of the long run: the allocator and the collector, set for a process that stays small
for months.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import warnings

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


def trim() -> None:
    """Give back what malloc keeps between blocks in use, after scrapes were made: 3
    MB in 1 ms.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def settled() -> None:
    """What is loaded now is there to stay: the collector need not walk it again.

    With 10,000 devices each full collection would hold up the event loop by 180 ms.
    """
    gc.collect()
    gc.freeze()
