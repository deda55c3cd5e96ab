"""What every command shares: reading the configuration, saying what is wrong, exit codes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from healthmon.model.plain_text import clean_lines

if TYPE_CHECKING:
    from healthmon.config.schema import Config

USAGE = 3


def say(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{clean_lines(text)}\n")


def fail(text: str) -> SystemExit:
    """Say `text` and give the exit for usage and configuration errors."""
    say(text)
    return SystemExit(USAGE)


def load(path: Path | None) -> tuple[Path, Config]:
    """The configuration, or every problem in it, one line each, and exit 3. No secret is read."""
    from healthmon.config import finding, loading
    from healthmon.config.problems import ConfigError
    from healthmon.runtime import extensions

    try:
        found = finding.find(path, os.environ)
        return found, loading.load(found, extensions.installed())
    except ConfigError as error:
        raise fail(str(error)) from None


def read(path: Path | None) -> tuple[Path, Config]:
    """The configuration; a secret that cannot be read is a warning, since only what needs it
    fails.
    """
    from healthmon.config import secrets

    found, config = load(path)
    for problem in secrets.problems(config):
        say(f"warning: {problem}")
    return found, config


def read_watched(path: Path | None) -> tuple[Path, Config]:
    """As `read`; says where nothing is watched, which nobody may take for "all well"."""
    found, config = read(path)
    if problem := nothing_watched(found, config):
        say(f"warning: {problem}")
    return found, config


def nothing_watched(path: Path, config: Config) -> str:
    """What is wrong where no device is configured, else ""."""
    if any((config.cameras, config.recorders, config.ups, config.workstations, config.links)):
        return ""
    return idle(path)


def idle(path: Path) -> str:
    """What is wrong where no device is configured."""
    return (
        f"{path}: nothing is watched: name devices in `cameras`, `recorders`, `ups`, `workstations` or "
        "`links`; `healthmon discover RANGE --write` and `healthmon import FILE --write` add them"
    )


def without_time_servers(path: Path, config: Config) -> str:
    """What to know where clocks are checked against this machine's own clock, else ""."""
    if config.time_servers or not (config.cameras or config.recorders):
        return ""
    words = "device clocks are compared with the clock of this machine alone, while that is synchronised"
    return f"{path}: no `time_servers`: {words}"


def is_empty(config: Config) -> bool:
    """Whether the file says nothing at all."""
    written = config.model_fields_set - {"folder", "file", "digest", "warnings"}
    return not any(getattr(config, name) for name in written)
