"""What the record and syslog get of access: changes of the users file in words, never what was typed."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from helpers.support import Peers, need

from healthmon.access import events, kiosks
from healthmon.access.events import AccessEvent, AccessKind
from healthmon.access.local_syslog import MOST_CHARACTERS, LocalSyslog
from healthmon.access.roles import Permission, Role
from healthmon.access.users import User, UsersFile

HASH = f"{'ab' * 16}${'cd' * 64}"
SMITH = User("smith", HASH, Role.OPERATOR, "asmith")
OLD = User("old", HASH)


def users(*found: User, screens: tuple[kiosks.Kiosk, ...] = ()) -> UsersFile:
    return UsersFile({one.name: one for one in found}, {one.name: one for one in screens})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (users(), users(SMITH), "user smith was added: operator, Unix account asmith"),
        (users(SMITH), users(), "user smith (operator, Unix account asmith) was removed"),
        (
            users(SMITH),
            users(replace(SMITH, given_role=Role.ADMIN)),
            "user smith was changed: operator, Unix account asmith -> admin, Unix account asmith",
        ),
        (
            users(OLD),
            users(replace(OLD, disabled=date(2027, 2, 1))),
            "user old was changed: admin -> admin, disabled on 2027-02-01",
        ),
        (
            users(OLD),
            users(replace(OLD, stored=HASH.replace("ab", "cd"))),
            "user old was changed: a new password",
        ),
    ],
)
def test_a_change_of_users_is_a_sentence(before: UsersFile, after: UsersFile, told: str) -> None:
    assert [event.text for event in events.changes(before, after)] == [told]


def test_what_stays_is_no_event_and_screens_have_theirs() -> None:
    waiting, _ = kiosks.waiting("wall-1", 1e9)
    connected, _ = kiosks.connected("wall-1")
    assert list(events.changes(users(SMITH), users(SMITH))) == []
    none, code, token = users(), users(screens=(waiting,)), users(screens=(connected,))
    kinds = [
        [event.kind for event in events.changes(*pair)]
        for pair in ((none, code), (code, token), (token, code), (token, none))
    ]
    assert kinds == [
        [AccessKind.KIOSK_ADDED],
        [],  # the page that connects it tells so itself
        [AccessKind.KIOSK_ADDED],
        [AccessKind.KIOSK_REVOKED],
    ]


def test_no_event_holds_a_hash_or_a_name_that_nobody_has() -> None:
    screen, _ = kiosks.connected("wall-1")
    everything = [
        *events.changes(users(), users(SMITH, OLD, screens=(screen,))),
        *events.changes(users(SMITH), users(replace(SMITH, stored=HASH.replace("ab", "ba")))),
        events.users_at_start(users(SMITH, screens=(screen,))),
        events.login_refused(None, "192.0.2.1"),
        events.login_refused(SMITH, "192.0.2.1"),
        events.refused(SMITH.person, SMITH.person.refusal(Permission.RELOAD), "192.0.2.1"),
    ]
    shown = " ".join(map(str, everything))
    assert "cdcd" not in shown
    assert screen.token not in shown
    assert everything[-3].text == (
        "a login as a name that may not log in was refused from 192.0.2.1"
    )
    assert [event.failed for event in everything[-3:]] == [True] * 3


CONFIG = """
global(workDirectory="{folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" socket="{socket}")
template(name="out" type="list" option.jsonf="on") {{
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="program" name="programname" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
}}
action(type="omfile" file="{out}" template="out" asyncWriting="off")
"""


@pytest.mark.peer
def test_rsyslog_gets_them_as_authpriv_messages(peers: Peers) -> None:
    need("rsyslogd")
    folder = Path(peers.folder)
    path, out = folder / "log", folder / "out"
    (folder / "rsyslog.conf").write_text(CONFIG.format(folder=folder, socket=path, out=out))
    peers.start("rsyslogd", "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid")
    end = time.monotonic() + 60
    while not path.is_socket() and time.monotonic() < end:
        time.sleep(0.02)
    syslog = LocalSyslog(path)
    syslog.send(AccessEvent(AccessKind.LOGIN, "user smith (operator) logged in from ::1", "smith"))
    syslog.send(AccessEvent(AccessKind.LOGIN_REFUSED, "refused\n<0>kernel: forged"))
    syslog.send(AccessEvent(AccessKind.USERS, "x" * 100_000))
    while (not out.exists() or out.read_text().count("\n") < 3) and time.monotonic() < end:
        time.sleep(0.02)
    got = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["facility"] for one in got] == ["authpriv"] * 3
    assert [one["severity"] for one in got] == ["info", "warning", "info"]
    assert {one["program"] for one in got} == {"healthmon"}
    assert got[0]["msg"].strip() == "access login: user smith (operator) logged in from ::1"
    assert got[1]["msg"].strip() == "access login_refused: refused <0>kernel: forged"
    assert len(got[2]["msg"].strip()) == MOST_CHARACTERS


def test_a_receiver_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(str(tmp_path / "log"))
        syslog = LocalSyslog(tmp_path / "log")
        began = time.monotonic()
        for _ in range(2000):
            syslog.send(AccessEvent(AccessKind.LOGIN, "x" * 500))
        assert time.monotonic() - began < 5
    syslog.send(AccessEvent(AccessKind.LOGIN, "nobody listens any more"))
    LocalSyslog(tmp_path / "nothing").send(AccessEvent(AccessKind.LOGIN, "x"))
