"""Every page has a rule, and the server holds to it for every role."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from helpers.exporter_estate import made
from helpers.wall_estate import estate

from docs import roles as roles_page
from healthmon.access import kiosks, passwords, users
from healthmon.access.roles import (
    GRANTED,
    NOT_LOGGED_IN,
    USER_ROLES,
    WITHOUT_USERS_FILE,
    Permission,
    Role,
)
from healthmon.access.users import User
from healthmon.store.rows import ShiftNote
from healthmon_exporters.pages.accessibility import Publisher
from healthmon_exporters.pages.clock_feed import ClockFeed
from healthmon_exporters.pages.feed import Feed
from healthmon_exporters.pages.field_feed import FieldFeed, MaintenancePage
from healthmon_exporters.pages.inspection_feed import InspectionFeed
from healthmon_exporters.pages.report_feed import ReportFeed
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.rows import Desk, FaultRow
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.pages.shift_feed import ShiftFeed
from healthmon_exporters.pages.walk_feed import ShiftState, WalkFeed
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener, login_pages
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.known_users import KnownUsers
from healthmon_exporters.web.later_pages import endpoints
from healthmon_exporters.web.rules import OPERATORS, RULES, GuardedRoute

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
WORD = "three long words"
REFUSED = (401, 403)


async def probe(*_: str) -> bytes:
    return b"healthmon_device_up 1\n"


async def reload() -> str:
    return ""


def feed() -> Feed:
    """The pages of an estate with nothing in it."""

    async def nothing(*_: object) -> None:
        return None

    async def empty(*_: object) -> list[FaultRow]:
        return []

    async def maintenance() -> MaintenancePage:
        return MaintenancePage((), (), (), ())

    async def desk() -> Desk:
        return Desk(0.0, (), (), (), (), 0)

    field = FieldFeed(
        nothing,
        nothing,
        maintenance,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        lambda: 60.0,
        nothing,
        nothing,
        nothing,
    )  # type: ignore[arg-type]

    async def state() -> ShiftState:
        return ShiftState("", False, "", None, None)

    walk = WalkFeed(state, lambda _by: "", nothing, nothing, nothing, nothing, empty)  # type: ignore[arg-type]
    return Feed(
        "CCTV",
        False,
        lambda: "UTC",
        dict,
        desk,
        empty,
        nothing,
        list,
        nothing,
        nothing,
        nothing,
        field,
        walk,
        ReportFeed(nothing, lambda *_: None, lambda: [("2026-10", "October 2026")], empty, nothing),
        ClockFeed(nothing, nothing),
        InspectionFeed(nothing, nothing, nothing),
    )  # type: ignore[arg-type]


def shift() -> ShiftFeed:
    """A shift in which nothing was done."""

    async def nothing(*_: object) -> None:
        return None

    async def empty(*_: object) -> list[ShiftNote]:
        return []

    return ShiftFeed(nothing, empty, nothing, nothing, nothing, nothing, nothing)  # type: ignore[arg-type]


def sections() -> Sections:
    wall = Wall(lambda: estate(3), lambda _name: {"id": "C001"}, time.monotonic)
    return Sections(
        wall, Pages(feed()), shift(), lambda: Publisher("Council", "cctv@example.org", 10)
    )


def site(of_operators: Sections) -> web.Site:
    return web.Site(
        made(),
        probe,
        lambda: True,
        reload,
        list,
        operators=of_operators.endpoints,
        last_failure=lambda _device: "none\n",
    )


@asynccontextmanager
async def serving(file: Path | None) -> AsyncIterator[str]:
    pages = sections()
    running = await listener.serve(web.application(site(pages), lambda: file), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{running.port}"
    finally:
        await running.close()
        await pages.wall.live.close()
        await asyncio.get_running_loop().shutdown_default_executor()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_pages, "WRONG_CODE_SECONDS", 0.01)


async def statuses(base: str, name: str = "", token: str = "") -> dict[str, int]:
    """The status of each page for user `name` or the wall screen with `token`; of an endless one only the beginning is read. An
    empty login or code is refused with 403 too, but by its page.
    """
    login = httpx.BasicAuth(name, WORD) if name else None
    found = {}
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30, auth=login) as http:
        if token:
            http.cookies.set("healthmon-kiosk", token)
        for rule in RULES:
            method, path = rule.split(" ")
            at = path.replace("{name}", "README")
            async with http.stream(method, at) as answer:
                page = answer.headers.get("content-type", "").startswith("text/html")
                found[rule] = 200 if page and answer.status_code == 403 else answer.status_code
    return found


def test_every_page_has_a_rule_and_every_rule_a_page() -> None:
    control = AccessControl(KnownUsers(lambda: None))
    pages = web.routes(site(sections()), control)
    assert set(endpoints(sections().routes(control))) == set(OPERATORS)
    assert all(isinstance(page, GuardedRoute) for page in pages)
    served = {f"{method} {page.path}" for page in pages for method in page.permissions}
    assert served == set(RULES)
    for page in pages:
        assert (page.methods or set()) - {"HEAD"} == set(page.permissions)


def test_a_page_without_a_rule_cannot_be_made() -> None:
    async def anything(_request: object) -> None: ...

    for path, method in (("/secret", "GET"), ("/metrics", "POST")):
        with pytest.raises(KeyError):
            GuardedRoute(path, anything, methods=(method,))


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A users file with one user of each role, named as the role."""
    path = tmp_path_factory.mktemp("roles") / "users"
    for role in USER_ROLES:
        users.put(path, User(role.value, passwords.hash_password(WORD), role))
    return path


