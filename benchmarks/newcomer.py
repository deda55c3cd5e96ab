"""From nothing to a watched estate: how long a newcomer takes, and how much is typed.

A wheel is installed into a fresh virtual environment. Then, in a network of its own with a simulated
estate on the ports of real devices, with an empty home and no configuration, the installed command is
used at a terminal: `init`, `discover --write`, `commission`, `check-config`, `sweep`. Every value that
a person must type is counted: answers, address ranges, names of accounts; not the words of the commands.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._measure import Row

ROOT = Path(__file__).parents[1]
MINUTES, TYPED = 15, 20
FOUND = {"cameras": 150, "recorders": 2, "ups": 1, "links": 7}
# What is there in a network namespace that the kernel gives without any right.
_ALONE = (
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "sh",
    "-c",
    'ip link set lo up && exec "$@"',
    "sh",
)


def rows() -> Iterator[Row]:
    """The steps, one after another, then the sums with their gates."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # a newcomer has the whole machine
    if problem := _problem():
        yield Row("newcomer", None, absent=problem)
        return
    with tempfile.TemporaryDirectory(prefix="healthmon-newcomer-") as name:
        folder = Path(name)
        wheel = _wheel(folder)
        began = time.monotonic()
        _installed(wheel, folder / "venv")
        installing = time.monotonic() - began
        told = _visited(folder)
    yield Row("install the wheel, wall", installing, unit="s")
    for step in told["steps"]:
        yield Row(f"{step['name']}, {step['typed']} typed, wall", step["seconds"], unit="s")
    for section, wanted in FOUND.items():
        yield Row(
            f"  {section} missing of {wanted}", wanted - told["found"][section], unit="", gate=0
        )
    yield Row("  found and not commissioned", told["uncommissioned"], unit="", gate=0)
    yield Row("  cameras without their recorder", told["unrecorded"], unit="", gate=0)
    yield Row("  faults on the sheet of a well estate", told["faults"], unit="", gate=0)
    whole = installing + sum(step["seconds"] for step in told["steps"])
    yield Row("package to shift sheet, wall", whole / 60, unit="min", gate=MINUTES)
    yield Row("values typed", sum(step["typed"] for step in told["steps"]), unit="", gate=TYPED - 1)


def _problem() -> str:
    """Why this cannot be tried here, else ""."""
    for tool in ("unshare", "ip"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    done = subprocess.run([*_ALONE, "true"], check=False, capture_output=True)
    return "" if done.returncode == 0 else "no network namespaces here"


def _wheel(folder: Path) -> Path:
    argv = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
    ]
    subprocess.run([*argv, str(ROOT)], check=True)
    return next(folder.glob("healthmon-*.whl"))


def _installed(wheel: Path, venv: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(venv / "bin/pip"), "install", "--quiet", str(wheel)], check=True)


def _visited(folder: Path) -> dict[str, Any]:
    """What the newcomer has done in a network of its own."""
    told = folder / "told.json"
    argv = [
        *_ALONE,
        sys.executable,
        "-P",
        "-m",
        "benchmarks._newcomer_steps",
        str(folder),
        str(told),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(argv, check=True, env=environment)
    found: dict[str, Any] = json.loads(told.read_text())
    return found
