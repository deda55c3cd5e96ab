"""UPS values that are none: sentinels, zeros at a disconnect, vanished rows; and the words of NUT
and apcupsd.
"""

from __future__ import annotations

import asyncio

import pytest

from healthmon.checks.evaluation.ups import evaluate
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.snmp import v2c as snmp
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Secret
from healthmon.vendors.ups import snmp as ups_snmp
from healthmon.vendors.ups.apc import APC
from healthmon.vendors.ups.apcupsd import from_apcupsd
from healthmon.vendors.ups.nut import from_nut
from healthmon.vendors.ups.standard import RFC1628, STANDARD

DEVICE = Device("UPS1", "Control room", Kind.UPS, "town", "127.0.0.1")
MAINS = {
    "2.1.0": 2,
    "2.2.0": 0,
    "2.3.0": 41,
    "2.4.0": 100,
    "3.3.1.3.1": 238,
    "4.1.0": 3,
    "4.4.1.5.1": 38,
}


def record(values: dict[str, object], alarms: tuple[int, ...] = ()) -> Ups:
    rows = {str(number): f"{RFC1628}.6.3.{number}" for number in alarms}
    values = {**values, "6.1.0": len(alarms)}
    told = {f"{RFC1628}.{oid}": value for oid, value in values.items()}
    return ups_snmp.ups_of([ups_snmp.read(STANDARD, told, rows)])


def power(ups: Ups) -> tuple[State, str]:
    found = evaluate(Observation("UPS1", CheckName.UPS, "", 1000.0, 0.1, ups), DEVICE)[0]
    return found.state, found.code


@pytest.mark.parametrize("value", [65535, 65534, 0xFFFFFFFF, -1, None, 999999])
def test_c31_a_sentinel_is_no_runtime(value):
    assert record({**MAINS, "2.3.0": value}).runtime_seconds is None


@pytest.mark.parametrize(
    ("changed", "field", "wanted"),
    [
        ({"2.7.0": -273}, "temperature_celsius", None),
        ({"2.3.0": 0}, "runtime_seconds", None),
        ({"2.3.0": 0, "4.1.0": 5}, "runtime_seconds", 0.0),
        ({"3.3.1.3.1": 2360}, "input_volts", (236.0,)),
        ({"3.3.1.3.1": 0}, "input_volts", ()),
        ({"4.4.1.5.1": 999}, "load_ratio", None),
        ({"2.4.0": 110}, "charge_ratio", 1.0),
        ({"7.3.0": 0}, "test_result", None),
    ],
)
def test_c31_impossible_values_are_absent_or_mended(changed, field, wanted):
    assert getattr(record({**MAINS, **changed}), field) == wanted


def test_c31_vanished_rows_are_unknown_never_well():
    assert power(record({})) == (State.UNKNOWN, "not_reported")
    assert power(record({k: v for k, v in MAINS.items() if k != "4.1.0"}))[0] is State.UNKNOWN
    assert power(record(MAINS)) == (State.OK, "ok")
    assert power(record(MAINS, (20,))) == (State.UNKNOWN, "ups_comms_lost")


def test_c31_battery_is_seen_by_any_sign():
    assert power(record({**MAINS, "4.1.0": 5, "2.2.0": 190})) == (State.FAULT, "on_battery")
    assert record({**MAINS, "2.2.0": 30}).source == "battery"
    assert record(MAINS, (2,)).source == "battery"
    apc = ups_snmp.read(APC, {f"{APC.root}.4.1.1.0": 15})
    assert ups_snmp.ups_of([apc]).source == "test"


@pytest.mark.parametrize(
    ("status", "source"),
    [
        ("OL", "normal"), ("OL CHRG", "normal"), ("OB DISCHRG LB", "battery"), ("OL BYPASS", "bypass"), ("OL OB", None),
        ("", None), ("WAIT", None), ("OL TRIM", "trim"), ("OL CAL", "test"), ("OL OFF", "off"), ("OFF", "off"),
    ],
)  # fmt: skip
def test_c31_nut_status_words(status, source):
    assert from_nut({"ups.status": status}).source == source


def test_c31_apcupsd_lost_its_ups_and_serves_old_values():
    ups = from_apcupsd(
        {"STATUS": "COMMLOST", "TIMELEFT": "40.0 Minutes", "BCHARGE": "100.0 Percent"}
    )
    assert (ups.runtime_seconds, ups.charge_ratio) == (None, None)
    assert power(ups) == (State.UNKNOWN, "ups_comms_lost")


class Agent(asyncio.DatagramProtocol):
    """Answers each GET with damaged, foreign and doubled datagrams before (or instead of) the right
    one.
    """

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr) -> None:
        wrong_id = bytearray(data.replace(b"\xa0", b"\xa2", 1))
        wrong_id[wrong_id.index(0xA2) + 4] ^= 0x55
        for bad in (b"\xff" * 60, data[:10], bytes(wrong_id), b"\x30" * 60000):
            self.transport.sendto(bad, addr)
        if self.answer:
            self.transport.sendto(answered(data), addr)
            self.transport.sendto(answered(data), addr)


def answered(request: bytes) -> bytes:
    """The request as a GetResponse with INTEGER 42 for every name."""
    at = request.index(0xA0)
    fixed = request.index(b"\x02\x01\x00\x02\x01\x00\x30", at)  # the request id may hold any bytes
    grow = request.count(b"\x05\x00", fixed)
    body = request[at + 2 : fixed] + request[fixed:].replace(b"\x05\x00", b"\x02\x01\x2a")
    out = bytearray(request[:at] + b"\xa2" + bytes([len(body)]) + body)
    out[1] += grow
    lists = out.index(b"\x02\x01\x00\x02\x01\x00\x30", at) + 6
    out[lists + 1] += grow
    first = lists + 2
    while first < len(out):
        out[first + 1] += 1
        first += 2 + out[first + 1]
    return bytes(out)


@pytest.mark.slow
@pytest.mark.parametrize("answer", [True, False])
async def test_c31_garbage_truncation_wrong_ids_and_doubles_do_no_harm(answer):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Agent(answer), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    oids = ["1.3.6.1.2.1.33.1.2.3.0", "1.3.6.1.2.1.33.1.2.4.0"]
    check = snmp.get(
        Connector.of(["127.0.0.1"]),
        "127.0.0.1",
        port,
        Secret("public"),
        oids,
        waits=(0.3,),
    )
    try:
        if answer:
            assert await check == dict.fromkeys(oids, 42)
        else:
            with pytest.raises(ExchangeError):
                await check
    finally:
        transport.close()
        await asyncio.sleep(0)


async def test_three_hundred_agents_at_once_give_no_false_time_out():
    loop = asyncio.get_running_loop()

    class Quick(asyncio.DatagramProtocol):
        def connection_made(self, transport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr) -> None:
            self.transport.sendto(answered(data), addr)

    hosts = [f"127.0.{100 + n // 200}.{n % 200 + 1}" for n in range(300)]
    port, agents = 0, []
    for host in hosts:
        transport, _ = await loop.create_datagram_endpoint(Quick, local_addr=(host, port))
        port = port or transport.get_extra_info("sockname")[1]
        agents.append(transport)
    connector, oid = Connector.of(hosts), "1.3.6.1.2.1.33.1.2.3.0"
    try:
        found = await asyncio.gather(
            *(snmp.get(connector, host, port, Secret("p"), [oid]) for host in hosts)
        )
    finally:
        for transport in agents:
            transport.close()
        await asyncio.sleep(0)
    assert found == [{oid: 42}] * 300
