"""What is wrong with a configuration, said in lines that name file, line, device and remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST_WORDS = 2000
LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: ``config.yaml:41: camera C017: unknown key 'adress' (did you mean
    'address'?)``.
    """

    file: str
    line: int
    where: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.where}: {self.text}" if self.where else f"{place}: {self.text}"


class ConfigError(Exception):
    """Everything that is wrong with a configuration; ``str`` gives one line a problem, in the order
    of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line or math.inf)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def suggest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the nearest of `known`, or nothing (where there are very many,
    too).
    """
    import difflib  # the agent has no use for it

    words = list(known)
    few = len(words) <= MOST_WORDS and len(word) <= LONGEST_WORD
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6) if few else []
    return f" (did you mean '{near[0]}'?)" if near else ""
