"""``python -m benchmarks [PROGRAM ...]``: run the programs, print the table; exit 1 when a gate is missed."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from pathlib import Path

from benchmarks._measure import HEAD, Row, host, pin_self

SKIPPED = {"__init__", "__main__", "_measure"}


def main() -> int:
    here = Path(__file__).parent
    programs = sorted(p.stem for p in here.glob("*.py") if p.stem not in SKIPPED)
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(programs)} (default: all)"
    )
    parser.add_argument("--cameras", type=int, default=10_000, help="size of the large sweep")
    given = parser.parse_args()
    if unknown := set(given.programs) - set(programs):
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children are ended
    pin_self()
    print(host())
    print(HEAD)
    found: list[Row] = []
    for name in given.programs or programs:
        module = importlib.import_module(f"benchmarks.{name}")
        for row in module.rows(given.cameras) if name == "sweep" else module.rows():
            print(row.text(), flush=True)
            found.append(row)
    missed = [row.name.strip() for row in found if row.missed]
    print(f"{len(missed)} gates missed: {'; '.join(missed)}" if missed else "every gate is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
