"""The application of an estate, for the programs that measure inside this process."""

from __future__ import annotations

from pathlib import Path

from healthmon.config import loading
from healthmon.runtime import engine


def build(path: Path) -> engine.CheckEngine:
    """The check engine of an estate's configuration."""
    return engine.build(loading.load(path))
