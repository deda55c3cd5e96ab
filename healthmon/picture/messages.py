"""What agent and worker tell each other on a pipe: one JSON object and the bytes that belong to it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

HEAD = struct.Struct(">II")  # bytes of the JSON, bytes of all that follows it
MOST_HEAD, MOST_BODY = 100_000, 40_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """`fields` are plain JSON values, `blobs` follow in order."""

    fields: dict[str, Any]
    blobs: tuple[bytes, ...] = field(default=())

    def packed(self) -> bytes:
        """As it goes over the pipe."""
        head = json.dumps({"fields": self.fields, "blobs": [len(one) for one in self.blobs]})
        body = b"".join(self.blobs)
        return HEAD.pack(len(head), len(body)) + head.encode() + body


def lengths(head: bytes) -> tuple[int, int]:
    """The two lengths that a message begins with. Raises ValueError where they are no message's."""
    first, second = HEAD.unpack(head)
    if not 0 < first <= MOST_HEAD or second > MOST_BODY:
        raise ValueError("no message of healthmon")
    return int(first), int(second)


def unpacked(head: bytes, body: bytes) -> Message:
    """The message whose JSON is `head`. Raises ValueError where it is none."""
    told = json.loads(head)
    try:
        return Message(dict(told["fields"]), tuple(_cut(body, told["blobs"])))
    except (TypeError, KeyError):
        raise ValueError("no message of healthmon") from None


def _cut(body: bytes, sizes: Sequence[int]) -> list[bytes]:
    at, found = 0, []
    for size in sizes:
        found.append(body[at : at + size])
        at += size
    if at != len(body):
        raise ValueError("no message of healthmon")
    return found


def read(take: Callable[[int], bytes]) -> Message | None:
    """The next message by `take`, which gives exactly so many bytes; None at the end of the pipe."""
    head = take(HEAD.size)
    if len(head) < HEAD.size:
        return None
    first, second = lengths(head)
    return unpacked(take(first), take(second))
