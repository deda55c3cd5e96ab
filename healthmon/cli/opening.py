"""How a command opens the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from healthmon.cli.console import fail, say
from healthmon.config.problems import ConfigError
from healthmon.store import Store, StoreError
from healthmon.store.location import StoreLocation


@contextmanager
def opened(
    place: Callable[[], StoreLocation], opener: Callable[[StoreLocation], Store]
) -> Iterator[Store]:
    """The store at `place`, as `opener` opens it, and a line that says which one; what is wrong
    with it ends the command with exit 3.
    """
    store: Store | None = None
    try:
        where = place()
        store = opener(where)
        say(f"store: {where.shown}")
        yield store
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    finally:
        if store is not None:
            store.close()
