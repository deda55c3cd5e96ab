"""The one cleaning of texts that a device or a person has written, before anybody is shown them.

A terminal obeys control characters, a log reader takes a line break for a new entry, and text that
runs from right to left can show another name than it is. Imports nothing of the project.
"""

from __future__ import annotations


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


def clean_lines(text: str) -> str:
    """As `one_line`, line by line, for text whose line breaks are our own."""
    return "\n".join(one_line(line) for line in text.split("\n"))
