"""ICMP echo where the system allows it, in a network namespace: bursts, lost, late and forged
answers; its absence is no error.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import uvloop
from helpers.peers.namespaces import inside, ip
from helpers.support import open_files

from healthmon.protocols import icmp, trace
from healthmon.protocols.errors import AddressError, SilentError
from healthmon.protocols.transport.connector import Connector

pytestmark = pytest.mark.slow

GROUPS = Path("/proc/sys/net/ipv4/ping_group_range")
BURST = 2000


def allowed() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
    except OSError:
        return False
    return True


needs_echo = pytest.mark.skipif(
    not allowed(), reason="net.ipv4.ping_group_range does not allow echoes here"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="answers of our own making need root")


async def test_without_permission_there_is_simply_no_answer() -> None:
    taken = await icmp.echo(Connector.of(["127.0.0.1"]), "127.0.0.1")
    assert (taken is not None) == allowed()


async def test_an_unlisted_address_gets_no_echo() -> None:
    with pytest.raises(AddressError):
        await icmp.echo(Connector.of(["127.0.0.1"]), "127.0.0.2")


async def burst(count: int) -> list[float | BaseException | None]:
    """One echo to each of so many devices at once, none of them a second time."""
    hosts = [f"127.1.{i >> 8}.{i & 255}" for i in range(1, count + 1)]
    connector = Connector.of(hosts)
    asked = (icmp.echo(connector, host, seconds=10.0, tries=1) for host in hosts)
    return await asyncio.gather(*asked, return_exceptions=True)


@needs_echo
async def test_a_burst_of_echoes_loses_none_and_shares_one_socket() -> None:
    pinger = icmp._PINGERS.setdefault(asyncio.get_running_loop(), icmp._Pinger(2000.0))
    before, began = open_files(), time.monotonic()
    task = asyncio.create_task(burst(BURST))
    await asyncio.sleep(0.2)
    assert open_files() - before == 1
    time.sleep(0.4)  # the whole process is held up while answers come
    got = await task
    assert [one for one in got if not isinstance(one, float)] == []
    assert time.monotonic() - began >= (BURST - 1) / 2000, "paced"
    assert open_files() == before, "the socket is closed when nobody waits"
    assert pinger._lines[socket.AF_INET].waiting == {}


@needs_echo
async def test_no_more_echoes_are_under_way_than_the_buffer_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(icmp, "BUFFER_BYTES", 8192)  # room for no more than 19 answers
    icmp._PINGERS[asyncio.get_running_loop()] = icmp._Pinger(1e9)
    task = asyncio.create_task(burst(300))
    for _ in range(5):
        await asyncio.sleep(0)
        time.sleep(0.05)
    assert [one for one in await task if not isinstance(one, float)] == []


@needs_echo
async def test_echoes_that_would_wait_too_long_for_their_turn_are_left_out() -> None:
    icmp._PINGERS[asyncio.get_running_loop()] = icmp._Pinger(10.0)
    connector = Connector.of(["127.0.0.1"])
    with trace.recording(trace.Trace(keep_notes=True)) as notes:
        got = await asyncio.gather(
            *(icmp.echo(connector, "127.0.0.1", seconds=0.1, within=0.5) for _ in range(10))
        )
    assert 1 <= len([one for one in got if one is not None]) <= 4, (
        "ten a second, in three tenths of one"
    )
    assert (".", "ping left out: too many echoes wait for their turn") in [
        (mark, text) for _, mark, text in notes.notes
    ]


@needs_echo
async def test_a_socket_that_has_died_is_opened_again() -> None:
    connector = Connector.of(["127.0.0.1", "203.0.113.9"])
    line = icmp._PINGERS.setdefault(asyncio.get_running_loop(), icmp._Pinger())._lines.setdefault(
        socket.AF_INET, icmp._Line(socket.AF_INET)
    )
    line.open()
    assert line.sock is not None
    line.sock.close()
    assert isinstance(await icmp.echo(connector, "127.0.0.1"), float)
    assert line.sock is None


@needs_echo
async def test_ipv6_has_a_socket_of_its_own() -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    connector = Connector.of(["::1", "127.0.0.1"])
    got = await asyncio.gather(
        *(icmp.echo(connector, host) for host in ("::1", "127.0.0.1", "::1"))
    )
    assert all(isinstance(one, float) for one in got)


# ------------------------------------------------------------------ answers of our own making

Answer = Callable[[str, int, bytes], Iterator[tuple[float, str, bytes]]]


class Responder:
    """Answers echoes instead of the kernel, by raw sockets: `answer` gives (seconds later, from,
    token) for each.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer, self.tries = answer, dict[str, int]()

    def __enter__(self) -> Self:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.sock.settimeout(0.1)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()
        self.sock.close()

    def _serve(self) -> None:
        while not self.stopped.is_set():
            try:
                packet = self.sock.recv(512)
            except TimeoutError:
                continue
            asked, asker, message = (
                socket.inet_ntoa(packet[16:20]),
                socket.inet_ntoa(packet[12:16]),
                packet[20:],
            )
            if message[0] != 8:
                continue
            self.tries[asked] = self.tries.get(asked, 0) + 1
            for later, source, token in self.answer(asked, self.tries[asked], message[8:16]):
                self.stopped.wait(later)
                self._reply(source, asker, message[4:8] + token)

    @staticmethod
    def _reply(source: str, asker: str, rest: bytes) -> None:
        """An echo reply with a right checksum (RFC 1071)."""
        body = b"\0\0\0\0" + rest
        total = sum(struct.unpack(f"!{len(body) // 2}H", body))
        total = (total & 0xFFFF) + (total >> 16)
        total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
            sock.bind((source, 0))
            sock.sendto(body[:2] + struct.pack("!H", total) + body[4:], (asker, 0))


