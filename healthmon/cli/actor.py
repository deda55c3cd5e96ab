"""Who acts: the one place from which commands have the name that is stored with an act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthmon.cli.console import fail
from healthmon.model.plain_text import one_line

if TYPE_CHECKING:
    from healthmon.config.schema import Config


def typed(name: str, loaded: Config) -> str:
    """The name that was given, "" for none: it may be missing where a users file says who acts."""
    if loaded.agent.users_file is not None and not name.strip():
        return ""
    return named(name)


def named(name: str) -> str:
    """The name of the person who acts, as they give it with `--name`. Exits where there is none."""
    found = " ".join(one_line(name).split())
    if not found:
        raise fail("a name is needed: --name 'A. Smith'")
    return found
