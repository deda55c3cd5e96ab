"""Who acts: the one place from which commands have the name that is stored with an act."""

from __future__ import annotations

from healthmon.cli.console import fail
from healthmon.model.plain_text import one_line


def named(name: str) -> str:
    """The name of the person who acts, as they give it with `--name`. Exits where there is none."""
    found = " ".join(one_line(name).split())
    if not found:
        raise fail("a name is needed: --name 'A. Smith'")
    return found
