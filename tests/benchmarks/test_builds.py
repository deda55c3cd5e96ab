"""What the benchmark programs measure with: a command's own CPU and memory, and a revision that is
gone afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.support import need

from benchmarks._builds import ROOT, build_of, this_build, used_by
from benchmarks._measure import Row
from benchmarks.soak import peak_megabytes

MIB = 2**20
SPIN = "import time\nwhile time.process_time() < 0.3: pass"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def test_the_memory_of_a_command_is_its_own_not_its_parents() -> None:
    held = bytearray(os.urandom(1)) * (150 * MIB)
    small = used_by(python("pass")).peak_bytes
    large = used_by(python(f"x = b'1' * {100 * MIB}")).peak_bytes
    assert len(held) > small
    assert small < 40 * MIB
    assert 100 * MIB < large < 150 * MIB


def test_the_cpu_of_a_command_is_counted() -> None:
    assert 0.3 <= used_by(python(SPIN)).cpu_seconds < 2


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "import os; os.abort()"])
def test_a_command_that_fails_is_no_measurement(code: str) -> None:
    with pytest.raises(OSError, match="ended with"):
        used_by(python(code))


def test_this_build_is_the_one_of_this_environment() -> None:
    assert this_build().command.is_file()
    assert used_by([this_build().command, "version"]).peak_bytes > 5 * MIB


def test_the_memory_of_a_process_counts_its_children() -> None:
    code = "import subprocess, sys; x = b'1' * (60 << 20); subprocess.run(sys.argv[1:])"
    grandchild = "import sys; x = b'1' * (60 << 20); print('ready', flush=True); sys.stdin.read()"
    argv = [*python(code), *python(grandchild)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        assert 120 < peak_megabytes(process.pid) < 250
        process.communicate()


def worktrees() -> str:
    done = subprocess.run(
        ["git", "worktree", "list", "--porcelain"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line for line in done.stdout.splitlines() if "healthmon-build-" in line)


@pytest.fixture
def repository() -> None:
    need("git")
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")


def test_a_revision_that_does_not_exist_is_told(repository: None) -> None:
    with pytest.raises(OSError, match="no-such-revision"), build_of("no-such-revision"):
        pass


def test_a_revision_that_cannot_be_installed_leaves_nothing_behind(
    repository: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    # Every revision is installed by this interpreter; one without `venv` cannot.
    monkeypatch.setattr(sys, "executable", "/bin/false")
    before = worktrees()
    with pytest.raises(OSError, match="ended with"), build_of("HEAD"):
        pass
    assert worktrees() == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("row", "missed"),
    [
        (Row("x", 20.0, 100.0, gate=0.2), False),
        (Row("x", 21.0, 100.0, gate=0.2), True),
        (Row("x", 121.0, gate=120), True),
        (Row("x", 1.0, 100.0), False),
        (Row("x", None, absent="not installed", gate=1), False),
    ],
)
def test_a_gate_is_on_the_ratio_where_there_are_two_builds(row: Row, missed: bool) -> None:
    assert row.missed is missed
