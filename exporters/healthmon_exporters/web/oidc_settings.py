"""`agent.oidc` of the configuration, ready for use: its secret read, its roles by group."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from healthmon.access.oidc_claims import RANKING, ClaimRules
from healthmon.access.roles import Role
from healthmon.config import secrets
from healthmon.protocols.transport import tls
from healthmon.secret import Secret

if TYPE_CHECKING:
    from healthmon.config.oidc_schema import Oidc
    from healthmon.config.schema import Config


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One identity provider. `client` is our id there, with `secret` (None: a public client) sent as
    `client_auth` says. Only `hosts` are contacted. `seconds` is the deadline of one exchange,
    `session` how long a login lasts. `stamp` changes with who gets which role: logins of before end.
    """

    issuer: str
    client: str
    secret: Secret | None
    client_auth: str
    redirect: str
    hosts: frozenset[str]
    scopes: tuple[str, ...]
    rules: ClaimRules
    trust: ssl.SSLContext
    seconds: float
    session: float
    single_sign_on: bool
    stamp: str

    @property
    def provider(self) -> str:
        """What the provider is called here."""
        return self.rules.provider


def trust_of(config: Config, oidc: Oidc) -> ssl.SSLContext:
    """Raises TlsError for a CA file that cannot be read."""
    return tls.context(ca_file=str(Path(config.folder) / oidc.ca_file) if oidc.ca_file else None)


def settings_of(config: Config, oidc: Oidc) -> OidcSettings:
    """Of `oidc` in `config`. Raises ConfigError for a secret and TlsError for a CA file that cannot
    be read.
    """
    secret = secrets.resolve(config, oidc.credential).password if oidc.credential else None
    roles = _roles(oidc)
    marks = (oidc.issuer, oidc.client, oidc.name, oidc.user, oidc.groups, sorted(roles.items()))
    return OidcSettings(
        issuer=oidc.issuer,
        client=oidc.client,
        secret=secret,
        client_auth=oidc.client_auth,
        redirect=oidc.redirect,
        hosts=frozenset((urlsplit(oidc.issuer).hostname or "", *oidc.hosts)),
        scopes=tuple(dict.fromkeys(("openid", *oidc.scopes))),
        rules=ClaimRules(oidc.name, oidc.user, oidc.groups, roles),
        trust=trust_of(config, oidc),
        seconds=oidc.timeout,
        session=oidc.session,
        single_sign_on=oidc.single_sign_on,
        stamp=hashlib.sha256(repr(marks).encode("utf-8", "replace")).hexdigest(),
    )


def _roles(oidc: Oidc) -> dict[str, Role]:
    """The role of each group; of several the highest."""
    found: dict[str, Role] = {}
    for role in reversed(RANKING):
        found |= dict.fromkeys(getattr(oidc.roles, role.value), role)
    return found
