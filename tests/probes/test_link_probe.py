"""The services of a link and the power of a switch, spoken to on loopback; relay comparison by meters alone."""

from __future__ import annotations

import struct

import pytest
from loopback import http, says, served
from snmp_agent import Value, agent
from support import free_port

from healthmon.makes import switch as mib
from healthmon.model import (
    Access,
    Ask,
    Device,
    Kind,
    Link,
    PowerSupply,
    Question,
    Reason,
    Service,
    SnmpAccess,
    Span,
)
from healthmon.probes import link
from healthmon.probes.compare import by_reports, compared
from healthmon.probes.tools import Tools
from healthmon.secret import Credential, Secret
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net
from healthmon.wire.rtp import Meter

HOST = "127.0.0.1"


async def look(access: Access, tools: Tools | None = None) -> Link:
    device = Device("S1", "Switch", Kind.LINK, "s", HOST, access=access)
    kit = tools or Tools(
        Net.of([HOST]), LoginGuard(), lambda _: Credential("c", "", Secret("public"))
    )
    return await link.look(device, Ask("S1", Question.LINK), kit)


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


SUPPLY: dict[str, Value] = {mib.UP_TIME: 7} | {
    f"{column}.{group}": value
    for group, row in (("1", (370, 1, 200)), ("2", (740, 3, 0)))
    for column, value in zip(mib.SUPPLY_COLUMNS, row, strict=True)
}


async def test_the_power_supplies_of_a_stack_are_found_once_and_then_read() -> None:
    kit = Tools(Net.of([HOST]), LoginGuard(), lambda _: Credential("c", "", Secret("public")))
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
    async with agent({mib.UP_TIME: 7}) as made:
        found = await look(Access(snmp=SnmpAccess("c", made.port)))
    assert (found.power, found.services[0].reason) == ((), None)
    found = await look(Access(snmp=SnmpAccess("c", made.port)))
    assert found.services[0].reason is Reason.REFUSED


def meter(
    keys: list[tuple[int, float]], *, late: float = 0.0, report: float | None = None
) -> Meter:
    """A meter that saw key frames (content, time of capture) and plain ones between, `late` seconds after capture.

    With `report` the sender's clock minus ours, and frames that were sampled when they were captured.
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


def test_reports_show_a_delay_that_the_relay_does_not_hide() -> None:
    source = meter([(1, 1.0)], report=0.0)
    held = by_reports(source, meter([(2, 1.0)], late=3.0, report=0.0), None)
    assert held is not None
    assert held.middle == pytest.approx(3.0, abs=0.01)
    anew = meter([(2, 1.0)], late=3.0)
    anew.report, anew.report_at = (0.0, int(10.0 * 90000)), 1013.0
    assert by_reports(source, anew, None) is None, "stamped anew when sent: nothing is known"


def test_reports_that_are_the_cameras_passed_on_add_what_they_are_behind() -> None:
    """The camera is an hour ahead; the relay's own clock is right, its reports are an hour ahead less 4 s."""
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
