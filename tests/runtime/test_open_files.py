"""The limit of open files, in processes of their own: a limit that was lowered cannot be raised again."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import resource, sys
from healthmon.cli.loop import run_loop
from healthmon.runtime import open_files
soft, hard, concurrency = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

async def limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)

print(*run_loop(limit()))
print(*open_files.problems(concurrency), sep="\\n")
"""


def limited(soft: int, hard: int, concurrency: int) -> tuple[str, str]:
    """(soft and hard limit inside the loop of a command, what is said of them)."""
    argv = [sys.executable, "-c", CODE, str(soft), str(hard), str(concurrency)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    limits, _, words = done.stdout.partition("\n")
    return limits, words.strip()


@pytest.mark.parametrize("concurrency", [1, 1020])
def test_a_command_may_open_what_its_hard_limit_allows(concurrency: int) -> None:
    assert limited(256, 4000, concurrency) == ("4000 4000", "")


def test_a_hard_limit_that_does_not_suffice_is_said_with_the_numbers() -> None:
    limits, words = limited(256, 1000, 1020)
    assert limits == "1000 1000"
    assert "lets healthmon open 1000 files" in words
    assert "1020 checks at the same time may need 2240" in words
    assert "LimitNOFILE" in words
    assert limited(1000, 1000, 400) == ("1000 1000", "")
