"""The switch port probe against a scripted agent: found by name, alias or number, renumbered,
counted, its power port.
"""

from __future__ import annotations

import time

import pytest
from helpers.snmp_agent import Agent, Value, agent, integer

from healthmon.checks.probes import port
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Check, Device, PortAccess, SnmpAccess
from healthmon.model.enums import CheckName, Kind
from healthmon.model.links import SwitchPort
from healthmon.protocols.errors import NotFoundError, ProtocolError
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret
from healthmon.vendors import switches

HOST = "127.0.0.1"
COUNTER, GAUGE, TICKS, COUNTER64 = 0x41, 0x42, 0x43, 0x46


def held() -> ProbeContext:
    return ProbeContext(
        Connector.of([HOST]), LockoutGuard(), lambda name: Credential(name, "", Secret("public"))
    )


def switch(first: int = 10101, ports: int = 8, **changes: Value) -> dict[str, Value]:
    """A switch whose ports Gi1/0/1 ... begin at the interface index `first`, with RFC 3621 ports
    1.1 ...; `changes` like ``oper_7`` are values of one port.
    """
    values: dict[str, Value] = {
        switches.UP_TIME: integer(500_000, TICKS),
        f"{switches.NAME}.1": "Vl1",
        f"{switches.DESCRIPTION}.1": "Vlan1",
    }
    for n in range(1, ports + 1):
        row: dict[str, Value] = {
            switches.NAME: f"Gi1/0/{n}", switches.DESCRIPTION: f"GigabitEthernet1/0/{n}", switches.ALIAS: f"camera {n}" if n != 3 else "camera 2",
            switches.ADMIN: 1, switches.OPER: 1, switches.LAST_CHANGE: integer(200_000, TICKS), switches.SPEED: integer(10**8, GAUGE),
            switches.HIGH_SPEED: integer(100, GAUGE), switches.IN_ERRORS: integer(5, COUNTER), switches.DUPLEX: 3,
            switches.HC_IN_OCTETS: integer(2**40, COUNTER64), switches.HC_IN_PACKETS: integer(2**33, COUNTER64),
        }  # fmt: skip
        values |= {f"{column}.{first + n - 1}": value for column, value in row.items()}
        values |= {
            f"{switches.POE_ENABLE}.1.{n}": 1,
            f"{switches.POE_STATUS}.1.{n}": 3,
            f"{switches.POE_DENIED}.1.{n}": integer(0, COUNTER),
        }
    for name, value in changes.items():
        column, n = name.rsplit("_", 1)
        place = f"1.{n}" if column.startswith("poe") else str(first + int(n) - 1)
        values[f"{getattr(switches, column.upper())}.{place}"] = value
    return values


async def look(
    made: Agent, context: ProbeContext, name: str = "Gi1/0/7", poe: str | None = None
) -> SwitchPort:
    where = PortAccess("S01", "Market switch", HOST, SnmpAccess("c", made.port), name, poe)
    device = Device("C1", "North", Kind.CAMERA, "s", "192.0.2.1", port=where)
    return await port.probe(device, Check("C1", CheckName.PORT, "S01"), context)


async def test_everything_that_a_switch_tells() -> None:
    async with agent(switch()) as made:
        seen = await look(made, held())
    assert (seen.switch, seen.port, seen.index, seen.admin, seen.oper) == (
        "S01",
        "Gi1/0/7",
        10107,
        "up",
        "up",
    )
    assert (seen.speed, seen.half_duplex, seen.bytes_in, seen.errors) == (1e8, False, 2**40, 5)
    assert (seen.new_errors, seen.new_packets) == (None, None), "nothing to compare with yet"
    assert seen.changed is not None
    assert abs(time.time() - 3000 - seen.changed) < 5
    assert seen.poe is not None
    assert (seen.poe.index, seen.poe.enabled, seen.poe.status) == ("1.7", True, "delivering")


@pytest.mark.parametrize(
    "name", ["Gi1/0/7", "gi1/0/7", "GigabitEthernet1/0/7", "Camera 7", "10107"]
)
async def test_a_port_is_found_by_name_description_alias_and_number(name: str) -> None:
    async with agent(switch()) as made:
        assert (await look(made, held(), name)).index == 10107


async def test_a_number_is_first_a_name() -> None:
    """Many switches call their ports 1, 2, 3 and number them otherwise."""
    async with agent(switch(name_1="3", name_2="10101")) as made:
        assert (await look(made, held(), "3")).index == 10101
        assert (await look(made, held(), "10101")).index == 10102


async def test_a_port_by_name_is_not_taken_for_the_one_that_has_that_number() -> None:
    """Port 10103 by name stands at another index after a restart, and at 10103 stands
    another port.
    """
    async with agent(switch(name_1="10103")) as made:
        context = held()
        assert (await look(made, context, "10103")).index == 10101
        context.memory_of("C1").port.index = 10103
        assert (await look(made, context, "10103")).index == 10101


async def test_a_port_that_is_not_there_or_twice_is_said() -> None:
    async with agent(switch()) as made:
        with pytest.raises(
            NotFoundError, match="S01 has no port with the name, alias or number Gi1/0/9"
        ):
            await look(made, held(), "Gi1/0/9")
        with pytest.raises(NotFoundError, match="2 ports of S01 are called camera 2"):
            await look(made, held(), "camera 2")


async def test_after_the_first_look_only_the_objects_of_the_port_are_read() -> None:
    async with agent(switch()) as made:
        context = held()
        await look(made, context)
        made.requests.clear()
        await look(made, context)
        assert len(made.requests) == 2


