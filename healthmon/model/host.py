"""What a workstation reports of itself by SNMP. None means "not reported"."""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.model.footage import Unread


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of HOST-RESOURCES-MIB: `used_ratio` of its size; `missing` says why it is not there,
    "" where it is.
    """

    name: str
    used_ratio: float | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """A computer: time since its start in seconds, mean load of its processors as a ratio, the
    volumes that were asked for. `unread` is what it did not tell.
    """

    uptime_seconds: float | None = None
    cpu_ratio: float | None = None
    volumes: tuple[Volume, ...] = ()
    unread: tuple[Unread, ...] = ()
