"""Problems between devices and the switch ports that they hang on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthmon.config.document import Path_
from healthmon.config.schema import Config, Watched

Entry = tuple[Path_, Watched]


def problems_of(config: Config, entries: Iterable[Entry]) -> Iterator[tuple[Path_, str]]:
    """`port` needs one parent that is a link with `snmp`; `poe` needs `port`."""
    links = {link.id: link for link in config.links}
    for path, device in entries:
        if device.poe is not None and device.port is None:
            yield (*path, "poe"), "'poe' belongs to 'port': say which port of the switch it is"
        if device.port is None:
            continue
        above = [links[parent] for parent in device.parent if parent in links]
        asked = [link.id for link in above if link.snmp]
        if not above:
            yield (*path, "port"), "'port' needs a 'parent' that is a switch of 'links'"
        elif not asked:
            yield (*path, "port"), f"'port' needs a switch that is asked by SNMP: give {above[0].id} its 'snmp'"
        elif len(asked) > 1:
            yield (*path, "port"), f"'port' fits {' and '.join(asked)}; keep one switch with 'snmp' as parent"


def warnings_of(config: Config, entries: Iterable[Entry]) -> Iterator[tuple[Path_, str]]:
    """A port that is given to two devices is most often a slip of the copying hand."""
    asked = {link.id for link in config.links if link.snmp}
    first: dict[tuple[str, str], str] = {}
    for path, device in entries:
        for switch in asked.intersection(device.parent) if device.port else ():
            other = first.setdefault((switch, (device.port or "").casefold()), device.id)
            if other != device.id:
                yield (*path, "port"), f"port {device.port} of {switch} is given to {other} and {device.id}"
