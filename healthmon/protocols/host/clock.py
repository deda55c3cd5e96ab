"""What the kernel says of our own clock: ``adjtimex`` with modes 0, which only reads (Linux)."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

STA_UNSYNC = 0x40


@dataclass(frozen=True, slots=True)
class HostClock:
    """Whether the kernel takes its clock for synchronised, and the error it admits, seconds."""

    synchronised: bool
    error: float


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 256),
    )


def read() -> HostClock | None:
    """The kernel's word, or None where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = _Timex()
        if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return HostClock(not found.status & STA_UNSYNC, found.maxerror / 1e6)
