"""The store on SQLite and on a real PostgreSQL, as fixtures for the modules that import them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healthmon.store import Store
from helpers.databases import empty, installed, postgres
from helpers.support import IN_CI, Peers, need

Opener = Callable[[], Store]


@pytest.fixture(scope="module", autouse=True)
def server(module_peers: Peers) -> str:
    """The URL of a PostgreSQL started before the first leak check; empty on a laptop
    without one.
    """
    return postgres(module_peers)[1] if IN_CI or installed() else ""


@pytest.fixture(params=["sqlite", "postgresql"])
def opener(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> Iterator[Opener]:
    """What opens an empty store of each kind."""
    if request.param == "sqlite":
        yield lambda: Store.open(f"sqlite:///{tmp_path}/history.db")
        return
    if not server:
        need("postgresql")
    yield lambda: Store.open(server)
    empty(server)
