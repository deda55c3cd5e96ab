"""Login by an identity provider: who comes in, and every answer that lets nobody in. The provider's
tokens are made without the product's library.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from helpers.exporter_estate import made
from helpers.identity_provider import FakeProvider, Signer, ec_signer, rsa_signer

from healthmon.access import passwords
from healthmon.access.events import AccessEvent
from healthmon.access.oidc_claims import ClaimRules
from healthmon.access.roles import Person, Role
from healthmon.access.users import User
from healthmon.model.enums import Span
from healthmon.secret import Secret
from healthmon_exporters.web import app as web
from healthmon_exporters.web import fresh_logins, listener, oidc_login, oidc_provider
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.known_users import KnownUsers
from healthmon_exporters.web.oidc_login import OidcLogin
from healthmon_exporters.web.oidc_settings import OidcSettings

pytestmark = pytest.mark.slow
WORD = "three long words"
SMITH = User("smith", passwords.hash_password(WORD), Role.OPERATOR)
SECRET = "s%c:r t"
NAME = "staff:anna@example.org"
FIRST, SECOND, CURVE, WEAK = (
    rsa_signer("k1"),
    rsa_signer("k2"),
    ec_signer("k3"),
    rsa_signer("k4", 1024),
)


def trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def settings(provider: FakeProvider, **changed: Any) -> OidcSettings:
    rules = ClaimRules("staff", "preferred_username", "groups", {"CCTV Operators": Role.OPERATOR})
    found = OidcSettings(
        issuer=provider.issuer,
        client="healthmon",
        secret=Secret(SECRET),
        client_auth="basic",
        redirect="http://127.0.0.1:9877/login/oidc/done",
        hosts=frozenset({"127.0.0.1"}),
        scopes=("openid", "profile"),
        rules=rules,
        trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        seconds=20.0,
        session=3600.0,
        single_sign_on=False,
        stamp="one",
    )
    return replace(found, **changed)


@dataclass
class Room:
    """A running agent's pages with a login by `provider`."""

    base: str
    provider: FakeProvider
    file: Path
    oidc: OidcLogin | None = None
    told: list[AccessEvent] = field(default_factory=list)
    ahead: float = 0.0
    control: AccessControl | None = None

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.base, trust_env=False, timeout=60, headers={"origin": self.base}
        )

    async def begun(self, http: httpx.AsyncClient, path: str = "/sd") -> dict[str, str]:
        """What the browser is sent to the provider with."""
        sent = await http.get("/login/oidc", params={"next": path})
        assert sent.status_code == 303, sent.text
        address = urlsplit(sent.headers["location"])
        assert address.path == "/realm/authorize"
        return {name: one[0] for name, one in parse_qs(address.query).items()}

    async def done(
        self, http: httpx.AsyncClient, state: str, token: str | None = None, **more: str
    ) -> httpx.Response:
        """The browser comes back with a code, for which the provider gives `token`."""
        if token is not None:
            self.provider.token = lambda _form: (200, {"id_token": token, "token_type": "Bearer"})
        return await http.get("/login/oidc/done", params={"code": "c", "state": state, **more})

    async def refused(
        self, make: Callable[[str], str], ahead: float = 0.0, asked: dict[str, str] | None = None
    ) -> str:
        """The words to somebody whose token is what `make` makes for the nonce."""
        async with self.browser() as http:
            begun = asked or await self.begun(http)
            self.ahead = ahead
            answer = await self.done(http, begun["state"], make(begun["nonce"]))
            assert answer.status_code == 403, answer.text
            assert "healthmon-session" not in answer.cookies
            assert (await http.get("/sd")).status_code == 401
        words = answer.text.partition('<p role="alert">')[2].partition("</p>")[0]
        assert self.told[-1].kind == "login_refused"
        assert words[1:-1].replace("&#x27;", "'").replace("&quot;", '"') in self.told[-1].text
        return words

    def signed(self, nonce: str, /, **changed: Any) -> str:
        return FIRST.sign(self.provider.claims(nonce, **changed))


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    found = FakeProvider()
    found.signers = [FIRST]
    try:
        yield found
    finally:
        found.close()


