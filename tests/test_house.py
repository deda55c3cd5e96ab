"""The house rules that a machine can hold: words shared between rooms."""

from __future__ import annotations

from healthmon.model import Reason
from healthmon.verdict.words import REASON_WORDS
from healthmon.wire import errors


def all_kinds(kind: type[errors.WireError]) -> set[str]:
    return {kind.reason} | {word for child in kind.__subclasses__() for word in all_kinds(child)}


def test_every_wire_error_has_a_reason_of_the_model():
    assert all_kinds(errors.WireError) <= {reason.value for reason in Reason}


def test_every_reason_has_words():
    assert set(REASON_WORDS) == set(Reason)
