"""Edits of config.yaml in its text: only the characters of what changes are touched, so that comments,
order, quotes, line ends and every other line stay as they are.

The places come from the parser's marks. `Edit.text` gives the new text; who writes it reads it back first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from healthmon.config import document
from healthmon.config.problems import ConfigError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN: Final = re.compile(r"[A-Za-z0-9/](?:[A-Za-z0-9 ._/()+-]*[A-Za-z0-9._/()+-])?", re.ASCII)
_DASH: Final = re.compile(r"-\s*\Z")
Value = str | Sequence[Any] | Mapping[str, Any]


class EditError(ValueError):
    """A place in the file that cannot be edited, with a remedy."""


@dataclass(slots=True)
class Edit:
    """Changes of one file, collected by their places and made at once."""

    source: str
    _changes: list[tuple[int, int, str]] = field(default_factory=list)
    _root: Any = None

    def __post_init__(self) -> None:
        self._root = yaml.compose(self.source, Loader=_Loader)

    def text(self) -> str:
        """The text with all changes made."""
        parts, at = [], 0
        # What is put in at a place stands before what is taken out from there on.
        for start, end, new in sorted(self._changes, key=lambda change: change[:2]):
            parts += [self.source[at : max(at, start)], new]
            at = max(at, end)
        return "".join((*parts, self.source[at:]))

    def change(
        self,
        section: str,
        number: int,
        values: Mapping[str, Value | None],
        order: Sequence[str],
    ) -> None:
        """Give the entry `number` of a list these `values`; None takes a key out. A new key comes
        behind the nearest one that is before it in `order`.
        """
        self.change_at((section, number), values, order)

    def change_at(
        self,
        path: Sequence[str | int],
        values: Mapping[str, Value | None],
        order: Sequence[str],
    ) -> None:
        """The same for the mapping at `path`, of keys and numbers of entries; it has a key at least."""
        entry = self._root
        for step in path:
            entry = _child(entry, step)
        self._change(entry, values, order)

    def _change(self, entry: Any, values: Mapping[str, Value | None], order: Sequence[str]) -> None:
        pairs = {key.value: (key, value) for key, value in entry.value}
        gone = {key for key, value in values.items() if value is None}
        self._take_out(entry, gone)
        anchor, new = entry.value[0], dict[str, list[str]]()
        for key in order:
            value = values.get(key)
            if value is not None and key in pairs:
                self._become(*pairs[key], value)
            elif value is not None:
                new.setdefault(anchor[0].value, []).append(f"{key}: {written(value)}")
            if key in pairs.keys() - gone:
                anchor = pairs[key]
        for key, texts in new.items():
            self._insert(entry, pairs[key], texts)

    def entries(
        self, section: str, gone: Sequence[int], new: Sequence[Mapping[str, Value]]
    ) -> None:
        """Take the entries `gone` out of a list, and add `new` ones to its end, a line each. Raises
        EditError.
        """
        rows = [written(one) for one in new]
        key, existing = self._section(section)
        if existing is None:
            if rows:
                self._begin(section, rows)
        elif existing.flow_style:
            self._in_brackets(existing, set(gone), rows)
        else:
            self._in_lines(existing, set(gone), rows)
            if len(gone) == len(existing.value) and not rows:
                at = key.end_mark.index + 1
                self._changes.append((at, at, " []"))

    def _in_brackets(self, existing: Any, gone: set[int], rows: Sequence[str]) -> None:
        self._cut_flow([(one, one) for one in existing.value], gone)
        at = self._end(existing.value[-1]) if existing.value else existing.start_mark.index + 1
        comma = ", " if len(gone) < len(existing.value) else ""
        if rows:
            self._changes.append((at, at, comma + ", ".join(rows)))

    def _in_lines(self, existing: Any, gone: set[int], rows: Sequence[str]) -> None:
        for number in gone:
            one = existing.value[number]
            start = self._line_start(self._dash(one))
            self._changes.append((start, self._line_end(self._end(one)), ""))
        last = existing.value[-1]
        dash = self._dash(last)
        indent = self.source[self._line_start(dash) : dash]
        if rows:
            self._lines_at(self._end(last), [f"{indent}- {row}" for row in rows])

    def _begin(self, section: str, rows: Sequence[str]) -> None:
        """Begin a section at the end of the file."""
        end = "" if self.source[-1:] in ("\n", "") else self._break
        lines = (f"{end}{section}:", *(f"  - {row}" for row in rows), "")
        self._changes.append((len(self.source), len(self.source), self._break.join(lines)))

    @property
    def _break(self) -> str:
        return "\r\n" if "\r\n" in self.source else "\n"

    def _section(self, name: str) -> tuple[Any, Any]:
        """(key, list) of a section; None for what is not there."""
        for key, value in self._root.value if self._root is not None else ():
            if key.value == name:
                return key, value
        return None, None

    def _become(self, key: Any, node: Any, value: Value) -> None:
        """Make what stands under a key `value`: of a section only the keys that change."""
        if not (isinstance(value, Mapping) and isinstance(node, yaml.MappingNode) and node.value):
            self._replace(key, node, value)
            return
        before = {one.value: part for one, part in node.value}
        if before.keys().isdisjoint(value):  # nothing stays that a new key could stand behind
            self._replace(key, node, value)
            return
        gone = dict.fromkeys(before.keys() - value.keys())
        changed = {
            one: part
            for one, part in value.items()
            if one not in before or not _says(before[one], part)
        }
        self._change(node, {**gone, **changed}, [*value])

    def _replace(self, key: Any, node: Any, value: Value) -> None:
        end = self._end(node, key)
        start = min(node.start_mark.index, end)
        style = node.style if isinstance(node, yaml.ScalarNode) else None
        blank = " " if self.source[start - 1] == ":" else ""
        self._changes.append((start, end, blank + written(value, style)))

    def _take_out(self, entry: Any, keys: Collection[str]) -> None:
        numbers = {number for number, (key, _) in enumerate(entry.value) if key.value in keys}
        if entry.flow_style:
            self._cut_flow(entry.value, numbers)
            return
        for number in numbers:
            key, value = entry.value[number]
            if number == 0:
                start, end = key.start_mark.index, entry.value[1][0].start_mark.index
            else:
                start = self._line_start(key.start_mark.index)
                end = self._line_end(self._end(value, key))
            self._changes.append((start, end, ""))

    def _cut_flow(self, pairs: Sequence[tuple[Any, Any]], numbers: set[int]) -> None:
        """Take parts out of what stands in brackets, each with one of its commas."""
        first_kept = min(set(range(len(pairs))) - numbers, default=len(pairs))
        for number in numbers:
            key, value = pairs[number]
            start, end = key.start_mark.index, self._end(value, key)
            if number > first_kept:
                before = pairs[number - 1]
                start = self._end(before[1], before[0])
            elif number + 1 < len(pairs):
                end = pairs[number + 1][0].start_mark.index
            self._changes.append((start, end, ""))

    def _insert(self, entry: Any, pair: tuple[Any, Any], texts: Sequence[str]) -> None:
        key, value = pair
        end = self._end(value, key)
        if entry.flow_style:
            self._changes.append((end, end, "".join(f", {text}" for text in texts)))
            return
        indent = " " * entry.value[0][0].start_mark.column
        self._lines_at(end, [indent + text for text in texts])

    def _lines_at(self, place: int, lines: Sequence[str]) -> None:
        """Put lines in behind the line of `place`."""
        at = self._line_end(place)
        text = "".join(line + self._break for line in lines)
        if self.source[at - 1 : at] not in ("\n", ""):
            text = self._break + text.removesuffix(self._break)
        self._changes.append((at, at, text))

    def _dash(self, node: Any) -> int:
        """Where the dash of an entry stands."""
        match = _DASH.search(self.source, 0, node.start_mark.index)
        if match is None:
            raise EditError("an entry without a dash; write it as '- ...'")
        return match.start()

    def _line_start(self, place: int) -> int:
        return self.source.rfind("\n", 0, place) + 1

    def _line_end(self, place: int) -> int:
        """Where the next line begins."""
        found = self.source.find("\n", place)
        return len(self.source) if found < 0 else found + 1

    def _end(self, node: Any, key: Any = None) -> int:
        """Where the text of a node ends: the parser counts what follows to a block. For an empty
        value that is behind the colon of its `key`.
        """
        if isinstance(node, yaml.ScalarNode):
            return self._scalar_end(node, key)
        if node.flow_style or not node.value:
            return int(node.end_mark.index)
        last = node.value[-1]
        return self._end(last[1], last[0]) if isinstance(last, tuple) else self._end(last)

    def _scalar_end(self, node: Any, key: Any) -> int:
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        if node.style in ("|", ">"):
            return start + len(self.source[start:end].rstrip())
        if not node.value and node.style is None and start == end and key is not None:
            return int(self.source.index(":", key.end_mark.index)) + 1
        return end


def _child(node: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return node.value[step]
    return next(value for key, value in node.value if key.value == step)


def _says(node: Any, value: Value) -> bool:
    """Whether a node of the file is the text `value`."""
    return isinstance(node, yaml.ScalarNode) and bool(node.value == value)


def written(value: Value, style: str | None = None) -> str:
    """A value as it is written in the file: on one line, with the quotes of `style` ("'", '"')."""
    if isinstance(value, str):
        return _scalar(value, style)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(written, value)) + "]"


def _scalar(text: str, style: str | None) -> str:
    if style not in ("'", '"') and (_PLAIN.fullmatch(text) or _reads_plain(text)):
        return text
    if style == '"' or not text.isprintable():
        return json.dumps(text, ensure_ascii=False)
    return "'" + text.replace("'", "''") + "'"


def _reads_plain(text: str) -> bool:
    """Whether the loader reads `text` without quotes as just that, in brackets too."""
    if not text or text != text.strip() or not text.isprintable() or text == "~":
        return False
    try:
        tree = document.parse(f"a: {{b: {text}, c: d}}".encode(), "").tree
    except ConfigError:
        return False
    return bool(tree == {"a": {"b": text, "c": "d"}})
