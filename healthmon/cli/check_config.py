"""What `check-config` does. Loaded by that command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from healthmon.cli import extras, overrides
from healthmon.cli.console import (
    USAGE,
    is_empty,
    load,
    nothing_watched,
    say,
    without_time_servers,
)
from healthmon.cli.json_rows import ConfigCheck, SettingRow, print_row, print_rows
from healthmon.config import finding, loading, secrets
from healthmon.config.problems import ConfigError
from healthmon.config.schema import Config
from healthmon.model.count_words import count_of
from healthmon.runtime import extensions, listener_config
from healthmon.runtime.estate import overload
from healthmon.store import location

_NOUNS = {
    "cameras": "camera",
    "recorders": "recorder",
    "ups": "UPS",
    "workstations": "workstation",
    "links": "link",
    "time_servers": "time server",
}


def show(config: Path | None, devices: Sequence[str], *, as_json: bool) -> None:
    """Every setting of each device, and where it stands. Exits where one of them is not there."""
    from healthmon.cli import device_settings

    path, _ = load(config)
    found = {device: device_settings.rows(path, device) for device in devices}
    if as_json:
        print_rows([SettingRow(device, *row) for device in found for row in found[device]])
        return
    for rows in found.values():
        sys.stdout.writelines(f"{line}\n" for line in device_settings.lines(rows))


def check_config(config: Path | None, *, strict: bool, as_json: bool) -> None:
    """Every mistake of the configuration; with `strict` a warning is one too. Exits with 3 for one."""
    try:
        path = finding.find(config, os.environ)
        loaded = loading.load(path, extensions.installed())
    except ConfigError as error:
        problems = tuple(map(str, error.problems))
        found = ConfigCheck(str(config or ""), False, problems, (), (), {})
        store = ""
    else:
        found, store = _checked(path, loaded), location.shown(loaded)
    if as_json:
        print_row(found)
    else:
        _tell(found, store)
    if strict and found.well_formed and found.warnings:
        say(f"{count_of(len(found.warnings), 'warning')}, and --strict allows none")
        raise SystemExit(USAGE)
    if not found.well_formed:
        raise SystemExit(USAGE)


def _checked(path: Path, loaded: Config) -> ConfigCheck:
    """What is wrong with a file that can be read, and what to know about it."""
    problems = [str(problem) for problem in secrets.problems(loaded)]
    problems += [f"{path}: {problem}" for problem in extras.problems(loaded)]
    unwatched = nothing_watched(path, loaded)
    if unwatched and is_empty(loaded):
        problems.append(unwatched)
        unwatched = ""
    warnings = (
        *filter(None, (unwatched, without_time_servers(path, loaded))),
        *loaded.warnings,
        *listener_config.head_kept_nowhere(loaded),
        *listener_config.problems(path, loaded),
        *listener_config.warnings(loaded),
        *overload(loaded),
    )
    changed = () if problems else tuple(overrides.lines(loaded))
    counts = {section: len(getattr(loaded, section)) for section in _NOUNS}
    texts = tuple(map(str, warnings))
    return ConfigCheck(str(path), not problems, tuple(problems), texts, changed, counts)


def _tell(found: ConfigCheck, store: str) -> None:
    """The same in lines."""
    for warning in found.warnings:
        say(f"warning: {warning}")
    if not found.well_formed:
        say("\n".join(found.problems))
        return
    say(f"store: {store}")
    for line in found.overrides:
        say(f"override: {line}")
    sys.stdout.write(f"{found.file}: well formed: {_counts(found)}\n")


def _counts(found: ConfigCheck) -> str:
    """As in "1 camera, 2 recorders"; of workstations only where there are some."""
    shown = {
        section: count
        for section, count in found.counts.items()
        if count or section != "workstations"
    }
    return ", ".join(
        count_of(count, _NOUNS[section], "UPS" if section == "ups" else "")
        for section, count in shown.items()
    )
