"""Counts in sentences: ``1 visit``, ``12,000 visits``. Imports nothing of the project."""

from __future__ import annotations


def count_of(count: int, one: str, many: str = "") -> str:
    """`count` with its noun: `one`, or `many` (default: `one` with an s) for any other count."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
