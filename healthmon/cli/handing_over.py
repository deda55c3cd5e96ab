"""``healthmon sign`` and ``healthmon note``: what a shift leaves behind. In whose name is said by the
users file; without one, by `--name`.
"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from healthmon.cli.act_command import print_done
from healthmon.cli.acting import record
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.json_acts import NoteWritten, SheetSigned
from healthmon.cli.json_rows import moment
from healthmon.incidents.local_time import shown
from healthmon.model.plain_text import one_line


def sign(name: str, config: Path | None, note: str) -> None:
    """Sign the last sweep. It must not be older than the `sign` of the shift check."""
    _, loaded = load(config)
    remark = " ".join(one_line(note).split())
    with record(loaded) as kept:
        made, how, by = kept.sign(typed(name, loaded), remark)
    at = shown(made, ZoneInfo(loaded.estate.time_zone))
    words = {
        "signed": f"the shift check of {at} is signed by {by}",
        "added": f"the shift check of {at} was signed already; {by} is noted in addition",
        "already": f"{by} has signed the shift check of {at} already; nothing was changed",
    }
    sheet = moment(made, ZoneInfo(loaded.estate.time_zone))
    print_done(SheetSigned(words[how], sheet, how, by, remark))


def note(text: str, name: str, config: Path | None) -> None:
    """Write a note for the next shift."""
    if not one_line(text).strip():
        raise fail("the note has no text")
    _, loaded = load(config)
    with record(loaded) as kept:
        by = kept.write_note(typed(name, loaded), text)
    print_done(NoteWritten(f"noted for the next shift by {by}", by, one_line(text).strip()))
