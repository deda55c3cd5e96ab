"""Switches by the standard MIBs: IF-MIB (RFC 2863), EtherLike-MIB (RFC 3635), POWER-ETHERNET-MIB
(RFC 3621). Pure.

The index of a port may change at a restart or firmware update (RFC 2863 3.1.5), its name does not:
a port is found by its name, and what is read at an index is believed only when the name is still
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from healthmon.model.links import (
    AdminStatus,
    OperStatus,
    PoeStatus,
    PowerStatus,
    PowerSupply,
)
from healthmon.protocols.snmp.v2c import SnmpValue

UP_TIME = "1.3.6.1.2.1.1.3.0"
_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
NAME, ALIAS, DESCRIPTION = f"{_IFX}.1", f"{_IFX}.18", f"{_IF}.2"
NAMES: Final = (NAME, DESCRIPTION, ALIAS)
ADMIN, OPER, LAST_CHANGE, SPEED, IN_ERRORS = (f"{_IF}.{n}" for n in (7, 8, 9, 5, 14))
HC_IN_OCTETS, HC_IN_PACKETS, HIGH_SPEED = (f"{_IFX}.{n}" for n in (6, 7, 15))
IN_OCTETS, IN_PACKETS = f"{_IF}.10", f"{_IF}.11"
DUPLEX = "1.3.6.1.2.1.10.7.2.1.19"
PORT_COLUMNS: Final = (
    *NAMES, ADMIN, OPER, LAST_CHANGE, SPEED, HIGH_SPEED, DUPLEX,
    IN_ERRORS, HC_IN_OCTETS, HC_IN_PACKETS, IN_OCTETS, IN_PACKETS,
)  # fmt: skip
_PSE = "1.3.6.1.2.1.105.1.1.1"
POE_ENABLE, POE_STATUS, POE_DENIED = f"{_PSE}.3", f"{_PSE}.6", f"{_PSE}.12"
POE_COLUMNS: Final = (POE_ENABLE, POE_STATUS, POE_DENIED)
_SUPPLY = "1.3.6.1.2.1.105.1.3.1.1"
SUPPLY_WATTS, SUPPLY_STATUS, SUPPLY_USED = (f"{_SUPPLY}.{n}" for n in (2, 3, 4))
SUPPLY_COLUMNS: Final = (SUPPLY_WATTS, SUPPLY_STATUS, SUPPLY_USED)

ADMIN_WORDS: Final[dict[SnmpValue, AdminStatus]] = {1: "up", 2: "down", 3: "testing"}
OPER_WORDS: Final[dict[SnmpValue, OperStatus]] = {
    1: "up", 2: "down", 3: "testing", 4: "unknown", 5: "dormant", 6: "not_present", 7: "lower_layer_down",
}  # fmt: skip
POE_WORDS: Final[dict[SnmpValue, PoeStatus]] = {
    1: "disabled", 2: "searching", 3: "delivering", 4: "fault", 5: "test", 6: "other_fault",
}  # fmt: skip
SUPPLY_WORDS: Final[dict[SnmpValue, PowerStatus]] = {1: "on", 2: "off", 3: "faulty"}
_PLACE = re.compile(r"(.*?)(\d+)")


def text(value: SnmpValue) -> str:
    """A name as the switch gives it, without what is not printable at its end."""
    plain = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return "".join(c for c in plain if c.isprintable()).strip()


def is_named(wanted: str, names: Iterable[SnmpValue]) -> bool:
    """Whether one of the `names` of a port (name, description, alias) is the `wanted` one."""
    return wanted.strip().casefold() in [text(name).casefold() for name in names if name]


def indexes_of(wanted: str, column: Mapping[str, SnmpValue]) -> list[int]:
    """The ports of one column of names (index -> name) that bear the `wanted` name."""
    folded = wanted.strip().casefold()
    return [
        int(index)
        for index, name in column.items()
        if index.isdigit() and text(name).casefold() == folded
    ]


def supply(group: str, values: Mapping[str, SnmpValue]) -> PowerSupply:
    """One power supply for ports (pethMainPseTable). A budget of 0 W is none that is reported."""

    def watts(column: str) -> float | None:
        value = values.get(f"{column}.{group}")
        return float(value) if isinstance(value, int) and value >= 0 else None

    status = SUPPLY_WORDS.get(values.get(f"{SUPPLY_STATUS}.{group}"))
    return PowerSupply(group, status, watts(SUPPLY_WATTS) or None, watts(SUPPLY_USED))


def poe_index(index: int, names: Mapping[str, SnmpValue], rows: Iterable[str]) -> str | None:
    """Which power port ("group.port" of `rows`) belongs to the interface `index`, or None where no
    rule is sure.

    RFC 3621 leaves the numbering to the maker. Two ways are common: the interface's own index, or
    slot and place from its name (Gi1/0/7 -> 1.7). A way is believed only where it fits every power
    port of the group, and where both fit, only where they agree.
    """
    groups: dict[str, set[int]] = {}
    for row in rows:
        group, _, port = row.partition(".")
        if port.isdigit():
            groups.setdefault(group, set()).add(int(port))
    found = {*_by_index(index, names, groups), *_by_place(index, names, groups)}
    return found.pop() if len(found) == 1 else None


def _by_index(
    index: int, names: Mapping[str, SnmpValue], groups: Mapping[str, set[int]]
) -> list[str]:
    known = {int(one) for one in names if one.isdigit()}
    return [
        f"{group}.{index}" for group, ports in groups.items() if index in ports and ports <= known
    ]


def _by_place(
    index: int, names: Mapping[str, SnmpValue], groups: Mapping[str, set[int]]
) -> list[str]:
    """Places count from 1: a maker who counts from 0 (ge-0/0/0 is 1.1) fits no rule here."""
    match = _PLACE.fullmatch(text(names.get(str(index))))
    if match is None:
        return []
    group = _group_of(match[1], groups)
    ports = groups.get(group, set())
    siblings = (_PLACE.fullmatch(text(name)) for name in names.values())
    places = {int(one[2]) for one in siblings if one and one[1] == match[1]}
    if int(match[2]) not in ports or not ports <= places:
        return []
    return [f"{group}.{int(match[2])}"]


def _group_of(prefix: str, groups: Mapping[str, set[int]]) -> str:
    """The group that a name's `prefix` gives (its slot), else the only one there is; "" for none."""
    if slot := re.search(r"\d+(?=[/:.])", prefix):
        return slot[0]
    return next(iter(groups)) if len(groups) == 1 else ""
