"""Signatures, handovers and notes for the next shift in the store, on SQLite and on a real PostgreSQL:
two people, once each, in the audit chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers.stores import Opener, opener, server

from healthmon.store import Author, ShiftNote, Signature, Store, StoreError
from healthmon.store.handovers import Handover, NewNote, Party, Signing
from healthmon.store.retained import alike

pytestmark = pytest.mark.slow
__all__ = ["opener", "server"]  # fixtures
MADE = 1000.0
DAY = Signing(Party.OUTGOING, "day", "all quiet")
NIGHT = Signing(Party.INCOMING, "night")
NOTE = NewNote("t1", "day", "gate 3 is locked")


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    made = opener()
    yield made
    made.close()


@pytest.fixture
def sweep(store: Store) -> int:
    """A sheet made at `MADE`."""
    return store.keep_sweep(MADE, "{}")


def handover(sweep: int, *signings: Signing, at: float = MADE + 60) -> Handover:
    return Handover(sweep, signings, at, 900.0)


def test_o9_a_stale_sweep_is_not_signed_and_a_second_signature_is_an_addition(
    store: Store, sweep: int
) -> None:
    assert store.last_sweep() == (sweep, MADE, "{}")
    assert store.sign(sweep, "A. Day", "", 1100.0, 900.0, author=Author(7, "day")) == "signed"
    assert store.sign(sweep, "A. Day", "", 5000.0, 900.0) == "already"
    assert store.sign(sweep, "B. Night", "quiet", 1200.0, 900.0) == "added"
    with pytest.raises(StoreError, match="sweep again"):
        store.sign(sweep, "C. Late", "", 2000.0, 900.0)
    assert store.signatures(sweep) == [
        Signature("A. Day", 1100.0),
        Signature("B. Night", 1200.0, addition=True, note="quiet"),
    ]
    assert store.authors("signoffs") == {1: Author(7, "day")}
    with pytest.raises(StoreError, match=r"dated 8 min ahead .* sweep again"):
        store.sign(sweep, "D. Early", "", 500.0, 900.0)
    assert store.broken_links() == []


def test_two_people_hand_over_once_and_with_the_note(store: Store, sweep: int) -> None:
    made = replace(handover(sweep, DAY, NIGHT), note=NOTE)
    both = [
        Signature("day", MADE + 60, party="outgoing", note="all quiet"),
        Signature("night", MADE + 60, party="incoming"),
    ]
    assert store.hand_over(made) == both
    assert store.hand_over(replace(made, at=MADE + 61)) == []
    assert store.signatures(sweep) == both
    assert [note.text for note in store.open_notes()] == ["gate 3 is locked"]
    with pytest.raises(StoreError, match="this shift night has accepted already"):
        store.hand_over(handover(sweep, Signing(Party.INCOMING, "other")))
    assert store.broken_links() == []


@pytest.mark.parametrize(
    ("signings", "words"),
    [
        ((DAY, replace(NIGHT, name="Day")), "one person cannot hand over and accept"),
        ((DAY,), "the outgoing person signs alone: a reason is needed"),
        ((NIGHT,), "the incoming person signs alone: a reason is needed"),
    ],
)
def test_what_is_no_handover_of_two_people_is_refused_whole(
    store: Store, sweep: int, signings: tuple[Signing, ...], words: str
) -> None:
    with pytest.raises(StoreError, match=words):
        store.hand_over(replace(handover(sweep, *signings), note=NOTE))
    assert (store.signatures(sweep), store.open_notes()) == ([], [])


def test_alone_and_late_are_signed_with_their_reason(store: Store, sweep: int) -> None:
    alone = replace(handover(sweep, DAY), reason="nobody has come")
    (signed,) = store.hand_over(alone)
    assert (signed.apart, signed.reason) == ("alone", "nobody has come")
    with pytest.raises(StoreError, match="one person cannot hand over and accept"):
        store.hand_over(handover(sweep, replace(NIGHT, name="day"), at=MADE + 90))
    with pytest.raises(StoreError, match="the incoming person signs late: a reason is needed"):
        store.hand_over(handover(sweep, NIGHT, at=MADE + 90))
    (signed,) = store.hand_over(
        replace(handover(sweep, NIGHT, at=MADE + 90), reason="the bus was late")
    )
    assert (signed.apart, signed.reason) == ("late", "the bus was late")
    late = replace(handover(store.keep_sweep(MADE, "{}"), DAY, NIGHT), late=True)
    with pytest.raises(StoreError, match="signs late: a reason is needed"):
        store.hand_over(late)
    found = store.hand_over(replace(late, reason="an incident"))
    assert {(one.apart, one.reason) for one in found} == {("late", "an incident")}


def test_a_stale_sheet_is_not_handed_over(store: Store, sweep: int) -> None:
    with pytest.raises(StoreError, match=r"16 min old \(limit 15\); sweep again"):
        store.hand_over(handover(sweep, DAY, NIGHT, at=MADE + 16 * 60))
    store.keep_sweep(MADE + 30, "{}")
    with pytest.raises(StoreError, match="a newer sheet was made meanwhile"):
        store.hand_over(handover(sweep, DAY, NIGHT))
    with pytest.raises(StoreError, match="no sweep 99"):
        store.hand_over(handover(99, DAY, NIGHT))


def test_a_note_is_written_once_and_ended_by_the_next_shift(store: Store, sweep: int) -> None:
    note = store.write_note(NOTE, MADE, Author(7, "day"))
    assert store.write_note(NOTE, MADE + 1) == note
    assert store.authors("notes") == {note: Author(7, "day")}
    with pytest.raises(StoreError, match="the next one ends it, or day takes it back"):
        store.end_note(note, "late", MADE + 10, 900.0)
    assert store.end_note(note, "day", MADE + 20, 900.0).ender == "day"
    assert store.keep_note(note, "day", MADE + 30).ended is None
    store.hand_over(handover(sweep, DAY, NIGHT))
    ended = ShiftNote(note, "day", MADE, NOTE.text, MADE + 70, "night")
    assert store.end_note(note, "night", MADE + 70, 900.0) == ended
    assert store.end_note(note, "other", MADE + 80, 900.0) == ended, "it was ended already"
    assert (store.open_notes(), store.notes_ended(MADE)) == ([], [ended])
    assert store.keep_note(note, "night", MADE + 90) == store.keep_note(note, "day", MADE + 91)
    assert [one.text for one in store.open_notes()] == [NOTE.text]
    with pytest.raises(StoreError, match="there is no such note"):
        store.end_note(99, "night", MADE, 0.0)
    assert store.broken_links() == []


def test_a_note_is_over_for_the_next_shift_by_its_time_too(store: Store) -> None:
    note = store.write_note(NOTE, MADE)
    assert store.end_note(note, "night", MADE + 70, MADE + 60).ender == "night"


def test_a_sheet_has_the_notes_that_were_shown_until_it_was_signed(
    store: Store, sweep: int
) -> None:
    before = store.write_note(NOTE, MADE - 100)
    over = store.write_note(replace(NOTE, token="t2"), MADE - 90)
    store.end_note(over, "day", MADE - 50, 0.0)
    store.hand_over(
        replace(handover(sweep, DAY, NIGHT), note=NewNote("t3", "day", "at the handover"))
    )
    store.write_note(NewNote("t4", "night", "of the next shift"), MADE + 300)
    store.end_note(before, "night", MADE + 400, 0.0)
    signed, notes = store.on_sheet(sweep, MADE)
    assert [one.name for one in signed] == ["day", "night"]
    assert [one.text for one in notes] == ["gate 3 is locked", "at the handover"]


def test_what_is_old_is_deleted_but_no_open_note(store: Store, sweep: int) -> None:
    store.hand_over(replace(handover(sweep, DAY, NIGHT), note=NOTE))
    ended = store.write_note(replace(NOTE, token="t2"), MADE)
    store.end_note(ended, "night", MADE + 70, MADE + 60)
    deleted = store.trim(alike(MADE + 1000), MADE + 2000)
    assert deleted is not None
    assert (deleted.counts["handovers"], deleted.counts["notes"]) == (2, 1)
    assert store.signatures(sweep) == []
    assert len(store.open_notes()) == 1
