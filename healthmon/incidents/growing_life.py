"""The life of a fault while acts are added to it, one after the other. Pure."""

from __future__ import annotations

from typing import Final

from healthmon.incidents.acts import Act, ActKind
from healthmon.incidents.life_cycle import LifeCycle

# None of these decides whether another act of them may be recorded, however many there are.
_WORK: Final = frozenset({ActKind.REPORT, ActKind.ATTEND, ActKind.FIX})


class GrowingLife:
    """`life` and what is added to it. Reports, visits and fixes are folded in once, when the life is
    read: a file of thousands of them costs as much as its lines, not as their square.
    """

    def __init__(self, life: LifeCycle) -> None:
        self._life = life
        self._added: list[Act] = []

    @property
    def life(self) -> LifeCycle:
        """The life with all acts that were added."""
        if self._added:
            self._life = LifeCycle.of(self._life.incident, (*self._life.acts, *self._added))
            self._added = []
        return self._life

    def refusal(self, new: Act) -> str:
        """Why `new` cannot be recorded after all others; "" where it can."""
        life = self._life if new.kind in _WORK else self.life
        return life.refusal(new, new.at)

    def add(self, new: Act) -> None:
        """Add an act. Its `id` is above those of all others."""
        self._added.append(new)
        if new.kind not in _WORK:
            self._life = self.life