@asynccontextmanager
async def serving(provider: FakeProvider, tmp_path: Path, **changed: Any) -> AsyncIterator[Room]:
    async def nothing(*_: str) -> None:
        return None

    async def accepted() -> str:
        return ""

    pool = ThreadPoolExecutor(2)
    asyncio.get_running_loop().set_default_executor(pool)
    file = tmp_path / "users"
    file.write_text(f"{SMITH.line()}\n")
    room = Room("", provider, file)

    def clock() -> Span:
        now = time.time() + room.ahead
        return Span(now - 0.01, now + 0.01)

    room.oidc = OidcLogin(settings(provider, **changed), clock)
    control = AccessControl(KnownUsers(lambda: file, report=room.told.append), lambda: room.oidc)
    room.control = control
    site = web.Site(made(), nothing, lambda: True, accepted, list)
    running = await listener.serve(
        web.application(site, lambda: file, control=control), "127.0.0.1", 0
    )
    room.base = f"http://127.0.0.1:{running.port}"
    try:
        yield room
    finally:
        await running.close()
        if room.oidc is not None:
            room.oidc.close()
        pool.shutdown()


@pytest.fixture
async def room(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[Room]:
    async with serving(provider, tmp_path) as found:
        yield found


# ------------------------------------------------------------------------------------- who comes in


async def test_somebody_of_the_group_comes_in_and_is_told_of(room: Room) -> None:
    async with room.browser() as http:
        page = (await http.get("/login?next=/sd")).text
        assert 'href="/login/oidc?next=%2Fsd">Log in with the staff account</a>' in page
        assert 'action="/login"' in page, "local users log in as ever"
        asked = await room.begun(http)
        challenge = asked.pop("code_challenge")
        state, nonce = asked.pop("state"), asked.pop("nonce")
        assert asked == {
            "response_type": "code",
            "client_id": "healthmon",
            "redirect_uri": "http://127.0.0.1:9877/login/oidc/done",
            "scope": "openid profile",
            "code_challenge_method": "S256",
            "prompt": "login",
        }
        assert len({state, nonce, challenge}) == 3
        done = await room.done(http, state, room.signed(nonce))
        assert (done.status_code, done.headers["location"]) == (303, "/sd"), done.text
        assert (await http.get("/sd")).status_code == 200
        assert (
            f"You are logged in as <strong>{NAME}</strong> (operator)"
            in (await http.get("/login")).text
        )
        form = room.provider.forms[-1]
        digest = hashlib.sha256(form.pop("code_verifier").encode()).digest()
        assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
        assert form == {
            "grant_type": "authorization_code",
            "code": "c",
            "redirect_uri": "http://127.0.0.1:9877/login/oidc/done",
        }
        secret = base64.b64encode(b"healthmon:s%25c%3Ar%20t").decode()
        assert room.provider.logins == [f"Basic {secret}"], "RFC 6749, 2.3.1"
        event = room.told[-1]
        assert (event.kind, event.user, event.failed) == ("login", NAME, False)
        assert "subject a-1" in event.text
        assert (await http.post("/logout")).status_code == 303
        assert (await http.get("/sd")).status_code == 401
        assert SECRET not in str(room.told)


@pytest.mark.parametrize(("signer", "alg"), [(FIRST, "PS256"), (CURVE, "ES256")])
async def test_the_other_ways_to_sign(room: Room, signer: Signer, alg: str) -> None:
    room.provider.signers = [signer]
    async with room.browser() as http:
        asked = await room.begun(http)
        claims = room.provider.claims(asked["nonce"], aud=["healthmon"], azp="healthmon")
        assert (await room.done(http, asked["state"], signer.sign(claims, alg))).status_code == 303


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"client_auth": "post"}, {"client_id": "healthmon", "client_secret": SECRET}),
        ({"secret": None}, {"client_id": "healthmon"}),
    ],
)
async def test_the_other_ways_to_say_who_we_are(
    provider: FakeProvider, tmp_path: Path, changed: dict[str, Any], fields: dict[str, str]
) -> None:
    async with serving(provider, tmp_path, **changed) as room, room.browser() as http:
        asked = await room.begun(http)
        done = await room.done(http, asked["state"], room.signed(asked["nonce"]))
        assert done.status_code == 303
        assert provider.forms[-1].items() >= fields.items()
        assert provider.logins == [""]


