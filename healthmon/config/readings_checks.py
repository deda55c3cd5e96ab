"""What no single key of a recorder's readings shows: unknown fields, limits that cannot be, an
unmarked POST.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.config.device_schema import Recorder
from healthmon.config.document import Path_
from healthmon.config.problems import suggest
from healthmon.config.readings_schema import HttpRequest, Item, RcpCommand, SnmpObject, Value
from healthmon.config.schema import Config
from healthmon.config.units import flag
from healthmon.model.readings import CHANNEL, CHOICES, FIELDS, Of

Found = Iterator[tuple[Path_, str]]
# Which makes read what.
_BELONGS = {
    "requests": ("http",),
    "objects": ("snmp", "bosch"),
    "storage": ("snmp", "bosch"),
    "rcp": ("bosch",),
    "tracks": ("bosch",),
    "experimental_clock": ("bosch",),
}
_BY_HTTP = {"http", "hikvision", "axis", "dahua"}


def problems_of(config: Config) -> Found:
    """Problems of `requests`, `objects`, `rcp` and `storage` of every recorder."""
    for number, recorder in enumerate(config.recorders):
        path: Path_ = ("recorders", number)
        yield from _belongs(path, recorder)
        for n, request in enumerate(recorder.requests):
            yield from _request((*path, "requests", n), request)
        for key in ("objects", "rcp"):
            for n, item in enumerate(getattr(recorder, key)):
                yield from _item((*path, key, n), item)


def _belongs(path: Path_, recorder: Recorder) -> Found:
    make = recorder.make
    for key, makes in _BELONGS.items():
        if getattr(recorder, key) and make not in makes:
            yield (
                (*path, key),
                f"'{key}' belongs to make {' or '.join(makes)}; this recorder has {make or 'no make'}",
            )
    if text := _nothing_read(recorder):
        yield (*path, "make"), text
    for key in ("objects", "storage"):
        if getattr(recorder, key) and recorder.snmp is None:
            yield (*path, key), f"'{key}' is read by SNMP: give this recorder its 'snmp'"
    if text := _no_way_to_read(recorder):
        yield (*path, "make"), text


def _nothing_read(recorder: Recorder) -> str | None:
    """Why a make that reads only what the file names would read nothing."""
    if recorder.make == "http" and not recorder.requests:
        return "make http reads nothing by itself: give it 'requests'"
    if recorder.make == "snmp" and not (recorder.objects or recorder.storage):
        return "make snmp reads nothing by itself: give it 'objects' or 'storage'"
    return None


def _no_way_to_read(recorder: Recorder) -> str | None:
    """Why a make cannot be read by the protocols that the recorder has."""
    make = recorder.make
    if recorder.http is not None:
        return None
    if make in _BY_HTTP:
        return f"make {make} is read by HTTP, but 'http' is no"
    if make == "bosch" and recorder.snmp is None:
        return "make bosch is read by HTTP or SNMP: 'http' is no and there is no 'snmp'"
    return None


def _request(path: Path_, request: HttpRequest) -> Found:
    yield from _method(path, request)
    if not request.values:
        yield (
            (*path, "values"),
            "names nothing to read in the answer; give for example [{at: state, fills: state}]",
        )
    if (request.rows is None) != (request.key is None):
        yield path, "'rows' and 'key' go together"
    each = CHANNEL in request.path
    if each and (request.of != "channel" or request.rows):
        yield (*path, "path"), "{channel} in 'path' needs 'of: channel', without 'rows'"
    yield from _named(path, request.of, request.item, each=each or request.rows is not None)
    for n, value in enumerate(request.values):
        yield from _value((*path, "values", n), value, request.of)


def _method(path: Path_, request: HttpRequest) -> Found:
    if request.method == "POST" and not request.read_only:
        yield (
            (*path, "method"),
            "a POST is sent only where 'read_only: yes' says that it changes nothing",
        )
    if request.body and request.method == "GET":
        yield (*path, "body"), "a GET has no body"


def _item(path: Path_, item: Item) -> Found:
    place = (
        item.oid
        if isinstance(item, SnmpObject)
        else item.num
        if isinstance(item, RcpCommand)
        else ""
    )
    each = CHANNEL in place
    if each and item.of != "channel":
        yield path, "{channel} needs 'of: channel'"
    yield from _named(path, item.of, item.item, each=each)
    yield from _value(path, item, item.of)


def _named(path: Path_, of: Of, item: str | None, *, each: bool) -> Found:
    """A channel, disk or fan must be named in one way; the recorder is not."""
    if of != "recorder" and not each and item is None:
        host_routes = (
            "'item', 'rows' with 'key', or {channel}"
            if of == "channel"
            else "'item', or 'rows' with 'key'"
        )
        yield path, f"which {of}? give {host_routes}"
    if item is not None and (of == "recorder" or each):
        yield (*path, "item"), "'item' names one channel, disk or fan; there is none to name here"


def _value(path: Path_, value: Value, of: Of) -> Found:
    if value.fills is None:
        yield from _unfilled(path, value)
    if value.low is not None and value.high is not None and value.low > value.high:
        yield (*path, "low"), f"'low' {value.low:g} is above 'high' {value.high:g}"
    known = FIELDS[of]
    if value.fills is not None and value.fills not in known:
        hint = suggest(value.fills, known) or f"; it has {', '.join(known)}"
        yield (*path, "fills"), f"a {of} has no field '{value.fills}'{hint}"
    elif value.fills is not None:
        yield from _words(path, value, value.fills, of)


def _unfilled(path: Path_, value: Value) -> Found:
    """A value that fills no field: it needs a limit, and a name to speak of it."""
    limited = value.low is not None or value.high is not None or bool(value.well)
    if not limited:
        yield (
            path,
            "fills no field and has no limit: give 'fills', or 'low', 'high' or 'well' with a 'name'",
        )
    elif value.name is None:
        yield path, "a limit without 'fills' needs a 'name' for the sentence"


def _words(path: Path_, value: Value, field: str, of: Of) -> Found:
    """What `words` put must be something that the field can be."""
    decoder = FIELDS[of][field]
    choices = CHOICES.get(decoder)
    for said, word in value.words.items():
        if choices is not None and not (_is_flag(word) if decoder == "flag" else word in choices):
            yield (
                (*path, "words", said),
                f"'{field}' cannot be '{word}'; it is one of {', '.join(choices)}",
            )


def _is_flag(word: str) -> bool:
    try:
        flag(word)
    except ValueError:
        return False
    return True
