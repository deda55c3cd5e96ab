"""The web server on loopback: its routes, who may come in, and A10: clients that hold it up."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from helpers.exporter_estate import made

from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener

pytestmark = pytest.mark.slow


async def probe(target: str, module: str) -> bytes | None:
    if target == "slow":
        await asyncio.sleep(30)
    return b"healthmon_device_up 1\n" if (target, module) == ("cam-1", "reach") else None


async def accepted() -> str:
    return ""


async def refused() -> str:
    return "cameras[0].address: not an address"


@asynccontextmanager
async def serving(
    *,
    ready: bool = True,
    reload: Callable[[], Awaitable[str]] = accepted,
    users: Path | None = None,
    simulated: bool = False,
) -> AsyncIterator[listener.OpenListener]:
    site = web.Site(
        made(),
        probe,
        lambda: ready,
        reload,
        lambda: [{"targets": ["cam-1"], "labels": {}}],
        "A & B",
        simulated,
        waiting=lambda: [f"C{number:03d}" for number in range(1, 1_008)],
    )
    running = await listener.serve(web.application(site, lambda: users), "127.0.0.1", 0)
    try:
        yield running
    finally:
        await running.close()
        # body() renders in the default executor; its threads end with the loop's executor.
        await asyncio.get_running_loop().shutdown_default_executor()


def client(running: listener.OpenListener, **more: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", trust_env=False, **more)  # type: ignore[arg-type]


async def test_the_routes_say_what_they_should() -> None:
    async with serving(simulated=True) as running, client(running) as http:
        page = await http.get("/")
        assert "A &amp; B" in page.text
        assert "SIMULATED" in page.text
        text = await http.get("/metrics")
        assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert text.headers["content-encoding"] == "gzip"
        assert 'healthmon_device_state{device="cam-1"' in text.text
        opened = await http.get(
            "/metrics",
            headers={"accept": "application/openmetrics-text", "accept-encoding": "identity"},
        )
        assert opened.text.endswith("# EOF\n")
        found = await http.get("/sd")
        assert json.loads(found.text) == [{"targets": ["cam-1"], "labels": {}}]
        assert found.headers["x-prometheus-refresh-interval-seconds"] == "60"
        assert (await http.get("/-/healthy")).status_code == 200
        assert (await http.get("/-/ready")).status_code == 200
        assert (await http.get("/-/agent")).json() == {
            "has_estate": True,
            "database_seconds": None,
        }
        assert (await http.get("/sd/agents")).json() == []


async def test_only_configured_devices_can_be_probed_within_the_scrape_limit() -> None:
    async with serving() as running, client(running) as http:
        good = await http.get("/probe", params={"target": "cam-1", "module": "reach"})
        assert (good.status_code, good.text) == (200, "healthmon_device_up 1\n")
        for target in ("192.0.2.10", "http://169.254.169.254/", "", "cam-2"):
            assert (
                await http.get("/probe", params={"target": target, "module": "reach"})
            ).status_code == 404
        began = time.monotonic()
        limit = {"x-prometheus-scrape-timeout-seconds": "1"}
        assert (
            await http.get("/probe", params={"target": "slow"}, headers=limit)
        ).status_code == 504
        assert time.monotonic() - began < 20  # it would last thirty


async def test_reload_by_post_only_and_ready_after_the_first_round() -> None:
    async with serving(ready=False, reload=refused) as running, client(running) as http:
        waits = await http.get("/-/ready")
        words = "1,007 devices have no result yet: C001, C002, C003, C004, C005 and 1,002 more"
        assert (waits.status_code, waits.text) == (503, f"first round not finished: {words}\n")
        assert (await http.get("/-/reload")).status_code == 405
        answer = await http.post("/-/reload")
        assert answer.status_code == 500
        assert "not an address" in answer.text
        for path in ("/", "/metrics", "/sd", "/probe", "/-/healthy"):
            assert (await http.post(path, content=b"x" * 100_000)).status_code == 405
            assert (await http.delete(path)).status_code == 405
    async with serving() as running, client(running) as http:
        assert (await http.post("/-/reload")).status_code == 200


async def test_nothing_wider_than_loopback_without_tls_and_users() -> None:
    site = web.Site(made(), probe, lambda: True, accepted, list)
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(PermissionError):
            await listener.serve(web.application(site), host, 0)


async def test_a_port_in_use_is_an_error_in_words() -> None:
    site = web.Site(made(), probe, lambda: True, accepted, list)
    async with serving() as running:
        with pytest.raises(OSError):
            await listener.serve(web.application(site), "127.0.0.1", running.port)


async def scrape(running: listener.OpenListener) -> float:
    began = time.monotonic()
    async with client(running, timeout=20.0) as http:
        assert (await http.get("/metrics")).status_code == 200
    return time.monotonic() - began


async def test_a10_five_hundred_idle_clients_do_not_stop_a_scrape() -> None:
    async with serving() as running:
        idle = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(500)]
        async with asyncio.timeout(20):
            while (
                sum(not one.at_eof() and one.exception() is None for one, _ in idle)
                > listener.MOST_CONNECTIONS
            ):
                await asyncio.sleep(0.02)
        assert len(running.guests) <= listener.MOST_CONNECTIONS
        assert max([await scrape(running) for _ in range(10)]) < 5.0
        for _, writer in idle:
            writer.transport.abort()


async def test_a10_a_slow_header_is_cut_off_even_after_a_good_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(listener, "WRITE_SECONDS", 0.3)
    async with serving() as running:
        for start in (b"", b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(start + b"GET /metrics HTT")
            async with asyncio.timeout(10):
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    while await reader.readexactly(1):
                        pass
            writer.transport.abort()
        assert await scrape(running) < 5.0


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /metrics\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000,
        b"\x16\x03\x01\x02\x00\x01",
        b"\0" * 4096,
    ],
)
async def test_a10_what_is_not_http_is_refused_and_forgotten(sent: bytes) -> None:
    async with serving() as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(10):
            try:
                answer = await reader.read(65536)
            except ConnectionError:
                answer = b""
        assert b" 200 " not in answer.partition(b"\r\n")[0]
        writer.transport.abort()
        assert await scrape(running) < 5.0


async def test_a10_pipelined_requests_are_answered_in_order() -> None:
    async with serving() as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(
            b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\nGET /-/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        async with asyncio.timeout(10):
            answer = await reader.read(-1)
        assert answer.index(b"healthy\n") < answer.index(b"ready\n")
        writer.close()
        await writer.wait_closed()


async def test_a10_a_client_that_takes_no_answer_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(listener, "WRITE_SECONDS", 0.3)
    async with serving() as running:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1024)
        request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n"
        writer.write(request * 2000)
        async with asyncio.timeout(20):
            while not running.guests:
                await asyncio.sleep(0.01)
            while running.guests:
                await asyncio.sleep(0.05)
        assert await scrape(running) < 5.0
        writer.transport.abort()
