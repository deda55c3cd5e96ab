"""What was accepted, put into the entries of config.yaml: into its text, and into its tree as it must be
read afterwards. Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from healthmon.commissioning.differences import IDENTITY, OF_STREAM, name_of
from healthmon.config.text_edit import Edit

_ORDER: Final = {"commissioned": IDENTITY, "tls": ("pin",)}
_STREAM_ORDER: Final = ("name", "path", "profile", *OF_STREAM)
_LAST: Final = ("tls", "streams", "commissioned")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is written of one device: its `section` and `number` in the file, its entry with what it
    inherits (`whole`), and the `values` by their keys.
    """

    section: str
    number: int
    whole: Mapping[str, Any]
    values: Mapping[str, str]


def edited(source: str, tree: Mapping[str, Any], accepted: Sequence[Accepted]) -> tuple[str, Any]:
    """The new text of the file, and the tree that it must be read as. `tree` is what `source` says."""
    edit, expected = Edit(source), copy.deepcopy(dict(tree))
    for one in accepted:
        own = expected[one.section][one.number]
        added: dict[str, Any] = {}
        for path, values, order in _parts(one, own):
            part = _at(own, path)
            if part:
                edit.change_at((one.section, one.number, *path), values, order)
                part.update(values)
            else:
                added[path[0]] = values
        for key, values in added.items():
            own[key] = _inherited_streams(one) if key == "streams" else values
        if added:
            order = (*(key for key in own if key not in _LAST), *_LAST)
            edit.change(one.section, one.number, {key: own[key] for key in added}, order)
    return edit.text(), expected


def _parts(
    one: Accepted, own: Mapping[str, Any]
) -> Iterator[tuple[tuple[Any, ...], dict[str, str], Sequence[str]]]:
    """(path below the entry, values, order of the keys) of each part of the entry that changes."""
    for part, order in _ORDER.items():
        if values := _below(one.values, part, order):
            yield (part,), values, order
    for number, stream in enumerate(own.get("streams") or ()):
        if values := _of_stream(one, stream):
            yield ("streams", number), values, _STREAM_ORDER
    if not own.get("streams") and any(key.startswith("streams.") for key in one.values):
        yield ("streams",), {}, ()


def _below(values: Mapping[str, str], part: str, names: Sequence[str]) -> dict[str, str]:
    """The values of a part by their `names`."""
    return {name: values[key] for name in names if (key := f"{part}.{name}") in values}


def _of_stream(one: Accepted, stream: Mapping[str, Any]) -> dict[str, str]:
    return _below(one.values, f"streams.{name_of(stream)}", OF_STREAM)


def _at(own: Any, path: Sequence[Any]) -> Any:
    """The part of the device's own entry at `path`; None where it has none or an empty one."""
    for step in path:
        own = own.get(step) if isinstance(own, Mapping) else own[step]
        if not own:
            return None
    return own if isinstance(own, Mapping) else None


def _inherited_streams(one: Accepted) -> list[dict[str, Any]]:
    """The streams that the device had by the defaults, with what was accepted: a list is inherited as
    a whole.
    """
    return [{**stream, **_of_stream(one, stream)} for stream in one.whole.get("streams") or ()]
