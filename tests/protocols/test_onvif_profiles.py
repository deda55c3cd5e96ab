"""Which profile is which wanted stream (FF-A10)."""

from __future__ import annotations

import itertools

import pytest

from healthmon.protocols.errors import NotFoundError
from healthmon.protocols.onvif.profiles import Choice, Profile, Wanted, chosen

MAIN = Profile("p2", "main", "h264", (1920, 1080))
SUB = Profile("p10", "sub", "h264", (640, 360))
STILL = Profile("p1", "still", "mjpeg", (1920, 1080))
DUMB = Profile("p3", "dumb", None, None)
ALL = (MAIN, SUB, STILL, DUMB)
BIG = Wanted(None, "h264", (1920, 1080))
SMALL = Wanted(None, None, (640, 360))

CASES = {
    "nothing is said": ((Wanted(),), [STILL]),
    "two of which nothing is said": ((Wanted(), Wanted()), [STILL, MAIN]),
    "codec and size": ((BIG,), [MAIN]),
    "codec": ((Wanted(None, "h264"),), [MAIN]),
    "size": ((SMALL,), [SUB]),
    "two sizes": ((SMALL, BIG), [SUB, MAIN]),
    "the first says nothing, the second is commissioned": ((Wanted(), BIG), [STILL, MAIN]),
    "twice the same": ((BIG, BIG), [MAIN, DUMB]),
    "by token": ((Wanted("p10"), BIG), [SUB, MAIN]),
    "by name": ((BIG, Wanted("main")), [DUMB, MAIN]),
    "none fits: what says nothing of itself": ((Wanted(None, "h265"),), [DUMB]),
}


@pytest.mark.parametrize("case", CASES)
def test_ff_a10_every_order_of_the_profiles_gives_the_same_choice(case: str) -> None:
    wanted, expected = CASES[case]
    for order in itertools.permutations(ALL):
        assert [chosen(order, Choice(wanted, n)) for n in range(len(wanted))] == expected


def test_ff_a10_a_profile_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotFoundError, match="ONVIF profile x is not there; the device has p2, p10"):
        chosen(ALL, Choice((Wanted("x"),)))
    with pytest.raises(NotFoundError, match="profile 2 of 1 does not exist"):
        chosen((MAIN,), Choice((Wanted(), Wanted()), 1))
