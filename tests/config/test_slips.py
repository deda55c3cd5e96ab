"""Slips that people make in YAML by hand: each is named with its own line and what to write."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healthmon.config import document
from healthmon.config.problems import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config.yaml"
GOOD = """\
estate:
  name: Town
  time_zone: Europe/London
sites:
  - {id: s, name: Station Road}
cameras:
  - id: C001
    name: Gate
    site: s
  - id: C002
    name: High Street
    site: s
"""
COLON = "a colon with a blank behind it stands in a text: put the text in quotation marks"
NO_COLON = "a colon is missing behind the first word of the line"
SLIPS = {
    "deeper": ("    name: Gate", "     name: Gate", 8, "wrong indentation: 5 blanks before it, 4 blanks before line 7 beside it"),
    "less deep": ("    name: Gate", "   name: Gate", 8, "wrong indentation: 3 blanks before it, 4 blanks before line 7 beside it"),
    "in a section": ("  time_zone", "   time_zone", 3, "wrong indentation: 3 blanks before it, 2 blanks before line 2 beside it"),
    "an entry": ("  - id: C002", " - id: C002", 10, "wrong indentation: 1 blank before it, 2 blanks before line 7 beside it"),
    "an entry at the edge": ("  - id: C002", "- id: C002", 10, "wrong indentation: a dash beside line 6, which begins no entry of a list"),
    "no colon": ("name: Gate", "name Gate", 8, NO_COLON),
    "a section without colon": ("cameras:", "cameras", 6, NO_COLON),
    "no blank": ("name: Gate", "name:Gate", 8, "a blank is missing behind the colon"),
    "no blank behind a dash": ("- id: C002", "-id: C002", 10, "a blank is missing behind the dash"),
    "open brace": ("Road}", "Road", 5, "'{' is not closed by '}'"),
    "wrong bracket": ("Road}", "Road]", 5, "'{' is closed by ']'"),
    "open bracket": ("time_zone: Europe/London", "time_zone: [a, b", 3, "'[' is not closed by ']'"),
    "colon in a name": ("name: Gate", "name: Gate: north", 8, COLON),
    "colon behind a name": ("name: Gate", "name: Gate:", 8, COLON),
    "colon in brackets": ("Station Road", "Station: Road", 5, COLON),
    "tab": ("    name: Gate", "\tname: Gate", 8, "a tab indents this line; YAML wants spaces"),
    "open quote": ("name: Gate", 'name: "Gate', 8, 'the quotation mark " is not closed'),
    "at sign": ("name: Gate", "name: @Gate", 8, "a text must not begin with '@': put it in quotation marks"),
}  # fmt: skip


def said(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        document.parse(text.encode(), "config.yaml")
    return str(raised.value)


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_named_with_its_line_and_the_remedy(name: str) -> None:
    right, wrong, line, words = SLIPS[name]
    assert said(GOOD.replace(right, wrong, 1)) == f"config.yaml:{line}: {words}"


def test_what_is_not_known_has_the_parsers_words() -> None:
    assert said("a: b\n? : :\n- c\n").startswith("config.yaml:")
    assert said("%YAML 9\n").startswith("config.yaml:1: ")


CHANGES: dict[str, Callable[[str], str | None]] = {
    "a blank more": lambda line: f" {line}" if re.match(r" +[a-z_]+: \S", line) else None,
    "no colon": lambda line: (
        line.replace(": ", " ", 1) if re.match(r" +[a-z_]+: [\w/ ]+$", line) else None
    ),
    "a colon more": lambda line: f"{line}: x" if re.match(r" +[a-z_]+: [\w/ ]+$", line) else None,
    "open brace": lambda line: line[:-1] if re.match(r" +- \{[^{}]*\}$", line) else None,
    "a tab": lambda line: f"\t{line.lstrip()}" if re.match(r" +[a-z_]+: ", line) else None,
}


def slips(change: Callable[[str], str | None]) -> Iterator[tuple[int, str]]:
    """The complete example with one line changed; lines of folded texts are left out."""
    lines = EXAMPLE.read_text().split("\n")
    for number, line in enumerate(lines, 1):
        if (wrong := change(line)) is not None:
            yield number, "\n".join([*lines[: number - 1], wrong, *lines[number:]])


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_slip_anywhere_in_the_complete_example_is_found_on_its_line(name: str) -> None:
    """Some changed lines are YAML with another meaning: the schema's business, not counted here.
    Where the first of two lines is moved, either may be the wrong one; both are named.
    """
    tried, wrong = 0, []
    for number, text in list(slips(CHANGES[name]))[::3]:
        try:
            document.parse(text.encode(), "config.yaml")
        except ConfigError as error:
            tried += 1
            named = re.findall(r"config.yaml:(\d+)| line (\d+)", str(error))
            if str(number) not in sum(named, ()) or "not YAML" in str(error):
                wrong.append(str(error))
    assert tried >= 5
    assert not wrong


def test_no_value_is_repeated() -> None:
    """A value may be a secret that stands in the wrong place."""
    for right, wrong, _line, _words in SLIPS.values():
        secret = GOOD.replace(right, wrong, 1).replace("Gate", "hunter2")
        assert "hunter" not in said(secret)


@pytest.mark.no_cover
@pytest.mark.parametrize("piece", ["'", '"', ": ", "- ", "{", "a: ", "#", " "])
def test_long_lines_and_files_cost_little(piece: str) -> None:
    began = time.process_time()
    said(f"a: @{piece * 1_000_000}\n")
    said(f"{'a: b' * 1}\n{piece * 400}\n" * 2000 + "a: @\n")
    assert time.process_time() - began < 3