async def test_a_session_outlives_the_agent_and_ends_with_its_configuration(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serving(provider, tmp_path) as room, room.browser() as http:
        asked = await room.begun(http)
        await room.done(http, asked["state"], room.signed(asked["nonce"]))
        token = http.cookies["healthmon-session"]
    for stamp, status in (("one", 200), ("two", 401)):
        async with serving(provider, tmp_path, stamp=stamp) as room, room.browser() as http:
            http.cookies.set("healthmon-session", token)
            assert (await http.get("/sd")).status_code == status, stamp
    async with serving(provider, tmp_path) as room, room.browser() as http:
        room.oidc.close()
        room.oidc = None
        http.cookies.set("healthmon-session", token)
        assert (await http.get("/sd")).status_code == 401, "no provider is configured any more"
        for path in ("/login/oidc", "/login/oidc/done"):
            assert (await http.get(path)).headers["location"] == "/login"
        assert "account</a>" not in (await http.get("/login")).text


async def test_without_a_role_there_is_one_sentence(room: Room) -> None:
    words = await room.refused(lambda nonce: room.signed(nonce, groups=["Everybody"]))
    assert words == (
        "None of your groups has a role in healthmon; an administrator can give you one."
    )
    assert room.told[-1].user == NAME


async def test_too_many_groups_are_told_in_words(room: Room) -> None:
    more = {"groups": None, "_claim_names": {"groups": "src1"}}
    words = await room.refused(lambda nonce: room.signed(nonce, **more))
    assert words.startswith("You are in more groups than Entra ID puts into a login; an admin")


# ---------------------------------------------------------------------------- what lets nobody in


async def test_a17_wrong_claims(room: Room) -> None:
    now = time.time()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"nonce": "other"}, "does not belong to this browser"),
        ({"nonce": None}, "does not belong to this browser"),
        ({"aud": "other"}, "for another application"),
        ({"aud": ["healthmon", "other"]}, "for another application"),
        ({"aud": None}, "for another application"),
        ({"azp": "other"}, "for another application"),
        ({"iss": "http://127.0.0.1:1/realm"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"exp": now - 90}, "has expired"),
        ({"exp": None}, "lacks &#x27;exp&#x27;"),
        ({"exp": True}, "lacks &#x27;exp&#x27;"),
        ({"exp": "9999999999"}, "lacks &#x27;exp&#x27;"),
        ({"iat": None}, "lacks &#x27;iat&#x27;"),
        ({"iat": now + 4000}, "of a later time than now"),
        ({"nbf": now + 4000}, "of a later time than now"),
        ({"sub": None}, "no identifier"),
        ({"preferred_username": "anna b"}, "no usable name"),
    ]
    for changed, words in cases:
        found = await room.refused(lambda nonce, changed=changed: room.signed(nonce, **changed))
        assert words in found, changed


