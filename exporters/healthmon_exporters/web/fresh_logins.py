"""Fresh logins at the identity provider. Where a signature needs the password again, they take its
place: somebody has just given it there, in this browser.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from healthmon.access.roles import Person

FRESH_SECONDS = 300.0
MOST = 1000


@dataclass(frozen=True, slots=True)
class _Fresh:
    person: Person
    stamp: str
    at: float


class FreshLogins:
    """By browser (its token) and by what the login is for, such as "outgoing". `stamp` is that of the
    provider's settings: a login by other ones counts no more.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: dict[tuple[str, str], _Fresh] = {}

    def keep(self, browser: str, purpose: str, person: Person, stamp: str) -> None:
        """`person` has just logged in for `purpose`."""
        oldest = self._monotonic() - FRESH_SECONDS
        known = {key: one for key, one in self._known.items() if one.at > oldest}
        while len(known) >= MOST:
            del known[next(iter(known))]
        self._known = {**known, _key(browser, purpose): _Fresh(person, stamp, self._monotonic())}

    def person(self, browser: str, purpose: str, stamp: str) -> Person | None:
        """Who has logged in for `purpose` within the last five minutes."""
        found = self._known.get(_key(browser, purpose))
        if found is None or found.stamp != stamp:
            return None
        return found.person if self._monotonic() - found.at < FRESH_SECONDS else None

    def use(self, browser: str, purpose: str) -> None:
        """It has served: it counts for nothing else."""
        self._known.pop(_key(browser, purpose), None)


def _key(browser: str, purpose: str) -> tuple[str, str]:
    return hashlib.sha256(browser.encode("utf-8", "replace")).hexdigest(), purpose
