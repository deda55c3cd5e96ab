"""What is asked of the identity provider itself: its discovery document (OpenID Connect Discovery
1.0), its keys (RFC 7517) and the exchange of a code for an ID token (RFC 6749, 4.1.3; RFC 7636).

Each exchange goes through the connector, to the configured hosts only, with one deadline and a cap.
What was read is kept for a while, and so is a failure: whoever opens the login page again and again
causes one exchange in `FAILED_SECONDS`.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from healthmon.access.oidc_claims import LoginRefusedError
from healthmon.config import units
from healthmon.model.plain_text import one_line
from healthmon.protocols.errors import ExchangeError, ProtocolError
from healthmon.protocols.http.exchange import Reply, exchange
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.values import json
from healthmon_exporters.notify.http_post import Address
from healthmon_exporters.web.oidc_settings import OidcSettings
from healthmon_exporters.web.oidc_tokens import Header

ANSWER_CAP = 256 * 1024
MOST_KEYS = 100
METADATA_SECONDS = 60.0
KEYS_SECONDS = 3600.0
# An id of a key that is not known makes us look for new keys at most so often.
NEW_KEYS_SECONDS = 30.0
FAILED_SECONDS = 10.0
# Two refused logins of ours in 30 minutes, as for devices.
REFUSED_SECONDS = 900.0
MOST_AT_ONCE = 4
_UNUSABLE = "the identity provider cannot be used now"


class ProviderError(LoginRefusedError):
    """The identity provider gives no usable answer: nobody can log in by it now."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Of the discovery document: where browsers log in, where codes are exchanged, where the keys
    are; whether answers to browsers name the issuer (RFC 9207).
    """

    authorization: str
    token: str
    keys: str
    names_issuer: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document of `at` (loop time), None where there was a `problem`."""

    at: float
    found: dict[str, Any] | None
    problem: str = ""


