"""What config.yaml asks for and this installation lacks: libraries that are extras of the package."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from healthmon.config.schema import Config
from healthmon.picture import pool


def problems(config: Config) -> Iterator[str]:
    """One line for each: the setting, what is missing, and how to install it."""
    if config.pictures.enabled and (why := pool.missing()):
        yield f"pictures: {why}"
    if config.database is not None and _lacks("psycopg"):
        yield "database: psycopg is not installed: pip install 'healthmon[postgresql]'"
    if _lacks("apprise"):
        for name, target in config.notify.items():
            if target.apprise is not None:
                yield f"notify: {name}: apprise is not installed: pip install 'healthmon[apprise]'"


def without_the_demo() -> str:
    """Why the simulated estate cannot start, "" where it can: its cameras encode by PyAV."""
    return "av is not installed: pip install 'healthmon[demo]'" if _lacks("av") else ""


def _lacks(name: str) -> bool:
    return importlib.util.find_spec(name) is None
