"""What a device has from the defaults of its site and of its kind, merged in the file's own values.

A value is taken from the first of these that has it: the device; the defaults of its site; the
`defaults` of the file; in both of them first those of a camera's kind (`fixed`, `ptz`,
`deployable`), then those of the device's section (`camera`, `recorder` ...), then `device`. Keys of
a section such as `http` or `limits` are taken one by one, a list as a whole. This knows no models,
so that commands that read only the record can use it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from healthmon.config.document import MOST_VALUES, Document, Path_
from healthmon.config.problems import ConfigError, Problem

ANY = "device"
KIND_OF: Final = {
    "links": "link",
    "cameras": "camera",
    "recorders": "recorder",
    "ups": "ups",
    "workstations": "workstation",
}
VARIANTS: Final = ("fixed", "ptz", "deployable")
# A UPS is asked in one way: its own way leaves no room for another one of the defaults.
_WAYS: Final = frozenset({"snmp", "nut", "apcupsd"})
# A site's defaults put no device into another site.
_PLACE: Final = "site"


@dataclass(slots=True)
class Inherited:
    """The file's tree in which every device has what it inherits. `origins` says where that stands:
    by section and number of a device, each path below it with its path in the file.
    """

    tree: dict[str, Any]
    origins: dict[Path_, dict[Path_, Path_]] = field(default_factory=dict)

    def origin(self, path: Path_) -> Path_ | None:
        """Where the inherited thing at `path`, or what it is part of, stands; None for the device's
        own. `path` begins with section and number.
        """
        taken = self.origins.get(path[:2])
        if not taken:
            return None
        for length in (1, 2):
            if source := taken.get(path[2 : 2 + length]):
                return source + path[2 + length :]
        return None


def inherited(document: Document, keys: Mapping[str, Collection[str]]) -> Inherited:
    """The tree of `document` with what every device inherits. `keys` are those that the defaults of
    a kind may give; what else stands in them is not taken over. Raises ConfigError where that makes
    more values than a file may have.
    """
    tree = document.tree
    made = Inherited(dict(tree))
    blocks = Defaulting(tree, keys)
    count = 0
    for section, kind in KIND_OF.items():
        entries = tree.get(section)
        if not isinstance(entries, list) or blocks.none_for(kind):
            continue
        made.tree[section] = list(entries)
        for number, entry in enumerate(entries):
            if isinstance(entry, dict):
                whole, origins = blocks.merged(entry, kind)
                made.tree[section][number] = whole
                made.origins[(section, number)] = origins
                count += sum(_size(whole[str(path[0])]) for path in origins)
                _bounded(count, document, (section, number))
    return made


def value_of(tree: Mapping[str, Any], section: str, key: str) -> Iterator[Any]:
    """The text that each device of a section has under `key`, its own or inherited; None for none."""
    kind = KIND_OF[section]
    blocks = Defaulting(tree, dict.fromkeys((ANY, kind, *VARIANTS), (key,)))
    for entry in tree.get(section) or ():
        whole, _ = blocks.merged(entry, kind)
        yield whole.get(key)


def _bounded(count: int, document: Document, path: Path_) -> None:
    if count > MOST_VALUES:
        words = f"more than {MOST_VALUES} values with those of the defaults"
        raise ConfigError([Problem(document.file, document.line(path), "", words)])


def _size(value: Any) -> int:
    """How many values there are in `value`, itself included."""
    parts = value.values() if isinstance(value, dict) else value
    return 1 + sum(_size(part) for part in parts) if isinstance(value, dict | list) else 1


class Defaulting:
    """The defaults of a file's `tree`: those of each site, and its own. `keys` are those that the
    defaults of a kind may give; what else stands in them is not taken over.
    """

    def __init__(self, tree: Mapping[str, Any], keys: Mapping[str, Collection[str]]) -> None:
        self._keys = keys
        self._own = _mapping(tree.get("defaults"))
        self._sites: dict[str, tuple[Path_, dict[str, Any]]] = {}
        sites = tree.get("sites")
        for number, site in enumerate(sites if isinstance(sites, list) else ()):
            of_site = _mapping(_mapping(site).get("defaults"))
            if of_site and isinstance(site.get("id"), str):
                self._sites.setdefault(site["id"], (("sites", number, "defaults"), of_site))

    def none_for(self, kind: str) -> bool:
        """Whether no default is for devices of `kind`."""
        names = (ANY, kind, *(VARIANTS if kind == "camera" else ()))
        every = (self._own, *(block for _, block in self._sites.values()))
        return not any(name in block for block in every for name in names)

    def merged(
        self, entry: Mapping[str, Any], kind: str
    ) -> tuple[dict[str, Any], dict[Path_, Path_]]:
        """The values of a device with those that it inherits, and where these stand."""
        whole, origins = dict(entry), dict[Path_, Path_]()
        for path, name, values in self._of(entry, kind):
            for key, value in values.items():
                if key in self._keys[name] and not _refused(key, path, kind, whole):
                    _fill(whole, origins, key, value, (*path, key))
        return whole, origins

    def _of(self, entry: Mapping[str, Any], kind: str) -> Iterator[tuple[Path_, str, Any]]:
        """(path, kind, values) of each block of defaults of a device, the nearest first."""
        levels: list[tuple[Path_, dict[str, Any]]] = [(("defaults",), self._own)]
        place = self._first(entry, _PLACE, levels, (kind, ANY))
        if isinstance(place, str) and place in self._sites:
            levels.insert(0, self._sites[place])
        names: tuple[str, ...] = (kind, ANY)
        if kind == "camera":
            variant = self._first(entry, "kind", levels, ("camera",))
            names = (variant, *names) if variant in VARIANTS else names
        for path, block in levels:
            for name in names:
                if isinstance(values := block.get(name), dict):
                    yield (*path, name), name, values

    def _first(
        self,
        entry: Mapping[str, Any],
        key: str,
        levels: list[tuple[Path_, dict[str, Any]]],
        names: tuple[str, ...],
    ) -> Any:
        """The value of `key` that decides which blocks are a device's."""
        if key in entry:
            return entry[key]
        found = (_mapping(block.get(name)).get(key) for _, block in levels for name in names)
        return next((value for value in found if value is not None), None)


def _refused(key: str, path: Path_, kind: str, whole: Mapping[str, Any]) -> bool:
    if key == _PLACE and path[0] == "sites":
        return True
    return kind == "ups" and key in _WAYS and not _WAYS.isdisjoint(whole.keys() - {key})


def _fill(
    whole: dict[str, Any],
    origins: dict[Path_, Path_],
    key: str,
    value: Any,
    path: Path_,
) -> None:
    """Give `whole` what it lacks of `value`, which stands at `path`."""
    if key not in whole:
        whole[key] = value
        origins[(key,)] = path
    elif isinstance(whole[key], dict) and isinstance(value, dict):
        _part_by_part(origins, key, whole[key] if (key,) in origins else {})
        lacking = {part: one for part, one in value.items() if part not in whole[key]}
        whole[key] = {**whole[key], **lacking}
        origins.update({(key, part): (*path, part) for part in lacking})


def _part_by_part(origins: dict[Path_, Path_], key: str, taken: Mapping[str, Any]) -> None:
    """Say of each part where it stands, where a section came from one place until now."""
    if source := origins.pop((key,), None):
        origins.update({(key, part): (*source, part) for part in taken})


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
