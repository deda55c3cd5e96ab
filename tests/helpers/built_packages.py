"""Packages that `make packages` has built: it needs the network, which tests do not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.support import IN_CI

ROOT = Path(__file__).parents[2]
STAMP = ROOT / "dist" / ".packages"
# What goes into a package, as in the Makefile.
PARTS = ("healthmon", "exporters", "dashboards", "docs/runbooks", "packaging")


def built(pattern: str) -> Path:
    """The newest file of dist; where there is none, or it is of older code, CI fails and a laptop skips."""
    found = sorted(STAMP.parent.glob(pattern), key=lambda path: path.stat().st_mtime)
    if found and STAMP.exists() and STAMP.stat().st_mtime >= newest_part():
        return found[-1]
    if IN_CI:
        pytest.fail(f"dist/{pattern} is missing or old; .ci/run must run make packages")
    pytest.skip(f"dist/{pattern} is missing or of older code: make packages")


def newest_part() -> float:
    return max(
        path.stat().st_mtime
        for part in PARTS
        for path in (ROOT / part).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )
