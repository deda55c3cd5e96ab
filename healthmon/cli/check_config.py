"""What `check-config` does. Loaded by that command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from healthmon.cli import extras, overrides
from healthmon.cli.console import fail, is_empty, load, nothing_watched, say, without_time_servers
from healthmon.config import secrets
from healthmon.config.schema import Config
from healthmon.runtime import listener_config
from healthmon.runtime.estate import overload
from healthmon.store import location


def show(config: Path | None, devices: Sequence[str]) -> None:
    """Every setting of each device, and where it stands. Exits where one of them is not there."""
    from healthmon.cli import device_settings

    path, _ = load(config)
    for device in devices:
        sys.stdout.write("\n".join(device_settings.lines(path, device)) + "\n")


def check_config(config: Path | None, *, strict: bool) -> None:
    """Every mistake of the configuration; with `strict` a warning is one too."""
    path, loaded = load(config)
    problems = [str(problem) for problem in secrets.problems(loaded)]
    problems += [f"{path}: {problem}" for problem in extras.problems(loaded)]
    idle = nothing_watched(path, loaded)
    if idle and is_empty(loaded):
        problems.append(idle)
        idle = ""
    warnings = (
        *filter(None, (idle, without_time_servers(path, loaded))),
        *loaded.warnings,
        *listener_config.head_kept_nowhere(loaded),
        *listener_config.problems(path, loaded),
        *listener_config.warnings(loaded),
        *overload(loaded),
    )
    for warning in warnings:
        say(f"warning: {warning}")
    if problems:
        raise fail("\n".join(problems))
    say(f"store: {location.shown(loaded)}")
    for line in overrides.lines(loaded):
        say(f"override: {line}")
    sys.stdout.write(f"{path}: well formed: {_counts(loaded)}\n")
    if strict and warnings:
        raise fail(f"{_counted(len(warnings), 'warning')}, and --strict allows none")


def _counts(loaded: Config) -> str:
    counted = [
        (loaded.cameras, "camera"),
        (loaded.recorders, "recorder"),
        (loaded.ups, "UPS"),
        *([(loaded.workstations, "workstation")] if loaded.workstations else []),
        (loaded.links, "link"),
        (loaded.time_servers, "time server"),
    ]
    return ", ".join(_counted(len(these), what) for these, what in counted)


def _counted(count: int, what: str) -> str:
    """As in "1 camera", "2 cameras"; UPS has no plural of its own."""
    return f"{count} {what}{'s' * (count != 1 and what != 'UPS')}"
