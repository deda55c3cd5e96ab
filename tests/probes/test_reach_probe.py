"""Reach against open, closed and silent ports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from loopback import says, served, unanswering
from support import free_port

from healthmon.model import Access, Ask, Device, Kind, NutAccess, Question, Reason
from healthmon.probes import reach
from healthmon.probes.tools import Tools
from healthmon.secret import Credential, Secret
from healthmon.wire import icmp
from healthmon.wire.errors import AddressError, SilentError
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

TOOLS = Tools(
    Net.of(["127.0.0.1"], connect_seconds=0.3),
    LoginGuard(),
    lambda name: Credential(name, "u", Secret("p")),
)


def device(**access: object) -> Device:
    return Device("C1", "Market", Kind.CAMERA, "s", "127.0.0.1", access=Access(**access))  # type: ignore[arg-type]


def ask(timeout: float = 4.0) -> Ask:
    return Ask("C1", Question.REACH, timeout=timeout)


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
    async with served(says(b"")) as one, served(says(b"")) as two:
        seen = await reach.look(
            device(rtsp_port=one.port, http_port=two.port, ports=(one.port,)), ask(), TOOLS
        )
    assert [(port.name, port.number, port.reason) for port in seen.ports] == [
        ("rtsp", one.port, None),
        ("http", two.port, None),
        ("tcp", one.port, None),
    ]
    assert all(port.seconds is not None and port.seconds < 10 for port in seen.ports)


async def test_c3_a_closed_port_is_refused() -> None:
    seen = await reach.look(device(nut=NutAccess("u", free_port())), ask(), TOOLS)
    assert [(port.name, port.reason) for port in seen.ports] == [("nut", Reason.REFUSED)]


async def test_c2_a_silent_port_hides_no_other_and_costs_its_share() -> None:
    with silent_port() as silent:
        async with served(says(b"")) as server:
            began = time.monotonic()
            seen = await reach.look(device(rtsp_port=silent, http_port=server.port), ask(), TOOLS)
            assert time.monotonic() - began < 10
        assert [port.reason for port in seen.ports] == [Reason.CONNECT_TIMEOUT, None]
        assert seen.ports[0].detail.endswith("no answer in 0.3 s")
        began = time.monotonic()
        seen = await reach.look(device(ports=(silent,) * 8), ask(0.8), TOOLS)
        assert time.monotonic() - began < 2, "eight of them in turn would take 2.4 s"
        assert [port.reason for port in seen.ports] == [Reason.CONNECT_TIMEOUT] * 8


async def test_the_callers_deadline_is_not_swallowed() -> None:
    with silent_port() as silent:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reach.look(device(rtsp_port=silent), ask(), TOOLS)


async def test_an_unlisted_address_is_not_contacted() -> None:
    tools = Tools(Net.of(["127.0.0.9"]), LoginGuard(), TOOLS.credential)
    async with served(says(b"")) as server:
        with pytest.raises(AddressError):
            await reach.look(device(rtsp_port=server.port), ask(), tools)
        assert server.connections == 0


async def test_ping_is_asked_only_where_something_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def echo(*_: object, **__: object) -> float:
        nonlocal asked
        asked += 1
        return 0.002

    monkeypatch.setattr(icmp, "echo", echo)
    async with served(says(b"")) as server:
        await reach.look(device(rtsp_port=server.port), ask(), TOOLS)
        assert asked == 0
        seen = await reach.look(device(rtsp_port=server.port, http_port=free_port()), ask(), TOOLS)
    assert asked == 1
    assert (seen.ports[-1].name, seen.ports[-1].seconds) == ("icmp", 0.002)


async def test_a_failed_ping_is_a_port_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def echo(*_: object, **__: object) -> float:
        raise SilentError("ping: no answer to 2 echoes")

    monkeypatch.setattr(icmp, "echo", echo)
    seen = await reach.look(device(), ask(), TOOLS)
    assert [(port.name, port.reason) for port in seen.ports] == [("icmp", Reason.TIMEOUT)]
