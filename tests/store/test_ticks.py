"""Ticks at cameras in the store: one transaction with the audit chain and the fault, each form once,
kill -9.
"""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.stores import Opener, opener, server

from healthmon.checks.function_check.walk import Outcome, Tick, by_camera
from healthmon.incidents.acts import ActKind
from healthmon.incidents.incident import EstateState
from healthmon.incidents.reducer import IncidentReducer
from healthmon.store import Batch, Store, StoreError
from healthmon.store.retained import alike

pytestmark = pytest.mark.slow
__all__ = ["opener", "server"]  # fixtures
NOW = 1_760_000_000.0
LIVES = int(os.environ.get("CRASH_LIVES", "60")) // 6


def tick(
    form: str, camera: str, outcome: Outcome = Outcome.WELL, by: str = "A. Smith", **more
) -> Tick:
    return replace(Tick(camera, outcome, by, NOW + 10.0, 1, form), **more)


def numbered(store: Store) -> int:
    """What the agent does with a raised fault."""
    saved, reducer = store.load(), IncidentReducer()
    reducer.restore(saved.incidents, saved.last_number)
    raised = {act.id: reducer.raise_fault(act, EstateState({})) for act in store.raised()}
    store.record(Batch(incidents=dict(reducer.incidents), raised=raised))
    return max(raised.values())


def kept(store: Store) -> list[tuple[str, str]]:
    return [(one.camera, one.outcome.value) for one in store.ticks(NOW, NOW + 1000)]


def test_a_tick_is_kept_once_however_often_its_form_comes(opener: Opener) -> None:
    store = opener()
    sweep = store.keep_sweep(NOW, "{}")
    first = store.tick(tick("f1", "C001", sweep=sweep, comment="a little dirt"), NOW - 5, 0)
    assert store.tick(tick("f1", "C001", sweep=sweep), NOW - 5, 0) == first
    assert store.tick(tick("f1", "C002", Outcome.NOT_WELL, sweep=sweep), NOW - 5, 0) == first
    assert store.ticks(NOW, NOW + 1000) == (first,)
    assert (first.comment, first.by, first.id > 0) == ("a little dirt", "A. Smith", True)
    assert store.raised() == []
    assert store.broken_links() == []
    store.close()


def test_not_well_and_its_fault_are_there_together_or_not_at_all(opener: Opener) -> None:
    store = opener()
    sweep = store.keep_sweep(NOW, "{}")
    bad = tick("f1", "C001", Outcome.NOT_WELL, sweep=sweep)
    with pytest.raises(StoreError, match="needs what"):
        store.tick(bad, NOW - 5, 0)
    assert (store.raised(), kept(store)) == ([], [])
    made = store.tick(replace(bad, comment="dome is dirty"), NOW - 5, 0)
    (act,) = store.raised()
    assert (act.id, act.kind, act.get("what"), act.get("device")) == (
        made.act,
        ActKind.RAISE,
        "dome is dirty",
        "C001",
    )
    assert store.ticks(NOW, NOW + 99)[0].number == 0
    number = numbered(store)
    assert store.ticks(NOW, NOW + 99)[0].number == number
    assert store.broken_links() == []
    store.close()


def test_a_stale_sheet_and_a_camera_that_another_has_just_ticked_are_refused(
    opener: Opener,
) -> None:
    store = opener()
    old, new = store.keep_sweep(NOW - 50_000, "{}"), store.keep_sweep(NOW, "{}")
    for sweep in (old, new + 7):
        with pytest.raises(StoreError, match="earlier shift check"):
            store.tick(tick("f1", "C001", sweep=sweep), NOW - 5, 0)
    theirs = store.tick(tick("f2", "C001", by="B. Jones", sweep=new), NOW - 5, 0)
    with pytest.raises(
        StoreError, match=r"B\. Jones has looked at C001 \(well\); nothing was kept"
    ):
        store.tick(tick("f3", "C001", Outcome.SKIPPED, sweep=new), NOW - 5, 0)
    again = store.tick(tick("f4", "C001", Outcome.SKIPPED, sweep=new), NOW - 5, theirs.id)
    assert by_camera(store.ticks(NOW, NOW + 99))["C001"] == again
    store.close()


