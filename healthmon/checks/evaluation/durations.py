"""Lengths of time as people say them. Imports nothing of the project."""

from __future__ import annotations


def duration(seconds: float, *, fine: bool = False) -> str:
    """`seconds` as people say it: ``0.4 s``, ``12.4 s``, ``3 min 10 s``, ``2 h 46 min``, ``9 d 4
    h``; `fine` keeps seconds and tenths behind hours (``1 h 00 min 00.2 s``).
    """
    size = abs(seconds)
    if size < 59.95:
        return f"{size:.1f} s" if size < 20 and round(size, 1) % 1 else f"{size:.0f} s"
    if fine and size < 86400:
        return _fine(size)
    whole = round(size)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    days, hours = divmod(whole // 3600, 24)
    return f"{days} d {hours} h" if days < 10 else f"{days} d"


def _fine(size: float) -> str:
    """Less than a day, to a tenth of a second."""
    hours, rest = divmod(size, 3600)
    minutes, left = divmod(rest, 60)
    text = f"{left:.1f}" if left < 59.95 else "59.9"
    if hours:
        return f"{hours:.0f} h {minutes:02.0f} min {text.zfill(4)} s"
    return f"{minutes:.0f} min {text} s"
