"""What was probably meant where a file is no YAML: the slips that people make by hand, each with the
line that it stands on and what to write instead.

The parser names the place where it could not go on, which is often a line too late, in words of its
own grammar. Here the lines up to that place are looked at as a person would. Values are never
repeated: they may be secrets. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from healthmon.model.count_words import count_of

# A longer line was written by no hand.
LONGEST = 2000
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
# A quotation mark opens a text only where a value may begin.
_OPEN_QUOTE = re.compile(r"""(?:^|[:,\[{-]\s*)(["'])[^"']*$""")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_DASHES = re.compile(r"(?:-\s+)*(?:-$)?")
_KEY = re.compile(r"[A-Za-z_][\w-]*:(?:\s|$)")
_NO_BLANK_BEHIND_COLON = re.compile(r"[A-Za-z_][\w-]*:[^\s/:]")
_NO_BLANK_BEHIND_DASH = re.compile(r"-[A-Za-z_][\w-]*:")
_WORDS = re.compile(r"[A-Za-z_][\w-]*(?:\s+[^:]*)?$")
_SECOND_COLON = re.compile(r":(?:\s|$)")
_CANNOT_BEGIN = re.compile(r"(?:^|:\s+|-\s+)([@`%])")
_CLOSED_BY = {"{": "}", "[": "]"}
_COLON = "a colon with a blank behind it stands in a text: put the text in quotation marks"


class Slip(NamedTuple):
    """The line, counted from 1, and the sentence."""

    line: int
    words: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that says something. `code` has neither its comment nor what is quoted, `indent` are
    the blanks before it, `column` is where it stands behind its dashes.
    """

    number: int
    code: str
    indent: int

    @property
    def body(self) -> str:
        """The code behind the dashes of a list."""
        return self.code[len(self._dashes) :]

    @property
    def column(self) -> int:
        return self.indent + len(self._dashes)

    @property
    def _dashes(self) -> str:
        match = _DASHES.match(self.code)
        return match[0] if match else ""

    @property
    def opens(self) -> bool:
        """Whether lines below it may stand deeper: a key without a value, or an empty dash."""
        return self.code.endswith((":", "-", "|", ">"))


def slip(text: str, reached: int) -> Slip | None:
    """The slip in a file that cannot be parsed beyond line `reached`, None where none is seen."""
    lines = list(_lines(text, reached))
    if not lines:
        return None
    found = (rule(lines) for rule in _RULES)
    return next((one for one in found if one is not None), None)


def _lines(text: str, reached: int) -> Iterator[_Line]:
    for number, line in enumerate(text.split("\n")[:reached], 1):
        if len(line) > LONGEST:
            return
        code = _COMMENT.sub("", _QUOTED.sub("''", line)).rstrip()
        if code.strip() and code.strip() != "---":
            yield _Line(number, code.strip(), len(code) - len(code.lstrip()))


def _open_quote(lines: Sequence[_Line]) -> Slip | None:
    for line in lines:
        if match := _OPEN_QUOTE.search(line.code):
            return Slip(line.number, f"the quotation mark {match[1]} is not closed")
    return None


def _open_bracket(lines: Sequence[_Line]) -> Slip | None:
    """A bracket that is open at the end, or closed by the wrong one."""
    stack: list[tuple[str, int]] = []
    for number, mark in _brackets(lines):
        if mark in _CLOSED_BY:
            stack.append((mark, number))
        elif stack:
            opened, where = stack.pop()
            if mark != _CLOSED_BY[opened]:
                return Slip(where, f"'{opened}' is closed by '{mark}'")
    if not stack:
        return None
    opened, where = stack[-1]
    inside = _colon_in_brackets([line for line in lines if line.number >= where])
    return inside or Slip(where, f"'{opened}' is not closed by '{_CLOSED_BY[opened]}'")


def _brackets(lines: Sequence[_Line]) -> Iterator[tuple[int, str]]:
    """Every bracket with the number of its line."""
    for line in lines:
        yield from ((line.number, mark) for mark in line.code if mark in "{}[]")


def _colon_in_brackets(lines: Sequence[_Line]) -> Slip | None:
    for line in lines:
        inside = re.split(r"[{\[]", line.code, maxsplit=1)
        parts = inside[-1].split(",") if len(inside) > 1 else ()
        if any(len(_SECOND_COLON.findall(part)) > 1 for part in parts):
            return Slip(line.number, _COLON)
    return None


def _no_blank(lines: Sequence[_Line]) -> Slip | None:
    """In the last lines: no blank behind a dash or a colon, or no colon."""
    for line in lines[-2:]:
        if _NO_BLANK_BEHIND_DASH.match(line.code):
            return Slip(line.number, "a blank is missing behind the dash")
        if _NO_BLANK_BEHIND_COLON.match(line.body):
            return Slip(line.number, "a blank is missing behind the colon")
    return None


def _no_colon(lines: Sequence[_Line]) -> Slip | None:
    for before, line in zip((None, *lines[-3:-1]), lines[-2:], strict=False):
        listed = line.code.startswith("-") and before is not None
        if not listed and not _KEY.match(line.body) and _WORDS.match(line.body):
            return Slip(line.number, "a colon is missing behind the first word of the line")
    return None


def _colon_in_text(lines: Sequence[_Line]) -> Slip | None:
    line = lines[-1]
    if len(_SECOND_COLON.findall(line.body)) > 1 and _KEY.match(line.body):
        return Slip(line.number, _COLON)
    return _colon_in_brackets(lines[-1:])


def _cannot_begin(lines: Sequence[_Line]) -> Slip | None:
    match = _CANNOT_BEGIN.search(lines[-1].code)
    if match is None:
        return None
    words = f"a text must not begin with '{match[1]}': put it in quotation marks"
    return Slip(lines[-1].number, words)


def _indentation(lines: Sequence[_Line]) -> Slip | None:
    """A last line that stands neither beside a line above it nor below one that opens."""
    *above, last = lines
    if not above:
        return None
    levels = _levels(above)
    if last.indent in levels or (above[-1].opens and last.indent > above[-1].indent):
        return None
    near = min(levels, key=lambda level: (abs(level - last.indent), -level))
    words = (
        f"wrong indentation: {_blanks(last.indent)} before it, "
        f"{_blanks(near)} before line {levels[near]} beside it"
    )
    return Slip(last.number, words)


def _levels(lines: Sequence[_Line]) -> dict[int, int]:
    """The columns at which the next line may begin, each with the last line that stands there."""
    found: dict[int, int] = {}
    for line in lines:
        found = {level: number for level, number in found.items() if level < line.indent}
        found[line.indent] = line.number
        found[line.column] = line.number
    return found


def _dash_or_key(lines: Sequence[_Line]) -> Slip | None:
    """A last line at a column where a list stands and that begins no entry, or the reverse."""
    *above, last = lines
    beside = next((one for one in reversed(above) if one.indent <= last.indent), None)
    if beside is None or beside.indent != last.indent:
        return None
    if beside.code.startswith("-") and not last.code.startswith("-"):
        return Slip(
            last.number, f"a dash is missing: line {beside.number} beside it begins with '-'"
        )
    if last.code.startswith("-") and not beside.code.startswith("-"):
        words = f"wrong indentation: a dash beside line {beside.number}, which begins no entry of a list"
        return Slip(last.number, words)
    return None


def _blanks(count: int) -> str:
    return count_of(count, "blank") if count else "no blank"


_RULES: tuple[Callable[[Sequence[_Line]], Slip | None], ...] = (
    _open_quote,
    _cannot_begin,
    _open_bracket,
    _no_blank,
    _no_colon,
    _colon_in_text,
    _indentation,
    _dash_or_key,
)
