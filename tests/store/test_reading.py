"""Reading a store without a right to write it, in every state in which it can be left."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.service import GROUP, LIBRARY, USER, house
from helpers.store_samples import CASE, full

from healthmon.store import Batch, CorruptError, Store, TroubleError, location, reader

# Another writer of the same file: what it has committed counts, what it was writing when it was
# killed does not.
WRITER = """
import os, signal, sqlite3, sys
file, mode, end = sys.argv[1:]
there = sqlite3.connect(file, isolation_level=None)
there.execute(f"PRAGMA journal_mode={mode}")
there.execute("PRAGMA cache_size=5")
there.execute("UPDATE cases SET device = 'C777', body = replace(body, 'C001', 'C777')")
if end == "closed":
    there.close()
    sys.exit()
if end == "in a transaction":
    there.execute("BEGIN IMMEDIATE")
    there.execute("UPDATE cases SET body = 'half', device = 'C666'")
    there.execute("CREATE TABLE large (body)")
    for _ in range(200):
        there.execute("INSERT INTO large VALUES (zeroblob(3000))")
os.kill(os.getpid(), signal.SIGKILL)
"""
LEFT = [
    ("DELETE", "closed", set()),
    ("DELETE", "killed", set()),
    ("DELETE", "in a transaction", {"-journal"}),
    ("WAL", "closed", set()),
    ("WAL", "killed", {"-shm", "-wal"}),
    ("WAL", "in a transaction", {"-shm", "-wal"}),
    ("WAL", "killed, without -shm", {"-wal"}),
]


def left(file: Path, mode: str, end: str) -> set[str]:
    """A store with a fault in `file`, last written by another program; what stands beside it."""
    store = Store.open(f"sqlite:///{file}")
    store.record(full())
    store.close()
    how = end.partition(",")[0]
    subprocess.run([sys.executable, "-c", WRITER, str(file), mode, how], check=False)
    if "without" in end:
        Path(f"{file}-shm").unlink()
    return {path.name.removeprefix(file.name) for path in file.parent.iterdir()} - {""}


@pytest.mark.parametrize(("mode", "end", "beside"), LEFT, ids=[f"{m} {e}" for m, e, _ in LEFT])
def test_a_store_is_read_as_its_last_commit_left_it(
    mode: str, end: str, beside: set[str], tmp_path: Path
) -> None:
    """By a member of the group, who may write nothing there; nothing is changed by it."""
    one = house(tmp_path, {})
    file, copies = one.state / "healthmon.db", one.state.with_name("copies")
    copies.mkdir()
    copies.chmod(0o777)
    one.member.environment = {"TMPDIR": str(LIBRARY / "copies")}
    assert left(file, mode, end) == beside
    for path in one.state.iterdir():
        os.chown(path, USER, GROUP)
        path.chmod(0o640)
    before = {path.name: path.read_bytes() for path in one.state.iterdir()}
    done = one.member.run("faults", "--json")
    assert done.code == 0, done.text
    assert [row["fault"] for row in json.loads(done.out)] == ["F000007"]
    assert "C777" in one.member.run("history", "C777").out
    after = {path.name: path.read_bytes() for path in one.state.iterdir()}
    assert {name: after[name] for name in after if name[-4:] != "-shm"} == {
        name: before[name] for name in before if name[-4:] != "-shm"
    }
    assert list(copies.iterdir()) == []
    assert one.stranger.run("faults").code == 3


def test_a_store_that_an_agent_takes_over_while_it_is_copied_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "healthmon.db"
    left(file, "DELETE", "in a transaction")
    copied = []

    def taken_over(source: str, target: str) -> None:
        copied.append(source)
        Path(target).write_bytes(Path(source).read_bytes())
        Store.open(f"sqlite:///{file}").close()

    monkeypatch.setattr("shutil.copyfile", taken_over)
    store = Store.reader(f"sqlite:///{file}")
    assert [one.number for one in store.incidents()] == [CASE.number]
    store.close()
    assert copied == [f"{file}{part}" for part in ("", "-journal", "-wal")]


def test_a_copy_that_finds_no_room_is_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "healthmon.db"
    left(file, "DELETE", "in a transaction")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(TroubleError, match=r"cannot be copied to be read: no such file"):
        Store.reader(f"sqlite:///{file}")


def test_a_file_that_is_not_a_database_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "healthmon.db"
    file.write_text("not a database, but long enough to look at" * 40)
    engine = reader.reader_of(f"sqlite:///{file}", None)
    with pytest.raises(Exception, match="not a database"), engine.transaction():
        pass
    engine.close()


def test_the_group_may_read_a_store_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = tmp_path / "state"
        location.in_folder(folder).open().close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert stat.S_IMODE((folder / "healthmon.db").stat().st_mode) == 0o640


def test_a_store_of_an_earlier_version_is_opened_to_its_group(tmp_path: Path) -> None:
    folder, file = tmp_path, tmp_path / "healthmon.db"
    folder.chmod(0o700)
    location.in_folder(folder).open().close()
    file.chmod(0o600)
    location.in_folder(folder).open().close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    file.chmod(0o660)
    location.in_folder(folder).open().close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o660


def test_reading_blocks_no_writer(tmp_path: Path) -> None:
    """A reader that is stopped between two questions holds no lock."""
    url = f"sqlite:///{tmp_path / 'healthmon.db'}"
    store = Store.open(url)
    store.record(full())
    other = Store.reader(url)
    assert other.incidents()
    store.record(Batch(alive=5.0))
    other.close()
    store.close()


@pytest.mark.parametrize("content", [b"", b"no database " * 999], ids=["empty", "text"])
def test_a_file_that_is_no_history_is_named_with_what_becomes_of_it(content: bytes, tmp_path: Path):
    file = tmp_path / location.FILE
    file.write_bytes(content)
    with pytest.raises(CorruptError) as raised:
        location.in_folder(tmp_path).reader()
    assert str(raised.value).startswith(f"{file} is no history of healthmon (")
    assert str(raised.value).endswith("; a running agent begins a new one")


def test_a_folder_in_the_place_of_the_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / location.FILE
    file.mkdir()
    place = location.in_folder(tmp_path)
    for opened in (place.reader, place.existing, place.open):
        with pytest.raises(TroubleError) as raised:
            opened()
        assert str(raised.value) == f"{file} is a folder or device and no file: move it away"
