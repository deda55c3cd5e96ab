"""Operations in the store, on SQLite and on a real PostgreSQL: once for each form, chained, the newest
in force, kept as long as they count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers.stores import Opener, opener, server

from healthmon.incidents.operations import Operation, OperationKind
from healthmon.store import Store
from healthmon.store.retained import alike

pytestmark = pytest.mark.slow
__all__ = ["opener", "server"]  # fixtures
NOW = 2000.0
DETAILS = {"did": "made", "start": NOW, "devices": ["C1"], "sites": [], "reason": "mast"}
MADE = Operation(OperationKind.WINDOW, "", "smith", NOW, NOW + 100, DETAILS, "mark-1")


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    """An empty store."""
    made = opener()
    yield made
    made.close()


def test_what_comes_twice_is_one_and_windows_get_a_name(store: Store, opener: Opener) -> None:
    first = store.operate(MADE)
    assert (first.id > 0, first.subject[:1]) == (True, "W")
    beside = opener()
    assert beside.operate(replace(MADE, by="khan", at=NOW + 1)) == first
    second = beside.operate(replace(MADE, once="mark-2"))
    assert second.subject != first.subject
    beside.close()
    assert store.operations([OperationKind.WINDOW], 9) == [second, first]
    assert store.operations([OperationKind.WINDOW], 1) == [second]
    assert store.operations([OperationKind.CHECK], 9) == []
    assert store.broken_links() == []


def test_the_newest_of_a_subject_is_in_force_until_its_end(store: Store) -> None:
    made = store.operate(MADE)
    assert store.operations_in_force(NOW + 99) == (made,)
    assert store.operations_in_force(NOW + 100) == ()
    ended = replace(made, until=NOW + 10, at=NOW + 10, once="mark-2")
    store.operate(ended)
    assert store.operations_in_force(NOW + 50) == ()


def test_what_counts_is_kept_with_what_came_before_it(store: Store) -> None:
    made = store.operate(MADE)
    store.operate(replace(made, until=NOW + 10, once="mark-2"))
    store.trim(alike(NOW + 50), NOW + 5000)
    assert len(store.operations([OperationKind.WINDOW], 9)) == 2, "else it would be in force again"
    deleted = store.trim(alike(NOW + 101), NOW + 5000)
    assert deleted is not None
    assert deleted.counts["operations"] == 2
    assert store.operations([OperationKind.WINDOW], 9) == []
