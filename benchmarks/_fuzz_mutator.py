"""Cases for the fuzz program: a file of the corpus, damaged in the ways that parsers fear.

Case `number` of a parser is always the same bytes, whatever ran before it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb"[A-Za-z_][\w.:-]*")
_TAG = re.compile(rb"<([A-Za-z_][\w:.-]*)(?:\s[^<>]*)?>")
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\b(?:true|false|null)\b|[\[{][\]}]')
_PIECE = re.compile(rb"[^\r\n,;<>]+[\r\n,;<>]*")

NUMBERS = (
    *(b"0", b"-1", b"1", b"7", b"24", b"60", b"99", b"255", b"256", b"9999", b"65535", b"65536"),
    *(b"2147483647", b"2147483648", b"4294967295", b"4294967296", b"9223372036854775807"),
    *(b"18446744073709551616", b"-9223372036854775809", b"1e308", b"1e999", b"-1e999", b"1e-999"),
    *(b"NaN", b"Infinity", b"-inf", b"0x7fffffff", b"1_000", b"+5", b" 7 ", b"1,5", b"-0", b""),
    *(b"0" * 30 + b"1", b"9" * 20, b"9" * 400, b"9" * 5000, b"0." + b"1" * 400, b"1" + b"0" * 4300),
    *(
        text.encode()
        for text in ("\u0663", "\u00b2", "\uff11\uff12", "\u2167", "\U0001d7d7", "\u00bd")
    ),
)
ODDITIES = (
    *(b"\0", b"\x1b[31m", b"\x1b]0;x\x07", b"\x7f", b"\x85", b"\xa0", b"\xff", b"\xfe\xff"),
    *(b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80", b"\r", b"\n", b"\r\n\r\n"),
    *(text.encode() for text in "\u2028\u2029\u202e\u200f\ufeff\ufffd\uffff\u0130\u0131\u017f"),
    *(text.encode() for text in "\u212a\u00df\u0345\u0600\u115f\U0001f4f7\U000e0001\t\v\f\x1c"),
    *(b"%00", b"%s%n", b"&#0;", b"&#x110000;", b"&lt;", b"&x;", b"\\u0000", b"\\ud800", b'"', b"'"),
)
VALUES = (
    *(b"null", b"true", b"false", b"0", b"-1", b"1.5", b"1e400", b'""', b'"x"', b"[]", b"{}"),
    *(b"[[]]", b"[null]", b'{"a":1}', b'[{"a":[]}]', b'"\\ud800"', b"9" * 400, b"9" * 5000),
)
OPENERS = (
    (b"<a>", b"</a>"),
    (b"[", b"]"),
    (b'{"a":', b"}"),
    (b"(", b")"),
    (b'"', b'"'),
    (b"<!--", b"-->"),
    (b"\x30\x80", b"\0\0"),
)
EDGES = (0, 1, 2, 3, 0x7F, 0x80, 0x81, 0x84, 0xC8, 0xFE, 0xFF, 0x20, 0x0A)
MOST_CHANGES = 4

Change = Callable[["Mutator", bytes], bytes]


class Mutator:
    """Damages `seeds`. A case has at most `most` bytes."""

    def __init__(self, seeds: Sequence[bytes], most: int) -> None:
        self.seeds = seeds
        self.most = most
        self.dice = random.Random()

    def case(self, number: int) -> tuple[int, bytes]:
        """Case `number`: which seed it was, and the bytes."""
        self.dice.seed(number)
        which = self.below(len(self.seeds))
        data = self.seeds[which]
        for _ in range(1 + self.below(MOST_CHANGES)):
            data = CHANGES[self.below(len(CHANGES))](self, data)
        return which, data[: self.most]

    def below(self, count: int) -> int:
        """A number from 0 to count - 1; 0 for a count of 0."""
        return int(self.dice.random() * count)

    def one_of(self, given: Sequence[bytes]) -> bytes:
        """One of `given`."""
        return given[self.below(len(given))]

    def span(self, data: bytes) -> tuple[int, int]:
        """A piece of `data`, more often a short one."""
        start = self.below(len(data) + 1)
        size = self.below(min(len(data) - start, 1 << self.below(12)) + 1)
        return start, start + size

    def found(self, pattern: re.Pattern[bytes], data: bytes) -> re.Match[bytes] | None:
        """A match of `pattern` behind a place by lot, else the first."""
        return pattern.search(data, self.below(len(data))) or pattern.search(data)

    def count(self, size: int) -> int:
        """How often a piece of `size` bytes is repeated: seldom so often that the case is full."""
        full = max(2, self.most // max(1, size))
        return 2 + self.below(full if self.below(60) == 0 else min(full, 1 << self.below(7)))


def _put(data: bytes, span: tuple[int, int], new: bytes) -> bytes:
    return data[: span[0]] + new + data[span[1] :]


def _flip(of: Mutator, data: bytes) -> bytes:
    if not data:
        return b"\0"
    at = of.below(len(data))
    return _put(data, (at, at + 1), bytes((data[at] ^ (1 << of.below(8)),)))


def _edge(of: Mutator, data: bytes) -> bytes:
    """One to four bytes at the edges of their range: lengths, counts, types."""
    at = of.below(len(data) + 1)
    new = bytes((EDGES[of.below(len(EDGES))],)) * (1 << of.below(3))
    return _put(data, (at, at + len(new)), new)


def _cut_out(of: Mutator, data: bytes) -> bytes:
    return _put(data, of.span(data), b"")


def _truncate(of: Mutator, data: bytes) -> bytes:
    return data[: of.below(len(data) + 1)]


def _double(of: Mutator, data: bytes) -> bytes:
    start, stop = of.span(data)
    return _put(data, (stop, stop), data[start:stop])


def _splice(of: Mutator, data: bytes) -> bytes:
    other = of.one_of(of.seeds)
    start, stop = of.span(other)
    return _put(data, of.span(data), other[start:stop])


def _join(of: Mutator, data: bytes) -> bytes:
    other = of.one_of(of.seeds)
    return data[: of.below(len(data) + 1)] + other[of.below(len(other) + 1) :]


def _oddity(of: Mutator, data: bytes) -> bytes:
    at = of.below(len(data) + 1)
    return _put(data, (at, at), of.one_of(ODDITIES))


def _random_bytes(of: Mutator, data: bytes) -> bytes:
    return _put(data, of.span(data), of.dice.randbytes(1 + of.below(16)))


def _number(of: Mutator, data: bytes) -> bytes:
    match = of.found(_NUMBER, data)
    return _put(data, match.span(), of.one_of(NUMBERS)) if match else _edge(of, data)


def _near(of: Mutator, data: bytes) -> bytes:
    """A number that differs a little: a count that is off by one, an hour of 24."""
    match = of.found(_NUMBER, data)
    if match is None or len(match[0]) > 18 or b"." in match[0]:
        return _flip(of, data)
    return _put(data, match.span(), b"%d" % (int(match[0]) + of.below(5) - 2))


def _value(of: Mutator, data: bytes) -> bytes:
    """Another kind of JSON value."""
    match = of.found(_VALUE, data)
    return _put(data, match.span(), of.one_of(VALUES)) if match else _number(of, data)


def _word(of: Mutator, data: bytes) -> bytes:
    """A word of this parser's language in the place of another one."""
    match = of.found(_WORD, data)
    other = of.found(_WORD, of.one_of(of.seeds))
    return _put(data, match.span(), other[0]) if match and other else _splice(of, data)


