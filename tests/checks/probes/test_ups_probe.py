"""The UPS probe and its tables: vendor blocks by scripted agents, quirks seen in the field, NUT and
apcupsd words.
"""

from __future__ import annotations

import asyncio

import pytest
from helpers.loopback import served
from helpers.snmp_agent import GAUGE, NULL, Agent, Value, agent, following, integer, response
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.checks.probes import snmp as snmp_probe
from healthmon.checks.probes import ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.demo.udp_sim import elements
from healthmon.model import ups as says
from healthmon.model.device import Access, ApcupsdAccess, Check, Device, NutAccess, SnmpAccess
from healthmon.model.enums import CheckName, Kind
from healthmon.model.ups import Ups
from healthmon.protocols.errors import UnsupportedError
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret
from healthmon.vendors.ups import snmp as ups_snmp
from healthmon.vendors.ups.families import BY_NAME
from healthmon.vendors.ups.nut import from_nut
from healthmon.vendors.ups.standard import RFC1628, STANDARD

HOST = "127.0.0.1"
TICKS = 0x43
# Exchanges with a plain agent of v2c: the detection of all families, then their objects.
FIRST_LOOK, LATER_LOOK = 11, 3


def context() -> ProbeContext:
    return ProbeContext(
        Connector.of([HOST]), LockoutGuard(), lambda name: Credential(name, "", Secret("public"))
    )


def device(**access: object) -> Device:
    return Device("U1", "Cabinet 4", Kind.UPS, "s", HOST, access=Access(**access))  # type: ignore[arg-type]


async def by_snmp(
    values: dict[str, Value], *, version: str = "2c", held: ProbeContext | None = None
) -> Ups:
    async with agent(values) as made:
        told = device(snmp=SnmpAccess("c", made.port, version))
        return await ups.probe(told, Check("U1", CheckName.UPS), held or context())


def under(root: str, values: dict[str, Value]) -> dict[str, Value]:
    return {f"{root}.{oid}": value for oid, value in values.items()}


def rfc(**changes: Value) -> dict[str, Value]:
    """A single-phase unit on mains by RFC 1628; names like ``o4_1_0`` replace an object, None takes
    it away.
    """
    values: dict[str, Value] = {
        "1.1.0": "Example", "1.2.0": "Example 3000", "1.3.0": "1.2", "2.1.0": 2, "2.2.0": 0, "2.3.0": 41, "2.4.0": 100,
        "2.5.0": 546, "2.7.0": 24, "3.3.1.3.1": 238, "4.1.0": 3, "4.4.1.2.1": 230, "4.4.1.5.1": 38, "6.1.0": 0,
        "7.3.0": 1,
    }  # fmt: skip
    values.update({name[1:].replace("_", "."): value for name, value in changes.items()})
    return under(RFC1628, {oid: value for oid, value in values.items() if value is not None})


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_rfc1628_in_base_units(version: str) -> None:
    assert await by_snmp(rfc(), version=version) == Ups(
        backend="rfc1628", manufacturer="Example", model="Example 3000", firmware="1.2",
        source="normal", runtime_seconds=2460.0, charge_ratio=1.0, load_ratio=0.38, input_volts=(238.0,),
        output_volts=(230.0,), battery_volts=54.6, temperature_celsius=24.0, test_result="passed",
        conditions=(says.BATTERY_WELL, says.NO_ALARMS),
    )  # fmt: skip


