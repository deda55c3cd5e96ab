"""HOST-RESOURCES-MIB (RFC 2790) of recorders that are computers: volumes by description, load, uptime, clock.

A volume's index changes when the computer restarts, so its description is read again with its values each time.
"""

from __future__ import annotations

import time

from healthmon.makes.about import Call
from healthmon.makes.clocks import between, placed
from healthmon.makes.parts import Parts
from healthmon.makes.readings import Fields, Gathered, text_of
from healthmon.wire import moments
from healthmon.wire.snmp import SnmpValue
from healthmon.wire.told import words

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


async def take(parts: Parts, storage: tuple[str, ...], got: Gathered) -> None:
    """Add what the agent tells to `got`; `storage` are beginnings of descriptions of volumes."""
    began = time.time()
    values = await parts.snmp("uptime", [UPTIME, DATE]) or {}
    own = got.fields.setdefault(("recorder", ""), {})
    if isinstance(ticks := values.get(UPTIME), int) and ticks >= 0:
        own.setdefault("uptime_seconds", ticks / 100)
    if (
        isinstance(octets := values.get(DATE), bytes)
        and (told := moments.date_and_time(octets)) is not None
    ):
        own.setdefault("clock", between(placed(told, got.clock.zone), began, time.time()))
    loads = [
        load
        for load in (await parts.walk("CPU load", LOAD) or {}).values()
        if isinstance(load, int)
    ]
    if loads and all(0 <= load <= 100 for load in loads):
        own.setdefault("cpu_ratio", sum(loads) / len(loads) / 100)
    for name, fields in (await volumes(parts, storage)).items():
        got.fields.setdefault(("disk", name), {}).update(fields)
        got.taken += 1


async def volumes(parts: Parts, storage: tuple[str, ...]) -> dict[str, Fields]:
    """The fields of each volume in `storage`; one that is not there is absent, unless the table cannot be read."""
    indices: dict[str, str] = parts.contact.memory.setdefault(INDICES, {})
    values = await _values(parts, [indices[name] for name in storage if name in indices])
    moved = [name for name in storage if not _is(name, values, indices.get(name, ""))]
    listed: Values = {}
    if moved:
        listed = await parts.walk("volumes", DESCRIPTION) or {}
        for name in moved:
            indices.pop(name, None)
            if (index := _find(name, listed)) is not None:
                indices[name] = index
        values |= await _values(parts, [indices[name] for name in moved if name in indices])
    found = {name: _volume(values, indices[name]) for name in storage if name in indices}
    if listed:
        named = ", ".join(
            sorted(text for row in listed.values() if (text := words(_text(row))))[:MOST_NAMED]
        )
        absent = f"no such volume; it reports {named or 'none'}"
        found |= {
            name: {"state": "absent", "detail": absent} for name in moved if name not in indices
        }
    return found


async def _values(parts: Parts, indices: list[str]) -> Values:
    oids = [f"{column}.{index}" for index in indices for column in (DESCRIPTION, UNIT, SIZE, USED)]
    return (await parts.snmp("volumes", oids) or {}) if oids else {}


def _is(name: str, values: Values, index: str) -> bool:
    return _text(values.get(f"{DESCRIPTION}.{index}")).startswith(name)


def _find(name: str, listed: Values) -> str | None:
    """The index of the volume called `name`, else of the shortest description that begins with it."""
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
        return {"state": "absent", "detail": "its size is 0"}
    capacity = (size if size > 0 else size + 2**32) * unit
    free = (
        capacity - (used if used >= 0 else used + 2**32) * unit if isinstance(used, int) else None
    )
    return {
        "state": "ok",
        "capacity_bytes": float(capacity),
        "free_bytes": float(max(0, free)) if free is not None else None,
    }
