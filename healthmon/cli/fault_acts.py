"""``healthmon faults raise|report|attend ...`` and ``healthmon ack``: what people do about a fault."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.cli import fault_life
from healthmon.cli.act_command import print_done
from healthmon.cli.acting import UNNAMED, record
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.faults import fault_number
from healthmon.cli.json_acts import FaultActDone
from healthmon.cli.json_rows import moment as local_moment
from healthmon.config.outline import Outline
from healthmon.config.problems import suggest
from healthmon.incidents.acts import Act, ActError, ActKind, act
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.local_time import moment
from healthmon.store import StoreError

if TYPE_CHECKING:
    from healthmon.config.schema import Config


@dataclass(frozen=True)
class Entry:
    """What a person has given with every act: their name and the local time at which it happened,
    None for now.
    """

    name: str
    at: str | None
    config: Path | None


def do(kind: ActKind, number: str, entry: Entry, **details: str) -> None:
    """Record one act and print what it has done."""
    fault = fault_number(number)
    _, loaded = load(entry.config)
    name = typed(entry.name, loaded) or UNNAMED
    made = replace(checked(kind, name, (entry.at, loaded), **details), number=fault)
    with record(loaded) as kept:
        print_done(done_row(kept.act(made), made, loaded))


def undo(number: str, entry: Entry, reason: str) -> None:
    """Undo the last act that stands. It stays in the record."""
    fault = fault_number(number)
    _, loaded = load(entry.config)
    name = typed(entry.name, loaded) or UNNAMED
    with record(loaded) as kept:
        last = kept.life_cycle(fault).last_act
        if last is None:
            raise StoreError(f"F{fault:06d}: has no act that can be undone")
        details = {"act": str(last.id), "reason": reason}
        made = replace(checked(ActKind.UNDO, name, (None, loaded), **details), number=fault)
        life = kept.act(made)
        row = done_row(life, made, loaded)
        words = f"F{fault:06d}: '{last.kind}' of {last.by} is undone; it stays on record"
        print_done(replace(row, done=f"{words}\n{row.done}"))


def raise_fault(entry: Entry, **details: str) -> None:
    """Raise a fault by hand; it gets its number from the agent, or here where none runs."""
    _, loaded = load(entry.config)
    name = typed(entry.name, loaded) or UNNAMED
    device, site = details.get("device", ""), details.get("site", "")
    names = Outline.of(loaded).names
    if device and device not in names:
        raise fail(f"{device}: no such device in the configuration{suggest(device, names)}")
    if site and site not in (sites := [one.id for one in loaded.sites]):
        raise fail(f"{site}: no such site in the configuration{suggest(site, sites)}")
    made = checked(ActKind.RAISE, name, (entry.at, loaded), **details)
    with record(loaded) as kept:
        number = kept.raise_fault(made)
        if not number:
            print_done(_waiting(made, loaded))
            return
        print_done(done_row(kept.life_cycle(number), replace(made, number=number), loaded))


def checked(kind: ActKind, name: str, when: tuple[str | None, Config], **details: str) -> Act:
    """The act of `name`; `when` is the local time or None, with the configuration that has its zone.
    Exits with what is wrong.
    """
    text, loaded = when
    now, zone = time.time(), ZoneInfo(loaded.estate.time_zone)
    try:
        today = datetime.fromtimestamp(now, zone).date()
        at = now if text is None else moment(text, zone, today)
        return act(kind, name, now, at, **details)
    except (ActError, ValueError) as error:
        raise fail(str(error)) from None


def done_row(life: LifeCycle, made: Act, loaded: Config) -> FaultActDone:
    """An act, once it is on the disk, with the name that it was given there."""
    kept = next((one for one in reversed(life.acts) if one.kind is made.kind), made)
    words = fault_life.done(life, replace(made, by=kept.by), Outline.of(loaded), made.at)
    return _row(kept, loaded, words, life)


def _waiting(made: Act, loaded: Config) -> FaultActDone:
    """A raised fault that has no number yet."""
    words = "the fault is kept; the agent did not answer and gives it a number later"
    return _row(made, loaded, f"{words}: healthmon faults", None)


def _row(made: Act, loaded: Config, words: str, life: LifeCycle | None) -> FaultActDone:
    zone = ZoneInfo(loaded.estate.time_zone)
    return FaultActDone(
        words,
        f"F{life.incident.number:06d}" if life else None,
        made.id or None,
        made.kind.value,
        made.by,
        local_moment(made.at, zone),
        local_moment(made.happened, zone),
        dict(made.details),
        life.stage.value if life else None,
    )