VENDOR_BLOCKS: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {
    "apc": (
        {"4.1.1.0": 2, "2.1.1.0": 2, "2.1.2.0": integer(0, TICKS), "2.2.1.0": 98, "2.2.2.0": 25, "2.2.4.0": 1,
         "2.2.3.0": integer(246_000, TICKS), "3.2.1.0": 238, "4.2.3.0": 38, "8.1.0": 1, "7.2.3.0": 1},
        {"4.1.1.0": 3, "2.1.2.0": integer(19_000, TICKS)},
    ),
    "xups": ({"4.5.0": 3, "2.1.0": 2460, "2.4.0": 98, "4.1.0": 38, "3.5.0": 3}, {"4.5.0": 5}),
    "mge": ({"5.1.0": 2460, "5.2.0": 98, "7.2.1.4.1": 38, "7.3.0": 2, "7.4.0": 2, "5.14.0": 2}, {"7.3.0": 1}),
    "cyberpower": (
        {"4.1.1.0": 2, "2.2.1.0": 98, "2.2.4.0": integer(246_000, TICKS), "4.2.3.0": 38, "2.1.1.0": 2},
        {"4.1.1.0": 3, "2.1.2.0": integer(19_000, TICKS)},
    ),
    "socomec": (
        {"2.1.0": 2, "2.2.0": 0, "2.3.0": 41, "2.4.0": 98, "4.1.0": 4, "4.4.1.4.1": 38},
        {"2.1.0": 5, "2.2.0": 190},
    ),
    "netvision": (
        {"2.1.0": 2, "2.2.0": 0, "2.3.0": 41, "2.4.0": 98, "4.1.0": 3, "4.4.1.4.1": 38},
        {"4.1.0": 5, "2.2.0": 190},
    ),
    "eppc": ({"2.1.0": 4, "3.3.0": 41, "3.4.0": 98, "2.18.1.7.1": 38, "3.2.0": 0}, {"2.1.0": 5, "3.2.0": 190}),
    "tripplite": (
        {"3.1.3.3.1.1.1.1": 3, "3.1.3.1.1.1.2.1": 0, "3.1.3.1.1.1.3.1": 2460, "3.1.3.1.1.1.4.1": 98},
        {"3.1.3.3.1.1.1.1": 5, "3.1.3.1.1.1.2.1": 190},
    ),
    "riello": ({"4.1.0": 3, "2.3.0": 41, "2.4.0": 98, "4.4.1.5.1": 38, "2.2.0": 0}, {"4.1.0": 5, "2.2.0": 190}),
    "vertiv": ({"3.55.0": 3, "1.18.0": 41, "1.19.0": 98, "3.32.0": 2}, {"3.55.0": 5}),
    "ita2": ({"2.1.2.0": 1, "2.5.7.0": 410, "2.5.10.0": 98, "2.3.14.0": 380}, {"2.1.2.0": 2}),
    "delta": ({"5.1.0": 0, "7.5.0": 41, "7.8.0": 98, "5.7.0": 38, "7.4.0": 0}, {"5.1.0": 1, "7.4.0": 190}),
    "huawei": (
        {"2.101.1.1.1": 3, "6.100.1.4.1": 2460, "6.100.1.3.1": 98, "4.100.1.14.1": 380}, {"2.101.1.1.1": 4},
    ),
    "ppc": ({"4.1.1.0": 2, "2.2.4.0": 2460, "2.2.1.0": 98, "4.2.3.0": 38}, {"4.1.1.0": 3, "2.1.2.0": 190}),
}  # fmt: skip


@pytest.mark.parametrize("make", VENDOR_BLOCKS)
async def test_each_vendor_block_alone_on_mains_and_on_battery(make: str) -> None:
    """No RFC 1628 and no sysObjectID: the block is found by asking for its objects."""
    normal, change = VENDOR_BLOCKS[make]
    root = BY_NAME[make].root
    held = context()
    seen = await by_snmp(under(root, normal), held=held)
    runtime = None if make == "tripplite" else 2460.0
    assert (seen.backend, seen.source, seen.charge_ratio, seen.runtime_seconds) == (
        make,
        "normal",
        0.98,
        runtime,
    )
    assert held.memory_of("U1").ups_families == (make,)
    seen = await by_snmp(under(root, {**normal, **change}), held=held)
    assert seen.source == "battery"
    assert seen.on_battery_seconds in (190.0, None)


async def test_the_backend_is_asked_for_once_and_remembered() -> None:
    held = context()
    async with agent(rfc()) as made:
        told = device(snmp=SnmpAccess("c", made.port))
        await ups.probe(told, Check("U1", CheckName.UPS), held)
        first = len(made.requests)
        await ups.probe(told, Check("U1", CheckName.UPS), held)
    assert (first, len(made.requests) - first) == (FIRST_LOOK, LATER_LOOK)


@pytest.mark.parametrize(
    ("more", "backend", "exchanges"),
    [({}, "rfc1628", 19), ({"1.3.6.1.4.1.8072.1.0": 1}, "rfc1628", 20)],
)
async def test_by_v1_only_objects_of_makers_that_are_there_are_asked_for(
    more, backend: str, exchanges: int
) -> None:
    """An agent of v1 refuses a request for one missing object after the other."""
    async with agent({**rfc(), **more}) as made:
        seen = await ups.probe(
            device(snmp=SnmpAccess("c", made.port, "1")), Check("U1", CheckName.UPS), context()
        )
    assert seen.backend == backend
    assert len(made.requests) <= exchanges


