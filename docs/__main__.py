"""``python -m docs`` writes the generated documents; ``--check`` only names those that are old."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from docs import (
    accessibility,
    commands,
    fault_catalogue,
    function_check,
    glossary,
    json_output,
    metrics,
    network,
    roles,
    settings,
    supported,
)

FOLDER = Path(__file__).parent
PAGES = {
    "accessibility.md": accessibility.page,
    "commands.md": commands.page,
    "glossary.md": glossary.page,
    "fault-catalogue.md": fault_catalogue.page,
    "json.md": json_output.page,
    "metrics.md": metrics.page,
    "network.md": network.page,
    "roles.md": roles.page,
    "settings.md": settings.page,
    "function-check.md": function_check.page,
    "supported.md": supported.page,
    **json_output.schemas(),
}


def main() -> int:
    """The exit code: 1 when ``--check`` finds a document that the code would write otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m docs", description="Writes the generated documents."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one is old")
    check_only = parser.parse_args().check
    old = 0
    for name, page in PAGES.items():
        path = FOLDER / name
        made = page()
        if path.is_file() and path.read_text(encoding="utf-8") == made:
            continue
        old += 1
        sys.stdout.write(f"{path}: {'not up to date' if check_only else 'written'}\n")
        if not check_only:
            path.write_text(made, encoding="utf-8")
    return 1 if check_only and old else 0


if __name__ == "__main__":
    sys.exit(main())
