"""Browsers: log in, out and as somebody else; a wall screen by its code; what a foreign page gets."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest
from helpers import certificates
from helpers.exporter_estate import made
from helpers.wall_estate import estate

from healthmon.access import kiosks, last_use, passwords, users
from healthmon.access.events import AccessEvent
from healthmon.access.roles import Permission, Role
from healthmon.access.users import User
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.wall import live
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.web import app as web
from healthmon_exporters.web import (
    forms,
    listener,
    login_pages,
    password_check,
    server_tls,
    sessions,
)
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.known_users import KnownUsers

pytestmark = pytest.mark.slow
WORD = "three long words"
SMITH = User("smith", passwords.hash_password(WORD), Role.OPERATOR)
JONES = User("jones", passwords.hash_password("quite other words"), Role.ADMIN)
HTML = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_pages, "WRONG_CODE_SECONDS", 0.01)
    monkeypatch.setattr(password_check, "REST", 0.0)
    monkeypatch.setattr(live, "TICK_SECONDS", 0.1)
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"{SMITH.line()}\n{JONES.line()}\n")
    path.chmod(0o600)
    return path


@asynccontextmanager
async def serving(
    file: Path | None, *, tls: Path | None = None, told: list[AccessEvent] | None = None
) -> AsyncIterator[str]:
    async def nothing(*_: str) -> None:
        return None

    async def reload() -> str:
        return ""

    wall = Wall(lambda: estate(3), lambda _name: {"id": "C001"}, time.monotonic)
    site = web.Site(
        made(),
        nothing,
        lambda: True,
        reload,
        list,
        "A & B",
        operators=Sections(wall=wall).endpoints,
    )
    pair = certificates.made(tls, "agent") if tls else None
    context = server_tls.tls_context(pair.certificate, pair.key) if pair else None
    report = told.append if told is not None else lambda _event: None
    control = AccessControl(KnownUsers(lambda: file, report=report))
    pages = web.application(site, lambda: file, control=control)
    pool = ThreadPoolExecutor(4)
    asyncio.get_running_loop().set_default_executor(pool)
    running = await listener.serve(pages, "127.0.0.1", 0, tls=context)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{running.port}"
    finally:
        await running.close()
        await wall.live.close()
        pool.shutdown()


def browser(base: str) -> httpx.AsyncClient:
    """Keeps cookies and follows no redirect; a form says where it comes from, as a browser does."""
    return httpx.AsyncClient(
        base_url=base, trust_env=False, timeout=30, headers={"origin": base}, verify=False
    )


async def log_in(http: httpx.AsyncClient, name: str = "smith", word: str = WORD) -> httpx.Response:
    return await http.post("/login", data={"name": name, "password": word, "next": "/wall?x=1"})


async def connect(http: httpx.AsyncClient, file: Path, name: str = "wall-1") -> httpx.Response:
    screen, code = kiosks.waiting(name, time.time())
    users.put_kiosk(file, screen)
    return await http.post("/kiosk", data={"code": code})


async def test_a_browser_logs_in_by_the_page_and_out_again(file: Path) -> None:
    async with serving(file) as base, browser(base) as http:
        sent = await http.get("/wall?x=1", headers=HTML)
        assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fwall%3Fx%3D1")
        page = await http.get(sent.headers["location"])
        assert "Log in: A &amp; B" in page.text
        assert 'name="next" value="/wall?x=1"' in page.text
        assert (await http.get("/wall")).status_code == 401, "a program is asked for a password"
        done = await log_in(http)
        assert (done.status_code, done.headers["location"]) == (303, "/wall?x=1")
        cookie = done.headers["set-cookie"]
        assert re.fullmatch(
            r"healthmon-session=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", cookie
        ), cookie
        assert (await http.get("/wall")).status_code == 200
        assert last_use.read(file).keys() == {"smith"}
        page = await http.get("/login")
        assert "You are logged in as <strong>smith</strong> (operator)" in page.text
        token = http.cookies["healthmon-session"]
        out = await http.post("/logout")
        assert (out.status_code, out.headers["location"]) == (303, "/login")
        assert "healthmon-session" not in http.cookies
        http.cookies.set("healthmon-session", token)
        assert (await http.get("/wall")).status_code == 401, "the token is worth nothing now"


async def test_a_wrong_password_is_refused_in_words_and_held_back(file: Path) -> None:
    async with serving(file) as base, browser(base) as http:
        for name, word in (("smith", "wrong"), ("nobody", WORD), ("smith", ""), ("", "")):
            told = await log_in(http, name, word)
            assert told.status_code == 403
            assert "The name or the password is wrong." in told.text
            assert "set-cookie" not in told.headers
        for _ in range(4):
            told = await log_in(http, "smith", "wrong")
        told = await log_in(http)
        assert (told.status_code, told.headers["retry-after"]) == (429, "1")
        assert "Too many logins. Try again in 1 s." in told.text


async def test_another_person_takes_over_and_the_first_login_ends(file: Path) -> None:
    async with serving(file) as base, browser(base) as http:
        await log_in(http)
        first = http.cookies["healthmon-session"]
        assert (await http.post("/-/reload")).status_code == 403
        await log_in(http, "jones", "quite other words")
        assert http.cookies["healthmon-session"] != first
        assert (await http.post("/-/reload")).status_code == 200
        http.cookies.set("healthmon-session", first, domain="127.0.0.1")
        http.cookies.delete("healthmon-session", domain="127.0.0.1")
        async with browser(base) as other:
            other.cookies.set("healthmon-session", first)
            assert (await other.get("/wall")).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        None,
        replace(SMITH, stored=passwords.hash_password("a new good password")),
        replace(SMITH, disabled=date(2026, 1, 1)),
    ],
)
async def test_a_login_ends_with_the_user_the_password_or_the_last_day(
    file: Path, changed: User | None
) -> None:
    async with serving(file) as base, browser(base) as http:
        await log_in(http)
        users.put(file, replace(JONES, unix="jones"))
        assert (await http.get("/wall")).status_code == 200, "others may change"
        async with http.stream("GET", "/wall/events") as answer:
            lines = answer.aiter_lines()
            async for text in lines:
                if text == "event: beat":
                    break
            users.put(file, changed) if changed else users.remove(file, "smith")
            rest = [text async for text in lines]
        assert "event: bye" in rest
        assert (await http.get("/wall")).status_code == 401


async def test_a_role_that_is_changed_counts_for_who_is_logged_in(file: Path) -> None:
    async with serving(file) as base, browser(base) as http:
        await log_in(http)
        users.put(file, replace(SMITH, given_role=Role.SCRAPER))
        assert (await http.get("/wall")).status_code == 403
        assert (await http.get("/metrics")).status_code == 200


async def test_a_restart_of_the_agent_logs_nobody_out_and_its_file_holds_no_token(
    file: Path,
) -> None:
    async with serving(file) as base, browser(base) as http:
        await log_in(http)
        token = http.cookies["healthmon-session"]
    kept = file.with_name("users.sessions")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert token not in kept.read_text()
    async with serving(file) as base, browser(base) as http:
        http.cookies.set("healthmon-session", token)
        assert (await http.get("/wall")).status_code == 200
    text = kept.read_text()
    for bad in ("[]", "", text.replace(".", "e99."), '{"a": ["smith", NaN, ""]}', '{"a": 1}'):
        kept.write_text(bad)
        async with serving(file) as base, browser(base) as http:
            http.cookies.set("healthmon-session", token)
            assert (await http.get("/wall")).status_code == 401


async def test_a_session_ends_after_a_shift_and_there_are_not_endlessly_many(
    file: Path, monkeypatch
) -> None:
    kept = sessions.Sessions()
    tokens = [kept.begin(SMITH) for _ in range(sessions.MOST + 5)]
    assert [kept.of(token) is None for token in tokens[:6]] == [True] * 5 + [False]
    session, now = kept.of(tokens[-1]), time.time()
    assert session is not None
    assert session.counts(SMITH, now + sessions.LONGEST_SECONDS - 60)
    assert not session.counts(SMITH, now + sessions.LONGEST_SECONDS + 60)
    assert not session.counts(None, now)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {},
    ],
)
async def test_a_foreign_page_cannot_act_for_who_is_logged_in(
    file: Path, headers: dict[str, str]
) -> None:
    async with serving(file) as base, browser(base) as http:
        await log_in(http, "jones", "quite other words")
        token = http.cookies["healthmon-session"]
        async with httpx.AsyncClient(base_url=base, trust_env=False) as foreign:
            foreign.cookies.set("healthmon-session", token)
            for path in ("/-/reload", "/logout"):
                told = await foreign.post(path, headers=headers)
                assert told.status_code == 403, path
            assert (await foreign.get("/wall")).status_code == 200
        if headers:
            async with httpx.AsyncClient(base_url=base, trust_env=False) as foreign:
                form = {"name": "smith", "password": WORD}
                told = await foreign.post("/login", data=form, headers=headers)
            assert told.status_code == 403
            assert "set-cookie" not in told.headers


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "/wall\r\nSet-Cookie: a=b",
        "",
        "wall",
    ],
)
async def test_a_login_leads_to_a_page_of_the_agent_only(file: Path, target: str) -> None:
    async with serving(file) as base, browser(base) as http:
        form = {"name": "smith", "password": WORD, "next": target}
        assert (await http.post("/login", data=form)).headers["location"] == "/"


async def test_what_is_no_form_logs_nobody_in(file: Path) -> None:
    async with serving(file) as base, browser(base) as http:
        form = {"content-type": "application/x-www-form-urlencoded"}
        good = f"name=smith&password={WORD.replace(' ', '+')}".encode()
        assert (await http.post("/login", content=good, headers=form)).status_code == 303
        for content, headers in (
            (good, {"content-type": "text/plain"}),
            (good, {}),
            (good + b"&x=" + b"y" * forms.MOST_BYTES, form),
            (good + b"&a=1" * 20, form),
            (b"name=smith&password=\xff\xfe", form),
            (b"", form),
        ):
            told = await http.post("/login", content=content, headers=headers)
            assert told.status_code == 403
            assert "set-cookie" not in told.headers


async def test_by_tls_the_cookies_are_secure_and_bound_to_the_host(
    file: Path, tmp_path: Path
) -> None:
    async with serving(file, tls=tmp_path) as base, browser(base) as http:
        cookie = (await log_in(http)).headers["set-cookie"]
        assert cookie.startswith("__Host-healthmon-session=")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        cookie = (await connect(http, file)).headers["set-cookie"]
        assert cookie.startswith("__Host-healthmon-kiosk=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert (await http.get("/wall")).status_code == 200


async def test_a_wall_screen_sees_the_wall_and_nothing_else(file: Path) -> None:
    async with serving(file) as base, browser(base) as http:
        assert "Connect this wall screen" in (await http.get("/kiosk")).text
        done = await connect(http, file)
        assert (done.status_code, done.headers["location"]) == (303, "/wall")
        cookie = done.headers["set-cookie"]
        assert re.fullmatch(
            r"healthmon-kiosk=[\w-]{43}; HttpOnly; Max-Age=34560000; Path=/; SameSite=strict",
            cookie,
        ), cookie
        page = await http.get("/wall")
        assert page.status_code == 200
        assert page.headers["set-cookie"] == cookie, "it is kept for longer each time"
        for path in ("/wall.json", "/wall/device?id=C001"):
            assert (await http.get(path)).status_code == 200
        for path in ("/", "/metrics", "/sd", "/probe", "/last-failure", "/runbooks/", "/-/healthy"):
            assert (await http.get(path)).status_code == 403, path
        assert (await http.post("/-/reload")).status_code == 403
        assert last_use.read(file).keys() == {"kiosk wall-1"}
    async with serving(file) as later, browser(later) as again:
        again.cookies.set("healthmon-kiosk", http.cookies["healthmon-kiosk"])
        assert (await again.get("/wall")).status_code == 200, "after a restart of both"


async def test_a_revoked_screen_goes_dark_and_the_others_do_not(file: Path) -> None:
    async with serving(file) as base, browser(base) as one, browser(base) as two:
        await connect(one, file, "wall-1")
        await connect(two, file, "wall-2")
        async with one.stream("GET", "/wall/events") as answer:
            lines = answer.aiter_lines()
            async for text in lines:
                if text == "event: beat":
                    break
            users.remove_kiosk(file, "wall-1")
            rest = [text async for text in lines]
        told = 'data: {"reason":"its login or its code was taken away","seconds":30.0}'
        assert rest[rest.index("event: bye") + 1] == told
        assert (await one.get("/wall")).status_code == 401
        assert (await two.get("/wall")).status_code == 200


async def test_a_code_works_once_and_a_wrong_one_says_so(file: Path, tmp_path: Path) -> None:
    screen, code = kiosks.waiting("wall-1", time.time())
    users.put_kiosk(file, screen)
    async with serving(file) as base, browser(base) as http, browser(base) as other:
        for wrong in ("", "AAAA-BBBB-CCCC-DDDD", code[:-1]):
            told = await http.post("/kiosk", data={"code": wrong})
            assert told.status_code == 403
            assert "The code is wrong, was used already or is older than 15 minutes." in told.text
        assert (await http.post("/kiosk", data={"code": code})).status_code == 303
        assert (await other.post("/kiosk", data={"code": code})).status_code == 403
        assert (await http.get(f"/wall?code={code}")).status_code == 200


async def test_without_a_users_file_the_pages_say_that_nothing_is_needed() -> None:
    async with serving(None) as base, browser(base) as http:
        assert "no users file" in (await http.get("/login")).text
        assert "no users file" in (await log_in(http)).text
        assert "no users file" in (await http.post("/kiosk", data={"code": "x"})).text


async def test_logins_refusals_and_changes_are_reported(file: Path) -> None:
    told: list[AccessEvent] = []
    async with serving(file, told=told) as base, browser(base) as http:
        await log_in(http, "a secret typed into the name", "wrong")
        await log_in(http, "smith", "wrong")
        await log_in(http)
        for _ in range(3):
            assert (await http.get("/wall")).status_code == 200
        assert (await http.post("/-/reload")).status_code == 403
        await http.post("/logout")
        await http.post("/kiosk", data={"code": "wrong"})
        await connect(http, file)
        users.put(file, replace(SMITH, given_role=Role.VIEWER))
        await http.get("/wall", auth=("jones", "quite other words"))
    here = "from 127.0.0.1"
    assert [event.text for event in told] == [
        "users at the start: smith (operator), jones (admin)",
        f"a login as a name that may not log in was refused {here}",
        f"a login as user smith was refused {here}",
        f"user smith (operator) logged in {here}",
        f"{SMITH.person.refusal(Permission.RELOAD)} ({here})",
        f"user smith logged out {here}",
        f"a code for a wall screen was refused {here}",
        "wall screen wall-1 got a one-time code",
        f"wall screen wall-1 was connected {here}",
        "user smith was changed: operator -> viewer",
        f"user jones (admin) logged in {here}",
    ]
