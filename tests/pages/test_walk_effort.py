"""How long a walk takes at the keyboard, by the keys and clicks that the real pages need: a browser walks
150 cameras, of which 22 are due and three are not well.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from helpers import keystrokes
from helpers.chromium import started, wait
from helpers.open_agent import HANG_SECONDS
from helpers.shift_desk import kept_walk
from helpers.walker import Walker

from healthmon.checks.function_check.walk import Rota
from healthmon_exporters.web import listener

pytestmark = [pytest.mark.peer, pytest.mark.slow]
DAY = 86400.0
PAGES = Path(__file__).parents[2] / "docs/pages.md"
NOT_WELL = (3, 11, 20)


def walk(walker: Walker) -> None:
    """From the desk to the last camera that is due."""
    walker.log_in("smith", "/desk")
    walker.says("22 NOT SEEN")
    walker.follow("Go on with the walk: 22 to look at")
    for turn in range(1, 23):
        wait(lambda turn=turn: f"Camera {turn} of 22" in walker.text(), HANG_SECONDS)
        walker.ready()
        walker.press(*(keystrokes.NOT_WELL if turn in NOT_WELL else (keystrokes.WELL,)))
    walker.says("No camera is left to look at in this walk.")
    walker.says("Seen by a person 22 of 22 due (19 well, 3 not well).")


async def test_150_cameras_with_22_due_and_3_not_well_take_less_than_5_minutes(
    tmp_path: Path,
) -> None:
    due = Rota(7 * DAY, 1).share(150)
    assert due == 22
    async with kept_walk(tmp_path, 150, due) as opened:
        running = await listener.serve(opened.app, "127.0.0.1", 0)
        try:
            with started(tmp_path / "browser") as browser:
                browser.size(1280, 900)
                walker = Walker(browser, f"http://127.0.0.1:{running.port}")
                await asyncio.to_thread(walk, walker)
        finally:
            await running.close()
            await asyncio.get_running_loop().shutdown_default_executor()
    done = walker.effort
    assert done.clicks == 1
    # One click more begins the shift check (test_two_shifts.py).
    seconds = keystrokes.walked(done.keys, done.clicks + 1, due, len(NOT_WELL))
    told = re.search(r"takes (\d+) s at the keyboard", PAGES.read_text())
    assert told
    assert round(seconds) == int(told[1])
    # With so long for each picture, the whole is within 5 minutes.
    assert due * 9.0 + seconds < 300