async def test_a17_wrong_signatures(room: Room) -> None:
    room.provider.signers = [FIRST, CURVE, WEAK]
    claims = room.provider.claims

    def tampered(nonce: str) -> str:
        head, _, signature = room.signed(nonce).split(".")
        _, body, _ = room.signed(nonce, preferred_username="root@example.org").split(".")
        return f"{head}.{body}.{signature}"

    cases: list[tuple[Callable[[str], str], str]] = [
        (lambda n: FIRST.sign(claims(n), "none"), "is not signed by one of RS256, PS256, ES256"),
        (lambda n: FIRST.sign(claims(n), "HS256"), "is not signed by one of RS256, PS256, ES256"),
        (lambda n: FIRST.sign(claims(n), "RS512"), "is not signed by one of"),
        (lambda n: FIRST.sign(claims(n), crit=["b64"], b64=False), "cannot be read"),
        (lambda n: FIRST.sign(claims(n), crit=["x"], x=1), "wrong signature"),
        (tampered, "wrong signature"),
        (lambda n: SECOND.sign(claims(n), kid="k1"), "wrong signature"),
        (lambda n: SECOND.sign(claims(n)), "by a key that the identity provider does not show"),
        (lambda n: WEAK.sign(claims(n)), "by a key that the identity provider does not show"),
        (lambda n: FIRST.sign(claims(n), kid="k3"), "does not show"),
        (lambda n: "x.y", "cannot be read"),
        (lambda n: "...." + room.signed(n), "cannot be read"),
        (lambda n: "e30." * 40000, "cannot be read"),
    ]
    for make, words in cases:
        assert words in await room.refused(make), words


async def test_a17_a_login_is_good_once_for_its_own_browser_and_not_for_long(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "was begun in another browser, was used already or took longer than 10 minutes"
    async with room.browser() as http, room.browser() as other:
        asked = await room.begun(http)
        token = room.signed(asked["nonce"])
        assert words in (await room.done(other, asked["state"], token)).text
        assert words in (await room.done(http, "another state", token)).text
        assert (await room.done(http, asked["state"], token)).status_code == 303
        assert words in (await room.done(http, asked["state"], token)).text, "replayed"
        assert len(room.provider.forms) == 1, "a wrong state costs the provider nothing"
        asked = await room.begun(http)
        monkeypatch.setattr(oidc_login, "PENDING_SECONDS", 0.0)
        assert words in (await room.done(http, asked["state"], token)).text


async def test_a17_the_answer_of_another_issuer_and_the_errors_of_this_one(room: Room) -> None:
    async with room.browser() as http:
        for more, words in (
            ({"iss": "https://evil.example"}, "The answer comes from another issuer"),
            ({"error": "access_denied"}, "The login was cancelled, or"),
            (
                {"error": "<b>", "error_description": "<i>\u202e"},
                "with the error 'unknown' (it says: <i>)",
            ),
            ({"error": "consent_required", "error_description": "AADSTS65001"}, "AADSTS65001"),
            ({"code": ""}, "has sent no login"),
        ):
            asked = await room.begun(http)
            page = (await room.done(http, asked["state"], **more)).text
            escaped = words.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#x27;")
            assert escaped in page, page
        room.provider.metadata["authorization_response_iss_parameter_supported"] = True
    assert room.provider.forms == []


# ----------------------------------------------------------------------------- keys, time, trouble


async def test_new_keys_are_looked_for_at_a_bounded_rate(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_provider, "NEW_KEYS_SECONDS", 0.0)
    async with room.browser() as http:
        asked = await room.begun(http)
        assert (
            await room.done(http, asked["state"], room.signed(asked["nonce"]))
        ).status_code == 303
        room.provider.signers = [SECOND]
        room.provider.more_keys = [None, {}, {"kty": "RSA", "kid": "k2"}, {"kty": "oct", "k": "x"}]
        asked = await room.begun(http)
        token = SECOND.sign(room.provider.claims(asked["nonce"]))
        assert (await room.done(http, asked["state"], token)).status_code == 303
    assert room.provider.asked.count("/keys") == 2
    monkeypatch.setattr(oidc_provider, "NEW_KEYS_SECONDS", 3600.0)
    for _ in range(3):
        await room.refused(lambda nonce: CURVE.sign(room.provider.claims(nonce), "ES256"))
    assert room.provider.asked.count("/keys") == 2


async def test_the_true_time_counts_not_our_clock(room: Room) -> None:
    """Our clock is 10 minutes slow; the time servers say so."""
    async with room.browser() as http:
        asked = await room.begun(http)
        room.ahead, now = 600.0, time.time() + 600
        token = room.signed(asked["nonce"], iat=now, exp=now + 10)
        assert (await room.done(http, asked["state"], token)).status_code == 303
    assert "has expired" in await room.refused(
        lambda nonce: room.signed(nonce, iat=time.time(), exp=time.time() + 300), ahead=600.0
    )


async def test_a17_a_provider_that_is_down_is_told_on_the_login_page_and_local_users_get_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_provider, "METADATA_SECONDS", 0.0)
    room.provider.close()
    async with room.browser() as http:
        for _ in range(2):
            down = await http.get("/login/oidc?next=/sd")
            assert down.status_code == 502
            assert "The identity provider cannot be used now (127.0.0.1: TCP port" in down.text
            assert "Local users can log in below." in down.text
        page = (await http.get("/login")).text
        assert "<p>The identity provider cannot be used now (127.0.0.1: TCP port" in page
        assert "connection refused). Local users can log in below.</p>" in page
        form = {"name": "smith", "password": WORD, "next": "/sd"}
        assert (await http.post("/login", data=form)).headers["location"] == "/sd"
        assert (await http.get("/sd")).status_code == 200


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"issuer": "https://other.example"}, "calls itself https://other.example, not http"),
        (
            {"token_endpoint": "http://10.1.2.3/t"},
            "&#x27;token_endpoint&#x27; is on 10.1.2.3, which is not contacted; add it to `hosts`",
        ),
        ({"jwks_uri": "http://keys.example/k"}, "is on keys.example, which is not contacted"),
        ({"authorization_endpoint": "https://evil.example/"}, "is on evil.example"),
        ({"jwks_uri": None}, "has no usable &#x27;jwks_uri&#x27;"),
        ({"jwks_uri": "http://a@127.0.0.1/"}, "has no usable &#x27;jwks_uri&#x27;"),
        ({"jwks_uri": "http://[::1"}, "has no usable &#x27;jwks_uri&#x27;"),
    ],
)
async def test_a17_a_discovery_document_leads_nowhere_else(
    room: Room, changed: dict[str, Any], words: str
) -> None:
    room.provider.metadata |= changed
    async with room.browser() as http:
        answer = await http.get("/login/oidc")
        assert answer.status_code == 502
        assert words in answer.text


