"""The ID token: its signature (RFC 7515, by joserfc) and what it must say (OpenID Connect Core 1.0,
section 3.1.3.7).

joserfc and cryptography are imported when the first token is read.
"""

from __future__ import annotations

import base64
import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from healthmon.access.oidc_claims import LoginRefusedError
from healthmon.model.enums import Span
from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.values import json

# Signatures with the provider's private key only: never `none`, never a shared secret (HS256).
ALGORITHMS: Final[Mapping[str, str]] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
PUBLIC: Final[Mapping[str, tuple[str, ...]]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
RSA_BITS: Final = (2048, 8192)
MOST_BYTES = 64 * 1024
# How far the provider's clock may be from the true time.
SKEW_SECONDS = 60.0
_UNREADABLE = "the login of the identity provider cannot be read"


@dataclass(frozen=True, slots=True)
class Header:
    """Of a token: the algorithm and the id of the key, "" for none."""

    algorithm: str
    key_id: str

    def fits(self, key: Mapping[str, Any]) -> bool:
        """Whether `key` (RFC 7517) can have made the signature."""
        wanted = ALGORITHMS[self.algorithm]
        return (
            key.get("kty") == wanted
            and key.get("use", "sig") == "sig"
            and key.get("alg", self.algorithm) == self.algorithm
            and (not self.key_id or key.get("kid") == self.key_id)
            and all(isinstance(key.get(name), str) for name in PUBLIC[wanted])
            and (_is_rsa(key) if wanted == "RSA" else key["crv"] == "P-256")
        )

    def key_of(self, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The one key that can have made the signature, None for none or several."""
        found = [key for key in keys if self.fits(key)]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. With `since` (Unix seconds) the person must have logged in after it."""

    issuer: str
    client: str
    nonce: str
    since: float | None = None


def header_of(token: str) -> Header:
    """Raises LoginRefusedError for a token that is none or is not signed as it must be."""
    if len(token) > MOST_BYTES or token.count(".") != 2:
        raise LoginRefusedError(_UNREADABLE)
    found = _mapping(_decoded(token.partition(".")[0]))
    algorithm, key_id = found.get("alg"), found.get("kid", "")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or not isinstance(key_id, str):
        names = ", ".join(ALGORITHMS)
        words = f"the login of the identity provider is not signed by one of {names}"
        raise LoginRefusedError(words)
    return Header(algorithm, key_id)


def load() -> None:
    """Import what reads tokens: 40 ms of CPU and 9 MB. For a thread."""
    from joserfc import jwk, jws  # noqa: F401 - see above


def verified(token: str, header: Header, key: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a token that `key` has signed. Raises LoginRefusedError."""
    from joserfc import jwk, jws
    from joserfc.errors import JoseError

    kind = ALGORITHMS[header.algorithm]
    public = {"kty": kind, **{name: key[name] for name in PUBLIC[kind]}}
    try:
        imported = (jwk.RSAKey if kind == "RSA" else jwk.ECKey).import_key(public)
        payload: bytes = jws.deserialize_compact(
            token, imported, algorithms=[header.algorithm]
        ).payload
    except (JoseError, ValueError, TypeError):
        words = "the login of the identity provider has a wrong signature"
        raise LoginRefusedError(words) from None
    return _mapping(payload)


def check(claims: Mapping[str, Any], expected: Expected, now: Span) -> None:
    """Raises LoginRefusedError for claims that are not for us, not now, or not an answer to this
    login. `now` holds the true time (Unix seconds).
    """
    if claims.get("iss") != expected.issuer:
        raise LoginRefusedError("the login comes from another issuer than the configured one")
    audience = claims.get("aud")
    if audience not in (expected.client, [expected.client]) or (
        claims.get("azp", expected.client) != expected.client
    ):
        raise LoginRefusedError("the login was made for another application")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), expected.nonce.encode()
    ):
        raise LoginRefusedError("the login does not belong to this browser's request")
    _check_times(claims, now)
    if expected.since is not None:
        _check_fresh(claims, expected.since)


def _check_fresh(claims: Mapping[str, Any], since: float) -> None:
    """Whether the person has given the password after `since` (Core 2, ``auth_time``)."""
    if "auth_time" not in claims:
        words = "the identity provider does not say when you gave the password (claim 'auth_time')"
        raise LoginRefusedError(f"{words}; an administrator can have it say so")
    if _time(claims, "auth_time") < since - SKEW_SECONDS:
        raise LoginRefusedError("the identity provider has not asked for the password again")


def _check_times(claims: Mapping[str, Any], now: Span) -> None:
    if _time(claims, "exp") <= now.low - SKEW_SECONDS:
        raise LoginRefusedError("the login has expired; the provider's clock or ours is wrong")
    begins = max(_time(claims, "iat"), _time(claims, "nbf", default=0.0))
    if begins > now.high + SKEW_SECONDS:
        words = "the login is of a later time than now; the provider's clock or ours is wrong"
        raise LoginRefusedError(words)


def _time(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """Unix seconds. Raises LoginRefusedError."""
    found = claims.get(name, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise LoginRefusedError(f"the login of the identity provider lacks '{name}'")
    return float(found)


def _mapping(raw: bytes) -> dict[str, Any]:
    try:
        found = json.parse(raw)
    except ProtocolError:
        found = None
    if not isinstance(found, dict):
        raise LoginRefusedError(_UNREADABLE)
    return found


def _decoded(text: str) -> bytes:
    """The bytes of base64url without padding (RFC 7515, 2). Raises LoginRefusedError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise LoginRefusedError(_UNREADABLE) from None


def _is_rsa(key: Mapping[str, Any]) -> bool:
    """Whether the key is neither too weak nor one that would take long."""
    try:
        modulus = int.from_bytes(_decoded(key["n"]), "big")
    except LoginRefusedError:
        return False
    return RSA_BITS[0] <= modulus.bit_length() <= RSA_BITS[1] and len(key["e"]) <= 8
