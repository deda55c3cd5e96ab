"""A handover by people of the identity provider: a fresh login takes the place of the password, once,
for one of the two, in one browser.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from helpers.identity_provider import FakeProvider, rsa_signer
from helpers.shift_estate import sheet

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.config import loading
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.listener_config import WebListener
from healthmon.runtime.page_feed import feed_of
from healthmon.runtime.shift_feed import shift_feed_of
from healthmon.store import Store
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.web import app as web

WORD = "three long words"
ANNA, BERTA = "council:anna@example.org", "council:berta@example.org"
BASE = "http://127.0.0.1:9877"
CONFIG = """
agent:
  state_directory: "{state}"
  users_file: users
  oidc:
    name: council
    issuer: {issuer}
    client: healthmon
    redirect: http://127.0.0.1:9877/login/oidc/done
    roles: {{operator: [CCTV Operators], viewer: [Everybody]}}
sites: [{{id: s}}]
cameras: [{{id: C001, name: One, site: s, address: 192.0.2.1, kind: fixed}}]
"""


@dataclass
class Room:
    """An agent's pages, its record and its identity provider."""

    app: object
    url: str
    provider: FakeProvider

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),  # type: ignore[arg-type]
            base_url=BASE,
            headers={"origin": BASE, "accept": "text/html"},
            timeout=60,
        )

    async def log_in(self, http: httpx.AsyncClient, path: str, user: str, **claims: object) -> str:
        """Follow the link `path` and log in at the provider; where that leads to."""
        sent = await http.get(path)
        asked = {
            name: one[0] for name, one in parse_qs(urlsplit(sent.headers["location"]).query).items()
        }
        claims = {"auth_time": int(time.time()), "preferred_username": user, **claims}
        token = self.provider.signers[0].sign(self.provider.claims(asked["nonce"], **claims))
        self.provider.token = lambda _form: (200, {"id_token": token})
        done = await http.get("/login/oidc/done", params={"code": "c", "state": asked["state"]})
        assert done.status_code == 303, done.text
        return done.headers["location"]

    def sweep(self) -> int:
        """Keep a sheet; its number."""
        store, made = Store.open(self.url), sheet(3)
        made.at = time.time() - 60
        number = store.keep_sweep(made.at, kept_sheet.body(made))
        store.close()
        return number

    def signed(self, sweep: int) -> list[tuple[str, str]]:
        """Who has signed as what."""
        store = Store.open(self.url)
        found = [(one.party, one.name) for one in store.signatures(sweep)]
        assert store.broken_links() == []
        store.close()
        return found


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    provider = FakeProvider()
    provider.signers = [rsa_signer("k1")]
    state, path, people = tmp_path / "state", tmp_path / "config.yaml", tmp_path / "users"
    state.mkdir()
    jones = User("jones", passwords.hash_password(WORD), Role.OPERATOR)
    people.write_text(f"{jones.line()}\n")
    people.chmod(0o600)
    path.write_text(CONFIG.format(state=state, issuer=provider.issuer))
    config = loading.load(path)
    agent = Agent.of(path, Estate.of(config))
    entry = WebListener(agent)
    assert entry.provider.take_over(config) == ""

    async def nothing(*_: str) -> None:
        return None

    site = web.Site(
        metrics=agent.metrics,
        probe=nothing,
        ready=lambda: True,
        reload=nothing,  # type: ignore[arg-type]
        targets=list,
        operators=Sections(pages=Pages(feed_of(agent)), shift=shift_feed_of(agent)).endpoints,
    )
    app = web.application(site, entry.users, entry.names, entry.control)
    yield Room(app, f"sqlite:///{state / 'healthmon.db'}", provider)
    await entry.close()
    await agent.incident_service.store_writer.close()
    await agent.engine.close()
    agent.running.close()
    provider.close()


def alert(answer: httpx.Response) -> str:
    found = re.search(r'role="alert">(.*?)</p>', answer.text)
    return found[1] if found else ""


async def test_a_fresh_login_signs_once_and_two_of_the_provider_hand_over(room: Room) -> None:
    first = room.sweep()
    async with room.browser() as http:
        assert (
            await room.log_in(http, "/login/oidc?next=/handover", "anna@example.org") == "/handover"
        )
        page = (await http.get("/handover")).text
        assert "Switch with the council account" in page
        assert '/login/oidc/again?as=incoming&amp;next=/handover">Sign with the council' in page
        form = {"sweep": str(first), "outgoing": ANNA, "reason": "alone"}
        refused = await http.post("/handover", data=form)
        assert refused.status_code == 403
        assert alert(refused).startswith(f"A signature of {ANNA} needs a new login")
        assert room.signed(first) == []

        again = "/login/oidc/again?as=outgoing&next=/handover"
        assert await room.log_in(http, again, "anna@example.org") == "/handover"
        page = (await http.get("/handover")).text
        assert f"<strong>{ANNA}</strong> has just logged in again and can sign." in page
        as_incoming = {"sweep": str(first), "incoming": ANNA, "reason": "alone"}
        assert (await http.post("/handover", data=as_incoming)).status_code == 403
        somebody = form | {"outgoing": BERTA}
        assert (await http.post("/handover", data=somebody)).status_code == 403
        again = "/login/oidc/again?as=incoming&next=/handover"
        await room.log_in(http, again, "anna@example.org")
        alone = await http.post("/handover", data=form | {"incoming": ANNA})
        assert "one person cannot hand over and accept" in alert(alone).lower()

        await room.log_in(http, again, "berta@example.org")
        done = await http.post("/handover", data=form | {"incoming": BERTA})
        assert (done.status_code, done.headers["location"]) == (303, "/handover?done")
        assert room.signed(first) == [("outgoing", ANNA), ("incoming", BERTA)]
        assert BERTA in (await http.get("/login")).text, "the desk is that of who has accepted"

        note = {"token": "a" * 20, "note": "gate 3 is locked", "back": "/desk"}
        assert (await http.post("/notes", data=note)).status_code == 303
        fault = {"device": "C001", "what": "the dome is dirty", "noticed_by": "operator"}
        raised = await http.post("/raise", data=fault)
        assert raised.status_code == 303, alert(raised)
        assert BERTA in (await http.get(raised.headers["location"])).text

        second = room.sweep()
        later = await http.post("/handover", data=form | {"sweep": str(second)})
        assert later.status_code == 403, "a fresh login serves once"
        assert room.signed(second) == []


async def test_who_may_not_sign_may_not_by_a_fresh_login_either(room: Room) -> None:
    sweep = room.sweep()
    async with room.browser() as http:
        login = {"name": "jones", "password": WORD, "next": "/handover"}
        assert (await http.post("/login", data=login)).status_code == 303
        again = "/login/oidc/again?as=outgoing&next=/handover"
        await room.log_in(http, again, "anna@example.org", groups=["Everybody"])
        form = {
            "sweep": str(sweep),
            "outgoing": ANNA,
            "incoming": "jones",
            "incoming_password": WORD,
        }
        refused = await http.post("/handover", data=form)
        assert refused.status_code == 403
        assert "(viewer) may not sign the shift check" in alert(refused)
        await room.log_in(http, again, "anna@example.org")
        assert (await http.post("/handover", data=form)).status_code == 303
        assert room.signed(sweep) == [("outgoing", ANNA), ("incoming", "jones")]