async def test_the_names_are_read_once_for_all_ports_of_a_switch() -> None:
    async with agent(switch(ports=40)) as made:
        context = held()
        await look(made, context)
        first = len(made.requests)
        where = PortAccess("S01", "Market switch", HOST, SnmpAccess("c", made.port), "Gi1/0/8")
        other = Device("C2", "South", Kind.CAMERA, "s", "192.0.2.2", port=where)
        assert (await port.probe(other, Check("C2", CheckName.PORT, "S01"), context)).index == 10108
        assert len(made.requests) - first == 2


async def test_a_switch_that_has_renumbered_its_ports_is_read_at_the_new_place() -> None:
    async with agent(switch()) as made:
        context = held()
        assert (await look(made, context)).index == 10107
        made.values = switch(first=53)
        context.memory_of("S01").switch_read_at = -1e9
        seen = await look(made, context)
    assert seen.index == 59
    assert seen.poe is not None
    assert seen.poe.index == "1.7"


async def test_a_port_whose_state_is_not_told_is_no_answer() -> None:
    values = switch()
    for column in (switches.OPER, switches.ADMIN):
        del values[f"{column}.10107"]
    async with agent(values) as made:
        with pytest.raises(ProtocolError, match="does not report"):
            await look(made, held())


async def test_growth_of_counters_and_what_begins_anew() -> None:
    async with agent(switch()) as made:
        context = held()
        await look(made, context)
        made.values |= switch(in_errors_7=integer(25, COUNTER), hc_in_packets_7=integer(2**33 + 900, COUNTER64), poe_denied_7=integer(2, COUNTER))  # fmt: skip
        seen = await look(made, context)
        assert (seen.new_errors, seen.new_packets) == (20, 900)
        assert seen.poe is not None
        assert seen.poe.denied == 2
        made.values |= {switches.UP_TIME: integer(100, TICKS)} | {
            f"{switches.IN_ERRORS}.10107": integer(30, COUNTER)
        }
        seen = await look(made, context)
        assert (seen.new_errors, seen.new_packets) == (None, None), "the switch has restarted"


async def test_the_best_speed_is_remembered_and_a_port_that_is_down_has_none() -> None:
    async with agent(switch(high_speed_7=integer(1000, GAUGE))) as made:
        context = held()
        assert (await look(made, context)).speed == 1e9
        made.values |= switch(high_speed_7=integer(0, GAUGE), speed_7=integer(10**7, GAUGE))
        seen = await look(made, context)
        assert (seen.speed, seen.best_speed) == (1e7, 1e9)
        made.values |= switch(oper_7=2)
        assert (await look(made, context)).speed is None


async def test_an_old_switch_without_ifxtable_and_power_is_read_all_the_same() -> None:
    gone = (
        switches.NAME,
        switches.ALIAS,
        switches.HC_IN_OCTETS,
        switches.HC_IN_PACKETS,
        switches.HIGH_SPEED,
        switches.DUPLEX,
        "1.3.6.1.2.1.105",
    )
    values = {oid: value for oid, value in switch().items() if not oid.startswith(gone)}
    values |= {
        f"{switches.IN_OCTETS}.10107": integer(7, COUNTER),
        f"{switches.IN_PACKETS}.10107": integer(8, COUNTER),
    }
    async with agent(values) as made:
        seen = await look(made, held(), "GigabitEthernet1/0/7")
    assert (seen.oper, seen.speed, seen.bytes_in, seen.poe, seen.poe_unknown) == (
        "up",
        1e8,
        7,
        None,
        False,
    )


NAMES = {str(10100 + n): f"Gi1/0/{n}".encode() for n in range(1, 9)} | {"1": b"Vl1"}
STACK = NAMES | {str(10600 + n): f"Gi2/0/{n}".encode() for n in range(1, 9)}
FLAT = {str(n): f"{n}".encode() for n in range(1, 9)}
JUNIPER = {str(501 + n): f"ge-0/0/{n}".encode() for n in range(8)}
UPLINK = NAMES | {str(10200 + n): f"Te1/1/{n}".encode() for n in range(1, 5)}


@pytest.mark.parametrize(
    ("index", "names", "rows", "wanted"),
    [
        (10107, NAMES, [f"1.{n}" for n in range(1, 9)], "1.7"),
        (10607, STACK, [f"{g}.{n}" for g in (1, 2) for n in range(1, 9)], "2.7"),
        (7, FLAT, [f"1.{n}" for n in range(1, 9)], "1.7"),
        (10107, NAMES, [f"1.{n}" for n in range(10101, 10109)], "1.10107"),
        (10107, NAMES, [f"1.{n}" for n in range(1, 5)], None),
        (508, JUNIPER, [f"1.{n}" for n in range(1, 9)], None),
        (10201, UPLINK, [f"1.{n}" for n in range(1, 9)], None),
        (10107, NAMES, [], None),
        (2, {"1": b"Gi1/0/2", "2": b"Gi1/0/1"}, ["1.1", "1.2"], None),
    ],
    ids=[
        "place",
        "stack",
        "flat",
        "own index",
        "no power here",
        "from zero",
        "uplink",
        "no power",
        "they disagree",
    ],
)
def test_the_power_port_is_found_where_a_rule_is_sure_and_never_guessed(
    index, names, rows, wanted
) -> None:
    assert switches.poe_index(index, names, rows) == wanted


async def test_a_power_port_that_no_rule_gives_is_said_to_be_unknown_and_may_be_configured() -> (
    None
):
    values = switch()
    values |= {f"{switches.POE_ENABLE}.1.9": 1}
    async with agent(values) as made:
        seen = await look(made, held())
        assert (seen.poe, seen.poe_unknown) == (None, True)
        seen = await look(made, held(), poe="1.7")
    assert seen.poe is not None
    assert (seen.poe.index, seen.poe_unknown) == ("1.7", False)
