"""The access log of the agent: the record, the log, and refusals that do not flood it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from healthmon.access import events
from healthmon.access.local_syslog import LocalSyslog
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.runtime import access_log
from healthmon.runtime.access_log import AccessLog
from healthmon.store import AccessRow, Batch, Store

SMITH = User("smith", f"{'ab' * 16}${'cd' * 64}", Role.OPERATOR)


class Kept:
    """An access log with its record and a clock that the test sets."""

    def __init__(self) -> None:
        self.rows: list[AccessRow] = []
        self.at = 1_800_000_000.0
        self.log = AccessLog(self.rows.append, lambda: self.at, LocalSyslog(Path("/nonexistent")))


def test_refusals_are_kept_at_first_and_then_when_they_double() -> None:
    kept = Kept()
    for _ in range(100):
        kept.log.report(events.login_refused(SMITH, "192.0.2.1"))
    ends = [row.text.rpartition(", ")[2] for row in kept.rows]
    assert ends[1:] == [f"{count} times in a row" for count in (2, 3, 4, 5, 8, 16, 32, 64)]
    kept.log.report(events.login_refused(SMITH, "192.0.2.2"))
    assert kept.rows[-1].text == "a login as user smith was refused from 192.0.2.2"
    kept.at += access_log.QUIET_SECONDS
    kept.log.report(events.login_refused(SMITH, "192.0.2.1"))
    assert kept.rows[-1].text == "a login as user smith was refused from 192.0.2.1"


def test_what_is_no_refusal_is_kept_each_time(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    with caplog.at_level(logging.INFO, "healthmon.access"):
        for _ in range(7):
            kept.log.report(events.logged_in(SMITH, "192.0.2.1"))
        kept.log.report(events.login_refused(None, "192.0.2.1"))
    assert len(kept.rows) == 8
    assert len({row.id for row in kept.rows}) == 8
    assert [record.levelname for record in caplog.records[-2:]] == ["INFO", "WARNING"]


def test_many_addresses_need_no_endless_memory() -> None:
    kept = Kept()
    for number in range(access_log.MOST_REMEMBERED + 10):
        kept.log.report(events.login_refused(None, f"192.0.2.{number}"))
    assert len(kept.log._refusals) == access_log.MOST_REMEMBERED


def test_they_are_links_of_the_audit_chain(tmp_path: Path) -> None:
    kept = Kept()
    kept.log.report(events.logged_in(SMITH, "192.0.2.1"))
    kept.at += 60
    kept.log.report(events.login_refused(SMITH, "192.0.2.1"))
    store = Store.open(f"sqlite:///{tmp_path}/db")
    store.record(Batch(access=kept.rows))
    store.record(Batch(access=kept.rows[:1]))
    assert store.access() == kept.rows, "once each"
    assert store.access(kept.at) == kept.rows[1:]
    assert store.broken_links() == []
    with store._engine.transaction():
        store._engine.execute(
            "UPDATE salts SET body = replace(body, 'smith', 'jones') WHERE entry = 2"
        )
    assert store.broken_links() == [2]
    store.close()
