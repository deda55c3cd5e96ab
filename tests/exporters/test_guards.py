"""What a request must be and an answer carries: names (DNS rebinding), pages of other sites,
orders, safe headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from helpers.exporter_estate import made

from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener

pytestmark = pytest.mark.slow


@dataclass
class Stage:
    """A running server; `reloads` counts the orders that got through."""

    port: int = 0
    reloads: int = 0
    names: list[str] = field(default_factory=lambda: ["agent.example"])

    async def say(self, text: str | bytes) -> bytes:
        """The whole answer to one request; {port} in it is ours."""
        raw = text.replace("{port}", str(self.port)).encode() if isinstance(text, str) else text
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        try:
            async with asyncio.timeout(10):
                return await reader.read(-1)
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)

    async def check(
        self, *headers: str, line: str = "GET /-/healthy HTTP/1.1", host: str = "127.0.0.1"
    ) -> tuple[int, str]:
        """(status, body) of a request with these headers."""
        more = "".join(f"{one}\r\n" for one in headers)
        answer = await self.say(f"{line}\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n")
        head, _, body = answer.decode().partition("\r\n\r\n")
        return int(head.split(" ")[1]), body


@asynccontextmanager
async def serving() -> AsyncIterator[Stage]:
    stage = Stage()

    async def probe(*_: str) -> None:
        return None

    async def reload() -> str:
        stage.reloads += 1
        return ""

    site = web.Site(made(), probe, lambda: True, reload, list)
    running = await listener.serve(web.application(site, names=lambda: stage.names), "127.0.0.1", 0)
    stage.port = running.port
    try:
        yield stage
    finally:
        await running.close()
        await asyncio.get_running_loop().shutdown_default_executor()


OURS = [
    "127.0.0.1",
    "127.0.0.1:9877",
    "localhost",
    "LOCALHOST:80",
    "localhost.",
    "[::1]",
    "[::1]:9877",
    "192.0.2.7:1",
]
OURS += [
    "[2001:DB8::7]:443",
    "[::ffff:127.0.0.1]",
    "agent.example",
    "Agent.Example:443",
    "agent.example.:9877",
]
STRANGE = [
    "evil.example",
    "evil.example:9877",
    "127.0.0.1.evil.example",
    "localhost.evil",
    "agent.example.evil",
    "",
    ":80",
]
STRANGE += [
    "[::1].evil",
    "user@127.0.0.1",
    "127.1",
    "0x7f000001",
    "[::1",
    "::1",
    "127.0.0.1:9877:1",
    "127.0.0.1/",
    "a b",
]


async def test_a10_only_names_of_ours_are_answered_so_that_no_page_can_rebind_its_own() -> None:
    async with serving() as stage:
        for host in OURS:
            assert await stage.check(host=host) == (200, "healthy\n"), host
        for host in STRANGE:
            status, words = await stage.check(host=host)
            assert status == 421, host
            assert "add it to `hosts` of `agent` in config.yaml, or use the IP address" in words
            assert (await stage.check(line="POST /-/reload HTTP/1.1", host=host))[0] == 421
        stage.names = []
        assert (await stage.check(host="agent.example"))[0] == 421, (
            "the names in force are asked for each request"
        )
        assert stage.reloads == 0


async def test_a10_no_host_is_bad_in_http_1_1_and_usual_in_1_0() -> None:
    async with serving() as stage:
        assert b" 400 " in await stage.say("GET /-/healthy HTTP/1.1\r\n\r\n")
        assert b" 400 " in await stage.say(
            "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"
        )
        assert b" 200 " in await stage.say("GET /-/healthy HTTP/1.0\r\n\r\n")
        assert b" 421 " in await stage.say("GET /-/healthy HTTP/1.0\r\nHost: evil.example\r\n\r\n")
        absolute = await stage.say(
            "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert b" 404 " in absolute


FOREIGN = [
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"),
    ("Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"),
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"),
]
LINKS = [
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
    ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"),
    ("Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
]


async def test_a10_a_page_of_another_site_gets_nothing_but_a_link_leads_here() -> None:
    async with serving() as stage:
        for path in ("/metrics", "/probe?target=C001", "/sd"):
            for headers in FOREIGN:
                assert (await stage.check(*headers, line=f"GET {path} HTTP/1.1"))[0] == 403, headers
        for headers in LINKS:
            assert (await stage.check(*headers, line="GET /sd HTTP/1.1"))[0] == 200, headers


async def test_a10_no_page_or_form_can_order_a_reload() -> None:
    post = "POST /-/reload HTTP/1.1"
    async with serving() as stage:
        for status, headers in (
            (403, ("Origin: http://evil.example",)),
            (403, ("Origin: null",)),
            (403, ("Origin: http://127.0.0.1:1",)),
            (403, ("Origin: http://127.0.0.1.evil.example:{port}",)),
            (403, ("Sec-Fetch-Site: cross-site",)),
            (
                403,
                (
                    "Sec-Fetch-Site: same-site",
                    "Sec-Fetch-Mode: navigate",
                    "Sec-Fetch-Dest: document",
                ),
            ),
            (415, ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 0")),
            (415, ("Content-Type: Multipart/Form-Data; boundary=a", "Content-Length: 0")),
            (415, ("Content-Type: text/plain",)),
            (413, ("Content-Type: application/json", "Content-Length: 2")),
            (413, ("Content-Length: 99999999999",)),
            (413, ("Transfer-Encoding: chunked",)),
            (400, ("Transfer-Encoding: chunked", "Content-Length: 0")),
        ):
            assert (await stage.check(*headers, line=post, host="127.0.0.1:{port}"))[0] == status, (
                headers
            )
        assert stage.reloads == 0
        for headers in (
            (),
            ("Content-Length: 0",),
            ("Origin: http://127.0.0.1:{port}", "Sec-Fetch-Site: same-origin"),
        ):
            assert await stage.check(*headers, line=post, host="127.0.0.1:{port}") == (
                200,
                "reloaded\n",
            )
        assert stage.reloads == 3


PATHS = [
    "GET /",
    "GET /metrics",
    "GET /sd",
    "GET /runbooks/",
    "GET /runbooks/HealthmonBug",
    "GET /-/healthy",
    "GET /-/ready",
]
PATHS += [
    "GET /nothing",
    "POST /metrics",
    "GET /probe?target=x",
    "GET /runbooks/Nothing",
    "POST /-/reload",
    "HEAD /",
]


async def test_a10_every_answer_carries_safe_headers_and_no_banner() -> None:
    async with serving() as stage:
        for line in PATHS:
            for host in ("127.0.0.1", "evil.example"):
                raw = await stage.say(
                    f"{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
                )
                head = raw.partition(b"\r\n\r\n")[0].decode().lower()
                headers = dict(one.split(": ", 1) for one in head.split("\r\n")[1:])
                assert headers["content-security-policy"].startswith("default-src 'none'"), line
                assert "unsafe" not in headers["content-security-policy"]
                assert headers["x-content-type-options"] == "nosniff"
                assert headers["x-frame-options"] == "sameorigin"
                assert headers["cache-control"] == "no-store"
                assert headers["referrer-policy"] == "same-origin"
                assert headers["cross-origin-resource-policy"] == "same-origin"
                assert not {
                    "server",
                    "x-powered-by",
                    "access-control-allow-origin",
                    "set-cookie",
                } & set(headers)
                assert "uvicorn" not in raw.decode().lower()
                assert "date" in headers


@pytest.mark.parametrize(
    "path",
    [
        "/runbooks/../web.py", "/runbooks/..%2fREADME", "/runbooks/%2e%2e%2fREADME.md", "/../../etc/passwd", "/%2e%2e/etc/passwd",
        "/runbooks/....//README", "/runbooks/%00", "/runbooks/README.md", "/runbooks//etc/passwd", "/wall/../metrics",
        "//evil.example/", "/metrics%00", "/-/healthy/../reload", "/metrics;a=b", "/METRICS", "/\\..\\etc", "/debug/pprof",
    ],
)  # fmt: skip
async def test_a10_a_path_leads_to_its_page_or_to_none(path: str) -> None:
    async with serving() as stage:
        status, body = await stage.check(line=f"GET {path} HTTP/1.1")
        assert status == 404
        assert "Traceback" not in body
        assert "root:" not in body


@pytest.mark.parametrize(
    "method",
    ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 100],
)
async def test_a10_other_methods_are_refused(method: str) -> None:
    async with serving() as stage:
        for path in ("/metrics", "/-/reload"):
            status, body = await stage.check(line=f"{method} {path} HTTP/1.1")
            assert status in (400, 405), (method, path)
            assert "Host" not in body
        assert stage.reloads == 0


SMUGGLED = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 6\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n",
        "GET  /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /-/healthy\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)  # fmt: skip
async def test_a10_nothing_is_smuggled_in_behind_a_malformed_request(head: str) -> None:
    """Whatever two readers could understand differently ends the connection: what follows is not
    answered.
    """
    async with serving() as stage:
        answer = await stage.say(head + SMUGGLED)
        assert answer.startswith(b"HTTP/1.1 400 "), answer
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"healthy\n" not in answer
        assert stage.reloads == 0
