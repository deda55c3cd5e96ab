"""Logins: who comes in, when a changed file counts, and what somebody who tries passwords can do
(nothing).
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from helpers.exporter_estate import made

from healthmon.access import last_use, passwords, users
from healthmon.access.users import User
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener, password_check

pytestmark = pytest.mark.slow


def stored(password: str) -> str:
    return passwords.hash_password(password)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"# of the control room\nshift:{stored('right')}\n\nbüro:{stored('x')}\n")
    return path


@asynccontextmanager
async def serving(file: Path) -> AsyncIterator[str]:
    async def nothing(*_: str) -> None:
        return None

    async def accepted() -> str:
        return ""

    site = web.Site(made(), nothing, lambda: True, accepted, list)
    running = await listener.serve(web.application(site, lambda: file), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{running.port}/sd"
    finally:
        await running.close()
        await asyncio.get_running_loop().shutdown_default_executor()


async def status(url: str, name: str, password: str, source: str = "127.0.0.1") -> int:
    way = httpx.AsyncHTTPTransport(local_address=source)
    async with httpx.AsyncClient(transport=way, trust_env=False, timeout=60) as http:
        return (await http.get(url, auth=(name, password))).status_code


async def test_users_need_their_password(file: Path) -> None:
    async with serving(file) as url, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(url)
        assert (answer.status_code, answer.text) == (401, "login needed\n")
        assert answer.headers["www-authenticate"] == 'Basic realm="healthmon", charset="UTF-8"'
        for name, password in (
            ("shift", "wrong"),
            ("nobody", "right"),
            ("shift", ""),
            ("", ""),
            ("# of the control room", ""),
        ):
            assert await status(url, name, password) == 401, name
        for value in (
            "Basic ***",
            "Basic",
            "Basic c2hpZnQ=",
            "Bearer x",
            "Basic " + "A" * 9000,
            "Basic w6k6",
            "Basic /w==",
        ):
            assert (await http.get(url, headers={"authorization": value})).status_code == 401, value
        for _ in range(2):
            assert await status(url, "shift", "right") == 200
        scheme = "bAsIc " + base64.b64encode(b"shift:right").decode()
        assert (await http.get(url, headers={"authorization": scheme})).status_code == 200


async def test_a_changed_file_counts_at_once_whatever_its_time(file: Path) -> None:
    async with serving(file) as url:
        assert await status(url, "shift", "right") == 200
        before = file.stat()
        users.put(file.with_name("other"), User("shift", stored("changed")))
        os.utime(file.with_name("other"), ns=(before.st_mtime_ns, before.st_mtime_ns))
        file.with_name("other").replace(file)
        assert await status(url, "shift", "right") == 401
        assert await status(url, "shift", "changed") == 200
        file.unlink()
        assert await status(url, "shift", "changed") == 401, (
            "without its file there is nobody who is known"
        )
        file.write_bytes(b"\xff\xfe: broken\nshift:half\n" + f"desk:{stored('third')}\n".encode())
        assert await status(url, "desk", "third") == 200, (
            "a bad line is no way in, and shuts nobody else out"
        )
        assert await status(url, "shift", "half") == 401


async def test_a_login_that_is_checked_while_the_file_changes_is_good_once_only(
    file: Path, monkeypatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    real = passwords.verify

    def slow(known: str | None, password: str) -> bool:
        begun.set()
        assert go.wait(60)
        return real(known, password)

    monkeypatch.setattr(passwords, "verify", slow)
    async with serving(file) as url:
        first = asyncio.create_task(status(url, "shift", "right"))
        await asyncio.to_thread(begun.wait, 20)
        file.write_text(f"shift:{stored('changed')}\n")
        second = asyncio.create_task(status(url, "shift", "wrong", "127.0.0.2"))
        await asyncio.sleep(0.2)
        go.set()
        assert await first == 200
        assert await second == 401
        assert await status(url, "shift", "right") == 401


async def test_a10_who_tries_passwords_gets_one_check_at_a_time_and_holds_nobody_up(
    file: Path, monkeypatch
) -> None:
    under_way, most, checks, lock = 0, 0, 0, threading.Lock()
    real = passwords.hash_password

    def counted(password: str, salt: bytes | None = None) -> str:
        nonlocal under_way, most, checks
        with lock:
            under_way, checks = under_way + 1, checks + 1
            most = max(most, under_way)
        try:
            return real(password, salt)
        finally:
            with lock:
                under_way -= 1

    async with serving(file) as url:
        assert await status(url, "shift", "right") == 200
        monkeypatch.setattr(passwords, "hash_password", counted)
        monkeypatch.setattr(password_check, "REST", 1.0)
        sources = [f"127.0.0.{number}" for number in range(2, 12)]
        storm = [
            asyncio.create_task(status(url, name, f"guess {number}", source))
            for number, source in enumerate(sources * 4)
            for name in (("shift", "nobody")[number % 2],)
        ]
        served = 0
        while not all(task.done() for task in storm):
            assert await status(url, "shift", "right") == 200
            served += 1
        told = [task.result() for task in storm]
    assert set(told) == {401, 429}
    assert most == 1
    assert checks == told.count(401) >= password_check.MOST_WAITING, (
        "an unknown user costs a check too"
    )
    assert told.count(429) >= len(storm) - 2 * password_check.MOST_WAITING
    assert served >= 3, "who has logged in is served meanwhile"


async def test_a10_one_address_cannot_take_every_place_of_the_queue(file: Path) -> None:
    async with serving(file) as url:
        storm = [
            asyncio.create_task(status(url, "shift", f"guess {number}")) for number in range(20)
        ]
        await asyncio.sleep(0.05)
        assert await status(url, "shift", "right", "127.0.0.9") == 200
        told = await asyncio.gather(*storm)
        assert told.count(429) >= 20 - 2 * password_check.MOST_OF_ONE


def test_an_unknown_user_costs_the_same_work(monkeypatch) -> None:
    salts: list[bytes | None] = []
    monkeypatch.setattr(
        passwords, "hash_password", lambda _password, salt=None: f"{salts.append(salt)}$aa"
    )
    assert not passwords.verify(None, "x")
    assert not passwords.verify("ab" * 16 + "$" + "cd" * 64, "x")
    assert [len(salt or b"") for salt in salts] == [16, 16]


def test_the_hash_is_scrypt_salted_and_slow() -> None:
    """RFC 7914, section 12: the third test vector has our parameters."""
    vector = (
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )
    assert (
        passwords.hash_password("pleaseletmein", b"SodiumChloride")
        == f"{b'SodiumChloride'.hex()}${vector}"
    )
    assert stored("same") != stored("same")
    assert passwords.verify(stored("Zoe\u0308"), "Zo\u00eb"), (
        "typed on another keyboard it is the same word"
    )


async def test_after_five_misses_one_address_waits_longer_and_longer_and_others_do_not(
    file: Path, monkeypatch
) -> None:
    monkeypatch.setattr(password_check, "REST", 0.0)
    users.put(file.with_name("two"), User("shift", stored("right")))
    users.put(file.with_name("two"), User("smith", stored("x")))
    file = file.with_name("two")
    async with serving(file) as url, httpx.AsyncClient(trust_env=False, timeout=60) as http:
        told = [await status(url, "shift", f"guess {number}") for number in range(5)]
        assert told == [401] * 5
        held = await http.get(url, auth=("shift", "right"))
        assert (held.status_code, held.headers["retry-after"]) == (429, "1")
        assert held.text == "too many logins; try again in 1 s\n"
        assert await status(url, "smith", "x") == 200, "another user from there"
        assert await status(url, "shift", "right", "127.0.0.9") == 200, "the user from elsewhere"


def test_the_wait_doubles_up_to_a_minute_and_ends_with_the_right_password() -> None:
    check = password_check.PasswordCheck()
    waits = []
    for _ in range(14):
        check._missed("shift", "127.0.0.1", 1000.0)
        waits.append(check._misses["shift", "127.0.0.1"][1] - 1000.0)
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    for number in range(2 * password_check.MOST_REMEMBERED):
        check._missed(f"name {number}", "127.0.0.1", 1000.0)
    assert len(check._misses) == password_check.MOST_REMEMBERED


async def test_the_last_use_is_kept_to_the_minute(file: Path) -> None:
    before = time.time()
    async with serving(file) as url:
        assert await status(url, "shift", "wrong") == 401
        assert last_use.read(file) == {}, "a refused login is no use"
        assert await status(url, "shift", "right") == 200
        first = last_use.read(file)
        assert first.keys() == {"shift"}
        assert before <= first["shift"] <= time.time()
        assert await status(url, "shift", "right") == 200
        assert last_use.read(file) == first, "it is written once a minute"
    kept = file.with_name("users.last")
    assert kept.stat().st_mode & 0o777 == 0o600
    for bad in ("", "[]", '{"shift": "x"}', "[" * 100_000):
        kept.write_text(bad)
        assert last_use.read(file) == {}


async def test_a_use_a_minute_later_is_kept(file: Path) -> None:
    before = time.time()
    last_use.file_of(file).write_text(json.dumps({"shift": before - 61}))
    async with serving(file) as url:
        assert await status(url, "shift", "right") == 200
        assert last_use.read(file)["shift"] >= before


async def test_a_last_use_that_cannot_be_kept_shuts_nobody_out(file: Path) -> None:
    file.with_name("users.last").mkdir()
    async with serving(file) as url:
        assert await status(url, "shift", "right") == 200
    assert sorted(one.name for one in file.parent.iterdir()) == ["users", "users.last"]