def test_the_last_tick_is_taken_back_with_its_fault_and_stays_on_record(opener: Opener) -> None:
    store = opener()
    sweep = store.keep_sweep(NOW, "{}")
    well = store.tick(tick("f1", "C001", sweep=sweep), NOW - 5, 0)
    bad = store.tick(
        tick("f2", "C002", Outcome.NOT_WELL, sweep=sweep, comment="dark"), NOW - 5, well.id
    )
    store.tick(tick("f3", "C003", by="B. Jones", sweep=sweep), NOW - 5, bad.id)
    with pytest.raises(StoreError, match="not your last tick"):
        store.undo_tick(well.id, "A. Smith", NOW + 20, "u0")
    with pytest.raises(StoreError, match="no number yet"):
        store.undo_tick(bad.id, "A. Smith", NOW + 20, "u1")
    number = numbered(store)
    undone = store.undo_tick(bad.id, "A. Smith", NOW + 20, "u2")
    assert store.undo_tick(bad.id, "A. Smith", NOW + 21, "u2") == undone
    life = store.life_cycle(number)
    assert (life.closed is not None, life.incident.closed) == (True, NOW + 20)
    assert kept(store)[-1] == ("C002", "undone")
    assert set(by_camera(store.ticks(NOW, NOW + 99))) == {"C001", "C003"}
    assert store.undo_tick(well.id, "A. Smith", NOW + 30, "u3").undoes == well.id
    assert store.broken_links() == []
    store.close()


def test_a_tick_whose_fault_others_have_taken_up_is_not_taken_back(opener: Opener) -> None:
    store = opener()
    sweep = store.keep_sweep(NOW, "{}")
    bad = store.tick(tick("f", "C1", Outcome.NOT_WELL, sweep=sweep, comment="dark"), NOW - 5, 0)
    number = numbered(store)
    (raised,) = store.life_cycle(number).acts
    store.act(replace(raised, kind=ActKind.CONFIRM, details={}, id=0))
    with pytest.raises(StoreError, match="somebody has acted on it"):
        store.undo_tick(bad.id, "A. Smith", NOW + 20, "u")
    assert kept(store) == [("C1", "not well")]
    store.close()


def test_who_was_seen_when_leaves_out_what_was_skipped_or_taken_back(opener: Opener) -> None:
    store = opener()
    sweep = store.keep_sweep(NOW, "{}")
    store.tick(tick("f1", "C001", sweep=sweep), 0.0, 0)
    store.tick(tick("f2", "C001", sweep=sweep, at=NOW + 20), 0.0, 99)
    store.tick(tick("f3", "C002", Outcome.SKIPPED, sweep=sweep), 0.0, 99)
    gone = store.tick(tick("f4", "C003", sweep=sweep), 0.0, 99)
    store.undo_tick(gone.id, "A. Smith", NOW + 30, "u1")
    assert store.last_seen(NOW + 100) == {"C001": NOW + 20}
    assert store.last_seen(NOW + 15) == {"C001": NOW + 10}
    assert store.last_seen(NOW) == {}
    store.trim(alike(NOW + 15), NOW + 100)
    assert kept(store)[0] == ("C001", "well")
    assert store.last_seen(NOW + 15) == {}
    store.close()


def one_life(url: str, seed: int) -> list[str]:
    """Fork somebody who walks, and kill them a moment after their first tick; what was
    acknowledged.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            store = Store.open(url)
            for count in range(10_000):
                form = f"{seed}-{count}"
                outcome = Outcome.NOT_WELL if count % 3 == 0 else Outcome.WELL
                store.tick(tick(form, f"C{count}", outcome, sweep=1, comment=form), 0.0, 10**9)
                os.write(write, f"{form}\n".encode())
        finally:
            os._exit(1)
    os.close(write)
    said = os.read(read, 65536)
    time.sleep(random.Random(seed).uniform(0.0, 0.03))
    os.kill(child, signal.SIGKILL)
    while block := os.read(read, 65536):
        said += block
    os.waitpid(child, 0)
    os.close(read)
    return [line.decode() for line in said.split(b"\n")[:-1]]


def test_a_tick_that_was_acknowledged_survives_kill_9_with_its_fault(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    store = Store.open(url)
    assert store.keep_sweep(NOW, "{}") == 1
    store.close()
    said = [form for seed in range(LIVES) for form in one_life(url, seed)]
    store = Store.open(url)
    ticks = store.ticks(NOW, NOW + 1000)
    assert store.broken_links() == []
    raised = {act.get("what"): act.id for act in store.raised()}
    store.close()
    forms = [one.form for one in ticks]
    assert len(said) >= LIVES
    assert set(said) <= set(forms), "a tick that was acknowledged is lost"
    assert len(forms) == len(set(forms)) <= len(said) + LIVES
    bad = {one.form: one.act for one in ticks if one.outcome is Outcome.NOT_WELL}
    assert bad == raised