@pytest.mark.parametrize("role", USER_ROLES)
async def test_each_role_sees_its_pages_and_no_other(everybody: Path, role: Role) -> None:
    async with serving(everybody) as base:
        told = await statuses(base, role.value)
    allowed = {rule for rule, status in told.items() if status not in REFUSED}
    assert allowed == {rule for rule, permission in RULES.items() if permission in GRANTED[role]}
    assert {status for rule, status in told.items() if rule not in allowed} <= {403}


async def test_a_wall_screen_sees_its_pages_and_no_other(tmp_path: Path) -> None:
    screen, token = kiosks.connected("wall-1")
    users.put_kiosk(tmp_path / "users", screen)
    async with serving(tmp_path / "users") as base:
        told = await statuses(base, token=token)
    allowed = {rule for rule, permission in RULES.items() if permission in GRANTED[Role.KIOSK]}
    # A request without an origin is no browser's; a form of the page has one.
    posts = {rule for rule in RULES if rule.startswith("POST ")}
    assert {rule for rule, status in told.items() if status < 400} == allowed - posts


async def test_without_a_login_there_is_nothing_but_the_login(everybody: Path) -> None:
    async with serving(everybody) as base:
        told = await statuses(base)
        for path in ("/nothing", "/docs", "//metrics", "/wall/../metrics"):
            assert httpx.URL(base + path)
            async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
                assert (await http.get(path)).status_code == 401, path
    for rule, status in told.items():
        assert (status < 400) == (RULES[rule] in NOT_LOGGED_IN), rule
        assert status < 400 or status == 401, rule


async def test_without_a_users_file_everybody_on_the_machine_reads_and_nobody_signs() -> None:
    async with serving(None) as base:
        told = await statuses(base)
    for rule, status in told.items():
        assert (status not in REFUSED) == (RULES[rule] in WITHOUT_USERS_FILE), rule


async def test_a_refusal_says_who_may(everybody: Path) -> None:
    async with serving(everybody) as base, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{base}/-/reload", auth=("viewer", WORD))
        assert (answer.status_code, answer.text) == (
            403,
            "user viewer (viewer) may not have the agent read its configuration again; this needs role admin\n",
        )
        assert (await http.post(f"{base}/metrics", auth=("viewer", WORD))).status_code == 405


async def test_a_role_or_last_day_that_is_changed_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "users"
    smith = User("smith", passwords.hash_password(WORD), Role.SCRAPER)
    users.put(path, smith)
    async with serving(path) as base, httpx.AsyncClient(trust_env=False) as http:
        login = ("smith", WORD)
        assert (await http.get(f"{base}/wall", auth=login)).status_code == 403
        users.put(path, User("smith", smith.stored, Role.VIEWER))
        assert (await http.get(f"{base}/wall", auth=login)).status_code == 200
        day = users.named_day("2026-01-01")
        users.put(path, User("smith", smith.stored, Role.VIEWER, disabled=day))
        assert (await http.get(f"{base}/wall", auth=login)).status_code == 401


def test_the_document_is_written_by_the_code() -> None:
    assert (ROOT / "docs" / "roles.md").read_text() == roles_page.page(), "run: python -m docs"
    for permission in Permission:
        assert roles_page.MEANING[permission] in roles_page.page()
