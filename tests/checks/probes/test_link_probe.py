"""The services of a link and the power of a switch, spoken to on loopback; relay comparison by
meters alone.
"""

from __future__ import annotations

import struct

import pytest
from helpers.loopback import http, says, served
from helpers.snmp_agent import Value, agent
from helpers.support import free_port

from healthmon.checks.probes import link
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.relay_compare import by_reports, compared, not_relayed
from healthmon.model.device import Access, Check, Device, SnmpAccess
from healthmon.model.enums import CheckName, Kind, Reason, Span
from healthmon.model.links import Link, PowerSupply, Service
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret
from healthmon.vendors import switches

HOST = "127.0.0.1"


async def look(access: Access, context: ProbeContext | None = None) -> Link:
    device = Device("S1", "Switch", Kind.LINK, "s", HOST, access=access)
    kit = context or ProbeContext(
        Connector.of([HOST]), LockoutGuard(), lambda _: Credential("c", "", Secret("public"))
    )
    return await link.probe(device, Check("S1", CheckName.LINK), kit)


async def test_services_are_spoken_to_not_only_connected() -> None:
    options = says(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n")
    async with served(options) as rtsp, served(says(http(status="503 Service Unavailable"))) as web:
        found = await look(Access(rtsp_port=rtsp.port, http_port=web.port))
    assert found == Link((Service("rtsp", rtsp.port, 401), Service("http", web.port, 503)))


async def test_a_service_that_talks_nonsense_or_is_closed_is_named() -> None:
    closed = free_port()
    async with served(says(b"SSH-2.0-x\r\n")) as other:
        found = await look(Access(rtsp_port=closed, http_port=other.port))
    assert [service.reason for service in found.services] == [Reason.REFUSED, Reason.PROTOCOL]
    assert "SSH" in found.services[1].detail


SUPPLY: dict[str, Value] = {switches.UP_TIME: 7} | {
    f"{column}.{group}": value
    for group, row in (("1", (370, 1, 200)), ("2", (740, 3, 0)))
    for column, value in zip(switches.SUPPLY_COLUMNS, row, strict=True)
}


async def test_the_power_supplies_of_a_stack_are_found_once_and_then_read() -> None:
    kit = ProbeContext(
        Connector.of([HOST]), LockoutGuard(), lambda _: Credential("c", "", Secret("public"))
    )
    async with agent(SUPPLY) as made:
        access = Access(snmp=SnmpAccess("c", made.port))
        found = await look(access, kit)
        assert found.power == (
            PowerSupply("1", "on", 370.0, 200.0),
            PowerSupply("2", "faulty", 740.0, 0.0),
        )
        assert found.services == (Service("snmp", made.port),)
        made.requests.clear()
        await look(access, kit)
        assert len(made.requests) == 1


async def test_a_switch_without_power_for_its_ports_and_one_without_snmp() -> None:
    async with agent({switches.UP_TIME: 7}) as made:
        found = await look(Access(snmp=SnmpAccess("c", made.port)))
    assert (found.power, found.services[0].reason) == ((), None)
    found = await look(Access(snmp=SnmpAccess("c", made.port)))
    assert found.services[0].reason is Reason.REFUSED


def meter(
    keys: list[tuple[int, float]], *, late: float = 0.0, report: float | None = None
) -> Meter:
    """A meter that saw key frames (content, time of capture) and plain ones between, `late` seconds
    after capture.

    With `report` the sender's clock minus ours, and frames that were sampled when they were
    captured.
    """
    made = Meter(96, "h264", 90000)
    frames = sorted(
        [(at, bytes((0x65, content)) + bytes(20)) for content, at in keys]
        + [(9.9, b"\x41" + bytes(20)), (10.0, b"\x41" + bytes(20))]
    )
    for n, (at, payload) in enumerate(frames):
        data = struct.pack(">BBHII", 0x80, 96, n, int(at * 90000), 7) + payload
        made.packet(data, 0, len(data), 1000 + at + late)
    if report is not None:
        made.report, made.report_at = (report, int((10.0 + late) * 90000)), 1000 + 10.0 + late
    return made


def test_equal_key_frames_give_the_delay_and_its_error() -> None:
    source = meter([(1, 1.0), (2, 2.0), (3, 3.0)])
    found = compared(source, meter([(2, 2.0), (3, 3.0), (4, 4.0)], late=2.5), None)
    assert (found.same, found.by) == (True, "pictures")
    assert found.delay is not None
    assert found.delay.middle == pytest.approx(2.5)
    assert found.delay.error == pytest.approx(0.05)


def test_a_still_picture_is_the_same_and_tells_no_delay() -> None:
    still = meter([(1, 1.0), (1, 2.0), (1, 3.0)])
    found = compared(still, meter([(1, 1.0), (1, 2.0)], late=1.0), None)
    assert (found.same, found.delay, found.note) == (True, None, "its picture does not change")
    once = compared(meter([(1, 1.0)]), meter([(1, 1.0)], late=1.0), None, still=True)
    assert (once.same, once.delay) == (True, None)


def test_other_pictures_and_no_reports_are_not_measurable() -> None:
    found = compared(meter([(1, 1.0)]), meter([(2, 1.0)]), None)
    assert (found.same, found.delay) == (False, None)
    assert "stamps pictures anew" in found.note


NORTH = [(n, float(n)) for n in range(1, 10)]
SOUTH = [(100 + n, float(n)) for n in range(1, 10)]


def test_ff_a11_key_frames_that_did_not_come_in_time_are_counted() -> None:
    source = meter(NORTH)
    assert not_relayed(source, meter(SOUTH), 3.0) == 5, "2, 3, 4, 5 and 6 had time to come"
    assert not_relayed(source, meter(NORTH, late=3.0), 3.0) == 0
    assert not_relayed(source, meter([*SOUTH, (3, 3.5)]), 3.0) == 0


def test_ff_a11_what_cannot_be_known_is_not_counted() -> None:
    source, lossy = meter(NORTH), meter(SOUTH)
    assert not_relayed(source, lossy, 15.0) == 0, "watched for too short a time"
    lossy.packet(struct.pack(">BBHII", 0x80, 96, 99, 900_000, 7) + b"\x41", 0, 13, 1010.0)
    assert lossy.lost > 0
    assert not_relayed(source, lossy, 3.0) == 0
    fast = meter([(100 + n, n / 10) for n in range(1, 99)])
    assert fast.keyframes > len(fast.inside.prints.found) + 1
    assert not_relayed(source, fast, 3.0) == 0, "not each of its key frames is printed"


def test_reports_show_a_delay_that_the_relay_does_not_hide() -> None:
    source = meter([(1, 1.0)], report=0.0)
    held = by_reports(source, meter([(2, 1.0)], late=3.0, report=0.0), None)
    assert held is not None
    assert held.middle == pytest.approx(3.0, abs=0.01)
    anew = meter([(2, 1.0)], late=3.0)
    anew.report, anew.report_at = (0.0, int(10.0 * 90000)), 1013.0
    assert by_reports(source, anew, None) is None, "stamped anew when sent: nothing is known"


def test_reports_that_are_the_cameras_passed_on_add_what_they_are_behind() -> None:
    """The camera is an hour ahead; the relay's own clock is right, its reports are an hour ahead
    less 4 s.
    """
    source = meter([(1, 1.0)], report=3600.0)
    passed = meter([(2, 1.0)], late=4.0, report=3596.0)
    passed.report_at = 1014.0
    passed.report = (3596.0, int(10.0 * 90000))
    found = by_reports(source, passed, Span(-0.5, 0.5))
    assert found is not None
    assert found.middle == pytest.approx(4.0, abs=0.01)
    assert by_reports(source, passed, Span(3595.5, 3596.5)) is None, (
        "its own clock is wrong: that is no delay"
    )
    assert by_reports(source, passed, None) is None
