"""The newcomer of `newcomer`, inside a network namespace: ``FOLDER FILE``. FOLDER has the virtual
environment of the installed wheel; FILE gets the steps as JSON.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

CAMERAS, RECORDERS = 150, 2
RANGES = ("127.1.0.0/24", "127.7.0.0/29", "127.8.0.0/29", "127.9.0.0/28")
INIT = (
    ("Name of the estate", "Example CCTV"),
    ("Time zone", "Europe/London"),
    ("Time server", "127.6.0.2"),
    ("Time server", "127.6.0.3"),
    ("Time server", "127.6.0.4"),
    ("Time server", ""),
    ("Site", "Market Place"),
    ("Site", ""),
    ("Contractor", "Acme"),
    ("Telephone", ""),
    ("E-mail", ""),
    ("Account of the cameras", "healthmon"),
    ("Its password", "view only"),
    ("SNMP community", "public"),
)
MOST_SECONDS = 900.0


@dataclass(frozen=True)
class Step:
    """One command: how many values were typed for it, and how long it took."""

    name: str
    typed: int
    seconds: float


@dataclass
class Newcomer:
    """A person with a terminal, an empty home and the installed command."""

    folder: Path
    home: Path

    def use(
        self,
        *argv: str,
        typed: int = 0,
        answers: Sequence[tuple[str, str]] = (),
        codes: Sequence[int] = (0,),
    ) -> tuple[Step, str]:
        """Run a command of healthmon. `typed` are the values of its command line, `answers` what is
        typed at each prompt. Raises RuntimeError for another exit code than those of `codes`.
        """
        began = time.monotonic()
        code, shown = self._at_terminal([str(self.folder / "venv/bin/healthmon"), *argv], answers)
        seconds = time.monotonic() - began
        if code not in codes:
            raise RuntimeError(f"healthmon {argv[0]} ended with {code}:\n{shown[-3000:]}")
        values = typed + sum(bool(text) for _, text in answers)
        print(f"{argv[0]}: {values} typed, {seconds:.1f} s", file=sys.stderr, flush=True)
        return Step(argv[0], values, seconds), shown

    def _at_terminal(self, argv: list[str], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
        own, other = pty.openpty()
        environment = {
            "HOME": str(self.home),
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }
        child = subprocess.Popen(
            argv, stdin=other, stdout=other, stderr=other, cwd=self.home, env=environment,
            start_new_session=True,
        )  # fmt: skip
        os.close(other)
        shown, at, left = "", 0, list(answers)
        end = time.monotonic() + MOST_SECONDS
        try:
            while time.monotonic() < end and (more := _read(own)):
                shown += more
                while left and left[0][0] in shown[at:] and shown.rstrip(" ").endswith(":"):
                    at = len(shown)
                    os.write(own, f"{left.pop(0)[1]}\n".encode())
        finally:
            if child.poll() is None and time.monotonic() >= end:
                child.kill()
            os.close(own)
        return child.wait(), shown


def _read(terminal: int) -> str:
    """What is shown next, "" at the end."""
    try:
        return os.read(terminal, 65536).decode("utf-8", "replace")
    except OSError:  # the other side is closed
        return ""


@contextmanager
def simulated(folder: Path) -> Iterator[None]:
    """A well estate on the ports of real devices."""
    argv = [
        sys.executable,
        "-P",
        "-m",
        "healthmon.demo",
        "--well",
        "--standard-ports",
        "--control",
        "0",
    ]
    argv += ["--cameras", str(CAMERAS), "--recorders", str(RECORDERS), "--folder", str(folder)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        if not any("ready" in line for line in child.stdout):
            raise RuntimeError("the simulated estate has not started")
        yield
    finally:
        child.terminate()
        child.wait()


def steps(person: Newcomer) -> dict[str, Any]:
    """Every step, and what came of it."""
    accounts = ("--credential", "camera-view", "--credential", "snmp-read")
    done = [person.use("init", answers=INIT)[0]]
    typed = len(RANGES) + len(accounts) // 2
    done.append(person.use("discover", *RANGES, *accounts, "--write", typed=typed)[0])
    accepted = (("[y/n/s/a/q]", "a"),)
    done.append(person.use("commission", answers=accepted)[0])
    done.append(person.use("check-config")[0])
    done.append(
        person.use("sweep", "--output", "sheet.json", "--json", typed=1, codes=(0, 1, 2))[0]
    )
    tree = yaml.safe_load((person.home / "config.yaml").read_text())
    sheet = json.loads((person.home / "sheet.json").read_text())
    video = [*tree["cameras"], *tree["recorders"]]
    return {
        "steps": [asdict(one) for one in done],
        "found": {name: len(tree[name]) for name in ("cameras", "recorders", "ups", "links")},
        "uncommissioned": sum(not one.get("commissioned", {}).get("serial") for one in video),
        "unrecorded": sum(not one.get("recorder") for one in tree["cameras"]),
        "faults": len(sheet["faults"]),
        "sheet": {name: sheet[name] for name in ("faults", "warnings", "not_checked")},
    }


def main() -> None:
    """The command."""
    folder, told = map(Path, sys.argv[1:3])
    home, estate = folder / "home", folder / "estate"
    home.mkdir()
    estate.mkdir()
    with simulated(estate):
        told.write_text(json.dumps(steps(Newcomer(folder, home)), indent=1))


if __name__ == "__main__":
    main()