async def test_a17_a_provider_that_hangs_or_leads_elsewhere_is_not_followed(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.redirect = "http://127.0.0.2:9/"
    async with serving(provider, tmp_path) as room, room.browser() as http:
        page = (await http.get("/login/oidc")).text
        assert "/realm/.well-known/openid-configuration: HTTP 302" in page
    provider.redirect, provider.hangs = "", True
    async with serving(provider, tmp_path, seconds=0.5) as room, room.browser() as http:
        page = (await http.get("/login/oidc")).text
        assert "The identity provider cannot be used now (127.0.0.1" in page


async def test_who_opens_the_page_again_and_again_asks_the_provider_once(room: Room) -> None:
    room.provider.metadata = {"x": "y" * 300_000}
    async with room.browser() as http:
        for _ in range(4):
            answer = await http.get("/login/oidc")
            assert "256 KiB" in answer.text, answer.text
    assert len(room.provider.asked) == 1


async def test_a_refused_secret_is_not_tried_again_and_again(room: Room) -> None:
    room.provider.token = lambda _form: (401, {"error": "invalid_client"})
    async with room.browser() as http:
        asked = await room.begun(http)
        assert "refuses the client secret" in (await room.done(http, asked["state"])).text
        asked = await room.begun(http)
        page = (await room.done(http, asked["state"])).text
        assert "has refused the client secret of this agent; it is tried again in 15 min" in page
    assert len(room.provider.forms) == 1


async def test_what_else_the_provider_may_say_to_a_code(room: Room) -> None:
    async with room.browser() as http:
        for answer, words in (
            ((400, {"error": "invalid_grant"}), "was used already or took too long"),
            ((500, b"<html>"), "does not give the login out (127.0.0.1: HTTP 500)"),
            ((200, {"id_token": 7}), "does not give the login out (127.0.0.1: HTTP 200)"),
            ((200, b"[]"), "does not give the login out (127.0.0.1: HTTP 200)"),
        ):
            room.provider.token = lambda _form, answer=answer: answer
            asked = await room.begun(http)
            done = await room.done(http, asked["state"])
            assert done.status_code == 403
            assert words in done.text


async def test_many_that_begin_take_no_memory_and_nobody_elses_login(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_login, "MOST_OF_ONE", 3)
    monkeypatch.setattr(oidc_login, "MOST_PENDING", 4)
    first = await room.oidc.begin("a", "192.0.2.1", "/")
    for _ in range(10):
        await room.oidc.begin("b", "192.0.2.2", "/")
    assert len(room.oidc._pending) == 4
    state = parse_qs(urlsplit(first).query)["state"][0]
    assert state in room.oidc._pending


# ------------------------------------------------------------------------------------- fresh logins


async def again(room: Room, http: httpx.AsyncClient, purpose: str) -> dict[str, str]:
    sent = await http.get("/login/oidc/again", params={"as": purpose, "next": "/sd"})
    query = parse_qs(urlsplit(sent.headers["location"]).query)
    return {name: one[0] for name, one in query.items()}


async def test_who_signs_logs_in_again_and_the_browser_stays_as_it_is(room: Room) -> None:
    async with room.browser() as http:
        http.cookies.set("healthmon-session", "of somebody else")
        asked = await again(room, http, "outgoing")
        assert (asked["prompt"], asked["max_age"]) == ("login", "0")
        token = room.signed(asked["nonce"], auth_time=time.time())
        done = await room.done(http, asked["state"], token)
        assert (done.status_code, done.headers["location"]) == (303, "/sd")
        assert "set-cookie" not in done.headers
        assert (await http.get("/sd")).status_code == 401, "it is no login of the browser"
        browser = http.cookies["healthmon-oidc"]
    assert (room.told[-1].kind, room.told[-1].user) == ("login", NAME)
    assert "logged in again from 127.0.0.1 to sign as outgoing" in room.told[-1].text
    fresh, stamp = room.control.fresh, "one"
    assert fresh.person(browser, "outgoing", stamp).name == NAME
    for other in (
        ("x", "outgoing", stamp),
        (browser, "incoming", stamp),
        (browser, "outgoing", ""),
    ):
        assert fresh.person(*other) is None, other
    fresh.use(browser, "outgoing")
    assert fresh.person(browser, "outgoing", stamp) is None


async def test_a_provider_that_does_not_ask_again_proves_nothing(room: Room) -> None:
    for auth_time, words in (
        (time.time() - 90, "has not asked for the password again"),
        (None, "does not say when you gave the password (claim &#x27;auth_time&#x27;)"),
        ("now", "lacks &#x27;auth_time&#x27;"),
    ):
        async with room.browser() as http:
            asked = await again(room, http, "outgoing")
            token = room.signed(asked["nonce"], auth_time=auth_time)
            done = await room.done(http, asked["state"], token)
            assert done.status_code == 403
            assert words in done.text
            assert 'name="next" value="/sd"' in done.text, "the way back is kept"
            browser = http.cookies["healthmon-oidc"]
        assert room.control.fresh.person(browser, "outgoing", "one") is None


def test_a_fresh_login_is_fresh_for_five_minutes_and_their_number_is_bounded() -> None:
    now = 0.0
    fresh = fresh_logins.FreshLogins(lambda: now)
    anna = Person.of(NAME, Role.OPERATOR)
    fresh.keep("b", "outgoing", anna, "one")
    now = 299.0
    assert fresh.person("b", "outgoing", "one") == anna
    now = 300.0
    assert fresh.person("b", "outgoing", "one") is None
    for number in range(1100):
        fresh.keep(str(number), "outgoing", anna, "one")
    assert len(fresh._known) == fresh_logins.MOST
