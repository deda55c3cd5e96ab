"""What a command that reads the record needs of config.yaml: where the record is, the time zone, the
names of devices and sites. It is read without the models, which cost such a command most.

What is wrong elsewhere in the file keeps nobody from the record; `healthmon check-config` tells it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthmon.config import contracts, document, inheritance, units
from healthmon.config.contracts import Contracts
from healthmon.model.plain_text import one_line

if TYPE_CHECKING:
    from healthmon.config.schema import Config

SECTIONS = ("links", "cameras", "recorders", "ups", "workstations")


@dataclass(frozen=True, slots=True)
class Outline:
    """`state_directory` is the configured one. `names` are those of devices by id, `sites` those of
    sites by id; a site may have "".
    """

    state_directory: str | None
    time_zone: str
    names: Mapping[str, str]
    sites: Mapping[str, str]
    contracts: Contracts = field(default_factory=Contracts)

    @classmethod
    def of(cls, config: Config) -> Outline:
        """The outline of a configuration that is loaded."""
        return cls(
            config.agent.state_directory,
            config.estate.time_zone,
            {one.id: one.name for section in SECTIONS for one in getattr(config, section)},
            {site.id: site.name for site in config.sites},
            _contracts(config),
        )


def read(path: Path) -> Outline | None:
    """The outline of the file; None where the whole configuration has to be loaded, because there
    is a `database` in it, or because what is needed here is not well formed.

    Raises ConfigError for what cannot be parsed.
    """
    found = document.read(path)
    if found.problems:
        return None
    try:
        return _outline(_mapping(found.tree))
    except ValueError:
        return None


def _outline(tree: dict[str, Any]) -> Outline:
    """Raises ValueError."""
    if tree.get("database") is not None:
        raise ValueError("the record is in a database")
    directory = _mapping(tree.get("agent", {})).get("state_directory")
    zone = _mapping(tree.get("estate", {})).get("time_zone", units.DEFAULT_ZONE)
    devices = [entry for section in SECTIONS for entry in _entries(tree, section)]
    return Outline(
        None if directory is None else _text(directory),
        units.zone(_text(zone)),
        {_text(one.get("id")): one_line(_text(one.get("name"))) for one in devices},
        {
            _text(one.get("id")): one_line(_text(one.get("name", "")))
            for one in _entries(tree, "sites")
        },
        contracts.of_tree(tree, dict(_contractors(tree))),
    )


def _contracts(config: Config) -> Contracts:
    devices = (one for section in SECTIONS for one in getattr(config, section))
    return Contracts(
        {one.id: contracts.of_attributes(one) for one in config.contractors},
        {one.id: one.contractor for one in devices if one.contractor},
        contracts.bank_holidays_of(config),
    )


def _contractors(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Who repairs each device that has a contractor, its own or an inherited one."""
    for section in SECTIONS:
        values = inheritance.value_of(tree, section, "contractor")
        for entry, name in zip(_entries(tree, section), values, strict=True):
            if isinstance(name, str) and not units.is_no(name):
                yield _text(entry.get("id")), name


def _entries(tree: dict[str, Any], section: str) -> Iterator[dict[str, Any]]:
    """The mappings of a list. Raises ValueError."""
    entries = tree.get(section, [])
    if not isinstance(entries, list):
        raise ValueError(f"{section} is not a list")  # noqa: TRY004 - as all that is wrong here
    return map(_mapping, entries)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not a mapping")  # noqa: TRY004 - as all that is wrong here
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - as all that is wrong here
    return value
