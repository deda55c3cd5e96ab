"""Strict YAML: every scalar stays the string that was written, with the line it stands on.

PyYAML alone takes the last of two equal keys, makes NO a boolean, 1:30 a number and 0123 an octal, and walks alias
bombs; a configuration that decides what is watched may not guess. Duplicate keys, anchors, aliases, merge keys and tags
are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from healthmon.config.problems import ConfigError, Problem

MOST_BYTES = 4 * 1024 * 1024
DEEPEST = 20
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """A YAML file as nested dicts, lists and strings (None for an empty value) with the line of every path."""

    file: str
    tree: Any
    lines: dict[Path_, int]
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path_) -> int:
        """The line of `path`, or of the nearest thing above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(path: Path) -> Document:
    """Read and parse `path`. Raises ConfigError for what cannot be parsed; the rest is in ``problems``."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _error(path, 0, f"cannot be read: {(error.strerror or 'error').lower()}") from None
    return parse(raw, path.name if path.parent == Path() else str(path))


def parse(raw: bytes, file: str) -> Document:
    """Parse the bytes of a configuration. Raises ConfigError."""
    if len(raw) > MOST_BYTES:
        raise _error(file, 0, "larger than 4 MiB; this cannot be a configuration")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _error(file, 1, "is UTF-16; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _error(file, line, "is not UTF-8; save it as UTF-8") from None
    _refuse_early(text, file)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _error(file, mark.line + 1 if mark else 1, f"not YAML: {error.problem or 'cannot be parsed'}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _error(file, 1, f"not YAML: {' '.join(str(error).split())[:120] or 'nested too deep'}") from None
    document = Document(file, None, {})
    document.tree = _plain(node, (), document) if node is not None else {}
    return document


def _refuse_early(text: str, file: str) -> None:
    """What must be refused before PyYAML sees it: tabs for indentation, anchors and aliases (bombs), deep flow."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        content = line.lstrip(" ")
        if content.startswith("\t"):
            raise _error(file, number, "a tab indents this line; YAML wants spaces")
        if content.startswith("#"):
            continue
        depth += content.count("[") + content.count("{") - content.count("]") - content.count("}")
        if depth > DEEPEST:
            raise _error(file, number, f"nested deeper than {DEEPEST} levels")
        if len(line) - len(content) > 16 * DEEPEST or (content.count("- ") > DEEPEST and content.startswith("- - - ")):
            raise _error(file, number, f"nested deeper than {DEEPEST} levels")
    try:
        for token in yaml.scan(text, Loader=_Loader):
            kind = type(token).__name__
            if kind in ("AnchorToken", "AliasToken", "TagToken"):
                what = {"AnchorToken": "anchor (&)", "AliasToken": "alias (*)", "TagToken": "tag (!)"}[kind]
                raise _error(
                    file, token.start_mark.line + 1, f"YAML {what} is not allowed; write the value out or quote it"
                )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _error(file, mark.line + 1 if mark else 1, f"not YAML: {error.problem or 'cannot be parsed'}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _error(file, 1, f"not YAML: {' '.join(str(error).split())[:120]}") from None


def _plain(node: Any, path: Path_, document: Document) -> Any:
    document.lines[path] = node.start_mark.line + 1
    if len(path) > DEEPEST:
        raise _error(document.file, node.start_mark.line + 1, f"nested deeper than {DEEPEST} levels")
    if isinstance(node, yaml.ScalarNode):
        return None if node.style is None and node.value in ("", "~") else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, number), document) for number, child in enumerate(node.value)]
    return _mapping(node, path, document)


def _mapping(node: Any, path: Path_, document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    first: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
            text = (
                "merge keys (<<) are not allowed" if isinstance(key_node, yaml.ScalarNode) else "a key must be a word"
            )
            document.problems.append(Problem(document.file, line, "", text))
            continue
        key = key_node.value
        if key in first:
            text = f"key '{key}' stands twice (first on line {first[key]}); delete one"
            document.problems.append(Problem(document.file, line, "", text))
            continue
        first[key] = line
        found[key] = _plain(value_node, (*path, key), document)
        document.lines[(*path, key)] = line
    return found


def _error(file: object, line: int, text: str) -> ConfigError:
    return ConfigError([Problem(str(file), line, "", text)])
