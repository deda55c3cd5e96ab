"""The same substitute for the same value, wherever it stands in a recording."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterator

from healthmon.device_recordings import fields, patterns
from healthmon.device_recordings.known import Known, usable, without

# What is learned from fields and then replaced wherever it stands; a name may be a word like any other.
_EVERYWHERE = ("serial", "mac", "token", "account", "host")
LEAST_LEARNED = 6
# Marks of what stays as it is, while the rest is replaced; no text has these characters (ISO 10646).
_KEEP = "\ue000{}\ue001"
_KEPT = re.compile("\ue000(\\d+)\ue001")


class Substitutes:
    """Replaces in texts what must not leave the estate. Texts are `learn`ed first, then asked for by
    `text`.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._by_value: dict[tuple[str, str], str] = {}
        self._made: set[str] = set()
        self._counts: dict[str, int] = {}
        self._learned: dict[str, str] = {}

    def learn(self, text: str) -> None:
        """Note the values of fields that are to be replaced wherever they stand."""
        for field in fields.found_in(text):
            plain = field.value.strip()
            if field.kind in _EVERYWHERE and len(plain) >= LEAST_LEARNED and not self._stays(plain):
                self._learned.setdefault(plain, field.kind)

    def text(self, text: str) -> str:
        """`text` with substitutes."""
        kept: list[str] = []
        found = self._marked(text, kept)
        found = patterns.PEM.sub("(a key or certificate stood here)", found)
        found = patterns.USER_INFO.sub("", found)
        found = self._without_fields(found)
        for kind, value in self._values():
            found = without(kind, value, found, functools.partial(self._put, kind, value))
        for kind, finder in _FINDERS:
            found = self._without(found, kind, finder)
        return _KEPT.sub(lambda mark: kept[int(mark[1])], found)

    def of(self, kind: str, value: str) -> str:
        """The substitute of a value."""
        key = (kind, value.lower() if kind == "mac" else value)
        known = self._by_value.get(key)
        if known is None:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._by_value[key] = _made(kind, value, number)
            self._made.add(known)
        return known

    def _put(self, kind: str, value: str, _found: str) -> str:
        return self.of(kind, value)

    def _stays(self, value: str) -> bool:
        """Whether it is to be kept, or is a substitute already."""
        return value in self._known.kept or value in self._made

    def _marked(self, text: str, kept: list[str]) -> str:
        """`text` with marks in place of what stays: maker, model, firmware, parameter sets."""

        def mark(value: str) -> str:
            kept.append(value)
            return _KEEP.format(len(kept) - 1)

        for value in sorted(usable(self._known.kept), key=len, reverse=True):
            text = without("kept", value, text, mark)
        for found in reversed(list(patterns.parameter_sets(text))):
            text = text[: found.start()] + mark(found[0]) + text[found.end() :]
        return text

    def _without_fields(self, text: str) -> str:
        done: list[tuple[int, int]] = []
        changes: list[tuple[int, int, str]] = []
        for field in fields.found_in(text):
            taken = any(field.start < end and begin < field.end for begin, end in done)
            if taken or self._stays(field.value) or _KEPT.search(field.value):
                continue
            done.append((field.start, field.end))
            changes.append((field.start, field.end, self.of(field.kind, field.value)))
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _values(self) -> Iterator[tuple[str, str]]:
        """What the configuration and the fields say, the longest first."""
        found = [*self._known.by_kind(), *((kind, v) for v, kind in self._learned.items())]
        for kind, value in sorted(found, key=lambda pair: -len(pair[1])):
            if not self._stays(value):
                yield kind, value

    def _without(
        self, text: str, kind: str, finder: Callable[[str], Iterator[re.Match[str]]]
    ) -> str:
        for found in reversed(list(finder(text))):
            if found[0] not in self._known.kept:
                text = text[: found.start()] + self.of(kind, found[0]) + text[found.end() :]
        return text


_FINDERS: tuple[tuple[str, Callable[[str], Iterator[re.Match[str]]]], ...] = (
    ("email", patterns.emails),
    ("uuid", patterns.uuids),
    ("mac", patterns.macs),
    ("host", patterns.addresses_6),
    ("host", patterns.addresses_4),
    ("blob", patterns.blobs),
    ("serial", patterns.serials),
)


def _made(kind: str, value: str, number: int) -> str:
    """A substitute of the form that readers of `value` expect."""
    make = _MAKERS.get(kind)
    if make is not None:
        return make(value, number)
    return patterns.shape(value, number)


def _mac(value: str, number: int) -> str:
    digits = (
        f"0200000000{number % 256:02x}" if len(re.sub(r"[^0-9A-Fa-f]", "", value)) == 12 else ""
    )
    if not digits:
        return patterns.shape(value, number)
    mark = value[2] if len(value) == 17 else ""
    return mark.join(digits[at : at + 2] for at in range(0, 12, 2))


def _host(value: str, number: int) -> str:
    try:
        version = ipaddress.ip_address(value).version
    except ValueError:
        return f"host{number}.example.invalid"
    return f"192.0.2.{1 + number % 250}" if version == 4 else f"2001:db8::{number:x}"


def _reference(value: str, number: int) -> str:
    """A token of ONVIF: as long as it was, and with the number at its end, by which channels are known."""
    if len(value) < LEAST_LEARNED:
        return value
    stem, tail = _tail(value)
    return patterns.shape(stem[::-1], number)[::-1] + tail


def _name(value: str, number: int) -> str:
    """A name with the number at its end, by which channels are known."""
    _, tail = _tail(value)
    return f"Name {number}-{tail}" if tail else f"Name {number}"


def _tail(value: str) -> tuple[str, str]:
    """What stands before the short number at the end, and that number."""
    found = re.search(r"(?<!\d)\d{1,3}$", value)
    return (value[: found.start()], found[0]) if found else (value, "")


_MAKERS: dict[str, Callable[[str, int], str]] = {
    "name": _name,
    "id": lambda _, number: f"D{number}",
    "account": lambda _, number: f"account{number}",
    "email": lambda _, number: f"somebody{number}@example.invalid",
    "place": lambda *_: "0.0",
    "host": _host,
    "mac": _mac,
    "reference": _reference,
}
