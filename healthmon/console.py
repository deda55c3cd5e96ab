"""What every command shares: reading the configuration, saying what is wrong, exit codes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from healthmon import config as configuration
from healthmon.config import Config, ConfigError, secrets

USAGE = 3
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="config.yaml (default: $HEALTHMON_CONFIG, ./, /etc/healthmon/)"),
]


def say(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{text}\n")


def fail(text: str) -> typer.Exit:
    """Say `text` and give the exit for usage and configuration errors."""
    say(text)
    return typer.Exit(USAGE)


def load(path: Path | None) -> tuple[Path, Config]:
    """The configuration, or every problem in it, one line each, and exit 3. No secret is read."""
    try:
        found = configuration.find_config(path, os.environ)
        return found, configuration.load(found)
    except ConfigError as error:
        raise fail(str(error)) from None


def read(path: Path | None, *, need_secrets: bool = True) -> tuple[Path, Config]:
    """The configuration with its secrets; those that cannot be read are problems too, or warnings."""
    found, config = load(path)
    problems = secrets.problems(config)
    if problems and need_secrets:
        raise fail("\n".join(str(problem) for problem in problems))
    for problem in problems:
        say(f"warning: {problem}")
    return found, config
