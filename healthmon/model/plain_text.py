"""The one cleaning of texts that a device or a person has written, before anybody is shown them.

A terminal obeys control characters, a log reader takes a line break for a new entry, and text that
runs from right to left can show another name than it is. Imports nothing of the project.
"""

from __future__ import annotations

import functools

LONGEST_SHARED = 200


def one_line(text: str) -> str:
    """`text` as one line that holds no order: characters without a glyph become spaces.

    Those are what Unicode calls Other and Separator (controls, formats, line and paragraph
    separators), but for the space and the no-break space. What is clean is returned as it is.
    """
    if text.isprintable():
        return text
    shown = "".join(c if c.isprintable() or c == "\u00a0" else " " for c in text)
    return shown if shown == text else shown.rstrip()


def sentence(text: str) -> str:
    """A refusal as a sentence. It must not begin with a name: that would be changed."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def shared(text: str) -> str:
    """`text` as the one object that stands for all equal ones, unless it is long. Most devices say
    the same, and much of it is kept.
    """
    return _shared(text) if len(text) <= LONGEST_SHARED else text


@functools.lru_cache(1024)
def _shared(text: str) -> str:
    return text


def clean_lines(text: str) -> str:
    """As `one_line`, line by line, for text whose line breaks are our own."""
    return "\n".join(one_line(line) for line in text.split("\n"))
