"""What `check-config` does. Loaded by that command."""

from __future__ import annotations

import sys
from pathlib import Path

from healthmon.cli import overrides
from healthmon.cli.console import fail, is_empty, load, nothing_watched, say, without_time_servers
from healthmon.config import secrets
from healthmon.runtime import listener_config
from healthmon.store import location


def check_config(config: Path | None) -> None:
    """Every mistake of the configuration."""
    path, loaded = load(config)
    problems = [str(problem) for problem in secrets.problems(loaded)]
    idle = nothing_watched(path, loaded)
    if idle and is_empty(loaded):
        problems.append(idle)
        idle = ""
    for warning in (
        *filter(None, (idle, without_time_servers(path, loaded))),
        *loaded.warnings,
        *listener_config.problems(path, loaded),
        *listener_config.warnings(loaded),
    ):
        say(f"warning: {warning}")
    if problems:
        raise fail("\n".join(problems))
    say(f"store: {location.shown(loaded)}")
    for line in overrides.lines(loaded):
        say(f"override: {line}")
    counts = (
        f"{len(loaded.cameras)} cameras, {len(loaded.recorders)} recorders, {len(loaded.ups)} UPS"
    )
    if loaded.workstations:
        counts += f", {len(loaded.workstations)} workstations"
    sys.stdout.write(
        f"{path}: well formed: {counts}, {len(loaded.links)} links, {len(loaded.time_servers)} time servers\n"
    )
