"""What the listener and the pages use of uvicorn and starlette beyond their documented interface.

uvicorn promises nothing of its protocol classes, so its minor version is capped in pyproject.toml. A
release that breaks one of these tests needs a change in `web/listener.py`, not a wider cap.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from packaging.requirements import Requirement
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
Application = Callable[..., Awaitable[None]]


class Server:
    """uvicorn's protocol behind a server of asyncio, as the listener uses it."""

    def __init__(self, application: Application, **options: Any) -> None:
        self.config = uvicorn.Config(
            application, http=H11Protocol, ws="none", lifespan="off", log_level="error",
            access_log=False, server_header=False, proxy_headers=False, **options,
        )  # fmt: skip
        self.config.load()
        self.state = ServerState()
        self.protocols: list[H11Protocol] = []

    def protocol(self) -> H11Protocol:
        self.protocols.append(H11Protocol(self.config, self.state, {}))
        return self.protocols[-1]

    @contextlib.asynccontextmanager
    async def visited(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        server = await asyncio.get_running_loop().create_server(self.protocol, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            yield reader, writer
        finally:
            writer.close()
            server.close()
            for one in self.protocols:
                if one.transport:
                    one.transport.abort()
            if self.state.tasks:
                await asyncio.wait(set(self.state.tasks), timeout=5)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def head_of(reader: asyncio.StreamReader) -> str:
    return (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode().lower()


def requirement(name: str) -> Requirement:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (found,) = [r for r in map(Requirement, project["dependencies"]) if r.name == name]
    return found


@pytest.mark.parametrize(("name", "next_one"), [("uvicorn", "0.55.0"), ("starlette", "2.0.0")])
def test_the_release_is_one_that_was_tried(name: str, next_one: str) -> None:
    allowed = requirement(name).specifier
    assert allowed.contains(version(name))
    assert not allowed.contains(next_one)


def test_a_protocol_is_made_of_configuration_server_state_and_application_state() -> None:
    first = list(inspect.signature(H11Protocol.__init__).parameters.values())[1:]
    assert [one.name for one in first[:3]] == ["config", "server_state", "app_state"]
    assert all(one.default is not one.empty for one in first[3:])


async def test_a_protocol_has_no_transport_and_no_cycle_before_its_first_request() -> None:
    server = Server(PlainTextResponse("well"))
    protocol = server.protocol()
    assert protocol.transport is None
    assert protocol.cycle is None


async def test_the_cycle_of_a_request_says_when_its_answer_is_complete() -> None:
    answer = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await answer.wait()
        await PlainTextResponse("well")(scope, receive, send)

    server = Server(slow)
    async with server.visited() as (reader, writer):
        writer.write(GET + b"\r\n")
        await until(lambda: server.protocols[0].cycle)
        first = server.protocols[0].cycle
        assert first.response_complete is False
        answer.set()
        assert "200 ok" in await head_of(reader)
        assert await reader.readexactly(4) == b"well"
        await until(lambda: first.response_complete)
        writer.write(GET + b"\r\n")
        assert "200 ok" in await head_of(reader)
        assert server.protocols[0].cycle is not first, "each request has a cycle of its own"


async def test_the_task_of_an_answer_is_in_the_state_while_it_runs() -> None:
    never = asyncio.Event()

    async def stuck(_scope: Any, _receive: Any, _send: Any) -> None:
        await never.wait()

    server = Server(stuck)
    async with server.visited() as (_, writer):
        writer.write(GET + b"\r\n")
        await until(lambda: server.state.tasks)
        (task,) = server.state.tasks
        assert isinstance(task, asyncio.Task)
        task.cancel()
        await until(lambda: not server.state.tasks)


async def test_the_end_of_a_connection_is_told_once() -> None:
    told: list[Exception | None] = []

    class Telling(H11Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            told.append(exc)
            super().connection_lost(exc)

    server = Server(PlainTextResponse("well"))
    server.protocol = lambda: Telling(server.config, server.state, {})  # type: ignore[method-assign]
    async with server.visited() as (_, writer):
        await until(lambda: server.state.connections)
        writer.close()
        await until(lambda: told)
        await until(lambda: not server.state.connections)
    assert len(told) == 1


async def test_the_default_headers_of_the_state_are_in_every_answer_once() -> None:
    server = Server(PlainTextResponse("well"))
    server.state.default_headers = [(b"date", b"Sun, 06 Nov 1994 08:49:37 GMT")]
    async with server.visited() as (reader, writer):
        writer.write(GET + b"\r\n")
        head = await head_of(reader)
    assert head.count("\r\ndate:") == 1
    assert "sun, 06 nov 1994" in head
    assert "\r\nserver:" not in head


async def test_a_header_beyond_the_limit_is_refused_and_the_connection_ended() -> None:
    server = Server(PlainTextResponse("well"), h11_max_incomplete_event_size=4096)
    async with server.visited() as (reader, writer):
        writer.write(GET + b"X: " + b"a" * 10_000)
        assert "400 bad request" in await head_of(reader)
        await asyncio.wait_for(reader.read(), 60)  # to its end


async def test_a_connection_that_is_kept_open_ends_after_the_time_for_it() -> None:
    server = Server(PlainTextResponse("well"), timeout_keep_alive=1)
    async with server.visited() as (reader, writer):
        writer.write(GET + b"\r\n")
        assert (await asyncio.wait_for(reader.read(), 60)).endswith(b"well")


async def test_a_request_to_change_to_a_websocket_is_answered_as_http() -> None:
    server = Server(PlainTextResponse("well"))
    async with server.visited() as (reader, writer):
        writer.write(GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert "200 ok" in await head_of(reader)


# ------------------------------------------------------------------------------------------- starlette


def test_headers_of_a_message_are_changed_in_the_message() -> None:
    message = {"type": "http.response.start", "headers": [(b"cache-control", b"max-age=5")]}
    headers = MutableHeaders(scope=message)
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    assert message["headers"] == [
        (b"cache-control", b"max-age=5"),
        (b"x-frame-options", b"SAMEORIGIN"),
    ]


def test_every_value_of_a_header_that_comes_twice_is_listed() -> None:
    headers = Headers(scope={"headers": [(b"host", b"a"), (b"host", b"b")]})
    assert headers.getlist("host") == ["a", "b"]


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [("GET", "/", 200, b"page"), ("HEAD", "/", 200, b""), ("POST", "/", 405, b""), ("GET", "/other", 404, b"")],
)  # fmt: skip
async def test_a_route_answers_get_and_head_and_nothing_else(
    method: str, path: str, status: int, body: bytes
) -> None:
    async def page(_request: Request) -> Response:
        return PlainTextResponse("page")

    server = Server(Starlette(routes=[Route("/", page)]))
    async with server.visited() as (reader, writer):
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        assert f" {status} " in (await head_of(reader)).partition("\r\n")[0]
        rest = await asyncio.wait_for(reader.read(), 60)
    assert rest == body or status >= 400


async def test_a_stream_ends_when_its_reader_is_gone() -> None:
    ended = asyncio.Event()

    async def events() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: x\n\n"
                await asyncio.sleep(0.02)
        finally:
            ended.set()

    async def stream(_request: Request) -> Response:
        return StreamingResponse(events(), media_type="text/event-stream")

    server = Server(Starlette(routes=[Route("/", stream)]))
    async with server.visited() as (reader, writer):
        writer.write(GET + b"\r\n")
        assert "text/event-stream" in await head_of(reader)
        writer.close()
        await asyncio.wait_for(ended.wait(), 60)


async def test_a_request_knows_the_address_of_its_client() -> None:
    async def who(request: Request) -> Response:
        return PlainTextResponse(request.client.host if request.client else "nobody")

    server = Server(Starlette(routes=[Route("/", who)]))
    async with server.visited() as (reader, writer):
        writer.write(GET + b"Connection: close\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 60)).endswith(HOST.encode())
