"""Reading one column of an SNMP table: by GETBULK and GETNEXT, bounded in rows and bytes, from
agents that misbehave.
"""

from __future__ import annotations

import pytest
from helpers.snmp_agent import Agent, Value, agent, following

from healthmon.demo.udp_sim import elements
from healthmon.protocols.errors import ProtocolError, SilentError, TooLargeError
from healthmon.protocols.snmp import v2c as snmp
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Secret

pytestmark = pytest.mark.slow

NAMES = "1.3.6.1.2.1.31.1.1.1.1"
PORTS: dict[str, Value] = {
    f"{NAMES}.{index}": f"Gi1/0/{index}" for index in (*range(1, 61), 10101, 10102)
}
TABLE: dict[str, Value] = {"1.3.6.1.2.1.1.3.0": 7, **PORTS, "1.3.6.1.2.1.31.1.1.1.2.1": 9}


async def walk(made: Agent, version: str = "2c") -> dict[str, snmp.SnmpValue]:
    return await snmp.walk(
        Connector.of(["127.0.0.1"]),
        "127.0.0.1",
        made.port,
        Secret("public"),
        NAMES,
        version=version,
        waits=(0.3, 0.3),
    )


def kinds(made: Agent) -> list[int]:
    return [elements(elements(request)[0][1])[2][0] for request in made.requests]


@pytest.mark.parametrize(("version", "exchanges", "kind"), [("2c", 3, 0xA5), ("1", 63, 0xA1)])
async def test_a_column_comes_whole_in_order_and_nothing_of_the_next_one(
    version, exchanges, kind
) -> None:
    async with agent(TABLE) as made:
        found = await walk(made, version)
    assert found == {
        oid.removeprefix(f"{NAMES}."): str(name).encode() for oid, name in PORTS.items()
    }
    assert list(found)[-2:] == ["10101", "10102"]
    assert kinds(made) == [kind] * exchanges


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_an_agent_without_the_table_has_no_rows(version) -> None:
    async with agent({"1.3.6.1.2.1.1.3.0": 7}) as made:
        assert await walk(made, version) == {}


async def test_an_agent_that_finds_many_rows_too_big_is_asked_for_fewer() -> None:
    def small(made: Agent, request: bytes) -> list[bytes]:
        most = int.from_bytes(elements(elements(elements(request)[0][1])[2][1])[2][1], "big")
        return [following(request, made.values, error=snmp.TOO_BIG if most > 6 else 0)]

    async with agent(TABLE, small) as made:
        assert len(await walk(made)) == len(PORTS)
    assert len(made.requests) == 2 + 11


async def test_an_agent_that_goes_in_a_circle_is_left() -> None:
    few = {f"{NAMES}.{index}": "x" for index in (1, 2, 3)}
    async with agent({}, lambda _, request: [following(request, few, anew=True)]) as made:
        assert list(await walk(made)) == ["1", "2", "3"]
    assert len(made.requests) == 2


async def test_a_table_without_end_is_not_read_to_its_end() -> None:
    def endless(made: Agent, request: bytes) -> list[bytes]:
        first = 1000 + 25 * len(made.requests)
        return [following(request, {f"{NAMES}.{n}": "x" for n in range(first, first + 25)})]

    async with agent({}, endless) as made:
        with pytest.raises(TooLargeError, match="1024 rows"):
            await walk(made)
    assert len(made.requests) < 50


async def test_rows_of_many_kilobytes_are_not_read_to_their_end() -> None:
    def fat(made: Agent, request: bytes) -> list[bytes]:
        return [following(request, {f"{NAMES}.{1000 + len(made.requests)}": "x" * 60_000})]

    async with agent({}, fat) as made:
        with pytest.raises(TooLargeError, match="KiB"):
            await walk(made)
    assert len(made.requests) <= 6


async def test_an_error_and_silence_are_no_empty_table() -> None:
    async with agent(
        TABLE, lambda made, request: [following(request, made.values, error=snmp.GEN_ERR)]
    ) as made:
        with pytest.raises(ProtocolError):
            await walk(made)
    async with agent(TABLE, lambda _made, _request: []) as made:
        with pytest.raises(SilentError):
            await walk(made)
