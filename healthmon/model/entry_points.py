"""What installed packages add, by the group of their entry points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_empty: set[str] = set()


def of_group(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of `group`."""
    if group in _empty:
        return ()
    from importlib.metadata import entry_points  # it brings ZIP, CSV and more: 0.7 MB

    return tuple(entry_points(group=group))


def nothing_in(groups: Iterable[str]) -> None:
    """Say that another process has found nothing in `groups`, so that nobody need look here."""
    _empty.update(groups)
