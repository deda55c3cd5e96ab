"""``healthmon sign`` and ``healthmon note``: what a shift leaves behind. In whose name is said by the
users file; without one, by `--name`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.cli.acting import record
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.incidents.local_time import shown
from healthmon.model.plain_text import one_line

if TYPE_CHECKING:
    pass


def sign(name: str, config: Path | None, note: str) -> None:
    """Sign the last sweep. It must not be older than the `sign` of the shift check."""
    _, loaded = load(config)
    with record(loaded) as kept:
        made, how, by = kept.sign(typed(name, loaded), " ".join(one_line(note).split()))
    at = shown(made, ZoneInfo(loaded.estate.time_zone))
    words = {
        "signed": f"the shift check of {at} is signed by {by}",
        "added": f"the shift check of {at} was signed already; {by} is noted in addition",
        "already": f"{by} has signed the shift check of {at} already; nothing was changed",
    }
    sys.stdout.write(words[how] + "\n")


def note(text: str, name: str, config: Path | None) -> None:
    """Write a note for the next shift."""
    if not one_line(text).strip():
        raise fail("the note has no text")
    _, loaded = load(config)
    with record(loaded) as kept:
        by = kept.write_note(typed(name, loaded), text)
    sys.stdout.write(f"noted for the next shift by {by}\n")
