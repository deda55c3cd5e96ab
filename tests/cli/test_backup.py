"""`healthmon backup` and `restore` on SQLite and PostgreSQL: a bare machine, a store that is there, a
running agent, the wrong key.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from helpers.commands import healthmon
from helpers.databases import empty, installed, postgres
from helpers.store_samples import full
from helpers.support import IN_CI, Peers, need

from healthmon.incidents.acts import ActKind, act
from healthmon.store import Store
from healthmon.store.verification import Anchor

CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: state}
sites: [{id: riverside, name: Riverside}]
cameras: [{id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: fixed}]
"""
# Another process that holds the lock of an agent until its input ends.
LOCKED = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def server(module_peers: Peers) -> str:
    return postgres(module_peers)[1] if IN_CI or installed() else ""


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, str]:
    """A public key, and the file of the secret one."""
    pair = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"# public key: {pair.to_public()}\n{pair}\n")
    return str(pair.to_public()), str(tmp_path / "key")


def machine(folder: Path, public: str, more: str = "") -> str:
    """The path of a configuration on a machine of its own."""
    (folder / "state").mkdir(parents=True)
    path = folder / "config.yaml"
    path.write_text(f"{CONFIG}history: {{backup_key: {public}}}\n{more}")
    return str(path)


def record(url: str, sweeps: int) -> None:
    store = Store.open(url)
    store.record(full())
    for number in range(sweeps):
        store.keep_sweep(1_800_000_000.0 + number, "{}")
    store.close()


@pytest.fixture
def made(tmp_path: Path, keys: tuple[str, str]) -> tuple[str, str]:
    """A machine with a record, and its backup."""
    config = machine(tmp_path / "a", keys[0])
    record(f"sqlite:///{tmp_path}/a/state/healthmon.db", 3)
    file = str(tmp_path / "record.tar.age")
    code, out, err = healthmon("backup", file, "--config", config)
    assert (code, err) == (0, "")
    assert out.endswith("MB, 4 entries of the audit chain\n")
    return config, file


def test_a_bare_machine_gets_the_record_and_says_so_in_it(
    tmp_path: Path, keys: tuple[str, str], made: tuple[str, str]
) -> None:
    bare = machine(tmp_path / "b", keys[0])
    code, out, _ = healthmon("restore", made[1], "--key", keys[1], "--config", bare)
    assert code == 0
    assert out.startswith("restored from record.tar.age, made ")
    assert out.endswith(", how many acts were lost is not known\n")
    store = Store.reader(f"sqlite:///{tmp_path}/b/state/healthmon.db")
    (line,) = [one for one in store.chain(0.0) if one.kind == "restored"]
    found = json.loads(line.plain)
    assert (found["from"], found["entries"], found["lost"]) == ("record.tar.age", 4, "not known")
    assert store.verify().findings == []
    assert len(store.incidents()) == 1
    store.close()
    assert (tmp_path / "b/state/healthmon.db").stat().st_mode & 0o777 == 0o640


def test_acts_that_are_lost_are_counted_and_the_old_record_is_kept(
    tmp_path: Path, keys: tuple[str, str], made: tuple[str, str]
) -> None:
    config, file = made
    url = f"sqlite:///{tmp_path}/a/state/healthmon.db"
    record(url, 2)
    before = Store.reader(url)
    head = before.head()
    before.close()
    code, _, err = healthmon("restore", file, "--key", keys[1], "--config", config)
    assert code == 3
    assert "has 7 entries of the audit chain; --yes puts the backup in its place" in err
    code, out, _ = healthmon("restore", file, "--key", keys[1], "--config", config, "--yes")
    assert (code, out.endswith(", 3 acts lost\n")) == (0, True)
    store = Store.reader(url)
    (found,) = store.verify(Anchor(head.entries, head.hash)).findings
    assert found.words.startswith("entries 6 to 7 are missing at the end")
    store.close()
    (aside,) = (tmp_path / "a/state").glob("healthmon.db.replaced-*")
    with closing(sqlite3.connect(aside)) as old:
        assert old.execute("SELECT max(n) FROM chain").fetchone() == (7,)


def test_a_person_who_was_erased_after_the_backup_is_told(
    tmp_path: Path, keys: tuple[str, str]
) -> None:
    config = machine(tmp_path / "a", keys[0])
    store = Store.open(f"sqlite:///{tmp_path}/a/state/healthmon.db")
    store.record(full())
    for name in ("Jo Early", "Jo Late"):
        store.act(replace(act(ActKind.CONFIRM, name, 1_800_000_000.0), number=7))
    store.close()
    file = str(tmp_path / "record.tar.age")
    assert healthmon("erase-person", "Jo Early", "--config", config)[0] == 0
    assert healthmon("backup", file, "--config", config)[0] == 0
    code, out, _ = healthmon("erase-person", "Jo Late", "--config", config)
    assert code == 0
    code, _, err = healthmon("restore", file, "--key", keys[1], "--config", config, "--yes")
    words = "has its name again: that person was erased after this backup; erase again"
    assert (code, err) == (0, f"{out.split()[0]} {words}\n")


