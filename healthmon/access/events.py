"""What happens to access, for the record and for syslog: logins, refusals, changes of users. Pure.

What was typed into a login is never in it: a name that nobody has may be a password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from healthmon.access.kiosks import Kiosk
from healthmon.access.roles import Person
from healthmon.access.users import User, UsersFile


class AccessKind(StrEnum):
    """What has happened. The words are kept in the record."""

    LOGIN = "login"
    LOGIN_REFUSED = "login_refused"
    LOGOUT = "logout"
    REFUSED = "refused"
    USERS = "users"
    USER_ADDED = "user_added"
    USER_CHANGED = "user_changed"
    USER_REMOVED = "user_removed"
    KIOSK_ADDED = "kiosk_added"
    KIOSK_CONNECTED = "kiosk_connected"
    KIOSK_REFUSED = "kiosk_refused"
    KIOSK_REVOKED = "kiosk_revoked"


FAILURES = frozenset({AccessKind.LOGIN_REFUSED, AccessKind.REFUSED, AccessKind.KIOSK_REFUSED})


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """One event. `user` is the user or wall screen that it is about, "" for one that nobody knows;
    `client` the address that it came from; `text` is a sentence for people.
    """

    kind: AccessKind
    text: str
    user: str = ""
    client: str = ""

    @property
    def failed(self) -> bool:
        """Whether somebody was refused."""
        return self.kind in FAILURES


def logged_in(user: User | Person, client: str) -> AccessEvent:
    """`user` has given the right password, or a person has given it to the identity provider."""
    text = f"user {user.name} ({user.role}) logged in from {client}"
    return AccessEvent(AccessKind.LOGIN, text, user.name, client)


def login_refused(user: User | None, client: str) -> AccessEvent:
    """A wrong password for `user`, None for a name that nobody may log in by."""
    who = f"user {user.name}" if user else "a name that may not log in"
    text = f"a login as {who} was refused from {client}"
    return AccessEvent(AccessKind.LOGIN_REFUSED, text, user.name if user else "", client)


def provider_login(person: Person, subject: str, client: str) -> AccessEvent:
    """`person` has logged in at the identity provider, which knows them as `subject`."""
    text = f"user {person.name} ({person.role}) logged in from {client} by the identity provider"
    return AccessEvent(AccessKind.LOGIN, f"{text}, subject {subject}", person.name, client)


def provider_login_again(person: Person, subject: str, purpose: str, client: str) -> AccessEvent:
    """`person` has logged in once more at the identity provider, to sign as `purpose`."""
    text = f"user {person.name} ({person.role}) logged in again from {client} to sign as {purpose}"
    return AccessEvent(AccessKind.LOGIN, f"{text}, subject {subject}", person.name, client)


def provider_refused(words: str, name: str, client: str) -> AccessEvent:
    """A login by the identity provider was refused for the reason in `words`; `name` is "" where
    the provider did not tell who it was.
    """
    who = f"user {name}" if name else "somebody"
    text = f"a login as {who} by the identity provider was refused from {client}: {words}"
    return AccessEvent(AccessKind.LOGIN_REFUSED, text, name, client)


def logged_out(name: str, client: str) -> AccessEvent:
    """User `name` has logged out."""
    return AccessEvent(AccessKind.LOGOUT, f"user {name} logged out from {client}", name, client)


def refused(person: Person, words: str, client: str) -> AccessEvent:
    """`person` was refused something that their role does not allow, for the reason in `words`."""
    return AccessEvent(AccessKind.REFUSED, f"{words} (from {client})", person.name, client)


def kiosk_connected(name: str, client: str) -> AccessEvent:
    """Wall screen `name` has got its token."""
    text = f"wall screen {name} was connected from {client}"
    return AccessEvent(AccessKind.KIOSK_CONNECTED, text, name, client)


def kiosk_refused(client: str) -> AccessEvent:
    """A code for a wall screen was wrong."""
    text = f"a code for a wall screen was refused from {client}"
    return AccessEvent(AccessKind.KIOSK_REFUSED, text, client=client)


def users_at_start(found: UsersFile) -> AccessEvent:
    """The users with whom the agent starts, so that what was changed meanwhile can be found."""
    named = [f"{user.name} ({_words(user)})" for user in found.users.values()]
    named += [f"wall screen {name}" for name in found.kiosks]
    return AccessEvent(AccessKind.USERS, f"users at the start: {', '.join(named) or 'none'}")


def changes(before: UsersFile, after: UsersFile) -> Iterator[AccessEvent]:
    """What was changed in the users file."""
    for name, user in _removed(before.users, after.users):
        yield AccessEvent(
            AccessKind.USER_REMOVED, f"user {name} ({_words(user)}) was removed", name
        )
    for name, user in after.users.items():
        old = before.users.get(name)
        if old is None:
            yield AccessEvent(AccessKind.USER_ADDED, f"user {name} was added: {_words(user)}", name)
        elif old != user:
            yield AccessEvent(AccessKind.USER_CHANGED, _changed(old, user), name)
    yield from _kiosk_changes(before.kiosks, after.kiosks)


def _kiosk_changes(
    before: Mapping[str, Kiosk], after: Mapping[str, Kiosk]
) -> Iterator[AccessEvent]:
    for name, _ in _removed(before, after):
        yield AccessEvent(AccessKind.KIOSK_REVOKED, f"wall screen {name} was revoked", name)
    for name, kiosk in after.items():
        old = before.get(name)
        if old != kiosk and not kiosk.token:
            text = f"wall screen {name} got a one-time code"
            yield AccessEvent(AccessKind.KIOSK_ADDED, text, name)


_E = TypeVar("_E")


def _removed(before: Mapping[str, _E], after: Mapping[str, _E]) -> list[tuple[str, _E]]:
    return [(name, entry) for name, entry in before.items() if name not in after]


def _changed(old: User, new: User) -> str:
    changed = [f"{_words(old)} -> {_words(new)}"] if _words(old) != _words(new) else []
    if old.stored != new.stored:
        changed.append("a new password")
    return f"user {new.name} was changed: {', '.join(changed) or _words(new)}"


def _words(user: User) -> str:
    """Role, Unix account and last day in a few words."""
    account = f", Unix account {user.unix}" if user.unix else ""
    day = f", disabled on {user.disabled.isoformat()}" if user.disabled else ""
    return f"{user.role}{account}{day}"
