"""The SNTP client against a scripted UDP server: what is believed, what is refused, and by how much
it may be wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols import ntp
from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.host import clock as hostclock
from healthmon.protocols.transport.connector import Connector

NET = Connector.of(["127.0.0.1"], connect_seconds=1)


def stamp(unix: float) -> bytes:
    """`unix` as an NTP timestamp of its era."""
    whole, part = divmod(unix + ntp.NTP_TO_UNIX, 1)
    return struct.pack(">II", int(whole) % ntp.ERA, int(part * ntp.ERA))


def answer(
    cookie: bytes, came: float, left: float, first: int = 0x24, stratum: int = 2, **more: int
) -> bytes:
    head = struct.pack(">BBbb", first, stratum, 6, -20)
    refid = more.get("kiss", 0x52415445) if stratum == 0 else 0x7F000001
    rest = struct.pack(">III", more.get("delay", 0), more.get("dispersion", 0), refid)
    receive = bytes(8) if more.get("never_came") else stamp(came)
    return (
        head
        + rest
        + stamp(came)
        + cookie
        + receive
        + (stamp(left) if not more.get("no_time") else bytes(8))
    )


@contextlib.asynccontextmanager
async def server(reply: Callable[[bytes], list[bytes]]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A UDP server that answers each query with the datagrams of `reply`; gives its port and the
    queries.
    """
    asked: list[bytes] = []

    class Script(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            asked.append(data)
            for datagram in reply(data):
                self.transport.sendto(datagram, addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Script, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1], asked
    finally:
        transport.close()
        await asyncio.sleep(0)


def honest(ahead: float = 0.0, **more: int) -> Callable[[bytes], list[bytes]]:
    return lambda data: [answer(data[40:48], time.time() + ahead, time.time() + ahead, **more)]


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -5.0, 86400.0 * 365])
async def test_the_offset_is_inside_the_bound(ahead: float) -> None:
    async with server(honest(ahead)) as (port, asked):
        found = await ntp.query(NET, "127.0.0.1", port)
    assert abs(found.offset - ahead) <= found.error < 0.1
    assert found.stratum == 2
    assert (asked[0][0], len(asked[0])) == (0x23, 48)


async def test_every_query_has_a_new_cookie_and_tells_nothing_of_our_clock() -> None:
    async with server(honest()) as (port, asked):
        for _ in range(3):
            await ntp.query(NET, "127.0.0.1", port)
    assert len({query[40:48] for query in asked}) == 3
    assert all(query[1:40] == bytes(39) for query in asked)


async def test_a_forged_answer_is_passed_over_and_the_true_one_taken() -> None:
    def both(data: bytes) -> list[bytes]:
        forged = answer(b"12345678", time.time() + 999, time.time() + 999)
        return [forged, b"", b"short", *honest()(data)]

    async with server(both) as (port, _):
        assert abs((await ntp.query(NET, "127.0.0.1", port)).offset) < 0.1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"first": 0xE4}, "not synchronised"),
        ({"stratum": 16}, "not synchronised"),
        ({"stratum": 17}, "not synchronised"),
        ({"stratum": 0}, r"asks for fewer requests \(RATE\)"),
        ({"stratum": 0, "kiss": 0x44454E59}, r"refuses to answer this machine \(DENY\)"),
        ({"stratum": 0, "kiss": 0x494E4954}, r"not synchronised \(INIT\)"),
        ({"stratum": 0, "kiss": 0x58303031}, "not synchronised$"),
        ({"stratum": 0, "kiss": 0}, "not synchronised$"),
        ({"first": 0x23}, "not a time server"),
        ({"dispersion": 2 << 16}, "root distance 2.0 s"),
        ({"delay": 3 << 16}, "root distance 1.5 s"),
        ({"no_time": 1}, "impossible times"),
        ({"never_came": 1}, "impossible times"),
    ],
)
async def test_a_server_without_time_is_refused_in_words(more: dict[str, int], words: str) -> None:
    async with server(honest(**more)) as (port, _):
        with pytest.raises(ProtocolError, match=words):
            await ntp.query(NET, "127.0.0.1", port)


async def test_silence_and_a_closed_port_end_soon_and_are_told_apart() -> None:
    async with server(lambda _: []) as (port, _):
        with pytest.raises(TimeoutError) as silent:
            await ntp.query(NET, "127.0.0.1", port, wait=0.1)
    with pytest.raises(Exception, match="NTP") as closed:
        await ntp.query(NET, "127.0.0.1", port, wait=1)
    assert ntp.state_of(silent.value) == ("silent", "no answer")
    assert ntp.state_of(closed.value) == ("silent", "port closed")
    assert ntp.state_of(ntp.UnsynchronisedError("INIT"))[0] == "unsynchronised"
    assert ntp.state_of(ntp.UnsynchronisedError("DENY"))[0] == "bad"
    assert ntp.state_of(ProtocolError("x")) == ("bad", "x")


async def test_a1_a_step_of_our_own_clock_during_the_query_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, jump = time.time, [0.0]
    monkeypatch.setattr(ntp.time, "time", lambda: real() + jump[0])

    def stepping(data: bytes) -> list[bytes]:
        jump[0] = 60.0
        return [answer(data[40:48], real(), real())]

    async with server(stepping) as (port, _):
        with pytest.raises(ProtocolError, match="stepped"):
            await ntp.query(NET, "127.0.0.1", port)


@pytest.mark.parametrize(("came", "left"), [(0.0, 5.0), (0.0, -1.0)])
def test_an_answer_held_longer_than_its_way_took_is_impossible(came: float, left: float) -> None:
    with pytest.raises(ProtocolError, match="impossible times"):
        ntp.parsed(answer(bytes(8), 2e9 + came, 2e9 + left), 2e9, 2e9 + 0.1)


def test_c25_the_first_second_of_the_era_of_2036_has_a_time() -> None:
    turn = float(ntp.ERA - ntp.NTP_TO_UNIX)
    for at in (turn - 0.5, turn + 0.25, turn + 0.5, turn + 3600):
        found = ntp.parsed(answer(bytes(8), at, at), at, at)
        assert abs(found.offset) <= found.error


def test_the_bound_holds_the_whole_root_distance() -> None:
    found = ntp.parsed(
        answer(bytes(8), 100.05, 100.05, delay=0x8000, dispersion=0x4000), 100.0, 100.1
    )
    assert found.error == pytest.approx(0.25 + 0.25 + 0.05, abs=0.001)
    assert found.offset == pytest.approx(0, abs=1e-6)


@given(st.floats(0, 2**33), st.floats(-86400 * 365, 86400 * 365), st.floats(0, 1), st.floats(0, 1))
def test_c25_eras_do_not_matter(now: float, ahead: float, there: float, back: float) -> None:
    """Before and after 7 February 2036: any asymmetry of the way stays inside the stated error."""
    at = now + there + ahead
    found = ntp.parsed(answer(bytes(8), at, at), now, now + there + back)
    assert abs(found.offset - ahead) <= found.error + 1e-5


def test_the_kernel_is_only_read() -> None:
    found = hostclock.read()
    assert found is None or found.error >= 0