class Provider:
    """The identity provider of `settings`."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._connector = Connector.of(settings.hosts, connect_seconds=settings.seconds)
        self._kept: dict[str, _Kept] = {}
        self._reading = asyncio.Lock()
        self._exchanging = asyncio.Semaphore(MOST_AT_ONCE)
        self._refused_until = 0.0

    async def metadata(self) -> Metadata:
        """Raises ProviderError."""
        issuer = self._settings.issuer
        url = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
        found = await self._document(url, METADATA_SECONDS)
        if found.get("issuer") != issuer:
            words = (
                f"the identity provider calls itself {_short(found.get('issuer'))}, not {issuer}"
            )
            raise ProviderError(f"{words}; write that into `issuer` of `agent.oidc` if it is right")
        return Metadata(
            self._endpoint(found, "authorization_endpoint"),
            self._endpoint(found, "token_endpoint"),
            self._endpoint(found, "jwks_uri"),
            found.get("authorization_response_iss_parameter_supported") is True,
        )

    async def key(self, header: Header) -> Mapping[str, Any]:
        """The key that can have signed a token with this header. Raises LoginRefusedError."""
        url = (await self.metadata()).keys
        for oldest in (KEYS_SECONDS, NEW_KEYS_SECONDS):
            found = (await self._document(url, oldest)).get("keys")
            rows = found[:MOST_KEYS] if isinstance(found, list) else []
            key = header.key_of([row for row in rows if isinstance(row, dict)])
            if key is not None:
                return key
        raise LoginRefusedError(
            "the login is signed by a key that the identity provider does not show"
        )

    async def redeem(self, code: str, verifier: str) -> str:
        """The ID token for the code of one login. Raises LoginRefusedError."""
        if (wait := self._refused_until - asyncio.get_running_loop().time()) > 0:
            words = "the identity provider has refused the client secret of this agent"
            raise ProviderError(f"{words}; it is tried again in {wait / 60:.0f} min")
        headers, more = self._client()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect,
            "code_verifier": verifier,
            **more,
        }
        url = (await self.metadata()).token
        form = ("Content-Type", "application/x-www-form-urlencoded")
        async with self._exchanging:
            reply = await self._exchange("POST", url, [form, *headers], urlencode(fields).encode())
        return self._id_token(reply, urlsplit(url).hostname or "")

    def close(self) -> None:
        """End the resolver's threads."""
        self._connector.close()

    def _client(self) -> tuple[list[tuple[str, str]], dict[str, str]]:
        """How we say who we are (RFC 6749, 2.3.1): header fields and form fields."""
        client, secret = self._settings.client, self._settings.secret
        if secret is None:
            return [], {"client_id": client}
        if self._settings.client_auth == "post":
            return [], {"client_id": client, "client_secret": secret.reveal()}
        pair = f"{quote(client, safe='')}:{quote(secret.reveal(), safe='')}"
        return [("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")], {}

    def _id_token(self, reply: Reply, host: str) -> str:
        try:
            found = json.parse(reply.body)
        except ProtocolError:
            found = None
        values = found if isinstance(found, dict) else {}
        token, error = values.get("id_token"), values.get("error")
        if reply.status == 200 and isinstance(token, str):
            return token
        if error == "invalid_client" or reply.status == 401:
            self._refused_until = asyncio.get_running_loop().time() + REFUSED_SECONDS
            raise ProviderError("the identity provider refuses the client secret of this agent")
        if error == "invalid_grant":
            raise LoginRefusedError("the login was used already or took too long; log in again")
        answer = f"{host}: HTTP {reply.status}{f', {_short(error)}' if error else ''}"
        raise ProviderError(f"the identity provider does not give the login out ({answer})")

    async def _document(self, url: str, oldest: float) -> dict[str, Any]:
        """The JSON object at `url`, at most `oldest` seconds old. Raises ProviderError."""
        async with self._reading:
            now, kept = asyncio.get_running_loop().time(), self._kept.get(url)
            if kept is None or now - kept.at >= (FAILED_SECONDS if kept.problem else oldest):
                kept = self._kept[url] = await self._read(url, now)
        if kept.found is None:
            raise ProviderError(kept.problem)
        return kept.found

    async def _read(self, url: str, now: float) -> _Kept:
        try:
            reply = await self._exchange("GET", url)
            found = json.parse(reply.body) if reply.status == 200 else None
        except ProviderError as error:
            return _Kept(now, None, str(error))
        except ProtocolError:
            found = None
        if isinstance(found, dict):
            return _Kept(now, found)
        path, host = urlsplit(url).path, urlsplit(url).hostname
        words = f"no usable answer of {host} at {path}: HTTP {reply.status}"
        return _Kept(now, None, f"{_UNUSABLE} ({words})")

    async def _exchange(
        self, method: str, url: str, headers: list[tuple[str, str]] | None = None, body: bytes = b""
    ) -> Reply:
        """Raises ProviderError."""
        address = Address.of(url, self._settings.trust)
        host, seconds = address.place.host, self._settings.seconds
        accept = ("Accept", "application/json")
        try:
            async with asyncio.timeout(seconds):
                return await exchange(
                    self._connector,
                    address.place,
                    method,
                    address.path,
                    headers=[accept, *(headers or ())],
                    body=body,
                    cap=ANSWER_CAP,
                )
        except TimeoutError:
            words = f"{host} has not answered within {seconds:g} s"
            raise ProviderError(f"{_UNUSABLE} ({words})") from None
        except ExchangeError as error:
            raise ProviderError(f"{_UNUSABLE} ({host}: {error})") from None

    def _endpoint(self, found: Mapping[str, Any], name: str) -> str:
        """An address of the discovery document. Raises ProviderError for one that is not used."""
        try:
            url = units.url(str(found.get(name)))
        except ValueError:
            words = f"the identity provider's discovery document has no usable '{name}'"
            raise ProviderError(words) from None
        host, tls = urlsplit(url).hostname or "", urlsplit(url).scheme == "https"
        if not tls and urlsplit(self._settings.issuer).scheme == "https":
            raise ProviderError(f"the identity provider's '{name}' is not https; it is not used")
        if host not in self._settings.hosts:
            words = f"the identity provider's '{name}' is on {_short(host)}, which is not contacted"
            raise ProviderError(f"{words}; add it to `hosts` of `agent.oidc` if it is right")
        return url


def _short(text: object) -> str:
    """What somebody else has written, in one short line."""
    return one_line(str(text))[:100]