@pytest.mark.parametrize("make", VENDOR_BLOCKS)
async def test_each_vendor_block_alone_by_v1(make: str) -> None:
    others = {"1.3.6.1.2.1.1.3.0": 7, "1.3.6.1.4.1.311.1.0": 1, "1.3.6.1.4.1.8072.1.0": 1}
    seen = await by_snmp(
        {**under(BY_NAME[make].root, VENDOR_BLOCKS[make][0]), **others}, version="1"
    )
    assert (seen.backend, seen.source) == (make, "normal")


async def test_an_agent_of_v1_that_knows_no_next_object_is_asked_for_all() -> None:
    values = under(BY_NAME["apc"].root, VENDOR_BLOCKS["apc"][0])

    def script(made: Agent, request: bytes) -> list[bytes]:
        asked = elements(elements(request)[0][1])[2][0]
        return [response(request, values) if asked == 0xA0 else following(request, values, error=5)]

    async with agent(script=script) as made:
        seen = await ups.probe(
            device(snmp=SnmpAccess("c", made.port, "1")), Check("U1", CheckName.UPS), context()
        )
    assert (seen.backend, seen.source) == ("apc", "normal")


async def test_the_vendor_speaks_before_the_standard() -> None:
    """APC's enumeration knows a battery self-test; RFC 1628 of the same card says "battery"."""
    values = {
        **rfc(o4_1_0=5, o2_2_0=4),
        **under(BY_NAME["apc"].root, {"4.1.1.0": 15, "2.2.1.0": 97}),
    }
    seen = await by_snmp(values)
    assert (seen.source, seen.charge_ratio, seen.backend) == ("test", 0.97, "rfc1628 + apc")


async def test_a_makers_block_may_hold_no_more_than_the_model_and_serial() -> None:
    values = {
        **rfc(o1_2_0=None),
        **under(BY_NAME["xups"].root, {"1.2.0": "9PX 1000i", "1.6.0": "GA10K00000"}),
    }
    seen = await by_snmp(values)
    assert (seen.backend, seen.model, seen.serial, seen.source) == (
        "rfc1628 + xups",
        "9PX 1000i",
        "GA10K00000",
        "normal",
    )


async def test_a_card_that_does_not_tell_its_output_is_known_by_its_charge() -> None:
    seen = await by_snmp(
        under(BY_NAME["ppc"].root, {"2.2.1.0": 100, "4.2.3.0": 44, "3.2.1.0": 2545})
    )
    assert (seen.backend, seen.source, seen.charge_ratio, seen.load_ratio) == (
        "ppc",
        None,
        1.0,
        0.44,
    )


async def test_the_standard_tells_the_runtime_where_the_vendors_block_says_zero() -> None:
    values = {**rfc(), **under(BY_NAME["ppc"].root, {"4.1.1.0": 2, "2.2.1.0": 100, "2.2.4.0": 0})}
    assert (await by_snmp(values)).runtime_seconds == 2460.0


async def test_of_three_lines_the_most_loaded_one_counts() -> None:
    three = await by_snmp(
        rfc(o3_3_1_3_2=239, o3_3_1_3_3=0, o4_4_1_2_2=231, o4_4_1_5_2=91, o4_4_1_5_3=12)
    )
    assert three.load_ratio == 0.91
    assert (three.input_volts, three.output_volts) == ((238.0, 239.0), (230.0, 231.0))
    phases = {
        "4.1.1.0": 2,
        "4.2.3.0": 20,
        **{f"9.3.3.1.10.1.1.{line}": load for line, load in ((1, 30), (2, -1))},
    }
    assert (await by_snmp(under(BY_NAME["apc"].root, phases))).load_ratio == 0.3


