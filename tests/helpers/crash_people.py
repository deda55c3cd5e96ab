"""What the people of a control room enter while the agent is killed (`crash_driver`): acts, notes, ends
of notes, signatures, handovers. An entry is plain values, so that it can be sent again as it was.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from healthmon.incidents.acts import ActKind, act
from healthmon.store import Store, StoreError, Wanted
from healthmon.store.handovers import Handover, NewNote, Party, Signing

LONG = 1e9
Entry = dict[str, Any]


def entry(kind: str, name: str, store: Store) -> Entry | None:
    """What `name` is about to enter; None where there is nothing to do that to."""
    found: Entry = {"kind": kind, "name": name}
    if kind == "act":
        numbers = [one.number for one in store.incidents(Wanted(open_only=True))]
        return found | {"number": numbers[0]} if numbers else None
    if kind == "end":
        notes = store.open_notes()
        return found | {"note": random.choice(notes).id} if notes else None
    if kind in ("sign", "handover"):
        last = store.last_sweep() if kind == "sign" else None
        sweep = last[0] if last else store.keep_sweep(time.time(), "{}")
        return found | {"sweep": sweep}
    return found


def _act(store: Store, one: Entry) -> None:
    made = act(ActKind.CONFIRM, one["name"], time.time())
    store.act(replace(made, number=one["number"]))


def _hand_over(store: Store, one: Entry) -> None:
    name = one["name"]
    both = (Signing(Party.OUTGOING, name), Signing(Party.INCOMING, f"{name} next"))
    note = NewNote(name, name, f"handed over by {name}")
    store.hand_over(Handover(one["sweep"], both, time.time(), LONG, note=note))


ENTER: Mapping[str, Callable[[Store, Entry], object]] = {
    "act": _act,
    "note": lambda store, one: store.write_note(
        NewNote(one["name"], one["name"], "a note"), time.time()
    ),
    "end": lambda store, one: store.end_note(one["note"], one["name"], time.time(), LONG * 10),
    "sign": lambda store, one: store.sign(one["sweep"], one["name"], "", time.time(), LONG),
    "handover": _hand_over,
}
KINDS = tuple(ENTER)
_LINKS = {
    "act": "confirm",
    "note": "note",
    "end": "note-ended",
    "sign": "sign",
    "handover": Party.OUTGOING.value,
    "next": Party.INCOMING.value,
}
# What a person sends again who got no answer: it must be there once.
AGAIN = ("note", "end", "sign", "handover")


def enter(store: Store, one: Entry) -> str:
    """Enter it; why it was refused, "" where it was taken."""
    try:
        ENTER[one["kind"]](store, one)
    except StoreError as error:
        return str(error)
    return ""


def problems(store: Store, entered: Iterable[Entry], intended: Iterable[Entry]) -> list[str]:
    """What of `entered` is lost in the store, and what is there that is doubled or was never
    `intended`.
    """
    found = []
    done, wanted, links = _names(entered), _names(intended), _links(store)
    for kind, kept in _kept(store).items():
        there = Counter(kept)
        found += [f"{kind} {name} is there twice" for name, count in there.items() if count > 1]
        found += [f"{kind} {name} is lost" for name in done[kind] - there.keys()]
        found += [f"{kind} {name} was never sent" for name in there.keys() - wanted[kind]]
        if len(kept) != links[_LINKS[kind]]:
            found.append(f"{len(kept)} of {kind}, {links[_LINKS[kind]]} in the audit chain")
    return found


def _links(store: Store) -> Counter[str]:
    """How many links of each kind the audit chain has."""
    engine = store._engine
    with engine.transaction():
        rows = engine.execute("SELECT kind, count(*) FROM chain GROUP BY kind").fetchall()
    return Counter(dict(rows))


def _names(entries: Iterable[Entry]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {kind: set() for kind in (*KINDS, "next")}
    for one in entries:
        found[one["kind"]].add(str(one["note"]) if one["kind"] == "end" else one["name"])
        if one["kind"] == "handover":
            found["note"].add(one["name"])
            found["next"].add(f"{one['name']} next")
    return found


def _kept(store: Store) -> dict[str, list[str]]:
    """Every entry of each kind that the store holds, by name; an ended note by its number."""
    lives = store.life_cycles(store.incidents())
    notes = store.open_notes() + store.notes_ended(0.0)
    last = store.last_sweep()
    sweeps = range(1, last[0] + 1) if last else ()
    signed = [one for sweep in sweeps for one in store.signatures(sweep)]
    return {
        "act": [one.by for life in lives for one in life.acts],
        "note": [one.by for one in notes],
        "end": [str(one.id) for one in notes if one.ended is not None],
        "sign": [one.name for one in signed if not one.party],
        "handover": [one.name for one in signed if one.party == Party.OUTGOING],
        "next": [one.name for one in signed if one.party == Party.INCOMING],
    }
