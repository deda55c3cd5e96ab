"""A small path language over JSON and XML answers, so that checks of other makes can be data. Pure.

    cameras/name           the `name` of every camera: lists are walked by themselves
    cameras[0]/name        of the first camera
    cameras[id=7]/state    of the one whose `id` is 7
    disks/disk/@status     an XML attribute; elements are found by local name, in any namespace
    */state                whatever the level is called;  .  is the node itself

A path begins below the root: the outermost JSON object, the document element of XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from healthmon.protocols.values import json as jsonread
from healthmon.protocols.values import xml
from healthmon.protocols.values.xml import Element

_STEP = re.compile(r"(@?[\w:.-]+|\*)(?:\[(?:(\d{1,4})|(@?[\w:.-]+)=([^\[\]/]{0,64}))\])?")
MOST_NODES = 4096
LONGEST = 256
Node = Any


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    index: int | None
    key: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path."""

    steps: tuple[_Step, ...]

    def select(self, root: Node) -> list[Node]:
        """Every node at the path below `root`, in order; at most `MOST_NODES`."""
        nodes = [root]
        for step in self.steps:
            nodes = [child for node in nodes for child in _children(node, step.name)][:MOST_NODES]
            if step.key is not None:
                nodes = [node for node in nodes if step.value in _texts(node, step.key)]
            elif step.index is not None:
                nodes = nodes[step.index : step.index + 1]
        return nodes

    def text(self, root: Node) -> str | None:
        """The text of the first node at the path below `root` that has one."""
        return next(
            (text for node in self.select(root) if (text := text_of(node)) is not None), None
        )


def parse(text: str) -> Path:
    """The path `text`. Raises ValueError that says what is wrong."""
    if text == ".":
        return Path(())
    steps: list[_Step] = []
    for part in text.split("/"):
        match = _STEP.fullmatch(part)
        if match is None or len(text) > LONGEST:
            raise ValueError(
                f"'{text}' is not a path; write for example cameras/name or disks/disk[0]/@status"
            )
        steps.append(_Step(match[1], int(match[2]) if match[2] else None, match[3], match[4] or ""))
    return Path(tuple(steps))


def tree(body: bytes) -> Node:
    """The root of a JSON or XML answer, by its first character. Raises ProtocolError."""
    return xml.parse(body) if body.lstrip()[:1] == b"<" else jsonread.parse(body)


def text_of(node: Node) -> str | None:
    """The text of a scalar, an attribute or an element; None for null, lists, objects and empty
    text.
    """
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, str | int | float):
        return str(node).strip() or None
    if isinstance(node, Element):
        return node.text.strip() or None
    return None


def _children(node: Node, name: str) -> list[Node]:
    if isinstance(node, Element):
        return _of_element(node, name)
    if isinstance(node, list):
        return [child for one in node for child in _children(one, name)]
    if isinstance(node, dict):
        return _of_mapping(node, name)
    return []


def _of_mapping(node: dict[str, Any], name: str) -> list[Node]:
    """The value of `name` (of every key for ``*``), the items of a list one by one."""
    found = [value for key, value in node.items() if name in ("*", key)]
    return [child for one in found for child in (one if isinstance(one, list) else [one])]


def _of_element(node: Element, name: str) -> list[Node]:
    if name.startswith("@"):
        value = node.get(name[1:])
        return [value] if value is not None else []
    return [child for child in node if name in {"*", child.name}]


def _texts(node: Node, key: str) -> list[str]:
    return [text for child in _children(node, key) if (text := text_of(child)) is not None]
