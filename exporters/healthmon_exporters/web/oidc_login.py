"""Logging in by an identity provider: the authorization code flow (OpenID Connect Core 1.0, 3.1)
with PKCE (RFC 7636, S256), state and nonce.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from healthmon.access.oidc_claims import LoginRefusedError, subject_of
from healthmon.access.roles import Person
from healthmon.model.enums import Span
from healthmon.model.plain_text import one_line
from healthmon_exporters.web import oidc_tokens
from healthmon_exporters.web.oidc_provider import Metadata, Provider, ProviderError
from healthmon_exporters.web.oidc_settings import OidcSettings

PENDING_SECONDS = 600.0
MOST_PENDING = 1000
MOST_OF_ONE = 20
_NOT_BEGUN = (
    "this login was begun in another browser, was used already or took longer than 10 minutes"
)
_ERROR = re.compile(r"[a-z_]{1,40}")
_ERRORS: Mapping[str, str] = {
    "access_denied": "the login was cancelled, or the identity provider does not allow it",
    "login_required": "the identity provider has not let you in",
    "temporarily_unavailable": "the identity provider is not available now",
    "server_error": "the identity provider has an error of its own",
}


@dataclass(frozen=True, slots=True)
class Pending:
    """A login that has begun: by the browser whose token has the hash `browser`, at `client` (its
    address). `at` is loop time. With a `purpose` it is a fresh login for that, after `since` (Unix
    seconds); without one ("" and None) it is that of the browser.
    """

    browser: str
    client: str
    nonce: str
    verifier: str
    back: str
    at: float
    purpose: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A login that the provider has vouched for. `subject` is the provider's id of the person,
    `back` the page to go to; with a `purpose` it is a fresh login for that only.
    """

    person: Person
    subject: str
    back: str
    purpose: str


class OidcLogin:
    """Of one identity provider. `clock` gives the true time as far as it is known: Unix seconds."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], Span]) -> None:
        self.settings, self._clock = settings, clock
        self._provider = Provider(settings)
        self._pending: dict[str, Pending] = {}
        # Why the provider could not be used when it was asked last; "" where it could.
        self.trouble = ""

    async def begin(self, browser: str, client: str, back: str, purpose: str = "") -> str:
        """Where the browser logs in. `browser` is its token. With a `purpose` the provider must ask
        for the password, whoever has logged in there before. Raises ProviderError.
        """
        metadata = await self._tried(self._provider.metadata)
        now, state = asyncio.get_running_loop().time(), secrets.token_urlsafe(32)
        pending = Pending(
            browser=_hash(browser),
            client=client,
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            back=back,
            at=now,
            purpose=purpose,
            since=self._clock().low if purpose else None,
        )
        self._remember(state, pending)
        address = metadata.authorization
        return f"{address}{'&' if '?' in address else '?'}{urlencode(self._asked(state, pending))}"

    async def finish(self, browser: str, answer: Mapping[str, str]) -> Arrived:
        """Who has logged in, by the `answer` that the provider has sent the browser back with.
        Raises LoginRefusedError.
        """
        pending = self._taken(answer.get("state", ""), browser)
        try:
            return await self._arrived(pending, answer)
        except LoginRefusedError as error:
            error.back = pending.back
            raise

    async def _arrived(self, pending: Pending, answer: Mapping[str, str]) -> Arrived:
        """Raises LoginRefusedError."""
        metadata = await self._tried(self._provider.metadata)
        code = self._code(answer, metadata)

        async def vouched() -> dict[str, Any]:
            return await self._vouched(code, pending)

        claims = await self._tried(vouched)
        subject, person = subject_of(claims), self.settings.rules.person(claims)
        return Arrived(person, subject, pending.back, pending.purpose)

    def close(self) -> None:
        """End the resolver's threads."""
        self._provider.close()

    async def _vouched(self, code: str, pending: Pending) -> dict[str, Any]:
        """The claims of the ID token. Raises LoginRefusedError."""
        token = await self._provider.redeem(code, pending.verifier)
        header = oidc_tokens.header_of(token)
        await asyncio.to_thread(oidc_tokens.load)
        claims = oidc_tokens.verified(token, header, await self._provider.key(header))
        settings = self.settings
        expected = oidc_tokens.Expected(
            settings.issuer, settings.client, pending.nonce, pending.since
        )
        oidc_tokens.check(claims, expected, self._clock())
        return claims

    def _asked(self, state: str, pending: Pending) -> dict[str, str]:
        """The parameters of the authentication request (Core 3.1.2.1)."""
        settings = self.settings
        challenge = hashlib.sha256(pending.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": settings.client,
            "redirect_uri": settings.redirect,
            "scope": " ".join(settings.scopes),
            "state": state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        if pending.purpose:
            asked |= {"prompt": "login", "max_age": "0"}
        elif not settings.single_sign_on:
            asked["prompt"] = "login"
        return asked

    def _remember(self, state: str, pending: Pending) -> None:
        oldest = pending.at - PENDING_SECONDS
        kept = {key: one for key, one in self._pending.items() if one.at > oldest}
        own = [key for key, one in kept.items() if one.client == pending.client]
        for key in own[: max(0, len(own) - MOST_OF_ONE + 1)]:
            del kept[key]
        while len(kept) >= MOST_PENDING:
            del kept[next(iter(kept))]
        self._pending = {**kept, state: pending}

    def _taken(self, state: str, browser: str) -> Pending:
        """The login that has begun with this state, once. Raises LoginRefusedError."""
        pending = self._pending.get(state)
        if pending is None or not hmac.compare_digest(pending.browser, _hash(browser)):
            raise LoginRefusedError(_NOT_BEGUN)
        del self._pending[state]
        if asyncio.get_running_loop().time() - pending.at > PENDING_SECONDS:
            raise LoginRefusedError(_NOT_BEGUN)
        return pending

    def _code(self, answer: Mapping[str, str], metadata: Metadata) -> str:
        """The code of the answer. Raises LoginRefusedError."""
        issuer = answer.get("iss", None if metadata.names_issuer else self.settings.issuer)
        if issuer != self.settings.issuer:
            raise LoginRefusedError("the answer comes from another issuer than the configured one")
        if "error" in answer:
            raise LoginRefusedError(_words_of(answer))
        if not answer.get("code"):
            raise LoginRefusedError("the identity provider has sent no login")
        return answer["code"]

    async def _tried(self, request: Callable[[], Any]) -> Any:
        """What `request` gives; whether the provider can be used is remembered."""
        try:
            found = await request()
        except ProviderError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        return found


def _words_of(answer: Mapping[str, str]) -> str:
    """Why the provider has let nobody in (Core 3.1.2.6)."""
    code = answer["error"] if _ERROR.fullmatch(answer["error"]) else "unknown"
    words = _ERRORS.get(code, f"the identity provider answers with the error '{code}'")
    told = one_line(answer.get("error_description", ""))[:200].strip()
    return f"{words} (it says: {told})" if told else words


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
