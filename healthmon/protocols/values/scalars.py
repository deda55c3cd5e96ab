"""Single words of a device's answer -> values: what is no such value is None, never a
zero. Pure.
"""

from __future__ import annotations

import math

_FLAGS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def flag(word: object) -> bool | None:
    """Yes or no in the words that devices use (true, yes, on, 1)."""
    return (
        word
        if isinstance(word, bool)
        else _FLAGS.get(str(word or "").strip().lower())
        if word != 0
        else False
    )


def number(word: object, low: float, high: float) -> float | None:
    """A number within [low, high]."""
    if isinstance(word, bool) or not isinstance(word, str | int | float) or len(str(word)) > 32:
        return None
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) and low <= value <= high else None


def whole(word: object, most: int = 10**9) -> int | None:
    """A whole number from 0 to `most`."""
    value = number(word, 0, most)
    return int(value) if value is not None and value == int(value) else None


def place(name: str) -> tuple[int, str]:
    """Where `name` stands in a list of numbered things: 2 before 10, what is no number last."""
    digits = name.lstrip("0")
    return (len(digits), digits) if name.isdecimal() else (1 << 30, name)


def words(text: object, longest: int = 64) -> str | None:
    """A short text without line breaks."""
    if not isinstance(text, str):
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return line[:longest] or None
