"""Reading config.yaml as the agent has it read, without the time that a process takes."""

from __future__ import annotations

import pickle
from pathlib import Path

from healthmon.config.problems import Problem
from healthmon.runtime import reader
from healthmon.runtime.estate import Estate


async def read_here(path: Path) -> tuple[Estate, list[Problem]]:
    """As `healthmon.runtime.reading.read_apart`. What crosses is packed and unpacked all the same."""
    answer = pickle.loads(reader.packed(path))
    return answer.estate, list(answer.problems)
