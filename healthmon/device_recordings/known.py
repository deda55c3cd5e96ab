"""What must not stand in a recording because the configuration says it: addresses, names, accounts."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from healthmon.model.measurements import Identity

SHORTEST, LONGEST_PREFIX = 3, 40
_TAG = re.compile(r"</?(?:[\w-]+:)?$")


@dataclass(frozen=True)
class Known:
    """Values of the configuration, by what they are: `names` of devices, sites and companies,
    `identifiers` of devices, `hosts` (addresses and names), `accounts` (user names and secrets),
    `serials` and `macs` that are commissioned or were answered, `kept` what must stay as it is
    (maker, model, firmware).
    """

    names: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    kept: tuple[str, ...] = field(default=())

    def by_kind(self) -> Iterator[tuple[str, str]]:
        """(kind, value), the longest values first, so that none hides in another."""
        kinds = {
            "account": self.accounts,
            "host": self.hosts,
            "serial": self.serials,
            "mac": tuple(form for mac in self.macs for form in forms_of_mac(mac)),
            "name": self.names,
            "id": tuple(one for one in self.identifiers if any(c.isdigit() for c in one)),
        }
        pairs = [(kind, value) for kind, values in kinds.items() for value in usable(values)]
        return iter(sorted(pairs, key=lambda pair: -len(pair[1])))


def with_answers(known: Known, told: Identity) -> Known:
    """`known` with the serial number and the MAC addresses that the device has told. Its maker, model,
    firmware and hardware stay as they are, unless something private stands in them.
    """
    full = replace(
        known,
        serials=(*known.serials, *filter(None, (told.serial,))),
        macs=(*known.macs, *told.macs),
    )
    private = [pair for pair in full.by_kind() if pair[0] in ("account", "host", "serial", "mac")]
    kept = filter(None, (told.manufacturer, told.model, told.firmware, told.hardware))

    def is_plain(text: str) -> bool:
        return not any(next(occurrences(*pair, text), None) for pair in private)

    return replace(full, kept=tuple(filter(is_plain, kept)))


def forms_of_mac(mac: str) -> Iterator[str]:
    """The ways in which a MAC address is written: with colons, hyphens, spaces or nothing."""
    digits = re.sub(r"[^0-9A-Fa-f]", "", mac)
    if len(digits) != 12:
        yield mac
        return
    pairs = [digits[at : at + 2] for at in range(0, 12, 2)]
    for mark in (":", "-", " ", ""):
        yield mark.join(pairs).upper()
        yield mark.join(pairs).lower()


def usable(values: Iterable[str]) -> Iterator[str]:
    """Each value once, without those that are too short to mean anything."""
    return (value for value in dict.fromkeys(values) if len(value) >= SHORTEST)


def occurrences(kind: str, value: str, text: str) -> Iterator[re.Match[str]]:
    """Where `value` stands in `text`, but for the names of XML elements.

    A name is found in any case and with any marks or none between its words, a secret that is no word
    also within others; everything else as a word of its own.
    """
    for found in _pattern(kind, value).finditer(text):
        if not _TAG.search(text[max(0, found.start() - LONGEST_PREFIX) : found.start()]):
            yield found


@functools.lru_cache(4096)
def _pattern(kind: str, value: str) -> re.Pattern[str]:
    plain = re.escape(value)
    if kind == "account" and len(value) > SHORTEST and not value.isalpha():
        return re.compile(plain)
    if kind == "name":
        words = filter(None, re.split(r"[\W_]+", value))
        plain = "(?i:" + r"[\W_]{0,3}".join(map(re.escape, words)) + ")" if words else plain
    return re.compile(rf"(?<![A-Za-z0-9]){plain}(?![A-Za-z0-9])")


def without(kind: str, value: str, text: str, put: Callable[[str], str]) -> str:
    """`text` with what `put` gives for each occurrence of `value`."""
    for found in reversed(list(occurrences(kind, value, text))):
        text = text[: found.start()] + put(found[0]) + text[found.end() :]
    return text


def disguises(value: str) -> Iterator[str]:
    """How a value may hide: percent-encoded, as Base64, as hexadecimal digits."""
    raw = value.encode()
    if len(raw) < 6:
        return
    if (encoded := quote(value, safe="")) != value:
        yield encoded
    for before in range(3):  # wherever it begins in what is encoded
        whole = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        yield whole[(before * 4 + 2) // 3 : len(whole) - 1]
    yield raw.hex()
