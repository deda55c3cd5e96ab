"""Every refusal outside the pages has plain words and, for a person, a way back; a program gets one line."""

from __future__ import annotations

import re

import httpx
import pytest
from helpers.exporter_estate import made
from starlette.types import ASGIApp

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon_exporters.web import app as web

WORD = "three long words"
HOSTILE = "<b>b</b>"
FOREIGN = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
SAME_SITE = {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"}
# Method, path, who asks, headers; status, words, where the page leads back to.
CASES = {
    "foreign form": (
        ("POST", "/-/reload", "viewer", FOREIGN),
        (403, "this was requested by a page of another site, so nothing was done", "/desk"),
    ),
    "form of another port": (
        ("POST", "/logout", "viewer", SAME_SITE),
        (403, "this was requested by a page of another site, so nothing was done", "/desk"),
    ),
    "wrong role": (
        ("POST", "/-/reload", "viewer", {}),
        (
            403,
            "user viewer (viewer) may not have the agent read its configuration again; ",
            "/desk",
        ),
    ),
    "a role without pages": (
        ("GET", "/", "scraper", {}),
        (403, "user scraper (scraper) may not ", "/login"),
    ),
    "no such page": (("GET", f"/{HOSTILE}", "viewer", {}), (404, "there is no such page", "/desk")),
    "no such method": (
        ("DELETE", "/metrics", "viewer", {}),
        (405, "this address does not take that", "/desk"),
    ),
}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    people = tmp_path_factory.mktemp("users") / "users"
    known = passwords.hash_password(WORD)
    roles = (Role.VIEWER, Role.SCRAPER)
    people.write_text("".join(f"{User(str(one), known, one).line()}\n" for one in roles))
    people.chmod(0o600)

    async def nothing(*_: str) -> None:
        return None

    site = web.Site(made(), nothing, lambda: True, nothing, list)  # type: ignore[arg-type]
    return web.application(site, lambda: people)


@pytest.mark.parametrize("case", CASES)
async def test_a_refusal_is_plain_and_leads_back(application: ASGIApp, case: str) -> None:
    (method, path, name, headers), (status, words, back) = CASES[case]
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", auth=(name, WORD), headers=headers
    ) as http:
        line = await http.request(method, path)
        assert (line.status_code, line.text[: len(words)]) == (status, words)
        assert line.text.count("\n") == 1
        assert line.headers["content-type"].startswith("text/plain")
        page = await http.request(method, path, headers={"accept": "text/html,*/*"})
    assert page.status_code == status
    sentence = re.search(r'<p role="alert">(.*?)</p>', page.text)
    assert sentence
    assert sentence[1].startswith(words[:1].upper() + words[1:])
    assert re.findall(r'<a href="([^"]*)"', page.text) == [back]
    assert HOSTILE not in page.text
    assert ("allow" in page.headers) == (status == 405)
    for answer in (line, page):
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