def _case(of: Mutator, data: bytes) -> bytes:
    match = of.found(_WORD, data)
    return _put(data, match.span(), match[0].swapcase()) if match else _flip(of, data)


def _long(of: Mutator, data: bytes) -> bytes:
    """A very long word or number."""
    match = of.found(_WORD if of.below(2) else _NUMBER, data)
    size = min(of.most, 1 << of.below(15))
    span = match.span() if match else of.span(data)
    return _put(data, span, of.one_of((b"A", b"9", b" ", b"0", b"\xc3\xa9", b".")) * size)


def _repeat(of: Mutator, data: bytes) -> bytes:
    """The same piece again and again."""
    match = of.found(_PIECE, data)
    if match is None:
        return _double(of, data)
    return _put(data, match.span(), match[0] * of.count(len(match[0])))


def _swap(of: Mutator, data: bytes) -> bytes:
    """Two pieces change places."""
    one, other = of.found(_PIECE, data), of.found(_PIECE, data)
    if one is None or other is None or one.end() > other.start():
        return _cut_out(of, data)
    return _put(_put(data, other.span(), one[0]), one.span(), other[0])


def _element(of: Mutator, data: bytes) -> tuple[int, int, int, int] | None:
    """Where the start tag, the content and the end tag of an element are."""
    start = of.found(_TAG, data)
    if start is None:
        return None
    stop = data.find(b"</%s>" % start[1], start.end())
    return (*start.span(), stop, stop + 3 + len(start[1])) if stop >= 0 else None


def _repeat_element(of: Mutator, data: bytes) -> bytes:
    found = _element(of, data)
    if found is None:
        return _repeat(of, data)
    whole = data[found[0] : found[3]]
    return _put(data, (found[0], found[3]), whole * of.count(len(whole)))


def _nest_element(of: Mutator, data: bytes) -> bytes:
    """An element inside itself, and inside that again."""
    found = _element(of, data)
    if found is None:
        return _nest(of, data)
    start, inside, stop, end = found
    first, last = data[start:inside], data[stop:end]
    times = min(of.count(len(first) + len(last)), 1 + of.below(300))
    middle = data[inside:stop]
    if of.below(2):
        first += middle
    return _put(data, (start, end), first * times + middle + last * times)


def _fill_element(of: Mutator, data: bytes) -> bytes:
    """Another text in an element."""
    found = _element(of, data)
    if found is None:
        return _value(of, data)
    new = of.one_of(NUMBERS) if of.below(2) else of.one_of(ODDITIES)
    return _put(data, (found[1], found[2]), new)


def _nest(of: Mutator, data: bytes) -> bytes:
    first, last = OPENERS[of.below(len(OPENERS))]
    start, stop = of.span(data)
    times = of.count(len(first) + len(last))
    return _put(data, (start, stop), first * times + data[start:stop] + last * times)


CHANGES: tuple[Change, ...] = (
    *(_flip, _flip, _edge, _edge, _cut_out, _truncate, _double, _splice, _join, _oddity, _oddity),
    *(_random_bytes, _number, _number, _number, _near, _near, _value, _value, _word, _case, _long),
    *(_repeat, _swap, _repeat_element, _nest_element, _fill_element, _fill_element, _nest),
)
