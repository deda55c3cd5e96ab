"""What people have changed on the pages, beside config.yaml: listed, and as YAML for the file."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail, load, say
from healthmon.cli.json_rows import OverrideRow, moment, print_rows
from healthmon.config.problems import ConfigError
from healthmon.incidents.device_changes import KINDS
from healthmon.incidents.local_time import shown
from healthmon.incidents.operations import Operation
from healthmon.incidents.visits import Visit
from healthmon.incidents.windows import Window, visits_of, windows_of
from healthmon.store import StoreError, location
from healthmon_exporters.reports import overrides_yaml

if TYPE_CHECKING:
    from healthmon.config.schema import Config


def show(config: Path | None, *, as_json: bool) -> None:
    """Print the overrides in force, as YAML or JSON; exits where there is no record of them."""
    _, loaded = load(config)
    try:
        found = _in_force(loaded)
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    say(f"store: {location.shown(loaded)}")
    zone, now = ZoneInfo(loaded.estate.time_zone), time.time()
    if as_json:
        print_rows(_rows(found, zone, now))
    else:
        sys.stdout.write(overrides_yaml.text(found, zone, now))


def lines(loaded: Config) -> list[str]:
    """One line for each override in force; none where there is no record."""
    rows = _rows(known(loaded), ZoneInfo(loaded.estate.time_zone), time.time())
    return [f"{row.words} ({row.by})" for row in rows]


def _rows(found: Sequence[Operation], zone: ZoneInfo, now: float) -> list[OverrideRow]:
    """Windows, then visits, then changes of devices."""
    windows = [_window(one, zone) for one in windows_of(found, now)]
    visits = [_visit(one, zone) for one in visits_of(found) if one.holds(now)]
    changes = [_change(one, zone) for one in found if one.kind in KINDS]
    return windows + visits + changes


def _window(one: Window, zone: ZoneInfo) -> OverrideRow:
    words = (
        f"window {one.subject} of {', '.join((*one.sites, *one.devices))}, "
        f"{shown(one.start, zone)} until {shown(one.end, zone)}: {one.reason}"
    )
    times = (moment(one.start, zone), moment(one.end, zone))
    return OverrideRow("window", one.subject, words, one.by, *times)


def _visit(one: Visit, zone: ZoneInfo) -> OverrideRow:
    words = f"{one.reason} ({one.site}), messages held until {shown(one.until, zone)} at most"
    since = moment(one.until if one.arrived is None else one.arrived, zone)
    return OverrideRow("visit", one.site, words, one.by, since, moment(one.until, zone))


def _change(one: Operation, zone: ZoneInfo) -> OverrideRow:
    words = f"{one.subject} {overrides_yaml.words_of(one, zone)}"
    until = None if one.until is None else moment(one.until, zone)
    return OverrideRow("device", one.subject, words, one.by, moment(one.at, zone), until)


def known(loaded: Config) -> tuple[Operation, ...]:
    """The overrides in force; none where there is no record."""
    try:
        return _in_force(loaded)
    except (StoreError, ConfigError):
        return ()


def _in_force(loaded: Config) -> tuple[Operation, ...]:
    """Raises StoreError, ConfigError."""
    store = location.place(loaded).reader()
    try:
        return store.operations_in_force(time.time())
    finally:
        store.close()
