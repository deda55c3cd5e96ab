"""Every command of the tutorials is run against the simulated estate that they start, in their order, and
answers what they show.

``...`` in an answer stands for anything, and a run of spaces for a line that may break elsewhere. The
number of a fault or of a maintenance window stands for the one that is seen there first.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers import forked, tutorial_demo
from helpers.product import COMMAND

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parents[2] / "docs" / "tutorials"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DATE = re.compile(r"\$\(date (?:-u |(-d tomorrow ))?\+(\S+?)\)")
# Of a fault or a maintenance window.
NUMBER = r"[FW]\d{6}"
DAY = 86400


@dataclass
class Terminal:
    """The reader's second terminal: where they are, what they have exported, the numbers of their faults."""

    folder: Path
    environment: dict[str, str]
    numbers: dict[str, str] = field(default_factory=dict)

    def run(self, line: str) -> tuple[str, str]:
        """What a command prints, without the line that names the store, and what it says beside that."""
        words = shlex.split(self.real(DATE.sub(dated, line)))
        assert words[0] == "healthmon", line
        done = forked.run([str(COMMAND), *words[1:]], self.environment, 300)
        said = re.sub(r"^store: .*\n", "", done.stderr, flags=re.MULTILINE)
        assert "Traceback" not in said, said
        return done.stdout, said

    def real(self, text: str) -> str:
        """`text` with the numbers that are there."""
        return re.sub(NUMBER, lambda found: self.numbers.get(found[0], found[0]), text)

    def expect(self, told: str, printed: str, said: str = "") -> bool:
        """Whether a command has answered so where the page shows `told`; new numbers are kept. A terminal
        shows both outputs in the order of their lines, which is not known here.
        """
        pattern = re.compile(self._pattern(told), re.DOTALL)
        orders = (f"{printed} {said}", f"{said} {printed}")
        found = next(
            filter(None, (pattern.fullmatch(" ".join(one.split())) for one in orders)), None
        )
        if found is None:
            return False
        self.numbers |= {name: number for name, number in found.groupdict().items() if number}
        return True

    def _pattern(self, told: str) -> str:
        parts: list[str] = []
        for part in re.split(rf"(\.\.\.|{NUMBER})", " ".join(told.split())):
            if part == "...":
                parts.append(".*?")
            elif not re.fullmatch(NUMBER, part):
                parts.append(re.escape(part))
            elif part in self.numbers:
                parts.append(self.numbers[part])
            elif f"(?P<{part}>" in "".join(parts):
                parts.append(f"(?P={part})")
            else:
                parts.append(f"(?P<{part}>{NUMBER})")
        return "".join(parts)


def dated(found: re.Match[str]) -> str:
    """What ``date`` prints: of now, or of this time tomorrow."""
    return time.strftime(found[2], time.gmtime(time.time() + (DAY if found[1] else 0)))


def commands(text: str) -> list[tuple[str, str]]:
    """(command, answer) of a block."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            command, answer = found.pop()
            found.append((command, f"{answer}{line}\n"))
    return found


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the demo tells to export, once its faults are there."""
    with tutorial_demo.started(tmp_path_factory.mktemp("demo")) as demo:
        yield demo.environment


@pytest.mark.parametrize("name", ["operator", "manager", "contractor", "it"])
def test_every_command_answers_what_the_tutorial_shows(
    exported: dict[str, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {key: value for key, value in exported.items() if key != "PYTHONUNBUFFERED"}
    terminal = Terminal(tmp_path, environment)
    run = 0
    for kind, file, text in BLOCK.findall((FOLDER / f"{name}.md").read_text()):
        if file:
            Path(file).write_text(terminal.real(text))
        for line, told in commands(text) if kind == "console" else ():
            answer = terminal.run(line)
            words = "\n".join(("$ " + line, *answer, "--- the page shows", told))
            assert terminal.expect(told, *answer), words
            run += 1
    assert run >= 5


def test_the_shown_answer_is_compared() -> None:
    terminal = Terminal(Path(), {})
    assert terminal.expect("x F000009 on\n  battery ...", "x F000123 on battery 3 min\n")
    assert terminal.numbers == {"F000009": "F000123"}
    assert not terminal.expect("F000009: done", "F000124: done")
    assert not terminal.expect("all well", "all well, but one")
    assert commands("$ a\nb\nc\n$ d\n") == [("a", "b\nc\n"), ("d", "")]
