"""SNMP v1/v2c GET against scripted agents: late, doubled, foreign, damaged and oversized answers,
refusals, speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time

import pytest
from helpers.ber import name_of
from helpers.snmp_agent import Agent, Value, agent, response
from helpers.support import free_port

from healthmon.demo.udp_sim import elements
from healthmon.protocols.errors import (
    AddressError,
    ExchangeError,
    ProtocolError,
    RefusedError,
    SilentError,
    TooLargeError,
)
from healthmon.protocols.snmp import v2c as snmp
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Secret

pytestmark = pytest.mark.slow

BASE = "1.3.6.1.2.1.33.1"
SOURCE, CHARGE, MODEL = f"{BASE}.4.1.0", f"{BASE}.2.4.0", f"{BASE}.1.2.0"
VALUES: dict[str, Value] = {SOURCE: 3, CHARGE: 100, MODEL: "Example 3000"}
PUBLIC = Secret("public")


async def check(
    made: Agent, oids: list[str], *, version: str = "2c", timeout: float = 0.3, retries: int = 1
) -> dict[str, snmp.SnmpValue]:
    connector = Connector.of(["127.0.0.1"])
    return await snmp.get(
        connector,
        "127.0.0.1",
        made.port,
        PUBLIC,
        oids,
        version=version,
        waits=[timeout] * (retries + 1),
    )


def count(request: bytes) -> int:
    """How many objects a request names."""
    *_, bindings = elements(elements(elements(request)[0][1])[2][1])
    return len(elements(bindings[1]))


async def test_values_come_back_and_absent_objects_are_left_out() -> None:
    async with agent(VALUES) as made:
        assert await check(made, [SOURCE, f"{BASE}.2.3.0", MODEL]) == {
            SOURCE: 3,
            MODEL: b"Example 3000",
        }
        assert len(made.requests) == 1


async def test_v1_drops_the_object_it_does_not_know_and_asks_again() -> None:
    async with agent(VALUES) as made:
        found = await check(made, [f"{BASE}.9.9.0", SOURCE, f"{BASE}.8.8.0", CHARGE], version="1")
    assert found == {SOURCE: 3, CHARGE: 100}
    assert [count(request) for request in made.requests] == [4, 1, 3, 1, 2], (
        "the first is asked for alone"
    )


@pytest.mark.parametrize("counted", ["from 0", "always 0", "always 1"])
async def test_an_index_that_names_another_object_costs_no_value(counted: str) -> None:
    """RFC 1157 4.1.2 counts from 1; some agents count from 0 or name always the same object."""

    def answer(made: Agent, request: bytes) -> list[bytes]:
        *_, bindings = elements(elements(elements(request)[0][1])[2][1])
        names = [elements(row)[0][1] for _, row in elements(bindings[1])]
        known = {name_of(oid) for oid in made.values}
        missing = next((at for at, name in enumerate(names) if name not in known), None)
        if missing is None:
            return [response(request, made.values)]
        index = {"from 0": missing, "always 0": 0, "always 1": 1}[counted]
        return [response(request, made.values, error=snmp.NO_SUCH_NAME, index=index)]

    oids = [SOURCE, CHARGE, f"{BASE}.8.8.0", MODEL, f"{BASE}.9.9.0"]
    async with agent(VALUES, answer) as made:
        found = await check(made, oids, version="1")
    assert found == {SOURCE: 3, CHARGE: 100, MODEL: b"Example 3000"}


async def test_a_wrong_request_id_is_no_answer_and_is_named() -> None:
    def other(made: Agent, request: bytes) -> list[bytes]:
        return [response(request, made.values, request_id=b"\x01")]

    async with agent(VALUES, other) as made:
        with pytest.raises(SilentError, match="one with another request-id"):
            await check(made, [SOURCE], timeout=0.1)


async def test_no_pdu_holds_more_than_twelve_objects() -> None:
    oids = [f"{BASE}.2.{number}.0" for number in range(1, 30)]
    async with agent(dict.fromkeys(oids, 7)) as made:
        assert await check(made, oids) == dict.fromkeys(oids, 7)
    assert [count(request) for request in made.requests] == [12, 12, 5]


@pytest.mark.parametrize("error", [snmp.TOO_BIG, snmp.GEN_ERR])
async def test_a_pdu_that_is_too_much_is_asked_in_halves(error: int) -> None:
    def small(made: Agent, request: bytes) -> list[bytes]:
        return [response(request, made.values, error=error if count(request) > 2 else 0)]

    oids = [f"{BASE}.2.{number}.0" for number in range(1, 9)]
    async with agent(dict.fromkeys(oids, 7), small) as made:
        assert await check(made, oids) == dict.fromkeys(oids, 7)
    assert [count(request) for request in made.requests] == [8, 4, 2, 2, 4, 2, 2]


async def test_an_agent_that_always_finds_it_too_big_is_not_asked_for_ever() -> None:
    oids = [f"{BASE}.2.{number}.0" for number in range(1, 13)]
    async with agent({}, lambda _, request: [response(request, {}, error=snmp.TOO_BIG)]) as made:
        assert await check(made, oids) == {}
    assert len(made.requests) <= 23


async def test_c31_answer_with_a_wrong_request_id_is_not_taken() -> None:
    def foreign(made: Agent, request: bytes) -> list[bytes]:
        return [response(request, {SOURCE: 5}, request_id=b"\x2a"), response(request, made.values)]

    async with agent(VALUES, foreign) as made:
        assert await check(made, [SOURCE]) == {SOURCE: 3}
    async with agent(
        VALUES, lambda _, request: [response(request, {SOURCE: 5}, request_id=b"\x2a")]
    ) as made:
        with pytest.raises(SilentError):
            await check(made, [SOURCE], timeout=0.1)


async def test_an_answer_longer_than_any_that_is_asked_for_is_not_read() -> None:
    def long(_: Agent, request: bytes) -> list[bytes]:
        return [response(request, {SOURCE: "x" * snmp.LONGEST})]

    async with agent({}, long) as made:
        with pytest.raises(TooLargeError, match="16 KiB"):
            await check(made, [SOURCE], timeout=5)


async def test_of_an_answer_that_is_not_awaited_nothing_but_its_number_is_read() -> None:
    def foreign(_: Agent, request: bytes) -> list[bytes]:
        found = response(request, {SOURCE: 5}, request_id=b"\x2a")
        damaged = found.replace(b"\x30\x0f\x06\x0a", b"\x31\x0f\x06\x0a")
        assert damaged != found
        return [damaged]

    async with agent({}, foreign) as made:
        with pytest.raises(SilentError):
            await check(made, [SOURCE], timeout=0.1)


async def test_c31_doubled_answers_do_not_disturb_the_next_pdu() -> None:
    def twice(made: Agent, request: bytes) -> list[bytes]:
        return [response(request, made.values)] * 3

    oids = [f"{BASE}.2.{number}.0" for number in range(1, 20)]
    values: dict[str, Value] = {oid: number for number, oid in enumerate(oids)}
    async with agent(values, twice) as made:
        assert await check(made, oids) == values


async def test_c31_a_late_answer_to_the_first_try_is_taken_once() -> None:
    def second(made: Agent, request: bytes) -> list[bytes]:
        return [response(request, made.values)] * 2 if len(made.requests) == 2 else []

    async with agent(VALUES, second) as made:
        assert await check(made, [SOURCE], timeout=0.1) == {SOURCE: 3}


@pytest.mark.parametrize(
    "junk", [b"\0", b"\xff" * 60, b"\x30\x82\xff\xff", b"\x30\x84\xff\xff\xff\xff" + b"a" * 30]
)
async def test_c31_damaged_answers_are_harmless_and_named(junk: bytes) -> None:
    async with agent(VALUES, lambda made, request: [junk, response(request, made.values)]) as made:
        assert await check(made, [SOURCE]) == {SOURCE: 3}
    async with agent(VALUES, lambda *_: [junk]) as made:
        with pytest.raises(ProtocolError):
            await check(made, [SOURCE], timeout=0.1)


async def test_c31_answer_cut_short_is_not_half_read() -> None:
    async with agent(VALUES, lambda made, request: [response(request, made.values)[:-3]]) as made:
        with pytest.raises(ProtocolError):
            await check(made, [SOURCE, CHARGE], timeout=0.1)


@pytest.mark.no_cover
async def test_c31_answer_of_64_kib_is_read_or_refused_in_no_time() -> None:
    async with agent({SOURCE: 3, MODEL: "x" * 65_000}) as made:
        began = time.process_time()
        with contextlib.suppress(ExchangeError):
            assert (await check(made, [SOURCE, MODEL]))[SOURCE] == 3
        assert time.process_time() - began < 1.5


async def test_a_stranger_cannot_answer() -> None:
    """The reply comes from another socket: the kernel drops it, because ours is connected."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.9", 0))

        class Stray(Agent):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                stranger.sendto(response(data, {SOURCE: 5}), addr)

        made = Stray({})
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: made, local_addr=("127.0.0.1", 0)
        )
        try:
            with pytest.raises(SilentError):
                await check(made, [SOURCE], timeout=0.1)
        finally:
            transport.close()