def test_nothing_is_restored_beside_an_agent_or_with_another_key(
    tmp_path: Path, keys: tuple[str, str], made: tuple[str, str]
) -> None:
    config, file = made
    lock = tmp_path / "a/state/agent.lock"
    with subprocess.Popen(
        [sys.executable, "-c", LOCKED, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"locked\n"
        code, _, err = healthmon("restore", file, "--key", keys[1], "--config", config, "--yes")
        agent.communicate()
    assert code == 3
    assert "another healthmon agent runs already with the state directory" in err
    assert err.endswith("; stop it first\n")
    other = tmp_path / "other"
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    code, _, err = healthmon("restore", file, "--key", str(other), "--config", config, "--yes")
    assert code == 3
    assert f"{file} cannot be decrypted with this key: " in err
    (tmp_path / "no").write_text("nothing\n")
    code, _, err = healthmon(
        "restore", file, "--key", str(tmp_path / "no"), "--config", config, "--yes"
    )
    assert (code, "no line AGE-SECRET-KEY-" in err) == (3, True)


def test_what_is_no_backup_is_one_line(tmp_path: Path, keys: tuple[str, str]) -> None:
    bare = machine(tmp_path / "b", keys[0])
    plain = tmp_path / "x"
    plain.write_bytes(b"nothing")
    key = pyrage.x25519.Recipient.from_str(keys[0])
    pyrage.encrypt_file(str(plain), str(tmp_path / "x.age"), [key])
    code, _, err = healthmon("restore", str(tmp_path / "x.age"), "--key", keys[1], "--config", bare)
    assert (code, "is no backup of healthmon" in err) == (3, True)
    code, _, err = healthmon("backup", str(tmp_path / "y"), "--config", bare)
    assert (code, "no history yet" in err) == (3, True)
    assert not (tmp_path / "y").exists()


def test_of_the_backups_in_a_folder_the_newest_are_kept(
    tmp_path: Path, made: tuple[str, str]
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"healthmon-2026110{day}T000000Z.tar.age").write_text("")
    code, out, _ = healthmon("backup", str(folder), "--keep", "2", "--config", made[0])
    names = sorted(one.name for one in folder.iterdir())
    assert (code, len(names), names[0]) == (0, 2, "healthmon-20261103T000000Z.tar.age")
    assert out.startswith(f"{folder}/{names[1]}: ")
    assert json.loads((tmp_path / "a/state/last-backup.json").read_text())["entries"] == 4


def test_a_database_of_a_server_is_dumped_and_loaded(
    tmp_path: Path, keys: tuple[str, str], server: str
) -> None:
    if not server:
        need("postgresql")
    secret = tmp_path / "a" / "db"
    more = "credentials: {db: {username: healthmon, secret: {file: db}}}\n"
    more += f"database: {{url: 'postgresql://{server.rpartition('@')[2]}', credential: db}}\n"
    config = machine(tmp_path / "a", keys[0], more)
    secret.write_text("not asked for\n")
    secret.chmod(0o600)
    record(server, 3)
    file = str(tmp_path / "record.tar.age")
    code, out, err = healthmon("backup", file, "--config", config)
    assert (code, "4 entries" in out) == (0, True), err
    record(server, 1)
    code, _, err = healthmon("restore", file, "--key", keys[1], "--config", config)
    assert (code, "--yes puts the backup in its place" in err) == (3, True)
    code, out, err = healthmon("restore", file, "--key", keys[1], "--config", config, "--yes")
    assert (code, out.endswith(", 2 acts lost\n")) == (0, True), err
    store = Store.reader(server)
    assert store.verify().findings == []
    assert [one.kind for one in store.chain(0.0)][-1] == "restored"
    store.close()
    empty(server)


def test_half_a_backup_and_a_key_file_that_is_none_are_said_in_words(
    tmp_path: Path, made: tuple[str, str], keys: tuple[str, str]
) -> None:
    config, file = machine(tmp_path / "b", keys[0]), Path(made[1])
    half = tmp_path / "half.tar.age"
    half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    code, _, err = healthmon("restore", str(half), "--key", keys[1], "--config", config)
    assert (code, "half.tar.age cannot be read to its end" in err) == (3, True), err
    code, _, err = healthmon("restore", str(file), "--key", str(file), "--config", config)
    assert (code, "no line AGE-SECRET-KEY-" in err) == (3, True), err
    assert not (tmp_path / "b/state/healthmon.db").exists()
