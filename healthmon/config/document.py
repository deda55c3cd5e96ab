"""Strict YAML: every scalar stays the string that was written, with the line it stands on.

PyYAML alone takes the last of two equal keys, makes NO a boolean, 1:30 a number and 0123 an octal,
and walks alias bombs; a configuration that decides what is watched may not guess. The parser's
events are read one by one and the first thing that is too much ends the reading: duplicate keys,
anchors, aliases, merge keys and tags are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from healthmon.config.problems import ConfigError, Problem

MOST_BYTES = 4 * 1024 * 1024
MOST_ENTRIES = 20_000
MOST_VALUES = 600_000
DEEPEST = 20
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_END = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Mark:
    """The line of a mapping or a list and of what is in it; a scalar's mark is its line alone."""

    line: int
    inside: dict[str | int, Mark | int] = field(default_factory=dict)


@dataclass(slots=True)
class Document:
    """A YAML file as nested dicts, lists and strings (None for an empty value) with the line of
    every path.
    """

    file: str
    tree: Any = None
    marks: Mark | int = 1
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path_) -> int:
        """The line of `path`, or of the nearest thing above it."""
        found = self._marks(path)[-1]
        return found if isinstance(found, int) else found.line

    def has(self, path: Path_) -> bool:
        """Whether something stands at `path`."""
        return len(self._marks(path)) == len(path) + 1

    def value(self, path: Path_) -> Any:
        """What stands at `path`, None where nothing does."""
        found = self.tree
        for step in path if self.has(path) else ():
            found = found[step]
        return found if self.has(path) else None

    def _marks(self, path: Path_) -> list[Mark | int]:
        found = [self.marks]
        for step in path:
            last = found[-1]
            if isinstance(last, int) or step not in last.inside:
                break
            found.append(last.inside[step])
        return found


def read(path: Path) -> Document:
    """Read and parse `path`. Raises ConfigError for what cannot be parsed; the rest is in
    ``problems``.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _error(path, 0, f"cannot be read: {(error.strerror or 'error').lower()}") from None
    return parse(raw, path.name if path.parent == Path() else str(path))


def parse(raw: bytes, file: str) -> Document:
    """Parse the bytes of a configuration. Raises ConfigError."""
    text = _decoded(raw, file)
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip(" ").startswith("\t"):
            raise _error(file, number, "a tab indents this line; YAML wants spaces")
    try:
        return _Reader(Document(file), _Loader(text).get_event).document()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(text, error, file) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _error(file, 1, f"not YAML: {' '.join(str(error).split())[:120]}") from None


def _not_yaml(text: str, error: yaml.MarkedYAMLError, file: str) -> ConfigError:
    """What a person did, where that can be seen; else the parser's own words."""
    from healthmon.config.slips import slip

    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    if found := slip(text, line):
        return _error(file, *found)
    return _error(file, line, f"not YAML: {error.problem or 'cannot be parsed'}")


def _decoded(raw: bytes, file: str) -> str:
    if len(raw) > MOST_BYTES:
        raise _error(file, 0, "larger than 4 MiB; this cannot be a configuration")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _error(file, 1, "is UTF-16; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _error(file, line, "is not UTF-8; save it as UTF-8") from None


@dataclass(slots=True)
class _Reader:
    """Builds the document from the parser's events. `words` are kept once, however often they stand
    in the file.
    """

    made: Document
    event: Callable[[], Any]
    values: int = 0
    words: dict[str, str] = field(default_factory=dict)

    def document(self) -> Document:
        self._next(yaml.StreamStartEvent)
        if isinstance(self._next(), yaml.StreamEndEvent):
            self.made.tree = {}
            return self.made
        first = self._next()
        self.made.tree, self.made.marks = self._node(first, _line(first), 0)
        self._next(yaml.DocumentEndEvent)
        if not isinstance(last := self._next(), yaml.StreamEndEvent):
            raise self._refused(last, "a second document begins (---); a configuration is one")
        return self.made

    def _next(self, kind: type | None = None) -> Any:
        event = self.event()
        assert kind is None or isinstance(event, kind)  # noqa: S101 - the grammar of PyYAML's events
        return event

    def _refused(self, event: Any, text: str) -> ConfigError:
        return _error(self.made.file, _line(event), text)

    def _node(self, event: Any, line: int, depth: int) -> tuple[Any, Mark | int]:
        """The value that `event` begins, and its mark at `line`."""
        kind = type(event)
        if kind is yaml.AliasEvent or event.anchor or event.tag:
            words = f"YAML {_reference(event)} is not allowed; write the value out or quote it"
            raise self._refused(event, words)
        self.values += 1
        if depth > DEEPEST or self.values > MOST_VALUES:
            raise self._too_much(event, depth)
        if kind is yaml.ScalarEvent:
            return self._scalar(event), line
        mark = Mark(line)
        if kind is yaml.SequenceStartEvent:
            return self._sequence(mark, depth + 1), mark
        return self._mapping(mark, depth + 1), mark

    def _too_much(self, event: Any, depth: int) -> ConfigError:
        """The first value that is too deep or too many is refused."""
        if depth > DEEPEST:
            return self._refused(event, f"nested deeper than {DEEPEST} levels")
        return self._refused(event, f"more than {MOST_VALUES} values")

    def _scalar(self, event: Any) -> str | None:
        """The string as it is written, each kept once; None for an empty value."""
        text: str = event.value
        if text in ("", "~") and event.style is None:
            return None
        return self.words.setdefault(text, text)

    def _sequence(self, mark: Mark, depth: int) -> list[Any]:
        found: list[Any] = []
        while type(event := self.event()) not in _END:
            value, mark.inside[len(found)] = self._node(event, _line(event), depth)
            found.append(value)
            self._bounded(found, event)
        return found

    def _mapping(self, mark: Mark, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := self.event()) not in _END:
            line = _line(event)
            key, _ = self._node(event, line, depth)
            value, inside = self._node(self.event(), line, depth)
            if wrong := self._wrong_key(key, event, mark):
                self.made.problems.append(Problem(self.made.file, line, "", wrong))
            else:
                found[event.value], mark.inside[event.value] = value, inside
            self._bounded(found, event)
        return found

    def _wrong_key(self, key: Any, event: Any, mark: Mark) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            return "a key must be a word"
        if key == "<<":
            return "merge keys (<<) are not allowed"
        if event.value in mark.inside:
            first = mark.inside[event.value]
            line = first if isinstance(first, int) else first.line
            return f"key '{event.value}' is there twice (first on line {line}); delete one"
        return ""

    def _bounded(self, found: list[Any] | dict[str, Any], event: Any) -> None:
        if len(found) + len(self.made.problems) > MOST_ENTRIES:
            raise self._refused(
                event,
                f"more than {MOST_ENTRIES} entries in one place; this cannot be a configuration",
            )


def _reference(event: Any) -> str:
    """What `event` has that makes a value stand for another one or for a type."""
    if isinstance(event, yaml.AliasEvent):
        return "alias (*)"
    return "anchor (&)" if event.anchor else "tag (!)"


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _error(file: object, line: int, text: str) -> ConfigError:
    return ConfigError([Problem(str(file), line, "", text)])
