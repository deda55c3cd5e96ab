"""``python -m benchmarks [PROGRAM ...] [--against REV]``: run the programs, print the table; exit 1
when a gate is missed.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks._measure import HEAD, Row, host, pin_self


def main() -> int:
    """The command."""
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children are ended
    pin_self()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed keeps its bytecode
    print(host())
    print(HEAD)
    options = {name: value for name, value in vars(given).items() if name != "programs"}
    found: list[Row] = []
    for name in given.programs:
        for row in _rows(name, options):
            print(row.text(), flush=True)
            found.append(row)
    missed = [row.name.strip() for row in found if row.missed]
    print(f"{len(missed)} gates missed: {'; '.join(missed)}" if missed else "every gate is met")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    programs = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if path.stem[0] != "_"
    )
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(programs)} (default: all)"
    )
    parser.add_argument("--cameras", type=int, help="size of the large estate")
    parser.add_argument(
        "--against",
        metavar="REV",
        help="exposition, startup, reload and soak: measure this revision beside our own",
    )
    parser.add_argument(
        "--year-cameras", type=int, help="evidence: a year of so many cameras by every second"
    )
    fuzz = parser.add_argument_group("fuzz")
    fuzz.add_argument("--cases", type=int, help="cases for each parser (default: 20000)")
    fuzz.add_argument("--first", type=int, help="number of the first case (default: 0)")
    fuzz.add_argument("--parser", action="append", help="this parser only; can be repeated")
    fuzz.add_argument("--findings", metavar="FOLDER", help="where cases that fail are kept")
    fuzz.add_argument("--replay", metavar="FILE", help="repeat a case that was kept")
    hostile = parser.add_argument_group("hostile")
    hostile.add_argument("--minutes", type=float, help="how long it is watched (default: 20)")
    hostile.add_argument(
        "--xml-names",
        action="store_true",
        default=None,
        help="instead: an hour of answers with fresh XML names",
    )
    hostile.add_argument(
        "--realtime",
        action="store_true",
        default=None,
        help="the agent gets a CPU before all else (root), for a machine that is busy",
    )
    shared = parser.add_argument_group("shared_estate (and --minutes, default: 30)")
    shared.add_argument(
        "--stand-by",
        action="store_true",
        default=None,
        help="the agents that stand by make no checks",
    )
    shared.add_argument("--takeover", type=float, help="seconds (default: 30)")
    clock = parser.add_argument_group("clock_eval")
    clock.add_argument("--readings", type=int, help="readings of each camera (default: 400)")
    clock.add_argument("--clock-cameras", type=int, help="cameras, half of them counted (60)")
    clock.add_argument(
        "--fit-limit",
        action="store_true",
        default=None,
        help="instead: what limits of the fit would accept, by the half that is not counted",
    )
    picture = parser.add_argument_group("picture_eval")
    picture.add_argument("--pictures", metavar="FOLDER", help="pictures with a manifest.csv")
    picture.add_argument(
        "--kept", metavar="FOLDER", help="keep the checks of each camera there, and go on with them"
    )
    picture.add_argument("--scenes", type=int, help="scenes that are made (default: 8)")
    picture.add_argument("--good", type=int, help="good checks of each scene (default: 30)")
    picture.add_argument(
        "--alarms", action="store_true", default=None, help="print every false alarm"
    )
    picture.add_argument("--only", help="faults whose name begins so, as in: frozen")
    picture.add_argument("--kbit", type=int, help="kbit/s of all cameras (default: their own)")
    picture.add_argument("--unseen", type=int, help="number of the first counted camera (1000)")
    cost = parser.add_argument_group("picture_cost")
    cost.add_argument("--rounds", type=int, help="pictures of each kind by each way (default: 15)")
    cost.add_argument("--checks", type=int, help="checks of the small estate (default: 300)")
    given = parser.parse_args()
    if unknown := set(given.programs) - set(programs):
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    given.programs = given.programs or programs
    return given


def _rows(name: str, options: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of a program, with those of the options that were given and that it knows."""
    rows = importlib.import_module(f"benchmarks.{name}").rows
    known = inspect.signature(rows).parameters
    chosen = {key: value for key, value in options.items() if value is not None and key in known}
    found: Iterable[Row] = rows(**chosen)
    yield from found


if __name__ == "__main__":
    sys.exit(main())