async def test_an_overload_that_only_the_makers_block_tells() -> None:
    for make, told in (
        ("delta", {"5.1.0": 0, "9.12.0": 1}),
        ("mge", {"5.2.0": 90, "7.3.0": 2, "7.10.0": 1}),
    ):
        assert says.OVERLOAD in (await by_snmp(under(BY_NAME[make].root, told))).conditions  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("04/30/2025", 1_746_014_400.0),
        ("04/30/25", 1_746_014_400.0),
        ("", None),
        ("Unknown", None),
        ("31/12/2025", None),
    ],
)
async def test_the_date_of_the_last_self_test(text: str, at: float | None) -> None:
    assert (
        await by_snmp(under(BY_NAME["apc"].root, {"4.1.1.0": 2, "7.2.3.0": 1, "7.2.4.0": text}))
    ).test_at == at


async def test_a_card_that_lost_its_ups_says_so() -> None:
    apc = await by_snmp({**rfc(), **under(BY_NAME["apc"].root, {"4.1.1.0": 2, "8.1.0": 2})})
    assert says.LINK_LOST in apc.conditions
    alarm: dict[str, Value] = {f"{RFC1628}.6.2.1.2.1": f"{RFC1628}.6.3.20"}
    assert says.LINK_LOST in (await by_snmp({**rfc(o6_1_0=1), **alarm})).conditions


async def test_an_agent_that_is_no_ups_is_named_and_not_remembered() -> None:
    held = context()
    with pytest.raises(UnsupportedError):
        await by_snmp({"1.3.6.1.2.1.1.1.0": "A switch"}, held=held)
    assert held.memory_of("U1").ups_families is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"o2_3_0": 65535}, "runtime_seconds"),
        ({"o2_3_0": integer(0xFFFFFFFF, GAUGE)}, "runtime_seconds"),
        ({"o2_3_0": 0}, "runtime_seconds"),
        ({"o2_3_0": -1}, "runtime_seconds"),
        ({"o2_3_0": NULL}, "runtime_seconds"),
        ({"o2_3_0": None}, "runtime_seconds"),
        ({"o2_7_0": -273}, "temperature_celsius"),
        ({"o2_7_0": 65535}, "temperature_celsius"),
        ({"o4_4_1_5_1": 655350}, "load_ratio"),
        ({"o4_4_1_5_1": 65534}, "load_ratio"),
        ({"o4_4_1_5_1": -1}, "load_ratio"),
        ({"o2_5_0": -1}, "battery_volts"),
        ({"o2_5_0": 0}, "battery_volts"),
        ({"o7_3_0": 0}, "test_result"),
        ({"o7_3_0": 6}, "test_result"),
        ({"o4_1_0": 99}, "source"),
        ({"o4_1_0": None}, "source"),
    ],
)
async def test_c31_sentinels_and_vanished_rows_are_not_values(
    changes: dict[str, Value], field: str
) -> None:
    assert getattr(await by_snmp(rfc(**changes)), field) is None


async def test_c31_zeros_of_a_disconnected_unit_are_not_mains() -> None:
    zeros: dict[str, Value] = {oid: 0 for oid, value in rfc().items() if isinstance(value, int)}
    seen = await by_snmp(zeros)
    assert (seen.source, seen.input_volts, seen.battery_volts) == (None, (), None)


async def test_quirks_of_units_seen_in_the_field() -> None:
    tenths = await by_snmp(rfc(o3_3_1_3_1=2363))
    assert tenths.input_volts == (236.3,)
    gauges = await by_snmp(
        {oid: integer(v, GAUGE) if isinstance(v, int) else v for oid, v in rfc().items()}
    )
    assert (gauges.source, gauges.runtime_seconds) == ("normal", 2460.0)
    over = await by_snmp(rfc(o2_4_0=120))
    assert over.charge_ratio == 1.0
    saturated = await by_snmp(rfc(o2_3_0=999))
    assert saturated.runtime_seconds is None
    texts = await by_snmp(
        rfc(o1_2_0="Bad\x00rest", o1_1_0="A\x1b[31m  B", o2_4_0="--5", o2_3_0="9" * 5000)
    )
    assert (texts.model, texts.manufacturer, texts.charge_ratio, texts.runtime_seconds) == (
        "Bad",
        "A [31m B",
        None,
        None,
    )


