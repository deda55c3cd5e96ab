"""In whose name a command signs, where a users file says who is who."""

from __future__ import annotations

from datetime import date

import pytest

from healthmon.access.roles import Permission, Role
from healthmon.access.signing import signer
from healthmon.access.users import User

TODAY = date(2026, 11, 29)
KNOWN = {
    "smith": User("smith", "x", Role.OPERATOR, "asmith"),
    "visitor": User("visitor", "x", Role.VIEWER, "guest"),
    "old": User("old", "x", Role.OPERATOR, "gone", date(2026, 11, 1)),
}


@pytest.mark.parametrize("typed", ["", "smith"])
def test_the_bound_user_signs_under_that_name(typed: str) -> None:
    assert signer(KNOWN, "asmith", TODAY, Permission.SIGN, typed).name == "smith"


@pytest.mark.parametrize(
    ("account", "typed", "words"),
    [
        ("asmith", "B. Jones", "--name B. Jones: the account asmith is bound to user smith"),
        ("guest", "", "visitor .viewer. may not sign the shift check"),
        (
            "root",
            "smith",
            "the account root is bound to no user: healthmon user set NAME --unix root",
        ),
        ("gone", "old", "the account gone is bound to no user"),
        ("", "", "bound to no user"),
    ],
)
def test_nobody_signs_in_another_name(account: str, typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        signer(KNOWN, account, TODAY, Permission.SIGN, typed)
