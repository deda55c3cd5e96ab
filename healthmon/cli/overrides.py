"""What people have changed on the pages, beside config.yaml: listed, and as YAML for the file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail, load, say
from healthmon.config.problems import ConfigError
from healthmon.incidents.device_changes import KINDS
from healthmon.incidents.local_time import shown
from healthmon.incidents.operations import Operation
from healthmon.incidents.windows import visits_of, windows_of
from healthmon.store import StoreError, location
from healthmon_exporters.reports import overrides_yaml

if TYPE_CHECKING:
    from healthmon.config.schema import Config


def exported(config: Path | None) -> str:
    """The overrides in force as YAML; the exit code is 3 where there is no record of them."""
    _, loaded = load(config)
    try:
        found = _in_force(loaded)
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    say(f"store: {location.shown(loaded)}")
    return overrides_yaml.text(found, ZoneInfo(loaded.estate.time_zone), time.time())


def lines(loaded: Config) -> list[str]:
    """One line for each override in force; none where there is no record."""
    found, zone = known(loaded), ZoneInfo(loaded.estate.time_zone)
    now = time.time()
    windows = [
        f"window {one.subject} of {', '.join((*one.sites, *one.devices))}, "
        f"{shown(one.start, zone)} until {shown(one.end, zone)}: {one.reason} ({one.by})"
        for one in windows_of(found, now)
    ]
    visits = [
        f"{one.reason} ({one.site}), messages held until {shown(one.until, zone)} at most ({one.by})"
        for one in visits_of(found)
        if one.holds(now)
    ]
    changes = [
        f"{one.subject} {overrides_yaml.words_of(one, zone)} ({one.by})"
        for one in found
        if one.kind in KINDS
    ]
    return windows + visits + changes


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
