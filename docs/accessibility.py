"""docs/accessibility.md, written from the statement that the pages serve."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from healthmon_exporters.pages.accessibility import Publisher, Section, statement

WIDTH = 120
HEAD = """# Accessibility statement

Written by `python -m docs` from `exporters/healthmon_exporters/pages/accessibility.py`. The agent serves it to
everybody at `/accessibility`, with the organisation and the contact of `estate.accessibility` in config.yaml in place
of the words in capitals. Check it against your own estate before you publish it: dashboards and pages beside healthmon
are not in it.

"""
PLACEHOLDER = Publisher("ORGANISATION", "CONTACT", 10)


def page() -> str:
    """The text of accessibility.md."""
    return HEAD + "\n".join(line for one in statement(PLACEHOLDER) for line in _lines(one))


def _lines(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    for text in section.paragraphs:
        yield textwrap.fill(text, WIDTH, break_on_hyphens=False) + "\n"
    if section.items:
        yield from (
            textwrap.fill(f"- {text}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
            for text in section.items
        )
        yield ""
