"""An engineer leaves a site of 60 devices, of which five take connections and say nothing: within 60 s its
page shows what is not well; a dead device does not hold up the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from pathlib import Path

import pytest
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.scheduling import scheduler

pytestmark = pytest.mark.slow
SITE = "/sites/market"
GOOD, DEAD, BROKEN = 55, 5, 3
SECONDS = 60.0


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
    writer.close()


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()


def not_well(page: str) -> set[str]:
    """The devices that the page of a site shows as faulty."""
    table = page[page.index("devices, worst first") :]
    rows = re.findall(r'<a href="/devices/(\w+)">.*?</tr>', table, re.DOTALL)
    states = re.findall(r'<a href="/devices/\w+">.*?<span class="s s-(\w+)">', table, re.DOTALL)
    return {name for name, state in zip(rows, states, strict=True) if state == "fault"}


async def left(room: OpenAgent, expected: set[str]) -> tuple[float, float]:
    """The engineer leaves: after how many seconds the page shows all that is not well, and after how
    many every check has ended.
    """
    sent = await room.press(SITE, f"{SITE}/left", note="")
    assert sent.status_code == 303, sent.text
    began, shown = time.monotonic(), 0.0
    while True:
        page = (await room.get(SITE)).text
        took = time.monotonic() - began
        if not shown and not_well(page) == expected:
            shown = took
        if shown and re.search(r"All \d{2,} checks have ended\.</strong>", page):
            return shown, took
        assert took < 3 * SECONDS, not_well(page) ^ expected
        await asyncio.sleep(0.1)


async def test_what_is_not_well_is_shown_within_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "FIRST_ROUND_SECONDS", 2.0)
    good = [f"127.0.7.{one}" for one in range(1, GOOD + 1)]
    dead = [f"127.0.9.{one}" for one in range(1, DEAD + 1)]
    port, rtsp = free_port(), free_port()
    fixed = {"site": "market", "kind": "fixed"}
    names = [f"C{one:03d}" for one in range(1, GOOD + DEAD + 1)]
    rows = [
        {"id": name, "name": f"Camera {name}", "address": host, **fixed}
        | {"http": {"port": port}, "rtsp": "no" if host in good else {"port": rtsp}}
        for name, host in zip(names, good + dead, strict=True)
    ]
    tree = {
        "sites": [{"id": "market", "name": "Market"}],
        "defaults": {"interval": "1 h", "clock_interval": "1 h", "identity_interval": "1 h"},
        "cameras": rows,
    }
    broken = [await asyncio.start_server(_answer, host, port) for host in good[:BROKEN]]
    servers = [await asyncio.start_server(_answer, good[BROKEN:], port)]
    servers += [await asyncio.start_server(_silent, dead, one) for one in (port, rtsp)]
    try:
        async with open_agent(tmp_path, tree) as room:
            await room.until(
                lambda: len(room.agent.state.results) >= len(room.agent.estate.checks) - 1
            )
            sent = await room.press(SITE, f"{SITE}/arrived", engineer="Lee", reference="J-17")
            assert sent.status_code == 303
            for server in broken:
                server.close()
                await server.wait_closed()
            shown, ended = await left(room, {*names[:BROKEN], *names[GOOD:]})
    finally:
        for server in (*broken, *servers):
            server.close()
        for server in servers:
            await server.wait_closed()
        await asyncio.get_running_loop().shutdown_default_executor()
    assert shown < SECONDS
    assert ended < 2 * SECONDS
