"""Login by an identity provider that nobody here wrote (``node/oidc_provider.mjs``: oidc-provider of
npm): each way to sign and to say who we are by TLS, and a whole login in Chromium.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers import certificates
from helpers.chromium import Browser, started, wait
from helpers.exporter_estate import made
from helpers.support import Peers, free_port, need

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.config import loading
from healthmon.model.enums import Span
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.known_users import KnownUsers
from healthmon_exporters.web.oidc_login import OidcLogin
from healthmon_exporters.web.oidc_settings import settings_of

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
SMITH = User("smith", passwords.hash_password("three long words"), Role.OPERATOR)
WORD = "a word of the directory"
CONFIG = """
agent:
  users_file: users
  oidc:
    issuer: {issuer}
    client: healthmon {client}
    {secret}
    redirect: {redirect}
    ca_file: {ca_file}
    roles: {{operator: [CCTV Operators]}}
credentials:
  directory: {{secret: {{file: secret}}}}
"""


def start(peers: Peers, redirect: str, *tls: Path) -> str:
    """A provider; its issuer."""
    need("node", str(HERE / "node/node_modules/oidc-provider"))
    port = free_port()
    issuer = f"http{'s' if tls else ''}://127.0.0.1:{port}"
    node, script = shutil.which("node") or "node", HERE / "node/oidc_provider.mjs"
    peers.start(node, script, issuer, redirect, str(port), *tls)
    peers.wait_tcp("127.0.0.1", port, 60)
    return issuer


def login(
    folder: Path, issuer: str, client: str, redirect: str, ca_file: str = "ca.pem"
) -> OidcLogin:
    """By a config.yaml."""
    secret = folder / "secret"
    secret.write_text("the secret: of 100 % of clients\n")
    secret.chmod(0o600)
    lines = {
        "basic": "credential: directory",
        "post": "credential: directory\n    client_auth: post",
    }
    path = folder / "config.yaml"
    path.write_text(
        CONFIG.format(
            issuer=issuer,
            client=client,
            redirect=redirect,
            secret=lines.get(client, "session: 1 h"),
            ca_file=ca_file,
        )
    )
    config = loading.load(path)
    assert config.agent.oidc is not None

    def clock() -> Span:
        return Span(time.time(), time.time())

    return OidcLogin(settings_of(config, config.agent.oidc), clock)


@asynccontextmanager
async def serving(oidc: OidcLogin, folder: Path, port: int) -> AsyncIterator[AccessControl]:
    async def nothing(*_: str) -> Any:
        return None

    file = folder / "users"
    file.write_text(f"{SMITH.line()}\n")
    control = AccessControl(KnownUsers(lambda: file), lambda: oidc)
    site = web.Site(made(), nothing, lambda: True, nothing, list)
    pages = web.application(site, lambda: file, control=control)
    pool = ThreadPoolExecutor(2)
    asyncio.get_running_loop().set_default_executor(pool)
    running = await listener.serve(pages, "127.0.0.1", port)
    try:
        yield control
    finally:
        await running.close()
        oidc.close()
        pool.shutdown()


async def at_the_provider(http: httpx.AsyncClient, address: str, user: str) -> httpx.URL:
    """What a person does there; where the provider sends the browser back to."""
    answer = await http.get(address, follow_redirects=True)
    assert "Who are you?" in answer.text, answer.text
    answer = await http.post(answer.url, data={"user": user, "word": WORD})
    while "/login/oidc/done" not in answer.headers["location"]:
        answer = await http.get(answer.url.join(answer.headers["location"]))
    return httpx.URL(answer.headers["location"])


async def test_each_way_to_sign_and_to_say_who_we_are(peers: Peers, tmp_path: Path) -> None:
    pair = certificates.made(tmp_path, "ca")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    redirect = f"{base}/login/oidc/done"
    issuer = start(peers, redirect, pair.certificate, pair.key)
    for client, user, status in (
        ("basic", "anna", 303),
        ("post", "anna", 303),
        ("public", "anna", 303),
        ("basic", "bert", 403),
    ):
        folder = tmp_path / f"{client}-{user}"
        folder.mkdir()
        oidc = login(folder, issuer, client, redirect, str(pair.certificate))
        async with (
            serving(oidc, folder, port),
            httpx.AsyncClient(base_url=base, trust_env=False, timeout=60, verify=False) as http,
        ):
            address = (await http.get("/login/oidc?next=/sd")).headers["location"]
            back = await at_the_provider(http, address, user)
            done = await http.get(back)
            assert done.status_code == status, (client, done.text)
            assert (await http.get("/sd")).status_code == (200 if status == 303 else 401)
            if status == 403:
                assert "None of your groups has a role" in done.text
    other = certificates.made(tmp_path, "other").certificate
    oidc = login(tmp_path, issuer, "basic", redirect, str(other))
    async with (
        serving(oidc, tmp_path, port),
        httpx.AsyncClient(base_url=base, trust_env=False, timeout=60) as http,
    ):
        answer = await http.get("/login/oidc")
        assert answer.status_code == 502
        assert "certificate not trusted" in answer.text


@contextmanager
def in_a_thread(oidc: OidcLogin, folder: Path, port: int) -> Iterator[AccessControl]:
    ready, stop = threading.Event(), threading.Event()
    made: list[AccessControl] = []

    async def run() -> None:
        async with serving(oidc, folder, port) as control:
            made.append(control)
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(60)
        yield made[0]
    finally:
        stop.set()
        thread.join()


def faults_of_the_page(browser: Browser) -> list[str]:
    """What axe-core finds, and what does not fit a phone or cannot be hit."""
    browser.run((HERE / "node/node_modules/axe-core/axe.min.js").read_text())
    found = browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document).then((found) => done(found.violations.map((one) => one.id)));"
    )
    browser.size(320, 640)
    if browser.run("return document.documentElement.scrollWidth") > 320:
        found.append("wider than a phone")
    small = "return [...document.querySelectorAll('.way,button')].filter((one) => one.offsetHeight < 44).length"
    return found + ["too small to be hit"] * browser.run(small)


def fill(browser: Browser, **values: str) -> None:
    for name, value in values.items():
        browser.driver.find_element("name", name).send_keys(value)
    browser.driver.find_element("css selector", "form button").click()


def test_a_whole_login_in_a_browser(peers: Peers, tmp_path: Path) -> None:
    """The provider is another site than the agent: 127.0.0.1 and localhost."""
    port = free_port()
    base = f"http://localhost:{port}"
    redirect = f"{base}/login/oidc/done"
    issuer = start(peers, redirect)
    ca_file = str(certificates.made(tmp_path, "ca").certificate)
    with started(tmp_path / "chromium") as browser:
        oidc = asyncio.run(made_in_a_loop(tmp_path, issuer, redirect, ca_file))
        with in_a_thread(oidc, tmp_path, port) as control:
            browser.open(f"{base}/sd?x=1")
            assert browser.driver.current_url == f"{base}/login?next=%2Fsd%3Fx%3D1"
            assert faults_of_the_page(browser) == []
            browser.driver.find_element("link text", "Log in with the staff account").click()
            wait(lambda: "Who are you?" in browser.driver.page_source)
            assert browser.driver.current_url.startswith(issuer)
            fill(browser, user="anna", word=WORD)
            wait(lambda: browser.driver.current_url == f"{base}/sd?x=1")
            assert browser.driver.page_source.count("[]") == 1
            browser.driver.get(f"{base}/login")
            assert "You are logged in as staff:anna@example.org (operator)." in browser.run(
                "return document.body.innerText"
            )
            # A fresh login to sign: the provider asks again, though it remembers anna.
            browser.driver.get(f"{base}/login/oidc/again?as=incoming&next=/sd")
            wait(lambda: "Who are you?" in browser.driver.page_source)
            fill(browser, user="anna", word=WORD)
            wait(lambda: browser.driver.current_url == f"{base}/sd")
            token = browser.driver.get_cookie("healthmon-oidc")["value"]
            fresh = control.fresh.person(token, "incoming", oidc.settings.stamp)
            assert fresh is not None
            assert fresh.name == "staff:anna@example.org"
            browser.driver.get(f"{base}/login")
            # Log out here, and the next person is asked again, though the provider remembers anna.
            browser.driver.find_element("css selector", "form[action='/logout'] button").click()
            wait(lambda: browser.driver.current_url == f"{base}/login")
            browser.driver.find_element("partial link text", "staff account").click()
            wait(lambda: "Who are you?" in browser.driver.page_source)
            fill(browser, user="bert", word=WORD)
            wait(lambda: "None of your groups has a role" in browser.driver.page_source)
            assert faults_of_the_page(browser) == []


async def made_in_a_loop(folder: Path, issuer: str, redirect: str, ca_file: str) -> OidcLogin:
    return login(folder, issuer, "basic", redirect, ca_file)
