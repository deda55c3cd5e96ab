"""Which disks a recorder has had: an empty bay is no fault, a bay that has lost its disk is one.

Kept in a small file beside the store, so that a restart of the agent forgets no loss and a sweep
knows what the agent knows. Nothing in it is secret.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from healthmon.model.footage import Disk, RecorderHealth
from healthmon.protocols.host.shared_file import SharedFile

MOST_BAYS = 128


@dataclass(slots=True)
class _Known:
    """The disks that one recorder has had, by name. `serial` is the recorder's own: another one
    there has bays of its own.
    """

    serial: str | None = None
    names: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> _Known:
        serial = stored["serial"]
        return cls(None if serial is None else str(serial), [str(name) for name in stored["names"]])


@dataclass(slots=True)
class DiskBays:
    """The disks of every recorder. `path` None keeps them in the process only."""

    path: Path | None = None
    _recorders: dict[str, _Known] = field(default_factory=dict)
    _file: SharedFile = field(init=False)

    def __post_init__(self) -> None:
        self._file = SharedFile(self.path, mode=0o644)

    def occupied(self, recorder: str, health: RecorderHealth) -> tuple[Disk, ...]:
        """The disks of `recorder` that count: all but the bays that have never held one, and those
        that a whole list names no longer. No two have the same name.
        """
        self._read()
        health = replace(health, disks=_told_apart(health.disks))
        known = self._recorders.get(recorder, _Known())
        if _is_another(known.serial, health.serial):
            known = _Known()
        gone = _gone(known.names, health)
        names = _had(known.names, health, gone)
        self._keep(recorder, _Known(health.serial or known.serial, names))
        counted = tuple(disk for disk in health.disks if disk.name in names or not _is_empty(disk))
        return counted + tuple(Disk(name, "absent", detail="no longer listed") for name in gone)

    def _keep(self, recorder: str, known: _Known) -> None:
        if known.names and known != self._recorders.get(recorder):
            self._recorders[recorder] = known
            self._file.write({name: asdict(one) for name, one in self._recorders.items()})

    def _read(self) -> None:
        """Take over what another process (the agent, a sweep) has written since."""
        stored = self._file.news()
        if isinstance(stored, dict):
            with contextlib.suppress(TypeError, KeyError):
                self._recorders |= {name: _Known.of(one) for name, one in stored.items()}


def _told_apart(disks: Sequence[Disk]) -> tuple[Disk, ...]:
    """`disks` with a number behind a name that another one before it has."""
    found: dict[str, Disk] = {}
    times: Counter[str] = Counter()
    for disk in disks:
        name = disk.name
        while name in found:
            times[disk.name] += 1
            name = f"{disk.name} ({times[disk.name] + 1})"
        found[name] = disk if name == disk.name else replace(disk, name=name)
    return tuple(found.values())


def holds_disk(disk: Disk) -> bool:
    """Whether something is or was in the bay."""
    there = disk.state not in (None, "absent")
    return there or bool(disk.capacity_bytes) or disk.expected


def _is_empty(disk: Disk) -> bool:
    return not holds_disk(disk) and (disk.state == "absent" or disk.capacity_bytes == 0)


def _gone(names: Sequence[str], health: RecorderHealth) -> list[str]:
    """The disks among `names` that a whole list does not name. A recorder may give its disks other
    names when it restarts: as many as stand there under new ones are not gone.
    """
    if not health.every_disk:
        return []
    listed = {disk.name for disk in health.disks}
    fresh = sum(1 for disk in health.disks if holds_disk(disk) and disk.name not in names)
    gone = [name for name in names if name not in listed]
    return gone[: max(0, len(gone) - fresh)]


def _had(names: Sequence[str], health: RecorderHealth, gone: Sequence[str]) -> list[str]:
    """The disks that the recorder has had: those of `names` that a whole list still names or that
    are `gone`, and those that are there now.
    """
    there = [disk.name for disk in health.disks if holds_disk(disk)]
    kept = list(names)
    if health.every_disk:
        known = {*gone, *(disk.name for disk in health.disks)}
        kept = [name for name in names if name in known]
    return list(dict.fromkeys([*kept, *there]))[:MOST_BAYS]


def _is_another(known: str | None, told: str | None) -> bool:
    return known is not None and told is not None and known != told
