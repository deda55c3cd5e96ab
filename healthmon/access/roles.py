"""Which role may do what: the one table by which every page and every command is guarded. Pure.

`python -m docs` writes docs/roles.md from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Permission(StrEnum):
    """One thing that a person or a program may do."""

    LOGIN = "login"
    AGENT = "agent"
    HEALTH = "health"
    METRICS = "metrics"
    WALL = "wall"
    READ = "read"
    CHECK = "check"
    PICTURE = "picture"
    SWEEP = "sweep"
    ACKNOWLEDGE = "acknowledge"
    ACT = "act"
    NOTE = "note"
    SIGN = "sign"
    DEVICES = "devices"
    STATEMENTS = "statements"
    REPORTS = "reports"
    SHORT_MAINTENANCE = "short_maintenance"
    MAINTENANCE = "maintenance"
    USERS = "users"
    ERASE = "erase"
    RELOAD = "reload"


MEANING: Final[Mapping[Permission, str]] = MappingProxyType(
    {
        Permission.LOGIN: "log in, log out, connect a wall screen with its code, read the accessibility statement",
        Permission.AGENT: "see whether the agent has the estate, and for how long its database has answered",
        Permission.HEALTH: "see whether the agent is healthy and ready",
        Permission.METRICS: "read the metrics",
        Permission.WALL: "see the wall and what its page loads",
        Permission.READ: "read every other page: faults, devices, last failures, runbooks",
        Permission.CHECK: "have a device checked now",
        Permission.PICTURE: "see the picture of a camera, where the configuration allows it",
        Permission.SWEEP: "start the shift check",
        Permission.ACKNOWLEDGE: "acknowledge faults",
        Permission.ACT: "raise faults, record what is done about them, answer for pictures, walk the cameras",
        Permission.NOTE: "write notes for the next shift",
        Permission.SIGN: "sign the shift check",
        Permission.DEVICES: "accept a replaced device, say where a deployable camera is, retire a device",
        Permission.STATEMENTS: "make a clock statement for a recording that is handed out",
        Permission.REPORTS: "make reports, declare duties, take in the fault log of earlier years",
        Permission.SHORT_MAINTENANCE: "make, change and end maintenance windows of up to 24 hours",
        Permission.MAINTENANCE: "make, change and end maintenance windows of more than 24 hours",
        Permission.USERS: "add, change and remove users and wall screens",
        Permission.ERASE: "take a person's name out of the record",
        Permission.RELOAD: "have the agent read its configuration again",
    }
)


class Role(StrEnum):
    """What a user is. `KIOSK` is that of a wall screen; no user has it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"
    ADMIN = "admin"
    SCRAPER = "scraper"
    KIOSK = "kiosk"


USER_ROLES: Final = tuple(role for role in Role if role is not Role.KIOSK)
# The role of a line in the users file that names none: older versions let every user do everything.
ROLE_OF_OLD_LINES: Final = Role.ADMIN

NOT_LOGGED_IN: Final = frozenset({Permission.LOGIN, Permission.AGENT})
_SCRAPER = NOT_LOGGED_IN | {Permission.HEALTH, Permission.METRICS}
_VIEWER = _SCRAPER | {Permission.WALL, Permission.READ}
_OPERATOR = _VIEWER | {
    Permission.CHECK,
    Permission.PICTURE,
    Permission.SWEEP,
    Permission.ACKNOWLEDGE,
    Permission.ACT,
    Permission.NOTE,
    Permission.SIGN,
    Permission.SHORT_MAINTENANCE,
    Permission.DEVICES,
    Permission.STATEMENTS,
}
_MANAGER = _OPERATOR | {Permission.REPORTS, Permission.MAINTENANCE}
# Without a users file, on 127.0.0.1: there is nobody whose name an act could carry.
WITHOUT_USERS_FILE: Final = _VIEWER | {Permission.CHECK, Permission.RELOAD}

GRANTED: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.OPERATOR: _OPERATOR,
        Role.MANAGER: _MANAGER,
        Role.ADMIN: _MANAGER | {Permission.USERS, Permission.ERASE, Permission.RELOAD},
        Role.SCRAPER: _SCRAPER,
        Role.KIOSK: NOT_LOGGED_IN | {Permission.WALL},
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks for something, and what they may do. `role` is None without a login."""

    name: str
    role: Role | None
    permissions: frozenset[Permission]

    @classmethod
    def of(cls, name: str, role: Role) -> Person:
        """User or wall screen `name` with this role."""
        return cls(name, role, GRANTED[role])

    @property
    def is_kiosk(self) -> bool:
        """Whether it is a wall screen."""
        return self.role is Role.KIOSK

    def may(self, permission: Permission) -> bool:
        """Whether they may do that."""
        return permission in self.permissions

    def refusal(self, permission: Permission) -> str:
        """Why they may not do that, in one line."""
        if self.role is None:
            return f"log in to {MEANING[permission]}"
        roles = [role.value for role in USER_ROLES if permission in GRANTED[role]]
        needed = f"{', '.join(roles[:-1])} or {roles[-1]}" if len(roles) > 1 else "".join(roles)
        return f"user {self.name} ({self.role}) may not {MEANING[permission]}; this needs role {needed}"


NOBODY: Final = Person("", None, NOT_LOGGED_IN)
ANYBODY: Final = Person("", None, WITHOUT_USERS_FILE)
