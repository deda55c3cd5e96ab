"""The evidence on the page of a fault and at the command line: what was seen with its limits, since when,
who was notified by which channel and how that went, the sheets, the states around it, the failed run.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import healthmon
from helpers.loopback import served
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.notifications.notice_words import fared
from healthmon.store.rows import Notice

pytestmark = pytest.mark.slow
FARED = {
    ("sent", 5.0, 0, ""): "accepted by the server 5",
    ("pending", None, 0, ""): "waiting since 1",
    (
        "pending",
        None,
        1,
        "refused",
    ): "waiting since 1, because refused; tried once in vain, next try 3",
    ("pending", None, 4, ""): "waiting since 1; tried 4 times in vain, next try 3",
    ("held", None, 0, ""): "waits for the digest of 3",
    ("failed", 5.0, 2, "550 no such user"): "refused for good 5: 550 no such user",
    ("merged", 5.0, 0, ""): "became part of a later message 5",
    ("digested", 5.0, 0, ""): "became part of a digest 5",
    ("dropped", 5.0, 0, "too old"): "given up 5: too old",
}


@pytest.mark.parametrize("case", FARED)
def test_how_a_message_fared_is_told_in_words(case: tuple[str, float | None, int, str]) -> None:
    state, ended, attempts, error = case
    notice = Notice("F000001-0", "office", state, 1.0, ended, 3.0, attempts, error)
    assert fared(notice, lambda at: f"{at:.0f}") == FARED[case]
    if state == "pending" and not error:
        assert "1, because it is down" in fared(notice, lambda at: f"{at:.0f}", "it is down")


async def _taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    await reader.readexactly(int(length[1]) if length else 0)
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    await writer.drain()
    writer.close()


@asynccontextmanager
async def room(folder: Path) -> AsyncIterator[tuple[OpenAgent, AsyncExitStack]]:
    """A camera that answers until its stack is closed, a receiver, and one that is not there."""
    async with served(_taken) as receiver, AsyncExitStack() as camera:
        answering = await camera.enter_async_context(served(_answer, host="127.0.7.1"))
        hooks = {"office": receiver.port, "pager": free_port()}
        gate = {"id": "C001", "name": "Gate <1>", "site": "s", "kind": "fixed", "rtsp": "no"}
        cause = {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}
        tree: dict[str, Any] = {
            "defaults": {"interval": "1 s", "cause": cause},
            "sites": [{"id": "s"}],
            "cameras": [gate | {"address": "127.0.7.1", "http": {"port": answering.port}}],
            "notify": {
                name: {"webhook": {"url": f"http://127.0.0.1:{one}/"}}
                for name, one in hooks.items()
            },
            "routes": [{"to": list(hooks)}],
        }
        async with open_agent(folder, tree) as opened:
            yield opened, camera
    await asyncio.get_running_loop().shutdown_default_executor()


def told(page: str) -> str:
    """What is on a page, without its script and tags."""
    text = re.sub(r"<[^>]*>", " ", page[page.index("<main") : page.index("<script")])
    return " ".join(text.split())


async def test_a_fault_has_its_evidence(tmp_path: Path) -> None:
    async with room(tmp_path) as (opened, camera):
        await opened.says("/devices/C001", "answers in")
        await camera.aclose()
        page = await opened.says("/faults", "C001")
        (number,) = set(re.findall(r"F\d{6}(?=</a></th>\n<td[^>]*><a href=\"/devices/C001)", page))
        path = f"/faults/{number}"
        assert "It stands on no sheet yet." in (await opened.get(path)).text
        await opened.says(path, "accepted by the server")
        await opened.says(path, ", because ")
        await opened.post("/shift-check")
        page = await opened.says(path, "Sheet of")
        words = told(page)
        assert re.search(r"This check was last well \d\d \w{3} \d{4} \d\d:\d\d\.", words)
        assert re.search(r"\d, opened: answers ping, but HTTP \d+ refused", words)
        assert re.search(rf"{number}-\d+ office \(webhook\) accepted by the server \d\d ", words)
        assert re.search(rf"{number}-\d+ pager \(webhook\) waiting since [^,]*, because \S", words)
        assert 'href="/sheets/1"' in page
        assert page.count('<svg class="strip"') >= 1
        assert re.search(r'aria-label="well [^"]*, fault [^"]*"', page)
        trace = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)
        assert trace
        assert "C001" in trace[1]
        assert "<img" not in page

        argv = ("faults", "show", number, "--config", str(tmp_path / "config.yaml"))
        code, out, err = await asyncio.to_thread(healthmon, *argv)
        assert code == 0, err
        for line in (
            "SEEN",
            "last well before",
            "TOLD",
            "NOTIFIED",
            "accepted by the server",
            "sheet 1",
        ):
            assert line in out, out
        code, out, err = await asyncio.to_thread(healthmon, *argv, "--json")
        found = json.loads(out)
        assert found["seen"][0]["code"] == "unreachable"
        assert found["seen"][0]["over"] is False
        assert found["last_well"] <= found["seen"][0]["since"]
        assert {(one["target"], one["state"]) for one in found["notified"]} == {
            ("office", "sent"),
            ("pager", "pending"),
        }
        assert found["sheets"] == [{"sheet": 1, "at": found["sheets"][0]["at"]}]
