"""Whether a clock in the picture counts to 12 or to 24, by what it has shown. Pure."""

from __future__ import annotations

from collections.abc import Collection

# What settles it: an hour that no clock of 12 hours shows; the right hour before noon; after noon
# the right hour less 12. One that is 12 hours behind shows the last, but never the second.
BEYOND, FORENOON, AFTERNOON = "beyond", "forenoon", "afternoon"


def evidence(shown: int, true: int) -> str:
    """What the hour that a clock has `shown` tells when it is the hour `true` (0 to 23); "" where it
    tells nothing.
    """
    if shown == 0 or shown > 12:
        return BEYOND
    if shown == true:
        return FORENOON if shown < 12 else ""
    return AFTERNOON if (true - shown) % 24 == 12 else ""


def counted(seen: Collection[str]) -> int:
    """How many hours a clock counts that has shown all this: 12, 24, or 0 where that is open."""
    if BEYOND in seen:
        return 24
    return 12 if {FORENOON, AFTERNOON} <= set(seen) else 0
