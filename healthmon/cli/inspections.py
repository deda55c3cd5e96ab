"""``healthmon picture looks`` and ``answer``: pictures that a person is asked to look at."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.cli.act_command import print_all_done
from healthmon.cli.acting import UNNAMED, record
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.fault_acts import checked, done_row
from healthmon.cli.json_rows import InspectionCamera, InspectionRow, moment, print_rows
from healthmon.cli.opening import opened
from healthmon.config.outline import Outline
from healthmon.config.problems import suggest
from healthmon.incidents.acts import ActKind
from healthmon.incidents.inspections import Inspection, inspections_of
from healthmon.incidents.local_time import shown
from healthmon.store import Wanted, location
from healthmon.store.location import StoreLocation

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.incidents.incident import Incident

_KINDS = {"yes": ActKind.CONFIRM, "no": ActKind.DISMISS}


def show(file: Path | None, *, as_json: bool) -> None:
    """One line for each picture, or for many of a site together."""
    _, loaded = load(file)
    known, zone = Outline.of(loaded), ZoneInfo(loaded.estate.time_zone)
    asked = inspections_of(_open(loaded))
    if as_json:
        print_rows([_row(one, known, zone) for one in asked])
        return
    lines = [_line(one, known, zone) for one in asked]
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "no picture needs a person\n")


def _row(asked: Inspection, known: Outline, zone: ZoneInfo) -> InspectionRow:
    cameras = tuple(
        InspectionCamera(one.device, known.names.get(one.device, ""), f"F{one.number:06d}")
        for one in asked.incidents
    )
    return InspectionRow(cameras, asked.sentence, moment(asked.since, zone))


def _line(asked: Inspection, known: Outline, zone: ZoneInfo) -> str:
    devices = (f"{one.device} {known.names.get(one.device, '')}" for one in asked.incidents)
    numbers = ", ".join(f"F{one.number:06d}" for one in asked.incidents)
    since = shown(asked.since, zone)
    return f"{', '.join(devices)}: {asked.sentence}; since {since} ({numbers})"


def answer(camera: str, said: str, who: tuple[str, str], file: Path | None) -> None:
    """Record yes or no for all that is asked about a camera; `who` are the name and a remark."""
    kind = _KINDS.get(said.lower())
    if kind is None:
        raise fail(f"'{said}' is no answer: yes (it is a fault) or no (a false alarm)")
    _, loaded = load(file)
    names = Outline.of(loaded).names
    if camera not in names:
        raise fail(f"{camera}: no such camera in the configuration{suggest(camera, names)}")
    asked = [one for one in _open(loaded) if one.is_asked_about and one.device == camera]
    if not asked:
        raise fail(f"{camera}: nobody is asked to look at it: healthmon picture looks")
    name = typed(who[0], loaded) or UNNAMED
    made = checked(kind, name, (None, loaded), note=who[1])
    with record(loaded) as kept:
        numbered = [replace(made, number=one.number) for one in asked]
        print_all_done([done_row(kept.act(one), one, loaded) for one in numbered])


def _open(loaded: Config) -> list[Incident]:
    """The open incidents, with what people have answered."""
    with opened(lambda: location.place(loaded), StoreLocation.reader) as store:
        lives = store.life_cycles(store.incidents(Wanted(open_only=True)))
    return [life.incident for life in lives]
