"""``healthmon check-config --show DEVICE``: every setting of a device and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from healthmon.cli.console import fail
from healthmon.config import document
from healthmon.config.defaults_schema import KEYS
from healthmon.config.document import Document, Path_
from healthmon.config.inheritance import KIND_OF, Inherited, inherited
from healthmon.config.problems import suggest
from healthmon.config.schema import Defaults
from healthmon.config.wording import where

BUILT_IN = "built in"
# What every device of a section takes from `defaults` itself, and by which name there.
_GENERAL = {"interval": "interval", "timeout": "timeout"}
_OF_VIDEO = {**_GENERAL, "watch": "watch"}
_OF_SECTION = {
    "cameras": {**_OF_VIDEO, "ntp": "ntp"},
    "recorders": _OF_VIDEO,
    "ups": {"interval": "ups_interval", "timeout": "timeout"},
}
# Sections whose values are taken one by one from the file's defaults.
_WHOLE = {"cameras": ("limits", "recording"), "recorders": ("limits", "recording")}
Row = tuple[str, str, str]


def rows(path: Path, device: str) -> list[Row]:
    """Each setting of a device of the file, which is well formed: key, value as it is written, and
    where that stands. Exits where no device has this id.
    """
    found = document.read(path)
    given = inherited(found, KEYS)
    place = _place(given, device)
    if place is None:
        known = [one["id"] for section in KIND_OF for one in given.tree.get(section) or ()]
        raise fail(f"{path}: no device '{device}'{suggest(device, known)}")
    return [*_own(found, given, place), *_general(found, given, place)]


def lines(settings: Sequence[Row]) -> Iterator[str]:
    """One line for each of the `settings`, in columns."""
    wide, long = (max(len(row[column]) for row in settings) for column in (0, 1))
    for key, value, source in settings:
        yield f"{key:{wide}}  {value:{min(long, 40)}}  {source}"


def _place(given: Inherited, device: str) -> Path_ | None:
    for section in KIND_OF:
        for number, entry in enumerate(given.tree.get(section) or ()):
            if entry["id"] == device:
                return section, number
    return None


def _entry(given: Inherited, place: Path_) -> dict[str, Any]:
    entry: dict[str, Any] = given.tree[str(place[0])][place[1]]
    return entry


def _own(found: Document, given: Inherited, place: Path_) -> Iterator[Row]:
    """What the device says or inherits by its site and kind."""
    for key, value in _entry(given, place).items():
        parts: list[tuple[Path_, Any]] = [((key,), value)]
        if isinstance(value, dict):
            parts = [((key, part), one) for part, one in value.items()]
        for step, one in parts:
            path = given.origin((*place, *step)) or (*place, *step)
            yield ".".join(map(str, step)), written(one), _source(found, path)


def _general(found: Document, given: Inherited, place: Path_) -> Iterator[Row]:
    """What it takes from `defaults` itself, and what is built in."""
    section, entry = str(place[0]), _entry(given, place)
    for key, name in _OF_SECTION.get(section, _GENERAL).items():
        if entry.get(key) is None:
            yield _default(found, key, name, longer=entry.get("metered") is not None)
    for key in _WHOLE.get(section, ("limits",)):
        taken = dict(entry.get(key) or {})
        if key == "recording":
            yield from _of_recorder(found, given, entry, taken)
        general = found.value(("defaults", key)) or {}
        for part in (part for part in general if part not in taken):
            yield f"{key}.{part}", written(general[part]), _source(found, ("defaults", key, part))


def _of_recorder(
    found: Document, given: Inherited, entry: dict[str, Any], taken: dict[str, Any]
) -> Iterator[Row]:
    """What a camera takes from its recorder for its footage; put into `taken`."""
    recorder = _place(given, str(entry.get("recorder")))
    values = (_entry(given, recorder).get("recording") if recorder else None) or {}
    for part in (part for part in values if part not in taken):
        taken[part] = values[part]
        steps = (*(recorder or ()), "recording", part)
        path = given.origin(steps) or steps
        yield f"recording.{part}", written(values[part]), _source(found, path)


def _default(found: Document, key: str, name: str, *, longer: bool) -> Row:
    value = found.value(("defaults", name))
    if value is not None:
        source = _source(found, ("defaults", name))
    else:
        built_in = Defaults.model_fields[name].default
        value = f"{built_in:g} s" if isinstance(built_in, float) else built_in
        source = BUILT_IN
    return key, written(value), f"{source}, at least; longer as it is metered" if longer else source


def _source(found: Document, path: Path_) -> str:
    """``config.yaml:41 camera C017``, ``config.yaml:9 site market, defaults.camera``."""
    here = where(found, path)
    if path[0] == "sites":
        here = f"{here}, defaults.{path[3]}"
    elif path[0] == "defaults":
        here = f"defaults.{path[1]}"
    return f"{found.file}:{found.line(path)} {here}"


def written(value: Any) -> str:
    """A value of the file on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return "" if value is None else str(value)