async def test_closed_port_is_known_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(RefusedError):
        await check(Agent({}, port=free_port(socket.SOCK_DGRAM)), [SOURCE], timeout=10)
    assert time.monotonic() - began < 9


async def test_silence_ends_after_the_retry_and_no_address_but_the_configured_is_asked() -> None:
    async with agent({}, lambda *_: []) as made:
        began = time.monotonic()
        with pytest.raises(SilentError, match=r"0\.4 s"):
            await check(made, [SOURCE], timeout=0.2)
        assert 0.38 < time.monotonic() - began < 10
        assert len(made.requests) == 2
        assert made.requests[0] == made.requests[1]
    with pytest.raises(AddressError):
        await snmp.get(Connector.of(["192.0.2.1"]), "127.0.0.1", made.port, PUBLIC, [SOURCE])


async def test_the_deadline_of_the_caller_wins() -> None:
    async with agent({}, lambda *_: []) as made:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await check(made, [SOURCE], timeout=5)


@pytest.mark.alone
async def test_a_thousand_targets_a_minute_without_a_false_timeout() -> None:
    """300 agents on addresses of their own, 150 at a time, five PDUs each; at 1,000 a minute that
    may take 18 s (here more, on a busy machine).
    """
    hosts = [f"127.0.{20 + number // 100}.{1 + number % 100}" for number in range(300)]
    connector = Connector.of(hosts)
    oids = [f"{BASE}.2.{number}.0" for number in range(1, 50)]
    slots = asyncio.Semaphore(150)
    loop = asyncio.get_running_loop()
    agents: list[tuple[asyncio.DatagramTransport, Agent]] = []

    async def one(host: str, port: int) -> bool:
        async with slots:
            return len(await snmp.get(connector, host, port, PUBLIC, oids)) == len(oids)

    try:
        for host in hosts:
            values: dict[str, Value] = dict.fromkeys(oids, 7)
            agents.append(
                await loop.create_datagram_endpoint(lambda v=values: Agent(v), local_addr=(host, 0))
            )
        began = time.monotonic()
        targets = [one(host, made.port) for host, (_, made) in zip(hosts, agents, strict=True)]
        found = await asyncio.gather(*targets)
        took = time.monotonic() - began
    finally:
        for transport, _ in agents:
            transport.close()
        await asyncio.sleep(0)
    assert all(found)
    assert took < 60
    assert sum(len(made.requests) for _, made in agents) == 300 * 5, (
        "a request was repeated: a false time-out"
    )


async def test_a_refusal_of_a_run_that_was_cancelled_is_nobodys_error() -> None:
    """Else asyncio logs "Future exception was never retrieved" for each run that a deadline ends."""

    class Mute(asyncio.DatagramTransport):
        def sendto(self, data: object, addr: object = None) -> None:
            pass

        def is_closing(self) -> bool:
            return False

    said: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context))
    for refused_first in (False, True):
        client = snmp._Client()
        asker = snmp._Asker(Mute(), client, PUBLIC, "2c", [5.0])
        run = asyncio.create_task(asker.get([SOURCE]))
        await asyncio.sleep(0)
        if refused_first:
            client.error_received(ConnectionRefusedError())
        run.cancel()
        await asyncio.wait([run])
        client.error_received(ConnectionRefusedError())
        del client, asker, run
        gc.collect()
    assert said == []
