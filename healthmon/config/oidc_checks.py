"""What no single value of `agent.oidc` shows: an open way, a redirect that leads elsewhere, roles
that nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from healthmon.config.document import Path_
from healthmon.config.oidc_schema import Oidc
from healthmon.config.problems import suggest
from healthmon.config.schema import AgentSection, Config
from healthmon.config.units import is_loopback

# Where the identity provider sends browsers back to.
DONE_PATH = "/login/oidc/done"
_PATH: Path_ = ("agent", "oidc")
_FOR_EVERYBODY = {"common", "organizations", "consumers"}


def problems_of(config: Config) -> Iterator[tuple[Path_, str]]:
    """(path, text) of every problem."""
    oidc = config.agent.oidc
    if oidc is None:
        return
    if not config.agent.users_file:
        words = "needs 'users_file' of `agent` too: local users get in when the provider does not answer"
        yield _PATH, words
    if oidc.credential is not None and oidc.credential not in config.credentials:
        words = f"credential '{oidc.credential}' is not in the configuration"
        yield (*_PATH, "credential"), f"{words}{suggest(oidc.credential, config.credentials)}"
    if not any(groups for _, groups in oidc.roles):
        yield (*_PATH, "roles"), "gives no group a role; nobody could log in"
    yield from _issuer(oidc)
    yield from _redirect(config.agent, oidc)


def _issuer(oidc: Oidc) -> Iterator[tuple[Path_, str]]:
    path, parts = (*_PATH, "issuer"), urlsplit(oidc.issuer)
    if not _safe(oidc.issuer):
        yield path, "a login is never sent unencrypted; use https"
    if parts.query:
        yield path, "an issuer has no '?'; write it as the provider's discovery document does"
    if _FOR_EVERYBODY & set(parts.path.split("/")):
        yield path, "is for users of every organisation; write the id of your own tenant into it"


def _redirect(agent: AgentSection, oidc: Oidc) -> Iterator[tuple[Path_, str]]:
    path, parts = (*_PATH, "redirect"), urlsplit(oidc.redirect)
    if not _safe(oidc.redirect):
        yield path, "a login is never sent unencrypted; use https"
    if parts.path != DONE_PATH or parts.query:
        yield path, f"must be the address of this agent's pages, then {DONE_PATH}"
    host = parts.hostname or ""
    known = {"localhost", agent.listen, *agent.hosts}
    if not host.replace(".", "").isdigit() and ":" not in host and host not in known:
        yield path, f"'{host}' is no name of this agent; add it to `hosts` of `agent`"


def _safe(url: str) -> bool:
    """Whether nobody on the way can read it."""
    parts = urlsplit(url)
    return (
        parts.scheme == "https"
        or parts.hostname == "localhost"
        or is_loopback(parts.hostname or "")
    )
