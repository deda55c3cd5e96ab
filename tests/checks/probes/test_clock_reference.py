"""The vote of the time servers and what is kept of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import AsyncIterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.checks.probes import reference
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.reference import aged, decided, majority
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Span
from healthmon.model.measurements import Reference, TimeServer
from healthmon.protocols import ntp
from healthmon.protocols.errors import ResourceError
from healthmon.protocols.host.clock import HostClock
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential

AGENT = Device("agent", "healthmon", Kind.AGENT, "", "127.0.0.1")

SYNCED, LOST = HostClock(True, 0.01), HostClock(False, 16.0)


def server(offset: float, error: float = 0.005, name: str = "a") -> TimeServer:
    return TimeServer(name, "good", Span(offset - error, offset + error), 2)


SILENT = TimeServer("z", "silent", detail="no answer")


def test_three_good_and_one_false() -> None:
    found = decided(
        [server(0), server(0.001), server(-0.001), server(3600, name="liar")], LOST, 1.0
    )
    assert found.offset is not None
    assert abs(found.offset.middle) < 0.01
    assert (found.servers, found.asked) == (3, 4)
    assert [m.state for m in found.members] == ["good", "good", "good", "false"]
    assert found.members[3].detail == "+3600.0 s off; outvoted"


@pytest.mark.parametrize(
    ("members", "host", "usable", "words"),
    [
        ([server(0), server(3600)], SYNCED, False, "contradict"),
        ([server(0), server(0), server(60), server(60)], SYNCED, False, "contradict"),
        ([server(0), server(0), SILENT, SILENT, SILENT], LOST, True, ""),
        ([server(0), SILENT], SYNCED, True, ""),
        ([server(3600), SILENT], SYNCED, False, "contradicts the synchronised clock"),
        ([server(3600), SILENT], LOST, True, ""),
        ([server(3600)], None, True, ""),
        ([SILENT], SYNCED, True, ""),
        ([SILENT], HostClock(True, 0.6), False, "no time server gives a usable answer"),
        ([SILENT], LOST, False, "not synchronised"),
        ([SILENT], None, False, "not synchronised"),
        ([], LOST, False, "no time server is configured"),
        ([], SYNCED, True, ""),
    ],
)
def test_a1_what_makes_a_reference(
    members: list[TimeServer], host: HostClock | None, usable: bool, words: str
) -> None:
    found = decided(members, host, 1.0)
    assert (found.offset is not None) is usable
    assert words in found.reason_text
    assert found.asked == len(members)


def test_a1_the_last_reference_is_kept_15_minutes_and_grows_wider() -> None:
    good = Reference(Span(-0.01, 0.01), 1000.0, 3, 3)
    at_ten = aged(good, 1600.0)
    assert at_ten.offset is not None
    assert at_ten.offset.high == pytest.approx(0.01 + 600 * 50e-6)
    for now in (1000.0 + 901, 1000.0 - 901, 1000.0 + 3600, 0.0):
        gone = aged(good, now)
        assert gone.offset is None
        assert "min old" in gone.reason_text
    none = Reference(None, 1.0, reason_text="why")
    assert aged(none, 1e9) is none


@pytest.mark.parametrize("step", [60.0, -60.0, 3600.0, 0.1])
def test_a1_a_step_of_our_clock_voids_the_reference(step: float) -> None:
    good = Reference(Span(-0.01, 0.01), 1000.0, 3, 3)
    found = aged(good, 1010.0 + step, step)
    assert found.offset is None
    assert f"stepped by {step:+.1f} s" in found.reason_text
    assert aged(good, 1010.0, 0.001).offset is not None


class Server(asyncio.DatagramProtocol):
    """A time server that answers as `script` says, one entry a question: "good", "lost" or a kiss
    code.
    """

    def __init__(self, *script: str) -> None:
        self.script, self.asked = list(script), 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        what = self.script[min(self.asked, len(self.script)) - 1]
        now = int((time.time() + ntp.NTP_TO_UNIX) * 2**32).to_bytes(8, "big")
        stratum, refid = (2, bytes([127, 0, 0, 1])) if what == "good" else (0, what.encode())
        if what != "lost":
            head = bytes([0x24 if what == "good" else 0xE4, stratum, 6, 0xEC]) + bytes(8) + refid
            self.transport.sendto(head + now + data[40:48] + now + now, addr)


@contextlib.asynccontextmanager
async def asked_server(*script: str) -> AsyncIterator[tuple[Server, ProbeContext]]:
    server = Server(*script)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    connector = Connector.of(["127.0.0.1"], connect_seconds=1)
    context = ProbeContext(
        connector, LockoutGuard(), Credential, time_servers=(("127.0.0.1", port),)
    )
    try:
        yield server, context
    finally:
        transport.close()
        await asyncio.sleep(0)


async def look(context: ProbeContext) -> TimeServer:
    found = await reference.probe(AGENT, Check("agent", CheckName.REFERENCE), context)
    return found.members[0]


async def test_a_server_that_answers_is_asked_once_and_a_lost_answer_is_asked_for_again() -> None:
    async with asked_server("good") as (server, context):
        assert (await look(context)).state == "good"
        assert server.asked == 1
    async with asked_server("lost", "good") as (server, context):
        assert (await look(context)).state == "good"
        assert server.asked == 2


@pytest.mark.parametrize(
    ("kiss", "words"), [("RATE", "fewer requests"), ("DENY", "refuses"), ("RSTR", "refuses")]
)
async def test_a_server_that_sends_a_kiss_code_is_left_alone(
    kiss: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 5905 section 7.4."""
    monkeypatch.setitem(reference.HELD_OFF, kiss, 60.0)
    async with asked_server(kiss, "good") as (server, context):
        for _ in range(3):
            member = await look(context)
            assert (member.state, words in member.detail, kiss in member.detail) == (
                "bad",
                True,
                True,
            )
        assert server.asked == 1
        real = time.monotonic
        monkeypatch.setattr(reference.time, "monotonic", lambda: real() + 61)
        assert (await look(context)).state == "good"


async def test_a_server_that_has_just_started_is_asked_again_the_next_time() -> None:
    async with asked_server("INIT", "good") as (server, context):
        assert (await look(context)).state == "unsynchronised"
        assert (await look(context)).state == "good"
        assert server.asked == 2


async def test_a8_without_file_descriptors_no_time_server_is_blamed() -> None:
    async with asked_server("good") as (_, context):
        assert (await look(context)).state == "good"
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        spare = os.dup(0)
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, limits[1]))
        try:
            with pytest.raises(ResourceError):
                await look(context)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert (await look(context)).state == "good"


@given(
    st.floats(-10, 10),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=7),
    st.lists(st.tuples(st.floats(-12, 12), st.floats(0, 3)), max_size=6),
)
def test_the_true_offset_is_inside_whenever_most_servers_are_right(
    true: float, good: list[tuple[float, float]], false: list[tuple[float, float]]
) -> None:
    right = [Span(true - below, true + above) for below, above in good]
    wrong = [Span(low, low + width) for low, width in false][: len(right) - 1]
    found = majority(right + wrong)
    assert found is not None
    assert found[0].low <= true <= found[0].high
    assert found[1] >= len(right)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 2)), max_size=8))
def test_a_majority_never_needs_more_votes_than_there_are(spans: list[tuple[float, float]]) -> None:
    found = majority([Span(low, low + width) for low, width in spans])
    if found is not None:
        assert len(spans) / 2 < found[1] <= len(spans)
        assert found[0].low <= found[0].high
