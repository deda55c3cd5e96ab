"""Apprise to loopback services, and the sign of life."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
import time

import pytest
from helpers.fakes.hook_server import receiver
from helpers.loopback import served
from helpers.notices import CLOSED, OPENED
from helpers.support import free_port
from starlette.responses import Response

from healthmon.notifications.sender import SendError
from healthmon.secret import Secret
from healthmon_exporters.notify.apprise import MISSING, Apprise
from healthmon_exporters.notify.heartbeat import Heartbeat
from healthmon_exporters.notify.http_post import Address

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def apprise_has_its_thread() -> None:
    """Apprise keeps one pool for the life of the process; it is made before the first test's leak
    check.
    """
    service = importlib.import_module("apprise").Apprise()
    service.add(f"json://127.0.0.1:{free_port()}/")
    assert not service.notify("x", timeout=5)


async def failure(url: str, seconds: float = 2.0) -> SendError:
    sender = Apprise("chat", Secret(url), seconds=seconds)
    with pytest.raises(SendError) as caught:
        await sender.send(OPENED)
    await sender.aclose()
    return caught.value


async def test_a_json_service_gets_subject_report_and_kind() -> None:
    async with receiver() as reducer:
        sender = Apprise("chat", Secret(f"json://127.0.0.1:{reducer.port}/hush"))
        await sender.send(OPENED)
        await sender.send(CLOSED)
        await sender.aclose()
    first, second = (json.loads(got.body) for got in reducer.got)
    assert first["title"].startswith("P2 FAULT F000123 Riverside car park")
    assert "Serial number:      A100001" in first["message"]
    assert (first["type"], second["type"]) == ("failure", "success")


async def test_ntfy_gets_the_message() -> None:
    async with receiver() as reducer:
        reducer.answer = lambda: Response(json.dumps({"id": "x"}))
        sender = Apprise("chat", Secret(f"ntfy://127.0.0.1:{reducer.port}/cctv"))
        await sender.send(OPENED)
        await sender.aclose()
    told = json.loads(reducer.got[0].body)
    assert told["topic"] == "cctv"
    assert told["title"].startswith("P2 FAULT F000123")


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(500, False), (503, False), (429, False), (404, True), (403, True), (302, True)],
)
async def test_a12_a_service_that_refuses(status: int, permanent: bool) -> None:
    async with receiver() as reducer:
        reducer.answer = lambda: Response(
            status_code=status, headers={"Location": f"http://127.0.0.1:{reducer.port}/other"}
        )
        error = await failure(f"json://user:hush@127.0.0.1:{reducer.port}/secret")
    assert error.permanent is permanent
    assert f"HTTP {status}" in str(error)
    assert not any(word in str(error) for word in ("hush", "secret"))
    assert len(reducer.got) == 1


async def test_a12_a_service_that_is_away_or_silent_is_tried_again() -> None:
    assert not (await failure(f"json://127.0.0.1:{free_port()}/")).permanent

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with served(silent) as server:
        began = time.monotonic()
        assert not (await failure(f"json://127.0.0.1:{server.port}/", 0.5)).permanent
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("address", ["", "nonsense", "nosuch://x/y", "http://"])
async def test_what_is_no_address_is_said_without_repeating_it(address: str) -> None:
    with pytest.raises(SendError) as caught:
        Apprise("chat", Secret(address))
    assert caught.value.permanent
    assert str(caught.value) == "the secret is not an address that apprise knows"


def test_without_the_library_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SendError) as caught:
        Apprise("chat", Secret("json://127.0.0.1/"))
    assert str(caught.value) == MISSING
    assert "\n" not in MISSING


async def test_the_heartbeat_beats_on_time_and_only_while_the_agent_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    works = True
    async with receiver() as reducer:
        heart = Heartbeat(Address.of(reducer.url, None), interval=0.1, alive=lambda: works)
        caplog.set_level(logging.INFO)
        running = asyncio.create_task(heart.run(asyncio.Event()))
        try:
            await asyncio.sleep(1.05)
            beats = len(reducer.got)
            assert 8 <= beats <= 11
            assert {(got.method, got.path) for got in reducer.got} == {
                ("GET", "/hooks/cctv?team=1")
            }
            assert heart.last == pytest.approx(time.time(), abs=1)
            works = False
            await asyncio.sleep(0.15)
            quiet = len(reducer.got)
            await asyncio.sleep(0.4)
            assert len(reducer.got) == quiet
            works, reducer.answer = True, lambda: Response(status_code=500)
            await asyncio.sleep(0.4)
            reducer.answer = lambda: Response(status_code=200)
            await asyncio.sleep(0.3)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await heart.aclose()
    said = [record.getMessage() for record in caplog.records if "heartbeat" in record.getMessage()]
    assert said == ["heartbeat failed: 127.0.0.1: HTTP 500", "heartbeat works again"]


async def test_the_heartbeat_may_be_a_post_and_its_address_is_never_logged() -> None:
    async with receiver() as reducer:
        heart = Heartbeat(
            Address.of(f"http://127.0.0.1:{reducer.port}/ping/hush-hush", None),
            interval=60,
            method="POST",
        )
        await heart.send()
        reducer.answer = lambda: Response(status_code=404)
        with pytest.raises(SendError) as caught:
            await heart.send()
        await heart.aclose()
    assert reducer.got[0].method == "POST"
    assert "hush" not in str(caught.value)
