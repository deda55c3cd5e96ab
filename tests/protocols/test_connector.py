"""The one door: who may be contacted, and what a name may lead to."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
import time

import pytest
from helpers.loopback import says, served, unanswering

from healthmon.protocols.errors import (
    AddressError,
    ConnectTimeoutError,
    DnsError,
    RefusedError,
    ResourceError,
)
from healthmon.protocols.transport import names as module
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.names import Resolver

pytestmark = pytest.mark.slow


class Answers:
    """An injected resolver: the answers in turn (an exception is raised), the last one for ever."""

    def __init__(self, *answers: list[str] | Exception, hang: float = 0) -> None:
        self.answers, self.hang, self.asked = list(answers), hang, 0

    def __call__(self, name: str) -> list[str]:
        self.asked += 1
        time.sleep(self.hang)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def door(resolve: Answers) -> Connector:
    names = frozenset({"cam.example"})
    return Connector(names, 0.5, Resolver(names, resolve))


async def test_c21_an_address_that_is_not_configured_is_never_contacted() -> None:
    async with served(says(b""), host="127.0.0.2") as elsewhere:
        connector = Connector.of(["127.0.0.1"])
        for host in ("127.0.0.2", "169.254.169.254", "::ffff:127.0.0.2", "localhost", "[::1]", ""):
            with pytest.raises(AddressError):
                await connector.connect(host, elsewhere.port, asyncio.Protocol)
            with pytest.raises(AddressError):
                await connector.udp(host, elsewhere.port, asyncio.DatagramProtocol)
    assert elsewhere.connections == 0


async def test_n5_an_unknown_name_is_dns_trouble() -> None:
    connector = door(Answers(socket.gaierror(-2, "Name or service not known")))
    with pytest.raises(DnsError, match=r"cam.example"):
        await connector.address_of("cam.example")
    connector.close()


async def test_n5_a_hanging_resolver_is_dns_trouble_and_blocks_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RESOLVE_SECONDS", 0.2)
    connector = door(Answers(["192.0.2.1"], hang=3))
    began = time.monotonic()
    with pytest.raises(DnsError):
        await connector.address_of("cam.example")
    assert time.monotonic() - began < 2.5
    connector.close()
    await asyncio.sleep(began + 2.5 - time.monotonic())  # the thread of the look-up ends with it


async def test_n5_names_that_hang_hold_up_no_name_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Forty names whose look-ups hang for longer than the pool has threads for, at every look; one
    that answers.
    """
    monkeypatch.setattr(module, "RESOLVE_SECONDS", 1.0)
    threads = threading.active_count()

    def resolve(name: str) -> list[str]:
        if name != "cam.example":
            time.sleep(1.6)
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return ["192.0.2.1"]

    hanging = [f"hang{number}.example" for number in range(40)]
    names = frozenset({"cam.example", *hanging})
    connector = Connector(names, 0.5, Resolver(names, resolve))
    for rounds in range(3):
        looks = [asyncio.create_task(connector.address_of(name)) for name in hanging]
        await asyncio.sleep(0)
        if rounds:
            connector.resolver.cache.known.clear()
            assert await connector.address_of("cam.example") == "192.0.2.1"
        found = await asyncio.gather(*looks, return_exceptions=True)
        assert all(isinstance(one, DnsError) for one in found)
        assert threading.active_count() - threads <= 2 * module.THREADS + module.OTHERS
        await asyncio.sleep(0.9)
    connector.close()


async def test_n5_the_last_good_address_is_used_while_the_resolver_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve = Answers(["192.0.2.7"], socket.gaierror(-3, "Temporary failure"))
    connector = door(resolve)
    assert await connector.address_of("CAM.example") == "192.0.2.7"
    assert await connector.address_of("cam.example") == "192.0.2.7"
    assert resolve.asked == 1, "an answer is kept"
    known = connector.resolver.cache.known["cam.example"]
    for _ in range(2):
        known.good_until = 0
        assert await connector.address_of("cam.example") == "192.0.2.7"
        assert await connector.address_of("cam.example") == "192.0.2.7"
    assert resolve.asked == 3
    known.good_until = known.usable_until = 0
    with pytest.raises(DnsError):
        await connector.address_of("cam.example")
    connector.close()


async def test_n5_a_changed_address_is_followed_once_the_old_answer_is_stale() -> None:
    connector = door(Answers(["192.0.2.7"], ["192.0.2.8"]))
    assert await connector.address_of("cam.example") == "192.0.2.7"
    connector.resolver.cache.known["cam.example"].good_until = 0
    assert await connector.address_of("cam.example") == "192.0.2.8"
    connector.close()


async def test_a8_a_name_that_we_cannot_ask_for_is_our_trouble() -> None:
    connector = door(Answers(socket.gaierror(-3, "Temporary failure in name resolution")))
    with pytest.raises(DnsError):
        await connector.address_of("cam.example")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(ResourceError, match="too many open files"):
            await connector.address_of("cam.example")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    connector.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "169.254.169.254", "224.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "fe80::1"],
)
async def test_n5_rebinding_to_an_inner_address_is_refused(address: str) -> None:
    connector = door(Answers([address]))
    with pytest.raises(AddressError):
        await connector.address_of("cam.example")
    connector.close()


async def test_c2_an_unanswered_connection_request_is_told_from_a_refusal() -> None:
    with unanswering() as full:
        connector = Connector.of(["127.0.0.1"], connect_seconds=0.3)
        began = time.monotonic()
        with pytest.raises(ConnectTimeoutError, match=r"no answer in 0.3 s"):
            await connector.connect("127.0.0.1", full.getsockname()[1], asyncio.Protocol)
        assert 0.2 < time.monotonic() - began < 10
        port = full.getsockname()[1]
    with pytest.raises(RefusedError):
        await connector.connect("127.0.0.1", port, asyncio.Protocol)


async def test_c2_the_callers_own_deadline_is_not_taken_for_the_devices() -> None:
    with unanswering() as full:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await Connector.of(["127.0.0.1"]).connect(
                    "127.0.0.1", full.getsockname()[1], asyncio.Protocol
                )
