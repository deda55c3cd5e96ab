"""JSON from devices: capped by the transport, safe in depth and number of its parts, no NaN, no
endless numbers (RFC 8259).
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from healthmon.protocols.errors import ProtocolError

DEEPEST = 64
MOST_CONTAINERS = 20_000  # lists and objects: four times what the largest honest answer has


def parse(body: bytes) -> Any:
    """The value in `body`: dicts, lists, strings, numbers, booleans, None. Raises ProtocolError for
    anything else.
    """
    if body.count(b"[") + body.count(b"{") > MOST_CONTAINERS:
        raise ProtocolError(f"JSON with more than {MOST_CONTAINERS} lists and objects")
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        what = "an HTML page" if b"<html" in body[:2048].lower() else "no readable JSON"
        raise ProtocolError(f"answer is {what}" if body.strip() else "answer is empty") from None
    if _deeper(value, DEEPEST):
        raise ProtocolError(f"JSON nested deeper than {DEEPEST} levels")
    return value


def _refuse(_word: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [child for one in layer for child in _children(one)]
        if not layer:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [child for child in value.values() if isinstance(child, dict | list)]
    return (
        [child for child in value if isinstance(child, dict | list)]
        if isinstance(value, list)
        else []
    )
