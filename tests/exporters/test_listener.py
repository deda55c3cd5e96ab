"""The listener under clients that hold it up (A10) and under all of them at once (G16), on both
event loops.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import inspect
import resource
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvloop
from helpers import certificates
from helpers.support import open_files
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from benchmarks.exposition import filled
from healthmon_exporters.metrics.exposition import Metrics
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener, server_tls

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> certificates.Pair:
    return certificates.made(tmp_path_factory.mktemp("tls"), "listener")


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """The same test on asyncio's own event loop and on uvloop, which the agent uses where it is
    installed.
    """

    @functools.wraps(test)
    def run(*given: object, loop: str, **more: object) -> None:
        factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(test(*given, **more))

    parameters = inspect.signature(test).parameters
    both = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY)
    run.__signature__ = inspect.Signature([*parameters.values(), both])  # type: ignore[attr-defined]
    del run.__wrapped__  # type: ignore[attr-defined]
    return pytest.mark.parametrize("loop", ["asyncio", "uvloop"])(run)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "GUEST_CHECK_SECONDS", 0.05)


class Big:
    """Metrics of a megabyte."""

    async def body(self, *, openmetrics: bool, zipped: bool) -> tuple[bytes, ...]:
        return (b"# HELP x \n" + b"x 1\n" * 2_000_000,)


@contextlib.asynccontextmanager
async def serving(
    metrics: Metrics | Big | None = None,
    pair: certificates.Pair | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[listener.OpenListener]:
    async def nothing(*_: str) -> None:
        await asyncio.sleep(3)

    async def accepted() -> str:
        return ""

    site = web.Site(metrics or filled(1)[0], nothing, lambda: True, accepted, list)  # type: ignore[arg-type]
    tls = server_tls.tls_context(pair.certificate, pair.key) if pair else None
    running = await listener.serve(web.application(site), host, 0, tls=tls)
    try:
        yield running
    finally:
        await running.close()
        await asyncio.get_running_loop().shutdown_default_executor()


async def until(condition, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def mute(port: int, count: int) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", port), 10) for _ in range(count)]


def hung_up(sock: socket.socket) -> bool:
    """Whether the other side has ended the connection."""
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


async def healthy(running: listener.OpenListener, pair: certificates.Pair | None = None) -> bool:
    verify = ssl.create_default_context(cafile=pair.certificate) if pair else False
    base = f"{'https' if pair else 'http'}://127.0.0.1:{running.port}"
    async with httpx.AsyncClient(verify=verify, trust_env=False, timeout=20) as http:
        return (await http.get(f"{base}/-/healthy")).text == "healthy\n"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@on_both_loops
async def test_a10_who_says_nothing_takes_a_place_for_five_seconds_at_most(
    pair, tls, monkeypatch
) -> None:
    monkeypatch.setattr(listener, "HEADER_SECONDS", 60.0)
    used = pair if tls else None
    async with serving(pair=used) as running:
        files = open_files()
        idle = await asyncio.to_thread(mute, running.port, 150)
        await until(lambda: len(running.guests) == listener.MOST_CONNECTIONS)
        assert open_files() - files <= 150 + listener.MOST_CONNECTIONS + 4
        assert await healthy(running, used), "a newcomer is let in for the one who was idle longest"
        monkeypatch.setattr(listener, "HEADER_SECONDS", 0.5)
        await until(lambda: not running.guests)
        assert all(hung_up(sock) for sock in idle)
        for sock in idle:
            sock.close()
        await until(lambda: open_files() <= files + 2)  # uvloop has opened its own
        assert await healthy(running, used)


@on_both_loops
async def test_a10_what_is_no_tls_is_forgotten(pair) -> None:
    async with serving(pair=pair) as running:
        files = open_files()
        for sent in (
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01",
            b"\0" * 70000,
            b"",
            b"\x80\x2e\x01",
        ):
            for _ in range(5):
                with (
                    socket.create_connection(("127.0.0.1", running.port), 10) as sock,
                    contextlib.suppress(OSError),
                ):
                    sock.sendall(sent)
        await until(lambda: not running.guests and open_files() <= files + 2)
        assert await healthy(running, pair)


@on_both_loops
async def test_a10_the_first_bytes_behind_a_handshake_are_not_lost(pair) -> None:
    """TLS 1.3: the request comes in one piece with the client's last word of the handshake."""
    context = ssl.create_default_context(cafile=pair.certificate)
    async with serving(pair=pair) as running:

        def check() -> bytes:
            inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(inside, outside, server_hostname="localhost")
            with socket.create_connection(("127.0.0.1", running.port), 10) as sock:
                while True:
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        sock.sendall(outside.read())
                        more = sock.recv(65536)
                        assert more, "hung up in the handshake"
                        inside.write(more)
                tls.write(
                    b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                )
                sock.sendall(outside.read())  # Finished and the request
                answer = b""
                while not answer.endswith(b"healthy\n") and (more := sock.recv(65536)):
                    inside.write(more)
                    with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                        while instance := tls.read(65536):
                            answer += instance
                return answer

        for _ in range(20):
            assert b"healthy\n" in await asyncio.to_thread(check)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@on_both_loops
