"""Many simulated UPSes on loopback, each on an address of its own: SNMP cards, upsd, apcupsd.

They answer in a thread of their own, so that a test may wait for a command.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.loopback import served
from helpers.snmp_agent import Value, agent

FIRST = ipaddress.IPv4Address("127.30.0.1")
NAME = "cctv"
ERROR = "error"  # in place of the variables of a UPS of upsd: the word of an ERR


@dataclass(frozen=True)
class Unit:
    """One UPS: `told` are the objects of its card (`way` snmp), the variables of upsd (nut), or the
    lines of apcupsd (apcupsd). `access` is what config.yaml says beside the port.
    """

    way: str
    told: Mapping[str, Value]
    access: Mapping[str, Any] = field(default_factory=dict)


def snmp_unit(told: Mapping[str, Value], **access: Any) -> Unit:
    """A card that tells objects by their full OIDs."""
    return Unit("snmp", told, {"credential": "view"} | access)


def nut_unit(**told: str) -> Unit:
    """A UPS of upsd; names with ``__`` in place of dots."""
    return Unit(
        "nut", {name.replace("__", "."): value for name, value in told.items()}, {"ups": NAME}
    )


def apcupsd_unit(**told: str) -> Unit:
    """A UPS of apcupsd by the lines of its report."""
    return Unit("apcupsd", told)


@contextlib.contextmanager
def park(units: Mapping[str, Unit]) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """`units` by their names in config.yaml, of which its sections `ups` and `sites` are given: a
    site for each, so that none explains another.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = contextlib.AsyncExitStack()

    def done(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    try:
        yield done(_started(units, stack))
    finally:
        done(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


async def _started(
    units: Mapping[str, Unit], stack: contextlib.AsyncExitStack
) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {"sites": [], "ups": []}
    for number, (name, unit) in enumerate(units.items()):
        host = str(FIRST + number)
        port = await stack.enter_async_context(_ANSWERS[unit.way](unit, host))
        row = {"id": name, "name": name, "site": name, "address": host}
        rows["ups"].append(row | {unit.way: {"port": port, **unit.access}})
        rows["sites"].append({"id": name, "name": name, "bandwidth": "1 Gbit/s"})
    return rows


@contextlib.asynccontextmanager
async def _card(unit: Unit, host: str) -> AsyncIterator[int]:
    async with agent(dict(unit.told), host=host) as made:
        yield made.port


@contextlib.asynccontextmanager
async def _daemon(
    speak: Callable[[Mapping[str, Value]], bytes], size: int, unit: Unit, host: str
) -> AsyncIterator[int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(size):
            writer.write(speak(unit.told))
            await writer.drain()

    async with served(talk, host=host) as server:
        yield server.port


def _upsd(told: Mapping[str, Value]) -> bytes:
    if ERROR in told:
        return f"ERR {told[ERROR]}\n".encode()
    lines = "".join(f'VAR {NAME} {name} "{value}"\n' for name, value in told.items())
    return f"BEGIN LIST VAR {NAME}\n{lines}END LIST VAR {NAME}\n".encode()


def _apcupsd(told: Mapping[str, Value]) -> bytes:
    lines = [f"{name:9}: {value}\n".encode() for name, value in told.items()]
    return b"".join(len(line).to_bytes(2, "big") + line for line in lines) + b"\0\0"


_ANSWERS: dict[str, Callable[[Unit, str], contextlib.AbstractAsyncContextManager[int]]] = {
    "snmp": _card,
    "nut": functools.partial(_daemon, _upsd, 200),
    "apcupsd": functools.partial(_daemon, _apcupsd, 8),
}
