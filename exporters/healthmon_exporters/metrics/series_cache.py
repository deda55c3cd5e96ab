"""The rendered series of all devices, family by family: what is kept between scrapes, ready to be
joined.

Of a line only its tail is kept, what stands behind the labels of its device: ``,check="reach"} 1``.
The name and those labels are most of the text; they are put before the tails when it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from healthmon_exporters.metrics import families

Line = tuple[str, str]
Shape = tuple[str, ...]
Row = tuple[bytes, ...]
PIECE = 100
_NAME = b"\0"  # where the labels of the device, then the name, are put: no label value holds it


@functools.lru_cache(512)
def _shared(tails: bytes) -> bytes:
    """The same object for equal ones: what is well says the same of every device."""
    return tails


def based(labels: str) -> bytes:
    """The labels of a device as every row of its owners holds them."""
    return _NAME + labels.encode()


class SeriesCache:
    """Tails by owner (a device, or one check of it). An owner keeps its `Shape`: the families it is
    in.

    A row holds the labels of the owner's device and then, for each family of its shape, the tails.
    `changes` counts changes, from the given number on.
    """

    def __init__(self, changes: int = 0) -> None:
        self._rows: dict[Shape, dict[Hashable, Row]] = {}
        self._shapes: dict[Shape, Shape] = {}
        self.changes = changes
        self._changed = dict.fromkeys(families.known(), changes)

    def show(self, owner: Hashable, base: bytes, before: Shape, lines: Iterable[Line]) -> Shape:
        """Replace the (family, tail) of `owner`, which were of shape `before`; `base` is `based` of
        its device.

        Raises KeyError for a family without help.
        """
        made: dict[str, str] = {}
        for family, tail in lines:
            made[family] = f"{made[family]}\0{tail}\n" if family in made else f"\0{tail}\n"
        shape = self._shape(tuple(made))
        row = (base, *(_shared(text.encode()) for text in made.values()))
        if before != shape:
            self._count((*before, *shape))
            if before:
                del self._rows[before][owner]
        elif shape:
            old = self._rows[shape][owner]
            self._count(family for at, family in enumerate(shape, 1) if row[at] != old[at])
        if shape:
            self._rows[shape][owner] = row
        return shape

    def _count(self, changed: Iterable[str]) -> None:
        """The text of these families is another one now."""
        self.changes += 1
        for family in changed:
            self._changed[family] = self.changes

    def _shape(self, shape: Shape) -> Shape:
        if shape not in self._shapes:
            if nameless := [family for family in shape if family not in families.known()]:
                raise KeyError(*nameless)
            self._shapes[shape] = shape
            self._rows[shape] = {}
        return self._shapes[shape]

    def carry_over(self, owner: Hashable, shape: Shape, other: SeriesCache) -> None:
        """Take the lines of `owner` from `other`."""
        if shape:
            self._rows[self._shape(shape)][owner] = other._rows[shape][owner]

    def snapshot(self) -> Snapshot:
        """Everything as it is at this moment, for any thread."""
        rows = {shape: tuple(rows.values()) for shape, rows in self._rows.items() if rows}
        return Snapshot(rows, self._changed.copy())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of all owners; `changed` says at which change each family became the text that it is."""

    rows: Mapping[Shape, Sequence[Row]]
    changed: Mapping[str, int]

    def pieces(self, family: str, *, openmetrics: bool) -> Iterator[bytes]:
        """The text of a family with HELP and TYPE, piece by piece: as a whole it is large. Nothing where
        it has no series.
        """
        places = [
            (shape.index(family) + 1, rows) for shape, rows in self.rows.items() if family in shape
        ]
        if places:
            kind, text = families.known()[family]
            shown = family.removesuffix("_total") if openmetrics else family
            yield f"# HELP {shown} {text}\n# TYPE {shown} {kind}\n".encode()
        name = f"{family}{{".encode()
        for index, rows in places:
            for at in range(0, len(rows), PIECE):
                lines = [row[index].replace(_NAME, row[0]) for row in rows[at : at + PIECE]]
                yield b"".join(lines).replace(_NAME, name)