async def test_alarms_are_named_counted_or_decide_where_the_source_is_missing() -> None:
    def alarms(*numbers: int) -> dict[str, Value]:
        return {
            f"{RFC1628}.6.2.1.2.{row}": f"{RFC1628}.6.3.{number}"
            for row, number in enumerate(numbers, 1)
        }

    bad = await by_snmp({**rfc(o6_1_0=2), **alarms(1, 8)})
    assert bad.conditions == (says.BATTERY_WELL, says.BATTERY_REPLACE, says.OVERLOAD)
    battery = await by_snmp({**rfc(o6_1_0=1, o4_1_0=None), **alarms(2)})
    assert (battery.source, battery.conditions) == ("battery", (says.BATTERY_WELL,))
    testing = await by_snmp({**rfc(o6_1_0=2, o4_1_0=5), **alarms(2, 24)})
    assert testing.source == "test"
    unread = await by_snmp(rfc(o6_1_0=3))
    assert unread.conditions == (
        says.BATTERY_WELL,
        says.alarm("3 that the UPS does not name"),
    )
    empty_rows: dict[str, Value] = {f"{RFC1628}.6.2.1.2.{row}": "0.0" for row in range(1, 25)}
    assert (await by_snmp({**rfc(), **empty_rows})).conditions == (
        says.BATTERY_WELL,
        says.NO_ALARMS,
    )


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(STANDARD.oids()),
        st.one_of(st.integers(), st.binary(max_size=40), st.none()),
    )
)
def test_c31_any_values_give_a_record_in_range(values: dict[str, int | bytes | None]) -> None:
    made = ups_snmp.ups_of([ups_snmp.read(STANDARD, values)])
    assert made.charge_ratio is None or 0 <= made.charge_ratio <= 1
    assert made.load_ratio is None or 0 <= made.load_ratio <= 2
    assert made.runtime_seconds is None or 0 <= made.runtime_seconds <= 7 * 86400


@pytest.mark.parametrize(
    ("status", "volts", "source"),
    [
        ("OL", None, "normal"), ("OL CHRG", None, "normal"), ("OL DISCHRG", None, "normal"), ("ALARM OL", None, "normal"),
        ("OB", None, "battery"), ("OB DISCHRG LB", None, "battery"), ("OL TRIM", None, "trim"),
        ("OL BOOST LB RB", None, "boost"), ("OL BYPASS", None, "bypass"), ("OL OFF", "230", "normal"),
        ("OL OFF", "0", "off"), ("OFF", None, "off"), ("CAL OB DISCHRG", None, "test"), ("OL OB", None, None),
        ("", None, None), ("WAIT", None, None),
    ],
)  # fmt: skip
def test_nut_status_words(status: str, volts: str | None, source: str | None) -> None:
    made = from_nut({"ups.status": status, **({"output.voltage": volts} if volts else {})})
    assert made.source == source
    assert bool(made.conflicts) == (status == "OL OB")


def test_nut_figures_of_the_field() -> None:
    for runtime in ("-60", "65535", "65534", "3932100", "0", "nan", "inf", "?"):
        assert from_nut({"battery.runtime": runtime}).runtime_seconds is None, runtime
    for load in ("255", "562020", "1e300", "-1"):
        assert from_nut({"ups.load": load}).load_ratio is None, load
    assert from_nut({"battery.charge": "120"}).charge_ratio == 1.0
    worn = from_nut({"ups.status": "OL RB", "ups.alarm": "Replace battery!"})
    assert worn.conditions == (says.BATTERY_REPLACE,)


def test_nut_bridge_to_apcupsd_says_bypass_where_the_battery_is_missing() -> None:
    """NUT 2.8.0, drivers/apcupsd-ups.c: NOBATT of apcupsd 3.14 is served as BYPASS, COMMLOST and
    SHUTTING DOWN as an empty status beside the last figures.
    """
    bridge = {"driver.name": "apcupsd-ups", "battery.charge": "100.0"}
    missing = from_nut({**bridge, "ups.status": "OL BYPASS"})
    assert (missing.source, missing.conditions) == ("normal", (says.BATTERY_MISSING,))
    other = from_nut({**bridge, "driver.name": "usbhid-ups", "ups.status": "OL BYPASS"})
    assert (other.source, says.BATTERY_MISSING in other.conditions) == ("bypass", False)
    silent = from_nut({**bridge, "ups.status": ""})
    assert (silent.source, silent.conditions) == (None, ())


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("Done and passed", "passed"), ("Done and warning", "warning"), ("Done and error", "failed"),
        ("Aborted", "aborted"), ("In progress", "in progress"), ("OK - Battery GOOD", "passed"),
        ("Failed - Battery BAD", "failed"), ("NO - No results available", None), ("No test initiated", None),
        ("OK", "passed"), ("BT", "failed"), ("NG", "failed"), ("NO", None),
    ],
)  # fmt: skip
def test_nut_self_tests_in_the_words_of_drivers(said: str, result: str | None) -> None:
    assert from_nut({"ups.status": "OL", "ups.test.result": said}).test_result == result


