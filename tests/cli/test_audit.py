"""`healthmon audit`: what was changed in the record by hand is said in words, with an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.commands import healthmon
from helpers.store_samples import full
from helpers.stores import at_once, configured, server, url

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.store import Store

__all__ = ["server", "url"]  # fixtures

CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: state}
sites: [{id: riverside, name: Riverside}]
cameras: [{id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: fixed}]
"""


@pytest.fixture
def config(url: str, tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir(exist_ok=True)
    store = Store.open(url)
    store.record(full())
    store.keep_sweep(1_800_000_000.0, "{}")
    store.close()
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + configured(url, tmp_path))
    return path


def head_of(url: str) -> str:
    store = Store.reader(url)
    try:
        return store.head().short
    finally:
        store.close()


def test_a_changed_row_is_named_and_the_exit_code_says_so(config: Path, url: str) -> None:
    head = head_of(url)
    code, out, err = healthmon("audit", "verify", "--config", str(config), "--anchor", head)
    words = (
        f"OK: 2 entries and 2 rows are as they were written and agree with the anchor; head {head}"
    )
    assert (code, out) == (0, f"{words}\n")
    code, out, err = healthmon(
        "audit", "verify", "--config", str(config), "--anchor", "9:0123456789abc"
    )
    assert code == 1
    assert out.startswith("entries 3 to 9 are missing at the end: the chain was cut")
    at_once(url, "UPDATE sweeps SET body = '[]'")
    code, out, err = healthmon("audit", "verify", "--config", str(config))
    assert code == 1
    first, last = out.splitlines()
    assert first == (
        "sheet 1 (sweeps; entry 2 of 15 Jan 2027 08:00:00 UTC): body was changed after it was written"
    )
    assert last == f"NOT AS WRITTEN: 1 finding in 2 entries and 2 rows; head {head}"
    assert "Traceback" not in err


def test_entries_are_listed_without_what_is_sealed(config: Path) -> None:
    code, out, err = healthmon("audit", "show", "--config", str(config), "--days", "100000")
    assert code == 0
    first, second = out.splitlines()
    assert first.split()[0] == "1"
    assert "opened         cases 7" in first
    assert "code unreachable" in first
    assert "no answer" not in out
    assert "sheet          sweeps 1" in second


def test_a_bad_anchor_is_one_line(config: Path) -> None:
    code, out, err = healthmon("audit", "verify", "--config", str(config), "--anchor", "12")
    assert (code, out) == (3, "")
    assert err == "'12': an anchor is N:HEX, as 1234:0123456789abc\n"


WEBHOOK = "notify: {x: {webhook: {url: 'http://127.0.0.1:1/'}}}\n"
KEPT_NOWHERE = "nobody outside this machine keeps the head of the audit chain"


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ("", False),
        (WEBHOOK + "routes: [{to: x}]\n", False),
        ("notify: {x: {syslog: {server: 127.0.0.1}}}\n", True),
        (
            WEBHOOK + "routes: [{to: x, digest: ['07:00']}]\n",
            True,
        ),
    ],
    ids=["nothing", "webhook", "syslog", "digest"],
)
def test_check_config_warns_where_nobody_keeps_the_head(
    tmp_path: Path, more: str, kept: bool
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + more)
    code, _, err = healthmon("check-config", "--config", str(path))
    assert (code, KEPT_NOWHERE in err) == (0, not kept), err


def test_a_scraper_keeps_the_head_too(tmp_path: Path) -> None:
    path, known = tmp_path / "config.yaml", tmp_path / "users"
    path.write_text(CONFIG.replace("directory: state", "directory: state, users_file: users"))
    stored = passwords.hash_password("three long words")
    known.write_text(f"{User('smith', stored, Role.VIEWER).line()}\n")
    known.chmod(0o600)
    assert KEPT_NOWHERE in healthmon("check-config", "--config", str(path))[2]
    with known.open("a") as file:
        file.write(f"{User('prometheus', stored, Role.SCRAPER).line()}\n")
    code, _, err = healthmon("check-config", "--config", str(path))
    assert (code, KEPT_NOWHERE in err) == (0, False), err
