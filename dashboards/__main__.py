"""``python -m dashboards`` writes the JSON; ``--check`` only says what is not as the code would
write it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dashboards import runbooks
from dashboards.frame import text
from dashboards.pages import PAGES

FOLDER = Path(__file__).parent / "grafana"


def main() -> int:
    """The exit code: 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboards", description="Writes the Grafana dashboards."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a file is not up to date"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files go")
    parser.add_argument(
        "--runbooks", default=runbooks.DEFAULT, help="where browsers find the runbooks"
    )
    given = parser.parse_args()
    stale = 0
    for uid, page in PAGES.items():
        path = given.folder / f"{uid}.json"
        made = text(page()).replace(runbooks.DEFAULT, given.runbooks.rstrip("/"))
        if path.is_file() and path.read_text(encoding="utf-8") == made:
            continue
        stale += 1
        sys.stdout.write(f"{path}: {'not up to date' if given.check else 'written'}\n")
        if not given.check:
            path.write_text(made, encoding="utf-8")
    return int(given.check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