def test_nut_three_phases() -> None:
    """As NUT's snmp-ups and xml drivers tell of a three-phase unit."""
    phases = {
        f"output.L{n}.power.percent": load for n, load in ((1, "12.0"), (2, "34.0"), (3, "7"))
    }
    phases |= {
        f"input.L{n}-N.voltage": volts for n, volts in ((1, "231.2"), (2, "0.0"), (3, "229.9"))
    }
    made = from_nut({"ups.status": "OL", **phases})
    assert (made.load_ratio, made.input_volts) == (0.34, (231.2, 229.9))


async def test_nut_driver_lost_is_no_power_state() -> None:
    async def upsd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"ERR DATA-STALE\n")
        await reader.read()

    async with served(upsd) as server:
        told = device(nut=NutAccess("cctv", server.port))
        seen = await ups.probe(told, Check("U1", CheckName.UPS), context())
    assert (seen.conditions, seen.source) == ((says.LINK_LOST,), None)


async def test_apcupsd_on_battery_and_lost() -> None:
    states = ["ONBATT", "COMMLOST ", "ONLINE", "SHUTTING DOWN ONBATT LOWBATT"]
    found = []
    for state in states:
        lines = [
            f"STATUS   : {state}\n",
            "TIMELEFT : 41.0 Minutes\n",
            "TONBATT  : 190 Seconds\n",
            "LOADPCT  : 38.0 Percent\n",
        ]

        async def nis(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lines: list[str] = lines
        ) -> None:
            await reader.readexactly(8)
            writer.write(
                b"".join(len(line).to_bytes(2, "big") + line.encode() for line in lines) + b"\0\0"
            )
            await writer.drain()

        async with served(nis) as server:
            told = device(apcupsd=ApcupsdAccess(server.port))
            found.append(await ups.probe(told, Check("U1", CheckName.UPS), context()))
    battery, lost, mains, low = found
    assert (battery.source, battery.on_battery_seconds, battery.runtime_seconds) == (
        "battery",
        190.0,
        2460.0,
    )
    assert (lost.conditions, lost.source, lost.runtime_seconds) == ((says.LINK_LOST,), None, None)
    assert (mains.source, mains.on_battery_seconds) == ("normal", None)
    assert low.source == "battery"
    assert says.BATTERY_LOW in low.conditions


async def test_by_v1_an_object_that_is_not_there_is_asked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each costs an exchange of its own; after an hour it may have come."""
    held = context()
    async with agent(rfc()) as made:
        told = device(snmp=SnmpAccess("c", made.port, "1"))
        check = Check("U1", CheckName.UPS)
        await ups.probe(told, check, held)
        first = len(made.requests)
        assert (await ups.probe(told, check, held)).source == "normal"
        later = len(made.requests) - first
        made.values |= rfc(o2_2_0=None, o1_3_0="2.0") | {f"{RFC1628}.4.4.1.2.2": 231}
        hour_later = held.memory_of("U1").snmp_absent_since + snmp_probe.REMEMBERED + 1
        monkeypatch.setattr(snmp_probe.time, "monotonic", lambda: hour_later)
        seen = await ups.probe(told, check, held)
    assert later < first / 3
    assert seen.output_volts == (230.0, 231.0)


async def test_a_test_is_timed_from_its_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    held, now = context(), [1000.0]
    monkeypatch.setattr(ups.time, "monotonic", lambda: now[0])
    values = under(BY_NAME["apc"].root, {"4.1.1.0": 15, "2.2.1.0": 97})
    assert (await by_snmp(values, held=held)).test_seconds == 0.0
    now[0] += 600
    assert (await by_snmp(values, held=held)).test_seconds == 600.0
    assert (await by_snmp(values | {f"{BY_NAME['apc'].root}.4.1.1.0": 2}, held=held)).source == (
        "normal"
    )
    now[0] += 600
    assert (await by_snmp(values, held=held)).test_seconds == 0.0
