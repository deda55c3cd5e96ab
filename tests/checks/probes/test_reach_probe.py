"""Reach against open, closed and silent ports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import silent
from helpers.loopback import says, served, unanswering
from helpers.support import free_port

from healthmon.checks.probes import reach
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, Check, Device, NutAccess
from healthmon.model.enums import CheckName, Kind, Reason
from healthmon.model.measurements import Reach
from healthmon.protocols import icmp
from healthmon.protocols.errors import AddressError, SilentError
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.scheduling.runner import ProbeRunner
from healthmon.secret import Credential, Secret


def tools() -> ProbeContext:
    """A context that knows nothing of any device yet."""
    return ProbeContext(
        Connector.of(["127.0.0.1"], connect_seconds=0.3),
        LockoutGuard(),
        lambda name: Credential(name, "u", Secret("p")),
    )


TOOLS = tools()
speaking = says(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
hanging_up = says(b"")


def device(**access: object) -> Device:
    return Device("C1", "Market", Kind.CAMERA, "s", "127.0.0.1", access=Access(**access))  # type: ignore[arg-type]


def check(timeout: float = 4.0) -> Check:
    return Check("C1", CheckName.REACH, timeout=timeout)


@contextmanager
def silent_port() -> Iterator[int]:
    with unanswering() as full:
        yield full.getsockname()[1]


@pytest.fixture(autouse=True)
def no_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on most systems: unprivileged echoes are not allowed."""

    async def echo(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(icmp, "echo", echo)


async def test_open_ports_are_named_with_their_time() -> None:
    async with served(speaking) as one, served(speaking) as two:
        seen = await reach.probe(
            device(rtsp_port=one.port, http_port=two.port, ports=(one.port,)), check(), TOOLS
        )
    assert [(port.name, port.number, port.reason) for port in seen.ports] == [
        ("rtsp", one.port, None),
        ("http", two.port, None),
        ("tcp", one.port, None),
    ]
    assert all(port.seconds is not None and port.seconds < 10 for port in seen.ports)


async def test_c3_a_closed_port_is_refused() -> None:
    seen = await reach.probe(device(nut=NutAccess("u", free_port())), check(), TOOLS)
    assert [(port.name, port.reason) for port in seen.ports] == [("nut", Reason.REFUSED)]


async def test_c2_a_silent_port_hides_no_other_and_costs_its_share() -> None:
    with silent_port() as silent:
        async with served(speaking) as server:
            began = time.monotonic()
            seen = await reach.probe(
                device(rtsp_port=silent, http_port=server.port), check(), TOOLS
            )
            assert time.monotonic() - began < 10
        assert [port.reason for port in seen.ports] == [Reason.CONNECT_TIMEOUT, None]
        assert seen.ports[0].detail.endswith("no answer in 0.3 s")
        began = time.monotonic()
        seen = await reach.probe(device(ports=(silent,) * 8), check(2.4), TOOLS)
        assert time.monotonic() - began < 6, "eight of them in turn would take 7.2 s"
        assert [port.reason for port in seen.ports] == [Reason.CONNECT_TIMEOUT] * 8


async def test_the_callers_deadline_is_not_swallowed() -> None:
    with silent_port() as silent:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reach.probe(device(rtsp_port=silent), check(), TOOLS)


async def test_an_unlisted_address_is_not_contacted() -> None:
    context = ProbeContext(Connector.of(["127.0.0.9"]), LockoutGuard(), TOOLS.credential)
    async with served(speaking) as server:
        with pytest.raises(AddressError):
            await reach.probe(device(rtsp_port=server.port), check(), context)
        assert server.connections == 0


async def test_ping_is_asked_only_where_something_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def echo(*_: object, **__: object) -> float:
        nonlocal asked
        asked += 1
        return 0.002

    monkeypatch.setattr(icmp, "echo", echo)
    async with served(speaking) as server:
        await reach.probe(device(rtsp_port=server.port), check(), TOOLS)
        assert asked == 0
        seen = await reach.probe(
            device(rtsp_port=server.port, http_port=free_port()), check(), TOOLS
        )
    assert asked == 1
    assert (seen.ports[-1].name, seen.ports[-1].seconds) == ("icmp", 0.002)


async def test_c29_a_slow_answer_has_the_time_of_the_whole_check() -> None:
    camera = Camera(delay=1.5)
    async with served(camera.talk) as server:
        seen = await reach.probe(device(rtsp_port=server.port), check(2.0), tools())
    assert [(port.name, port.reason) for port in seen.ports] == [("rtsp", None)]


async def test_a_device_that_hangs_up_upon_every_request_does_not_answer() -> None:
    async with served(hanging_up) as one, served(hanging_up) as two:
        seen = await reach.probe(device(rtsp_port=one.port, http_port=two.port), check(), tools())
    assert [port.reason for port in seen.ports] == [Reason.RESET, Reason.RESET]


async def test_a_service_that_hangs_up_beside_one_that_answers_is_there() -> None:
    async with served(speaking) as one, served(hanging_up) as two:
        seen = await reach.probe(device(rtsp_port=one.port, http_port=two.port), check(), tools())
    assert [port.reason for port in seen.ports] == [None, None]


async def test_a_hung_device_is_within_its_time_and_not_pinged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def echo(*_: object, **__: object) -> float:
        raise AssertionError("it took the connection")

    monkeypatch.setattr(icmp, "echo", echo)
    async with served(silent) as one, served(silent) as two, asyncio.timeout(3.0):
        hung = device(rtsp_port=one.port, http_port=two.port)
        seen = await reach.probe(hung, check(2.0), tools())
    assert [port.reason for port in seen.ports] == [Reason.TIMEOUT, Reason.TIMEOUT]


async def test_a_silent_port_is_told_beside_one_that_answers_however_slowly_it_connects() -> None:
    """The deadline of the whole check would call the device unreachable."""

    class Far(Connector):
        async def connect(self, *args: Any, **more: Any) -> Any:
            await asyncio.sleep(0.15)
            return await super().connect(*args, **more)

    context = replace(tools(), connector=Far.of(["127.0.0.1"]))
    async with served(speaking) as one, served(silent) as two:
        camera = device(rtsp_port=one.port, http_port=two.port)
        result = await ProbeRunner().run(
            lambda: reach.probe(camera, check(2.0), context), lambda seen: (), check(2.0)
        )
    assert isinstance(seen := result.observation.value, Reach), result.observation
    assert [port.reason for port in seen.ports] == [None, Reason.TIMEOUT]


async def test_a_failed_ping_is_a_port_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def echo(*_: object, **__: object) -> float:
        raise SilentError("ping: no answer to 2 echoes")

    monkeypatch.setattr(icmp, "echo", echo)
    seen = await reach.probe(device(), check(), TOOLS)
    assert [(port.name, port.reason) for port in seen.ports] == [("icmp", Reason.TIMEOUT)]
