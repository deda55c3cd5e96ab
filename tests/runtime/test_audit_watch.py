"""The agent verifies the audit chain by itself; its head is noted beside the store and goes with
metrics, digests and sheets.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.shift_estate import sheet
from helpers.stores import backup, server, url

from healthmon.runtime import agent_metrics, audit_watch
from healthmon.runtime.audit_watch import AuditWatch, note_head, noted_head
from healthmon.store import Store
from healthmon.store.audit import Head
from healthmon.store.verification import Anchor
from healthmon_exporters.reports import shift_csv, shift_document, shift_html, shift_text

__all__ = ["server", "url"]  # fixtures


@pytest.fixture(autouse=True)
def at_full_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_watch, "REST_SECONDS", 0.0)


def store_of(url: str, sweeps: int) -> Store:
    store = Store.open(url)
    for number in range(sweeps):
        store.keep_sweep(1_800_000_000.0 + number, "{}")
    return store


async def test_what_was_changed_beside_the_agent_is_found_and_over_when_it_is_back(
    url: str,
) -> None:
    store = store_of(url, 3)
    watch = AuditWatch(lambda: Store.reader(url))
    await watch.verify()
    assert (watch.problem, watch.verified_at is not None) == ("", True)
    with store._engine.transaction():
        store._engine.execute("UPDATE sweeps SET body = '[]' WHERE id > 1")
    await watch.verify()
    assert watch.problem.startswith(
        "sheet 2 (sweeps; entry 2 of 15 Jan 2027 08:00:01 UTC): body was"
    )
    assert watch.problem.endswith(", and 1 more")
    with store._engine.transaction():
        store._engine.execute("UPDATE sweeps SET body = '{}'")
    await watch.verify()
    assert watch.problem == ""
    store.close()


async def test_a_copy_that_was_put_in_place_of_the_store_is_found_after_a_restart(
    url: str, tmp_path: Path
) -> None:
    store = store_of(url, 3)
    restore = backup(url, tmp_path)
    store.keep_sweep(1_800_000_100.0, "{}")
    note_head(tmp_path, store.head())
    store.close()
    restore()
    watch = AuditWatch(lambda: Store.reader(url), tmp_path)
    await watch.verify()
    assert watch.problem == (
        "entry 4 is missing at the end: the chain was cut, or a backup was restored"
    )


def test_the_head_is_noted_once_a_minute_and_not_before_it_was_compared(tmp_path: Path) -> None:
    watch = AuditWatch(lambda: pytest.fail("not opened"), tmp_path)
    watch.moved_on(Head(3, "a" * 64))
    assert noted_head(tmp_path) is None
    watch.verified_at = time.time()
    watch._noted = (time.monotonic() - 61.0, Head())
    watch.moved_on(Head(4, "b" * 64))
    watch.moved_on(Head(5, "c" * 64))
    assert noted_head(tmp_path) == Anchor(4, "b" * 64)
    assert watch.head.entries == 5
    (tmp_path / audit_watch.FILE).write_text("[]")
    assert noted_head(tmp_path) is None
    assert noted_head(None) is None


async def test_a_verification_ends_with_the_agent_and_a_store_that_is_away_is_no_change(
    url: str,
) -> None:
    store_of(url, 3).close()
    watch = AuditWatch(lambda: Store.reader(url))
    watch._end.set()
    await watch.verify()
    assert watch.verified_at is None
    away = AuditWatch(audit_watch_away)
    await away.verify()
    assert (away.problem, away.verified_at) == ("", None)


def audit_watch_away() -> Store:
    return Store.reader("sqlite:////nowhere/history.db")


def test_the_metrics_have_entries_and_52_bits_of_the_hash() -> None:
    put: dict[str, float] = {}
    watch = AuditWatch(audit_watch_away, head=Head(7, "f" * 64), verified_at=5.0, problem="x")
    agent_metrics._audit(watch, put.__setitem__)
    assert put == {
        "healthmon_audit_entries": 7,
        "healthmon_audit_head": 2**52 - 1,
        "healthmon_audit_ok": 0.0,
        "healthmon_audit_verified_timestamp_seconds": 5.0,
    }


def test_every_form_of_the_sheet_names_the_head() -> None:
    made = shift_document.document(replace(sheet(), audit_head="7:0123456789abc"))
    assert "; audit chain 7:0123456789abc; the check took" in shift_text.text(made, 200)
    assert "; audit chain 7:0123456789abc; the check took" in shift_html.page(made)
    assert shift_csv.text(made).splitlines()[-1].endswith("audit,Audit chain,,7:0123456789abc")
    assert json.loads(json.dumps(made))["audit_head"] == "7:0123456789abc"
