"""How long a walk takes at the keyboard; the keys are those that the browser test sends."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import keystrokes

from healthmon.checks.function_check.walk import Rota

DAY = 86400.0
PAGES = Path(__file__).parents[2] / "docs/pages.md"


def test_150_cameras_with_22_due_and_3_not_well_take_less_than_5_minutes() -> None:
    due = Rota(7 * DAY, 1).share(150)
    assert due == 22
    seconds = keystrokes.whole_walk(due, 3)
    assert seconds == pytest.approx(
        0.4 + 2 * 2.73 + 19 * (0.8 + 1.35 + 0.28) + 3 * (0.8 + 2.7 + 23 * 0.28)
    )
    assert seconds < 300
    assert f"takes {seconds:.0f} s at the keyboard" in PAGES.read_text()
    # With so long for each picture, the whole is within 5 minutes.
    assert 22 * 9.0 + seconds < 300
