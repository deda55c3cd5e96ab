"""Wall screens: one-time codes, tokens, and ``healthmon user kiosk``."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import commands

from healthmon.access import kiosks, users
from healthmon.access.kiosks import Kiosk
from healthmon.access.users import User

pytestmark = pytest.mark.slow
HASH = f"{'ab' * 16}${'cd' * 64}"


def kiosk(*argv: str | Path) -> tuple[int, str, str]:
    return commands.healthmon("user", "kiosk", *map(str, argv))


def test_a_screen_is_added_connected_listed_and_revoked(tmp_path: Path) -> None:
    path = tmp_path / "users"
    users.put(path, User("smith", HASH))
    code, out, _ = kiosk("add", "wall-1", "--file", path)
    assert code == 0
    typed, _, words = out.partition("\n\n")
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{4}(-[A-HJ-NP-Z2-9]{4}){3}", typed)
    assert "within 15 minutes" in words
    kept = path.read_text()
    assert typed not in kept
    assert typed.replace("-", "") not in kept
    assert "code valid until" in kiosk("list", "--file", path)[1]
    found = users.connect_kiosk(path, f" {typed.lower().replace('-', ' ')} ", time.time())
    assert found is not None
    name, token = found
    assert name == "wall-1"
    assert token not in path.read_text()
    assert users.read(path).kiosks["wall-1"].knows(token)
    assert not users.read(path).kiosks["wall-1"].knows(token + "x")
    assert kiosk("list", "--file", path)[1].splitlines()[1].split() == ["wall-1", "connected", "-"]
    assert users.connect_kiosk(path, typed, time.time()) is None, "it works once"
    assert kiosk("revoke", "wall-1", "--file", path)[0] == 0
    assert path.read_text() == f"smith:{HASH}\n"
    told = kiosk("revoke", "wall-1", "--file", path)
    assert told == (3, "", f"{path}: there is no wall screen wall-1\n")


def test_a_new_code_ends_what_was_connected(tmp_path: Path) -> None:
    path = tmp_path / "users"
    first = kiosk("add", "wall-1", "--file", path)[1].split()[0]
    connected = users.connect_kiosk(path, first, time.time())
    assert connected
    code, _, words = kiosk("add", "wall-1", "--file", path)
    assert code == 0
    assert words == "warning: the screen that was connected as wall-1 no longer sees the wall\n"
    assert not users.read(path).kiosks["wall-1"].knows(connected[1])


def test_a_code_is_good_for_fifteen_minutes_and_its_own_screen(tmp_path: Path) -> None:
    path, now = tmp_path / "users", 1_800_000_000.0
    one, code = kiosks.waiting("one", now)
    two, other = kiosks.waiting("two", now)
    for screen in (one, two):
        users.put_kiosk(path, screen)
    assert users.connect_kiosk(path, code, now + kiosks.CODE_SECONDS) is None
    for wrong in ("", "-", code[:-1], code[::-1], code + "A", "\0", "\ud800"):
        assert users.connect_kiosk(path, wrong, now) is None
    assert (users.connect_kiosk(path, other, now + 899) or ("",))[0] == "two"
    assert (users.connect_kiosk(path, code, now + 899) or ("",))[0] == "one"


def test_of_two_who_type_one_code_at_once_one_is_connected(tmp_path: Path) -> None:
    path, now = tmp_path / "users", time.time()
    screen, code = kiosks.waiting("wall-1", now)
    users.put_kiosk(path, screen)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: users.connect_kiosk(path, code, now), range(8)))
    assert len([one for one in found if one is not None]) == 1


@pytest.mark.parametrize(
    "bad",
    [
        "kiosk wall-1",
        "kiosk wall-1:token=",
        "kiosk wall-1:token=xyz",
        f"kiosk wall-1:code={'a' * 64}",
        f"kiosk a b:token={'a' * 64}",
        f"kiosk wall-1:token={'a' * 64}:role=admin",
    ],
)
def test_a_line_that_is_not_understood_is_named(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "users"
    path.write_text(f"{bad}\n")
    found = users.read(path)
    assert found.kiosks == {}
    assert "is not a line 'kiosk NAME:token=HASH'" in str(found.problems[0])


def test_what_is_written_is_read_again() -> None:
    waiting, _ = kiosks.waiting("wall-1", 1_800_000_000.25)
    connected, _ = kiosks.connected("wall-1")
    assert kiosks.parse(waiting.line()) == replace(waiting, until=round(waiting.until))
    assert kiosks.parse(connected.line()) == connected
    assert not Kiosk("empty").takes("", 0.0)
    assert not Kiosk("empty").knows("")
