"""The faults of a UPS and of what answers for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from helpers.loopback import Handler, served

from healthmon.checks.evaluation.ups import evaluate
from healthmon.checks.probes import ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, ApcupsdAccess, Check, Device, NutAccess
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.snmp import ber
from healthmon.protocols.snmp import v2c as snmp
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret
from healthmon.vendors.ups import snmp as ups_snmp
from healthmon.vendors.ups.apc import APC
from healthmon.vendors.ups.standard import RFC1628, STANDARD

SOURCE = f"{RFC1628}.4.1.0"
NET = Connector.of(["127.0.0.1"])
TOOLS = ProbeContext(NET, LockoutGuard(), lambda _name: Credential("c", "", Secret("public")))


def verdict_of(value: Ups) -> tuple[State, str]:
    device = Device("U1", "U1", Kind.UPS, "S", "127.0.0.1")
    first = evaluate(Observation("U1", CheckName.UPS, "", 1.8e9, 0.1, value), device)[0]
    return first.state, first.code


@pytest.mark.parametrize(
    ("oid", "value", "field"),
    [
        ("2.3.0", 65535, "runtime_seconds"),
        ("2.3.0", -1, "runtime_seconds"),
        ("2.4.0", -1, "charge_ratio"),
        ("2.4.0", 65535, "charge_ratio"),
        ("2.5.0", 0, "battery_volts"),
        ("2.7.0", -273, "temperature_celsius"),
        ("2.7.0", 0x7FFFFFFF, "temperature_celsius"),
        ("4.4.1.5.1", 65535, "load_ratio"),
        ("4.4.1.5.1", b"", "load_ratio"),
        ("1.2.0", b"\x00\x00", "model"),
    ],
)
def test_c31_sentinels_zeros_and_vanished_rows_are_absent(
    oid: str, value: int | bytes, field: str
) -> None:
    block = ups_snmp.read(STANDARD, {SOURCE: 3, f"{RFC1628}.{oid}": value})
    found = ups_snmp.ups_of([block])
    assert getattr(found, field) is None
    assert verdict_of(found) == (State.OK, "ok")


def test_c31_nothing_reported_is_unknown_and_a_lost_ups_is_named() -> None:
    nothing = ups_snmp.ups_of([ups_snmp.read(STANDARD, {})])
    assert verdict_of(nothing) == (State.UNKNOWN, "not_reported")
    card = ups_snmp.read(APC, {f"{APC.root}.8.1.0": 2, f"{APC.root}.4.1.1.0": 2})
    lost = ups_snmp.ups_of([card, ups_snmp.read(STANDARD, {SOURCE: 3})])
    assert verdict_of(lost) == (State.UNKNOWN, "ups_comms_lost")


def answer(data: bytes, value: int = 3) -> bytes:
    """The agent's answer to a one-object request: the same bytes as a GetResponse with a value."""
    assert data.endswith(b"\x05\x00")
    fixed = bytearray(data.replace(b"\xa0", b"\xa2", 1)[:-2] + bytes((2, 1, value)))
    at = 0
    while at < len(fixed):  # every enclosing length grows by the one byte of the value
        if fixed[at] in (0x30, 0xA2):
            fixed[at + 1] += 1
            at += 2
        else:
            at += 2 + fixed[at + 1]
    return bytes(fixed)


class _Agent(asyncio.DatagramProtocol):
    def __init__(self, script: Callable[[bytes], list[bytes]]) -> None:
        self.script = script

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for reply in self.script(data):
            self.transport.sendto(reply, addr)  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def agent(script: Callable[[bytes], list[bytes]]) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Agent(script), local_addr=("127.0.0.1", 0)
    )
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def other(data: bytes) -> bytes:
    """An answer to another request: the last byte of the request-id is changed."""
    good = bytearray(answer(data))
    number = ber.parse(bytes(good)).request_id
    body = number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
    good[good.index(body) + len(body) - 1] ^= 1
    return bytes(good)


async def check(port: int, wait: float = 0.3) -> dict[str, snmp.SnmpValue]:
    return await snmp.get(NET, "127.0.0.1", port, Secret("public"), [SOURCE], waits=(wait, wait))


@pytest.mark.parametrize(
    ("script", "good"),
    [
        (lambda d: [b"\xff" * 90, answer(d)], True),
        (lambda d: [answer(d)[:-4], answer(d), answer(d)], True),
        (lambda d: [other(d), answer(d)], True),
        (lambda d: [other(d)], False),
        (lambda d: [answer(d)[:-4]], False),
        (lambda _: [b""], False),
        (lambda d: [d], False),
        (lambda _: [b"\x30\x84\xff\xff\xff\xff" + bytes(60000)], False),
    ],
)
async def test_c31_snmp_garbage_truncated_wrong_request_id_duplicate(
    script: Callable[[bytes], list[bytes]], good: bool
) -> None:
    async with agent(script) as port:
        if good:
            assert await check(port) == {SOURCE: 3}
        else:
            with pytest.raises(ExchangeError):
                await check(port)


async def test_c31_snmp_300_agents_at_once() -> None:
    async with contextlib.AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(agent(lambda d: [answer(d)])) for _ in range(300)]
        found = await asyncio.gather(*(check(port, 2.0) for port in ports))
    assert found == [{SOURCE: 3}] * 300


def line_server(reply: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(reply)
        await reader.read(100)

    return handler


@pytest.mark.parametrize("word", ["DATA-STALE", "DRIVER-NOT-CONNECTED"])
async def test_c31_nut_stale_and_driver_gone(word: str) -> None:
    async with served(line_server(f"ERR {word}\n".encode())) as server:
        device = Device(
            "U1",
            "U1",
            Kind.UPS,
            "S",
            "127.0.0.1",
            access=Access(nut=NutAccess("cctv", server.port)),
        )
        found = await ups.probe(device, Check("U1", CheckName.UPS), TOOLS)
    assert verdict_of(found) == (State.UNKNOWN, "ups_comms_lost")


async def test_c31_apcupsd_commlost() -> None:
    lines = [b"APC      : 001,036,0879\n", b"STATUS   : COMMLOST \n", b"BCHARGE  : 000.0 Percent\n"]
    reply = b"".join(len(line).to_bytes(2, "big") + line for line in lines) + b"\0\0"
    async with served(line_server(reply)) as server:
        device = Device(
            "U1",
            "U1",
            Kind.UPS,
            "S",
            "127.0.0.1",
            access=Access(apcupsd=ApcupsdAccess(server.port)),
        )
        found = await ups.probe(device, Check("U1", CheckName.UPS), TOOLS)
    assert verdict_of(found) == (State.UNKNOWN, "ups_comms_lost")
    assert found.charge_ratio is None
