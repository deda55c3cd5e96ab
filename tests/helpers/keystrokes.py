"""What the walk takes at the keyboard, by the keystroke-level model (Card, Moran and Newell, 1980).

The sequences here are those that the browser tests send; the walk of 22 cameras counts what it has sent
(`walked`). The operators around them: the hand goes
to the control of the VMS and back for each camera, and before each decision there is a thought.
"""

from __future__ import annotations

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


def walked(keys: int, clicks: int, cameras: int, not_well: int) -> float:
    """Seconds for a walk that took so many `keys` and `clicks`: a hand to the mouse, a thought and a
    move before each click; for each camera the hand to the control of the VMS and back and a thought,
    one more for what is not well.
    """
    mouse = H + clicks * (M + P + K)
    return mouse + keys * K + cameras * (2 * H + M) + not_well * M
