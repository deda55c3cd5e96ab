"""A store with a row of every kind that people are shown."""

from __future__ import annotations

import math
from dataclasses import replace

from healthmon.checks.function_check.walk import Outcome, Tick
from healthmon.incidents.acts import ActKind, act
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.store import AccessRow, Author, Batch, Store
from healthmon.store.handovers import Handover, NewNote, Party, Signing
from helpers.store_samples import full

NOW = 1_800_000_000.0
ME = Author(1000, "asmith")


def fill(store: Store) -> None:
    """A row of every kind that people are shown."""
    store.record(full())
    confirm = act(ActKind.CONFIRM, "A. Smith", NOW)
    store.act(replace(confirm, number=7, form="f1"), ME)
    sweep = store.keep_sweep(NOW, '{"a":1}')
    both = (Signing(Party.OUTGOING, "A. Smith", "note"), Signing(Party.INCOMING, "B. Jones"))
    note = NewNote("token", "A. Smith", "the key is with J. Doe")
    store.hand_over(Handover(sweep, both, NOW + 1, math.inf, note=note))
    store.sign(sweep, "C. Brown", "late", NOW + 2, math.inf, author=ME)
    written = store.write_note(NewNote("t2", "C. Brown", "J. Doe called"), NOW + 3, ME)
    store.end_note(written, "C. Brown", NOW + 4, 0.0)
    store.keep_note(written, "B. Jones", NOW + 5)
    store.tick(Tick("C001", Outcome.WELL, "A. Smith", NOW + 6, sweep, "form", "clean"), 0.0, 0)
    kind = next(iter(OperationKind))
    details = {"reason": "tree works"}
    store.operate(Operation(kind, "C001", "B. Jones", NOW + 7, NOW + 999, details, "once"))
    store.record(Batch(access=[AccessRow(NOW + 8, "login", "smith", "192.0.2.1", "smith's login")]))
