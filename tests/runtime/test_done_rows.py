"""What the page of a device says of what people, and the agent, did to it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from healthmon.incidents.operations import Operation, OperationKind
from healthmon.runtime.device_work import done_row

MOVE = {"preset": "preset Market", "why": "home again"}


@pytest.mark.parametrize(
    ("kind", "details", "what", "words"),
    [
        (OperationKind.CHECK, {}, "check asked for", ""),
        (OperationKind.BASELINE, {}, "view learned anew", ""),
        (OperationKind.PTZ_MOVE, MOVE, "camera sent", "preset Market, home again"),
        (OperationKind.PICTURE_SHOWN, {}, "picture looked at", ""),
    ],
)
def test_each_has_its_words(
    kind: OperationKind, details: dict[str, str], what: str, words: str
) -> None:
    row = done_row(Operation(kind, "C1", "Smith", 5.0, 5.0, details), ZoneInfo("Europe/London"))
    assert (row.what, row.details) == (what, words)