async def test_a10_who_takes_a_byte_now_and_then_is_dropped(pair, tls, monkeypatch) -> None:
    """The limit is for the whole of what was sent: progress of a few bytes does not begin
    it again.
    """
    monkeypatch.setattr(listener, "WRITE_SECONDS", 1.0)
    async with serving(Big(), pair if tls else None) as running:
        ended = threading.Event()

        def drip() -> None:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(20)
            sock.connect(("127.0.0.1", running.port))
            if tls:
                context = ssl.create_default_context(cafile=pair.certificate)
                sock = context.wrap_socket(sock, server_hostname="localhost")
            with sock:
                sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                with contextlib.suppress(OSError):
                    while sock.recv(2000):
                        time.sleep(0.05)
            ended.set()

        began = time.monotonic()
        dripping = asyncio.create_task(asyncio.to_thread(drip))
        await until(lambda: bool(running.guests))
        await until(lambda: not running.guests, 30)
        assert time.monotonic() - began < 15
        assert await healthy(running, pair if tls else None)
        await asyncio.wait_for(dripping, 30)
        assert ended.is_set()


@on_both_loops
async def test_a10_a_connection_in_steady_use_is_kept(monkeypatch) -> None:
    monkeypatch.setattr(listener, "HEADER_SECONDS", 1.0)
    async with serving() as running:

        def often() -> int:
            link = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
            link.connect()
            mine = link.sock.getsockname()
            end = time.monotonic() + 3
            while time.monotonic() < end:
                link.request("GET", "/-/healthy")
                assert link.getresponse().read() == b"healthy\n"
                assert link.sock.getsockname() == mine, "the same connection"
                time.sleep(0.01)
            link.close()
            return 1

        assert await asyncio.to_thread(often)


@on_both_loops
async def test_a10_where_all_are_busy_a_newcomer_is_refused_and_the_next_place_is_his(
    monkeypatch,
) -> None:
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 4)
    async with serving() as running:
        busy = mute(running.port, 4)
        for sock in busy:
            sock.sendall(b"GET /probe?target=x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await until(lambda: len([one for one in running.guests if one.busy]) == 4)
        with pytest.raises(httpx.TransportError):
            await healthy(running)
        busy.pop().close()
        await until(lambda: len(running.guests) == 3)
        assert await healthy(running)
        for sock in busy:
            sock.close()


@on_both_loops
async def test_a10_headers_and_lines_of_more_than_16_kib_are_cut_off(monkeypatch) -> None:
    async with serving() as running:
        for head in (
            b"GET /" + b"a" * 20_000,
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000,
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 4_000,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(head)
            async with asyncio.timeout(4):
                answer = await reader.read(-1)
            assert answer.startswith(b"HTTP/1.1 400 ")
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        many = b"".join(b"X-%d: a\r\n" % number for number in range(500))
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(
            b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + many + b"\r\n"
        )
        assert b"healthy\n" in await reader.read(-1)
        writer.close()


@on_both_loops
async def test_a8_without_a_file_left_those_who_wait_are_served_when_there_is_one() -> None:
    async with serving() as running:
        assert await healthy(running)
        sock = socket.socket()
        sock.setblocking(False)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, _files())) + 1, hard))
        try:
            holes = _plugs()
            with contextlib.suppress(BlockingIOError):
                sock.connect(("127.0.0.1", running.port))
            await asyncio.sleep(0.3)
            assert not running.guests
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for hole in holes:
                hole.close()
        await until(lambda: len(running.guests) == 1)
        sock.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
        answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 60)
        assert answer.endswith(b"healthy\n")
        sock.close()


