"""What an identity provider says of a person (the claims of an ID token, OpenID Connect Core 1.0,
section 2), as somebody with a role here. Pure.

The name of such a user is ``PROVIDER:USER``. No local user can have it: their names have no colon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from healthmon.access.roles import Person, Role

# The highest first.
RANKING = (Role.ADMIN, Role.MANAGER, Role.OPERATOR, Role.VIEWER)
LONGEST_NAME = 100
LONGEST_SUBJECT = 255
_HIDDEN = "_claim_names"


class LoginRefusedError(Exception):
    """Why somebody does not come in by the identity provider, in words that begin a sentence.
    `name` is their name here, "" where it is not known; `back` the page that they came from.
    """

    def __init__(self, words: str, name: str = "") -> None:
        super().__init__(words)
        self.name, self.back = name, "/"


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """How claims are read: `provider` is what the provider is called here, `user` the claim with
    the name, `groups` the claim with the groups or a path to it, `roles` the role of each group.
    """

    provider: str
    user: str
    groups: str
    roles: Mapping[str, Role]

    def person(self, claims: Mapping[str, Any]) -> Person:
        """Who this is. Raises LoginRefusedError."""
        name = f"{self.provider}:{self._user(claims)}"
        groups = self._groups(claims, name)
        held = {self.roles[group] for group in groups if group in self.roles}
        role = next((role for role in RANKING if role in held), None)
        if role is None:
            words = "none of your groups has a role in healthmon; an administrator can give you one"
            raise LoginRefusedError(words, name)
        return Person.of(name, role)

    def _user(self, claims: Mapping[str, Any]) -> str:
        found = claims.get(self.user)
        if not isinstance(found, str) or not _is_name(found):
            raise LoginRefusedError(
                f"the identity provider tells no usable name of you (claim '{self.user}')"
            )
        return found

    def _groups(self, claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
        found = _value(claims, self.groups)
        if found is None and _left_out(claims, self.groups):
            words = (
                "you are in more groups than Entra ID puts into a login; an administrator must have it "
                "send only the groups assigned to the application, or application roles"
            )
            raise LoginRefusedError(words, name)
        if found is None:
            words = f"the identity provider tells no groups of you (claim '{self.groups}')"
            raise LoginRefusedError(words, name)
        return tuple(_texts(found))


def is_users_name(name: str) -> bool:
    """Whether this is the name of a user of the identity provider."""
    return ":" in name


def subject_of(claims: Mapping[str, Any]) -> str:
    """The provider's own lasting identifier of the person (``sub``). Raises LoginRefusedError."""
    found = claims.get("sub")
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_SUBJECT:
        raise LoginRefusedError("the identity provider tells no identifier of you (claim 'sub')")
    return found


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and not set(text) & set(" :/")


def _value(claims: Mapping[str, Any], path: str) -> object:
    """The claim of this name, else the value at the path with dots; None for none."""
    if path in claims:
        return claims[path]
    found: object = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _left_out(claims: Mapping[str, Any], groups: str) -> bool:
    """Whether the groups are told elsewhere (Core 5.6.2), as Entra ID does with more than 200."""
    hidden = claims.get(_HIDDEN)
    return claims.get("hasgroups") is True or (isinstance(hidden, dict) and groups in hidden)


def _texts(found: object) -> Iterator[str]:
    """AD FS sends one group as a text, several as a list."""
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, str):
            yield one
