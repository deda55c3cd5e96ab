"""The store on SQLite and on a real PostgreSQL, as fixtures for the modules that import them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> Iterator[str]:
    """The URL of an empty store of each kind; that of SQLite is in the folder `state`."""
    if request.param == "sqlite":
        (tmp_path / "state").mkdir()
        yield f"sqlite:///{tmp_path}/state/healthmon.db"
        return
    if not server:
        need("postgresql")
    yield server
    empty(server)


def configured(url: str, folder: Path) -> str:
    """What config.yaml says of the store at `url`; a password that is not asked for is in `folder`."""
    if url.startswith("sqlite"):
        return ""
    secret = folder / "db"
    secret.write_text("not asked for\n")
    secret.chmod(0o600)
    return (
        "credentials: {db: {username: healthmon, secret: {file: db}}}\n"
        f"database: {{url: 'postgresql://{url.rpartition('@')[2]}', credential: db}}\n"
    )


def at_once(url: str, statement: str) -> None:
    """Execute a statement beside healthmon, as somebody with the database would."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other, other:
            other.execute(statement)
        return
    import psycopg

    with psycopg.connect(url) as other:
        other.execute(statement)


def backup(url: str, folder: Path) -> Callable[[], None]:
    """A copy of the store as it is now, made by the database's own tools; called, it is put back."""
    copy = folder / "copy-of-the-store"
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        shutil.copyfile(file, copy)
        return lambda: shutil.copyfile(copy, file) and None
    tools = installed()[-1].parent
    subprocess.run([tools / "pg_dump", "-Fc", "-f", copy, url], check=True)

    def restore() -> None:
        empty(url)
        done = subprocess.run(
            [tools / "pg_restore", "-c", "--if-exists", "-d", url, copy], check=False
        )
        assert done.returncode == 0

    return restore
