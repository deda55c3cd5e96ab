"""docs/development.md: the map lists every package, and its commands name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "development.md").read_text()
MAP = TEXT.partition("\n## Map of the packages\n")[2].partition("\n## ")[0]
LISTED = set(re.findall(r"^\| `([^`]+)` \|", MAP, re.MULTILINE))


def packages() -> set[str]:
    """The folders with modules of healthmon and the exporters, without the outermost ones."""
    found = {
        path.parent.relative_to(ROOT).as_posix()
        for folder in ("healthmon", "exporters/healthmon_exporters")
        for path in (ROOT / folder).glob("*/**/__init__.py")
    }
    return {name for name in found if not name.startswith("healthmon/demo/")}


def test_the_map_lists_every_package() -> None:
    assert packages() - LISTED == set()


def test_everything_on_the_map_exists() -> None:
    assert [name for name in sorted(LISTED) if not (ROOT / name).exists()] == []


def test_the_tests_that_are_named_exist() -> None:
    named = set(re.findall(r"`?(tests/[\w/]+(?:\.py|\.txt)?)", TEXT))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