def _files() -> Iterator[str]:
    return (one.name for one in Path("/proc/self/fd").iterdir())


def _plugs() -> list[socket.socket]:
    """Sockets that take every file that is left."""
    taken: list[socket.socket] = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(socket.socket())
    return taken


@on_both_loops
async def test_it_listens_on_ipv6_too() -> None:
    with contextlib.closing(socket.socket(socket.AF_INET6)) as trial:
        try:
            trial.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    async with serving(host="::1") as running, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://[::1]:{running.port}/-/healthy")).text == "healthy\n"


@on_both_loops
async def test_the_last_part_of_a_page_does_not_wait_for_the_receipt_of_the_first() -> None:
    """By Nagle's rule it would, and a receipt may be held back for 40 ms (RFC 1122, 4.2.3.2)."""
    async with serving() as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"healthy\n")
        (guest,) = running.guests
        served = guest.http.transport.get_extra_info("socket")
        assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()


@on_both_loops
async def test_what_cannot_be_listened_on_is_said_in_words(pair) -> None:
    tls = server_tls.tls_context(pair.certificate, pair.key)
    engine = Starlette()
    for host, words in (
        ("192.0.2.1", "port 1 on 192.0.2.1 cannot be had: "),
        ("nowhere.invalid", "nowhere.invalid has no address"),
    ):
        with pytest.raises(OSError, match=words):
            await listener.serve(engine, host, 1, tls=tls, guarded=True)
    for host in ("0.0.0.0", "::", "192.0.2.1", "::ffff:0.0.0.0"):
        for more in ({"tls": tls}, {"guarded": True}, {}):
            with pytest.raises(PermissionError, match="needs both 'tls' and 'users_file'"):
                await listener.serve(engine, host, 0, **more)


@on_both_loops
async def test_g16_scrapes_of_1000_cameras_among_idle_and_mute_clients(pair, monkeypatch) -> None:
    """What is asserted here is that all are answered whole; how fast is measured by the benchmark
    `scrape`.
    """
    metrics = filled(1000)[0]
    async with serving(metrics, pair) as running:
        most = 0

        async def count() -> None:
            nonlocal most
            while True:
                most = max(most, len(running.guests))
                await asyncio.sleep(0.005)

        counting = asyncio.create_task(count())
        idle = await asyncio.to_thread(mute, running.port, 500)
        silent = await asyncio.to_thread(mute, running.port, 100)
        context = ssl.create_default_context(cafile=pair.certificate)
        base = f"https://127.0.0.1:{running.port}"

        async def scraper() -> bytes:
            async with httpx.AsyncClient(verify=context, trust_env=False, timeout=60) as http:
                for _ in range(3):
                    answer = await http.get(f"{base}/metrics")
                    assert answer.status_code == 200
                return answer.content

        bodies = await asyncio.gather(*(scraper() for _ in range(10)))
        counting.cancel()
        for sock in (*idle, *silent):
            sock.close()
    assert most <= listener.MOST_CONNECTIONS
    for body in bodies[:1]:
        told = {one.name: one for one in text_string_to_metric_families(body.decode())}
        assert len({s.labels["device"] for s in told["healthmon_device_state"].samples}) == 1000
        again = sum(len(one.samples) for one in told.values())
        assert again == sum(not line.startswith(b"#") for line in body.splitlines())
