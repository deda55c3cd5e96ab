"""config.yaml read for the agent in a process of its own, which ends with it: neither the models of
the configuration and their libraries nor what parsing leaves behind stay in the agent, and the event
loop goes on meanwhile.

The child (`healthmon.runtime.reader`) writes a pickled `Answer` to its standard output.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

from healthmon.config.problems import ConfigError, Problem
from healthmon.model import entry_points
from healthmon.protocols.host.child import spoken_to
from healthmon.runtime.estate import Estate

# 10,000 cameras take 2 s.
DEADLINE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the file gives. With an `estate` the `problems` are those of its secrets, without one
    those of the file. To `empty_groups` of entry points no installed package adds anything.
    """

    estate: Estate | None
    problems: tuple[Problem, ...]
    empty_groups: frozenset[str] = frozenset()


async def read_apart(path: Path, seconds: float = DEADLINE_SECONDS) -> tuple[Estate, list[Problem]]:
    """The estate of the file, and what is wrong with the secrets that it names. Raises ConfigError
    with every problem of the file, or where it cannot be read within `seconds`.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "healthmon.runtime.reader", str(path)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise _failed(path, f"no process can be started: {error.strerror}") from None
    try:
        async with spoken_to(child, seconds):
            raw, _ = await child.communicate()
    except TimeoutError:
        raise _failed(path, f"reading it took longer than {seconds:g} s") from None
    if child.returncode:
        raise _failed(path, f"the process that reads it {_end(child.returncode)}")
    answer: Answer = await asyncio.to_thread(pickle.loads, raw)  # written by our own child
    if answer.estate is None:
        raise ConfigError(answer.problems)
    entry_points.nothing_in(answer.empty_groups)
    return answer.estate, list(answer.problems)


def _failed(path: Path, words: str) -> ConfigError:
    return ConfigError([Problem(str(path), 0, "", f"cannot be read: {words}")])


def _end(code: int) -> str:
    """How a process ended that did not end well."""
    if code > 0:
        return f"ended with {code}; see the log"
    return f"was ended by signal {-code} (is there enough memory?)"
