"""Two builds side by side: this working tree, and a revision in a worktree and a virtual environment of
its own. Both are driven by their commands.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Runs a command in a small process and writes [status, CPU seconds, peak RSS in bytes] to a file. A
# child's peak counts what its parent had when it forked (getrusage(2)), so that the parent must be small.
_MEASURE = """
import json, os, sys
report, *command = sys.argv[1:]
child = os.fork()
if not child:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.execv(command[0], command)
_, status, used = os.wait4(child, 0)
with open(report, "w") as file:
    json.dump([status, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024], file)
"""


@dataclass(frozen=True, slots=True)
class Build:
    """An installed revision. `name` is what it is called in the table, `tree` its checkout."""

    name: str
    environment: Path
    tree: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.environment / "bin" / "python"

    @property
    def command(self) -> Path:
        """Its ``healthmon``."""
        return self.environment / "bin" / "healthmon"


@dataclass(frozen=True, slots=True)
class Used:
    """What one run of a command has used."""

    cpu_seconds: float
    peak_bytes: int


def this_build() -> Build:
    """The one whose environment runs this program."""
    return Build("healthmon", Path(sys.prefix), ROOT)


def builds(against: str | None) -> list[Build]:
    """This build and, where a revision is named, the other one, which is installed once for all
    programs and removed when they have ended. Raises OSError when it cannot be made.
    """
    return [this_build(), *([_kept(against)] if against is not None else [])]


@functools.cache
def _kept(revision: str) -> Build:
    held = contextlib.ExitStack()
    atexit.register(held.close)
    return held.enter_context(build_of(revision))


@contextlib.contextmanager
def build_of(revision: str) -> Iterator[Build]:
    """`revision` in a worktree, installed by its own lock; both are removed at the end.

    Raises OSError when git does not know it or when it cannot be installed.
    """
    with tempfile.TemporaryDirectory(prefix="healthmon-build-") as folder:
        tree, environment = Path(folder) / "tree", Path(folder) / "venv"
        _git("worktree", "add", "--quiet", "--detach", str(tree), revision)
        try:
            _install(revision, tree, environment)
            yield Build(revision, environment, tree)
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _install(revision: str, tree: Path, environment: Path) -> None:
    """As `make` does it, with a line for each step: on a slow network it takes minutes."""
    pip = [str(environment / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    patient = ["--timeout", "60", "--retries", "10"]
    steps = {
        "an environment": [sys.executable, "-m", "venv", str(environment)],
        "what its lock names": [
            *pip,
            *patient,
            "--require-hashes",
            "--requirement",
            "requirements.lock",
        ],
        "the build itself": [*pip, "--no-deps", "--no-build-isolation", "--editable", "."],
    }
    for what, argv in steps.items():
        began = time.monotonic()
        print(f"{revision}: installing {what} ...", file=sys.stderr, end=" ", flush=True)
        _done(argv, tree)
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _git(*words: str) -> None:
    _done(["git", *words], ROOT)


def _done(argv: Sequence[str], folder: Path) -> None:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(argv[:3])} ended with {done.returncode}: {done.stderr.strip()}")


def environment_of_child() -> dict[str, str]:
    """Without what would load another build's modules or compile them at every start."""
    left_out = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME"}
    return {name: value for name, value in os.environ.items() if name not in left_out}


def used_by(command: Sequence[str | Path]) -> Used:
    """One run of a command, its output thrown away. Raises OSError when it fails."""
    words = [str(word) for word in command]
    with tempfile.NamedTemporaryFile(prefix="healthmon-used-") as report:
        argv = [sys.executable, "-I", "-S", "-c", _MEASURE, report.name, *words]
        subprocess.run(argv, env=environment_of_child(), check=True)
        status, seconds, peak = json.loads(Path(report.name).read_text())
    if status:
        raise OSError(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return Used(seconds, peak)
