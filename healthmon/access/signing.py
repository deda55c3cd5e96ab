"""In whose name a command acts, where a users file says who is who. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from healthmon.access import users
from healthmon.access.roles import Permission
from healthmon.access.users import User


def signer(
    known: Mapping[str, User], account: str, today: date, permission: Permission, name: str
) -> User:
    """The user that the Unix `account` is bound to, who does what `permission` allows under their own
    name; `name` is what was typed, "" for nothing. Raises ValueError in words.
    """
    user = actor(known, account, today, permission, name)
    if user is None:
        remedy = f"healthmon user set NAME --unix {account}"
        raise ValueError(f"the account {account} is bound to no user: {remedy}")
    return user


def actor(
    known: Mapping[str, User], account: str, today: date, permission: Permission, name: str
) -> User | None:
    """The same; None for an account that is bound to no user."""
    user = users.bound(known, account, today)
    if user is None:
        return None
    if not user.person.may(permission):
        raise ValueError(user.person.refusal(permission))
    if name and name != user.name:
        raise ValueError(f"--name {name}: the account {account} is bound to user {user.name}")
    return user
