"""The rendered lines of all devices, family by family: what is kept between scrapes, ready to be joined."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from healthmon_exporters import families

Line = tuple[str, str]
Shape = tuple[str, ...]


class Blocks:
    """Lines by family and owner (a device, or one check of it). An owner keeps its `Shape`: the families it is in."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Hashable, bytes]] = {family: {} for family in families.HELP}
        self._shapes: dict[Shape, Shape] = {}

    def show(self, owner: Hashable, before: Shape, lines: Iterable[Line]) -> Shape:
        """Replace the lines of `owner`, which were of shape `before`. Raises KeyError for a family without help."""
        made: dict[str, str] = {}
        for family, line in lines:
            made[family] = made[family] + line if family in made else line
        for family in before:
            if family not in made:
                del self._rows[family][owner]
        for family, text in made.items():
            self._rows[family][owner] = text.encode()
        shape = tuple(made)
        return self._shapes.setdefault(shape, shape)

    def carry_over(self, owner: Hashable, shape: Shape, other: Blocks) -> None:
        """Take the lines of `owner` from `other`."""
        for family in shape:
            self._rows[family][owner] = other._rows[family][owner]

    def picture(self, *, openmetrics: bool) -> list[bytes]:
        """Every line with HELP and TYPE, as they are at this moment, to be joined by any thread."""
        found: list[bytes] = []
        for family, rows in self._rows.items():
            if rows:
                kind, text = families.HELP[family]
                shown = family.removesuffix("_total") if openmetrics else family
                found.append(f"# HELP {shown} {text}\n# TYPE {shown} {kind}\n".encode())
                found.extend(rows.values())
        return [*found, b"# EOF\n"] if openmetrics else found
