"""What the walk takes at the keyboard, by the keystroke-level model (Card, Moran and Newell, 1980).

The sequences here are those that the browser test sends, and the operators around them: the hand goes
to the control of the VMS and back for each camera, and before each decision there is a thought.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# Seconds: a key or a click, a thought, the mouse to a target, a hand to another device.
K, M, P, H = 0.28, 1.35, 1.10, 0.40

WELL: Final = "w"
SKIP: Final = "s"
UNDO: Final = "u"
WHAT: Final = "n"
ENTER: Final = "\ue007"
WORDS: Final = "lens or dome is dirty"
NOT_WELL: Final = (WHAT, WORDS, ENTER)


def keys(sequence: Sequence[str]) -> int:
    """How many keys these are."""
    return sum(map(len, sequence))


def one_camera(sequence: Sequence[str], thoughts: int) -> float:
    """Seconds for one camera, without those in which it is called up in the VMS and seen."""
    return 2 * H + thoughts * M + keys(sequence) * K


def whole_walk(cameras: int, not_well: int) -> float:
    """Seconds from the desk to the end of a walk: the check is started and, once it is made, the walk
    is opened, both by the mouse; then each camera is ticked.
    """
    start = H + 2 * (M + P + K)
    well = (cameras - not_well) * one_camera((WELL,), 1)
    return start + well + not_well * one_camera(NOT_WELL, 2)
