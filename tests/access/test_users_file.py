"""The users file and ``healthmon user``: changed as a whole, in words when it cannot be."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import socket
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest import mock

import pytest
from helpers import commands

from healthmon.access import last_use, passwords, users
from healthmon.access.local_syslog import LocalSyslog
from healthmon.access.roles import Permission, Person, Role
from healthmon.access.users import User
from healthmon.cli import users as cli_users

pytestmark = pytest.mark.slow

GOOD = "three long words"
HASH = f"{'ab' * 16}${'cd' * 64}"


def user(
    *argv: str | Path, typed: bytes = GOOD.encode() + b"\n", folder: Path
) -> tuple[int, str, str]:
    """``healthmon user`` with `typed` on its standard input."""
    (folder / "typed").write_bytes(typed)
    with (folder / "typed").open() as given, mock.patch("sys.stdin", given):
        return commands.healthmon("user", *map(str, argv))


def test_a_user_is_made_replaced_and_taken_out_and_the_other_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "users"
    assert user("shift", "--file", path, folder=tmp_path) == (
        0,
        f"{path}: user shift is added, role viewer; a running agent knows\n",
        "",
    )
    assert path.stat().st_mode & 0o777 == 0o600
    other = passwords.hash_password("something else")
    path.write_text(f"# ours\n\ndesk:{other}\n{path.read_text()}\n# the end\n")
    told = user("shift", "--file", path, typed=b"quite another one\r\nnot this", folder=tmp_path)
    assert told == (
        0,
        f"{path}: user shift has a new password, role viewer; a running agent knows\n",
        "",
    )
    lines = path.read_text().splitlines()
    assert [lines[0], lines[1], lines[2], lines[4], lines[5]] == [
        "# ours",
        "",
        f"desk:{other}",
        "",
        "# the end",
    ]
    found = users.read(path)
    assert found.problems == []
    assert passwords.verify(found.users["shift"].stored, "quite another one")
    assert not passwords.verify(found.users["shift"].stored, GOOD)
    assert user("shift", "--file", path, "--remove", folder=tmp_path)[0] == 0
    assert path.read_text() == f"# ours\n\ndesk:{other}\n\n# the end\n"
    code, _, words = user("dsek", "--file", path, "--remove", folder=tmp_path)
    assert (code, words) == (3, f"{path}: there is no user dsek (did you mean 'desk'?)\n")
    code, _, words = user("desk", "--file", path, "--remove", folder=tmp_path)
    assert (code, words) == (0, f"warning: nobody stands in {path} any more; nobody can log in\n")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["typed", "users"], (
        "no half-written file is left"
    )


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("shift", b"", "shorter than 12"),
        ("shift", b"\n", "shorter than 12"),
        ("shift", b"short\n", "shorter than 12"),
        ("shift", b"aaaaaaaaaaaa\n", "easily guessed"),
        ("shift", b"Shift-2026!!\n", "easily guessed"),
        ("shift", b"MyPassword12\n", "easily guessed"),
        ("shift", b"tab\tinside it\n", "control character"),
        ("shift", b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\n", "not UTF-8"),
        ("shift", b"ab cd ef" * 200 + b"\n", "longer than 1024 bytes"),
        ("a:b", GOOD.encode(), "no name of a user"),
        ("", GOOD.encode(), "no name of a user"),
        ("#x", GOOD.encode(), "no name of a user"),
        ("x" * 65, GOOD.encode(), "no name of a user"),
    ],
)
def test_what_will_not_do_is_one_line_and_changes_nothing(
    tmp_path: Path, name: str, typed: bytes, words: str
) -> None:
    code, out, told = user("--file", tmp_path / "users", "--", name, typed=typed, folder=tmp_path)
    assert (code, out) == (3, "")
    assert words in told
    assert told.count("\n") == 1
    assert not (tmp_path / "users").exists()
    typed_word = typed.strip().decode("utf-8", "replace")
    assert not typed_word or len(typed_word) < 6 or typed_word not in told


def test_there_is_no_way_to_give_a_password_as_an_argument(tmp_path: Path, monkeypatch) -> None:
    for argv in (("shift", GOOD), ("shift", "--password", GOOD)):
        assert user(*argv, "--file", tmp_path / "users", folder=tmp_path)[0] == 3
    monkeypatch.setenv("HEALTHMON_PASSWORD", GOOD)
    assert user("shift", "--file", tmp_path / "users", typed=b"", folder=tmp_path)[0] == 3
    assert not (tmp_path / "users").exists()


@pytest.mark.parametrize(
    "bad",
    [
        "shift",
        "shift:",
        "shift:hush",
        "shift:aa$bb",
        ":x",
        "a b:c",
        "shift:" + "ab" * 16 + "$" + "g" * 128,
    ],
)
def test_a_malformed_file_is_named_with_its_line_and_left_alone(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "users"
    path.write_text(f"desk:{passwords.hash_password('x')}\n{bad}\n")
    before = path.read_bytes()
    for argv in (("shift",), ("desk", "--remove")):
        code, _, words = user(*argv, "--file", path, folder=tmp_path)
        remedy = f"take the line out and run: healthmon user NAME --file {path}"
        assert (code, words) == (
            3,
            f"{path}:2: is not a line 'name:salt$hash:role=ROLE'; {remedy}\n",
        )
    assert path.read_bytes() == before


def test_a_user_who_stands_there_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"desk:{passwords.hash_password('x')}\ndesk:{passwords.hash_password('y')}\n")
    assert (
        f"{path}:2: user desk is there twice" in user("shift", "--file", path, folder=tmp_path)[2]
    )


def test_the_file_that_the_configuration_names(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("agent: {users_file: people}\n")
    assert user("shift", "--config", config, folder=tmp_path)[0] == 0
    assert users.read(tmp_path / "people").users.keys() == {"shift"}
    config.write_text("agent: {}\n")
    code, _, words = user("shift", "--config", config, folder=tmp_path)
    assert (code, words) == (
        3,
        f"{config}: no `users_file` under `agent`; add one, or say --file FILE\n",
    )


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    code, _, words = user("shift", "--file", tmp_path / "nowhere" / "users", folder=tmp_path)
    assert (code, words) == (
        3,
        f"{tmp_path}/nowhere/users: the users file was not changed: no such file or directory\n",
    )
    code, _, words = user("shift", "--file", tmp_path / "folder", folder=tmp_path)
    assert code == 3
    assert "is a directory" in words
    huge = tmp_path / "huge"
    huge.write_text("#" * (users.MOST_BYTES + 1))
    assert "larger than a megabyte" in user("shift", "--file", huge, folder=tmp_path)[2]


def test_a_link_stays_a_link_and_the_owner_stays_the_owner(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    real, link = tmp_path / "etc" / "users", tmp_path / "users"
    users.put(real, User("desk", passwords.hash_password("x")))
    link.symlink_to(real)
    if os.geteuid() == 0:
        os.chown(real, 65534, 65534)
    assert user("shift", "--file", link, folder=tmp_path)[0] == 0
    assert link.is_symlink()
    found = real.stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == (65534 if os.geteuid() == 0 else os.geteuid())
    assert users.read(real).users.keys() == {"desk", "shift"}


def _add(path: Path, name: str) -> None:
    users.put(path, User(name, HASH, Role.VIEWER))


def test_two_who_change_it_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "users"
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_add, args=(path, f"u{number}")) for number in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
        worker.close()
    assert users.read(path).users.keys() == {f"u{number}" for number in range(12)}


def test_who_reads_it_meanwhile_sees_the_whole_old_or_the_whole_new(tmp_path: Path) -> None:
    path = tmp_path / "users"
    _add(path, "u")
    old = path.open()
    _add(path, "v")
    assert old.read().count("\n") == 1
    assert path.read_text().count("\n") == 2
    old.close()


def test_what_keeps_people_out_is_told(tmp_path: Path) -> None:
    path = tmp_path / "users"
    assert [str(one) for one in users.problems(path)] == [
        f"{path}: the users file cannot be read: no such file or directory; run: healthmon user NAME --file {path}"
    ]
    path.write_text("# nobody yet\n")
    path.chmod(0o600)
    assert [str(one) for one in users.problems(path)] == [
        f"{path}: the users file is empty; run: healthmon user NAME --file {path}"
    ]
    _add(path, "u")
    assert users.problems(path) == []
    path.chmod(0o604)
    assert [str(one) for one in users.problems(path)] == [
        f"{path}: the users file can be read by others; run: chmod 600 {path}"
    ]


def test_role_account_and_last_day_are_kept_shown_and_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "users"
    argv = ("--file", path, "--role", "operator", "--unix", "asmith", "--disable-on", "2027-02-01")
    code, out, _ = user("smith", *argv, folder=tmp_path)
    words = "role operator, Unix account asmith, disabled on 2027-02-01"
    assert (code, out) == (0, f"{path}: user smith is added, {words}; a running agent knows\n")
    kept = users.read(path).users["smith"]
    assert (kept.role, kept.unix, kept.disabled) == (
        Role.OPERATOR,
        "asmith",
        date(2027, 2, 1),
    )
    assert user("smith", "--file", path, typed=b"another good one\n", folder=tmp_path)[0] == 0
    renewed = users.read(path).users["smith"]
    assert replace(renewed, stored="") == replace(kept, stored=""), "only the password is new"
    before = renewed.stored
    argv = ("--file", path, "--role", "manager", "--unix", "none", "--disable-on", "none")
    code, out, _ = user("set", "smith", *argv, folder=tmp_path)
    assert (code, out) == (
        0,
        f"{path}: user smith is changed, role manager; a running agent knows\n",
    )
    assert users.read(path).users["smith"] == User("smith", before, Role.MANAGER)
    assert user("list", "--file", path, folder=tmp_path) == (
        0,
        "user   role     unix  disabled on  last use\nsmith  manager  -     -            -\n",
        "",
    )
    last_use.file_of(path).write_text('{"council:anna": 1e9, "kiosk wall-1": 1e9, "gone": 1e9}')
    _, out, _ = user("list", "--file", path, folder=tmp_path)
    assert [line.split()[:4] for line in out.splitlines()[2:]] == [
        ["council:anna", "by", "its", "groups"]
    ], "who has logged in by the identity provider"
    assert user("remove", "smith", "--file", path, folder=tmp_path)[0] == 0
    assert users.read(path).users == {}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--role", "boss"), "'boss' is no role; write viewer, operator, manager, admin, scraper"),
        (
            ("--role", "kiosk"),
            "'kiosk' is no role; write viewer, operator, manager, admin, scraper",
        ),
        (("--unix", "a b"), "'a b' is no name of a Unix account"),
        (("--unix", "a:role=admin"), "'a:role=admin' is no name of a Unix account"),
        (("--disable-on", "tomorrow"), "'tomorrow' is no date; write it as 2027-01-31"),
        ((), "nothing to change: say --role, --unix or --disable-on"),
    ],
)
def test_what_no_user_can_have_is_one_line(
    tmp_path: Path, argv: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "users"
    _add(path, "smith")
    before = path.read_bytes()
    assert user("set", "smith", "--file", path, *argv, folder=tmp_path) == (3, "", f"{words}\n")
    assert path.read_bytes() == before


def test_one_account_of_the_machine_is_one_user(tmp_path: Path) -> None:
    path = tmp_path / "users"
    _add(path, "smith")
    _add(path, "jones")
    assert user("set", "smith", "--unix", "desk1", "--file", path, folder=tmp_path)[0] == 0
    told = user("set", "jones", "--unix", "desk1", "--file", path, folder=tmp_path)
    words = f"{path}: the Unix account desk1 is bound to user smith already\n"
    assert told == (3, "", words)
    path.write_text(path.read_text().replace("jones", "jones2") + f"jones:{HASH}:unix=desk1\n")
    assert "user jones: unix=desk1 is bound to user smith" in str(users.read(path).problems[0])
    assert users.read(path).users.keys() == {"smith", "jones2"}


def test_an_account_is_its_user_and_any_other_one_a_viewer(tmp_path: Path) -> None:
    known = {
        "smith": User("smith", HASH, Role.OPERATOR, "asmith", date(2027, 2, 1)),
        "old": User("old", HASH),
    }
    day = date(2027, 1, 31)
    assert users.of_account(known, "asmith", day) == Person.of("smith", Role.OPERATOR)
    for account, when in (("asmith", date(2027, 2, 1)), ("smith", day), ("root", day), ("", day)):
        assert users.of_account(known, account, when) == Person.of(account, Role.VIEWER)


def test_a_line_without_a_role_keeps_what_it_could_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"shift:{HASH}\n")
    path.chmod(0o600)
    assert users.read(path).users["shift"].person.may(Permission.RELOAD)
    assert users.problems(path) == []
    words = f"{path}: without a role a user counts as admin: shift; run: healthmon user set NAME --role ROLE --file {path}"
    assert users.warnings(path) == [words]
    code, out, told = user("list", "--file", path, folder=tmp_path)
    assert (code, out.splitlines()[1].split()[:4], told) == (
        0,
        ["shift", "admin", "(none", "given)"],
        f"warning: {words}\n",
    )


@pytest.mark.parametrize(
    "bad",
    [
        "role=boss",
        "role=kiosk",
        "role=",
        "role=viewer:role=admin",
        "unix=",
        "unix=a b",
        "disabled=soon",
        "colour=blue",
        "operator",
    ],
)
def test_a_line_that_is_not_understood_lets_nobody_in(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "users"
    path.write_text(f"shift:{HASH}:{bad}\n")
    found = users.read(path)
    assert found.users == {}
    assert len(found.problems) == 1


def test_syslog_gets_the_account_that_has_changed_a_user_and_no_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "users"
    monkeypatch.setenv("SUDO_USER", "asmith")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(10)
        monkeypatch.setattr(cli_users, "LocalSyslog", lambda: LocalSyslog(tmp_path / "log"))
        assert user("smith", "--file", path, "--role", "operator", folder=tmp_path)[0] == 0
        assert user("set", "smith", "--file", path, "--role", "admin", folder=tmp_path)[0] == 0
        assert user("remove", "smith", "--file", path, folder=tmp_path)[0] == 0
        got = [log.recv(4096).decode() for _ in range(3)]
    by = f"by Unix account {pwd.getpwuid(os.getuid()).pw_name} (by sudo of asmith)"
    assert got == [
        f"<86>healthmon: access user_added: user smith is added, role operator, {by}",
        f"<86>healthmon: access user_changed: user smith is changed, role admin, {by}",
        f"<86>healthmon: access user_removed: user smith is taken out, {by}",
    ]
