"""A simulated device that is switched off holds no connection open, whenever it came."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import pytest
import uvloop
from helpers.loopback import make_pair, request, served

from healthmon.demo import listener as listening
from healthmon.demo.listener import Listener

LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])


def ended(visitor: socket.socket) -> bool:
    """Whether the other side has ended the connection."""
    visitor.settimeout(5)
    try:
        return visitor.recv(1) == b""
    except ConnectionResetError:
        return True


@LOOPS
@pytest.mark.parametrize("turns", range(6))
def test_a_connection_ends_with_its_listener_in_whatever_turn_of_the_loop(loop, turns: int) -> None:
    async def visited() -> list[socket.socket]:
        with Listener(asyncio.Protocol, "127.0.0.1") as listener:
            visitors = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
        return visitors

    with asyncio.Runner(loop_factory=loop) as runner:
        visitors = runner.run(visited())
    for visitor in visitors:
        with visitor:
            assert ended(visitor)


@pytest.mark.parametrize("turns", range(8))
async def test_a_scripted_server_closes_what_it_accepted(turns: int) -> None:
    async with served(lambda reader, _: request(reader)) as server:  # type: ignore[arg-type, return-value]
        visitor = socket.create_connection(("127.0.0.1", server.port))
        for _ in range(turns):
            await asyncio.sleep(0)
    with visitor:
        assert await asyncio.to_thread(ended, visitor)


async def test_a_handshake_that_does_not_end_is_cut(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "camera")
    with Listener(asyncio.Protocol, "127.0.0.1", tls=pair.server()) as listener:
        visitor = socket.create_connection(("127.0.0.1", listener.port))
        visitor.send(b"\x16\x03\x01")
        await asyncio.sleep(0.05)
    with visitor:
        assert await asyncio.to_thread(ended, visitor)


async def test_it_goes_on_when_files_can_be_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PAUSE_SECONDS", 0.05)
    refused = 0

    class Full(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            nonlocal refused
            refused += 1
            if refused == 1:
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    def full(*given: object, **named: object) -> Full:
        return Full(fileno=made(*given, **named).detach())  # type: ignore[arg-type]

    made = socket.create_server
    monkeypatch.setattr(listening.socket, "create_server", full)
    with Listener(lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), "127.0.0.1") as at:
        _, writer = await asyncio.open_connection("127.0.0.1", at.port)
        async with asyncio.timeout(5):
            while refused < 2:
                await asyncio.sleep(0.01)
        writer.close()
