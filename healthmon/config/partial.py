"""What is left of a configuration when everything malformed is taken out, so that the rest is
checked in the same run.

A key with a bad value is taken from its entry; an entry that cannot be without it is taken out as a
whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from healthmon.config.document import Path_
from healthmon.config.extensions import Extensions
from healthmon.config.schema import Config

_ROUNDS = 4
_BY_NAME = ("credentials", "notify")


@dataclass(slots=True)
class Part:
    """A configuration that is well formed, and what the cutting out has done to it.

    `numbers` are the places in the file of the entries that are left, where some were taken out;
    `torn` are entries that have lost a key; `gone` are the names of what is not there any more.
    """

    config: Config
    numbers: dict[str, list[int]] = field(default_factory=dict)
    torn: frozenset[Path_] = frozenset()
    gone: frozenset[str] = frozenset()

    def in_file(self, path: Path_) -> Path_:
        """Where in the file the thing at `path` of the configuration stands."""
        numbers = self.numbers.get(str(path[0])) if len(path) > 1 else None
        return (path[0], numbers[int(path[1])], *path[2:]) if numbers else path


def well_formed(
    tree: dict[str, Any],
    error: ValidationError,
    ours: dict[str, Any],
    extensions: Extensions | None,
) -> Part | None:
    """The part of `tree` that is well formed, given what is wrong with it; None where nothing can
    be made of it.
    """
    cut = _Cut({name: _copied(value) for name, value in tree.items()})
    for _ in range(_ROUNDS):
        cut.take_out(
            finding["loc"] for finding in error.errors(include_url=False, include_input=False)
        )
        try:
            config = Config.model_validate({**cut.tree, **ours}, context=extensions)
        except ValidationError as still:
            error = still
        else:
            return Part(config, cut.numbers, cut.torn_paths(), frozenset(cut.gone))
    return None


@dataclass(slots=True)
class _Cut:
    """A copy of a file's tree that is cut down. `torn` holds the entries that have lost a key, by
    identity.
    """

    tree: dict[str, Any]
    numbers: dict[str, list[int]] = field(default_factory=dict)
    torn: set[int] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def take_out(self, places: Iterable[tuple[int | str, ...]]) -> None:
        """Take out what stands at `places` (pydantic's locations)."""
        entries: dict[str, set[int]] = {}
        for section, *rest in dict.fromkeys(place[:3] for place in places):
            name = str(section)
            if isinstance(self.tree.get(name), list) and rest:
                if not self._key_taken(self.tree[name][int(rest[0])], rest[1:]):
                    entries.setdefault(name, set()).add(int(rest[0]))
            else:
                self._section_cut(name, rest[:1])
        for name, numbers in entries.items():
            self._entries_taken(name, numbers)

    def _section_cut(self, name: str, key: list[int | str]) -> None:
        """Take the entry or key called `key` out of a section that is no list, else all of it."""
        value = self.tree.get(name)
        if name in _BY_NAME and isinstance(value, dict) and key:
            value.pop(str(key[0]), None)
            self.gone.add(str(key[0]))
        elif not self._key_taken(value, key):
            self.gone |= _names(self.tree.pop(name, None))

    def _key_taken(self, entry: Any, key: list[int | str]) -> bool:
        if not (isinstance(entry, dict) and key and key[0] in entry):
            return False
        del entry[key[0]]
        self.torn.add(id(entry))
        return True

    def _entries_taken(self, name: str, numbers: set[int]) -> None:
        entries = self.tree[name]
        self.gone |= _names([entries[number] for number in numbers])
        kept = [number for number in range(len(entries)) if number not in numbers]
        before = self.numbers.get(name) or range(len(entries))
        self.numbers[name] = [before[number] for number in kept]
        self.tree[name] = [entries[number] for number in kept]

    def torn_paths(self) -> frozenset[Path_]:
        """Where the torn entries stand in what is left."""
        found: set[Path_] = {(name,) for name, value in self.tree.items() if id(value) in self.torn}
        for name, value in self.tree.items():
            if isinstance(value, list):
                found |= {
                    (name, number) for number, entry in enumerate(value) if id(entry) in self.torn
                }
        return frozenset(found)


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [dict(entry) if isinstance(entry, dict) else entry for entry in value]
    return dict(value) if isinstance(value, dict) else value


def _names(value: Any) -> set[str]:
    """What other sections may call the entries of `value`."""
    if isinstance(value, dict):
        return set(value)
    entries = value if isinstance(value, list) else []
    return {
        entry["id"]
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }
