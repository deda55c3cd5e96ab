"""HOST-RESOURCES-MIB (RFC 2790) of recorders that are computers: volumes by description, load,
uptime, clock.

A volume's index changes when the computer restarts, so its description is read again with its
values each time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.values import dates
from healthmon.protocols.values.scalars import words
from healthmon.vendors.clocks import between, placed
from healthmon.vendors.partial_read import PartialRead
from healthmon.vendors.readings import Fields, Gathered, text_of
from healthmon.vendors.registry import Call

UPTIME, DATE, LOAD = "1.3.6.1.2.1.25.1.1.0", "1.3.6.1.2.1.25.1.2.0", "1.3.6.1.2.1.25.3.3.1.2"
STORAGE = "1.3.6.1.2.1.25.2.3.1"
DESCRIPTION, UNIT, SIZE, USED = (f"{STORAGE}.{column}" for column in (3, 4, 5, 6))
RIGHT = "read-only view of HOST-RESOURCES-MIB"
CALLS = (
    Call(f"GET hrSystemUptime {UPTIME}, hrSystemDate {DATE}", "uptime, clock", RIGHT),
    Call(f"WALK hrProcessorLoad {LOAD}", "CPU load", RIGHT),
    Call(
        f"GET hrStorageTable {STORAGE}",
        "size and use of the volumes under 'storage'; found by a walk",
        RIGHT,
    ),
)
INDICES = "hr_indices"
MOST_NAMED = 8
Values = dict[str, SnmpValue]


async def read_into(parts: PartialRead, storage: tuple[str, ...], got: Gathered) -> None:
    """Add what the agent tells to `got`; `storage` are beginnings of descriptions of volumes."""
    began = time.time()
    values = await parts.snmp("uptime", [UPTIME, DATE]) or {}
    own = got.fields.setdefault(("recorder", ""), {})
    if isinstance(ticks := values.get(UPTIME), int) and ticks >= 0:
        own.setdefault("uptime_seconds", ticks / 100)
    if (told := _date(values.get(DATE))) is not None:
        ended = time.time()
        moment = placed(told, got.clock.zone, near=ended)
        own.setdefault("clock", between(moment, began, ended))
    if (load := _load(await parts.walk("CPU load", LOAD) or {})) is not None:
        own.setdefault("cpu_ratio", load)
    for name, fields in (await volumes(parts, storage)).items():
        got.fields.setdefault(("disk", name), {}).update(fields)
        got.taken += 1


def _date(octets: SnmpValue) -> datetime | None:
    return dates.date_and_time(octets) if isinstance(octets, bytes) else None


def _load(values: Values) -> float | None:
    """The mean load of the processors as a ratio; None where one of them is no percentage."""
    loads = [load for load in values.values() if isinstance(load, int)]
    if not loads or not all(0 <= load <= 100 for load in loads):
        return None
    return sum(loads) / len(loads) / 100


async def volumes(parts: PartialRead, storage: tuple[str, ...]) -> dict[str, Fields]:
    """The fields of each volume in `storage`; one that is not there is absent, unless the table
    cannot be read.
    """
    indices: dict[str, str] = parts.contact.memory.setdefault(INDICES, {})
    values = await _values_of(parts, storage, indices)
    moved = [name for name in storage if not _is(name, values, indices.get(name, ""))]
    listed: Values = {}
    if moved:
        listed = await parts.walk("volumes", DESCRIPTION) or {}
        _find_again(moved, listed, indices)
        values |= await _values_of(parts, moved, indices)
    found = {name: _volume(values, indices[name]) for name in storage if name in indices}
    if listed:
        absent: Fields = {"state": "absent", "detail": _not_among(listed), "expected": True}
        found |= {name: dict(absent) for name in moved if name not in indices}
    return found


def _find_again(names: Iterable[str], listed: Values, indices: dict[str, str]) -> None:
    """Put the index at which each volume is listed now into `indices`; none where it is not."""
    for name in names:
        indices.pop(name, None)
        if (index := _find(name, listed)) is not None:
            indices[name] = index


def _not_among(listed: Values) -> str:
    texts = (words(_text(row)) for row in listed.values())
    named = ", ".join(sorted(text for text in texts if text)[:MOST_NAMED])
    return f"no such volume; it reports {named or 'none'}"


async def _values_of(parts: PartialRead, names: Iterable[str], indices: dict[str, str]) -> Values:
    """What the table says of the volumes whose index is known."""
    return await _values(parts, [indices[name] for name in names if name in indices])


async def _values(parts: PartialRead, indices: list[str]) -> Values:
    oids = [f"{column}.{index}" for index in indices for column in (DESCRIPTION, UNIT, SIZE, USED)]
    return (await parts.snmp("volumes", oids) or {}) if oids else {}


def _is(name: str, values: Values, index: str) -> bool:
    return _text(values.get(f"{DESCRIPTION}.{index}")).startswith(name)


def _find(name: str, listed: Values) -> str | None:
    """The index of the volume called `name`, else of the shortest description that begins
    with it.
    """
    fits = sorted(
        (len(text), index) for index, row in listed.items() if (text := _text(row)).startswith(name)
    )
    return fits[0][1] if fits else None


def _text(value: SnmpValue) -> str:
    return text_of(value) or ""


def _volume(values: Values, index: str) -> Fields:
    """Bytes; some agents let sizes above 2**31 units run over into negative numbers."""
    unit, size, used = (values.get(f"{column}.{index}") for column in (UNIT, SIZE, USED))
    if not isinstance(unit, int) or not isinstance(size, int) or unit <= 0:
        return {}
    if size == 0:
        return {"state": "absent", "detail": "its size is 0", "expected": True}
    capacity = (size if size > 0 else size + 2**32) * unit
    free = (
        capacity - (used if used >= 0 else used + 2**32) * unit if isinstance(used, int) else None
    )
    return {
        "state": "ok",
        "capacity_bytes": float(capacity),
        "free_bytes": float(max(0, free)) if free is not None else None,
    }