def without_the_kernel(answer: Answer, job: Callable[[], Any]) -> Any:
    """`job` in a namespace whose kernel answers no echo."""

    def answering() -> Any:
        GROUPS.write_text("0 2147483647")
        GROUPS.with_name("icmp_echo_ignore_all").write_text("1")
        with Responder(answer):
            return job()

    return inside(answering)


def answered(answer: Answer, hosts: list[str], **more: float) -> list[float | None]:
    """What echoes to `hosts` get; -1.0 for no answer."""

    async def check() -> list[float | BaseException | None]:
        connector = Connector.of(hosts)
        return await asyncio.gather(
            *(icmp.echo(connector, host, **more) for host in hosts), return_exceptions=True
        )  # type: ignore[arg-type]

    got = without_the_kernel(answer, lambda: asyncio.run(check()))
    return [-1.0 if isinstance(one, SilentError) else one for one in got]


@needs_root
def test_n1_a_try_that_is_lost_is_made_again() -> None:
    lossy: Answer = lambda asked, tried, token: iter([(0.0, asked, token)] if tried == 2 else [])  # noqa: E731
    got = answered(lossy, [f"127.0.2.{i}" for i in range(1, 101)], seconds=2.0)
    assert all(one is not None and 0 < one < 2 for one in got), "every first try was lost"


@needs_root
def test_an_answer_to_the_first_try_counts_while_the_second_is_under_way() -> None:
    late: Answer = lambda asked, tried, token: iter([(1.8, asked, token)] if tried == 1 else [])  # noqa: E731
    (taken,) = answered(late, ["127.0.2.1"], seconds=1.5)
    assert taken is not None
    assert 1.75 < taken < 3.0, "the round trip of the try that was answered"


@needs_root
@pytest.mark.parametrize(
    "run", [asyncio.run, uvloop.run]
)  # a round begins with uvloop's timers, with asyncio's sockets
def test_an_answer_that_came_while_this_process_was_held_up_is_seen_although_its_time_is_over(
    run: Callable[..., float | None],
) -> None:
    async def check() -> float | None:
        one, other = socket.socketpair()
        loop = asyncio.get_running_loop()

        def hold_up() -> None:
            one.recv(1)
            time.sleep(1.0)

        with one, other:
            loop.add_reader(one, hold_up)
            task = asyncio.create_task(
                icmp.echo(Connector.of(["127.0.2.1"]), "127.0.2.1", seconds=0.3, tries=1)
            )
            await asyncio.sleep(0.05)
            other.send(b"x")
            taken = await task
            loop.remove_reader(one)
        return taken

    soon: Answer = lambda asked, tried, token: iter([(0.15, asked, token)])  # noqa: E731
    assert without_the_kernel(soon, lambda: run(check())) is not None


@needs_root
@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(
            lambda asked, tried, token: iter([(0.0, "127.9.9.9", token)]), id="another address"
        ),
        pytest.param(
            lambda asked, tried, token: iter([(0.0, asked, bytes(8))]), id="another token"
        ),
        pytest.param(lambda asked, tried, token: iter([(0.0, asked, token[:2])]), id="cut short"),
        pytest.param(lambda asked, tried, token: iter([]), id="nobody"),
    ],
)
def test_only_the_device_that_was_asked_can_answer(forged: Answer) -> None:
    assert answered(forged, ["127.0.2.1"], seconds=0.2) == [-1.0]


@needs_root
def test_a_forged_answer_does_not_hide_the_true_one() -> None:
    both: Answer = lambda asked, tried, token: iter(  # noqa: E731
        [
            (0.0, "127.9.9.9", token),
            (0.0, asked, bytes(8)),
            (0.1, asked, token),
            (0.0, asked, token),
        ]
    )
    (taken,) = answered(both, ["127.0.2.1"], seconds=5.0)
    assert taken is not None
    assert 0.1 <= taken < 5.0


@needs_root
def test_where_the_system_forbids_echoes_they_are_left_out_and_it_is_said_why() -> None:
    async def check(host: str) -> tuple[float | None, list[str]]:
        with trace.recording(trace.Trace(keep_notes=True)) as notes:
            taken = await icmp.echo(Connector.of([host]), host)
        return taken, [text for _, mark, text in notes.notes if mark == "."]

    def forbidden() -> tuple[float | None, list[str]]:
        GROUPS.write_text("1 0")
        return asyncio.run(check("127.0.0.1"))

    def prohibited() -> tuple[float | None, list[str]]:
        GROUPS.write_text("0 2147483647")
        ip("route", "add", "prohibit", "203.0.113.9/32")
        return asyncio.run(check("203.0.113.9"))

    assert inside(forbidden) == (
        None,
        [
            "ping left out: this system does not allow it (net.ipv4.ping_group_range): permission denied"
        ],
    )
    assert inside(prohibited) == (
        None,
        ["ping left out: this system lets none out: permission denied"],
    )
