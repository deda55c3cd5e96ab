"""A SOAP answer that is not well-formed -> the events of a parser, as far as its meaning is plain.

Start tags count as they stand; an end tag closes the nearest element of its name, whatever is open
inside it; one that fits nothing is passed over. Pure.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from healthmon.protocols.errors import ProtocolError

LONGEST = 64 * 1024
MOST_PIECES = 4_000
_TAG = re.compile(r"<(/?)([A-Za-z_][^\s<>/=]*+)([^<>]*+)>")
_ATTRIBUTE = re.compile(r"""(?<![^\s"'])([^\s=<>/"']++)\s*+=\s*+("[^"]*"|'[^']*'|[^\s<>"']++)""")
_CUT_END_TAG = re.compile(r"</[^<>]*\Z")
_NO_TAGS = (("<!--", "-->"), ("<?", "?>"))
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
# May be open at the end of the text: the answer inside the body is whole nevertheless.
_OUTSIDE: tuple[list[str], ...] = ([], ["envelope"], ["envelope", "body"])


class Builder(Protocol):
    """Takes the events."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A start tag."""

    def end(self, name: str) -> None:
        """An end tag, of the innermost open element."""

    def data(self, text: str) -> None:
        """Text inside an element."""


def recover(text: str, builder: Builder) -> None:
    """Hand the events of `text`, an envelope, to `builder`. Raises ProtocolError where it is too
    long, or cut off inside the answer.
    """
    if len(text) > LONGEST:
        raise ProtocolError("too long to be mended")
    recovery = _Recovery(builder)
    for count, piece in enumerate(_pieces(text)):
        if count >= MOST_PIECES:
            raise ProtocolError("too long to be mended")
        recovery.read_piece(piece)
    if recovery.open and _CUT_END_TAG.search(text):
        recovery.close(recovery.open[-1])
    if recovery.open not in _OUTSIDE:
        raise ProtocolError("cut off")


class _Recovery:
    """The elements that are open, by their local names in small letters."""

    def __init__(self, builder: Builder) -> None:
        self.open: list[str] = []
        self._of_name: Counter[str] = Counter()
        self._builder = builder

    def read_piece(self, piece: str | re.Match[str]) -> None:
        """The next tag, or the next text."""
        if isinstance(piece, str):
            if self.open:
                self._builder.data(html.unescape(piece))
            return
        local = piece[2].rpartition(":")[2].lower()
        if piece[1]:
            self.close(local)
        else:
            self._start(piece, local)

    def _start(self, tag: re.Match[str], local: str) -> None:
        """A start tag; of two attributes of one name the first counts."""
        attributes: dict[str, str] = {}
        for name, value in _ATTRIBUTE.findall(tag[3]):
            attributes.setdefault(name, html.unescape(value.strip("\"'")))
        self._builder.start(tag[2], attributes)
        self.open.append(local)
        self._of_name[local] += 1
        if tag[3].endswith("/"):
            self.close(local)

    def close(self, local: str) -> None:
        """Close the nearest element of that name and what is open inside it."""
        while self._of_name[local]:
            inner = self.open.pop()
            self._of_name[inner] -= 1
            self._builder.end(inner)
            if inner == local:
                return


def _pieces(text: str) -> Iterator[str | re.Match[str]]:
    """The tags and the texts between them; comments and instructions are left out."""
    at = 0
    while at < len(text):
        begins = text.find("<", at)
        if begins != at:
            yield text[at : begins if begins >= 0 else len(text)]
        if begins < 0:
            return
        if tag := _TAG.match(text, begins):
            yield tag
            at = tag.end()
        else:
            piece, at = _no_tag(text, begins)
            yield piece


def _no_tag(text: str, at: int) -> tuple[str, int]:
    """What stands at `at` and is no tag: its text, and where it ends."""
    if text.startswith(_CDATA, at):
        end = text.find(_CDATA_END, at)
        stop = end if end >= 0 else len(text)
        return text[at + len(_CDATA) : stop], stop + len(_CDATA_END)
    for begin, close in _NO_TAGS:
        if text.startswith(begin, at):
            end = text.find(close, at)
            return "", end + len(close) if end >= 0 else len(text)
    return ("", len(text)) if _CUT_END_TAG.match(text, at) else ("<", at + 1)
