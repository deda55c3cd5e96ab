"""Who may do what: the table as the council's IT reads it."""

from __future__ import annotations

import itertools

import pytest

from healthmon.access.roles import (
    ANYBODY,
    GRANTED,
    MEANING,
    NOBODY,
    USER_ROLES,
    Permission,
    Person,
    Role,
)

LADDER = (Role.SCRAPER, Role.VIEWER, Role.OPERATOR, Role.MANAGER, Role.ADMIN)


def test_each_role_may_do_what_the_one_below_may_and_more() -> None:
    for below, above in itertools.pairwise(LADDER):
        assert GRANTED[below] < GRANTED[above]
    assert GRANTED[Role.ADMIN] == set(Permission)


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.SCRAPER, {"login", "agent", "health", "metrics"}),
        (Role.KIOSK, {"login", "agent", "wall"}),
        (Role.VIEWER, {"login", "agent", "health", "metrics", "wall", "read"}),
    ],
)
def test_the_narrow_roles_are_exactly_these(role: Role, permissions: set[str]) -> None:
    assert {permission.value for permission in GRANTED[role]} == permissions


def test_everything_has_a_meaning_and_a_role() -> None:
    assert set(MEANING) == set(Permission)
    assert set(GRANTED) == set(Role)


def test_acts_that_bear_a_name_need_a_login() -> None:
    acts = ("acknowledge", "note", "sign", "maintenance", "reports", "users", "sweep")
    for person in (NOBODY, ANYBODY):
        assert not any(person.may(Permission(act)) for act in acts)


def test_a_refusal_names_the_person_the_act_and_the_roles_that_may() -> None:
    assert Person.of("smith", Role.VIEWER).refusal(Permission.SIGN) == (
        "user smith (viewer) may not sign the shift check; this needs role operator, manager or admin"
    )
    assert Person.of("smith", Role.MANAGER).refusal(Permission.RELOAD) == (
        "user smith (manager) may not have the agent read its configuration again; this needs role admin"
    )
    assert NOBODY.refusal(Permission.READ).startswith("log in to read")
    assert Role.KIOSK not in USER_ROLES
