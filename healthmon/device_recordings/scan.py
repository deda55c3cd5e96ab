"""The last look at a recording before it is written: what is still there that must not be.

It shares no list of fields with what has replaced the values, only the patterns: what was overlooked
there is to be found here.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.device_recordings import patterns
from healthmon.device_recordings.known import Known, disguises, occurrences, usable, without

_WORDS = {
    "account": "a user name or secret of config.yaml",
    "host": "an address or host name of config.yaml",
    "serial": "a serial number of the device",
    "mac": "a MAC address of the device",
    "name": "a name of config.yaml",
    "id": "an id of config.yaml",
}
_KINDS = (
    ("a key or certificate", patterns.PEM.finditer),
    ("a user name in an address", patterns.USER_INFO.finditer),
    ("an e-mail address", patterns.emails),
    ("a MAC address", patterns.macs),
    ("an IPv4 address", patterns.addresses_4),
    ("an IPv6 address", patterns.addresses_6),
    ("a UUID", patterns.uuids),
    ("a long Base64 value", patterns.blobs),
    ("what looks like a serial number", patterns.serials),
)


def problems(text: str, known: Known) -> Iterator[str]:
    """``line 12: an e-mail address``; the value itself is not shown."""
    for number, line in enumerate(text.splitlines(), 1):
        for what in _of_line(line, known):
            yield f"line {number}: {what}"


def _of_line(line: str, known: Known) -> Iterator[str]:
    plain = _without_kept(line, known)
    for kind, value in known.by_kind():
        if value in known.kept or patterns.is_substitute(value):
            continue
        hidden = disguises(value) if kind in ("account", "serial", "mac") else ()
        stands = next(occurrences(kind, value, plain), None) is not None
        if stands or any(one in line for one in hidden):
            yield _WORDS[kind]
    for what, finder in _KINDS:
        if next(finder(plain), None) is not None:
            yield what


def _without_kept(line: str, known: Known) -> str:
    for found in reversed(list(patterns.parameter_sets(line))):
        line = line[: found.start(1)] + line[found.end(1) :]
    for value in usable(known.kept):
        line = without("kept", value, line, lambda _: "")
    return line
